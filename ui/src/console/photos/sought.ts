/** What photos are looked for, as it stands in the address, in the form and in what the server is asked. */

export interface Sought {
  form: string;
  officer: string;
  /** Days, the last one included: `2026-11-26`. */
  from: string;
  to: string;
  area: string;
  /** Latitude and longitude, with a comma between. */
  near: string;
  within: string;
}

export const ANYTHING: Sought = { form: '', officer: '', from: '', to: '', area: '', near: '', within: '100' };
export const DISTANCES = [50, 100, 250, 500, 1000, 5000] as const;

const NAMES = Object.keys(ANYTHING) as (keyof Sought)[];

export function soughtOf(query: string): Sought {
  const params = new URLSearchParams(query);
  return Object.fromEntries(NAMES.map((name) => [name, params.get(name) ?? ANYTHING[name]])) as unknown as Sought;
}

export function queryOf(sought: Sought): string {
  const given = NAMES.filter((name) => sought[name] !== '' && (name !== 'within' || sought.near !== ''));
  return new URLSearchParams(given.map((name) => [name, sought[name].trim()])).toString();
}

/** As the server is asked: days begin and end here, and a point is worth more than an area. */
export function askedOf(sought: Sought): Record<string, string | number | null> {
  const near = pointOf(sought.near);
  return {
    form: sought.form || null,
    officer: sought.officer || null,
    from: dayBegins(sought.from, 0),
    to: dayBegins(sought.to, 1),
    near: near === null ? null : near.join(','),
    within_m: near === null ? null : Number(sought.within),
    area: near === null ? sought.area || null : null,
  };
}

/** A point as people write one: two numbers in degrees, with a comma or a space between. */
export function pointOf(text: string): [number, number] | null {
  const parts = text.trim().split(/[\s,]+/).map(Number);
  const [lat, lon] = parts;
  if (parts.length !== 2 || lat === undefined || lon === undefined || !Number.isFinite(lat) || !Number.isFinite(lon)) return null;
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? [lat, lon] : null;
}

function dayBegins(day: string, later: number): number | null {
  const [year, month, date] = day.split('-').map(Number);
  if (!year || !month || !date) return null;
  return new Date(year, month - 1, date + later).getTime();
}
