/** When a form is published, and for whom, as typed: the moment it comes to, or what is to be put right. */
import { dateOf, momentOf, timeOf } from '../../../lib/dates';
import type { Word } from '../../../lib/words';

export type When = { later: boolean; date: string[]; time: string[] };

export type PublishFault = { field: 'when' | 'teams'; word: Word };

/** A day without a time begins with its first minute. */
export function moment(when: When): number | null | 'not_real' {
  if (!when.later) return null;
  const date = dateOf(when.date);
  if (typeof date !== 'string' || !isReal(date)) return 'not_real';
  const time = when.time.every((part) => part.trim() === '') ? '00:00' : timeOf(when.time);
  if (typeof time !== 'string' || !/^([01]\d|2[0-3]):[0-5]\d$/.test(time)) return 'not_real';
  const ms = Date.parse(String(momentOf(date, time)));
  return Number.isNaN(ms) ? 'not_real' : ms;
}

/** What stands between this and publishing, in the order of the page. */
export function publishFaults(when: When, teams: readonly string[], now: number): PublishFault[] {
  const faults: PublishFault[] = [];
  const from = moment(when);
  if (when.later && [...when.date, ...when.time].every((part) => part.trim() === '')) faults.push({ field: 'when', word: 'console.forms.publish.when_missing' });
  else if (from === 'not_real') faults.push({ field: 'when', word: 'console.forms.publish.when_unreal' });
  else if (from !== null && from <= now) faults.push({ field: 'when', word: 'console.forms.publish.when_past' });
  if (teams.length === 0) faults.push({ field: 'teams', word: 'console.forms.publish.teams_missing' });
  return faults;
}

/** 31 April is no day, though a calendar that is asked for it gives 1 May. */
function isReal(date: string): boolean {
  const day = new Date(`${date}T12:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
}
