/** Numbers as they are typed. What cannot be read stays as text, so that nothing typed is lost and the fault names it. */
import type { Answer } from './answer';

export function wholeNumber(typed: string): Answer {
  const text = typed.trim().replaceAll(',', '');
  if (text === '') return null;
  return /^-?\d{1,15}$/.test(text) ? Number(text) : typed;
}

/** Pounds typed as `12`, `12.5` or `£12.50` are kept as pence. */
export function penceOf(typed: string): Answer {
  const text = typed.trim().replace(/^£/, '').replaceAll(',', '');
  if (text === '') return null;
  const parts = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(text);
  if (parts === null) return typed;
  return Number(parts[1]) * 100 + Number((parts[2] ?? '').padEnd(2, '0'));
}

export function poundsOf(answer: Answer | undefined): string {
  if (typeof answer !== 'number') return String(answer ?? '');
  return answer % 100 === 0 ? String(answer / 100) : (answer / 100).toFixed(2);
}

/** The same number below nought, or above it again; a lone minus waits for its figures. */
export function opposite(answer: Answer | undefined): Answer {
  if (typeof answer === 'number') return answer === 0 ? 0 : -answer;
  const text = typeof answer === 'string' ? answer.trim() : '';
  if (text.startsWith('-')) return text.slice(1) || null;
  return `-${text}`;
}
