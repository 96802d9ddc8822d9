/** Photos and files on their way into the draft: how many are being kept, and why the last was not. */
import type { Capture, PhotoFrom } from '../../capture';
import type { PhotoLine } from '../../answer';

export class Keeping {
  busy = $state(0);
  refused = $state<string | null>(null);

  constructor(private readonly capture: Capture) {}

  /** Null where it was refused. */
  async keep(field: string, file: Blob, from: PhotoFrom): Promise<PhotoLine | null> {
    this.busy += 1;
    this.refused = null;
    try {
      return (await this.capture.photograph?.(field, file, from)) ?? null;
    } catch (failure) {
      this.refused = this.capture.reason(failure);
      return null;
    } finally {
      this.busy -= 1;
    }
  }

  async takeOut(field: string, sha256: string): Promise<void> {
    try {
      await this.capture.removePhoto?.(field, sha256);
    } catch (failure) {
      this.refused = this.capture.reason(failure);
    }
  }
}
