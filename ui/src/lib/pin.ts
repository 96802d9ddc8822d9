/** Placing a pin without a map: metres on the ground to degrees and back, and coordinates as they are typed. */
import type { PlaceAnswer } from './answer';

export type Spot = { lat: number; lon: number };

const METRES_PER_DEGREE = 111_320;

/** A spot some metres east and north of another. Flat-earth arithmetic: good to centimetres over the distances of a pin. */
export function moved(from: Spot, east: number, north: number): Spot {
  const shrink = Math.cos((from.lat * Math.PI) / 180);
  return { lat: from.lat + north / METRES_PER_DEGREE, lon: from.lon + east / (METRES_PER_DEGREE * shrink) };
}

/** Metres east and north from one spot to another. */
export function between(from: Spot, to: Spot): { east: number; north: number } {
  const shrink = Math.cos((from.lat * Math.PI) / 180);
  return { east: (to.lon - from.lon) * METRES_PER_DEGREE * shrink, north: (to.lat - from.lat) * METRES_PER_DEGREE };
}

/** `52.6285, 1.2920` as a spot; null for what is not one, and for 0, 0, where nobody works. */
export function spotTyped(lat: string, lon: string): Spot | null {
  if (!/^[-+]?\d+(\.\d+)?$/.test(lat.trim()) || !/^[-+]?\d+(\.\d+)?$/.test(lon.trim())) return null;
  const spot = { lat: Number(lat), lon: Number(lon) };
  const onEarth = Math.abs(spot.lat) <= 90 && Math.abs(spot.lon) <= 180;
  return onEarth && !(spot.lat === 0 && spot.lon === 0) ? spot : null;
}

export function pinAnswer(spot: Spot, nowMs: number): PlaceAnswer {
  return {
    lat: Number(spot.lat.toFixed(7)),
    lon: Number(spot.lon.toFixed(7)),
    accuracy_m: null,
    altitude_m: null,
    fixed_at: `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
    source: 'pin',
  };
}
