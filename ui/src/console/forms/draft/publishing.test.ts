import { expect, test } from 'vitest';
import { moment, publishFaults, type When } from './publishing';

const now = Date.UTC(2026, 10, 25, 12);
const on = (date: string[], time: string[] = ['', '']): When => ({ later: true, date, time });
const AT_ONCE: When = { later: false, date: ['', '', ''], time: ['', ''] };
const words = (when: When, teams = ['parking']) => publishFaults(when, teams, now).map(({ word }) => word);

test('at once is no moment, and needs none', () => {
  expect(moment(AT_ONCE)).toBeNull();
  expect(words(AT_ONCE)).toEqual([]);
});

test('a day begins with its first minute, in the time of this place', () => {
  expect(moment(on(['1', '12', '2026']))).toBe(Date.UTC(2026, 11, 1, 0, 0));
  expect(moment(on(['1', '7', '2027'], ['9', '30']))).toBe(Date.UTC(2027, 6, 1, 8, 30));
});

test('a day that is in no calendar is no day', () => {
  expect(moment(on(['31', '4', '2027']))).toBe('not_real');
  expect(moment(on(['1', '12', '2026'], ['24', '00']))).toBe('not_real');
  expect(words(on(['31', '4', '2027']))).toEqual(['console.forms.publish.when_unreal']);
});

test('an hour without its minute is not guessed at', () => {
  expect(moment(on(['1', '12', '2026'], ['9', '']))).toBe('not_real');
});

test('what is missing, past or unchosen is said in the order of the page', () => {
  expect(words(on(['', '', '']), [])).toEqual(['console.forms.publish.when_missing', 'console.forms.publish.teams_missing']);
  expect(words(on(['24', '11', '2026']))).toEqual(['console.forms.publish.when_past']);
});
