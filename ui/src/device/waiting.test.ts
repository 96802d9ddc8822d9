import { expect, test } from 'vitest';
import type { WaitingItem } from '../lib/generated/WaitingItem';
import { clock } from '../lib/time';
import { groups, nextOf, whyOf } from './waiting';

const NOW = Date.UTC(2026, 2, 16, 9, 14);

function item(rest: Partial<WaitingItem>): WaitingItem {
  return {
    what: 'Fly-tip', record: 'r', draft: null, reference: null, state: 'saved', since_ms: NOW, why: 'no_signal', next_try_ms: null, photos_total: 0, photos_sent: 0,
    bytes_total: 0, bytes_sent: 0, reason_code: null, said: null, ways: [], ...rest,
  };
}

test('what is on its way always says when it is tried next', () => {
  expect(nextOf(item({ next_try_ms: NOW + 120_000 }), NOW)).toBe(`Next try ${clock(NOW + 120_000)}.`);
  expect(nextOf(item({ next_try_ms: NOW - 1 }), NOW)).toBe('Next try: in a moment.');
  expect(nextOf(item({ why: 'none' }), NOW)).toBe('Next try: in a moment.');
  expect(nextOf(item({ state: 'sending', why: 'server_busy' }), NOW)).toBe('Next try: in a moment.');
  expect(nextOf(item({ why: 'wifi_only' }), NOW)).toBe('Next try: as soon as there is Wi-Fi.');
  expect(nextOf(item({ why: 'enrol_again', next_try_ms: NOW + 1 }), NOW)).toBe('Next try: as soon as this device is enrolled again.');
});

test('what waits for a person has no next try, and says what is asked of whom', () => {
  for (const state of ['draft', 'needs_you', 'received'] as const) expect(nextOf(item({ state }), NOW)).toBeNull();
  expect(whyOf(item({ state: 'received', reason_code: 'in_review' }), NOW)).toBe('The office is looking at it: nothing to do.');
  expect(whyOf(item({ state: 'needs_you', reason_code: 'declined' }), NOW)).toContain('Someone in the office looked at this and did not take it');
  expect(whyOf(item({ state: 'needs_you', reason_code: 'declined', said: 'The tenant had moved out' }), NOW)).toContain('The office wrote: “The tenant had moved out”');
});

test('what needs somebody comes first, then what is on its way, then what the office decides', () => {
  const found = groups([item({ state: 'received', reason_code: 'in_review' }), item({}), item({ state: 'needs_you' })]);
  expect(found.map((one) => one.group)).toEqual(['needs', 'way', 'office']);
});
