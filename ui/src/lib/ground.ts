/** Lines and outlines on the ground: how long, how large, and as a drawing that fits a box. */
import type { Corner } from './answer';
import { between, type Spot } from './pin';

const spot = ([lat, lon]: Corner): Spot => ({ lat, lon });

/** Metres from corner to corner; an outline also goes back to its first. */
export function lengthOf(corners: Corner[], closed: boolean): number {
  const first = corners[0];
  const path = closed && first !== undefined && 2 < corners.length ? [...corners, first] : corners;
  return path.slice(1).reduce((sum, corner, index) => {
    const { east, north } = between(spot(path[index] ?? corner), spot(corner));
    return sum + Math.hypot(east, north);
  }, 0);
}

/** Square metres within an outline. */
export function areaOf(corners: Corner[]): number {
  const plan = onPlan(corners);
  const twice = plan.reduce((sum, { east, north }, index) => {
    const next = plan[(index + 1) % plan.length] ?? { east, north };
    return sum + east * next.north - next.east * north;
  }, 0);
  return Math.abs(twice) / 2;
}

/** The corners in a square of this size, north up and true to scale, with a margin; one corner stands in the middle. */
export function sketch(corners: Corner[], size: number, margin: number): { x: number; y: number }[] {
  const plan = onPlan(corners);
  const easts = plan.map(({ east }) => east);
  const norths = plan.map(({ north }) => north);
  const [west, south] = [Math.min(...easts), Math.min(...norths)];
  const [width, height] = [Math.max(...easts) - west, Math.max(...norths) - south];
  const scale = (size - 2 * margin) / Math.max(width, height, Number.EPSILON);
  return plan.map(({ east, north }) => ({
    x: size / 2 + (east - west - width / 2) * scale,
    y: size / 2 - (north - south - height / 2) * scale,
  }));
}

/** `4.2 m`, `310 m`, `1.24 km`. */
export function metres(length: number): string {
  if (length < 10) return `${length.toFixed(1)} m`;
  return length < 1000 ? `${Math.round(length)} m` : `${(length / 1000).toFixed(2)} km`;
}

function onPlan(corners: Corner[]): { east: number; north: number }[] {
  const first = corners[0];
  return first === undefined ? [] : corners.map((corner) => between(spot(first), spot(corner)));
}
