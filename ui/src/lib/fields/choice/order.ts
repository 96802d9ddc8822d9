/** Things put in an order by one step up or down, never by dragging alone. */
import type { Answer } from '../../answer';
import type { Choice } from '../../form';

/** The choices as the answer orders them; where there is none, as they are offered. One the answer forgot stands last. */
export function orderOf(choices: Choice[], answer: Answer | undefined, offered: string[] | undefined): Choice[] {
  const names = typeof answer === 'string' && answer !== '' ? answer.split(' ') : (offered ?? []);
  const place = ({ name }: Choice) => (names.includes(name) ? names.indexOf(name) : names.length);
  return [...choices].sort((a, b) => place(a) - place(b));
}

/** The same list with one entry a place up or down. */
export function moved<T>(list: T[], index: number, by: -1 | 1): T[] {
  const next = [...list];
  const [entry] = next.splice(index, 1);
  if (entry !== undefined) next.splice(index + by, 0, entry);
  return next;
}
