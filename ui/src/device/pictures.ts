/** Photos as addresses an `img` can show. Bytes cross once for each size; the oldest are let go. */
import type { PhotoSize } from '../lib/capture';
import * as native from '../lib/native';

const KEPT = 60;
const urls = new Map<string, Promise<string>>();

export function photoUrl(sha256: string, size: PhotoSize): Promise<string> {
  return shown(`${sha256}/${size}`, () => native.photoBytes(sha256, size));
}

function shown(key: string, read: () => Promise<ArrayBuffer>): Promise<string> {
  const known = urls.get(key);
  if (known !== undefined) return known;
  const made = read().then((bytes) => URL.createObjectURL(new Blob([bytes], { type: 'image/jpeg' })));
  urls.set(key, made);
  made.catch(() => urls.delete(key));
  letGo();
  return made;
}

/** A photo that is not in the vault yet, by the name of its file. */
export function pictureOf(name: string): Promise<string> {
  return shown(`file:${name}`, () => native.orphanPicture(name));
}

/** Nothing of the vault stays in the page once it is locked. */
export function forgetPictures(): void {
  for (const made of urls.values()) void made.then((url) => URL.revokeObjectURL(url));
  urls.clear();
}

function letGo(): void {
  for (const [key, made] of urls) {
    if (urls.size <= KEPT) return;
    urls.delete(key);
    void made.then((url) => URL.revokeObjectURL(url));
  }
}
