/** Which time the trust page is about, as its address says it: `today`, `week`, `month`, `all`, or `2026-11-01..2026-11-26`. */

const DAY = 24 * 60 * 60_000;

export type Period = { from: number | null; to: number | null };

export const NAMED = ['today', 'week', 'month', 'all'] as const;
export type Named = (typeof NAMED)[number];

export function periodOf(text: string | null, now: number): Period {
  switch (text) {
    case 'all':
      return { from: null, to: null };
    case 'today':
      return { from: midnight(now), to: null };
    case 'month':
      return { from: midnight(now - 29 * DAY), to: null };
    default:
      return datesOf(text ?? '') ?? { from: midnight(now - 6 * DAY), to: null };
  }
}

/** Both days whole. */
function datesOf(text: string): Period | null {
  const [first = '', last = ''] = text.split('..');
  const from = Date.parse(`${first}T00:00:00`);
  const to = Date.parse(`${last}T00:00:00`);
  return Number.isNaN(from) || Number.isNaN(to) || to < from ? null : { from, to: midnight(to + DAY + DAY / 2) };
}

function midnight(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}
