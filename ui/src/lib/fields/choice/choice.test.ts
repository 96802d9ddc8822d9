import { expect, test } from 'vitest';
import type { Question } from '../../form';
import { gone, onOffer } from './offer';
import { moved, orderOf } from './order';

const choices = ['a', 'b', 'c'].map((name) => ({ name, label: { en: name.toUpperCase() } }));
const question: Question = { key: 'q', kind: 'select_one', label: 'Q', hint: null, thing: null, appearance: '', max: null, merge: 'mv', choices };
const named = (list: { name: string }[]) => list.map(({ name }) => name).join(' ');

test('a shuffled list keeps its shuffle, and a narrowed one leaves out what does not fit', () => {
  expect(named(onOffer(question, ['c', 'a']))).toBe('c a');
  expect(named(onOffer(question, undefined))).toBe('a b c');
});

test('what was chosen and is offered no more is said, with its label', () => {
  expect(gone(question, ['a', 'c'], ['b', 'c'])).toEqual([{ name: 'b', label: { en: 'B' } }]);
  expect(gone(question, undefined, ['b'])).toEqual([]);
});

test('an order is the answer’s, and a choice that the answer forgot stands last', () => {
  expect(named(orderOf(choices, 'c a b', undefined))).toBe('c a b');
  expect(named(orderOf(choices, 'c a', undefined))).toBe('c a b');
  expect(named(orderOf(choices, null, ['b', 'c', 'a']))).toBe('b c a');
});

test('one step up or down moves one thing past one other', () => {
  expect(moved(['a', 'b', 'c'], 2, -1)).toEqual(['a', 'c', 'b']);
  expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c']);
});
