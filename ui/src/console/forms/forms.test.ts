import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { asked, formOf } from '../../lib/asking/sample';
import type { FormDraft } from '../../lib/generated/FormDraft';
import type { FormLine } from '../../lib/generated/FormLine';
import type { FormProblem } from '../../lib/generated/FormProblem';
import App from '../App.svelte';
import { Office, session } from '../office';

const SINCE = Date.UTC(2026, 2, 16, 9);
const version = { version_text: null, from_ms: SINCE, published_ms: SINCE, published_by: 'Lee Grant' };
const flyTip: FormLine = {
  key: 'fly_tip', title: { en: 'Fly-tipping' }, service: 'street', teams: ['wardens-north'],
  versions: [{ ...version, version: 2, state: 'published', records: 7 }, { ...version, version: 1, state: 'published', records: 5 }],
};
const parking: FormLine = { ...flyTip, key: 'observation', title: { en: 'Parking' }, versions: [{ ...version, version: 1, state: 'withdrawn', records: 0 }] };
const problem: FormProblem = { sheet: 'survey', row: 14, column: 'type', cell: 'A14', stops: true, code: 'unknown_type', what: 'select_onee' };
const graffiti: FormDraft = {
  id: 'd1', key: 'graffiti', version: 1, title: { en: 'Graffiti' }, source: 'graffiti.xlsx', imported_ms: SINCE, imported_by: 'Lee Grant', problems: [],
  form: formOf([asked('what', { type: 'text', max: 20 })], { key: 'graffiti', title: { en: 'Graffiti' } }),
  facts: { questions: 1, required: 0, taps: 2, personal: 0, special: 1, criminal: 0, photos: 0, bytes: 840, changed: null },
};

let office: Office;
let app: ReturnType<typeof mount> | null = null;

beforeEach(() => {
  office = new Office();
  office.replies['GET /api/v1/session'] = () => ({ body: { ...session, officer: { ...session.officer, role: 'designer', may: ['design_forms'] } } });
  office.replies['GET /api/v1/forms'] = () => ({ body: [flyTip, parking] });
  office.replies['GET /api/v1/forms/drafts'] = () => ({ body: [graffiti] });
  office.replies['GET /api/v1/forms/drafts/d1'] = () => ({ body: graffiti });
});

afterEach(async () => {
  if (app !== null) await unmount(app);
  app = null;
  location.hash = '';
});

const page = () => document.body.textContent ?? '';
const says = (text: string) => vi.waitFor(() => expect(page()).toContain(text));
const button = (name: string) => [...document.querySelectorAll('button')].find((found) => found.textContent?.trim().startsWith(name));
const sent = (path: string) => office.sent.find((call) => call.path === path)?.body;

async function opened(hash: string, until: string): Promise<void> {
  location.hash = hash;
  app = mount(App, { target: document.body });
  await says(until);
}

function give(...files: File[]): void {
  const input = document.querySelector<HTMLInputElement>('#form-files');
  if (input === null) throw new Error('nowhere to give files');
  Object.defineProperty(input, 'files', { value: files, configurable: true });
  input.dispatchEvent(new Event('change', { bubbles: true }));
}

test('a designer who may do nothing else lands on the forms, drafts on top', async () => {
  await opened('', 'Fly-tipping');
  const rows = [...document.querySelectorAll('[data-row]')].map((row) => row.textContent);
  expect(rows).toEqual(['Graffiti', 'Fly-tipping', 'Parking']);
  expect(page()).toContain('Published since 16 March');
  expect(page()).toContain('Ready to publish');
});

test('the forms are hidden from whoever may not design them', async () => {
  office.replies['GET /api/v1/session'] = () => ({ body: { ...session, officer: { ...session.officer, may: ['manage_devices'] } } });
  await opened('', 'Enrol a device');
  expect([...document.querySelectorAll('nav a')].map((link) => link.textContent)).not.toContain('Forms');
});

