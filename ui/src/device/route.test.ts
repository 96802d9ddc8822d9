import { expect, test } from 'vitest';
import { address, HOME, parse, type Route } from './route';

test('every place has an address that leads back to it', () => {
  const places: Route[] = [
    HOME,
    { at: 'shift', saved: 'a' },
    { at: 'draft', draft: 'b', fresh: true },
    { at: 'draft', draft: 'b', fresh: false },
    { at: 'move', draft: 'b' },
    { at: 'record', record: 'c' },
    { at: 'waiting' },
    { at: 'asset', set: 'bins', code: 'LB/1 ü' },
    { at: 'enrol_again' },
    { at: 'settings' },
  ];
  for (const place of places) expect(parse(address(place))).toEqual(place);
});

test('an address that leads nowhere leads home', () => {
  expect(parse('#/gone/away')).toEqual({ at: 'shift', saved: 'away' });
  expect(parse('#/record')).toEqual(HOME);
  expect(parse('')).toEqual(HOME);
});
