import { expect, test } from 'vitest';
import type { Question } from '../../lib/form';
import type { Answer, FieldView, FormForScreen, FormQuestion, RecordView } from '../../lib/answer';
import { answerSections, bothAnswers, provisionalAnswers } from './answers';

const common: Pick<FormQuestion, 'label' | 'hint' | 'thing' | 'appearance' | 'merge' | 'pii' | 'office' | 'parent' | 'repeat'> = {
  label: null, hint: null, thing: null, appearance: null, merge: 'mv', pii: 'none', office: false, parent: null, repeat: null,
};
const form: FormForScreen = {
  key: 'visit',
  version: 1,
  title: { en: 'Visit' },
  service: 'housing',
  questions: [
    { ...common, path: 'what', name: 'what', kind: { type: 'group' }, label: { en: 'What' } },
    { ...common, path: 'what/size', name: 'size', kind: { type: 'select_one', list: 'size' }, label: { en: 'How much' }, parent: 'what' },
    { ...common, path: 'what/photos', name: 'photos', kind: { type: 'image', min: 0, max: 5 }, label: { en: 'Photos' }, parent: 'what' },
    { ...common, path: 'what/plate', name: 'plate', kind: { type: 'text', max: 20 }, label: { en: 'Vehicle seen' }, parent: 'what' },
    { ...common, path: 'who', name: 'who', kind: { type: 'group' }, label: { en: 'Who' } },
    { ...common, path: 'who/pets', name: 'pets', kind: { type: 'repeat', max: 9 }, label: { en: 'Pet' }, parent: 'who' },
    { ...common, path: 'who/pets/kind', name: 'kind', kind: { type: 'text', max: 9 }, label: { en: 'Kind' }, parent: 'who/pets', repeat: 'who/pets' },
    { ...common, path: 'who/home', name: 'home', kind: { type: 'text', max: 9 }, label: { en: 'Home' }, parent: 'who' },
    { ...common, path: 'who/sublet', name: 'sublet', kind: { type: 'text', max: 9 }, label: { en: 'Sublet' }, parent: 'who' },
    { ...common, path: 'household', name: 'household', kind: { type: 'repeat', max: 9 }, label: { en: 'Person' } },
    { ...common, path: 'household/name', name: 'name', kind: { type: 'text', max: 80 }, label: { en: 'Name' }, parent: 'household', repeat: 'household' },
  ],
  lists: { size: [{ name: 'small_van', label: { en: 'Small van' } }] },
};

function field(name: string, ...answers: Answer[]): FieldView {
  const [path = '', row = null] = name.split('@');
  return { field: name, path, row, seen: 's', values: answers.map((answer, n) => ({ answer, officer: n, actor: n, at_ms: n, dot: `${n}:1` })) };
}
function record(...fields: FieldView[]): RecordView {
  return { id: 'r', form: 'visit', form_version: 1, reference: null, office_reference: null, created_at_ms: 0, created_by: 1, status: null, teams: [], fields, photos: [], notes: [], two_answers: 0 };
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

test('keep both joins words and unites choices, and is not offered where only one answer can be true', () => {
  const question = (kind: Question['kind'], merge = 'mv'): Question => ({ key: 'q', kind, label: 'Q', hint: null, thing: null, appearance: '', max: null, merge, choices: [] });
  expect(bothAnswers(field('q', '07700 900123', '07700 900456'), question('text'))).toBe('07700 900123\n\n07700 900456');
  expect(bothAnswers(field('q', ['b', 'a'], ['c', 'a']), question('select_multiple'))).toEqual(['a', 'b', 'c']);
  expect(bothAnswers(field('q', 'car_boot', 'small_van'), question('select_one'))).toBeNull();
  expect(bothAnswers(field('q', 'Elm Road', null), question('text'))).toBeNull();
  expect(bothAnswers(field('q', 'AB12 CDE', 'AB12 COE'), question('text', 'once'))).toBeNull();
});
