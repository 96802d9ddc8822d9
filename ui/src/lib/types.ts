/** The shapes that the device and the server speak: Rust's own, with answers typed as screens know them. */
import type { Case as CaseInRust } from './generated/Case';
import type { Draft as DraftInRust } from './generated/Draft';
import type { Evaluation as EvaluationInRust } from './generated/Evaluation';
import type { Fault } from './generated/Fault';
import type { FieldView as FieldViewInRust } from './generated/FieldView';
import type { FormForScreen } from './generated/FormForScreen';
import type { FormTile } from './generated/FormTile';
import type { Localised } from './generated/Localised';
import type { NoteView } from './generated/NoteView';
import type { PhotoLine } from './generated/PhotoLine';
import type { PhotoView } from './generated/PhotoView';
import type { PlaceSource } from './generated/PlaceSource';
import type { Poke } from './generated/Poke';
import type { Question as FormQuestion } from './generated/Question';
import type { RecordView as RecordViewInRust } from './generated/RecordView';
import type { Saved } from './generated/Saved';
import type { SessionView as Session } from './generated/SessionView';
import type { TimelineLine as TimelineLineInRust } from './generated/TimelineLine';
import type { Tray } from './generated/Tray';
import type { TrayLine } from './generated/TrayLine';
import type { TrayPage } from './generated/TrayPage';
import type { ValueView as ValueViewInRust } from './generated/ValueView';

export type { Fault, FormForScreen, FormQuestion, FormTile, Localised, NoteView, PhotoLine, PhotoView, PlaceSource, Saved };
export type { Poke, Session, Tray, TrayLine, TrayPage };

/** Rust leaves an answer's JSON open; here it has the shapes that the form's questions give it. */
export type Evaluation = Omit<EvaluationInRust, 'calculated'> & { calculated: Answers };

export type Draft = Omit<DraftInRust, 'answers' | 'evaluation'> & { answers: Answers; evaluation: Evaluation };

export type ValueView = Omit<ValueViewInRust, 'answer'> & { answer: Answer };

export type FieldView = Omit<FieldViewInRust, 'values'> & { values: ValueView[] };

export type RecordView = Omit<RecordViewInRust, 'fields'> & { fields: FieldView[] };

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

export type Status = {
  enrolled: boolean;
  unlocked: boolean;
  officer_name: string | null;
  council: string | null;
  short_code: string | null;
  key_store: 'os' | 'file' | null;
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

export type DraftLine = { id: string; form: string; title: Localised; record: string | null; saved_at_ms: number; photos: number };

export type Shift = {
  officer_name: string;
  short_code: string;
  forms: FormTile[];
  records: RecordLine[];
  drafts: DraftLine[];
  strip: Strip;
};

export type SaveOutcome = { saved: Saved } | { faults: Fault[] };

export type WaitingItem = {
  what: string;
  record: string | null;
  draft: string | null;
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

/** One thing that somebody did to a record. */
export type TimelineLine = Omit<TimelineLineInRust, 'from' | 'to'> & { from: Answer[] | null; to: Answer };

/** What the server says of a record; it may have no version of its form. */
export type CaseReply = Omit<CaseInRust, 'view' | 'timeline'> & { view: RecordView; timeline: TimelineLine[] };

/** A record as the console shows it. */
export type Case = CaseReply & { form: FormForScreen };

/** One answer given at a desk. `field` names its row too. */
export type CaseEdit = { field: string; answer: Answer; seen: string };

export type AreaOutlines = {
  type: 'FeatureCollection';
  attribution?: string;
  features: {
    type: 'Feature';
    properties: { name: string; [property: string]: unknown };
    geometry: { type: 'Polygon'; coordinates: number[][][] } | { type: 'MultiPolygon'; coordinates: number[][][][] };
  }[];
};
