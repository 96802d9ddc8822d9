/** The colours of the map: tokens like all others, so that light, dark and outdoor each have their own. */
export type Palette = Record<(typeof NAMES)[number], string>;

const NAMES = [
  'land', 'area', 'park', 'water', 'building', 'road', 'edge', 'main', 'main-edge', 'label', 'halo', 'water-label', 'park-label',
  'ink', 'surface', 'link', 'warn', 'good', 'quiet', 'on-mark',
  'hot-0', 'hot-1', 'hot-2', 'hot-3', 'hot-4', 'on-cold', 'on-hot',
] as const;

/** As the page stands now. */
export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(`--map-${name}`).trim() || style.getPropertyValue(`--${name}`).trim() || '#808080';
  return Object.fromEntries(NAMES.map((name) => [name, read(name)])) as Palette;
}

/** Calls back when another theme is chosen; the answer stops it. */
export function onTheme(told: () => void): () => void {
  const watch = new MutationObserver(told);
  watch.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => watch.disconnect();
}
