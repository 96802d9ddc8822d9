import { expect, test } from 'vitest';
import { metered } from '../line';
import { moved } from '../pin';
import { assetOf, assetPoints, idOf, imageName, KINDS, named } from './assets';
import { around, away, circle, covers, nearestFirst, points } from './marks';
import type { Palette } from './palette';
import { EMPTY, style, type Ground } from './style';

const HERE = { lat: 52.6285, lon: 1.292 };
const REACH = { west: 1.2, south: 52.5, east: 1.4, north: 52.7, min_zoom: 10, max_zoom: 15 };

test('each of eight ways is told by its name', () => {
  const names = ['n', 'ne', 'e', 'se', 's', 'sw', 'w', 'nw'];
  names.forEach((name, eighth) => {
    const turn = (eighth * Math.PI) / 4;
    const there = moved(HERE, 120 * Math.sin(turn), 120 * Math.cos(turn));
    const told = away(HERE, there);
    expect(told.point).toBe(`map.${name}`);
    expect(Math.abs(told.metres - 120)).toBeLessThan(0.1);
  });
});

test('the list is nearest first, and as it came where nobody knows from where', () => {
  const far = { id: 'far', ...moved(HERE, 500, 0) };
  const near = { id: 'near', ...moved(HERE, 0, -40) };
  expect(nearestFirst([far, near], HERE).map(({ id }) => id)).toEqual(['near', 'far']);
  expect(nearestFirst([far, near], null).map(({ id }) => id)).toEqual(['far', 'near']);
});

test('the circle of accuracy is as wide on the ground as it says', () => {
  const [ring] = circle({ ...HERE, accuracyM: 30 }).features;
  const corners = ring?.geometry.type === 'Polygon' ? (ring.geometry.coordinates[0] ?? []) : [];
  expect(corners).toHaveLength(49);
  for (const [lon = 0, lat = 0] of corners) expect(Math.abs(away(HERE, { lat, lon }).metres - 30)).toBeLessThan(0.1);
  expect(circle(null).features).toEqual([]);
});

test('what is shown first holds every mark, and nothing where there is none', () => {
  const box = around([HERE, moved(HERE, 900, 400)]);
  expect(box?.every(Number.isFinite)).toBe(true);
  expect(box?.[0]).toBeLessThan(HERE.lon);
  expect(around([])).toBeNull();
  expect(covers(REACH, HERE)).toBe(true);
  expect(covers(REACH, { lat: 51, lon: 1.3 })).toBe(false);
  expect(points([{ ...HERE, id: 'a', tone: 'plain', sign: '•', mine: true }]).features).toHaveLength(1);
});

test('the style fetches nothing: no glyphs, no sprite, tiles from the pack alone', () => {
  const ground: Ground = { id: 'norwich@1', reach: REACH, read: () => Promise.reject(new Error('not read')) };
  const colours = new Proxy({}, { get: () => '#123456' }) as Palette;
  const made = style([ground], colours, EMPTY, true);
  expect(made.glyphs).toBeUndefined();
  expect(made.sprite).toBeUndefined();
  expect(JSON.stringify(made)).not.toMatch(/https?:/);
  expect(new Set(made.layers.map(({ id }) => id)).size).toBe(made.layers.length);
  expect(made.layers[0]?.type).toBe('background');
});

test('every kind of asset has a shape of its own, and another theme asks for other images', () => {
  const ground: Ground = { id: 'norwich@1', reach: REACH, read: () => Promise.reject(new Error('not read')) };
  const made = (colour: string) => JSON.stringify(style([ground], new Proxy({}, { get: () => colour }) as Palette, EMPTY, true));
  for (const kind of KINDS) {
    expect(made('#111111')).toContain(imageName(kind, '#111111', '#111111'));
    expect(made('#eeeeee')).not.toContain(imageName(kind, '#111111', '#111111'));
  }
});

test('an asset is found again by what it is called among the marks, and a report is none', () => {
  const asset = { set: 'bins', kind: 'litter_bin' as const, code: 'LB/7 ü', name: '', ...HERE };
  expect(assetOf(idOf(asset))).toEqual({ set: 'bins', code: 'LB/7 ü' });
  expect(assetOf('0198f1c2a7b34c5d8e9f')).toBeNull();
  expect([named(asset), named({ ...asset, name: 'Mill Lane' })]).toEqual(['LB/7 ü', 'LB/7 ü, Mill Lane']);
  const drawn = assetPoints({ assets: [asset], gathered: [{ count: 12, ...HERE }] });
  expect(drawn.features.map(({ properties }) => properties?.['count'] ?? properties?.['kind'])).toEqual(['litter_bin', 12]);
  expect(assetPoints(null).features).toEqual([]);
});

test('a line that says nothing is not known, and one that saves data is not free', () => {
  expect(metered(undefined)).toBe(null);
  expect(metered({ type: 'wifi' })).toBe(false);
  expect(metered({ type: 'wifi', saveData: true })).toBe(true);
  expect(metered({ type: 'cellular' })).toBe(true);
});
