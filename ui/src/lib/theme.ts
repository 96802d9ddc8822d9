/** Light, dark and outdoor: written on the root element, and remembered by the web view as a matter of taste, not of record. */
export const THEMES = ['system', 'light', 'dark', 'outdoor'] as const;
export type Theme = (typeof THEMES)[number];

const KEPT = 'kerbside.theme';

export function theme(): Theme {
  const kept = localStorage.getItem(KEPT);
  return THEMES.find((known) => known === kept) ?? 'system';
}

export function setTheme(next: Theme): void {
  localStorage.setItem(KEPT, next);
  show(next);
}

/** Shows the remembered theme, and follows the system while that is what was asked for. */
export function startTheme(): void {
  show(theme());
  dark().addEventListener('change', () => show(theme()));
}

function show(chosen: Theme): void {
  document.documentElement.dataset['theme'] = chosen === 'system' ? (dark().matches ? 'dark' : 'light') : chosen;
}

function dark(): MediaQueryList {
  return matchMedia('(prefers-color-scheme: dark)');
}
