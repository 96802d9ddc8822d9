import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Answer, TwoAnswersLine } from '../../lib/answer';
import { when } from '../../lib/time';
import App from '../App.svelte';
import { Office, session, sizedCase, trayLine } from '../office';

let office: Office;
let app: ReturnType<typeof mount> | null = null;

function line(record: string, both: Answer = null): TwoAnswersLine {
  const [field] = sizedCase(record, `seen-${record}`, 'car_boot', 'small_van').view.fields;
  if (field === undefined) throw new Error('a case has a field');
  return {
    record, reference: 'W07-1', office_reference: `FT-${record}`, form: 'fly_tip', form_version: 1, title: { en: 'Fly-tip' }, summary: `Car boot, ${record}`,
    field: { ...field, both }, origins: [{ device: 'W07', received_at_ms: 0, writer: null }, { device: null, received_at_ms: 0, writer: null }], may_settle: true, reason: null,
  };
}

beforeEach(async () => {
  location.hash = '#/tray/two_answers';
  office = new Office();
  office.holds(trayLine('elm', 2), trayLine('heath', 1));
  office.replies['GET /api/v1/trays/two_answers'] = () => ({ body: { records: [], next: null } });
  office.replies['GET /api/v1/session'] = () => ({ body: session });
  office.replies['GET /api/v1/areas'] = () => ({ body: { type: 'FeatureCollection', features: [] } });
  const forms = [sizedCase('elm', 's', 'car_boot').form];
  office.replies['GET /api/v1/two_answers'] = () => ({ body: { lines: [line('elm', 'small_van'), line('heath')], forms, next: null } });
  for (const record of ['elm', 'heath']) office.replies[`POST /api/v1/records/${record}/changes`] = () => ({ body: { dot: '9.1' } });
  app = mount(App, { target: document.body });
  await says('Question 1 of 2');
});

afterEach(async () => {
  if (app !== null) await unmount(app);
  app = null;
});

const labels = () => [...document.querySelectorAll('[data-row]')].map((row) => row.getAttribute('aria-label') ?? '').join(' ');
const says = (text: string) => vi.waitFor(() => expect(`${document.body.textContent} ${labels()}`).toContain(text));
const sent = () => office.sent.filter((call) => call.path.endsWith('/changes'));

function press(key: string): void {
  (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  flushSync();
}

test('each question stands with its answers, who gave them and where', async () => {
  await says(`Ann Bailey · ${when(0, Date.now())} · on W07`);
  await says(`You · ${when(0, Date.now())} · at the office`);
});

test('what somebody took into the record stands under whoever wrote it', async () => {
  const taken = line('mile');
  taken.origins[1] = { device: 'W07', received_at_ms: 0, writer: 1 };
  office.replies['GET /api/v1/two_answers'] = () => ({ body: { lines: [taken], forms: [sizedCase('mile', 's', 'car_boot').form], next: null } });
  office.poke('mile');
  await vi.waitFor(() => expect(document.querySelector('.arrived')).not.toBeNull());
  document.querySelector<HTMLButtonElement>('.arrived')?.click();
  await says(`Ann Bailey · ${when(0, Date.now())} · on W07 · taken in by you`);
});

test('a number keeps that answer in the light of all that was seen, and goes on to the next question', async () => {
  press('j');
  press('2');
  await vi.waitFor(() => expect(sent()).toHaveLength(1));
  expect(sent()[0]).toEqual({ path: '/api/v1/records/elm/changes', body: { edits: [{ field: 'size', answer: 'small_van', seen: 'seen-elm' }] } });
  await says('You kept Small van');
  await vi.waitFor(() => expect(document.activeElement?.id).toBe('two-heath size'));
});

test('b keeps both only where both can stand', async () => {
  press('j');
  press('b');
  await vi.waitFor(() => expect(sent()).toHaveLength(1));
  await vi.waitFor(() => expect(document.activeElement?.id).toBe('two-heath size'));
  press('b');
  await says('FT-heath');
  expect(sent()).toHaveLength(1);
});

test('u opens a question again, and the next choice covers the one that was made', async () => {
  press('j');
  press('1');
  await says('You kept Car boot');
  office.opens(sizedCase('elm', 'seen-chosen', 'car_boot'));
  press('k');
  await vi.waitFor(() => expect(document.activeElement?.id).toBe('two-elm size'));
  press('u');
  await says('Car boot stands until you choose again');
  press('2');
  await vi.waitFor(() => expect(sent()).toHaveLength(2));
  expect(sent()[1]?.body).toEqual({ edits: [{ field: 'size', answer: 'small_van', seen: 'seen-chosen' }] });
});

test('what is new waits until it is asked for', async () => {
  office.replies['GET /api/v1/two_answers'] = () => ({ body: { lines: [line('mile'), line('elm'), line('heath')], forms: [sizedCase('elm', 's', 'car_boot').form], next: null } });
  office.poke('mile');
  await says('1 question has come or gone');
  expect(document.querySelectorAll('[data-row]')).toHaveLength(2);
});

test('o opens the case beside the list, with the question ready to be answered', async () => {
  office.opens(sizedCase('elm', 'seen-elm', 'car_boot', 'small_van'));
  press('j');
  press('o');
  await vi.waitFor(() => expect(location.hash).toBe('#/tray/two_answers/elm'));
  await vi.waitFor(() => expect(document.querySelector('#case input[type=radio]')).not.toBeNull());
});
