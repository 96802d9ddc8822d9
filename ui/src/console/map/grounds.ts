/** The council's maps, as the console draws them: asked for once, and read by ranges. */
import type { AreaPack } from '../../lib/generated/AreaPack';
import type { Ground } from '../../lib/map/style';
import { Failure, mapBytes, maps } from '../../lib/server';

let asked: Promise<Ground[]> | null = null;

/** None where there are none, or where the server does not say: whoever asks has a drawing or a list without them. */
export function grounds(): Promise<Ground[]> {
  asked ??= maps().then(
    (packs) => packs.map(groundOf),
    (thrown: unknown) => {
      if (!(thrown instanceof Failure)) throw thrown;
      asked = null;
      return [];
    },
  );
  return asked;
}

function groundOf({ key, version, west, south, east, north, min_zoom, max_zoom }: AreaPack): Ground {
  const reach = { west, south, east, north, min_zoom, max_zoom };
  return { id: `${key}@${version}`, reach, read: (offset, length) => mapBytes(key, version, offset, length) };
}
