/** What a record's page says, worked out from its view and its form. */
import { isEmpty } from '../lib/answers';
import { findQuestion, isNameless, type Question } from '../lib/form';
import type { FieldView, PhotoView, RecordCase } from '../lib/answer';
import { t } from '../lib/words';

export type Shown = { field: FieldView; question: Question };

/** The questions with more than one answer, which a person has to settle. */
export function disagreements(open: RecordCase): Shown[] {
  return shown(open).filter(({ field }) => field.values.length > 1);
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
