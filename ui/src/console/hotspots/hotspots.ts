/** What is counted, as it stands in the address, in the form and in what the server is asked; and how its counts are shown. */
import type { FeatureCollection } from 'geojson';
import type { Hotspots } from '../../lib/generated/Hotspots';
import type { HotHex } from '../../lib/generated/HotHex';
import type { Told } from '../../lib/generated/Told';
import { t } from '../../lib/words';

export interface Wish {
  form: string;
  /** Days, the last one included: `2026-11-26`. */
  from: string;
  to: string;
  compare: Compare;
  side: number;
}

export const COMPARES = ['before', 'year'] as const;
export type Compare = (typeof COMPARES)[number];
export const SIDES = [100, 250, 500, 1000] as const;

type Asked = { form: string | null; from: number; to: number; before_from: number; before_to: number; side_m: number };

/** Thirty days up to today, where the address says nothing. */
export function wishOf(query: string, now: number): Wish {
  const params = new URLSearchParams(query);
  const side = Number(params.get('side'));
  const [from, to] = [params.get('from') ?? '', params.get('to') ?? ''];
  const isPeriod = dayBegins(from, 0) !== null && dayBegins(to, 0) !== null;
  return {
    form: params.get('form') ?? '',
    from: isPeriod ? (from <= to ? from : to) : dayOf(now, -29),
    to: isPeriod ? (from <= to ? to : from) : dayOf(now, 0),
    compare: params.get('compare') === 'year' ? 'year' : 'before',
    side: SIDES.some((known) => known === side) ? side : 250,
  };
}

export function queryOf({ form, from, to, compare, side }: Wish): string {
  return new URLSearchParams({ ...(form === '' ? {} : { form }), from, to, compare, side: String(side) }).toString();
}

/** As the server is asked: days begin and end here. */
export function askedOf(wish: Wish): Asked {
  const [from, to] = [dayBegins(wish.from, 0) ?? 0, dayBegins(wish.to, 1) ?? 1];
  const [before_from, before_to] =
    wish.compare === 'year' ? [yearBefore(wish.from, 0), yearBefore(wish.to, 1)] : [dayBegins(wish.from, -daysOf(wish)) ?? 0, from];
  return { form: wish.form || null, from, to, before_from, before_to, side_m: wish.side };
}

function daysOf({ from, to }: Wish): number {
  const hours = ((dayBegins(to, 1) ?? 0) - (dayBegins(from, 0) ?? 0)) / 3_600_000;
  return Math.round(hours / 24);
}

function yearBefore(day: string, later: number): number {
  const [year = 1970, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year - 1, month - 1, date + later).getTime();
}

function dayBegins(day: string, later: number): number | null {
  const [year, month, date] = day.split('-').map(Number);
  return year && month && date ? new Date(year, month - 1, date + later).getTime() : null;
}

function dayOf(now: number, later: number): string {
  const at = new Date(now);
  const day = new Date(at.getFullYear(), at.getMonth(), at.getDate() + later);
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}

export const countOf = (told: Told): number | null => (typeof told === 'object' ? told.count : null);

/** A count in words, and in as few signs as fit into a hexagon. */
export function tellOf(told: Told, least: number): string {
  if (told === 'few') return t('console.hotspots.few', { n: least });
  return told === 'kept_back' ? t('console.hotspots.kept') : String(told.count);
}
export const signOf = (told: Told, least: number): string => (typeof told === 'object' ? String(told.count) : `<${least}`);

/** `+3`, `−2`, `0`; nothing where either is not told. */
export function changeOf(now: Told, before: Told): string {
  const [after, earlier] = [countOf(now), countOf(before)];
  if (after === null || earlier === null) return '';
  const change = after - earlier;
  return change === 0 ? '0' : `${change > 0 ? '+' : '−'}${Math.abs(change)}`;
}

/** The last step has no end. */
export const STEPS = 4;

/** Where each step of colour but the first begins: even steps up to the most. */
export function stepsOf({ hexes, least }: Hotspots): number[] {
  const most = Math.max(least, ...hexes.map(({ now }) => countOf(now) ?? 0));
  const wide = Math.max(1, Math.ceil((most - least + 1) / STEPS));
  return Array.from({ length: STEPS }, (_, step) => least + step * wide).filter((begins) => begins <= most);
}

/** 0 for none and few, and then one more with each step. */
export function stepOf(told: Told, steps: number[]): number {
  const count = countOf(told) ?? 0;
  return steps.filter((begins) => begins <= count).length;
}

/** Hexagons that hold something now; those that only did before are in the table of areas. */
export const held = (hexes: HotHex[]): HotHex[] => hexes.filter(({ now }) => countOf(now) !== 0);

/** As the map draws them: a step of colour, and the count as a sign, so that colour never speaks alone. */
export function cellsOf(found: Hotspots): FeatureCollection {
  const steps = stepsOf(found);
  return {
    type: 'FeatureCollection',
    features: held(found.hexes).map(({ corners, now }) => ({
      type: 'Feature',
      properties: { step: stepOf(now, steps), sign: signOf(now, found.least) },
      geometry: { type: 'Polygon', coordinates: [[...corners, ...corners.slice(0, 1)]] },
    })),
  };
}
