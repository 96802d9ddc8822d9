import axe from 'axe-core';
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { fieldId } from '../../answers';
import type { Question, QuestionKind } from '../../form';
import type { Answer, PlaceAnswer } from '../../answer';
import { controls } from '../index';
import Asked from './Asked.svelte';

const LINE: Answer = [[52.6285, 1.292], [52.6287, 1.2924]];
const PLACE: PlaceAnswer = { lat: 52.6285, lon: 1.292, accuracy_m: 6.2, altitude_m: null, fixed_at: '2026-03-16T09:12:40Z', source: 'gnss' };

/** An answered example of every kind, and something of it that must be on the page. */
const EXAMPLES: { [T in QuestionKind]: [Answer, string] } = {
  text: ['14 Elm Road', '14 Elm Road'],
  multiline: ['Two lines', 'Two lines'],
  address: ['12 Larkspur Way, Norwich', '12 Larkspur Way, Norwich'],
  integer: [4, '4'],
  decimal: ['12.50', '12.50'],
  range: ['7', '7'],
  select_one: ['small_van', 'Small van'],
  select_multiple: [['small_van'], 'Small van'],
  rank: ['small_van single_bag', 'Small van'],
  date: ['2026-03-16', '2026'],
  time: ['09:12', '09'],
  dateTime: ['2026-03-16T09:12:00+00:00', '12'],
  geopoint: [PLACE, '52.62850, 1.29200'],
  geotrace: [LINE, '2 points'],
  geoshape: [LINE, '2 points'],
  image: [['a'.repeat(64)], 'Take out'],
  file: [['b'.repeat(64)], 'survey.pdf'],
  barcode: ['5012345678900', '5012345678900'],
  note: [null, 'The question'],
  acknowledge: [true, 'I confirm this'],
  calculate: ['urgent', 'urgent'],
};
const KINDS = Object.keys(controls) as QuestionKind[];

function question(kind: QuestionKind): Question {
  const choices = ['Single bag', 'Small van'].map((label) => ({ name: label.toLowerCase().replace(' ', '_'), label: { en: label } }));
  return { key: `group/${kind}`, kind, label: { en: 'The question' }, hint: { en: 'A hint' }, thing: null, appearance: '', max: 6, merge: 'mv', choices };
}

let shown: ReturnType<typeof mount> | null = null;

function show(props: { question: Question; answer: Answer; fault?: string; fix?: PlaceAnswer; onanswer?: (answer: Answer) => void; onaddress?: (uprn: string | null) => void }) {
  document.body.replaceChildren();
  shown = mount(Asked, { target: document.body, props });
  flushSync();
}

afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

