/** What waits, in the order a person wants to know of it: what needs them, what is on its way, what the office is looking at. */
import { clock } from '../lib/time';
import { whyClause } from '../lib/strip';
import type { WaitingItem } from '../lib/generated/WaitingItem';
import { find, t } from '../lib/words';

export type Group = 'needs' | 'way' | 'unsaved' | 'office';
const ORDER: Group[] = ['needs', 'way', 'unsaved', 'office'];

export function groups(items: WaitingItem[]): { group: Group; items: WaitingItem[] }[] {
  return ORDER.map((group) => ({ group, items: items.filter((item) => groupOf(item) === group) })).filter((found) => found.items.length > 0);
}

/** Why it is not with the office, or what is asked, in one sentence. */
export function whyOf(item: WaitingItem, now: number): string {
  if (groupOf(item) === 'office') return t('device.waiting.nothing_to_do');
  const refused = item.reason_code === null ? undefined : find(`code.${item.reason_code}`, { reference: '–' });
  if (refused !== undefined) return item.said === null ? `${refused}.` : `${refused}. ${t('device.waiting.said', { said: item.said })}`;
  if (item.state === 'draft') return t('device.waiting.draft');
  if (item.state === 'needs_you') return t('device.waiting.choose');
  return t('device.waiting.why', { why: whyClause(item.why, null, now) });
}

/** Whether its photos wait for a cheaper network or another month: then nothing of it is going just now. */
export function isHeld(item: WaitingItem): boolean {
  return item.why === 'wifi_only' || item.why === 'budget_spent';
}

/** When it is tried again, for what is on its way; nothing for what a person or the office has to move. */
export function nextOf(item: WaitingItem, now: number): string | null {
  if (groupOf(item) !== 'way') return null;
  if (item.why === 'wifi_only') return t('device.waiting.next_wifi');
  if (item.why === 'budget_spent') return t('device.waiting.next_budget');
  if (item.why === 'enrol_again') return t('device.waiting.next_enrolled');
  if (item.next_try_ms === null || item.next_try_ms <= now) return t('device.waiting.next_soon');
  return t('device.waiting.next', { clock: clock(item.next_try_ms) });
}

function groupOf(item: WaitingItem): Group {
  switch (item.state) {
    case 'needs_you':
      return 'needs';
    case 'draft':
      return 'unsaved';
    case 'received':
    case 'safe':
      return 'office';
    default:
      return 'way';
  }
}
