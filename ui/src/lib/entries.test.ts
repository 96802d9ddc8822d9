import { expect, test } from 'vitest';
import { dateOf, dateParts, momentOf, partsPasted, timeOf, timeParts } from './dates';
import { opposite, penceOf, poundsOf, wholeNumber } from './numbers';
import { between, moved, pinAnswer, spotTyped } from './pin';

test('a date typed in three boxes is a date, and a half-typed one is kept as typed', () => {
  expect(dateOf(['6', '3', '2026'])).toBe('2026-03-06');
  expect(dateOf(['', '', ''])).toBeNull();
  expect(dateParts(dateOf(['6', '', '2026']))).toEqual(['6', '', '2026']);
});

test('a whole date pasted into one box fills them all', () => {
  expect(partsPasted('27/3/2026', 3)).toEqual(['27', '3', '2026']);
  expect(partsPasted('2026-03-27', 3)).toEqual(['27', '03', '2026']);
  expect(partsPasted('09:12', 2)).toEqual(['09', '12']);
  expect(partsPasted('27', 3)).toBeNull();
});

test('a number goes below nought and back, and keeps what was typed', () => {
  expect(opposite('2.5')).toBe('-2.5');
  expect(opposite('-2.5')).toBe('2.5');
  expect(opposite(null)).toBe('-');
  expect(opposite('-')).toBeNull();
});

test('a time is two boxes', () => {
  expect(timeOf(['9', '5'])).toBe('09:05');
  expect(timeParts('2026-03-16T09:12:44+00:00')).toEqual(['09', '12']);
});

test('a moment takes the offset of its own day', () => {
  expect(momentOf('2026-07-01', '09:12')).toBe('2026-07-01T09:12:00+01:00');
  expect(momentOf('2026-03-16', null)).toBe('2026-03-16T');
  expect(dateParts('2026-03-16T')).toEqual(['16', '03', '2026']);
  expect(momentOf(null, null)).toBeNull();
});

test('whole numbers are numbers, and anything else stays as typed', () => {
  expect(wholeNumber('1,200')).toBe(1200);
  expect(wholeNumber('a few')).toBe('a few');
  expect(wholeNumber(' ')).toBeNull();
});

test('pounds are kept as pence', () => {
  expect(penceOf('£12.5')).toBe(1250);
  expect(penceOf('12')).toBe(1200);
  expect(penceOf('twelve')).toBe('twelve');
  expect(poundsOf(1250)).toBe('12.50');
  expect(poundsOf(1200)).toBe('12');
});

test('a nudge north and back ends where it began', () => {
  const start = { lat: 52.6285, lon: 1.292 };
  const there = moved(start, 5, 50);
  const { east, north } = between(start, there);
  expect(east).toBeCloseTo(5, 3);
  expect(north).toBeCloseTo(50, 3);
  expect(moved(there, -5, -50).lat).toBeCloseTo(start.lat, 9);
});

test('a pin is on the earth, and never at nought and nought', () => {
  expect(spotTyped('52.6285', '1.2920')).toEqual({ lat: 52.6285, lon: 1.292 });
  expect(spotTyped('0', '0')).toBeNull();
  expect(spotTyped('95', '1')).toBeNull();
  expect(spotTyped('here', '1')).toBeNull();
});

test('a pin knows that a person placed it', () => {
  expect(pinAnswer({ lat: 52.6285, lon: 1.292 }, 0)).toEqual({
    lat: 52.6285,
    lon: 1.292,
    accuracy_m: null,
    altitude_m: null,
    fixed_at: '1970-01-01T00:00:00Z',
    source: 'pin',
  });
});
