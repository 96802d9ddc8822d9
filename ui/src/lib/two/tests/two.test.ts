import axe from 'axe-core';
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import type { Answer, FieldView, FormForScreen } from '../../answer';
import { asked, formOf } from '../../asking/sample';
import { ask, askedOf, keepWord, LIFECYCLE, sentence, TEAM, titleWord, type Names } from '../asked';
import TwoAnswers from '../TwoAnswers.svelte';

const NOW = Date.parse('2026-03-16T12:00:00');
const AT = [Date.parse('2026-03-16T10:14:00'), Date.parse('2026-03-16T09:50:00'), Date.parse('2026-03-16T09:00:00')];
const names: Names = { teams: { north: { en: 'Wardens north' }, south: { en: 'Wardens south' } }, me: 1, nameOf: (officer) => ['', 'You', 'Jo Ali', 'Sam Reed'][officer] ?? 'A colleague' };

const form: FormForScreen = formOf(
  [
    asked('number', { type: 'text', max: 60 }, { label: { en: 'Contact number' } }),
    asked('size', { type: 'select_one', list: 'size' }, { label: { en: 'How much' } }),
    asked('sizes', { type: 'select_multiple', list: 'size' }, { label: { en: 'What kinds' } }),
    asked('rank', { type: 'rank', list: 'size' }, { label: { en: 'In order' } }),
    asked('on', { type: 'date' }, { label: { en: 'Which day' } }),
    asked('cost', { type: 'integer' }, { label: { en: 'Cost' }, appearance: 'money' }),
    asked('sure', { type: 'acknowledge' }, { label: { en: 'I am sure' } }),
    asked('where', { type: 'geopoint', warning_accuracy_m: 30 }, { label: { en: 'Where' } }),
    asked('line', { type: 'geotrace', warning_accuracy_m: 30 }, { label: { en: 'Along' } }),
    asked('household', { type: 'repeat', max: 9, counted: false }, { label: { en: 'Person' } }),
    asked('household/name', { type: 'text', max: 80 }, { label: { en: 'Name' }, repeat: 'household' }),
  ],
  { lists: { size: [{ name: 'car_boot', label: { en: 'Car boot' } }, { name: 'small_van', label: { en: 'Small van' } }] } },
);

function field(key: string, answers: Answer[], both: Answer = null): FieldView {
  const [path = '', row = null] = key.startsWith('@') ? [key] : key.split('@');
  return { field: key, path, row, both, seen: 's', values: answers.map((answer, n) => ({ answer, officer: n + 1, actor: n + 1, at_ms: AT[n] ?? 0, dot: `${n + 1}.1`, grid: null })) };
}

const place = (lat: number): Answer => ({ lat, lon: 1.292, accuracy_m: 6, altitude_m: null, fixed_at: '2026-03-16T09:12:40Z', source: 'gnss' });

/** Two answers to a question of every kind that can hold two, and what is read of the first. */
const EXAMPLES: [string, Answer[], string][] = [
  ['number', ['07700 900123', '07700 900456'], '07700 900123'],
  ['size', ['car_boot', 'small_van'], 'Car boot'],
  ['size', ['car_boot', null], 'Car boot'],
  ['sizes', [['car_boot'], ['small_van']], 'Car boot'],
  ['rank', ['car_boot small_van', 'small_van car_boot'], '1. Car boot'],
  ['on', ['2026-03-16', '2026-03-17'], '16 March 2026'],
  ['cost', [1250, 1300], '£12.50'],
  ['sure', [true, false], 'Yes'],
  ['where', [place(52.6285), place(52.63)], '52.62850'],
  ['line', [[[52.6, 1.29], [52.7, 1.3]], [[52.6, 1.29], [52.7, 1.3], [52.8, 1.3]]], '2 points'],
  ['household/name@aaaaaaaaaaaaaaaa', ['Sam', 'Sammy'], 'Sam'],
  [TEAM, ['north', 'south'], 'Wardens north'],
  ['@status', ['new', 'closed'], 'New'],
  [LIFECYCLE, ['open', 'deleted'], 'Keep it open'],
  ['tyres', ['4', '5'], '4'],
];

