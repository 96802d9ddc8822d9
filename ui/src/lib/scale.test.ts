import { expect, test } from 'vitest';
import { stepAt, stepsOf, valueAt } from './scale';

const TENTHS = { start: '0', end: '1', step: '0.1' };

test('a scale of tenths has no crumbs of binary sums', () => {
  expect(stepsOf(TENTHS)).toBe(10);
  expect(valueAt(TENTHS, 3)).toBe('0.3');
  expect(stepAt(TENTHS, '0.3')).toBe(3);
});

test('a scale may run downwards, and may end before its end', () => {
  const down = { start: '10', end: '-1', step: '3' };
  expect([0, 1, 2, 3].map((index) => valueAt(down, index))).toEqual(['10', '7', '4', '1']);
  expect(stepsOf(down)).toBe(3);
  expect(stepAt(down, '4')).toBe(2);
});

test('an answer that is off the scale stands at no step', () => {
  expect(stepAt(TENTHS, '1.1')).toBeNull();
  expect(stepAt(TENTHS, null)).toBeNull();
});
