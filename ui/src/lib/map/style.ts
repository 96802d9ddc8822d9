/** How our maps look: quiet ground, streets that read in the sun, names in the device's own letters. Nothing is fetched. */
import type { FeatureCollection } from 'geojson';
import type { ExpressionSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl';
import type { Reach } from '../generated/Reach';
import { ASSETS_FROM_ZOOM, imageName, KINDS } from './assets';
import type { Palette } from './palette';

/** A map as a screen reads it: whose, what it covers, and its bytes. */
export type Ground = { id: string; reach: Reach; read: (offset: number, length: number) => Promise<ArrayBuffer> };

export type Drawn = { cells: FeatureCollection; assets: FeatureCollection; marks: FeatureCollection; here: FeatureCollection; pin: FeatureCollection; box: FeatureCollection };

export const NOTHING: FeatureCollection = { type: 'FeatureCollection', features: [] };
export const EMPTY: Drawn = { cells: NOTHING, assets: NOTHING, marks: NOTHING, here: NOTHING, pin: NOTHING, box: NOTHING };

export function style(grounds: Ground[], colours: Palette, drawn: Drawn, clusters: boolean): StyleSpecification {
  const sources: Record<string, SourceSpecification> = {};
  for (const { id, reach } of grounds) {
    sources[id] = {
      type: 'vector',
      tiles: [`pmtiles://${id}/{z}/{x}/{y}`],
      minzoom: reach.min_zoom,
      maxzoom: reach.max_zoom,
      bounds: [reach.west, reach.south, reach.east, reach.north],
    };
  }
  const cluster = clusters ? { cluster: true, clusterRadius: 44, clusterMaxZoom: 15 } : {};
  sources['marks'] = { type: 'geojson', data: drawn.marks, ...cluster };
  for (const name of ['cells', 'assets', 'here', 'pin', 'box'] as const) sources[name] = { type: 'geojson', data: drawn[name] };
  const land: LayerSpecification = { id: 'land', type: 'background', paint: { 'background-color': colours.land } };
  const ids = grounds.map(({ id }) => id);
  return {
    version: 8,
    sources,
    layers: [land, ...ids.flatMap((id) => ground(id, colours)), ...ids.flatMap((id) => names(id, colours)), ...upon(colours)],
  };
}

const FONT = ['Atkinson Hyperlegible Next', 'Verdana', 'sans-serif'];

/** Wider as one comes nearer, doubling with each zoom once streets are streets. */
function wide(at: [number, number][]): ExpressionSpecification {
  return ['interpolate', ['exponential', 1.6], ['zoom'], ...at.flat()];
}

function ground(source: string, colours: Palette): LayerSpecification[] {
  const of = (layer: string) => ({ source, 'source-layer': layer }) as const;
  const road = (name: string): ExpressionSpecification => ['==', ['get', 'class'], name];
  const round = { 'line-cap': 'round', 'line-join': 'round' } as const;
  const street = (extra: number) => wide([[12, 0.4 + extra / 2], [14, 2 + extra], [16, 8 + extra], [19, 46 + extra]]);
  const main = (extra: number) => wide([[10, 1.4 + extra / 2], [13, 3.5 + extra], [16, 14 + extra], [19, 70 + extra]]);
  return [
    { id: `${source}-park`, ...of('park'), type: 'fill', paint: { 'fill-color': colours.park } },
    { id: `${source}-water`, ...of('water'), type: 'fill', paint: { 'fill-color': colours.water } },
    { id: `${source}-building`, ...of('building'), type: 'fill', minzoom: 14.5, paint: { 'fill-color': colours.building } },
    { id: `${source}-street-edge`, ...of('road'), type: 'line', filter: road('street'), minzoom: 13.5, layout: round, paint: { 'line-color': colours.edge, 'line-width': street(2) } },
    { id: `${source}-main-edge`, ...of('road'), type: 'line', filter: road('main'), layout: round, paint: { 'line-color': colours['main-edge'], 'line-width': main(2) } },
    { id: `${source}-street`, ...of('road'), type: 'line', filter: road('street'), minzoom: 12, layout: round, paint: { 'line-color': colours.road, 'line-width': street(0) } },
    { id: `${source}-main`, ...of('road'), type: 'line', filter: road('main'), layout: round, paint: { 'line-color': colours.main, 'line-width': main(0) } },
    { id: `${source}-area`, ...of('area'), type: 'line', paint: { 'line-color': colours.area, 'line-width': wide([[10, 0.6], [16, 2]]), 'line-dasharray': [3, 2.5] } },
  ];
}

function names(source: string, colours: Palette): LayerSpecification[] {
  const paint = (colour: string) => ({ 'text-color': colour, 'text-halo-color': colours.halo, 'text-halo-width': 1.6 });
  const label = (layer: string, size: number, minzoom: number, colour: string): LayerSpecification => ({
    id: `${source}-${layer}`, source, 'source-layer': layer, type: 'symbol', minzoom,
    layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': size, 'text-max-width': 7, 'text-padding': 8 },
    paint: paint(colour),
  });
  const along = (id: string, layer: string, sizes: [number, number][], minzoom: number, colour: string): LayerSpecification => ({
    id: `${source}-${id}`, source, 'source-layer': layer, type: 'symbol', minzoom, filter: ['has', 'name'],
    layout: { 'symbol-placement': 'line', 'symbol-spacing': 320, 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': wide(sizes), 'text-padding': 6 },
    paint: paint(colour),
  });
  const layers = [
    label('place', 13, 12, colours.quiet),
    label('park_name', 13, 14, colours['park-label']),
    along('water_name', 'water_name', [[12, 12], [18, 18]], 12, colours['water-label']),
    along('road_name', 'road', [[14, 11.5], [18, 18]], 14.5, colours.label),
  ];
  // The names of areas give way to those of streets.
  return layers.map((layer) => (layer.id === `${source}-place` ? { ...layer, maxzoom: 15.5 } : layer));
}

const SIGN = ['Atkinson Hyperlegible Next', 'Verdana', 'sans-serif'];

/** What the council looks after, under what is reported. */
function assets(colours: Palette): LayerSpecification[] {
  const image = (kind: Parameters<typeof imageName>[0]) => imageName(kind, colours.ink, colours.surface);
  const kinds = KINDS.filter((kind) => kind !== 'other').flatMap((kind) => [kind, image(kind)]);
  const shape = ['match', ['get', 'kind'], ...kinds, image('other')] as unknown as ExpressionSpecification;
  const upon = { 'icon-allow-overlap': true, 'icon-ignore-placement': true } as const;
  const of = { source: 'assets', minzoom: ASSETS_FROM_ZOOM } as const;
  return [
    { id: 'asset', ...of, type: 'symbol', filter: ['has', 'kind'], layout: { ...upon, 'icon-image': shape, 'icon-size': ['interpolate', ['linear'], ['zoom'], 14, 0.6, 17, 1] } },
    { id: 'asset-many', ...of, type: 'symbol', filter: ['has', 'count'], layout: { ...upon, 'icon-image': image('many'), 'icon-text-fit': 'both', 'icon-text-fit-padding': [5, 7, 5, 7], 'text-field': ['to-string', ['get', 'count']], 'text-font': FONT, 'text-size': 13, 'text-allow-overlap': true, 'text-ignore-placement': true }, paint: { 'text-color': colours.ink } },
    { id: 'asset-chosen', source: 'assets', type: 'circle', filter: ['==', ['get', 'id'], ''], paint: { 'circle-color': 'transparent', 'circle-radius': 19, 'circle-stroke-color': colours.ink, 'circle-stroke-width': 4 } },
  ];
}

/** What is ours upon the ground. */
function upon(colours: Palette): LayerSpecification[] {
  const single: ExpressionSpecification = ['!', ['has', 'point_count']];
  const tone: ExpressionSpecification = ['match', ['get', 'tone'], 'warn', colours.warn, 'good', colours.good, 'quiet', colours.quiet, colours.link];
  const count: ExpressionSpecification = ['step', ['get', 'point_count'], 17, 10, 21, 50, 26];
  const step = (name: (step: number) => string): ExpressionSpecification => ['match', ['get', 'step'], 1, name(1), 2, name(2), 3, name(3), 4, name(4), name(0)];
  const hot = step((at) => colours[`hot-${at}` as keyof Palette]);
  return [
    { id: 'cell', source: 'cells', type: 'fill', paint: { 'fill-color': hot, 'fill-opacity': 0.82 } },
    { id: 'cell-edge', source: 'cells', type: 'line', paint: { 'line-color': colours.ink, 'line-width': 1.2 } },
    { id: 'cell-sign', source: 'cells', type: 'symbol', layout: { 'text-field': ['get', 'sign'], 'text-font': SIGN, 'text-size': 18 }, paint: { 'text-color': step((at) => colours[at < 3 ? 'on-cold' : 'on-hot']) } },
    { id: 'box', source: 'box', type: 'fill', paint: { 'fill-color': colours.link, 'fill-opacity': 0.15, 'fill-outline-color': colours.link } },
    ...assets(colours),
    { id: 'accuracy', source: 'here', type: 'fill', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': colours.link, 'fill-opacity': 0.16 } },
    { id: 'accuracy-edge', source: 'here', type: 'line', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'line-color': colours.link, 'line-width': 1.5 } },
    { id: 'cluster', source: 'marks', type: 'circle', filter: ['has', 'point_count'], paint: { 'circle-color': colours.ink, 'circle-radius': count, 'circle-stroke-color': colours.surface, 'circle-stroke-width': 3 } },
    { id: 'cluster-count', source: 'marks', type: 'symbol', filter: ['has', 'point_count'], layout: { 'text-field': ['get', 'point_count_abbreviated'], 'text-font': FONT, 'text-size': 15, 'text-allow-overlap': true }, paint: { 'text-color': colours.surface } },
    { id: 'mark', source: 'marks', type: 'circle', filter: single, paint: { 'circle-color': ['case', ['get', 'mine'], tone, colours.surface], 'circle-radius': 12, 'circle-stroke-color': ['case', ['get', 'mine'], colours.surface, tone], 'circle-stroke-width': 3 } },
    { id: 'mark-sign', source: 'marks', type: 'symbol', filter: single, layout: { 'text-field': ['get', 'sign'], 'text-font': SIGN, 'text-size': 16, 'text-allow-overlap': true, 'text-ignore-placement': true }, paint: { 'text-color': ['case', ['get', 'mine'], colours['on-mark'], tone] } },
    { id: 'mark-chosen', source: 'marks', type: 'circle', filter: ['==', ['get', 'id'], ''], paint: { 'circle-color': 'transparent', 'circle-radius': 19, 'circle-stroke-color': colours.ink, 'circle-stroke-width': 4 } },
    { id: 'me', source: 'here', type: 'circle', filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-color': colours.link, 'circle-radius': 8, 'circle-stroke-color': colours.surface, 'circle-stroke-width': 3 } },
    { id: 'pin-ring', source: 'pin', type: 'circle', paint: { 'circle-color': 'transparent', 'circle-radius': 16, 'circle-stroke-color': colours.ink, 'circle-stroke-width': 3 } },
    { id: 'pin', source: 'pin', type: 'circle', paint: { 'circle-color': colours.ink, 'circle-radius': 5, 'circle-stroke-color': colours.surface, 'circle-stroke-width': 2 } },
  ];
}
