import { expect, test } from 'vitest';
import { DEVICES, draftAt, formAt, FORMS, hashOf, NEW_FORM, NOWHERE, routeOf } from './route';

test('a tray, a record in it, a search, the devices and the forms each have an address that reads back', () => {
  for (const route of [
    { ...NOWHERE, tray: 'team:wardens-north' },
    { ...NOWHERE, tray: 'arrived', record: '018f-1' },
    { ...NOWHERE, query: 'Elm Road / 14 50%', record: '018f-1' },
    DEVICES,
    FORMS,
    NEW_FORM,
    formAt('fly_tip'),
    draftAt('018f-2'),
  ]) expect(routeOf(hashOf(route))).toEqual(route);
});

test('an address nobody made opens nothing', () => {
  expect(routeOf('')).toEqual(NOWHERE);
  expect(routeOf('#/elsewhere/%E0%A4%A')).toEqual(NOWHERE);
});