test('j walks the rows of the list', async () => {
  await opened('#/forms', 'Fly-tipping');
  for (const [key, row] of [['j', 'Graffiti'], ['j', 'Fly-tipping'], ['k', 'Graffiti']] as const) {
    (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    flushSync();
    expect(document.activeElement?.textContent).toBe(row);
  }
});

test('withdrawing says what it means before it is done', async () => {
  office.replies['POST /api/v1/forms/fly_tip/2/withdraw'] = () => ({ body: { ...version, version: 2, state: 'withdrawn', records: 7 } });
  await opened('#/forms/form/fly_tip', 'Replaced by version 2');
  button('Withdraw')?.click();
  await says('Version 1 is offered in its place');
  expect(sent('/api/v1/forms/fly_tip/2/withdraw')).toBeUndefined();
  button('Withdraw it')?.click();
  await says('Fly-tipping version 2 is withdrawn');
});

test('a workbook with something wrong shows it by sheet, row, column and cell, and is not kept', async () => {
  office.replies['POST /api/v1/forms/drafts'] = () => ({ body: { ...graffiti, id: '', form: null, facts: null, problems: [problem] } });
  await opened('#/forms/new', 'Drop a form here');
  give(new File(['PK'], 'graffiti.xlsx'));
  await says('1 thing stops this form');
  const cells = [...document.querySelectorAll('tbody td')].map((cell) => cell.textContent?.trim());
  expect(cells.slice(0, 5)).toEqual(['Stops it', 'survey', '14', 'type', 'A14']);
  expect(cells[5]).toContain('“select_onee” is not a type of question.');
  expect(sent('/api/v1/forms/drafts')).toEqual({ files: [{ name: 'graffiti.xlsx', content: 'UEs=' }], service: null, ref_prefix: null });
});

test('the service is asked for where the file lacks it, and the same file goes again with it', async () => {
  const lacks: FormProblem = { ...problem, sheet: 'settings', row: 2, column: 'service', code: 'no_service' };
  office.replies['POST /api/v1/forms/drafts'] = () => ({ body: { ...graffiti, form: null, facts: null, problems: [lacks] } });
  await opened('#/forms/new', 'Drop a form here');
  give(new File(['PK'], 'graffiti.xlsx'));
  await says('The file does not say everything');
  office.replies['POST /api/v1/forms/drafts'] = () => ({ body: graffiti });
  button('Go on')?.click();
  await says('Enter the service in one word, such as street');
  const box = document.querySelector<HTMLInputElement>('#q-service');
  if (box !== null) box.value = 'street';
  box?.dispatchEvent(new Event('input', { bubbles: true }));
  button('Go on')?.click();
  await vi.waitFor(() => expect(location.hash).toBe('#/forms/draft/d1'));
  const brought = office.sent.filter((call) => call.path === '/api/v1/forms/drafts' && call.body !== null);
  expect(brought.map((call) => call.body)).toEqual([expect.objectContaining({ service: null }), expect.objectContaining({ service: 'street' })]);
});

test('what is no form is refused in words before anything is sent', async () => {
  await opened('#/forms/new', 'Drop a form here');
  give(new File(['x'], 'kerb.jpg'));
  await says('kerb.jpg is none of them');
  expect(sent('/api/v1/forms/drafts')).toBeUndefined();
});

test('a draft says what it asks, and is published for the teams that are chosen', async () => {
  office.replies['POST /api/v1/forms/drafts/d1/publish'] = () => ({ body: { ...version, version: 1, state: 'published', records: 0 } });
  await opened('#/forms/draft/d1', '1 special category');
  expect(page()).toContain('This is the first version of this form');
  button('Publish version 1')?.click();
  await says('Select which teams are offered it');
  document.querySelector<HTMLInputElement>('input[type=checkbox]')?.click();
  flushSync();
  button('Publish version 1')?.click();
  await says('Graffiti version 1 is published');
  expect(sent('/api/v1/forms/drafts/d1/publish')).toEqual({ from_ms: null, teams: ['wardens-north'] });
  expect(location.hash).toBe('#/forms');
});

test('a draft that something stops cannot be tried or published', async () => {
  office.replies['GET /api/v1/forms/drafts/d1'] = () => ({ body: { ...graffiti, form: null, facts: null, problems: [problem] } });
  await opened('#/forms/draft/d1', '1 thing stops this form');
  expect(button('Publish version')).toBeUndefined();
  expect(document.querySelector('iframe')).toBeNull();
});
