import { expect, test } from 'vitest';
import { age, day, greeting, inWords, localInstant, span, when } from './time';

const NOW = Date.parse('2026-03-16T09:14:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test('today needs only a clock, yesterday a word, and further back a date', () => {
  expect(when(NOW - HOUR, NOW)).toBe('08:14');
  expect(when(NOW - 12 * HOUR, NOW)).toBe('yesterday 21:14');
  expect(when(NOW - 3 * 24 * HOUR, NOW)).toBe('13 March 09:14');
  expect(when(NOW - 100 * 24 * HOUR, NOW)).toBe('6 December 2025 09:14');
});

test('a day is named as a diary names it', () => {
  expect(day(NOW)).toBe('Mon 16 March');
});

test('how old a position is, in words', () => {
  expect(age(NOW - 20_000, NOW)).toBe('just now');
  expect(age(NOW - MINUTE, NOW)).toBe('1 minute ago');
  expect(age(NOW - 4 * MINUTE, NOW)).toBe('4 minutes ago');
  expect(age(NOW - 49 * HOUR, NOW)).toBe('2 days ago');
});

test('between capture and receipt', () => {
  expect(span(5 * HOUR + 28 * MINUTE)).toBe('5 h 28 min');
  expect(span(9 * MINUTE)).toBe('9 min');
});

test('a wait is never told shorter than it is', () => {
  expect(inWords(5)).toBe('5 seconds');
  expect(inWords(61)).toBe('2 minutes');
  expect(inWords(1800)).toBe('30 minutes');
});

test('a greeting fits the hour', () => {
  expect(greeting(NOW, 'Ann')).toBe('Good morning, Ann');
  expect(greeting(NOW + 4 * HOUR, 'Ann')).toBe('Good afternoon, Ann');
  expect(greeting(NOW + 10 * HOUR, 'Ann')).toBe('Good evening, Ann');
});

test('a moment keeps the offset of the day it stands in', () => {
  expect(localInstant(Date.parse('2026-03-16T09:12:44Z'))).toBe('2026-03-16T09:12:44+00:00');
  expect(localInstant(Date.parse('2026-07-16T09:12:44Z'))).toBe('2026-07-16T10:12:44+01:00');
});
