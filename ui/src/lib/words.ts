/** Every sentence a person reads, from `schemas/words`. Keys are typed from the English file; Welsh falls back to English. */
import { createSubscriber } from 'svelte/reactivity';
import cy from '../../../schemas/words/cy.json';
import en from '../../../schemas/words/en.json';
import type { Localised } from './answer';

export type Word = keyof typeof en;
export type Language = 'en' | 'cy';
export type Params = Record<string, string | number>;

const english: Record<string, string> = en;
const welsh: Record<string, string> = cy;

let language: Language = 'en';
let changed: () => void = () => undefined;
const watch = createSubscriber((update) => {
  changed = update;
  return () => (changed = () => undefined);
});

export function currentLanguage(): Language {
  watch();
  return language;
}

export function setLanguage(next: Language): void {
  language = next;
  changed();
}

/** The sentence for a key. Where `n` is one and the file has `key.one`, that form is used. */
export function t(key: Word, params: Params = {}): string {
  const one = params['n'] === 1 ? phrase(`${key}.one`) : undefined;
  return fill(one ?? phrase(key) ?? key, params);
}

/** A key made at run time (a problem's code, a state): undefined where nobody has written the sentence. */
export function find(key: string, params: Params = {}): string | undefined {
  const found = phrase(key);
  return found === undefined ? undefined : fill(found, params);
}

/** A label or hint of a form, in the language being read. */
export function say(text: Localised | string | null | undefined): string {
  if (text === null || text === undefined) return '';
  if (typeof text === 'string') return text;
  return (currentLanguage() === 'cy' && text.cy) || text.en;
}

function phrase(key: string): string | undefined {
  return (currentLanguage() === 'cy' ? welsh[key] : undefined) ?? english[key];
}

function fill(sentence: string, params: Params): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}
