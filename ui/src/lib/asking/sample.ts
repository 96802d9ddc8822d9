/** Small forms for tests: a question says what it is, and the rest is as plain as it can be. */
import type { Evaluation, FormForScreen, FormQuestion } from '../answer';

export function asked(path: string, kind: FormQuestion['kind'], changes: Partial<FormQuestion> = {}): FormQuestion {
  const parts = path.split('/');
  const name = parts.at(-1) ?? path;
  const parent = parts.length === 1 ? null : parts.slice(0, -1).join('/');
  const plain = { hint: null, guidance_hint: null, call: null, thing: null, appearance: null, office: false, repeat: null };
  return { path, name, kind, label: { en: name }, parent, media: { image: null, audio: null, video: null }, merge: 'mv', pii: 'none', ...plain, ...changes };
}

export function formOf(questions: FormQuestion[], changes: Partial<FormForScreen> = {}): FormForScreen {
  return { key: 'visit', version: 1, title: { en: 'Visit' }, service: 'housing', lists: {}, long_lists: {}, questions, ...changes };
}

export function evaluationOf(visible: string[], changes: Partial<Evaluation> = {}): Evaluation {
  return { visible, required: [], faults: [], calculated: {}, choices: {}, read_only: [], rows: {}, said: {}, ...changes };
}
