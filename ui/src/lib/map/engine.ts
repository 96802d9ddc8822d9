/** The drawing of maps, loaded only when a screen shows one: it is larger than all else together. */
import { addProtocol, Map, setWorkerUrl, type GeoJSONSource, type MapMouseEvent } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { PMTiles, Protocol } from 'pmtiles';
import type { ViewBounds } from '../generated/ViewBounds';
import type { Spot } from '../pin';
import { ASSETS_FROM_ZOOM, imageOf } from './assets';
import { outline, type Bounds } from './marks';
import { palette } from './palette';
import { style, type Drawn, type Ground } from './style';

setWorkerUrl(workerUrl);
const protocol = new Protocol();
addProtocol('pmtiles', protocol.tile);

export type Opening = {
  element: HTMLElement;
  grounds: Ground[];
  drawn: Drawn;
  clusters: boolean;
  /** What to show at first. */
  bounds: Bounds;
  /** No nearer than this at first, however little there is. */
  nearest: number;
  /** What was tapped, and the asset that lies under it. */
  onmark: (id: string | null, under: string | null) => void;
  ontap: (spot: Spot) => void;
  onbox: (box: Bounds) => void;
  /** What is shown now, with some room around it; null from too far away for assets. */
  onview: (view: ViewBounds | null) => void;
  /** The first time that everything is drawn: so many milliseconds after it was begun. */
  onidle: (ms: number) => void;
};

export type MapOnScreen = {
  draw: (name: keyof Drawn, data: Drawn[keyof Drawn]) => void;
  choose: (id: string | null) => void;
  showTheme: () => void;
  fly: (to: Spot, zoom?: number) => void;
  fit: (bounds: Bounds) => void;
  zoom: (by: number) => void;
  /** A box is drawn by the next drag. */
  drawBox: (on: boolean) => void;
  close: () => void;
};

/** Whose outlines a map shows, as each one's licence asks to be said. */
export async function attribution(grounds: Ground[]): Promise<string[]> {
  const told = await Promise.all(grounds.map(async (ground) => (await archive(ground).getMetadata()) as { attribution?: string } | null));
  return [...new Set(told.flatMap((words) => (words?.attribution ? [words.attribution] : [])))];
}

function archive({ id, read }: Ground): PMTiles {
  const known = protocol.get(id);
  if (known !== undefined) return known;
  const opened = new PMTiles({ getKey: () => id, getBytes: async (offset, length) => ({ data: await read(offset, length) }) });
  protocol.add(opened);
  return opened;
}

export function openMap(opening: Opening): MapOnScreen {
  const { element, grounds, drawn, clusters, bounds, nearest } = opening;
  const began = performance.now();
  grounds.forEach(archive);
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const look = () => style(grounds, palette(), drawn, clusters);
  const map = new Map({
    container: element,
    style: look(),
    bounds,
    fitBoundsOptions: { padding: 32, maxZoom: nearest },
    maxZoom: 19,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    // Whoever uses the keyboard or a screen reader has the list and the buttons.
    keyboard: false,
    fadeDuration: still ? 0 : 150,
  });
  map.touchZoomRotate.disableRotation();
  // The picture has its name already, and nothing in it is reached by Tab.
  const canvas = map.getCanvas();
  canvas.tabIndex = -1;
  ['role', 'aria-label'].forEach((name) => canvas.removeAttribute(name));
  map.once('idle', () => opening.onidle(performance.now() - began));
  map.on('moveend', () => opening.onview(viewOf(map)));
  map.once('load', () => opening.onview(viewOf(map)));
  map.on('styleimagemissing', ({ id }) => {
    const drawn = imageOf(id);
    if (drawn !== null && !map.hasImage(id)) map.addImage(id, drawn.image, { pixelRatio: drawn.density });
  });
  map.on('click', (event) => void tapped(map, event, opening));
  let chosen: string | null = null;
  const mark = () =>
    ['mark-chosen', 'asset-chosen'].forEach((layer) => map.getLayer(layer) && map.setFilter(layer, ['==', ['get', 'id'], chosen ?? '']));
  const calm = still ? 0 : 160;
  const boxing = boxes(map, opening.onbox);
  return {
    draw(name, data) {
      drawn[name] = data;
      void map.getSource<GeoJSONSource>(name)?.setData(data);
    },
    choose(id) {
      chosen = id;
      if (map.isStyleLoaded()) mark();
      else map.once('idle', mark);
    },
    showTheme() {
      map.setStyle(look());
      map.once('idle', mark);
    },
    fly: (to, zoom) => void map.easeTo({ center: [to.lon, to.lat], duration: calm, ...(zoom === undefined ? {} : { zoom }) }),
    fit: (box) => void map.fitBounds(box, { padding: 32, maxZoom: nearest, duration: calm }),
    zoom: (by) => void map.easeTo({ zoom: map.getZoom() + by, duration: calm }),
    drawBox: boxing,
    close: () => map.remove(),
  };
}

