/** Photos and files chosen while a form is tried. They are shown, given a name of their own, and go nowhere. */
import type { Attached } from '../../../lib/answer';
import type { Capture } from '../../../lib/capture';
import type { Trying } from './trying.svelte';

export function localPhotos(trying: Trying): Pick<Capture, 'photoUrl' | 'photograph' | 'removePhoto' | 'attached'> {
  const kept = new Map<string, { url: string; line: Attached }>();
  return {
    photoUrl: (sha256) => Promise.resolve(kept.get(sha256)?.url ?? ''),
    attached: (field) => trying.photosOf(field).flatMap((sha256) => kept.get(sha256)?.line ?? []),
    photograph: (field, file) => {
      const sha256 = newName();
      const name = file instanceof File ? file.name : null;
      const line = { field, sha256, bytes: file.size, kind: file.type, name, width: null, height: null, taken_at_ms: null, state: 'draft' };
      kept.set(sha256, { url: URL.createObjectURL(file), line });
      trying.answer(field, [...trying.photosOf(field), sha256]);
      return Promise.resolve(line);
    },
    removePhoto: (field, sha256) => {
      const left = trying.photosOf(field).filter((other) => other !== sha256);
      trying.answer(field, left.length === 0 ? null : left);
      URL.revokeObjectURL(kept.get(sha256)?.url ?? '');
      return Promise.resolve();
    },
  };
}

/** In the shape of a photo's hash, which the evaluation asks for. */
function newName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
