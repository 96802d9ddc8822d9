import { expect, test } from 'vitest';
import type { Corner } from './answer';
import { areaOf, lengthOf, metres, sketch } from './ground';
import { moved } from './pin';

const start = { lat: 52.6285, lon: 1.292 };
const corner = (east: number, north: number): Corner => {
  const { lat, lon } = moved(start, east, north);
  return [lat, lon];
};
const SQUARE = [corner(0, 0), corner(30, 0), corner(30, 30), corner(0, 30)];

test('a square of 30 m is 90 m as a line, 120 m as an outline, and 900 m² within', () => {
  expect(lengthOf(SQUARE, false)).toBeCloseTo(90, 1);
  expect(lengthOf(SQUARE, true)).toBeCloseTo(120, 1);
  expect(areaOf(SQUARE)).toBeCloseTo(900, 0);
});

test('a sketch keeps the shape, north up, within its margin', () => {
  const [southWest, southEast, northEast] = sketch(SQUARE, 100, 10);
  expect(southWest?.x).toBeCloseTo(10, 1);
  expect(southEast?.x).toBeCloseTo(90, 1);
  expect(southEast?.y).toBeCloseTo(90, 1);
  expect(northEast?.y).toBeCloseTo(10, 1);
});

test('one corner stands in the middle, and none draws nothing', () => {
  expect(sketch([corner(0, 0)], 100, 10)).toEqual([{ x: 50, y: 50 }]);
  expect(sketch([], 100, 10)).toEqual([]);
});

test('lengths are said as a person says them', () => {
  expect([4.21, 310.4, 1240].map(metres)).toEqual(['4.2 m', '310 m', '1.24 km']);
});
