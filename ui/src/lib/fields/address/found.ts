/** What a search for an address came to, in words, and where the arrows lead in it. */
import type { Capture } from '../../capture';
import type { AddressesFound } from '../../generated/AddressesFound';
import type { Near } from '../../generated/Near';
import { t } from '../../words';

const NOWHERE: AddressesFound = { is_here: false, hits: [] };

/** Where there is nothing to search, nothing is found. */
export const searchOf = (capture: Capture) => (typed: string) => capture.addresses?.(typed) ?? Promise.resolve(NOWHERE);

/** Before the first and after the last lies the box itself. */
export function stepped(at: number, by: 1 | -1, count: number): number {
  const places = count + 1;
  return ((at + 1 + by + places) % places) - 1;
}

/** `lacking` is for where nothing at all can be found. */
export function told(found: AddressesFound | null, lacking = t('form.address.not_here')): string {
  if (found === null) return '';
  if (!found.is_here) return lacking;
  return found.hits.length === 0 ? t('form.address.none') : t('form.address.found', { n: found.hits.length });
}

/** `near 12 Larkspur Way, 14 m`; nothing where nobody lives near. */
export function nearText(near: Near | null): string {
  return near === null ? '' : t('form.address.near', { line: near.hit.line, metres: near.metres });
}
