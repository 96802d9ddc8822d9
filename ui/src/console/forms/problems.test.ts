import { afterEach, expect, test } from 'vitest';
import type { FormProblem } from '../../lib/generated/FormProblem';
import { setLanguage, type Word } from '../../lib/words';
import { asText, lacking, placeText, sorted, stoppers, told } from './problems';

afterEach(() => setLanguage('en'));

function problem(sheet: string, row: number | null, changes: Partial<FormProblem> = {}): FormProblem {
  return { sheet, row, column: null, cell: null, stops: true, code: 'bad_name', what: 'x', ...changes };
}
const places = (problems: FormProblem[]) => problems.map(({ sheet, row }) => `${sheet} ${row ?? ''}`.trim());

const several = [
  problem('choices', 22),
  problem('survey', 3, { stops: false }),
  problem('survey', 14),
  problem('file', null, { stops: false }),
  problem('settings', 2),
  problem('Remarks', null),
];

test('what stops the form comes first, in the order of the workbook, and notes come after', () => {
  expect(places(sorted(several, 'weight'))).toEqual(['settings 2', 'survey 14', 'choices 22', 'Remarks', 'file', 'survey 3']);
});

test('by place, notes stand where they are in the workbook', () => {
  expect(places(sorted(several, 'place'))).toEqual(['file', 'settings 2', 'survey 3', 'survey 14', 'choices 22', 'Remarks']);
});

test('sorting changes nothing of what it was given', () => {
  const before = places(several);
  sorted(several, 'what');
  expect(places(several)).toEqual(before);
});

test('only what stops the form is counted as stopping it', () => {
  expect(stoppers(several)).toBe(4);
});

test('a place is said as a person would look for it', () => {
  expect(placeText(problem('survey', 14, { column: 'constraint', cell: 'F14' }))).toBe('survey, row 14, column constraint (F14)');
  expect(placeText(problem('file', null))).toBe('whole file');
});

test('as text there is a line for each, with what to do', () => {
  const one = problem('survey', 14, { column: 'type', cell: 'A14', code: 'unknown_list', what: 'tyres' });
  expect(asText([one, problem('choices', 2)]).split('\n')).toEqual([
    'survey, row 14, column type (A14): There is no list “tyres”. Add it to the choices sheet, or correct its name.',
    expect.stringContaining('choices, row 2: “x” cannot be a name.'),
  ]);
});

test('what is wrong stands apart from what to do about it', () => {
  expect(told(problem('survey', 5, { code: 'unknown_list', what: 'tyres' }))).toEqual({
    wrong: 'There is no list “tyres”.',
    remedy: 'Add it to the choices sheet, or correct its name.',
  });
  expect(told(problem('survey', 5, { code: 'name_made', what: 'note_1' }))).toEqual({ wrong: 'The note has no name, so it was named “note_1”.', remedy: '' });
  expect(told(problem('survey', 5, { code: 'not_json', what: 'line 3. column 2' })).remedy).toBe('');
});

test('a code that has no words yet still says what was found', () => {
  expect(told({ ...problem('survey', 1), code: 'from_tomorrow' as FormProblem['code'], what: 'a comet' })).toEqual({ wrong: 'a comet', remedy: '' });
});

test('the service is asked for only where the file does not say it, and then the letters made up for it too', () => {
  const noService = problem('settings', 2, { code: 'no_service', what: '' });
  const made = problem('settings', 2, { stops: false, code: 'prefix_made', what: 'GR' });
  expect(lacking([noService, made])).toEqual({ service: true, refPrefix: 'GR' });
  expect(lacking([made])).toEqual({ service: false, refPrefix: null });
  expect(lacking(several)).toEqual({ service: false, refPrefix: null });
});

test('everything that can be wrong has its sentence', () => {
  type Unsaid = Exclude<`form_fault.${FormProblem['code']}`, Word>;
  const unsaid: [Unsaid] extends [never] ? 'none' : Unsaid = 'none';
  expect(unsaid).toBe('none');
});
