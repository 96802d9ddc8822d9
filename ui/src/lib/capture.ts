/** What a form may ask of whatever it runs on: a position, a camera, a photo's bytes. The app gives all of it; the console
 *  gives photos to look at, and no camera. */
import { createContext } from 'svelte';
import type { Attached, Offer, PhotoLine, PlaceAnswer, Telephone } from './answer';

export type PhotoSize = 'thumb' | 'display' | 'original';
export type PhotoFrom = 'viewfinder' | 'camera' | 'gallery' | 'file';

export type Capture = {
  photoUrl(sha256: string, size: PhotoSize): Promise<string>;
  /** Absent where there is no camera and no file to choose. */
  photograph?: (field: string, file: Blob, from: PhotoFrom) => Promise<PhotoLine>;
  removePhoto?: (field: string, sha256: string) => Promise<void>;
  /** What is attached to a question, with its size and the name it had; absent where only its hash is known. */
  attached?: (field: string) => Attached[];
  /** Searches a list too long to lay out. A choice's own name finds it too. */
  choices?: (field: string, sought: string, limit: number) => Promise<Offer>;
  /** One of the council's telephone numbers, by the key a form calls it. */
  telephone?: (key: string) => Telephone | undefined;
  /** The newest fix, or null where the device does not know where it is. */
  fix?: () => Promise<PlaceAnswer | null>;
  /** Whether this question opens with its viewfinder on: a report begun a moment ago does at its first, to photograph first. */
  opensAt?: (field: string) => boolean;
  /** The sentence for a refusal that one of these threw. */
  reason(failure: unknown): string;
  now(): number;
};

export const [useCapture, provideCapture] = createContext<Capture>();
