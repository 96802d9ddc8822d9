/** The GOV.UK sentence for a fault. Rust says what is wrong and which sentence says so; this says it to a person. */
import type { Fault, Localised } from './answer';
import { find, say, t, type Params } from './words';

export function faultSentence(fault: Fault, question?: { label: Localised | string | null }): string {
  const own = say(fault.message);
  if (own !== '') return own;
  const label = say(fault.thing) || say(question?.label) || fault.field;
  const params: Params = { thing: inSentence(label), Thing: label.charAt(0).toUpperCase() + label.slice(1) };
  if (fault.max !== null) params['max'] = fault.max;
  if (fault.min !== null) params['min'] = fault.min;
  return find(fault.key, params) ?? t('form.fault.check', params);
}

/** Labels stand inside sentences in lower case, unless they start with an abbreviation such as “UPRN” or “CO”. */
export function inSentence(label: string): string {
  const second = label.charAt(1);
  const abbreviation = second !== second.toLowerCase();
  return abbreviation ? label : label.charAt(0).toLowerCase() + label.slice(1);
}
