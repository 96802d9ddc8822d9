import { afterEach, expect, test, vi } from 'vitest';
import type { Status } from '../lib/generated/Status';
import { phone } from './phone.svelte';

const open = { enrolled: true, unlocked: true } as Status;
const shut = { enrolled: true, unlocked: false } as Status;

afterEach(() => vi.unstubAllGlobals());

test('what was asked before the phone was locked does not open the screen again when it comes late', async () => {
  const asked: ((status: Status) => void)[] = [];
  const replies: Record<string, () => unknown> = {
    status: () => new Promise<Status>((answer) => asked.push(answer)),
    lock: () => shut,
    waiting: () => ({ strip: null, notices: [] }),
  };
  vi.stubGlobal('__TAURI_INTERNALS__', { invoke: (command: string) => Promise.resolve(replies[command]?.()) });
  phone.status = open;
  const early = phone.refresh();
  const seen = phone.changes;
  await phone.lock();
  expect(phone.status).toEqual(shut);
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  asked[1]?.(shut);
  await vi.waitFor(() => expect(phone.changes).toBe(seen + 1));
  asked[0]?.(open);
  await early;
  expect(phone.status).toEqual(shut);
  expect(phone.changes).toBe(seen + 1);
});

test('a lock that gives no answer shuts the screen all the same', async () => {
  const replies: Record<string, () => Promise<unknown>> = {
    lock: () => Promise.reject({ code: 'internal', detail: 'unreadable just now' }),
    status: () => Promise.resolve(shut),
  };
  vi.stubGlobal('__TAURI_INTERNALS__', { invoke: (command: string) => replies[command]?.() });
  phone.status = open;
  await phone.lock();
  expect(phone.status).toEqual(shut);
});
