/** What stands on a map, and how far and in which direction it is. */
import type { FeatureCollection } from 'geojson';
import type { Reach } from '../generated/Reach';
import { between, moved, type Spot } from '../pin';
import type { Word } from '../words';

export type Bounds = [west: number, south: number, east: number, north: number];

export type Tone = 'plain' | 'warn' | 'good' | 'quiet';

export type Mark = Spot & {
  id: string;
  tone: Tone;
  /** One letter inside it, so that colour never speaks alone. */
  sign: string;
  /** Filled; others are hollow. */
  mine: boolean;
};

export type Here = Spot & { accuracyM: number };

const POINTS: Word[] = ['map.n', 'map.ne', 'map.e', 'map.se', 'map.s', 'map.sw', 'map.w', 'map.nw'];

/** `120 m`, and which of eight ways. */
export function away(from: Spot, to: Spot): { metres: number; point: Word } {
  const { east, north } = between(from, to);
  const turn = (Math.atan2(east, north) / (2 * Math.PI) + 1) % 1;
  return { metres: Math.hypot(east, north), point: POINTS[Math.round(turn * 8) % 8] ?? 'map.n' };
}

/** Nearest first; as they come where nobody knows from where. */
export function nearestFirst<T extends Spot>(marks: T[], from: Spot | null): T[] {
  if (from === null) return marks;
  const far = new Map(marks.map((mark) => [mark, away(from, mark).metres]));
  return marks.toSorted((one, other) => (far.get(one) ?? 0) - (far.get(other) ?? 0));
}

export function points(marks: Mark[]): FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: marks.map(({ id, lat, lon, tone, sign, mine }) => ({
      type: 'Feature',
      properties: { id, tone, sign, mine },
      geometry: { type: 'Point', coordinates: [lon, lat] },
    })),
  };
}

const CORNERS = 48;

/** A circle on the ground around where somebody is, and the middle of it. */
export function circle(here: Here | null): FeatureCollection {
  if (here === null) return { type: 'FeatureCollection', features: [] };
  const ring = Array.from({ length: CORNERS + 1 }, (_, corner) => {
    const turn = (corner / CORNERS) * 2 * Math.PI;
    const spot = moved(here, here.accuracyM * Math.sin(turn), here.accuracyM * Math.cos(turn));
    return [spot.lon, spot.lat];
  });
  return {
    type: 'FeatureCollection',
    features: [
      { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [ring] } },
      { type: 'Feature', properties: {}, geometry: { type: 'Point', coordinates: [here.lon, here.lat] } },
    ],
  };
}

/** Whether a map has this spot on it. */
export function covers({ west, south, east, north }: Reach, { lat, lon }: Spot): boolean {
  return west <= lon && lon <= east && south <= lat && lat <= north;
}

/** The smallest box around them, with room; null where there are none. */
export function around(spots: Spot[]): Bounds | null {
  if (spots.length === 0) return null;
  const room = 0.0015;
  const lats = spots.map(({ lat }) => lat);
  const lons = spots.map(({ lon }) => lon);
  return [Math.min(...lons) - room, Math.min(...lats) - room, Math.max(...lons) + room, Math.max(...lats) + room];
}

/** Every corner of what is drawn as an area. */
export function cornersOf({ features }: FeatureCollection): Spot[] {
  const rings = features.flatMap(({ geometry }) => (geometry.type === 'Polygon' ? geometry.coordinates : []));
  return rings.flat().map(([lon = 0, lat = 0]) => ({ lat, lon }));
}

export function outline([west, south, east, north]: Bounds): FeatureCollection {
  const ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
  return { type: 'FeatureCollection', features: [{ type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [ring] } }] };
}
