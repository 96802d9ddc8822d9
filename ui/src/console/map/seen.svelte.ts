/** The assets that the map shows: asked for as far as they are in view, and only while somebody wants to see them. */
import type { AssetsInView } from '../../lib/generated/AssetsInView';
import type { ViewBounds } from '../../lib/generated/ViewBounds';
import type { Spot } from '../../lib/pin';
import { assetsInView } from '../../lib/server';

export class Seen {
  wanted = $state(false);
  /** None from too far away. */
  bounds = $state.raw<ViewBounds | null>(null);
  assets = $state.raw<AssetsInView | null>(null);
  readonly middle: Spot | null = $derived(
    this.bounds === null ? null : { lat: (this.bounds.south + this.bounds.north) / 2, lon: (this.bounds.west + this.bounds.east) / 2 },
  );
  #asked = 0;

  /** Made while a component is. What came too late is not shown. */
  constructor(fail: (thrown: unknown) => void) {
    $effect(() => {
      const mine = ++this.#asked;
      if (!this.wanted || this.bounds === null) {
        this.assets = null;
        return;
      }
      assetsInView(this.bounds).then((found) => mine === this.#asked && (this.assets = found), fail);
    });
  }
}
