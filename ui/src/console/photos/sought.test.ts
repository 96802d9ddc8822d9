import { describe, expect, it } from 'vitest';
import { ANYTHING, askedOf, pointOf, queryOf, soughtOf } from './sought';

describe('what photos are looked for', () => {
  it('comes back from the address as it went in', () => {
    const sought = { ...ANYTHING, form: 'fly_tip', officer: '3', from: '2026-11-01', near: '52.6285, 1.2920', within: '250' };
    expect(soughtOf(queryOf(sought))).toEqual(sought);
    expect(queryOf(ANYTHING)).toBe('');
  });

  it('asks for whole days, the last one included', () => {
    const asked = askedOf({ ...ANYTHING, from: '2026-11-26', to: '2026-11-26' });
    expect(Number(asked['to']) - Number(asked['from'])).toBe(24 * 60 * 60 * 1000);
    expect(askedOf({ ...ANYTHING, from: 'yesterday' })['from']).toBeNull();
  });

  it('takes a point as people write it, and rather than an area', () => {
    expect(pointOf('52.6285, 1.2920')).toEqual([52.6285, 1.292]);
    expect(pointOf(' 52.6285 -1.2920 ')).toEqual([52.6285, -1.292]);
    for (const text of ['', '52.6', 'a,b', '95,1', '1,2,3']) expect(pointOf(text)).toBeNull();
    const asked = askedOf({ ...ANYTHING, near: '52.6 1.3', area: 'E01026791' });
    expect([asked['near'], asked['within_m'], asked['area']]).toEqual(['52.6,1.3', 100, null]);
  });
});
