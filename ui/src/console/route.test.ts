import { expect, test } from 'vitest';
import { DEVICES, hashOf, NOWHERE, routeOf } from './route';

test('a tray, a record in it, a search and the devices each have an address that reads back', () => {
  for (const route of [
    { ...NOWHERE, tray: 'team:wardens-north' },
    { ...NOWHERE, tray: 'arrived', record: '018f-1' },
    { ...NOWHERE, query: 'Elm Road / 14 50%', record: '018f-1' },
    DEVICES,
  ]) expect(routeOf(hashOf(route))).toEqual(route);
});

test('an address nobody made opens nothing', () => {
  expect(routeOf('')).toEqual(NOWHERE);
  expect(routeOf('#/elsewhere/%E0%A4%A')).toEqual(NOWHERE);
});
