import { describe, expect, it } from 'vitest';
import { CLOSEST, dragged, FITTED, fitted, keyedView, placed, zoomed } from './zoom';

const picture = { width: 4000, height: 3000 };
const stage = { width: 1000, height: 600 };

describe('a view of a picture', () => {
  it('fits all of it into the stage', () => {
    expect(fitted(picture, stage)).toEqual({ width: 800, height: 600 });
    expect(placed(FITTED, picture, stage)).toEqual({ width: 800, height: 600, left: 100, top: 0 });
  });

  it('keeps the point under the pointer where it is', () => {
    const at = { x: 400, y: 150 };
    const under = (view: typeof FITTED) => {
      const where = placed(view, picture, stage);
      return [(at.x - where.left) / where.width, (at.y - where.top) / where.height];
    };
    const near = zoomed(FITTED, 4, picture, stage, at);
    const [x, y] = under(near);
    expect(x).toBeCloseTo(under(FITTED)[0] ?? 0);
    expect(y).toBeCloseTo(under(FITTED)[1] ?? 0);
  });

  it('goes no further than its edges, however it is dragged', () => {
    const near = dragged(zoomed(FITTED, 4, picture, stage), 1e6, -1e6, picture, stage);
    const where = placed(near, picture, stage);
    expect(where.left).toBeCloseTo(0);
    expect(where.top + where.height).toBeCloseTo(stage.height);
  });

  it('is never smaller than it fits nor closer than makes sense', () => {
    expect(zoomed(FITTED, 0.1, picture, stage)).toEqual(FITTED);
    expect(zoomed(FITTED, 1000, picture, stage).scale).toBe(CLOSEST);
  });

  it('answers to plus, minus, nought and the arrows, and leaves arrows alone while all of it is seen', () => {
    expect(keyedView('ArrowRight', FITTED, picture, stage)).toBeNull();
    const near = keyedView('+', FITTED, picture, stage) ?? FITTED;
    const nearer = keyedView('+', near, picture, stage) ?? FITTED;
    expect(nearer.scale).toBeCloseTo(2.25);
    expect(keyedView('ArrowRight', nearer, picture, stage)?.x).toBeGreaterThan(nearer.x);
    expect(keyedView('-', near, picture, stage)).toEqual(FITTED);
    expect(keyedView('0', nearer, picture, stage)).toEqual(FITTED);
    expect(keyedView('x', near, picture, stage)).toBeNull();
  });
});
