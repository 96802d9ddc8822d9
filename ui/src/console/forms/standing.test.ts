import { expect, test } from 'vitest';
import type { FormLine } from '../../lib/generated/FormLine';
import type { FormVersion } from '../../lib/generated/FormVersion';
import { fallsBackTo, inUse, isReplaced, newestFirst, recordsOf, standing } from './standing';

const now = Date.UTC(2026, 10, 25, 12);
function version(number: number, state: FormVersion['state'], changes: Partial<FormVersion> = {}): FormVersion {
  return { version: number, version_text: null, state, from_ms: Date.UTC(2026, 2, 16, 9), published_ms: 1, published_by: 'Lee Grant', records: 5, ...changes };
}
function line(...versions: FormVersion[]): FormLine {
  return { key: 'fly_tip', title: { en: 'Fly-tipping' }, service: 'street', teams: [], versions };
}

test('a version that waits is the newest, and the one before it is still in use', () => {
  const [one, two] = [version(1, 'published'), version(2, 'waiting')];
  expect(newestFirst(line(one, two))[0]).toBe(two);
  expect(inUse(line(one, two))).toBe(one);
});

test('a version is replaced by a newer published one, not by one that waits or was withdrawn', () => {
  const one = version(1, 'published');
  expect(isReplaced(line(one, version(2, 'published')), one)).toBe(true);
  expect(isReplaced(line(one, version(2, 'waiting')), one)).toBe(false);
  expect(isReplaced(line(one, version(2, 'withdrawn')), one)).toBe(false);
});

test('withdrawing falls back to the newest published version that is left, or to none', () => {
  const [one, two, three] = [version(1, 'published'), version(2, 'withdrawn'), version(3, 'published')];
  expect(fallsBackTo(line(one, two, three), three)).toBe(one);
  expect(fallsBackTo(line(three), three)).toBeUndefined();
});

test('the records of a form are those of all its versions', () => {
  expect(recordsOf(line(version(1, 'published'), version(2, 'withdrawn')))).toBe(10);
});

test('how a version stands is a sentence', () => {
  expect(standing(version(1, 'published'), now)).toBe('Published since 16 March');
  expect(standing(version(1, 'published', { from_ms: 0 }), now)).toBe('Published');
  expect(standing(version(1, 'waiting', { from_ms: Date.UTC(2026, 11, 1, 9) }), now)).toBe('Waits until 1 December 09:00');
  expect(standing(version(1, 'withdrawn'), now)).toBe('Withdrawn');
});
