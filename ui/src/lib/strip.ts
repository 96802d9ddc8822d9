/** The sentence at the foot of every field screen. Always there, always true. */
import { when } from './time';
import type { Strip } from './generated/Strip';
import type { Why } from './generated/Why';
import { t, type Word } from './words';

const WHY: Record<Why, Word> = {
  none: 'device.why.none',
  no_signal: 'device.why.no_signal',
  server_busy: 'device.why.server_busy',
  server_full: 'device.why.server_full',
  portal: 'device.why.portal',
  try_again: 'device.why.try_again',
  wifi_only: 'device.why.wifi_only',
  budget_spent: 'device.why.budget_spent',
  sign_in: 'device.why.sign_in',
  enrol_again: 'device.why.enrol_again',
  device_revoked: 'device.why.device_revoked',
  protocol_too_old: 'device.why.protocol_too_old',
};

export function stripSentence(strip: Strip, now: number): string {
  switch (strip.state) {
    case 'all_received':
      return strip.last_received_ms === null ? t('device.strip.nothing') : t('device.strip.all_received', { when: when(strip.last_received_ms, now) });
    case 'sending':
      return sendingSentence(strip);
    case 'needs_you':
      return t('device.strip.needs_you', { n: strip.needs_you });
    case 'waiting':
      return waitingSentence(strip, now);
  }
}

/** Why something has not gone yet, and since when, in one clause. */
export function whyClause(why: Why, sinceMs: number | null, now: number): string {
  if (why === 'no_signal' && sinceMs !== null) return t('device.why.no_signal_since', { when: when(sinceMs, now) });
  return t(WHY[why]);
}

export function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}

function waitingSentence(strip: Strip, now: number): string {
  if (strip.why === 'wifi_only') return t('device.strip.wifi_only');
  if (strip.why === 'budget_spent') return t('device.strip.budget_spent');
  return t('device.strip.waiting', { n: strip.waiting, why: whyClause(strip.why, strip.since_ms, now) });
}

function sendingSentence(strip: Strip): string {
  const sending = strip.sending;
  if (sending === null) return t('device.strip.sending', { n: strip.waiting });
  return t('device.strip.sending_photo', {
    photo: sending.photo,
    of: sending.of,
    sent: megabytes(sending.bytes),
    total: megabytes(sending.total),
  });
}
