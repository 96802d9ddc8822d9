import axe from 'axe-core';
import { mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Trust } from '../../lib/generated/Trust';
import { when } from '../../lib/time';
import App from '../App.svelte';
import { Office, session } from '../office';
import { periodOf } from './period';

const NUMBERS: Trust = {
  received: 1284, receipts_issued: 1284, receipts_confirmed: 1270, missing: 0, duplicates_refused: 17, taken: 1280, flagged: 3, held: 0, refused: 4,
  refused_by_code: { not_allowed: 3, sealed: 1 }, in_review: 2, conflicts_open: 5, photos_named: 900, photos_received: 898,
  devices: [
    { device: 'a', short_code: 'W07', officer: 1, last_seen_ms: 0, unsent: 3, oldest_unsent_ms: 1000, revoked: false },
    { device: 'b', short_code: 'W08', officer: 2, last_seen_ms: 0, unsent: 0, oldest_unsent_ms: null, revoked: true },
  ],
  backup_ms: null, last_commit_ms: 0,
};

let office: Office;
let app: ReturnType<typeof mount> | null = null;

beforeEach(() => {
  location.hash = '#/trust';
  office = new Office();
  office.holds();
  office.replies['GET /api/v1/session'] = () => ({ body: { ...session, officer: { ...session.officer, role: 'supervisor', may: ['read_record', 'read_trust'] } } });
  office.replies['GET /api/v1/trust'] = () => ({ body: NUMBERS });
  app = mount(App, { target: document.body });
});

afterEach(async () => {
  if (app !== null) await unmount(app);
  app = null;
});

const says = (text: string) => vi.waitFor(() => expect((document.body.textContent ?? '').replace(/\s+/g, ' ')).toContain(text));

test('the numbers to show to members stand at the top, and what became of each beneath', async () => {
  await says('Received 1,284');
  await says('Receipts issued 1,284');
  await says('Missing 0');
  await says('Duplicates refused 17');
  await says('Nothing is missing');
  await says('1,270 of them shown to be on the device');
  await says('You cannot do that');
  await says('W07');
  await says('No backup has been made and read back yet');
});

test('a loss is said at once', async () => {
  office.replies['GET /api/v1/trust'] = () => ({ body: { ...NUMBERS, missing: 2 } });
  location.hash = '#/trust/all';
  await says('2 changes are missing');
});

test('each number opens what stands behind it, in the time that was asked for', async () => {
  const hash = 'c'.repeat(64);
  const line = { at_ms: 0, record: 'elm', office_reference: 'FT-000001', device: 'W07', officer: 1, dot: '3.14', hash, code: 'sealed', same_as: null, receipt: null };
  office.replies['GET /api/v1/trust/refused'] = () => ({ body: { lines: [line], next: null } });
  await says('Received 1,284');
  location.hash = '#/trust/today/refused';
  await says('This has been served and cannot change');
  await says('3.14');
  const asked = office.sent.find((call) => call.path.startsWith('/api/v1/trust/refused'));
  expect(asked?.path).toContain(`from=${new Date().setHours(0, 0, 0, 0)}`);
});

test('what is missing is listed with the receipt that proves it was here, and the newest backup has its time', async () => {
  const made = Date.now() - 60_000;
  office.replies['GET /api/v1/trust'] = () => ({ body: { ...NUMBERS, missing: 1, backup_ms: made } });
  const receipt = { through: 41, chain: 'abcdef012345'.repeat(5), epoch: 'e', signed: 'c2lnbmVk' };
  const line = { at_ms: 0, record: 'gone', office_reference: null, device: 'W07', officer: 1, dot: '3.14', hash: 'c'.repeat(64), code: null, same_as: null, receipt };
  office.replies['GET /api/v1/trust/missing'] = () => ({ body: { lines: [line], next: null } });
  location.hash = '#/trust/all/missing';
  await says('Received up to 41 · abcdef012345…');
  await says('c2lnbmVk');
  await says(`The newest backup that was read back was made ${when(made, Date.now())}`);
  expect((await axe.run(document.body, { rules: { 'color-contrast': { enabled: false } } })).violations).toEqual([]);
});

test('whoever reads by ear finds their way', async () => {
  await says('Received 1,284');
  const found = await axe.run(document.body, { rules: { 'color-contrast': { enabled: false } } });
  expect(found.violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html ?? ''}`)).toEqual([]);
});

test('a time of one’s own holds both its days whole', () => {
  const noon = Date.parse('2026-11-26T12:00:00');
  expect(periodOf('2026-11-24..2026-11-25', noon)).toEqual({ from: Date.parse('2026-11-24T00:00:00'), to: Date.parse('2026-11-26T00:00:00') });
  expect(periodOf('today', noon)).toEqual({ from: Date.parse('2026-11-26T00:00:00'), to: null });
  expect(periodOf('all', noon)).toEqual({ from: null, to: null });
  expect(periodOf('nonsense', noon)).toEqual(periodOf('week', noon));
});
