/** What the form renderer needs from whoever keeps the answers: the device's vault, or a form that is only being tried. */
import type { Answer, Answers, Evaluation, Fault, FormForScreen } from '../answer';
import { faultSentence } from '../faults';
import { say, t } from '../words';

export interface Asking {
  readonly form: FormForScreen | null;
  readonly answers: Answers;
  readonly evaluation: Evaluation | null;
  /** The faults that stood when saving was last asked for; answering one takes it away. */
  readonly faults: Fault[];
  /** Fields that the form's own defaults answered and nobody has touched since. */
  readonly prefilled?: ReadonlySet<string>;
  answer(field: string, json: Answer): void;
  /** The photos, recordings and documents of a question. */
  photosOf(field: string): string[];
}

export type FaultLine = { field: string; sentence: string };

/** The sentences, each with the row it speaks of where its question repeats. */
export function faultLines(form: FormForScreen, faults: Fault[], evaluation: Evaluation | null = null): FaultLine[] {
  const asked = (field: string) => form.questions.find(({ path }) => path === field.split('@')[0]);
  return faults.map((fault) => {
    const sentence = faultSentence(fault, asked(fault.field));
    const row = rowOf(fault.field, evaluation);
    const thing = row === null ? '' : say(asked(row.repeat)?.label);
    return { field: fault.field, sentence: row === null ? sentence : t('form.row.fault', { sentence, row: t('form.row.nth', { thing, n: row.ordinal }) }) };
  });
}

function rowOf(field: string, evaluation: Evaluation | null): { repeat: string; ordinal: number } | null {
  const row = field.split('@')[1];
  if (row === undefined) return null;
  for (const [repeat, rows] of Object.entries(evaluation?.rows ?? {})) {
    if (rows.includes(row)) return { repeat, ordinal: rows.indexOf(row) + 1 };
  }
  return null;
}
