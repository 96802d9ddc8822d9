/** The address nearest to a position, asked anew when somebody has moved. */
import type { Capture } from '../../capture';
import type { Near } from '../../generated/Near';
import { between, type Spot } from '../../pin';

/** Less than this is a receiver that wavers. */
const MOVED_M = 5;
/** Where nothing was near, the gazetteer may still be on its way. */
const AGAIN_MS = 10_000;

/** Call while a component is made; `spot` is read again whenever what it reads changes. */
export function watchNear(capture: Capture, spot: () => Spot | null): { readonly near: Near | null } {
  const around = $state<{ near: Near | null }>({ near: null });
  let asked: Spot | null = null;
  let noneAt = 0;

  $effect(() => {
    const now = spot();
    if (now === null || capture.nearest === undefined || Date.now() - noneAt < AGAIN_MS) return;
    if (asked !== null) {
      const { north, east } = between(asked, now);
      if (Math.hypot(north, east) < MOVED_M) return;
    }
    asked = { lat: now.lat, lon: now.lon };
    void capture.nearest(now.lat, now.lon).then((near) => {
      around.near = near;
      if (near === null) [asked, noneAt] = [null, Date.now()];
    });
  });
  return around;
}
