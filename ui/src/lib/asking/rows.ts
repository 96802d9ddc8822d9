/** The rows of a repeat: added, taken out and put back, copied, and put in an order. Each change is the answers it writes. */
import { answerText, isEmpty, names } from '../answers';
import type { Answer, Answers, FormForScreen } from '../answer';
import { isAttached } from '../form';
import { moved } from '../fields/choice/order';
import type { Row } from './spine';

export type Write = [field: string, answer: Answer];

export function newRow(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function added(answers: Answers, repeat: string, row: string): Write[] {
  return [[repeat, [...names(answers[repeat]), row]]];
}

/** What was typed in the row stays in the draft, so that putting its id back brings all of it back. */
export function takenOut(answers: Answers, repeat: string, row: string): Write[] {
  return [[repeat, names(answers[repeat]).filter((other) => other !== row)]];
}

/** In which order the rows stand is an answer of its own: two people may add rows at once. */
export function reordered(repeat: string, rows: string[], row: string, by: -1 | 1): Write[] {
  return [[`@order/${repeat}`, moved(rows, rows.indexOf(row), by)]];
}

/** A second row with the same answers right after the first, and the rows within it too. Photos and files are of one row only. */
export function copied(form: FormForScreen, answers: Answers, repeat: { field: string; rows: string[] }, row: string, make: () => string): Write[] {
  const copy = make();
  const order = repeat.rows.flatMap((one) => (one === row ? [one, copy] : [one]));
  const path = repeat.field.split('@')[0] ?? repeat.field;
  return [...contents(form, answers, path, row, copy, make), ...added(answers, repeat.field, copy), [`@order/${repeat.field}`, order]];
}

function contents(form: FormForScreen, answers: Answers, path: string, from: string, to: string, make: () => string): Write[] {
  const writes: Write[] = [];
  for (const { path: inner, kind, repeat } of form.questions) {
    const answer = answers[`${inner}@${from}`];
    if (answer === undefined || isEmpty(answer) || !inner.startsWith(`${path}/`) || repeat !== path) continue;
    if (kind.type === 'repeat') {
      const pairs = names(answer).map((row) => [row, make()] as const);
      for (const [row, copy] of pairs) writes.push(...contents(form, answers, inner, row, copy, make));
      writes.push([`${inner}@${to}`, pairs.map(([, copy]) => copy)]);
    } else if (!['image', 'file', 'calculate', 'metadata'].includes(kind.type)) {
      writes.push([`${inner}@${to}`, answer]);
    }
  }
  return writes;
}

/** The first answers of a row, by which a person knows it. */
export function heading(row: Row, answers: Answers): string {
  const said = row.fields
    .filter(({ field, question }) => !isAttached(question) && question.kind !== 'note' && question.kind !== 'calculate' && !isEmpty(answers[field]))
    .map(({ field, question }) => answerText(answers[field], question));
  return said.slice(0, 2).join(' · ');
}
