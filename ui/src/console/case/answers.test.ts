import { expect, test } from 'vitest';
import type { Answer, FieldView, RecordView } from '../../lib/answer';
import { asked, formOf } from '../../lib/asking/sample';
import { answerSections, isPicture, provisionalAnswers } from './answers';

const form = formOf(
  [
    asked('what', { type: 'group' }),
    asked('what/size', { type: 'select_one', list: 'size' }),
    asked('what/photos', { type: 'image', min: 0, max: 5, max_pixels: null, quality: null }),
    asked('what/plate', { type: 'text', max: 20 }),
    asked('who', { type: 'group' }),
    asked('who/pets', { type: 'repeat', max: 9, counted: false }),
    asked('who/pets/kind', { type: 'text', max: 9 }, { repeat: 'who/pets' }),
    asked('who/home', { type: 'text', max: 9 }),
    asked('who/sublet', { type: 'text', max: 9 }),
    asked('household', { type: 'repeat', max: 9, counted: false }),
    asked('household/name', { type: 'text', max: 80 }, { repeat: 'household' }),
  ],
  { lists: { size: [{ name: 'small_van', label: { en: 'Small van' } }] } },
);

function field(name: string, ...answers: Answer[]): FieldView {
  const [path = '', row = null] = name.split('@');
  return { field: name, path, row, both: null, seen: 's', values: answers.map((answer, n) => ({ answer, officer: n, actor: n, at_ms: n, dot: `${n}:1`, grid: null })) };
}
function record(...fields: FieldView[]): RecordView {
  return { id: 'r', form: 'visit', form_version: 1, reference: null, office_reference: null, created_at_ms: 0, created_by: 1, status: null, teams: [], areas: [], fields, photos: [], notes: [], two_answers: 0, seen: 's', withdrawal: null };
}
const keys = (fields: FieldView[], visible: string[] = []) =>
  answerSections(form, record(...fields), new Set(visible)).map((section) => [...section.rows, ...section.unanswered].map((row) => row.key));

test('answers stand in the order the form asks, whatever order they arrived in', () => {
  expect(keys([field('what/plate', 'AB12 CDE'), field('what/size', 'small_van')])).toEqual([['what/size', 'what/plate']]);
});

test('a question the form asks and nobody answered has its place; photos and system fields have none here', () => {
  expect(keys([field('@team', 'north'), field('what/photos', ['aa'])], ['what/size', 'what/photos'])).toEqual([['what/size']]);
});

test('an answer this form does not know is shown last, never dropped', () => {
  expect(keys([field('what/size', 'small_van'), field('what/tyres', 4)])).toEqual([['what/size'], ['what/tyres']]);
  const rowOfAnother = field('lodgers/name@aa', 'Sam');
  expect(keys([field('what/size', 'small_van'), rowOfAnother])).toEqual([['what/size'], ['lodgers/name@aa']]);
});

test('a scale, an order and a line are answers like any other; what is attached has its own place', () => {
  const answered = [field('more/mood', '7'), field('more/order', 'a b'), field('more/edge', [[52.6, 1.29], [52.7, 1.3]]), field('more/talk', ['aa'])];
  const more = formOf([
    asked('more', { type: 'group' }),
    asked('more/mood', { type: 'range', start: '0', end: '10', step: '1' }),
    asked('more/order', { type: 'rank', list: 'size' }),
    asked('more/edge', { type: 'geotrace', warning_accuracy_m: 30 }),
    asked('more/talk', { type: 'file', medium: 'audio', min: 0, max: 2 }),
  ]);
  const rows = answerSections(more, record(...answered), new Set()).flatMap((section) => section.rows.map((row) => row.key));
  expect(rows).toEqual(['more/mood', 'more/order', 'more/edge']);
});

test('a recording is no picture', () => {
  const attached = (kind: string) => ({ field: 'x', sha256: 'aa', bytes: 1, kind, name: null, width: null, height: null, taken_at_ms: null, officer: 1, at_ms: 0, received: true });
  expect([attached('image/jpeg'), attached(''), attached('audio/mp4'), attached('application/pdf')].map(isPicture)).toEqual([true, true, false, false]);
});

test('each row of a repeat is a section of its own, counted in order', () => {
  const fields = [field('household', ['bb', 'aa']), field('household/name@aa', 'Sam'), field('household/name@bb', 'Ann')];
  const found = answerSections(form, record(...fields), new Set());
  expect(found.map((section) => [section.ordinal, section.rows[0]?.view?.values[0]?.answer])).toEqual([[1, 'Ann'], [2, 'Sam']]);
});

test('questions of one group that follow a repeat stay together', () => {
  expect(keys([field('who/home', 'yes'), field('who/sublet', 'no')])).toEqual([['who/home', 'who/sublet']]);
});

test('the form is evaluated on the first of two answers', () => {
  expect(provisionalAnswers(record(field('what/size', 'car_boot', 'small_van'), field('@team', 'north')))).toEqual({ 'what/size': 'car_boot' });
});
