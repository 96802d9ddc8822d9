/** English or Welsh: asked of the system at first, then as the person chose; the web view remembers it as a matter of taste. */
import { currentLanguage, setLanguage, type Language } from './words';

const KEPT = 'kerbside.language';

export function startLanguage(): void {
  const kept = localStorage.getItem(KEPT);
  show(kept === 'cy' || (kept === null && navigator.language.startsWith('cy')) ? 'cy' : 'en');
}

export function chooseLanguage(language: Language): void {
  localStorage.setItem(KEPT, language);
  show(language);
}

function show(language: Language): void {
  if (currentLanguage() !== language) setLanguage(language);
  document.documentElement.lang = language;
}
