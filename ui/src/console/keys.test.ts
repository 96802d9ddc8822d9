import { expect, test } from 'vitest';
import { commandOf, isTyping, rememberShortcuts, shortcutsOn, stepRow } from './keys';

const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey' | 'isComposing', boolean>> = {}) =>
  ({ key, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, ...held });

test('j, k, e, / and ? each do one thing', () => {
  expect(['j', 'k', 'e', '/', '?', 'q'].map((key) => commandOf(press(key), false)))
    .toEqual(['next', 'previous', 'change', 'search', 'help', null]);
});

test("the browser's own keys and somebody's typing are left alone", () => {
  expect(commandOf(press('j', { ctrlKey: true }), false)).toBeNull();
  expect(commandOf(press('k', { isComposing: true }), false)).toBeNull();
  expect(commandOf(press('j'), true)).toBeNull();
});

test('a text box is typing, a link is not', () => {
  expect(isTyping(document.createElement('textarea'))).toBe(true);
  expect(isTyping(document.createElement('a'))).toBe(false);
});

test('shortcuts stay off once turned off', () => {
  const kept = new Map<string, string>();
  const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
  expect(shortcutsOn(storage)).toBe(true);
  rememberShortcuts(storage, false);
  expect(shortcutsOn(storage)).toBe(false);
});

test('j and k stop at the ends of a page’s rows, and start at the top', () => {
  const rows = ['fly_tip', 'observation', 'tenancy_audit'];
  expect(stepRow(rows, null, 1)).toBe('fly_tip');
  expect(stepRow(rows, 'fly_tip', 1)).toBe('observation');
  expect(stepRow(rows, 'tenancy_audit', 1)).toBe('tenancy_audit');
  expect(stepRow(rows, 'fly_tip', -1)).toBe('fly_tip');
  expect(stepRow([], null, 1)).toBeUndefined();
});
