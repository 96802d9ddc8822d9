import { expect, test } from 'vitest';
import type { Answers } from '../answer';
import { asked, evaluationOf, formOf } from './sample';
import { layOut, rowsWithOneMore, rowsWithout, unanswered } from './spine';

const ROW = '0123456789abcdef';

const form = formOf([
  asked('seen_at', { type: 'date_time' }),
  asked('photos', { type: 'image', min: 1, max: 6, max_pixels: null }),
  asked('who', { type: 'group' }),
  asked('who/told', { type: 'acknowledge' }),
  asked('who/office_only', { type: 'text', max: 20 }, { office: true }),
  asked('who/household', { type: 'repeat', max: 8, counted: false }),
  asked('who/household/name', { type: 'text', max: 80 }, { repeat: 'who/household' }),
  asked('who/people', { type: 'calculate' }),
]);

function evaluation(more: string[], required: string[] = []) {
  const visible = ['seen_at', 'photos', 'who', 'who/told', 'who/office_only', 'who/household', 'who/people', ...more];
  return evaluationOf(visible, { required });
}

const fields = (answers: Answers, more: string[] = []) => layOut(form, evaluation(more), answers).map((block) => block.fields.map(({ field }) => field));

test('photographs come first, wherever the sheet has them', () => {
  expect(fields({})[0]).toEqual(['photos']);
});

test('what only the office is asked is not asked in the street', () => {
  expect(fields({}).flat()).not.toContain('who/office_only');
});

test('a repeat asks its questions once for each row, and offers one more', () => {
  const blocks = layOut(form, evaluation([`who/household/name@${ROW}`]), { 'who/household': [ROW] });
  const repeats = blocks.filter((block) => block.repeat === 'who/household');
  expect(repeats.map((block) => [block.row, block.ordinal, block.fields.length])).toEqual([
    [ROW, 1, 1],
    [null, null, 0],
  ]);
});

test('rows are added with an id of their own and taken out by it', () => {
  const rows = rowsWithOneMore([ROW]);
  expect(rows).toHaveLength(2);
  expect(rows[1]).toMatch(/^[0-9a-f]{16}$/);
  expect(rowsWithout(rows, ROW)).toEqual([rows[1]]);
});

test('what is left to answer is in the order it is asked, photos too', () => {
  const wanted = evaluation([], ['seen_at', 'photos', 'who/told']);
  const draft = { answers: { seen_at: '2026-03-16T09:12:00+00:00' }, evaluation: wanted, photosOf: () => [] };
  expect(unanswered(layOut(form, wanted, draft.answers), draft)).toEqual(['photos', 'who/told']);
});
