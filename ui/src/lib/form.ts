/** A form's questions as the sections a screen lays out. What is asked and whether it is right is Rust's to say. */
import type { FormForScreen, FormQuestion, Localised } from './answer';
import type { Medium } from './generated/Medium';
import type { Said } from './generated/Said';

export type Choice = { name: string; label: Localised | string };

export type Question = {
  /** The field's key without its row: `group/question`. */
  key: string;
  kind: QuestionKind;
  label: Localised | string;
  hint: Localised | null;
  /** What a sentence calls it: “the size of the fly-tip”. */
  thing: Localised | null;
  /** More about it, for whoever opens it. */
  guidance?: Localised | null;
  /** Which of the council's telephone numbers to ring. */
  call?: string | null;
  appearance: string;
  max: number | null;
  scale?: Scale | undefined;
  medium?: Medium | undefined;
  /** The long edge of the copies of its photos. */
  pixels?: number | null;
  /** Metres of accuracy above which a position is called rough. */
  roughAbove?: number;
  /** How concurrent answers meet. Only two of kind `mv` can both stand. */
  merge: string;
  choices: Choice[];
  /** How many choices its list has, where they are too many to lay out and are searched instead. */
  long?: number | undefined;
};

/** A scale's ends and steps, decimals as text. */
export type Scale = { start: string; end: string; step: string };

/** The kinds that have a control. */
export type QuestionKind =
  | 'text'
  | 'multiline'
  | 'address'
  | 'integer'
  | 'decimal'
  | 'range'
  | 'select_one'
  | 'select_multiple'
  | 'rank'
  | 'date'
  | 'time'
  | 'dateTime'
  | 'geopoint'
  | 'geotrace'
  | 'geoshape'
  | 'image'
  | 'file'
  | 'barcode'
  | 'note'
  | 'acknowledge'
  | 'calculate';

/** A heading and what is asked under it; `repeat` holds the path whose rows each ask it again. */
export type Section = { key: string; label: Localised | null; repeat: string | null; questions: Question[] };

/** The sections of a form in the order they are asked. Questions that stand in no group share the section they are in.
 *  What only the office is asked is left out where `office` is false. */
export function sections(form: FormForScreen, office = true): Section[] {
  const found: Section[] = [];
  let open: Section | null = null;
  for (const asked of form.questions) {
    if (asked.kind.type === 'group' || asked.kind.type === 'repeat') {
      open = { key: asked.path, label: asked.label, repeat: asked.repeat ?? (asked.kind.type === 'repeat' ? asked.path : null), questions: [] };
      found.push(open);
      continue;
    }
    const question = asked.office && !office ? null : questionOf(form, asked);
    if (question === null) continue;
    if (open === null || !within(asked, open)) {
      open = { key: asked.path, label: null, repeat: null, questions: [] };
      found.push(open);
    }
    open.questions.push(question);
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

/** A sum that a form keeps for its own use has no label, and nothing to say to a person. */
export function isNameless(question: Question): boolean {
  return question.kind === 'calculate' && question.label === question.key.split('/').at(-1);
}

/** The question with its label and hint as they read over the answers given so far. */
export function spoken(question: Question, said: Said | undefined): Question {
  return said === undefined ? question : { ...question, label: said.label ?? question.label, hint: said.hint ?? question.hint };
}

/** Whether its answer is a set of photos or files, which the draft keeps by themselves. */
export function isAttached(question: Question): boolean {
  return question.kind === 'image' || question.kind === 'file';
}

function within(asked: FormQuestion, open: Section): boolean {
  return open.label === null ? (asked.parent ?? '') === open.key.split('/').slice(0, -1).join('/') : asked.path.startsWith(`${open.key}/`);
}

/** A question as a screen asks it; null for what has no control. */
export function questionOf(form: FormForScreen, asked: FormQuestion): Question | null {
  const kind = controlFor(asked);
  if (kind === null) return null;
  const list = 'list' in asked.kind ? asked.kind.list : null;
  return {
    key: asked.path,
    kind,
    label: asked.label ?? asked.name,
    hint: asked.hint,
    thing: asked.thing,
    guidance: asked.guidance_hint,
    call: asked.call,
    appearance: asked.appearance ?? '',
    max: 'max' in asked.kind ? asked.kind.max : null,
    roughAbove: 'warning_accuracy_m' in asked.kind ? asked.kind.warning_accuracy_m : undefined,
    scale: asked.kind.type === 'range' ? asked.kind : undefined,
    medium: 'medium' in asked.kind ? asked.kind.medium : undefined,
    pixels: asked.kind.type === 'image' ? asked.kind.max_pixels : null,
    merge: asked.merge,
    choices: list === null ? [] : (form.lists[list] ?? []),
    long: list === null ? undefined : form.long_lists[list],
  };
}

function controlFor(asked: FormQuestion): QuestionKind | null {
  switch (asked.kind.type) {
    case 'text':
      if (asked.address !== undefined) return 'address';
      return /\bmultiline\b/.test(asked.appearance ?? '') ? 'multiline' : 'text';
    case 'date_time':
      return 'dateTime';
    case 'group':
    case 'repeat':
    case 'hidden':
    case 'metadata':
      return null;
    default:
      return asked.kind.type;
  }
}
