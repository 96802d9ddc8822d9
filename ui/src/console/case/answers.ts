/** A record's answers as the case page lays them out: in the order the form asks, with nothing that was answered left out. */
import { isEmpty, isTakenOut, names } from '../../lib/answers';
import { isAttached, sections, type Question } from '../../lib/form';
import type { Answers, FieldView, FormForScreen, PhotoView, RecordView } from '../../lib/answer';

export interface AnswerRow {
  key: string;
  question: Question | null;
  view: FieldView | null;
}

export interface AnswerSection {
  key: string;
  label: Question['label'] | null;
  /** Which of a repeat's rows this is, counted from one. */
  ordinal: number | null;
  rows: AnswerRow[];
  /** Asked, and not answered yet. */
  unanswered: AnswerRow[];
}

/** `visible` is what the form asks of these answers; until the server has said, only what was answered shows. */
export function answerSections(form: FormForScreen, record: RecordView, visible: ReadonlySet<string>): AnswerSection[] {
  const views = new Map(record.fields.filter((view) => !view.field.startsWith('@')).map((view) => [view.field, view]));
  const taken = new Set<string>();
  const laidOut = sections(form).flatMap((section) =>
    rowIds(section.repeat, views).map((row, index): AnswerSection => {
      const asked = section.questions.filter(isAnswerable).map((question) => answerRow(question, row, views));
      asked.forEach((answer) => taken.add(answer.key));
      const rows = asked.filter((answer) => isAnswered(answer) && !isOnTheMap(answer));
      const unanswered = asked.filter((answer) => !isAnswered(answer) && visible.has(answer.key) && mayChange(answer));
      return { key: row === null ? section.key : `${section.key}@${row}`, label: section.label, ordinal: row === null ? null : index + 1, rows, unanswered };
    }),
  );
  const asked = new Set(form.questions.map((question) => question.path));
  const others = [...views.values()].filter((view) => !taken.has(view.field) && !asked.has(pathOf(view.field)) && hasAnswer(view));
  const other: AnswerSection = { key: 'other', label: null, ordinal: null, rows: others.map((view) => ({ key: view.field, question: null, view })), unanswered: [] };
  return [...laidOut, other].filter((section) => section.rows.length + section.unanswered.length > 0);
}

/** Stands in for a form that the server has no version of: every answer still shows, under its own key. */
export function formless(record: Pick<RecordView, 'form' | 'form_version'>): FormForScreen {
  return { key: record.form, version: record.form_version, title: { en: record.form }, service: '', questions: [], lists: {}, long_lists: {} };
}

/** Whether what is attached can be looked at on the page; a recording or a document is opened by itself. */
export function isPicture(attached: PhotoView): boolean {
  return attached.kind === '' || attached.kind.startsWith('image/');
}

/** The first answer of every field: what the form is evaluated on, as the device does. */
export function provisionalAnswers(record: RecordView): Answers {
  const answers: Answers = {};
  for (const view of record.fields) {
    const answer = view.values[0]?.answer ?? null;
    if (!view.field.startsWith('@')) answers[view.field] = isTakenOut(answer) ? null : answer;
  }
  return answers;
}

/** Whether the form lets an answer be changed at all; whether this officer may is the server's to say. */
export function mayChange(row: AnswerRow): boolean {
  if (row.question === null || row.question.kind === 'calculate') return false;
  return !['once', 'server', 'log'].includes(row.question.merge);
}

function answerRow(question: Question, row: string | null, views: ReadonlyMap<string, FieldView>): AnswerRow {
  const key = row === null ? question.key : `${question.key}@${row}`;
  return { key, question, view: views.get(key) ?? null };
}

function isAnswered(row: AnswerRow): boolean {
  return row.view !== null && hasAnswer(row.view);
}

/** A place given once is read beside its drawing. */
function isOnTheMap(row: AnswerRow): boolean {
  return row.question?.kind === 'geopoint' && row.view?.values.length === 1 && !mayChange(row);
}

/** Photos and files have their own places on the page; a note asks nothing; a sum without a name is for the form's own use. */
function isAnswerable(question: Question): boolean {
  if (question.kind === 'calculate') return typeof question.label !== 'string';
  return !isAttached(question) && question.kind !== 'note';
}

function hasAnswer(view: FieldView): boolean {
  return view.values.length > 1 || view.values.some((value) => !isEmpty(value.answer) || isTakenOut(value.answer));
}

function rowIds(section: string | null, views: ReadonlyMap<string, FieldView>): (string | null)[] {
  if (section === null) return [null];
  const listed = views.get(section)?.values[0]?.answer;
  const ids = new Set(names(listed));
  for (const key of views.keys()) {
    const [path, row] = key.split('@');
    if (row && path?.startsWith(`${section}/`)) ids.add(row);
  }
  return [...ids];
}

function pathOf(key: string): string {
  return key.split('@')[0] ?? key;
}
