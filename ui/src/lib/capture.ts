/** What a form may ask of whatever it runs on: a position, a camera, a photo's bytes. The app gives all of it; the console
 *  gives photos to look at, and no camera. */
import { createContext } from 'svelte';
import type { AddressesFound } from './generated/AddressesFound';
import type { FoundArea } from './generated/FoundArea';
import type { Hit } from './generated/Hit';
import type { Near } from './generated/Near';
import type { Ground } from './map/style';
import type { Attached, Offer, PhotoLine, PlaceAnswer, Telephone } from './answer';

export type PhotoSize = 'thumb' | 'display' | 'original';
export type PhotoFrom = 'viewfinder' | 'camera' | 'gallery' | 'file';

export type Capture = {
  photoUrl(sha256: string, size: PhotoSize): Promise<string>;
  /** Absent where there is no camera and no file to choose. */
  photograph?: (field: string, file: Blob, from: PhotoFrom) => Promise<PhotoLine>;
  /** Written down before a camera opens, so that what it takes is found again whatever ends the app meanwhile. */
  cameraOpens?: (field: string, way: PhotoFrom) => Promise<void>;
  cameraShut?: (field: string) => Promise<void>;
  removePhoto?: (field: string, sha256: string) => Promise<void>;
  /** What is attached to a question, with its size and the name it had; absent where only its hash is known. */
  attached?: (field: string) => Attached[];
  /** Searches a list too long to lay out. A choice's own name finds it too. */
  choices?: (field: string, sought: string, limit: number) => Promise<Offer>;
  /** One of the council's telephone numbers, by the key a form calls it. */
  telephone?: (key: string) => Telephone | undefined;
  /** Searches the council's addresses; absent where there are none to search. */
  addresses?: (typed: string) => Promise<AddressesFound>;
  nearest?: (lat: number, lon: number) => Promise<Near | null>;
  /** Answers with an address or a street, its numbers and its place; null says that the gazetteer has none like what was typed. */
  chooseAddress?: (field: string, hit: Hit | null) => Promise<void>;
  /** The British National Grid reference of a place, or null off the grid; absent where nothing works it out. */
  gridReference?: (place: PlaceAnswer) => Promise<string | null>;
  /** The council's areas that a place lies in; absent where nothing works them out. */
  areasAt?: (place: PlaceAnswer) => Promise<FoundArea[]>;
  /** The best of the last fixes, or null where the device does not know where it is. */
  fix?: () => Promise<PlaceAnswer | null>;
  /** Maps to put a pin on; absent where there are none. */
  maps?: () => Promise<Ground[]>;
  /** Whether this question opens with its viewfinder on: a report begun a moment ago does at its first, to photograph first. */
  opensAt?: (field: string) => boolean;
  /** The sentence for a refusal that one of these threw. */
  reason(failure: unknown): string;
  now(): number;
};

export const [useCapture, provideCapture] = createContext<Capture>();
