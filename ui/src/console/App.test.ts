import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import App from './App.svelte';
import { Office, session, sizedCase, trayLine } from './office';

let office: Office;
let app: ReturnType<typeof mount> | null = null;

beforeEach(() => {
  location.hash = '';
  office = new Office();
  office.holds(trayLine('elm', 2, { summary: 'Car boot, Elm Road', two_answers: 1 }), trayLine('heath', 1, { summary: 'White goods, Heath Road' }));
  office.opens(sizedCase('elm', 'seen-both', 'car_boot', 'small_van'));
  office.replies['GET /api/v1/areas'] = () => ({ body: { type: 'FeatureCollection', features: [] } });
});

afterEach(async () => {
  if (app !== null) await unmount(app);
  app = null;
});

const page = () => document.body.textContent ?? '';
const says = (text: string) => vi.waitFor(() => expect(page()).toContain(text));
const button = (name: string) => [...document.querySelectorAll('button')].filter((found) => found.textContent?.trim() === name);

async function signedIn(): Promise<void> {
  office.replies['GET /api/v1/session'] = () => ({ body: session });
  app = mount(App, { target: document.body });
  await says('Car boot, Elm Road');
}

function press(key: string): void {
  (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  flushSync();
}

test('without a session there is a sign-in, and a wrong password is said in words', async () => {
  office.replies['GET /api/v1/session'] = () => ({ status: 401, body: { code: 'sign_in_needed' } });
  office.replies['POST /api/v1/session'] = () => ({ status: 401, body: { code: 'sign_in_wrong' } });
  app = mount(App, { target: document.body });
  await says('Email address');
  button('Sign in')[0]?.click();
  await says('Check your email address and password');
});

test('j and k walk the list without opening anything', async () => {
  await signedIn();
  press('j');
  await vi.waitFor(() => expect(document.activeElement?.id).toBe('row-elm'));
  press('j');
  await vi.waitFor(() => expect(document.activeElement?.id).toBe('row-heath'));
  expect(page()).toContain('Choose a report from the list.');
});

test('two answers stand side by side, and keeping one says that both were seen', async () => {
  office.replies['POST /api/v1/records/elm/changes'] = () => {
    office.opens(sizedCase('elm', 'seen-chosen', 'small_van'));
    return { body: { dot: '2:1' } };
  };
  await signedIn();
  location.hash = '#/tray/arrived/elm';
  await says('Nothing is thrown away');
  expect(button('Keep theirs')).toHaveLength(1);
  button('Keep mine')[0]?.click();
  await vi.waitFor(() => expect(button('Keep mine')).toHaveLength(0));
  expect(office.sent.find((call) => call.path.endsWith('/changes'))?.body).toEqual({ edits: [{ field: 'size', answer: 'small_van', seen: 'seen-both' }] });
});

test('the e key opens an answer for change, and Escape leaves it as it was', async () => {
  office.opens(sizedCase('elm', 'seen-1', 'car_boot'));
  await signedIn();
  location.hash = '#/tray/arrived/elm';
  await vi.waitFor(() => expect(document.getElementById('change-size')).not.toBeNull());
  press('e');
  await vi.waitFor(() => expect(document.querySelector('input[type=radio]')).not.toBeNull());
  document.querySelector('dd form')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  await vi.waitFor(() => expect(document.activeElement?.id).toBe('change-size'));
  expect(office.sent.some((call) => call.path.endsWith('/changes'))).toBe(false);
});
