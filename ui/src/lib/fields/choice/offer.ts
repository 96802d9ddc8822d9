/** Which choices of a list are on offer now: in the order the evaluation gives, which may have shuffled them. */
import type { Choice, Question } from '../../form';

export function onOffer(question: Question, offered: string[] | undefined): Choice[] {
  if (offered === undefined) return question.choices;
  const known = new Map(question.choices.map((choice) => [choice.name, choice]));
  return offered.flatMap((name) => known.get(name) ?? []);
}

/** What was chosen and is not on offer any more, because another answer has changed. */
export function gone(question: Question, offered: string[] | undefined, chosen: string[]): Choice[] {
  if (offered === undefined) return [];
  const missing = chosen.filter((name) => !offered.includes(name));
  return missing.map((name) => question.choices.find((choice) => choice.name === name) ?? { name, label: name });
}
