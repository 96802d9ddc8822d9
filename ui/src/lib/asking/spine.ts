/** A form laid out for the answers so far: its sections in the order they are asked, and in a repeat each row with its own. */
import { fieldId, isEmpty, looks, names } from '../answers';
import { isAttached, isNameless, questionOf, type Question } from '../form';
import type { Answers, Evaluation, FormForScreen, FormQuestion, Localised } from '../answer';
import type { Asking } from './asking';

export type Asked = { field: string; question: Question };

/** What stands in a section: a question, or a section of its own. */
export type Item = Asked | Block;

export type Block = {
  id: string;
  label: Localised | null;
  hint: Localised | null;
  appearance: string;
  items: Item[];
  /** Every question asked in it, however deep it stands, in order. */
  fields: Asked[];
  repeat: Repeat | null;
};

export type Repeat = { field: string; max: number; counted: boolean; rows: Row[] };

export type Row = { row: string; ordinal: number; items: Item[]; fields: Asked[] };

export function isBlock(item: Item): item is Block {
  return 'items' in item;
}

type Laying = { form: FormForScreen; evaluation: Evaluation; answers: Answers; visible: Set<string>; children: Map<string | null, FormQuestion[]> };

export function layOut(form: FormForScreen, evaluation: Evaluation, answers: Answers): Block[] {
  const children = new Map<string | null, FormQuestion[]>();
  for (const asked of form.questions) children.set(asked.parent, [...(children.get(asked.parent) ?? []), asked]);
  const items = itemsIn({ form, evaluation, answers, visible: new Set(evaluation.visible), children }, null, null);
  return photosFirst(items.map((item) => (isBlock(item) ? item : alone(item))));
}

/** The fields that must be answered and are not, in the order they are asked. */
export function unanswered(items: Item[], asking: Pick<Asking, 'answers' | 'evaluation' | 'photosOf'>): string[] {
  const required = new Set(asking.evaluation?.required ?? []);
  const isMissing = ({ field, question }: Asked) => (isAttached(question) ? asking.photosOf(field).length === 0 : isEmpty(asking.answers[field]));
  return items.flatMap((item) => {
    if (!isBlock(item)) return required.has(item.field) && isMissing(item) ? [item.field] : [];
    if (item.repeat === null) return unanswered(item.items, asking);
    const { field, rows } = item.repeat;
    return rows.length === 0 && required.has(field) ? [field] : rows.flatMap((row) => unanswered(row.items, asking));
  });
}

/** The fields that are asked in a block, those of its repeats too. */
export function keysOf(item: Item): string[] {
  if (!isBlock(item)) return [item.field];
  const repeated = item.repeat === null ? [] : [item.repeat.field, ...item.repeat.rows.flatMap((row) => row.items.flatMap(keysOf))];
  return [...repeated, ...item.items.flatMap(keysOf)];
}

/** Brings a question into view, out of whatever is folded over it, and gives its control the focus. */
export function goTo(field: string): void {
  const control = document.getElementById(fieldId(field));
  const frame = document.querySelector(`[data-field="${CSS.escape(field)}"]`) ?? control;
  for (let fold = frame?.closest('details'); fold; fold = fold.parentElement?.closest('details')) fold.open = true;
  frame?.scrollIntoView({ block: 'start' });
  control?.focus({ preventScroll: true });
}

function itemsIn(laying: Laying, parent: string | null, row: string | null): Item[] {
  return (laying.children.get(parent) ?? []).flatMap((asked) => itemOf(laying, asked, row));
}

function itemOf(laying: Laying, asked: FormQuestion, row: string | null): Item[] {
  const field = row === null ? asked.path : `${asked.path}@${row}`;
  if (!laying.visible.has(field) || asked.office) return [];
  if (asked.kind.type === 'group' || asked.kind.type === 'repeat') {
    const block = section(laying, asked, field, row);
    return block.fields.length > 0 || block.repeat !== null ? [block] : [];
  }
  const question = questionOf(laying.form, asked);
  return question === null || isNameless(question) ? [] : [{ field, question }];
}

function section(laying: Laying, asked: FormQuestion, field: string, row: string | null): Block {
  const said = laying.evaluation.said[field];
  const head = { id: fieldId(field), label: said?.label ?? asked.label, hint: said?.hint ?? asked.hint, appearance: asked.appearance ?? '' };
  if (asked.kind.type !== 'repeat') {
    const items = itemsIn(laying, asked.path, row);
    return { ...head, items, fields: fieldsOf(items), repeat: null };
  }
  const rows = (laying.evaluation.rows[field] ?? names(laying.answers[field])).map((one, index) => {
    const items = itemsIn(laying, asked.path, one);
    return { row: one, ordinal: index + 1, items, fields: fieldsOf(items) };
  });
  const { max, counted } = asked.kind;
  return { ...head, items: [], fields: rows.flatMap(({ fields }) => fields), repeat: { field, max, counted, rows } };
}

function fieldsOf(items: Item[]): Asked[] {
  return items.flatMap((item) => (isBlock(item) ? item.fields : [item]));
}

/** A question that stands in no section has a mark of its own on the spine. */
function alone(asked: Asked): Block {
  return { id: fieldId(asked.field), label: null, hint: null, appearance: '', items: [asked], fields: [asked], repeat: null };
}

/** Photograph first: photos that stand by themselves open the form wherever their row is in the sheet. A signature does not. */
function photosFirst(blocks: Block[]): Block[] {
  const isPhoto = ({ question }: Asked) => question.kind === 'image' && !looks(question, 'signature', 'draw');
  const isPhotos = ({ fields, repeat }: Block) => repeat === null && fields.length > 0 && fields.every(isPhoto);
  return [...blocks.filter(isPhotos), ...blocks.filter((block) => !isPhotos(block))];
}
