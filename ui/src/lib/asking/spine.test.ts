import { expect, test } from 'vitest';
import type { Answers, Evaluation } from '../answer';
import { asked, evaluationOf, formOf } from './sample';
import { isBlock, keysOf, layOut, unanswered, type Block } from './spine';

const [ANN, BEN, CAT] = ['0123456789abcdef', '1111111111111111', '2222222222222222'];

const form = formOf([
  asked('seen_at', { type: 'date_time' }),
  asked('photos', { type: 'image', min: 1, max: 6, max_pixels: null, quality: null }),
  asked('who', { type: 'group' }),
  asked('who/told', { type: 'acknowledge' }),
  asked('who/office_only', { type: 'text', max: 20 }, { office: true }),
  asked('who/household', { type: 'repeat', max: 8, counted: false }),
  asked('who/household/name', { type: 'text', max: 80 }, { repeat: 'who/household' }),
  asked('who/household/pets', { type: 'repeat', max: 8, counted: true }, { repeat: 'who/household' }),
  asked('who/household/pets/kind', { type: 'text', max: 80 }, { repeat: 'who/household/pets' }),
  asked('who/after', { type: 'text', max: 80 }),
  asked('who/people', { type: 'calculate' }, { label: null }),
  asked('signed', { type: 'image', min: 1, max: 1, max_pixels: null, quality: null }, { appearance: 'signature' }),
]);

function evaluation(more: string[], changes: Partial<Evaluation> = {}) {
  const visible = ['seen_at', 'photos', 'who', 'who/told', 'who/office_only', 'who/household', 'who/after', 'who/people', 'signed', ...more];
  return evaluationOf(visible, changes);
}

const fields = (answers: Answers, more: string[] = []) => layOut(form, evaluation(more), answers).map((block) => block.fields.map(({ field }) => field));
const nested = (block: Block | undefined) => block?.items.filter(isBlock) ?? [];

test('photographs come first, wherever the sheet has them, and a signature stays where it is', () => {
  const laid = fields({});
  expect(laid[0]).toEqual(['photos']);
  expect(laid.at(-1)).toEqual(['signed']);
});

test('what only the office is asked is not asked in the street', () => {
  expect(fields({}).flat()).not.toContain('who/office_only');
});

test('a question after a section within its section stands after it', () => {
  const who = layOut(form, evaluation([]), {}).find((block) => block.id === 'q-who');
  expect(who?.items.map((item) => (isBlock(item) ? item.id : item.field))).toEqual(['who/told', 'q-who-household', 'who/after']);
});

test('a repeat asks its questions once for each row, in the order that the form was worked out in', () => {
  const visible = [`who/household/name@${ANN}`, `who/household/name@${BEN}`];
  const laid = layOut(form, evaluation(visible, { rows: { 'who/household': [BEN ?? '', ANN ?? ''] } }), { 'who/household': [ANN ?? '', BEN ?? ''] });
  const repeat = nested(laid.find((block) => block.id === 'q-who'))[0]?.repeat;
  expect(repeat?.rows.map(({ row, ordinal }) => [row, ordinal])).toEqual([[BEN, 1], [ANN, 2]]);
});

test('a repeat within a row has that row in its key, and its own rows in those of its questions', () => {
  const visible = [`who/household/name@${ANN}`, `who/household/pets@${ANN}`, `who/household/pets/kind@${CAT}`];
  const rows = { 'who/household': [ANN ?? ''], [`who/household/pets@${ANN}`]: [CAT ?? ''] };
  const household = nested(layOut(form, evaluation(visible, { rows }), {}).find((block) => block.id === 'q-who'))[0];
  const pets = household?.repeat?.rows[0]?.items.filter(isBlock)[0]?.repeat;
  expect(pets?.field).toBe(`who/household/pets@${ANN}`);
  expect(pets?.counted).toBe(true);
  expect(pets?.rows[0]?.fields.map(({ field }) => field)).toEqual([`who/household/pets/kind@${CAT}`]);
});

test('a heading that speaks of an answer is shown with it', () => {
  const said = { who: { label: { en: 'Who lives at 14 Elm Road' }, hint: null } };
  expect(layOut(form, evaluation([], { said }), {}).find((block) => block.id === 'q-who')?.label).toEqual({ en: 'Who lives at 14 Elm Road' });
});

test('a repeat that must have a row is left to answer until it has one, and then its questions are', () => {
  const wanted = { required: ['who/household', `who/household/name@${ANN}`] };
  const left = (answers: Answers, more: string[]) => {
    const state = evaluation(more, wanted);
    return unanswered(layOut(form, state, answers), { answers, evaluation: state, photosOf: () => [] });
  };
  expect(left({}, [])).toEqual(['who/household']);
  expect(left({ 'who/household': [ANN ?? ''] }, [`who/household/name@${ANN}`])).toEqual([`who/household/name@${ANN}`]);
  const who = layOut(form, evaluation([`who/household/name@${ANN}`]), { 'who/household': [ANN ?? ''] }).find((block) => block.id === 'q-who');
  expect(who === undefined ? [] : keysOf(who)).toEqual(['who/told', 'who/household', `who/household/name@${ANN}`, 'who/after']);
});

test('what is left to answer is in the order it is asked, photos too', () => {
  const wanted = evaluation([], { required: ['seen_at', 'photos', 'who/told'] });
  const draft = { answers: { seen_at: '2026-03-16T09:12:00+00:00' }, evaluation: wanted, photosOf: () => [] };
  expect(unanswered(layOut(form, wanted, draft.answers), draft)).toEqual(['photos', 'who/told']);
});
