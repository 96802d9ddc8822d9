import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import type { Draft, DraftMove } from '../lib/answer';
import { asked, evaluationOf, formOf } from '../lib/asking/sample';
import MoveScreen from './MoveScreen.svelte';

const form = formOf([asked('name', { type: 'text', max: 80 }, { label: { en: 'Contact name' } }), asked('colour', { type: 'text', max: 80 }, { label: { en: 'Colour of the bags' } })]);
const draft: Draft = { id: 'd1', form, record: null, answers: {}, evaluation: evaluationOf([]), photos: [], saved_at_ms: 0, newer: 5, prefilled: [], parked: [], phones: {} };
const move: DraftMove = { from: 4, to: 5, kept: ['photos'], wants: ['name', 'land'], parked: [{ field: 'colour', label: { en: 'Colour of the bags' }, answer: 'Blue' }] };

let shown: ReturnType<typeof mount> | null = null;

afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
  vi.unstubAllGlobals();
});

test('before a draft moves, what stays, what is asked and what is set aside are said; then it moves', async () => {
  const called: string[] = [];
  const replies: Record<string, unknown> = { open_draft: draft, draft_move: move, move_draft: draft };
  const invoke = (command: string) => {
    called.push(command);
    return Promise.resolve(replies[command]);
  };
  vi.stubGlobal('__TAURI_INTERNALS__', { invoke });
  document.body.replaceChildren();
  shown = mount(MoveScreen, { target: document.body, props: { draft: 'd1' } });
  flushSync();
  const text = () => document.body.textContent?.replace(/\s+/g, ' ') ?? '';
  await vi.waitFor(() => expect(text()).toContain('1 answer stays as it is'));
  expect(text()).toContain('From version 4 to version 5');
  expect(text()).toMatch(/Needs an answer Contact name 1 new question Set aside .* Colour of the bags Blue/);
  expect(called).not.toContain('move_draft');
  document.querySelector<HTMLElement>('button.go')?.click();
  await vi.waitFor(() => expect(called).toContain('move_draft'));
  await vi.waitFor(() => expect(location.hash).toBe('#/draft/d1'));
});
