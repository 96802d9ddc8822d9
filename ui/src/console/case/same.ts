/** Two cases of the same thing, as a person is told of them. */
import type { SameOffer } from '../../lib/generated/SameOffer';
import { span } from '../../lib/time';
import { t } from '../../lib/words';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Which of two is closed, and which stays. */
export type Join = { closes: 'this' | 'other'; label: string };

/** “12 m away” */
export function away(metres: number): string {
  return metres === 0 ? t('console.same.here') : t('console.same.away', { metres });
}

/** “3 hours earlier”: when the other was captured, seen from this one. */
export function gap(other: number, here: number): string {
  const passed = Math.abs(other - here);
  if (passed < MINUTE) return t('console.same.at_once');
  return t(other < here ? 'console.same.earlier' : 'console.same.later', { span: roughly(passed) });
}

/**
 * What may be said of the two, the natural one first: the older stays. Of two that came at the same moment the other does,
 * which is what somebody looking at a new arrival expects.
 */
export function joins(offer: SameOffer, here: number): Join[] {
  const { office_reference: reference, captured_at_ms: there } = offer.case;
  const older: 'this' | 'other' = there <= here ? 'this' : 'other';
  const may = { this: offer.may_close_this, other: offer.may_close_other };
  const first = { this: t('console.same.join', { reference }), other: t('console.same.join_here', { reference }) };
  const second = { this: t('console.same.keep_other', { reference }), other: t('console.same.keep_this') };
  const ways: Join[] = [
    { closes: older, label: first[older] },
    { closes: older === 'this' ? 'other' : 'this', label: second[older === 'this' ? 'other' : 'this'] },
  ];
  return ways.filter(({ closes }) => may[closes]);
}

function roughly(ms: number): string {
  if (ms < HOUR) return span(ms);
  if (ms < DAY) return t('time.hours', { n: Math.round(ms / HOUR) });
  return t('console.same.days', { n: Math.round(ms / DAY) });
}
