//! A record as a person reads it: every field with all its values, who and when. The same on the device and in the office.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use ts_rs::TS;

use super::{Lifecycle, Record, Stamp};
use crate::areas::route::{AreaOfRecord, areas_of};
use crate::change::{Context, Edit, Member};
use crate::field::{FieldKey, LIFECYCLE, REFERENCE, STATUS};
use crate::form::{Answers, Form, Now, answer_from_json};
use crate::grid;
use crate::ids::{Actor, Dot, OfficerId, RecordId, RowId, Sha256};
use crate::redact::REDACTED;
use crate::rows::{in_order, order_field};
use crate::value::{Value, to_json};

/// A record for a screen.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[ts(export)]
pub struct RecordView {
    pub id: RecordId,
    pub form: String,
    pub form_version: u32,
    /// What the officer's device called it at once, such as `W07-14`.
    pub reference: Option<String>,
    /// What the office calls it, such as `FT-000123`, once it was received.
    pub office_reference: Option<String>,
    #[ts(type = "number | null")]
    pub created_at_ms: Option<i64>,
    pub created_by: Option<OfficerId>,
    pub teams: Vec<String>,
    pub status: Option<String>,
    /// In which areas its place lies, by the boundaries there were then.
    pub areas: Vec<AreaOfRecord>,
    pub fields: Vec<FieldView>,
    pub photos: Vec<PhotoView>,
    pub notes: Vec<NoteView>,
    /// How many fields hold two answers.
    pub two_answers: u32,
    /// What the reader has in front of them of the whole record, to be sent back with a withdrawal: opaque.
    pub seen: String,
    /// Where somebody withdrew it, whether or not a person has to be asked.
    pub withdrawal: Option<Withdrawal>,
}

/// That a record was withdrawn, and why.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[ts(export)]
pub struct Withdrawal {
    pub officer: OfficerId,
    #[ts(type = "number")]
    pub at_ms: i64,
    pub reason: Option<String>,
    /// Somebody did something to the record without knowing: a person has to say whether it stays.
    pub asks: bool,
}

/// One question and every answer that stands. More than one different answer: a person has to choose.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[ts(export)]
pub struct FieldView {
    pub field: FieldKey,
    pub path: String,
    pub row: Option<RowId>,
    pub values: Vec<ValueView>,
    /// Both answers as one, where there are two and the question can hold both.
    #[ts(type = "unknown")]
    pub both: Option<serde_json::Value>,
    /// What the reader has in front of them, to be sent back with an edit: opaque.
    pub seen: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[ts(export)]
pub struct ValueView {
    #[ts(type = "unknown")]
    pub answer: serde_json::Value,
    pub officer: OfficerId,
    pub actor: Actor,
    #[ts(type = "number")]
    pub at_ms: i64,
    pub dot: String,
    /// The British National Grid reference of a place, to ten metres. None of anything else, and off the grid.
    pub grid: Option<String>,
}

#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[ts(export)]
pub struct PhotoView {
    pub field: FieldKey,
    pub sha256: Sha256,
    #[ts(type = "number")]
    pub bytes: u64,
    pub kind: String,
    pub width: Option<u32>,
    pub height: Option<u32>,
    #[ts(type = "number | null")]
    pub taken_at_ms: Option<i64>,
    /// What a file that is no photo was called.
    pub name: Option<String>,
    pub officer: OfficerId,
    #[ts(type = "number")]
    pub at_ms: i64,
    /// Whether its bytes are where this view was made. None where that is not known.
    pub received: Option<bool>,
}

#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[ts(export)]
pub struct NoteView {
    pub dot: String,
    pub kind: String,
    pub text: String,
    pub officer: OfficerId,
    #[ts(type = "number")]
    pub at_ms: i64,
}

impl RecordView {
    /// Lays a record out for a screen. System fields other than those named here are left out.
    #[must_use]
    pub fn of(id: RecordId, record: &Record, office_reference: Option<String>) -> Self {
        let created = record.created();
        Self {
            id,
            form: record.form().to_owned(),
            form_version: record.form_version(),
            reference: text_of(record.provisional(&FieldKey::new(REFERENCE))),
            office_reference,
            created_at_ms: created.map(|stamp| stamp.at_ms),
            created_by: created.map(|stamp| stamp.officer),
            teams: record.teams(),
            status: text_of(record.provisional(&FieldKey::new(STATUS))),
            areas: areas_of(record).into_iter().collect(),
            fields: record
                .registers()
                .filter(|(field, _)| field.path != REFERENCE && !field.is_order())
                .map(|(field, _)| FieldView::of(id, record, field))
                .chain(row_lists(record))
                .collect(),
            photos: record
                .photos()
                .into_iter()
                .filter(|(.., facts)| facts.kind != REDACTED)
                .map(PhotoView::of)
                .collect(),
            notes: record.notes().map(NoteView::of).collect(),
            two_answers: record.two_answers(),
            seen: {
                let whole = FieldKey::new(LIFECYCLE);
                seen_text(id, &whole, &record.context(&whole))
            },
            withdrawal: Withdrawal::of(record),
        }
    }

