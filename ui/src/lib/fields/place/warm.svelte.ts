/** Wakes the receiver when a form opens, so that there is a good position by the time it asks for one. */
import type { Capture } from '../../capture';

const EVERY_MS = 2000;
/** Twenty seconds: after that whoever needs a position asks for it. */
const TIMES = 10;

/** Call while a component is made; `wanted` is read again whenever what it reads changes. */
export function warmUp(capture: Capture, wanted: () => boolean): void {
  $effect(() => {
    if (!wanted() || capture.fix === undefined) return;
    let left = TIMES;
    const look = () => {
      if (left === 0) clearInterval(timer);
      left -= 1;
      void capture.fix?.();
    };
    const timer = setInterval(look, EVERY_MS);
    look();
    return () => clearInterval(timer);
  });
}
