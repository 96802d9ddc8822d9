/** Assets as they are drawn: a shape for each kind, the same on the map and in a list, so that colour never speaks alone. */
import type { FeatureCollection } from 'geojson';
import type { AssetKind } from '../generated/AssetKind';
import type { AssetMark } from '../generated/AssetMark';
import type { AssetsInView } from '../generated/AssetsInView';
import type { Word } from '../words';

/** From here on somebody can walk from one to the next; further away they would hide what is reported. */
export const ASSETS_FROM_ZOOM = 14;

/** On a square of 24. What lies in a shape is a hole in it. */
export const SHAPES: Record<AssetKind, string> = {
  lamp: 'M7 22h6v-1.5h-2V5h5v2h-2.5L12 10.5h9L19.5 7H18V3H9v17.5H7z',
  litter_bin: 'M5 6h14v2.5H5z M6 10h12l-1.5 12h-9z M9 3h6v2H9z',
  grit_bin: 'M2 11.5L5 5h14l3 6.5z M3 13h18v8H3z',
  gully: 'M2 5h20v14H2z M5 7.5v9h2.5v-9z M10.75 7.5v9h2.5v-9z M16.5 7.5v9H19v-9z',
  tree: 'M12 1.5a7.25 7.25 0 0 1 1.75 14.25V22h-3.5v-6.25A7.25 7.25 0 0 1 12 1.5z',
  bench: 'M3 5h18v4H3z M5 9h2.5v3H5z M16.5 9H19v3h-2.5z M2 12h20v3.5H2z M4 15.5h3V21H4z M17 15.5h3V21h-3z',
  play: 'M2 21L6.5 3h11L22 21h-3L15.25 6h-6.5L5 21z M9.5 6H11v8H9.5z M13 6h1.5v8H13z M8.5 14h7v2.5h-7z',
  sign: 'M12 1.5L21 15H3z M10.5 15h3v7h-3z',
  other: 'M12 2l9 10-9 10-9-10z',
};

export const KINDS = Object.keys(SHAPES) as AssetKind[];

export function kindWord(kind: AssetKind): Word {
  return `asset.kind.${kind}`;
}

/** What an asset is called among the marks of a map. */
export function idOf({ set, code }: { set: string; code: string }): string {
  return `asset/${encodeURIComponent(set)}/${encodeURIComponent(code)}`;
}

/** The same back again; null where it is another mark's. */
export function assetOf(id: string): { set: string; code: string } | null {
  const [what, set, code] = id.split('/').map(decodeURIComponent);
  return what === 'asset' && set !== undefined && code !== undefined ? { set, code } : null;
}

/** `LB-014, Castle Meadow` or the code alone. */
export function named({ code, name }: Pick<AssetMark, 'code' | 'name'>): string {
  return name === '' ? code : `${code}, ${name}`;
}

export function assetPoints(view: AssetsInView | null): FeatureCollection {
  const point = (lon: number, lat: number) => ({ type: 'Point' as const, coordinates: [lon, lat] });
  const each = (view?.assets ?? []).map((asset) => ({
    type: 'Feature' as const,
    properties: { id: idOf(asset), kind: asset.kind },
    geometry: point(asset.lon, asset.lat),
  }));
  const gathered = (view?.gathered ?? []).map(({ count, lat, lon }) => ({
    type: 'Feature' as const,
    properties: { count },
    geometry: point(lon, lat),
  }));
  return { type: 'FeatureCollection', features: [...each, ...gathered] };
}

/** An image of the map says in its name what it shows and in which colours, so that another theme asks for another image. */
export function imageName(kind: AssetKind | 'many', ink: string, halo: string): string {
  return ['asset', kind, ink, halo].join('|');
}

const SIZE = 26;
const DENSITY = 2;

export type Image = { image: ImageData; density: number };

/** Draws the image of this name; null where it is none of ours. */
export function imageOf(name: string): Image | null {
  const [what, kind, ink, halo] = name.split('|');
  const context = document.createElement('canvas').getContext('2d');
  if (what !== 'asset' || ink === undefined || halo === undefined || context === null) return null;
  const wide = SIZE * DENSITY;
  [context.canvas.width, context.canvas.height] = [wide, wide];
  context.scale(wide / 26, wide / 26);
  context.translate(1, 1);
  [context.fillStyle, context.strokeStyle, context.lineJoin] = [ink, halo, 'round'];
  if (kind === 'many') {
    [context.fillStyle, context.strokeStyle, context.lineWidth] = [halo, ink, 2.5];
    const plate = new Path2D('M2 2h20v20H2z');
    context.fill(plate);
    context.stroke(plate);
  } else {
    const shape = new Path2D(SHAPES[kind as AssetKind] ?? SHAPES.other);
    context.lineWidth = 4;
    context.stroke(shape);
    context.fill(shape, 'evenodd');
  }
  return { image: context.getImageData(0, 0, wide, wide), density: DENSITY };
}
