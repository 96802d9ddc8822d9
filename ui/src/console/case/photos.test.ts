import { describe, expect, it } from 'vitest';
import type { Case, PhotoView } from '../../lib/answer';
import { isCovered, pairOf, shownAs } from './photos';

const photo = (field: string, sha256 = field): PhotoView =>
  ({ field, sha256, bytes: 1, kind: 'image/jpeg', width: null, height: null, taken_at_ms: null, name: null, officer: 1, at_ms: 0, received: true }) as PhotoView;
const cover = (sha256: string, number: number, covered: string | null) => ({ sha256, number, covered, boxes: [], officer: 1, at_ms: 0 });

describe('photos of a case', () => {
  it('are put side by side as the form asked for them before and after the work', () => {
    const photos = [photo('photo_before'), photo('detail'), photo('work/photo_after'), photo('work/photo_after', 'last')];
    expect(pairOf(photos, 1)).toEqual([0, 3]);
  });

  it('are put beside the next one where the form has no such questions', () => {
    const photos = [photo('photos', 'a'), photo('photos', 'b'), photo('photos', 'c')];
    expect(pairOf(photos, 0)).toEqual([0, 1]);
    expect(pairOf(photos, 2)).toEqual([1, 2]);
  });

  it('are shown as their last drawing has them', () => {
    const open = { covers: [cover('a', 1, 'x'), cover('a', 2, 'y'), cover('b', 1, 'z'), cover('b', 2, null)] } as unknown as Case;
    expect([shownAs(open, 'a'), isCovered(open, 'a')]).toEqual(['y', true]);
    expect([shownAs(open, 'b'), isCovered(open, 'b')]).toEqual(['b', false]);
    expect(shownAs(open, 'c')).toBe('c');
  });
});
