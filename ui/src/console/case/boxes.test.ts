import { describe, expect, it } from 'vitest';
import { boxAround, boxBetween, keyedBox, LEAST, moved, resized, WHOLE } from './boxes';

const box = { left: 1000, top: 2000, width: 3000, height: 1000 };

describe('a box over a photo', () => {
  it('is drawn between two corners, whichever comes first', () => {
    const drawn = { left: 1000, top: 2000, width: 3000, height: 1000 };
    expect(boxBetween({ x: 0.1, y: 0.2 }, { x: 0.4, y: 0.3 })).toEqual(drawn);
    expect(boxBetween({ x: 0.4, y: 0.3 }, { x: 0.1, y: 0.2 })).toEqual(drawn);
  });

  it('stays on the photo', () => {
    expect(boxBetween({ x: -1, y: 0.99 }, { x: 2, y: 3 })).toEqual({ left: 0, top: 9900, width: WHOLE, height: 100 });
    expect(moved(box, 9000, -9000)).toEqual({ ...box, left: 7000, top: 0 });
    expect(resized(box, 99_999, -99_999)).toEqual({ ...box, width: 9000, height: LEAST });
    expect(boxAround(1, 0)).toEqual({ left: 8500, top: 0, width: 1500, height: 1500 });
  });

  it('is moved by arrows and sized by arrows with Shift', () => {
    expect(keyedBox(box, 'ArrowRight', false)).toEqual({ ...box, left: 1100 });
    expect(keyedBox(box, 'ArrowUp', false)).toEqual({ ...box, top: 1900 });
    expect(keyedBox(box, 'ArrowDown', true)).toEqual({ ...box, height: 1100 });
    expect(keyedBox(box, 'Enter', false)).toBeNull();
  });
});
