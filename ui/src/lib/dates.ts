/** Dates and times as the parts a person types, and as answers. A part not yet typed leaves the answer unfinished
 *  (`2026-3-`), kept as typed; the check then says which part is missing. */
import type { Answer } from './answer';

/** Day, month, year. */
export function dateParts(answer: Answer | undefined): string[] {
  if (typeof answer !== 'string') return ['', '', ''];
  const [year = '', month = '', day = ''] = (answer.split('T')[0] ?? '').split('-');
  return [day, month, year];
}

export function dateOf(parts: string[]): Answer {
  const [day = '', month = '', year = ''] = parts;
  if (day === '' && month === '' && year === '') return null;
  const whole = /^\d{4}$/.test(year) && /^\d{1,2}$/.test(month) && /^\d{1,2}$/.test(day);
  return whole ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : `${year}-${month}-${day}`;
}

/** Hour, minute. */
export function timeParts(answer: Answer | undefined): string[] {
  if (typeof answer !== 'string') return ['', ''];
  const text = answer.includes('T') ? (answer.split('T')[1] ?? '') : answer;
  const [hour = '', minute = ''] = text.replace(/([+-]\d\d:\d\d|Z)$/, '').split(':');
  return [hour, minute];
}

export function timeOf(parts: string[]): Answer {
  const [hour = '', minute = ''] = parts;
  if (hour === '' && minute === '') return null;
  const whole = /^\d{1,2}$/.test(hour) && /^\d{1,2}$/.test(minute);
  return whole ? `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}` : `${hour}:${minute}`;
}

/** A date and a time of day as one moment, in the offset that this place has on that day. */
export function momentOf(date: Answer, time: Answer): Answer {
  if (date === null && time === null) return null;
  const text = `${date ?? ''}T${time ?? ''}`;
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime()) || time === null) return text;
  const offset = -moment.getTimezoneOffset();
  const pad = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0');
  return `${text}:00${offset < 0 ? '-' : '+'}${pad(offset / 60)}:${pad(offset % 60)}`;
}

/** `27/3/2026`, `2026-03-27` or `09:12` as the parts of that many boxes; null for what is not so many numbers. */
export function partsPasted(text: string, boxes: number): string[] | null {
  const parts = text.trim().split(/[\s/.:-]+/);
  if (parts.length !== boxes || boxes < 2 || !parts.every((part) => /^\d{1,4}$/.test(part))) return null;
  return boxes === 3 && parts[0]?.length === 4 ? parts.reverse() : parts;
}
