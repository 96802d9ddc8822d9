/** `1,284` */
import { currentLanguage } from '../../lib/words';

export function count(n: number): string {
  return new Intl.NumberFormat(currentLanguage() === 'cy' ? 'cy-GB' : 'en-GB').format(n);
}