function onPage(): string {
  const typed = [...document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input, textarea')].map((box) => box.value);
  return `${document.body.textContent} ${typed.join(' ')}`;
}

test.each(KINDS)('an answered %s shows its label and its answer', (kind) => {
  const [answer, expected] = EXAMPLES[kind];
  show({ question: question(kind), answer });
  expect(onPage()).toContain('The question');
  expect(onPage()).toContain(expected);
});

test.each(KINDS)('an unanswered %s shows nothing that was not said', (kind) => {
  show({ question: question(kind), answer: null });
  expect(onPage()).not.toMatch(/undefined|null|NaN|\[object/);
});

test.each(KINDS)('a script could write no style into a %s', (kind) => {
  show({ question: question(kind), answer: EXAMPLES[kind][0] });
  expect(document.querySelector('[style]')).toBeNull();
});

const ASKED = KINDS.filter((kind) => kind !== 'note' && kind !== 'calculate');

test.each(ASKED)('a fault of a %s is said beside it, and the summary’s link finds its control', (kind) => {
  show({ question: question(kind), answer: null, fault: 'Enter the thing' });
  expect(document.body.textContent).toContain('Enter the thing');
  expect(document.getElementById(fieldId(`group/${kind}`))).not.toBeNull();
});

test.each(ASKED)('every control of a %s has a name', (kind) => {
  show({ question: question(kind), answer: EXAMPLES[kind][0] });
  for (const control of document.querySelectorAll<HTMLInputElement>('input, textarea, button')) {
    const labelled = control.labels?.length ? control.labels[0]?.textContent : '';
    const name = (control.getAttribute('aria-label') ?? labelled) || control.textContent;
    expect(name?.trim(), control.outerHTML).not.toBe('');
  }
});

/** Contrast, and all of it over again in each theme, is for a real browser: see e2e/measures.mjs. */
test.each(KINDS)('axe finds nothing wrong in an answered %s, nor in one with a fault', async (kind) => {
  for (const props of [{ answer: EXAMPLES[kind][0] }, { answer: null, fault: 'Enter the thing' }]) {
    show({ question: question(kind), ...props });
    const { violations } = await axe.run(document.body, { resultTypes: ['violations'], rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } });
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
    if (shown !== null) await unmount(shown);
    shown = null;
  }
});

test('choosing a row answers with its name', () => {
  const given: Answer[] = [];
  show({ question: question('select_one'), answer: null, onanswer: (answer) => given.push(answer) });
  document.querySelector<HTMLInputElement>('input[value=small_van]')?.click();
  expect(given).toEqual(['small_van']);
});

test('a letter typed into a whole number is kept as typed', () => {
  const given: Answer[] = [];
  show({ question: question('integer'), answer: null, onanswer: (answer) => given.push(answer) });
  const box = document.querySelector('input');
  if (box !== null) box.value = 'four';
  box?.dispatchEvent(new Event('input', { bubbles: true }));
  expect(given).toEqual(['four']);
});

test('a scale answers by its buttons and by its slider, and begins at its start', () => {
  const given: Answer[] = [];
  const scale = { ...question('range'), scale: { start: '1', end: '5', step: '0.5' } };
  show({ question: scale, answer: null, onanswer: (answer) => given.push(answer) });
  document.querySelector<HTMLElement>('[aria-label^="More"]')?.click();
  const slider = document.querySelector('input');
  expect(slider?.getAttribute('aria-valuetext')).toBe('Not answered');
  if (slider !== null) slider.value = '3';
  slider?.dispatchEvent(new Event('input', { bubbles: true }));
  expect(given).toEqual(['1.0', '2.5']);
});

test('a point of a line is where the device is', async () => {
  const given: Answer[] = [];
  show({ question: question('geotrace'), answer: [[52.6, 1.29]], fix: PLACE, onanswer: (answer) => given.push(answer) });
  const add = () => [...document.querySelectorAll('button')].find((one) => one.textContent === 'Add this point');
  await vi.waitFor(() => expect(add()).toBeDefined());
  add()?.click();
  expect(given).toEqual([[[52.6, 1.29], [52.6285, 1.292]]]);
});

function typeAddress(typed: string): HTMLInputElement {
  const box = document.querySelector<HTMLInputElement>('[role=combobox]');
  if (box === null) throw new Error('no box to type into');
  box.value = typed;
  box.dispatchEvent(new Event('input', { bubbles: true }));
  return box;
}

test('an address is found as it is typed and chosen with the arrows; what was typed is an answer all the while', async () => {
  const [typed, chosen]: [Answer[], (string | null)[]] = [[], []];
  show({ question: question('address'), answer: '', onanswer: (answer) => typed.push(answer), onaddress: (uprn) => chosen.push(uprn) });
  const box = typeAddress('14 lark');
  await vi.waitFor(() => expect(document.querySelectorAll('[role=option]')).toHaveLength(2));
  expect(document.body.textContent).toContain('2 found');
  const press = (key: string) => box.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  press('ArrowDown');
  press('ArrowDown');
  flushSync();
  expect(document.getElementById(box.getAttribute('aria-activedescendant') ?? '')?.textContent).toContain('14 Larkspur Way');
  press('Enter');
  await vi.waitFor(() => expect(document.body.textContent).toContain('In the gazetteer, UPRN 990000000014'));
  expect([typed, chosen, box.value]).toEqual([['14 lark'], ['990000000014'], '14 Larkspur Way, Norwich, NR41 2AB']);
});

test('an address that the gazetteer lacks is kept as typed and told to the office', async () => {
  const chosen: (string | null)[] = [];
  show({ question: question('address'), answer: '', onaddress: (uprn) => chosen.push(uprn) });
  typeAddress('zz');
  await vi.waitFor(() => expect(document.body.textContent).toContain('Nothing like it in the gazetteer.'));
  [...document.querySelectorAll('button')].find((one) => one.textContent === 'Not in the gazetteer')?.click();
  await vi.waitFor(() => expect(document.body.textContent).toContain('Kept as you typed it'));
  expect(chosen).toEqual([null]);
});

test('a position says what it is near to', async () => {
  show({ question: question('geopoint'), answer: PLACE });
  await vi.waitFor(() => expect(document.body.textContent).toContain('near 12 Larkspur Way, 14 m'));
  await vi.waitFor(() => expect(document.body.textContent).toContain('In Norwich 007A, Mancroft'));
});

test('a list of 10,000 shows what matches, says how many more there are, and keeps what is chosen on top', async () => {
  show({ question: { ...question('select_one'), long: 10_000 }, answer: 's4217' });
  const text = () => document.body.textContent ?? '';
  await vi.waitFor(() => expect(text()).toContain('4217 Elm Road'));
  const box = document.querySelector<HTMLInputElement>('input[type=search]');
  if (box !== null) box.value = '99';
  box?.dispatchEvent(new Event('input', { bubbles: true }));
  await vi.waitFor(() => expect(text()).toContain('Showing 30 of 280: type more'));
  expect(document.querySelectorAll('input[type=radio]')).toHaveLength(31);
  expect(document.querySelector('input[type=radio]')?.getAttribute('value')).toBe('s4217');
});

test('a scanner’s Enter neither saves the form nor leaves the question', () => {
  show({ question: question('barcode'), answer: null });
  const box = document.querySelector('input');
  const enter = new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true });
  box?.dispatchEvent(enter);
  expect(enter.defaultPrevented).toBe(true);
});

test('a file is known by its name and size', () => {
  show({ question: question('file'), answer: ['b'.repeat(64)] });
  expect(document.body.textContent).toContain('survey.pdf');
  expect(document.body.textContent).toContain('1.2 MB');
});

test('a date is today by one button', () => {
  const given: Answer[] = [];
  show({ question: question('date'), answer: null, onanswer: (answer) => given.push(answer) });
  [...document.querySelectorAll('button')].find((one) => one.textContent === 'Today')?.click();
  expect(given).toEqual(['2026-03-16']);
});
