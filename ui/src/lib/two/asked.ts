/** A question with two answers as a person is asked it: what each answer is, who gave it and when, and what may be done. */
import { answerText } from '../answers';
import { findQuestion, type Question } from '../form';
import { when } from '../time';
import type { Answer, FieldView, FormForScreen, Localised, ValueView } from '../answer';
import { find, say, t } from '../words';

export const LIFECYCLE = '@lifecycle';
export const TEAM = '@team';
const STATUS = '@status';
const OWNER = '@owner';
const DUPLICATE_OF = '@duplicate_of';

export type Given = { key: string; answer: Answer; text: string; who: string; mine: boolean; at: number; plate: boolean };

export type Asked = {
  field: FieldView;
  /** The form's question; null for one of Kerbside's own, such as the team. */
  question: Question | null;
  title: string;
  given: Given[];
  /** What both would be as one, as a person reads it; null where both cannot stand. */
  both: string | null;
  /** Whether the question is if the record stays at all. */
  stays: boolean;
};

/** What is needed to say who and what: the names on the device or in the office. */
export type Names = {
  teams: Record<string, Localised>;
  /** The name of an officer, as it begins a sentence. */
  nameOf: (officer: number) => string;
  me: number;
};

/** The questions of a record that a person has to settle, that of the whole record first, then in the order of the form. */
export function askedOf(form: FormForScreen, fields: FieldView[], names: Names): Asked[] {
  const order = form.questions.map((question) => question.path);
  const place = (asked: Asked) => (asked.stays ? -2 : asked.question === null ? -1 : order.indexOf(asked.question.key));
  return fields
    .filter((field) => field.values.length > 1)
    .map((field) => ask(form, field, names))
    .sort((one, other) => place(one) - place(other));
}

export function ask(form: FormForScreen, field: FieldView, names: Names): Asked {
  const question = findQuestion(form, field.path) ?? null;
  const text = (answer: Answer) => textOf(answer, field.path, question, names);
  return {
    field,
    question,
    title: titleOf(field, form, question),
    given: field.values.map((value) => ({
      key: `${value.dot} ${JSON.stringify(value.answer)}`,
      answer: value.answer,
      text: text(value.answer),
      who: names.nameOf(value.officer),
      mine: value.officer === names.me,
      at: value.at_ms,
      plate: question !== null && isPlateLike(question),
    })),
    both: field.both === null ? null : text(field.both),
    stays: field.path === LIFECYCLE,
  };
}

/** “Two answers recorded: 0771… (you, 10:14) and 0782… (J. Ali, 09:50).” */
export function sentence(asked: Asked, now: number): string {
  if (asked.stays) return staysSentence(asked, now);
  const parts = asked.given.map((given) => t('form.two.one_of', { answer: given.text, who: given.mine ? t('form.two.you') : given.who, when: when(given.at, now) }));
  const answers = [parts.slice(0, -1).join(', '), parts.at(-1) ?? ''].join(t('form.two.and'));
  return parts.length === 2 ? t('form.two.recorded', { answers }) : t('form.two.recorded_many', { n: parts.length, answers });
}

/** What keeping an answer is called: by whose it is, where there is one of mine and one of somebody else's. */
export function keepWord(asked: Asked, given: Given): string {
  if (asked.stays) return t(given.answer === 'deleted' ? 'form.two.let_go' : 'form.two.keep_open');
  const mine = asked.given.filter((one) => one.mine).length;
  if (asked.given.length !== 2 || mine !== 1) return t('form.two.keep');
  return t(given.mine ? 'form.two.mine' : 'form.two.theirs');
}

export function titleWord(asked: Asked): string {
  if (asked.stays) return t('form.two.stays_title');
  return asked.given.length === 2 ? t('form.two.title') : t('form.two.many', { n: asked.given.length });
}

/** An answer to a question of the form or to one of Kerbside's own, as a person reads it. */
export function textOf(answer: Answer, path: string, question: Question | null, names: Pick<Names, 'teams'>): string {
  if (question !== null || typeof answer !== 'string') return answerText(answer, question ?? undefined);
  if (path === LIFECYCLE) return t(answer === 'deleted' ? 'form.two.answer_deleted' : 'form.two.answer_open');
  if (path === TEAM) return say(names.teams[answer]) || answer;
  if (path === STATUS) return find(`status.${answer}`) ?? answer;
  return answer;
}

export function titleOf(field: Pick<FieldView, 'path' | 'row'>, form: FormForScreen, question: Question | null): string {
  if (field.path === LIFECYCLE) return t('form.two.stays');
  if (field.path === TEAM) return t('form.two.team');
  if (field.path === STATUS) return t('form.two.status');
  if (field.path === OWNER) return t('form.two.owner');
  if (field.path === DUPLICATE_OF) return t('form.two.duplicate_of');
  if (question === null) return field.path;
  const repeat = form.questions.find((asked) => asked.path === question.key)?.repeat ?? null;
  if (field.row === null || repeat === null) return say(question.label);
  const thing = form.questions.find((asked) => asked.path === repeat);
  return `${say(thing?.label ?? thing?.name)} · ${say(question.label)}`;
}

function staysSentence(asked: Asked, now: number): string {
  const withdrawn = asked.given.find((given) => given.answer === 'deleted');
  const worked = asked.given.find((given) => given.answer !== 'deleted');
  return t('form.two.withdrew', {
    who: withdrawn?.who ?? '',
    when: withdrawn === undefined ? '' : when(withdrawn.at, now),
    editor: worked?.mine === true ? t('form.two.you') : (worked?.who ?? ''),
    edited: worked === undefined ? '' : when(worked.at, now),
  });
}

function isPlateLike(question: Question): boolean {
  return /\b(plate|vrm)\b/.test(question.appearance);
}

export type { ValueView };
