import { expect, test } from 'vitest';
import type { Answers, Evaluation } from '../lib/answer';
import type { FormForScreen } from '../lib/generated/FormForScreen';
import type { Question } from '../lib/generated/Question';
import type { QuestionKind } from '../lib/generated/QuestionKind';
import { layOut, rowsWithOneMore, rowsWithout, unanswered } from './spine';

const ROW = '0123456789abcdef';

function question(path: string, kind: QuestionKind, changes: Partial<Question> = {}): Question {
  const name = path.split('/').at(-1) ?? path;
  const parent = path.includes('/') ? path.split('/').slice(0, -1).join('/') : null;
  const rest = { hint: null, thing: null, appearance: null, merge: 'mv', pii: 'none', office: false, repeat: null } as const;
  return { path, name, kind, label: { en: name }, parent, ...rest, ...changes };
}

const form: FormForScreen = {
  key: 'visit',
  version: 1,
  title: { en: 'Visit' },
  service: 'housing',
  lists: {},
  questions: [
    question('seen_at', { type: 'date_time' }),
    question('photos', { type: 'image', min: 1, max: 6 }),
    question('who', { type: 'group' }),
    question('who/told', { type: 'acknowledge' }),
    question('who/office_only', { type: 'text', max: 20 }, { office: true }),
    question('who/household', { type: 'repeat', max: 8 }),
    question('who/household/name', { type: 'text', max: 80 }, { repeat: 'who/household' }),
    question('who/people', { type: 'calculate' }),
  ],
};

function evaluation(more: string[], required: string[] = []): Evaluation {
  const visible = ['seen_at', 'photos', 'who', 'who/told', 'who/office_only', 'who/household', 'who/people', ...more];
  return { visible, required, faults: [], calculated: {}, choices: {} };
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
