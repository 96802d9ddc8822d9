/** What a record's page says, worked out from its view and its form. */
import { isEmpty } from '../lib/answers';
import { findQuestion, isNameless, type Question } from '../lib/form';
import { askedOf, LIFECYCLE, textOf, titleOf, type Asked, type Names } from '../lib/two/asked';
import type { FieldView, PhotoView, RecordCase } from '../lib/answer';
import { t } from '../lib/words';

export type Shown = { field: FieldView; question: Question };

/** What a person has to settle: questions of the form, and of Kerbside's own. A withdrawn record asks nothing. */
export function disagreements(open: RecordCase): Asked[] {
  return open.view.two_answers === 0 ? [] : askedOf(open.form, open.view.fields, namesIn(open));
}

export function namesIn(open: RecordCase): Names {
  return { teams: open.teams, me: open.you, nameOf: (officer) => who(open, officer) };
}

export type RefusedLine = { key: string; text: string; said: string | null };

/** What the office did not take, as “question: answer”; a note is its own words. Why stands after the last line that it is about. */
export function refusedLines(open: RecordCase): RefusedLine[] {
  return open.refused.map(({ dot, field, answer, said }, index) => {
    const [path = '', row = null] = field === null ? [] : field.startsWith('@') ? [field] : field.split('@');
    const question = findQuestion(open.form, path) ?? null;
    const words = textOf(answer, path, question, open);
    const text = field === null ? words : `${titleOf({ path, row }, open.form, question)}: ${words}`;
    const isLast = open.refused[index + 1]?.dot !== dot;
    return { key: `${dot} ${field ?? ''}`, text, said: isLast ? said : null };
  });
}

export type OutcomeLine = { field: string; title: string; kept: string; yours: string; at: number };

/** “J. Ali kept 0782…” and what became of mine. */
export function outcomeLines(open: RecordCase): OutcomeLine[] {
  return open.outcomes.map((outcome) => {
    const [path = '', row = null] = outcome.field.startsWith('@') ? [outcome.field] : outcome.field.split('@');
    const question = findQuestion(open.form, path) ?? null;
    const params = {
      who: who(open, outcome.officer),
      kept: textOf(outcome.kept, path, question, open),
      mine: textOf(outcome.mine, path, question, open),
    };
    const common = { field: outcome.field, at: outcome.at_ms };
    if (path !== LIFECYCLE) return { ...common, title: titleOf({ path, row }, open.form, question), kept: t('device.outcome.kept', params), yours: t('device.outcome.yours', params) };
    const gone = outcome.kept === 'deleted';
    return {
      ...common,
      title: '',
      kept: t(gone ? 'device.outcome.withdrawn' : 'device.outcome.open', params),
      yours: t(gone ? 'device.outcome.withdrawn_yours' : 'device.outcome.open_yours'),
    };
  });
}

/** The questions with one answer, in the order of the form. */
export function answered(open: RecordCase): Shown[] {
  return shown(open).filter(({ field }) => field.values.length === 1 && !isEmpty(field.values[0]?.answer));
}

/** What is attached to it that can be looked at; recordings and documents are counted among its answers. */
export function pictures(open: RecordCase): PhotoView[] {
  return open.view.photos.filter(({ field }) => findQuestion(open.form, field)?.kind !== 'file');
}

/** How many of these the office is known to have. */
export function photosThere(photos: PhotoView[]): number {
  return photos.filter((photo) => photo.received === true).length;
}

/** What the areas around its place are called; one whose boundaries are not here by its code. */
export function areaNames(areas: { name: string | null; code: string }[]): string {
  return areas.map(({ name, code }) => name ?? code).join(', ');
}

export function who(open: RecordCase, officer: number | null | undefined): string {
  if (officer === null || officer === undefined) return t('device.record.someone');
  if (officer === open.you) return t('device.record.you');
  return open.people[officer] ?? t('device.record.someone');
}

function shown(open: RecordCase): Shown[] {
  const order = open.form.questions.map((question) => question.path);
  return open.view.fields
    .flatMap((field) => {
      const question = findQuestion(open.form, field.field);
      return question === undefined || question.kind === 'image' || isNameless(question) ? [] : [{ field, question }];
    })
    .sort((one, other) => order.indexOf(one.question.key) - order.indexOf(other.question.key));
}
