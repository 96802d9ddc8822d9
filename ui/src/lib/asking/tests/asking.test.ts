import { flushSync, mount, unmount, type ComponentProps } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import type { Answer, FormQuestion } from '../../answer';
import { faultLines } from '../asking';
import { asked, evaluationOf, formOf } from '../sample';
import Tried from './Tried.svelte';

const [A, B] = ['0123456789abcdef', '1111111111111111'];
let shown: ReturnType<typeof mount> | null = null;

function show(questions: FormQuestion[], props: Partial<ComponentProps<typeof Tried>> = {}, lists = {}) {
  document.body.replaceChildren();
  shown = mount(Tried, { target: document.body, props: { form: formOf(questions, { lists }), ...props } });
  flushSync();
}

afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

const text = () => document.body.textContent?.replace(/\s+/g, ' ') ?? '';
const button = (name: string) => [...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === name);
const press = (name: string) => {
  button(name)?.click();
  flushSync();
};

test('a note that says stop says so in words, is read out at once, and can be rung from', () => {
  show([asked('gas', { type: 'note' }, { label: { en: 'You smell gas. Leave now.' }, appearance: 'stopper', call: 'gas' })]);
  expect(document.querySelector('[role=alert]')?.textContent).toMatch(/Stop.*You smell gas/s);
  const call = document.querySelector('a');
  expect(call?.getAttribute('href')).toBe('tel:0800111999');
  expect(call?.textContent).toContain('0800 111 999');
});

test('a number that the council does not have leaves no dead link', () => {
  show([asked('gas', { type: 'note' }, { appearance: 'stopper', call: 'nobody' })]);
  expect(document.querySelector('a')).toBeNull();
});

test('what is not for this person to change is text', () => {
  show([asked('tenant', { type: 'text', max: 80 })], { given: { tenant: 'Mrs Ali' }, says: { read_only: ['tenant'] } });
  expect(document.querySelector('input')).toBeNull();
  expect(text()).toContain('Mrs Ali');
});

test('a label that speaks of another answer is said with it', () => {
  const said = { mood: { label: { en: 'How is Mrs Ali today?' }, hint: { en: 'Ask her' } } };
  show([asked('mood', { type: 'text', max: 80 }, { label: { en: 'How is ${tenant} today?' } })], { says: { said } });
  expect(document.querySelector('label')?.textContent).toContain('How is Mrs Ali today?');
  expect(text()).toContain('Ask her');
  expect(text()).not.toContain('${');
});

test('more about a question stands folded under it', () => {
  show([asked('damp', { type: 'integer' }, { guidance_hint: { en: 'Measure at skirting height' } })]);
  expect(document.querySelector('details')?.open).toBe(false);
  expect(document.querySelector('details')?.textContent).toContain('Measure at skirting height');
});

test('an answer from last time says so', () => {
  show([asked('number', { type: 'text', max: 80 })], { given: { number: '07700 900123' }, prefilled: ['number'] });
  expect(text()).toContain('As last time');
});

const SIZES = { size: [{ name: 'bag', label: { en: 'Single bag' } }, { name: 'van', label: { en: 'Small van' } }] };

test('a choice that another answer took off the list is said, and is not cleared', () => {
  const answered = vi.fn();
  show([asked('size', { type: 'select_one', list: 'size' })], { given: { size: 'van' }, says: { choices: { size: ['bag'] } }, onanswer: answered }, SIZES);
  expect(text()).toContain('You chose “Small van”. It is not in the list now');
  expect(answered).not.toHaveBeenCalled();
});

const ROOMS = [
  asked('rooms', { type: 'repeat', max: 3, counted: false }, { label: { en: 'Room' } }),
  asked('rooms/name', { type: 'text', max: 80 }, { label: { en: 'Name of the room' }, repeat: 'rooms' }),
];

