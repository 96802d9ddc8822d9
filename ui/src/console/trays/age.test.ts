import { expect, test } from 'vitest';
import { ageOf, cameLate } from './age';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const now = Date.UTC(2026, 2, 16, 14, 40);

test('age is a word that fits beside a mark that fills with time', () => {
  const seen = [0, 5 * MINUTE, 2 * HOUR, 5 * HOUR, 30 * HOUR, 200 * HOUR].map((ago) => ageOf(now, now - ago));
  expect(seen).toEqual([
    { unit: 'now', count: 0, quarters: 0 },
    { unit: 'minutes', count: 5, quarters: 0 },
    { unit: 'hours', count: 2, quarters: 1 },
    { unit: 'hours', count: 5, quarters: 2 },
    { unit: 'days', count: 1, quarters: 3 },
    { unit: 'days', count: 8, quarters: 4 },
  ]);
});

test('a device whose clock is ahead is new, not older than time', () => {
  expect(ageOf(now, now + HOUR)).toEqual({ unit: 'now', count: 0, quarters: 0 });
});

test('captured 09:12 and received 14:40 is late, three minutes is not', () => {
  expect(cameLate(Date.UTC(2026, 2, 16, 9, 12), now)).toBe(true);
  expect(cameLate(now - 3 * MINUTE, now)).toBe(false);
});