    /// Says of each question with two answers what both would be as one, where the form can hold that.
    pub fn offer_both(&mut self, form: &Form, answers: &Answers, now: Now) {
        for field in self.fields.iter_mut().filter(|field| 1 < field.values.len()) {
            let values: Vec<Value> = field
                .values
                .iter()
                .filter_map(|value| answer_from_json(form, &field.field, &value.answer).ok())
                .collect();
            let both =
                (values.len() == field.values.len()).then(|| form.both(&field.field, &values, answers, now));
            field.both = both.flatten().map(|both| to_json(&both));
        }
    }
}

impl Withdrawal {
    fn of(record: &Record) -> Option<Self> {
        let (stamp, asks) = match record.lifecycle() {
            Lifecycle::Open => return None,
            Lifecycle::Withdrawn(stamp) => (stamp, false),
            Lifecycle::Asked(stamp) => (stamp, true),
        };
        let reason = record.withdrawal_reason(stamp).map(str::to_owned);
        Some(Self { officer: stamp.officer, at_ms: stamp.at_ms, reason, asks })
    }
}

impl FieldView {
    fn of(id: RecordId, record: &Record, field: &FieldKey) -> Self {
        let standing = record.standing(field);
        let values = standing.iter().map(|(value, stamp)| ValueView::of(value, *stamp)).collect();
        let seen = seen_text(id, field, &record.context(field));
        Self { field: field.clone(), path: field.path.clone(), row: field.row, values, both: None, seen }
    }
}

/// The rows of each repeat, as they stand, as a field of their own.
fn row_lists(record: &Record) -> impl Iterator<Item = FieldView> {
    record.sets().filter_map(|(field, set)| {
        let rows: BTreeSet<RowId> = set
            .members()
            .into_iter()
            .filter_map(|member| if let Member::Row(row) = member { Some(row) } else { None })
            .collect();
        let rows = in_order(&rows, record.provisional(&order_field(field)).as_ref());
        let stamp = record.created()?;
        (!rows.is_empty()).then(|| FieldView {
            field: field.clone(),
            path: field.path.clone(),
            row: field.row,
            values: vec![ValueView {
                answer: serde_json::json!(rows),
                officer: stamp.officer,
                actor: stamp.dot.actor,
                at_ms: stamp.at_ms,
                dot: stamp.dot.to_string(),
                grid: None,
            }],
            both: None,
            seen: String::new(),
        })
    })
}

impl ValueView {
    fn of(value: &Value, stamp: Stamp) -> Self {
        Self {
            answer: to_json(value),
            officer: stamp.officer,
            actor: stamp.dot.actor,
            at_ms: stamp.at_ms,
            dot: stamp.dot.to_string(),
            grid: if let Value::Place(place) = value { grid::reference_of(*place) } else { None },
        }
    }
}

impl PhotoView {
    fn of((field, sha256, stamp, facts): (&FieldKey, Sha256, Stamp, &crate::change::PhotoFacts)) -> Self {
        Self {
            field: field.clone(),
            sha256,
            bytes: facts.bytes,
            kind: facts.kind.clone(),
            width: facts.width,
            height: facts.height,
            taken_at_ms: facts.taken_at,
            name: facts.name.clone(),
            officer: stamp.officer,
            at_ms: stamp.at_ms,
            received: None,
        }
    }
}

impl NoteView {
    fn of(note: &super::Note) -> Self {
        Self {
            dot: note.stamp.dot.to_string(),
            kind: note.kind.clone(),
            text: note.text.clone(),
            officer: note.stamp.officer,
            at_ms: note.stamp.at_ms,
        }
    }
}

/// The words of a text or a code, nothing for any other kind.
#[must_use]
pub fn text_of(value: Option<Value>) -> Option<String> {
    if let Some(Value::Text(text) | Value::Code(text)) = value { Some(text) } else { None }
}

/// What was in front of the reader, as text: record, field and row travel with it, so that it fits no other question.
#[must_use]
pub fn seen_text(record: RecordId, field: &FieldKey, context: &Context) -> String {
    data_encoding::BASE64URL_NOPAD.encode(&crate::cbor::encode(&Seen {
        record,
        field: field.clone(),
        context: context.clone(),
    }))
}

/// Reads a `seen` back, if it belongs to this field of this record.
#[must_use]
pub fn read_seen(text: &str, record: RecordId, field: &FieldKey) -> Option<Context> {
    let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let seen: Seen = crate::cbor::decode(&bytes).ok()?;
    (seen.record == record && seen.field == *field).then_some(seen.context)
}

#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
struct Seen {
    #[n(0)]
    record: RecordId,
    #[n(1)]
    field: FieldKey,
    #[n(2)]
    context: Context,
}

/// The edits that turn the record's present answers into these, each covering what stands. Equal answers are left alone.
#[must_use]
pub fn edits_towards(record: &Record, answers: &BTreeMap<FieldKey, Value>) -> Vec<Edit> {
    answers
        .iter()
        .filter(|(field, value)| {
            let standing = record.answers(field);
            standing != [(*value).clone()] && !(standing.is_empty() && **value == Value::Null)
        })
        .map(|(field, value)| Edit::Put {
            field: field.clone(),
            context: record.context(field),
            value: value.clone(),
        })
        .collect()
}

/// Reads a dot as `ValueView` and `NoteView` show it.
#[must_use]
pub fn read_dot(text: &str) -> Option<Dot> {
    let (actor, counter) = text.split_once('.')?;
    Some(Dot { actor: Actor(actor.parse().ok()?), counter: counter.parse().ok()? })
}
