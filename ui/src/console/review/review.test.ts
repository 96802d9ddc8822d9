import axe from 'axe-core';
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ReviewItem } from '../../lib/answer';
import { when } from '../../lib/time';
import App from '../App.svelte';
import { Office, session, sizedCase, trayLine } from '../office';

const HASH = 'a'.repeat(64);

let office: Office;
let app: ReturnType<typeof mount> | null = null;

function item(counter: number, rest: Partial<ReviewItem> = {}): ReviewItem {
  return {
    actor: 7, counter, why: 'device_revoked', officer: 1, officer_name: 'Ann Bailey', device_code: 'W07', device_name: 'kerbside on android', record: `r${counter}`,
    office_reference: `FT-00000${counter}`, summary: `Car boot, ${counter}`, form: 'fly_tip', form_version: 1, title: { en: 'Fly-tip' }, captured_at_ms: 0, received_at_ms: 0,
    begins: false, waits_for_earlier: false, edits: [{ kind: 'answer', field: 'size', label: { en: 'How much' }, now: ['car_boot'], to: 'small_van', answered_since: true }], ...rest,
  };
}

function lists(...items: ReviewItem[]): void {
  office.replies['GET /api/v1/review'] = () => ({ body: { items, forms: [sizedCase('r', 's', 'car_boot').form], more: false } });
}

beforeEach(() => {
  location.hash = '#/tray/review';
  office = new Office();
  office.holds(trayLine('elm', 2));
  office.replies['GET /api/v1/trays'] = () => ({ body: [{ key: 'arrived', title_key: '', count: 1 }, { key: 'review', title_key: 'console.tray.review', count: 2 }] });
  office.replies['GET /api/v1/session'] = () => ({ body: { ...session, officer: { ...session.officer, may: ['read_record', 'edit_record', 'review_changes'] } } });
  office.replies['GET /api/v1/areas'] = () => ({ body: { type: 'FeatureCollection', features: [] } });
  lists(item(1), item(2, { edits: [{ kind: 'note', field: null, label: null, now: [], to: 'It is behind the shed', answered_since: false }] }));
});

afterEach(async () => {
  if (app !== null) await unmount(app);
  app = null;
});

const page = () => (document.body.textContent ?? '').replace(/\s+/g, ' ');
const says = (text: string) => vi.waitFor(() => expect(page()).toContain(text));
const sent = (end: string) => office.sent.filter((call) => call.path.endsWith(end));
const focused = (id: string) => vi.waitFor(() => expect(document.activeElement?.id).toBe(id));

async function opens(text: string): Promise<void> {
  app = mount(App, { target: document.body });
  await says(text);
}

function press(key: string): void {
  (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  flushSync();
}

test('the navigation counts what waits, and each change says who wrote it, where, why it waits and what stands now', async () => {
  await opens('W07 was stopped before it sent this');
  await says('To decide 2');
  await says(`Ann Bailey · ${when(0, Date.now())} · on W07`);
  await says('Stands now');
  await says('How muchCar bootSmall van');
  await says('1 question was answered since');
  await says('It is behind the shed');
  expect(office.sent.some((call) => call.path.startsWith('/api/v1/trays/review'))).toBe(false);
  expect((await axe.run(document.body, { rules: { 'color-contrast': { enabled: false } } })).violations).toEqual([]);
});

test('1 takes it, says where two answers stand because of it, and goes on to the next', async () => {
  await opens('W07 was stopped');
  office.replies['POST /api/v1/review/7/1/approve'] = () => {
    lists(item(2));
    return { body: { dot: '9.1' } };
  };
  office.opens(sizedCase('r1', 'seen', 'car_boot', 'small_van'));
  press('j');
  await focused('review-7.1');
  press('1');
  await says('Taken into the record');
  await says('Somebody had answered How much since: both answers stand.');
  expect(sent('/approve')).toHaveLength(1);
  await focused('review-7.2');
});

test('2 asks why, sends nothing without it, and what was typed reaches the office', async () => {
  await opens('W07 was stopped');
  office.replies['POST /api/v1/review/7/1/decline'] = () => {
    lists(item(2));
    return { body: '' };
  };
  press('j');
  press('2');
  await vi.waitFor(() => expect(document.activeElement?.tagName).toBe('INPUT'));
  const box = document.activeElement as HTMLInputElement;
  box.form?.requestSubmit();
  await says('Enter why it is left out');
  expect(sent('/decline')).toHaveLength(0);
  box.value = 'It is at number 12';
  box.dispatchEvent(new Event('input', { bubbles: true }));
  box.form?.requestSubmit();
  await says('Left out of the record: It is at number 12');
  expect(sent('/decline')[0]?.body).toEqual({ reason: 'It is at number 12' });
});

test('Escape leaves it undecided', async () => {
  await opens('W07 was stopped');
  press('j');
  press('2');
  await vi.waitFor(() => expect(document.activeElement?.tagName).toBe('INPUT'));
  press('Escape');
  await focused('review-7.1');
  expect(document.querySelector('#review-7\\.1 form')).toBeNull();
});

test('what waits for an earlier one cannot be taken until that is decided', async () => {
  lists(item(1), item(2, { waits_for_earlier: true }));
  await opens('Decide that first');
  office.replies['POST /api/v1/review/7/1/approve'] = () => {
    lists(item(2));
    return { body: { dot: '9.1' } };
  };
  office.opens(sizedCase('r1', 'seen', 'small_van'));
  const take = () => document.querySelector<HTMLButtonElement>('#review-7\\.2 .ways button');
  expect(take()?.disabled).toBe(true);
  press('j');
  press('1');
  await says('Taken into the record');
  expect(page()).not.toContain('both answers stand.');
  await vi.waitFor(() => expect(take()?.disabled).toBe(false));
});

test('a new report has no link and no “stands now”, and its photos are read through it', async () => {
  const begun = item(3, { begins: true, office_reference: null, record: 'new', edits: [
    { kind: 'answer', field: 'size', label: null, now: [], to: 'small_van', answered_since: false },
    { kind: 'photo', field: 'size', label: null, now: [], to: HASH, answered_since: false },
  ] });
  lists(begun);
  await opens('New report');
  expect(page()).not.toContain('Stands now');
  await vi.waitFor(() => expect(document.querySelector(`img[src*="/v1/photos/new/${HASH}"]`)).not.toBeNull());
});

test('a refusal is said beside the change, which stays undecided', async () => {
  office.replies['POST /api/v1/review/7/1/approve'] = () => ({ status: 409, body: { code: 'earlier_waits' } });
  await opens('W07 was stopped');
  press('j');
  press('1');
  await says('Something this officer wrote earlier in the same record is waiting too');
});

test('nothing to decide says what would come here', async () => {
  lists();
  await opens('Nothing waits for a decision');
});