/** A little more than is seen, so that what comes in at an edge is there already. */
const ROOM = 0.15;

function viewOf(map: Map): ViewBounds | null {
  if (map.getZoom() < ASSETS_FROM_ZOOM) return null;
  const [[west, south], [east, north]] = map.getBounds().toArray();
  const [wide, high] = [(east - west) * ROOM, (north - south) * ROOM];
  return { west: west - wide, south: south - high, east: east + wide, north: north + high };
}

/** A finger is wider than a mark: whatever is within reach of it counts. */
const REACH = 14;

async function tapped(map: Map, event: MapMouseEvent, { onmark, ontap }: Opening): Promise<void> {
  const { x, y } = event.point;
  const found = map.queryRenderedFeatures([[x - REACH, y - REACH], [x + REACH, y + REACH]], { layers: ['cluster', 'mark', 'asset', 'asset-many'] });
  const first = found[0];
  if (first === undefined) {
    onmark(null, null);
    ontap({ lat: event.lngLat.lat, lon: event.lngLat.lng });
    return;
  }
  const { id, cluster_id: cluster, count } = first.properties as { id?: string; cluster_id?: number; count?: number };
  if (count !== undefined) {
    map.easeTo({ center: event.lngLat, zoom: map.getZoom() + 1.5 });
    return;
  }
  if (cluster === undefined) {
    const under = found.find(({ layer, properties }) => layer.id === 'asset' && properties['id'] !== id);
    onmark(id ?? null, (under?.properties['id'] as string | undefined) ?? null);
    return;
  }
  const zoom = (await map.getSource<GeoJSONSource>('marks')?.getClusterExpansionZoom(cluster)) ?? map.getZoom() + 2;
  if (first.geometry.type === 'Point') map.easeTo({ center: first.geometry.coordinates as [number, number], zoom });
}

/** Turns drags into boxes while it is on. */
function boxes(map: Map, onbox: (box: Bounds) => void): (on: boolean) => void {
  let on = false;
  let from: MapMouseEvent['lngLat'] | null = null;
  const box = ({ lngLat: to }: MapMouseEvent): Bounds | null =>
    from && [Math.min(from.lng, to.lng), Math.min(from.lat, to.lat), Math.max(from.lng, to.lng), Math.max(from.lat, to.lat)];
  map.on('mousedown', (event) => {
    if (on) from = event.lngLat;
  });
  map.on('mousemove', (event) => {
    const corners = box(event);
    if (corners) void map.getSource<GeoJSONSource>('box')?.setData(outline(corners));
  });
  map.on('mouseup', (event) => {
    const corners = box(event);
    from = null;
    if (corners) onbox(corners);
  });
  return (next) => {
    on = next;
    if (on) map.dragPan.disable();
    else map.dragPan.enable();
  };
}
