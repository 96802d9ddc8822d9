import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Answers } from '../../../lib/answer';
import { asked, evaluationOf, formOf } from '../../../lib/asking/sample';
import { setLanguage } from '../../../lib/words';
import { Office, session } from '../../office';
import Preview from './Preview.svelte';

const form = formOf([asked('what', { type: 'text', max: 20 }, { label: { en: 'What does it say?', cy: 'Beth mae’n ei ddweud?' } })], {
  title: { en: 'Graffiti', cy: 'Graffiti ar wal' },
});
const MISSING = { field: 'what', code: 'required', key: 'form.required.enter', thing: { en: 'what it says' }, max: null, min: null, message: null };

let office: Office;
let page: ReturnType<typeof mount> | null = null;

beforeEach(() => {
  office = new Office();
  office.replies['GET /api/v1/session'] = () => ({ body: session });
  office.replies['GET /api/v1/forms/drafts/d1'] = () => ({ body: { id: 'd1', form } });
  const answered = (): { body: unknown } => {
    const last = office.sent.at(-1)?.body as { answers?: Answers } | null;
    const answers = last?.answers ?? {};
    const faults = answers['what'] ? [] : [MISSING];
    return { body: { answers, evaluation: { ...evaluationOf(['what'], { required: ['what'] }), faults } } };
  };
  office.replies['POST /api/v1/forms/drafts/d1/begin'] = answered;
  office.replies['POST /api/v1/forms/drafts/d1/evaluate'] = answered;
});

afterEach(async () => {
  if (page !== null) await unmount(page);
  page = null;
  setLanguage('en');
});

const says = (text: string) => vi.waitFor(() => expect(document.body.textContent).toContain(text));
const press = (name: string) => [...document.querySelectorAll('button')].find((found) => found.textContent?.trim() === name)?.click();

test('saving says what is missing with a link to it, then that it would be saved, and writes nothing', async () => {
  page = mount(Preview, { target: document.body, props: { place: { draft: 'd1', language: 'en' } } });
  await says('What does it say?');
  press('Save on this device');
  await says('There is a problem');
  expect(document.querySelector('.summary a')?.textContent).toBe('Enter what it says');
  const box = document.querySelector('input');
  if (box !== null) box.value = 'Kilroy';
  box?.dispatchEvent(new Event('input', { bubbles: true }));
  flushSync();
  press('Save on this device');
  await says('This would be saved');
  const paths = new Set(office.sent.map((call) => call.path));
  expect([...paths].sort()).toEqual(['/api/v1/forms/drafts/d1', '/api/v1/forms/drafts/d1/begin', '/api/v1/forms/drafts/d1/evaluate', '/api/v1/session']);
});

test('the frame reads in the language it is asked for', async () => {
  page = mount(Preview, { target: document.body, props: { place: { draft: 'd1', language: 'cy' } } });
  await says('Beth mae’n ei ddweud?');
  expect(document.documentElement.lang).toBe('cy');
});
