/** The maps on this device, as a screen draws them, and what stands on them. */
import type { MapHere } from '../lib/generated/MapHere';
import type { RecordMark } from '../lib/generated/RecordMark';
import type { WorkState } from '../lib/generated/WorkState';
import type { Mark, Tone } from '../lib/map/marks';
import type { Ground } from '../lib/map/style';
import * as native from '../lib/native';

export function grounds(maps: MapHere[]): Ground[] {
  return maps.flatMap(({ file, pack }) => (file === null ? [] : [groundOf(file, pack)]));
}

function groundOf(file: string, { west, south, east, north, min_zoom, max_zoom }: MapHere['pack']): Ground {
  const reach = { west, south, east, north, min_zoom, max_zoom };
  return { id: file, reach, read: (offset, length) => native.mapBytes(file, offset, length) };
}

const SIGNS: Record<WorkState, [Tone, string]> = {
  needs_you: ['warn', '!'],
  draft: ['plain', '…'],
  saved: ['plain', '•'],
  sending: ['plain', '•'],
  received: ['good', '✓'],
  safe: ['good', '✓'],
};

export function markOf({ record, state, mine, lat, lon }: RecordMark): Mark {
  const [tone, sign] = SIGNS[state];
  return { id: record, lat, lon, tone, sign, mine };
}
