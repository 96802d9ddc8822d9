/** What a form may ask of whatever it runs on: a position, a camera, a photo's bytes. The app gives all of it; the console
 *  gives photos to look at, and no camera. */
import { createContext } from 'svelte';
import type { PhotoLine, PlaceAnswer } from './answer';

export type PhotoSize = 'thumb' | 'display' | 'original';
export type PhotoFrom = 'viewfinder' | 'camera' | 'gallery';

export type Capture = {
  photoUrl(sha256: string, size: PhotoSize): Promise<string>;
  /** Absent where there is no camera and no file to choose. */
  photograph?: (field: string, jpeg: Blob, from: PhotoFrom) => Promise<PhotoLine>;
  removePhoto?: (field: string, sha256: string) => Promise<void>;
  /** The newest fix, or null where the device does not know where it is. */
  fix?: () => Promise<PlaceAnswer | null>;
  /** Whether this question opens with its viewfinder on: a report begun a moment ago does at its first, to photograph first. */
  opensAt?: (field: string) => boolean;
  /** The sentence for a refusal that one of these threw. */
  reason(failure: unknown): string;
  now(): number;
};

export const [useCapture, provideCapture] = createContext<Capture>();
