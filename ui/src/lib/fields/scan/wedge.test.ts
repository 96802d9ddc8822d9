import { expect, test } from 'vitest';
import { Wedge } from './wedge';

function typed(keys: string[], apart: number): boolean[] {
  const wedge = new Wedge();
  return keys.map((key, index) => wedge.key(key, 1000 + index * apart));
}

test('a scanner is known by its speed, whichever key it ends with', () => {
  expect(typed([...'50123', 'Enter'], 8).at(-1)).toBe(true);
  expect(typed([...'50123', 'Tab'], 30).at(-1)).toBe(true);
});

test('a person who types and then presses Tab goes on to the next question', () => {
  expect(typed([...'50123', 'Tab'], 120).at(-1)).toBe(false);
});

test('Enter by itself, or after a moment, is a person', () => {
  expect(typed(['Enter'], 5)).toEqual([false]);
  const wedge = new Wedge();
  [...'50123'].forEach((key, index) => wedge.key(key, index * 8));
  expect(wedge.key('Enter', 900)).toBe(false);
});
