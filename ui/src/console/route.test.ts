import { expect, test } from 'vitest';
import { hashOf, NOWHERE, routeOf } from './route';

test('a tray, a record in it and a search each have an address that reads back', () => {
  for (const route of [
    { tray: 'team:wardens-north', query: null, record: null },
    { tray: 'arrived', query: null, record: '018f-1' },
    { tray: null, query: 'Elm Road / 14 50%', record: '018f-1' },
  ]) expect(routeOf(hashOf(route))).toEqual(route);
});

test('an address nobody made opens nothing', () => {
  expect(routeOf('')).toEqual(NOWHERE);
  expect(routeOf('#/elsewhere/%E0%A4%A')).toEqual(NOWHERE);
});
