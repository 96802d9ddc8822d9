/** The GOV.UK sentence for a fault. Rust says what is wrong; this says it to a person. */
import type { Question } from './form';
import type { Fault } from './types';
import { find, say, t, type Params } from './words';

/** The form's own message where it has one; else the template for this kind of question; else the general one. */
export function faultSentence(fault: Fault, question: Question | undefined): string {
  const own = say(fault.message);
  if (own !== '') return own;
  const label = question === undefined ? fault.field : say(question.label);
  const params: Params = { ...details(fault), label, thing: lowerFirst(label) };
  const kind = question?.kind ?? 'text';
  return (
    find(`form.fault.${fault.code}.${kind}`, params) ??
    find(`form.fault.${fault.code}`, params) ??
    t('form.fault.check', params)
  );
}

/** Labels stand inside sentences in lower case, unless they start with an abbreviation such as "UPRN" or "CO". */
export function lowerFirst(label: string): string {
  const [first, second] = [label.charAt(0), label.charAt(1)];
  return second !== '' && second === second.toUpperCase() && second !== second.toLowerCase()
    ? label
    : first.toLowerCase() + label.slice(1);
}

function details(fault: Fault): Params {
  const params: Params = {};
  for (const [name, value] of Object.entries(fault)) {
    if (typeof value === 'string' || typeof value === 'number') params[name] = value;
  }
  return params;
}
