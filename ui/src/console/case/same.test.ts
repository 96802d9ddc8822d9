import { expect, test } from 'vitest';
import type { SameOffer } from '../../lib/generated/SameOffer';
import { away, gap, joins } from './same';

const HOUR = 3_600_000;

function offer(captured_at_ms: number, may_close_this = true, may_close_other = true): SameOffer {
  const other = { record: 'r', reference: null, office_reference: 'FT-000012', summary: '', status: null, created_by: 1, captured_at_ms, photos: [], photos_named: 0, seen: 's', may_edit: true };
  return { case: other, metres: 12, said: false, may_close_this, may_close_other };
}

test('how far and how much earlier or later is said in words', () => {
  expect([away(0), away(12)]).toEqual(['In the same place', '12 m away']);
  expect(gap(0, 3 * HOUR)).toBe('3 hours earlier');
  expect(gap(20 * 60_000, 0)).toBe('20 min later');
  expect(gap(0, 24 * HOUR)).toBe('1 day earlier');
  expect(gap(10, 20)).toBe('at the same time');
});

test('the older of the two stays, unless somebody says otherwise', () => {
  expect(joins(offer(0), HOUR)).toEqual([
    { closes: 'this', label: 'Same: join to FT-000012' },
    { closes: 'other', label: 'Same, and keep this one' },
  ]);
  expect(joins(offer(HOUR), 0)).toEqual([
    { closes: 'other', label: 'Same: join FT-000012 to this' },
    { closes: 'this', label: 'Same, and keep FT-000012' },
  ]);
});

test('what this person may not do is not offered', () => {
  expect(joins(offer(0, false, true), HOUR).map(({ closes }) => closes)).toEqual(['other']);
  expect(joins(offer(0, false, false), HOUR)).toEqual([]);
});
