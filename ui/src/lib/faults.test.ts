import { expect, test } from 'vitest';
import { faultSentence, inSentence } from './faults';
import type { Fault } from './answer';

const fault = (changes: Partial<Fault>): Fault => ({
  field: 'size',
  code: 'required',
  key: 'form.required.select',
  thing: { en: 'Size of the fly-tip' },
  max: null,
  min: null,
  message: null,
  ...changes,
});

test('the sentence names the thing in the middle of a sentence', () => {
  expect(faultSentence(fault({}))).toBe('Select size of the fly-tip');
});

test('the sentence that begins with the thing begins with a capital', () => {
  expect(faultSentence(fault({ code: 'not_a_date', key: 'form.not_date', thing: { en: 'the date it was seen' } }))).toMatch(/^The date it was seen must be a real date/);
});

test('the form may say it in its own words', () => {
  expect(faultSentence(fault({ message: { en: 'Say how much there is' } }))).toBe('Say how much there is');
});

test('a fault that no sentence is written for still says where to look', () => {
  expect(faultSentence(fault({ key: 'form.not_written_yet' }))).toBe('Check size of the fly-tip');
});

test('an abbreviation keeps its capitals', () => {
  expect(inSentence('CO alarm tested')).toBe('CO alarm tested');
  expect(inSentence('Position')).toBe('position');
});
