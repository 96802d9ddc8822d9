import type { Question } from '../form';
import type { Answer } from '../answer';

/** What every kind of question is given. An answer goes out as it is typed; whether it is right is said by `fault`. */
export type FieldProps = {
  question: Question;
  /** The key of this answer, with its row where the question repeats. */
  field: string;
  answer: Answer | undefined;
  /** The names of the choices on offer now; undefined offers them all. */
  offered?: string[] | undefined;
  required: boolean;
  /** The sentence to show, or null. */
  fault: string | null;
  onanswer: (answer: Answer) => void;
};
