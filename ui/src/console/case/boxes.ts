/** Boxes over a photo, in ten-thousandths of its upright width and height, as the server keeps them. */
import type { CoverBox } from '../../lib/generated/CoverBox';

export const WHOLE = 10_000;
/** No smaller than a thumb could take hold of on a whole photo. */
export const LEAST = 100;
const FIRST = 1_500;

const within = (value: number, least: number, most: number) => Math.round(Math.min(most, Math.max(least, value)));

/** A box in the middle of what is seen. */
export function boxAround(x: number, y: number): CoverBox {
  return moved({ left: 0, top: 0, width: FIRST, height: FIRST }, x * WHOLE - FIRST / 2, y * WHOLE - FIRST / 2);
}

/** The box between two corners, in fractions of the photo. */
export function boxBetween(a: { x: number; y: number }, b: { x: number; y: number }): CoverBox {
  const side = (one: number, other: number) => {
    const from = within(Math.min(one, other) * WHOLE, 0, WHOLE - LEAST);
    return { from, length: within(Math.max(one, other) * WHOLE - from, LEAST, WHOLE - from) };
  };
  const [across, down] = [side(a.x, b.x), side(a.y, b.y)];
  return { left: across.from, top: down.from, width: across.length, height: down.length };
}

export function moved(box: CoverBox, right: number, down: number): CoverBox {
  return { ...box, left: within(box.left + right, 0, WHOLE - box.width), top: within(box.top + down, 0, WHOLE - box.height) };
}

export function resized(box: CoverBox, wider: number, taller: number): CoverBox {
  return { ...box, width: within(box.width + wider, LEAST, WHOLE - box.left), height: within(box.height + taller, LEAST, WHOLE - box.top) };
}

/** What a key does to a box: arrows move it, with Shift they change its size. Null where it does nothing. */
export function keyedBox(box: CoverBox, key: string, shift: boolean): CoverBox | null {
  const way: Record<string, [number, number]> = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  const found = way[key];
  if (!found) return null;
  const [right, down] = [found[0] * LEAST, found[1] * LEAST];
  return shift ? resized(box, right, down) : moved(box, right, down);
}

export function sameBox(a: CoverBox, b: CoverBox): boolean {
  return a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height;
}
