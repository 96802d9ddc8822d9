import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Desk } from './desk.svelte';
import { Office, session, sizedCase, trayLine } from './office';

let office: Office;
let desk: Desk;
let stop: () => void;

beforeEach(async () => {
  location.hash = '';
  office = new Office();
  office.holds(trayLine('elm', 2), trayLine('heath', 1));
  desk = new Desk(session, () => Date.UTC(2026, 2, 16, 14, 40));
  stop = desk.start();
  await vi.waitFor(() => expect(desk.listed).toBe(true));
});

afterEach(() => stop());

const shown = () => desk.listing.rows.map((row) => row.line.record);

test('signing in opens the first tray', () => {
  expect(desk.route.tray).toBe('arrived');
  expect(shown()).toEqual(['elm', 'heath']);
});

test('a report that arrives waits to be asked for, and is announced', async () => {
  office.holds(trayLine('new', 3), trayLine('elm', 2), trayLine('heath', 1));
  office.poke('new');
  await vi.waitFor(() => expect(desk.announcement).toBe('1 new'));
  expect(shown()).toEqual(['elm', 'heath']);
  expect(desk.trays[0]?.count).toBe(3);
  desk.showNew();
  expect(shown()).toEqual(['new', 'elm', 'heath']);
});

test('the case being read is read again when something about it changes', async () => {
  office.opens(sizedCase('elm', 's1', 'car_boot'));
  desk.go({ record: 'elm' });
  await vi.waitFor(() => expect(desk.open?.view.two_answers).toBe(0));
  office.opens(sizedCase('elm', 's2', 'car_boot', 'small_van'));
  office.poke('elm');
  await vi.waitFor(() => expect(desk.open?.view.two_answers).toBe(1));
});

test('a lapsed session asks for a sign-in and keeps what was on the desk', async () => {
  office.replies['GET /api/v1/records/elm'] = () => ({ status: 401, body: { code: 'sign_in' } });
  desk.go({ record: 'elm' });
  await vi.waitFor(() => expect(desk.signedOut).toBe(true));
  expect(shown()).toEqual(['elm', 'heath']);
});

test('silence is said with the time it began, and ends with the next answer', async () => {
  const { fetch } = globalThis;
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')));
  await desk.reread();
  desk.go({ record: 'elm' });
  await vi.waitFor(() => expect(desk.silentSince).toBe(Date.UTC(2026, 2, 16, 14, 40)));
  vi.stubGlobal('fetch', fetch);
  office.opens(sizedCase('elm', 's1', 'car_boot'));
  await desk.reread();
  expect(desk.silentSince).toBeNull();
});

test('a record nobody may see says so instead of showing the last one', async () => {
  desk.go({ record: 'elsewhere' });
  await vi.waitFor(() => expect(desk.missing?.code).toBe('not_found'));
  expect(desk.open).toBeNull();
});
