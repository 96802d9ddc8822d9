import { expect, test } from 'vitest';
import { stripSentence } from './strip';
import type { Strip } from './generated/Strip';

const NOW = Date.parse('2026-03-16T12:00:00Z');
const AT = (clock: string) => Date.parse(`2026-03-16T${clock}:00Z`);
const quiet: Strip = {
  state: 'all_received',
  waiting: 0,
  needs_you: 0,
  since_ms: null,
  last_received_ms: AT('08:02'),
  sending: null,
  next_try_ms: null,
  why: 'none',
};
const said = (changes: Partial<Strip>) => stripSentence({ ...quiet, ...changes }, NOW);

test('all is received, and when', () => {
  expect(said({})).toBe('All received 08:02');
});

test('a new device has nothing waiting', () => {
  expect(said({ last_received_ms: null })).toBe('Nothing waiting');
});

test('what waits says why and since when', () => {
  expect(said({ state: 'waiting', waiting: 3, since_ms: AT('09:14'), why: 'no_signal' })).toBe('3 waiting – no signal since 09:14');
});

test('a photo on its way says how far it has come', () => {
  const sending = { photo: 2, of: 5, bytes: 1_200_000, total: 3_400_000 };
  expect(said({ state: 'sending', sending })).toBe('Sending photo 2 of 5 – 1.2 of 3.4 MB');
});

test('one thing needs you, two need you', () => {
  expect(said({ state: 'needs_you', needs_you: 1 })).toBe('1 needs you');
  expect(said({ state: 'needs_you', needs_you: 2 })).toBe('2 need you');
});

test('a council that sends on Wi-Fi says so', () => {
  expect(said({ state: 'waiting', waiting: 1, why: 'wifi_only' })).toBe('Saved on this device – will send on Wi-Fi');
});
