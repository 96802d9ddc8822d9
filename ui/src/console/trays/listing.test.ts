import { expect, test } from 'vitest';
import type { TrayLine } from '../../lib/answer';
import { appendListing, neighbour, openListing, refreshListing, showArrived, type Listing } from './listing';

function line(record: string, seq: number, title = record): TrayLine {
  return {
    record, reference: `W07-${seq}`, office_reference: null, form: 'fly_tip', title: { en: title }, summary: '', team: 'wardens-north', status: null,
    captured_at_ms: 0, received_at_ms: 0, two_answers: 0, photos_named: 0, photos_received: 0, created_by: 1, withdrawn: false, maybe_same: null, seq,
  };
}
const records = (listing: Listing) => listing.rows.map((row) => row.line.record);
const elmRoad = line('elm', 3);
const heathRoad = line('heath', 2);
const mileCross = line('mile', 1);

test('an arrival waits behind the count and the rows stay where they are', () => {
  const reading = openListing([elmRoad, heathRoad], null);
  const after = refreshListing(reading, [line('new', 4), elmRoad, heathRoad], true);
  expect(records(after)).toEqual(['elm', 'heath']);
  expect(after.arrived.map((arrival) => arrival.record)).toEqual(['new']);
});

test('a changed row is rewritten where it stands', () => {
  const reading = openListing([elmRoad, heathRoad], null);
  const after = refreshListing(reading, [line('heath', 9, 'Transit van'), elmRoad], true);
  expect(records(after)).toEqual(['elm', 'heath']);
  expect(after.rows[1]?.line.title.en).toBe('Transit van');
});

test('a row that left the tray stays in view until the new ones are asked for', () => {
  const after = refreshListing(openListing([elmRoad, heathRoad], null), [line('new', 4), elmRoad], true);
  expect(after.rows.map((row) => row.left)).toEqual([false, true]);
  expect(records(showArrived(after))).toEqual(['new', 'elm']);
});

test('a row beyond the first page is not thought to have left', () => {
  const long = openListing([elmRoad, heathRoad, mileCross], null);
  const after = refreshListing(long, [elmRoad, heathRoad], false);
  expect(after.rows.map((row) => row.left)).toEqual([false, false, false]);
});

test('more rows go below and never twice', () => {
  const after = appendListing(openListing([elmRoad, heathRoad], '2'), [heathRoad, mileCross], null);
  expect(records(after)).toEqual(['elm', 'heath', 'mile']);
  expect(after.next).toBeNull();
});

test('j and k stop at the ends, and start at the top', () => {
  const tray = openListing([elmRoad, heathRoad], null);
  expect(neighbour(tray, null, 1)).toBe('elm');
  expect(neighbour(tray, 'elm', 1)).toBe('heath');
  expect(neighbour(tray, 'heath', 1)).toBe('heath');
  expect(neighbour(tray, 'elm', -1)).toBe('elm');
  expect(neighbour(openListing([], null), null, 1)).toBeNull();
});
