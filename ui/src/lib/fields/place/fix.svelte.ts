/** The device's newest position, asked again every other second while somebody needs it. */
import type { PlaceAnswer } from '../../answer';
import type { Capture } from '../../capture';

const EVERY_MS = 2000;

/** Call while a component is made; `wanted` is read again whenever what it reads changes. */
export function watchFix(capture: Capture, wanted: () => boolean): { readonly fix: PlaceAnswer | null; readonly looked: boolean; readonly now: number } {
  const around = $state<{ fix: PlaceAnswer | null; looked: boolean; now: number }>({ fix: null, looked: capture.fix === undefined, now: capture.now() });

  $effect(() => {
    if (!wanted() || capture.fix === undefined) return;
    let live = true;
    const look = async () => {
      const newest = await capture.fix?.();
      if (!live) return;
      around.fix = newest ?? around.fix;
      around.looked = true;
      around.now = capture.now();
    };
    void look();
    const timer = setInterval(() => void look(), EVERY_MS);
    return () => {
      live = false;
      clearInterval(timer);
    };
  });
  return around;
}
