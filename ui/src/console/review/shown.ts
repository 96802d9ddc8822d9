/** What a change in review would do to its record, as a person reads it: what stands now, and what its writer wrote. */
import { findQuestion, type Question } from '../../lib/form';
import { textOf, titleOf, type Names } from '../../lib/two/asked';
import { t } from '../../lib/words';
import type { Answer, FormForScreen, ReviewEdit, ReviewItem } from '../../lib/answer';

const REFERENCE = '@ref';

export type Shown = {
  key: string;
  title: string;
  /** Nothing where the record begins with it, or where nothing can stand beside it. */
  now: string[] | null;
  to: string;
  plate: boolean;
  /** The hash of a photo. */
  photo: string | null;
  /** Somebody answered since its writer looked: both would stand. */
  since: boolean;
};

export function shownEdits(item: ReviewItem, form: FormForScreen, names: Names): Shown[] {
  return item.edits
    .filter((edit) => edit.field !== REFERENCE && !(item.begins && edit.kind === 'answer' && edit.to === null))
    .map((edit, index) => ({ key: `${index} ${edit.field ?? edit.kind}`, ...shown(edit, item, form, names) }));
}

/** A field of the record, as the form or Kerbside itself calls it. */
export function questionOf(field: string, form: FormForScreen): { path: string; title: string; question: Question | null } {
  const [path = '', row = null] = field.startsWith('@') ? [field] : field.split('@');
  const question = findQuestion(form, path) ?? null;
  return { path, question, title: titleOf({ path, row }, form, question) };
}

function shown(edit: ReviewEdit, item: ReviewItem, form: FormForScreen, names: Names): Omit<Shown, 'key'> {
  const none = { now: null, plate: false, photo: null, since: false };
  if (edit.kind === 'note') return { ...none, title: t('console.review.note'), to: String(edit.to) };
  if (edit.kind === 'seal') return { ...none, title: t('console.review.seal'), to: t('console.review.sealed') };
  if (edit.kind === 'newer' || edit.field === null) return { ...none, title: t('console.review.newer'), to: t('console.review.newer_means') };
  const { path, title, question } = questionOf(edit.field, form);
  const words = (answer: Answer) => textOf(answer, path, question, names);
  if (edit.kind === 'photo') return { ...none, title, to: t('console.review.photo'), photo: String(edit.to) };
  const several = edit.kind === 'answer' ? null : edit.kind;
  const to = several === null ? words(edit.to) : t(several === 'added' ? 'console.review.added' : 'console.review.removed', { what: words(edit.to) });
  const standing = several !== null ? [words(edit.now as string[])] : edit.now.map(words);
  const now = standing.length === 0 ? [words(null)] : standing;
  return { title, now: item.begins ? null : now, to, plate: question !== null && /\b(plate|vrm)\b/.test(question.appearance), photo: null, since: edit.answered_since };
}
