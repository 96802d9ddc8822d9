import { expect, test } from 'vitest';
import { nextMissing } from './shots';
import { wrapped } from './strokes';

const shots = (...there: boolean[]) => there.map((taken, index) => ({ field: `shot${index}`, there: taken }));

test('the next shot is the first that is missing after the one just taken, then the first of all', () => {
  expect(nextMissing(shots(true, true, false), 'shot0')).toBe('shot2');
  expect(nextMissing(shots(false, true, true), 'shot1')).toBe('shot0');
  expect(nextMissing(shots(false, false), null)).toBe('shot0');
});

test('with every shot taken there is no next one', () => {
  expect(nextMissing(shots(true, true), 'shot1')).toBeNull();
});

test('words break where the picture ends, and a long one stands by itself', () => {
  const width = (text: string) => text.length;
  expect(wrapped('crack above the door', width, 11)).toEqual(['crack above', 'the door']);
  expect(wrapped('a Llanfairpwllgwyngyll b', width, 8)).toEqual(['a', 'Llanfairpwllgwyngyll', 'b']);
});
