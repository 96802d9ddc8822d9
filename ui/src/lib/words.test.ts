import { afterEach, expect, test } from 'vitest';
import cy from '../../../schemas/words/cy.json';
import en from '../../../schemas/words/en.json';
import { find, say, setLanguage, t } from './words';

afterEach(() => setLanguage('en'));

test('a sentence takes what it is given', () => {
  expect(t('device.strip.waiting', { n: 3, why: 'no signal' })).toBe('3 waiting – no signal');
});

test('one of a thing has its own sentence', () => {
  expect(t('form.photos', { n: 1 })).toBe('1 photo');
  expect(t('form.photos', { n: 2 })).toBe('2 photos');
});

test('whoever reads Welsh reads Welsh, and English where nobody has written it', () => {
  setLanguage('cy');
  expect(t('device.strip.all_received', { when: '08:02' })).toBe('Popeth wedi’i dderbyn 08:02');
  expect(say({ en: 'Size', cy: 'Maint' })).toBe('Maint');
  expect(say({ en: 'Size' })).toBe('Size');
});

test('a code nobody has words for is found missing, not shown', () => {
  expect(find('code.no_such_code')).toBeUndefined();
});

test('every English sentence has its Welsh one and no other', () => {
  expect(Object.keys(cy)).toEqual(Object.keys(en));
});

test('both languages have the same gaps to fill, wherever in the sentence they fall', () => {
  const gaps = (sentence: string) => [...sentence.matchAll(/\{\w+\}/g)].map(([gap]) => gap.toLowerCase()).sort();
  const welsh: Record<string, string> = cy;
  for (const [key, sentence] of Object.entries(en)) expect([key, gaps(welsh[key] ?? '')]).toEqual([key, gaps(sentence)]);
});

test('no sentence speaks of the machinery, and none begs or blames', () => {
  const forbidden = /\b(sync\w*|upload\w*|conflict\w*|crdt|invalid|errors?|please|sorry|oops)\b/i;
  const said = Object.entries(en).filter(([, sentence]) => forbidden.test(sentence));
  expect(said).toEqual([]);
});
