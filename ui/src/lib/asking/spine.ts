/** A form laid out for the answers so far: the sections that are asked now, with a repeat's section once for each of its rows. */
import { fieldId, isEmpty, names } from '../answers';
import { isNameless, sections, type Question, type Section } from '../form';
import type { Answer, Answers, Evaluation, FormForScreen, Localised } from '../answer';
import type { Asking } from './asking';

export type Asked = { field: string; question: Question };
export type Block = {
  id: string;
  label: Localised | null;
  /** The repeat whose row this is, or which this block offers to add to. */
  repeat: string | null;
  row: string | null;
  ordinal: number | null;
  fields: Asked[];
};

export function layOut(form: FormForScreen, evaluation: Evaluation, answers: Answers): Block[] {
  const visible = new Set(evaluation.visible);
  const blocks = sections(form, false).flatMap((section) => blocksOf(section, visible, answers));
  return photosFirst(blocks.filter((block) => block.fields.length > 0 || block.repeat !== null));
}

/** The fields that must be answered and are not, in the order they are asked. */
export function unanswered(blocks: Block[], asking: Pick<Asking, 'answers' | 'evaluation' | 'photosOf'>): string[] {
  const required = new Set(asking.evaluation?.required ?? []);
  return blocks
    .flatMap((block) => block.fields)
    .filter(({ field }) => required.has(field))
    .filter(({ field, question }) => (question.kind === 'image' ? asking.photosOf(field).length === 0 : isEmpty(asking.answers[field])))
    .map(({ field }) => field);
}

/** Brings a question into view and gives its control the focus. */
export function goTo(field: string): void {
  const control = document.getElementById(fieldId(field));
  document.querySelector(`[data-field="${CSS.escape(field)}"]`)?.scrollIntoView({ block: 'start' });
  control?.focus({ preventScroll: true });
}

export function rowsWithOneMore(answer: Answer | undefined): string[] {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const row = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [...rowsOf(answer), row];
}

export function rowsWithout(answer: Answer | undefined, row: string): string[] {
  return rowsOf(answer).filter((other) => other !== row);
}

function rowsOf(answer: Answer | undefined): string[] {
  return names(answer);
}

function blocksOf(section: Section, visible: Set<string>, answers: Answers): Block[] {
  const repeat = section.repeat;
  if (section.label === null) return section.questions.flatMap((question) => oneBlock(question, visible));
  const shown = (fields: Asked[]) => fields.filter(({ field, question }) => visible.has(field) && !isNameless(question));
  if (repeat === null) {
    const fields = section.questions.map((question) => ({ field: question.key, question }));
    return [{ id: section.key, label: section.label, repeat: null, row: null, ordinal: null, fields: shown(fields) }];
  }
  if (!visible.has(repeat)) return [];
  const rows = rowsOf(answers[repeat]).map((row, index) => {
    const fields = section.questions.map((question) => ({ field: `${question.key}@${row}`, question }));
    return { id: `${section.key}-${row}`, label: section.label, repeat, row, ordinal: index + 1, fields: shown(fields) };
  });
  return [...rows, { id: `${section.key}-add`, label: section.label, repeat, row: null, ordinal: null, fields: [] }];
}

/** A question that stands in no section has a mark of its own on the spine. */
function oneBlock(question: Question, visible: Set<string>): Block[] {
  if (!visible.has(question.key) || isNameless(question)) return [];
  return [{ id: question.key, label: null, repeat: null, row: null, ordinal: null, fields: [{ field: question.key, question }] }];
}

/** Photograph first: a photo question that stands by itself opens the form wherever its row is in the sheet. */
function photosFirst(blocks: Block[]): Block[] {
  const isPhotos = (block: Block) => block.fields.length > 0 && block.fields.every(({ question }) => question.kind === 'image');
  return [...blocks.filter(isPhotos), ...blocks.filter((block) => !isPhotos(block))];
}
