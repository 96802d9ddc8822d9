/** What the form renderer needs from whoever keeps the answers: the device's vault, or a form that is only being tried. */
import type { Answer, Answers, Evaluation, Fault, FormForScreen } from '../answer';
import { faultSentence } from '../faults';

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

export function faultLines(form: FormForScreen, faults: Fault[]): FaultLine[] {
  const asked = (field: string) => form.questions.find(({ path }) => path === field.split('@')[0]);
  return faults.map((fault) => ({ field: fault.field, sentence: faultSentence(fault, asked(fault.field)) }));
}
