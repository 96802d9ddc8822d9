import { describe, expect, test } from 'vitest';
import type { Hotspots } from '../../lib/generated/Hotspots';
import type { Told } from '../../lib/generated/Told';
import { askedOf, cellsOf, changeOf, queryOf, signOf, stepOf, stepsOf, tellOf, wishOf } from './hotspots';

const NOW = new Date(2026, 10, 26, 15).getTime();
const DAY = 24 * 60 * 60_000;
const at = (year: number, month: number, day: number) => new Date(year, month - 1, day).getTime();

const hexes = (...counts: Told[]): Hotspots => ({
  least: 5, side_m: 250, areas: [], total: null, total_before: null, without_place: { count: 0 }, forms: {},
  hexes: counts.map((now) => ({ reference: 'TG 228 084', corners: [[1, 52], [1.1, 52], [1.1, 52.1]], now, before: { count: 0 } })),
});

describe('the days that are counted', () => {
  test('are the last thirty where nobody says, and those of the address otherwise', () => {
    expect(wishOf('', NOW)).toEqual({ form: '', from: '2026-10-28', to: '2026-11-26', compare: 'before', side: 250 });
    const wish = { form: 'fly_tip', from: '2026-10-01', to: '2026-10-31', compare: 'year' as const, side: 500 };
    expect(wishOf(queryOf(wish), NOW)).toEqual(wish);
    expect(wishOf('from=2026-10-31&to=2026-10-01&side=7', NOW)).toMatchObject({ from: '2026-10-01', to: '2026-10-31', side: 250 });
  });

  test('are compared with as many before them, clock changes or not', () => {
    const asked = askedOf(wishOf('from=2026-10-21&to=2026-10-27', NOW));
    expect(asked).toMatchObject({ from: at(2026, 10, 21), to: at(2026, 10, 28), before_from: at(2026, 10, 14), before_to: at(2026, 10, 21), form: null });
  });

  test('or with the same ones a year before', () => {
    const asked = askedOf(wishOf('from=2026-03-01&to=2026-03-31&compare=year', NOW));
    expect([asked.before_from, asked.before_to]).toEqual([at(2025, 3, 1), at(2025, 4, 1)]);
    expect(asked.to - asked.from).toBeGreaterThan(30 * DAY);
  });
});

describe('a count', () => {
  test('is told in words and as a sign, and a small one never as a number', () => {
    expect([tellOf({ count: 12 }, 5), tellOf('few', 5), tellOf('kept_back', 5)]).toEqual(['12', 'fewer than 5', 'not shown']);
    expect([signOf({ count: 12 }, 5), signOf('few', 5)]).toEqual(['12', '<5']);
  });

  test('has changed only where both are told', () => {
    expect(changeOf({ count: 9 }, { count: 6 })).toBe('+3');
    expect(changeOf({ count: 6 }, { count: 9 })).toBe('−3');
    expect(changeOf({ count: 6 }, { count: 6 })).toBe('0');
    expect([changeOf('few', { count: 6 }), changeOf({ count: 6 }, 'kept_back')]).toEqual(['', '']);
  });
});

test('hexagons are coloured in even steps, and those with nothing in them are not drawn', () => {
  const found = hexes({ count: 24 }, { count: 9 }, 'few', { count: 0 });
  const steps = stepsOf(found);
  expect(steps).toEqual([5, 10, 15, 20]);
  expect(found.hexes.map(({ now }) => stepOf(now, steps))).toEqual([4, 1, 0, 0]);
  expect(cellsOf(found).features.map(({ properties }) => properties)).toEqual([
    { step: 4, sign: '24' }, { step: 1, sign: '9' }, { step: 0, sign: '<5' },
  ]);
  expect(stepsOf(hexes('few'))).toEqual([5]);
});