let shown: ReturnType<typeof mount> | null = null;
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
  document.body.replaceChildren();
});

const button = (start: string) => [...document.querySelectorAll('button')].find((found) => (found.getAttribute('aria-label') ?? found.textContent ?? '').trim().startsWith(start));

test('one sentence says what was recorded, by whom and when', () => {
  const two = ask(form, field('number', ['0771', '0782']), names);
  expect(sentence(two, NOW)).toBe('Two answers recorded: 0771 (you, 10:14) and 0782 (Jo Ali, 09:50).');
  const three = ask(form, field('number', ['0771', '0782', '0793']), names);
  expect(sentence(three, NOW)).toBe('3 answers recorded: 0771 (you, 10:14), 0782 (Jo Ali, 09:50) and 0793 (Sam Reed, 09:00).');
  expect([titleWord(two), titleWord(three)]).toEqual(['Two answers', '3 answers']);
});

test('whose answer is kept is said where one is mine and one is not', () => {
  const words = (answers: Answer[]) => {
    const found = ask(form, field('number', answers), names);
    return found.given.map((given) => keepWord(found, given));
  };
  expect(words(['0771', '0782'])).toEqual(['Keep mine', 'Keep theirs']);
  expect(words(['0771', '0782', '0793'])).toEqual(['Keep', 'Keep', 'Keep']);
});

test('a withdrawal that somebody worked past is asked in words of its own, and first', () => {
  const fields = [field('number', ['0771', '0782']), field(LIFECYCLE, ['open', 'deleted'])];
  const [stays, other] = askedOf(form, fields, names);
  expect([stays?.stays, other?.title]).toEqual([true, 'Contact number']);
  expect(stays && sentence(stays, NOW)).toBe('Jo Ali withdrew this (09:50); you added to it without knowing (10:14).');
  expect(stays?.given.map((given) => keepWord(stays, given))).toEqual(['Keep it open', 'Let it be withdrawn']);
});

test('a question in a row says which thing it is about', () => {
  expect(ask(form, field('household/name@aaaaaaaaaaaaaaaa', ['Sam', 'Sammy']), names).title).toBe('Person · Name');
});

test.each(EXAMPLES)('%s: both answers are read, and a screen reader can settle it', async (key, answers, first) => {
  shown = mount(TwoAnswers, { target: document.body, props: { asked: ask(form, field(key, answers), names), now: NOW, onkeep: vi.fn(), onother: vi.fn() } });
  flushSync();
  expect(document.querySelectorAll('li')).toHaveLength(2);
  expect(document.querySelector('li')?.textContent).toContain(first);
  const found = await axe.run(document.body, { rules: { 'color-contrast': { enabled: false }, region: { enabled: false }, 'page-has-heading-one': { enabled: false }, 'heading-order': { enabled: false } } });
  expect(found.violations.map((violation) => violation.id)).toEqual([]);
});

test('keep, both and something else are told to whoever asks', () => {
  const [onkeep, onboth, onother] = [vi.fn(), vi.fn(), vi.fn()];
  const two = ask(form, field('number', ['0771', '0782'], '0782 / 0771'), names);
  shown = mount(TwoAnswers, { target: document.body, props: { asked: two, now: NOW, onkeep, onboth, onother } });
  flushSync();
  button('Keep theirs: 0782')?.click();
  button('Keep both')?.click();
  button('Something else')?.click();
  expect([onkeep.mock.calls, onboth.mock.calls.length, onother.mock.calls.length]).toEqual([[[1]], 1, 1]);
});

test('both are not offered where Rust says that they cannot stand, and nothing is where somebody else chooses', () => {
  const two = ask(form, field('size', ['car_boot', 'small_van']), names);
  shown = mount(TwoAnswers, { target: document.body, props: { asked: two, now: NOW, onboth: vi.fn(), why: 'The office chooses.' } });
  flushSync();
  expect(document.querySelectorAll('button')).toHaveLength(0);
  expect(document.body.textContent).toContain('The office chooses.');
});
