/** What the server says of forms: stands in until Rust exports these. */
import type { FormForScreen, Localised } from '../../lib/answer';

export type FormProblem = { sheet: string; row: number | null; column: string | null; cell: string | null; stops: boolean; code: string; what: string };
export type FormVersionState = 'published' | 'withdrawn' | 'waiting';
export type FormVersion = {
  version: number;
  version_text: string | null;
  state: FormVersionState;
  from_ms: number;
  published_ms: number;
  published_by: string | null;
  records: number;
};
export type FormLine = { key: string; title: Localised; service: string; teams: string[]; versions: FormVersion[] };
export type FormChanges = { from_version: number; added: string[]; removed: string[]; altered: string[] };
export type FormFacts = {
  questions: number;
  required: number;
  taps: number;
  personal: number;
  special: number;
  criminal: number;
  photos: number;
  bytes: number;
  changed: FormChanges | null;
};
export type FormDraft = {
  id: string;
  key: string;
  version: number;
  title: Localised;
  source: string;
  imported_ms: number;
  imported_by: string | null;
  problems: FormProblem[];
  form: FormForScreen | null;
  facts: FormFacts | null;
};
