/** The photos of a case as its gallery and its lightbox show them: which shot, how it came, what is covered. */
import type { Case, PhotoView } from '../../lib/answer';
import { findQuestion } from '../../lib/form';
import type { Cover } from '../../lib/generated/Cover';
import type { PhotoFact } from '../../lib/generated/PhotoFact';
import { say } from '../../lib/words';

/** The question that asked for it. */
export function shotOf(open: Case, photo: PhotoView): string {
  return say(findQuestion(open.form, photo.field)?.label) || photo.field;
}

export function factOf(open: Case, photo: PhotoView): PhotoFact | null {
  return open.photo_facts.find((fact) => fact.sha256 === photo.sha256) ?? null;
}

/** Every drawing over a photo, the newest last. */
export function drawingsOf(open: Case, sha256: string): Cover[] {
  return open.covers.filter((cover) => cover.sha256 === sha256);
}

/** The hash of what is shown of a photo: its covered copy, or itself. */
export function shownAs(open: Case, sha256: string): string {
  return drawingsOf(open, sha256).at(-1)?.covered ?? sha256;
}

export function isCovered(open: Case, sha256: string): boolean {
  return shownAs(open, sha256) !== sha256;
}

/** What a before and an after are called in the keys of questions. */
const BEFORE = /before|cyn\b/i;
const AFTER = /after|wedi/i;

/** Two photos to put side by side: the form's own before and after, or this one and the next. */
export function pairOf(photos: PhotoView[], at: number): [number, number] {
  const before = photos.findIndex((photo) => BEFORE.test(photo.field));
  const after = photos.findLastIndex((photo) => AFTER.test(photo.field));
  if (before >= 0 && after >= 0 && before !== after) return [before, after];
  return at + 1 < photos.length ? [at, at + 1] : [Math.max(0, at - 1), at];
}
