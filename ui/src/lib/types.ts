/** The shapes that the device and the server speak, in the words of `core`. */

export type Localised = { en: string; cy?: string };

export type PlaceSource = 'gnss' | 'fused' | 'pin' | 'gazetteer' | 'mock';

export type PlaceAnswer = {
  lat: number;
  lon: number;
  accuracy_m: number | null;
  altitude_m: number | null;
  fixed_at: string;
  source: PlaceSource;
};

/** An answer as JSON: what drafts, views and the console's API carry. */
export type Answer = null | boolean | number | string | string[] | PlaceAnswer;
export type Answers = Record<string, Answer>;

/** What a question is, with what its kind needs to know. */
export type QuestionKind =
  | { type: 'text'; max: number }
  | { type: 'integer' }
  | { type: 'decimal' }
  | { type: 'select_one'; list: string }
  | { type: 'select_multiple'; list: string }
  | { type: 'date' }
  | { type: 'time' }
  | { type: 'date_time' }
  | { type: 'geopoint'; warning_accuracy_m: number }
  | { type: 'image'; min: number; max: number }
  | { type: 'barcode'; max: number }
  | { type: 'note' }
  | { type: 'acknowledge' }
  | { type: 'calculate' }
  | { type: 'hidden' }
  | { type: 'group' }
  | { type: 'repeat'; max: number };

export type FormQuestion = {
  path: string;
  name: string;
  kind: QuestionKind;
  label: Localised | null;
  hint: Localised | null;
  thing: Localised | null;
  appearance: string | null;
  merge: string;
  pii: string;
  office: boolean;
  parent: string | null;
  repeat: string | null;
};

export type FormForScreen = {
  key: string;
  version: number;
  title: Localised;
  service: string;
  questions: FormQuestion[];
  lists: Record<string, { name: string; label: Localised }[]>;
};

export type Fault = {
  field: string;
  code: string;
  key: string;
  thing: Localised | null;
  max: number | null;
  min: number | null;
  message: Localised | null;
};

export type Evaluation = {
  visible: string[];
  required: string[];
  faults: Fault[];
  calculated: Record<string, Answer>;
  choices: Record<string, string[]>;
};

export type Status = {
  enrolled: boolean;
  unlocked: boolean;
  officer_name: string | null;
  council: string | null;
  short_code: string | null;
  key_store: 'os' | 'file';
  wrong_pins: number;
  wait_seconds: number;
  needs_online_unlock: boolean;
};

export type RecordState = 'draft' | 'saved' | 'sending' | 'received' | 'safe' | 'needs_you';

export type StripWhy = 'none' | 'no_signal' | 'server_busy' | 'try_again' | 'wifi_only' | 'sign_in';

export type Strip = {
  state: 'all_received' | 'waiting' | 'sending' | 'needs_you';
  waiting: number;
  needs_you: number;
  since_ms: number | null;
  last_received_ms: number | null;
  sending: { photo: number; of: number; bytes: number; total: number } | null;
  next_try_ms: number | null;
  why: StripWhy;
};

export type FormTile = { key: string; version: number; title: Localised };

export type RecordLine = {
  record: string;
  reference: string | null;
  office_reference: string | null;
  form: string;
  title: Localised;
  summary: string;
  state: RecordState;
  at_ms: number;
  two_answers: number;
};

export type DraftLine = { id: string; form: string; title: Localised; summary: string; saved_at_ms: number; photos: number };

export type Shift = {
  officer_name: string;
  short_code: string;
  forms: FormTile[];
  records: RecordLine[];
  drafts: DraftLine[];
  strip: Strip;
};

export type PhotoLine = {
  sha256: string;
  field: string;
  width: number;
  height: number;
  bytes: number;
  taken_at_ms: number | null;
  state: RecordState;
};

export type Draft = {
  id: string;
  form: FormForScreen;
  record: string | null;
  answers: Answers;
  evaluation: Evaluation;
  photos: PhotoLine[];
  saved_at_ms: number;
};

export type Saved = { record: string; reference: string; dot: string; photos: string[] };
export type SaveOutcome = { saved: Saved } | { faults: Fault[] };

export type WaitingItem = {
  what: string;
  record: string | null;
  reference: string | null;
  state: RecordState;
  since_ms: number;
  why: StripWhy;
  next_try_ms: number | null;
  photos_total: number;
  photos_sent: number;
  bytes_total: number;
  bytes_sent: number;
  reason_code: string | null;
};

export type Waiting = { strip: Strip; items: WaitingItem[] };

export type ValueView = { answer: Answer; officer: number; actor: number; at_ms: number; dot: string };
export type FieldView = { field: string; row?: string | null; values: ValueView[]; seen: string };
export type PhotoView = {
  field: string;
  row?: string | null;
  sha256: string;
  bytes: number;
  width?: number | null;
  height?: number | null;
  officer: number;
  at_ms: number;
  received?: boolean | null;
};
/** A record as the device shows it: the view, the form it was made with, and who the officers in it are. */
export type RecordCase = {
  view: RecordView;
  form: FormForScreen;
  people: Record<string, string>;
  state: RecordState;
  you: number;
};

/** Which of two answers stands: one of those shown, both, or another. */
export type ResolveChoice = { keep: number } | 'keep_both' | { answer: Answer };

export type NoteView = { dot: string; kind: string; text: string; officer: number; at_ms: number };

export type RecordView = {
  id: string;
  form: string;
  form_version: number;
  reference?: string | null;
  office_reference?: string | null;
  created_at_ms: number | null;
  created_by: number | null;
  teams: string[];
  status?: string | null;
  fields: FieldView[];
  photos: PhotoView[];
  notes: NoteView[];
  two_answers: number;
};

export type Role = 'officer' | 'supervisor' | 'triager' | 'viewer' | 'admin' | 'auditor';

export type Session = {
  officer: { id: number; name: string; email: string; role: Role; teams: string[]; may: string[] };
  council: { key: string; name: string | Localised };
  people: Record<string, string>;
  teams: Record<string, string | Localised>;
  csrf: string;
};

export type Tray = { key: string; title_key: string; count: number };

export type TrayLine = {
  record: string;
  reference: string | null;
  office_reference: string | null;
  form: string;
  title: string | Localised;
  summary: string;
  team: string | null;
  status: string | null;
  captured_at_ms: number;
  received_at_ms: number;
  two_answers: number;
  photos_named: number;
  photos_received: number;
  created_by: number;
  seq: number;
};

export type TrayPage = { records: TrayLine[]; next?: string | number | null };

export type TimelineLine = {
  seq: number;
  at_ms: number;
  received_at_ms: number;
  officer: number;
  office: boolean;
  kind: 'created' | 'changed' | 'photo' | 'note' | 'chose';
  field?: string | null;
  from?: Answer[] | null;
  to?: Answer;
  dot: string;
};

export type Case = {
  view: RecordView;
  form: FormForScreen;
  timeline: TimelineLine[];
  photos_named: number;
  photos_received: number;
  may_edit: boolean;
};

export type CaseEdit = { field: string; row?: string | null; answer: Answer; seen: string };

/** What `GET /v1/live` says: something about this record is new. */
export type Poke = { seq: number; record: string; form: string; team: string };

export type AreaOutlines = {
  type: 'FeatureCollection';
  attribution?: string;
  features: {
    type: 'Feature';
    properties: { name: string; [property: string]: unknown };
    geometry: { type: 'Polygon'; coordinates: number[][][] } | { type: 'MultiPolygon'; coordinates: number[][][][] };
  }[];
};