test('a row that was taken out can be put back, with what was typed in it', async () => {
  show(ROOMS, { given: { rooms: [A, B], [`rooms/name@${A}`]: 'Kitchen', [`rooms/name@${B}`]: 'Hall' } });
  press('Take out');
  await vi.waitFor(() => expect(document.activeElement?.textContent).toBe('Put it back'));
  expect(text()).toContain('Taken out: Room 1, Kitchen');
  press('Put it back');
  expect(document.querySelectorAll('details')).toHaveLength(2);
  expect([...document.querySelectorAll('input')].map((box) => box.value).sort()).toEqual(['Hall', 'Kitchen']);
});

test('rows end where the form says, and counted ones are neither added nor taken out', () => {
  show(ROOMS, { given: { rooms: [A, B] } });
  press('Add: Room');
  expect(button('Add: Room')).toBeUndefined();
  expect(text()).toContain('3 is all this question takes');
  const counted = [asked('rooms', { type: 'repeat', max: 3, counted: true }, { label: { en: 'Room' } }), ...ROOMS.slice(1)];
  show(counted, { given: { rooms: [A] } });
  expect(['Add: Room', 'Take out', 'Copy'].map(button)).toEqual([undefined, undefined, undefined]);
});

test('the summary’s link to a question in a folded row unfolds it', () => {
  const faults = [{ field: `rooms/name@${B}`, sentence: 'Enter the name of the room' }];
  show(ROOMS, { given: { rooms: [A, B] }, faults });
  for (const fold of document.querySelectorAll('details')) fold.open = false;
  document.querySelector<HTMLElement>('a')?.click();
  expect(document.activeElement?.id).toBe(`q-rooms-name-${B}`);
  expect(document.activeElement?.closest('details')?.open).toBe(true);
});

test('a fault in a row says which row it is in', () => {
  const fault = { field: `rooms/name@${B}`, code: 'required' as const, key: 'form.required.enter', thing: { en: 'the name of the room' }, max: null, min: null, message: null };
  const lines = faultLines(formOf(ROOMS), [fault], evaluationOf([], { rows: { rooms: [A ?? '', B ?? ''] } }));
  expect(lines).toEqual([{ field: fault.field, sentence: 'Enter the name of the room (Room 2)' }]);
});

const SHOTS = [
  asked('seen', { type: 'group' }, { appearance: 'shots' }),
  asked('seen/wide', { type: 'image', min: 1, max: 1, max_pixels: null, quality: null }, { label: { en: 'Wide' } }),
  asked('seen/close', { type: 'image', min: 1, max: 1, max_pixels: null, quality: null }, { label: { en: 'Close' } }),
];
const picked = () => document.querySelector('[aria-pressed=true]')?.textContent?.replace(/\s+/g, ' ').trim();

test('wanted photos are one list: what is there has a tick, and the next one missing is chosen', () => {
  show(SHOTS, { photos: { 'seen/wide': ['a'.repeat(64)] } });
  expect(text()).toMatch(/✓ Wide.* taken.*– Close.* not taken yet/);
  expect(picked()).toContain('Close');
});

test('a photo goes to the shot that is chosen', async () => {
  const kept: [string, string][] = [];
  show(SHOTS, { onphoto: (field, from) => kept.push([field, from]) });
  expect(picked()).toContain('Wide');
  const input = document.querySelector<HTMLInputElement>('[data-way=gallery]');
  if (input === null) throw new Error('there is no way to choose a photo');
  Object.defineProperty(input, 'files', { value: [new File(['jpeg'], 'a.jpg')] });
  input.dispatchEvent(new Event('change', { bubbles: true }));
  await vi.waitFor(() => expect(kept).toEqual([['seen/wide', 'gallery']]));
  await vi.waitFor(() => expect(picked()).toContain('Close'));
});

test('an order that nobody has given is not an answer until it is confirmed or changed', () => {
  const given: Answer[] = [];
  show([asked('order', { type: 'rank', list: 'size' })], { onanswer: (_, answer) => given.push(answer) }, SIZES);
  expect(given).toEqual([]);
  document.querySelector<HTMLElement>('[aria-label="Move Single bag down"]')?.click();
  flushSync();
  expect(given).toEqual(['van bag']);
  expect(text()).toContain('Single bag is now 2 of 2');
});
