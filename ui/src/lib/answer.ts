/** The shapes that the device and the server speak: Rust's own, with answers typed as screens know them. */
import type { Case as CaseInRust } from './generated/Case';
import type { Answered as AnsweredInRust } from './generated/Answered';
import type { Draft as DraftInRust } from './generated/Draft';
import type { DraftMove as DraftMoveInRust } from './generated/DraftMove';
import type { Evaluation as EvaluationInRust } from './generated/Evaluation';
import type { Fault } from './generated/Fault';
import type { FormAnswered as FormAnsweredInRust } from './generated/FormAnswered';
import type { FieldView as FieldViewInRust } from './generated/FieldView';
import type { FormForScreen } from './generated/FormForScreen';
import type { FormTile } from './generated/FormTile';
import type { Localised } from './generated/Localised';
import type { NoteView } from './generated/NoteView';
import type { Offer } from './generated/Offer';
import type { ParkedAnswer as ParkedInRust } from './generated/ParkedAnswer';
import type { Phone } from './generated/Phone';
import type { PhotoLine } from './generated/PhotoLine';
import type { PhotoView } from './generated/PhotoView';
import type { PlaceSource } from './generated/PlaceSource';
import type { Poke } from './generated/Poke';
import type { Question as FormQuestion } from './generated/Question';
import type { Outcome as OutcomeInRust } from './generated/Outcome';
import type { RecordCase as RecordCaseInRust } from './generated/RecordCase';
import type { RefusedAnswer as RefusedInRust } from './generated/RefusedAnswer';
import type { RecordView as RecordViewInRust } from './generated/RecordView';
import type { ReviewEdit as ReviewEditInRust } from './generated/ReviewEdit';
import type { ReviewItem as ReviewItemInRust } from './generated/ReviewItem';
import type { ReviewPage as ReviewPageInRust } from './generated/ReviewPage';
import type { Saved } from './generated/Saved';
import type { SessionView as Session } from './generated/SessionView';
import type { TimelineLine as TimelineLineInRust } from './generated/TimelineLine';
import type { Tray } from './generated/Tray';
import type { TrayLine } from './generated/TrayLine';
import type { TrayPage } from './generated/TrayPage';
import type { TwoAnswersLine as TwoAnswersLineInRust } from './generated/TwoAnswersLine';
import type { TwoAnswersPage as TwoAnswersPageInRust } from './generated/TwoAnswersPage';
import type { ValueView as ValueViewInRust } from './generated/ValueView';

export type { Fault, FormForScreen, FormQuestion, FormTile, Localised, NoteView, PhotoLine, PhotoView, PlaceSource, Saved };
export type { Poke, Session, Tray, TrayLine, TrayPage };

/** Rust leaves an answer's JSON open; here it has the shapes that the form's questions give it. */
export type Evaluation = Omit<EvaluationInRust, 'calculated'> & { calculated: Answers };

export type Draft = Omit<DraftInRust, 'answers' | 'evaluation' | 'parked'> & { answers: Answers; evaluation: Evaluation; parked: Parked[] };

/** What became of a draft after an answer, with the other answers it set off. */
export type Answered = Omit<AnsweredInRust, 'evaluation' | 'set_off'> & { evaluation: Evaluation; set_off: Answers };

/** A photo, a recording or a document of a draft; a file chosen from the device has the name it had there. */
export type Attached = PhotoLine;

export type Telephone = Phone;

/** An answer that this version of the form does not ask for. */
export type Parked = Omit<ParkedInRust, 'answer'> & { answer: Answer };

/** What moving a draft to the newer version of its form would do. */
export type DraftMove = Omit<DraftMoveInRust, 'parked'> & { parked: Parked[] };

export type { Offer };

export type ValueView = Omit<ValueViewInRust, 'answer'> & { answer: Answer };

export type FieldView = Omit<FieldViewInRust, 'values' | 'both'> & { values: ValueView[]; both: Answer };

export type TwoAnswersLine = Omit<TwoAnswersLineInRust, 'field'> & { field: FieldView };

export type TwoAnswersPage = Omit<TwoAnswersPageInRust, 'lines'> & { lines: TwoAnswersLine[] };

/** One thing that a change in review would do, with what stands now beside it. */
export type ReviewEdit = Omit<ReviewEditInRust, 'now' | 'to'> & { now: Answer[]; to: Answer };

export type ReviewItem = Omit<ReviewItemInRust, 'edits'> & { edits: ReviewEdit[] };

export type ReviewPage = Omit<ReviewPageInRust, 'items'> & { items: ReviewItem[] };

/** Something this officer wrote that the office did not take. */
export type RefusedAnswer = Omit<RefusedInRust, 'answer'> & { answer: Answer };

/** What somebody else chose over an answer of this officer. */
export type Outcome = Omit<OutcomeInRust, 'mine' | 'kept'> & { mine: Answer; kept: Answer };

/** A record as the device shows it: the view, the form it was made with, and who the officers in it are. */
export type RecordCase = Omit<RecordCaseInRust, 'view' | 'outcomes' | 'teams' | 'refused'> & { view: RecordView; outcomes: Outcome[]; refused: RefusedAnswer[]; teams: Record<string, Localised> };

export type RecordView = Omit<RecordViewInRust, 'fields'> & { fields: FieldView[] };

export type PlaceAnswer = {
  lat: number;
  lon: number;
  accuracy_m: number | null;
  altitude_m: number | null;
  fixed_at: string;
  source: PlaceSource;
};

/** Latitude and longitude: one corner of a line or an outline. */
export type Corner = [lat: number, lon: number];

/** The answers to a form being tried, with what they set off. */
export type FormAnswered = Omit<FormAnsweredInRust, 'answers' | 'evaluation'> & { answers: Answers; evaluation: Evaluation };

/** An answer as JSON: what drafts, views and the console's API carry. */
export type Answer = null | boolean | number | string | string[] | Corner[] | PlaceAnswer | TakenOutAnswer;
/** Stands where an answer was that the office took out for good. */
export type TakenOutAnswer = { redacted: true };

export type Answers = Record<string, Answer>;

/** One thing that somebody did to a record. */
export type TimelineLine = Omit<TimelineLineInRust, 'from' | 'to'> & { from: Answer[] | null; to: Answer };

/** What the server says of a record; it may have no version of its form. */
export type CaseReply = Omit<CaseInRust, 'view' | 'timeline'> & { view: RecordView; timeline: TimelineLine[] };

/** A record as the console shows it. */
export type Case = CaseReply & { form: FormForScreen };

/** One answer given at a desk. `field` names its row too. */
/** What is taken out of a record for good: an answer, a note by its dot, or a photo by its hash. */
export type TakenOut = { field: string } | { note: string } | { photo: string };
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
