/** Sizes of files as a person says them. */
import { currentLanguage } from './words';

/** `840 kB`, `1.2 MB`. */
export function bytesText(bytes: number): string {
  const [value, unit] = bytes < 1_000_000 ? [Math.max(1, Math.round(bytes / 1000)), 'kB'] : [Math.round(bytes / 100_000) / 10, 'MB'];
  return `${value.toLocaleString(currentLanguage() === 'cy' ? 'cy-GB' : 'en-GB')} ${unit}`;
}
