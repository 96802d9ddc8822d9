/**
 * The point on a plain drawing of the council's own outlines: true to scale and north up, with no streets to suggest
 * an exactness that is not there. Distances near the point are flat enough for a council (under 0.1 % at 10 km).
 */
import type { AreaOutlines } from '../../lib/answer';

export interface Point {
  lat: number;
  lon: number;
}

export interface Outline {
  name: string;
  path: string;
  holdsPoint: boolean;
}

export interface Drawing {
  outlines: Outline[];
  area: string | null;
  accuracyRadius: number;
  bar: { length: number; metres: number };
}

/** The side of the square drawing in its own units; the point is at its middle. */
export const SIDE = 320;
/** How much ground the drawing may show across, from a street's end to the whole council. */
export const SPANS = [1_500, 4_000, 12_000] as const;

const METRES_PER_DEGREE = 111_320;

export function draw(areas: AreaOutlines, at: Point, accuracyMetres: number | null, span: number): Drawing {
  const perMetre = SIDE / span;
  const drawn = areas.features.map((feature) => {
    const rings = ringsOf(feature.geometry);
    return {
      name: feature.properties.name,
      path: rings.map((ring) => ringPath(ring, at, span)).join(''),
      holdsPoint: holds(rings, at),
    };
  });
  // The area around the point is drawn last, so that its neighbours' lines do not run over its own.
  const outlines = drawn.sort((a, b) => Number(a.holdsPoint) - Number(b.holdsPoint));
  return {
    outlines,
    area: outlines.find((outline) => outline.holdsPoint)?.name ?? null,
    accuracyRadius: (accuracyMetres ?? 0) * perMetre,
    bar: barFor(span, perMetre),
  };
}

/** Where another point falls on a drawing made around `at`. */
export function offsetOf(at: Point, other: Point, span: number): { x: number; y: number } {
  const perDegree = (METRES_PER_DEGREE * SIDE) / span;
  return {
    x: SIDE / 2 + (other.lon - at.lon) * Math.cos((at.lat * Math.PI) / 180) * perDegree,
    y: SIDE / 2 - (other.lat - at.lat) * perDegree,
  };
}

export function ringsOf(geometry: AreaOutlines['features'][number]['geometry']): number[][][] {
  return geometry.type === 'Polygon' ? geometry.coordinates : geometry.coordinates.flat();
}

function ringPath(ring: number[][], at: Point, span: number): string {
  const steps = ring.map(([lon = 0, lat = 0]) => {
    const { x, y } = offsetOf(at, { lat, lon }, span);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return `M${steps.join('L')}Z`;
}

/** Even-odd, so that a hole in an area does not count as the area. */
function holds(rings: number[][][], at: Point): boolean {
  return rings.filter((ring) => crossings(ring, at) % 2 === 1).length % 2 === 1;
}

function crossings(ring: number[][], at: Point): number {
  let count = 0;
  for (let index = 0; index < ring.length; index += 1) {
    const [x1 = 0, y1 = 0] = ring[index] ?? [];
    const [x2 = 0, y2 = 0] = ring[(index + 1) % ring.length] ?? [];
    const spans = y1 > at.lat !== y2 > at.lat;
    if (spans && at.lon < x1 + ((at.lat - y1) / (y2 - y1)) * (x2 - x1)) count += 1;
  }
  return count;
}

/** A bar of a round length, between a fifth and a half of the drawing. */
function barFor(span: number, perMetre: number): { length: number; metres: number } {
  const metres = [5_000, 2_000, 1_000, 500, 200, 100, 50].find((round) => round <= span / 2.5) ?? 50;
  return { length: metres * perMetre, metres };
}
