/** A form's rows as the questions and sections a screen lays out. What is asked and whether it is right is Rust's to say. */
import type { FormForScreen, Localised, SurveyRow } from './types';

export const KINDS = [
  'text',
  'multiline',
  'integer',
  'decimal',
  'select_one',
  'select_multiple',
  'date',
  'time',
  'dateTime',
  'geopoint',
  'image',
  'barcode',
  'note',
  'acknowledge',
  'calculate',
] as const;
export type QuestionKind = (typeof KINDS)[number];

export type Choice = { name: string; label: Localised | string; row: Record<string, unknown> };

export type Question = {
  /** The field's key: `group/question`. */
  key: string;
  kind: QuestionKind;
  label: Localised | string;
  hint: Localised | string | null;
  appearance: string;
  max: number | null;
  choices: Choice[];
};

export type Section = { key: string; label: Localised | null; questions: Question[] };

const SAME: Partial<Record<string, QuestionKind>> = {
  integer: 'integer',
  decimal: 'decimal',
  date: 'date',
  time: 'time',
  dateTime: 'dateTime',
  geopoint: 'geopoint',
  image: 'image',
  barcode: 'barcode',
  note: 'note',
  acknowledge: 'acknowledge',
  calculate: 'calculate',
};

/** The sections of a form in the order they are asked. Questions outside any group belong to the section they follow. */
export function sections(form: FormForScreen): Section[] {
  const path: string[] = [];
  const found: Section[] = [];
  let open: Section | null = null;
  for (const row of form.survey) {
    if (row.type === 'begin_group' || row.type === 'begin_repeat') {
      path.push(row.name ?? '');
      open = { key: path.join('/'), label: row.label ?? null, questions: [] };
      found.push(open);
    } else if (row.type === 'end_group' || row.type === 'end_repeat') {
      path.pop();
      open = null;
    } else {
      const question = questionOf(form, row, path);
      if (question === null) continue;
      if (open === null) {
        open = { key: question.key, label: null, questions: [] };
        found.push(open);
      }
      open.questions.push(question);
    }
  }
  return found.filter((section) => section.questions.length > 0);
}

export function questions(form: FormForScreen): Question[] {
  return sections(form).flatMap((section) => section.questions);
}

export function findQuestion(form: FormForScreen, key: string): Question | undefined {
  const path = key.split('@')[0];
  return questions(form).find((question) => question.key === path);
}

function questionOf(form: FormForScreen, row: SurveyRow, path: string[]): Question | null {
  const kind = kindOf(row);
  if (kind === null || row.name === undefined) return null;
  const list = row.type.split(/\s+/)[1];
  return {
    key: [...path, row.name].join('/'),
    kind,
    label: row.label ?? row.name,
    hint: row.hint ?? null,
    appearance: row.appearance ?? '',
    max: row.max ?? null,
    choices: form.choices
      .filter((choice) => choice.list_name === list)
      .map((choice) => ({ name: choice.name, label: choice.label, row: choice })),
  };
}

function kindOf(row: SurveyRow): QuestionKind | null {
  const kind = row.type.split(/\s+/)[0] ?? '';
  if (kind === 'select_one' || kind === 'select_multiple') return kind;
  if (kind === 'text') return /\bmultiline\b/.test(row.appearance ?? '') ? 'multiline' : 'text';
  return SAME[kind] ?? null;
}
