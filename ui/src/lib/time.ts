/** Times as a person says them. The time now comes in as an argument, so that tests and screens agree. */
import { currentLanguage, t } from './words';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function format(ms: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(currentLanguage() === 'cy' ? 'cy-GB' : 'en-GB', options).format(ms);
}

/** `09:14` */
export function clock(ms: number): string {
  return format(ms, { hour: '2-digit', minute: '2-digit', hour12: false });
}

/** `Tue 16 March` */
export function day(ms: number): string {
  return format(ms, { weekday: 'short', day: 'numeric', month: 'long' }).replace(',', '');
}

/** `09:14` today, `yesterday 09:14`, `16 March 09:14`, and with the year when it is another one. */
export function when(ms: number, now: number): string {
  const days = Math.round((midnight(now) - midnight(ms)) / DAY);
  if (days === 0) return clock(ms);
  if (days === 1) return t('time.yesterday', { clock: clock(ms) });
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  const date = format(ms, { day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' }) });
  return `${date} ${clock(ms)}`;
}

/** `09:14` today, `16 March` before that: of something that has stood for days the minute says nothing. */
export function since(ms: number, now: number): string {
  if (midnight(ms) === midnight(now)) return clock(ms);
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return format(ms, { day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' }) });
}

/** `just now`, `4 minutes ago`, `2 hours ago`, `3 days ago`. */
export function age(ms: number, now: number): string {
  const passed = now - ms;
  if (passed < MINUTE) return t('time.just_now');
  if (passed < HOUR) return t('time.minutes_ago', { n: Math.floor(passed / MINUTE) });
  if (passed < DAY) return t('time.hours_ago', { n: Math.floor(passed / HOUR) });
  return t('time.days_ago', { n: Math.floor(passed / DAY) });
}

/** `5 h 28 min`: how long between two moments. */
export function span(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / MINUTE));
  if (minutes < 60) return t('time.span_minutes', { minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return t('time.span_hours', { hours, minutes: minutes % 60 });
  return t('time.span_days', { days: Math.floor(hours / 24), hours: hours % 24 });
}

/** How long to wait, in the words of the unlock screen. */
export function inWords(seconds: number): string {
  if (seconds < 60) return t('time.seconds', { n: seconds });
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? t('time.minutes', { n: minutes }) : t('time.hours', { n: Math.ceil(minutes / 60) });
}

export function greeting(now: number, name: string): string {
  const hour = new Date(now).getHours();
  if (hour < 12) return t('time.morning', { name });
  return hour < 18 ? t('time.afternoon', { name }) : t('time.evening', { name });
}

/** A moment as an answer keeps it: the local time with its offset, `2026-03-16T09:12:44+00:00`. */
export function localInstant(ms: number): string {
  const offset = -new Date(ms).getTimezoneOffset();
  const local = new Date(ms + offset * MINUTE).toISOString().slice(0, 19);
  const pad = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${pad(offset / 60)}:${pad(offset % 60)}`;
}

function midnight(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
}
