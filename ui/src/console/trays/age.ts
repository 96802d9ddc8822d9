/** How long ago something happened, as a word and a shape: neither ever rests on colour alone. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export type Quarters = 0 | 1 | 2 | 3 | 4;

export interface Age {
  unit: 'now' | 'minutes' | 'hours' | 'days';
  count: number;
  /** How much of the round mark is filled: within the hour, four hours, a day, a week, longer. */
  quarters: Quarters;
}

export function ageOf(now: number, at: number): Age {
  const passed = Math.max(0, now - at);
  if (passed < MINUTE) return { unit: 'now', count: 0, quarters: 0 };
  if (passed < HOUR) return { unit: 'minutes', count: Math.floor(passed / MINUTE), quarters: 0 };
  if (passed < DAY) {
    return { unit: 'hours', count: Math.floor(passed / HOUR), quarters: passed < 4 * HOUR ? 1 : 2 };
  }
  return { unit: 'days', count: Math.floor(passed / DAY), quarters: passed < 7 * DAY ? 3 : 4 };
}

/** Within ten minutes a report is simply "received"; after that the case says how late it came. */
export const LATE_MS = 10 * MINUTE;

export function cameLate(capturedAt: number, receivedAt: number): boolean {
  return receivedAt - capturedAt >= LATE_MS;
}
