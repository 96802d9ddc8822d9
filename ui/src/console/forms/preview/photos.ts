/** Photos chosen while a form is tried. They are shown, given a name of their own, and go nowhere. */
import type { Capture } from '../../../lib/capture';
import { reason } from '../../../lib/failures';
import type { Trying } from './trying.svelte';

export function localPhotos(trying: Trying): Capture {
  const shown = new Map<string, string>();
  return {
    photoUrl: (sha256) => Promise.resolve(shown.get(sha256) ?? ''),
    photograph: (field, file) => {
      const sha256 = newName();
      shown.set(sha256, URL.createObjectURL(file));
      trying.answer(field, [...trying.photosOf(field), sha256]);
      return Promise.resolve({ field, sha256, bytes: file.size, width: null, height: null, taken_at_ms: null, state: 'draft' });
    },
    removePhoto: (field, sha256) => {
      const left = trying.photosOf(field).filter((other) => other !== sha256);
      trying.answer(field, left.length === 0 ? null : left);
      URL.revokeObjectURL(shown.get(sha256) ?? '');
      return Promise.resolve();
    },
    reason,
    now: () => Date.now(),
  };
}

/** In the shape of a photo's hash, which the evaluation asks for. */
function newName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
