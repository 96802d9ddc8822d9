import { expect, test } from 'vitest';
import type { AreaOutlines } from '../../lib/answer';
import { draw, SIDE } from './locator';

function square(name: string, west: number, south: number, size: number): AreaOutlines['features'][number] {
  const ring = [[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]];
  return { type: 'Feature', properties: { name }, geometry: { type: 'Polygon', coordinates: [ring] } };
}
const collection = (...features: AreaOutlines['features']): AreaOutlines => ({ type: 'FeatureCollection', attribution: 'test', features });
const elmRoad = { lat: 52.6285, lon: 1.292 };

test('the area that holds the point is named, and a point outside every area has none', () => {
  const areas = collection(square('East', 1.29, 52.62, 0.02), square('West', 1.2, 52.62, 0.02));
  expect(draw(areas, elmRoad, 6, 4_000).area).toBe('East');
  expect(draw(areas, { lat: 51.5, lon: 0 }, 6, 4_000).area).toBeNull();
});

test('a point in the hole of an area is not in the area', () => {
  const outer = square('Ring', 1.28, 52.62, 0.03);
  const hole = square('', 1.291, 52.628, 0.002);
  const ring = collection({ ...outer, geometry: { type: 'Polygon', coordinates: [...polygon(outer), ...polygon(hole)] } });
  expect(draw(ring, elmRoad, null, 4_000).area).toBeNull();
});

test('a kilometre north is a kilometre up, and a kilometre east is as long', () => {
  const north = 1_000 / 111_320;
  const east = north / Math.cos((elmRoad.lat * Math.PI) / 180);
  const corner = square('', elmRoad.lon, elmRoad.lat, 0);
  const coordinates = [[[elmRoad.lon, elmRoad.lat + north], [elmRoad.lon + east, elmRoad.lat]]];
  const path = draw(collection({ ...corner, geometry: { type: 'Polygon', coordinates } }), elmRoad, null, 4_000).outlines[0]?.path;
  expect(path).toBe(`M${SIDE / 2}.0 ${SIDE / 2 - 80}.0L${SIDE / 2 + 80}.0 ${SIDE / 2}.0Z`);
});

test('accuracy and the bar are drawn to scale', () => {
  const drawing = draw(collection(), elmRoad, 50, 4_000);
  expect(drawing.accuracyRadius).toBe(4);
  expect(drawing.bar).toEqual({ length: 80, metres: 1_000 });
});

function polygon(feature: AreaOutlines['features'][number]): number[][][] {
  return feature.geometry.type === 'Polygon' ? feature.geometry.coordinates : [];
}
