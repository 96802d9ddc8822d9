//! What screens show of records, and the small acts done on them: a note, and
//! the choice between two answers.

use crate::clock::Reading;
use crate::save::{Act, Saved};
use crate::store::{ChangeState, OwnChange, RecordRow};
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::change::Edit;
use kerbside_core::field::FieldKey;
use kerbside_core::form::{QuestionKind, answer_from_json};
use kerbside_core::ids::{Actor, RecordId};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::Record;
use kerbside_core::record::view::RecordView;
use kerbside_core::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// How far a piece of work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum WorkState {
    NeedsYou,
    Draft,
    /// On this device.
    Saved,
    /// Photos are on their way.
    Sending,
    /// On the server's disk, by its signed receipt.
    Received,
    /// In a backup that was read back, as the server states it.
    Safe,
}

impl WorkState {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NeedsYou => "needs_you",
            Self::Draft => "draft",
            Self::Saved => "saved",
            Self::Sending => "sending",
            Self::Received => "received",
            Self::Safe => "safe",
        }
    }
}

/// A record in a list.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct RecordLine {
    pub record: RecordId,
    pub reference: Option<String>,
    pub office_reference: Option<String>,
    pub form: String,
    pub title: kerbside_core::form::Localised,
    pub summary: String,
    pub state: WorkState,
    #[ts(type = "number")]
    pub at_ms: i64,
    pub two_answers: u32,
}

/// What to show of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct Filter {
    pub form: Option<String>,
    pub state: Option<WorkState>,
}

/// How a person settles two answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export, rename = "AnswerChoice")]
pub enum Choice {
    /// The n-th of the answers as shown, from 0.
    Keep(u32),
    /// The union of codes, or both texts, where the form allows.
    KeepBoth,
    Answer(#[ts(type = "unknown")] serde_json::Value),
}

impl Vault {
    pub fn list(&self, filter: &Filter) -> Result<Vec<RecordLine>> {
        let marks = self.store.marks()?;
        let mut lines = Vec::new();
        for row in self.store.listed_records()? {
            if filter.form.as_ref().is_some_and(|form| *form != row.form) {
                continue;
            }
            let line = self.line(row, &marks)?;
            if filter.state.is_none_or(|state| state == line.state) {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    pub fn show(&self, record: RecordId) -> Result<RecordView> {
        let row = self.store.record(record)?;
        let row = row.ok_or_else(|| Problem::new(Code::NotFound, "No such record on this device"))?;
        let mut view = RecordView::of(record, &crate::save::unpack(&row.head)?, row.office_reference);
        let uploads = self.store.uploads_of(record)?;
        for photo in &mut view.photos {
            photo.received = uploads
                .iter()
                .find(|upload| upload.sha256 == photo.sha256)
                .map(|upload| upload.state.arrived());
        }
        Ok(view)
    }

    /// A record by its id or by one of the references people say aloud.
    pub fn find_record(&self, named: &str) -> Result<RecordId> {
        if let Ok(id) = named.parse() {
            return Ok(id);
        }
        let found = self.store.record_by_reference(named)?.map(|row| row.id);
        Ok(found.ok_or_else(|| Problem::new(Code::NotFound, "No record has this reference"))?)
    }

    pub fn note(&mut self, record: RecordId, text: &str, now: Reading) -> Result<Saved> {
        let head = self.head(record)?;
        let Value::Text(text) = Value::text(text.trim()) else {
            return Err(Problem::new(Code::NothingChanged, "An empty note").into());
        };
        if text.is_empty() {
            return Err(Problem::new(Code::NothingChanged, "An empty note").into());
        }
        self.one_edit(record, &head, Edit::Note { kind: "note".into(), text }, now)
    }

    /// A Put that covers every answer that was shown.
    pub fn resolve(
        &mut self,
        record: RecordId,
        field: &FieldKey,
        choice: &Choice,
        now: Reading,
    ) -> Result<Saved> {
        let head = self.head(record)?;
        let form = self.form_for(head.form(), head.form_version())?;
        let shown = head.answers(field);
        let value = match choice {
            Choice::Keep(place) => {
                usize::try_from(*place)
                    .ok()
                    .and_then(|place| shown.get(place).cloned())
                    .ok_or_else(|| Problem::new(Code::NotFound, "There is no such answer to keep"))?
            }
            Choice::KeepBoth => both(&shown, form.question(&field.path).map(|question| &question.kind))
                .ok_or_else(|| Problem::new(Code::Faults, "These answers cannot both be kept"))?,
            Choice::Answer(json) => {
                answer_from_json(&form, field, json).map_err(|fault| crate::save::Faults(vec![*fault]))?
            }
        };
        if shown == [value.clone()] {
            return Err(Problem::new(Code::NothingChanged, "That is the answer already").into());
        }
        let edit = Edit::Put { field: field.clone(), context: head.context(field), value };
        self.one_edit(record, &head, edit, now)
    }

    fn one_edit(&mut self, record: RecordId, head: &Record, edit: Edit, now: Reading) -> Result<Saved> {
        let act = Act {
            record,
            form: head.form().to_owned(),
            form_version: head.form_version(),
            edits: vec![edit],
            draft: None,
        };
        self.commit(act, now)
    }

    pub(crate) fn line(&self, row: RecordRow, marks: &BTreeMap<Actor, u64>) -> Result<RecordLine> {
        let state = self.work_state(&row, marks)?;
        let title =
            self.form_for(&row.form, row.form_version).map(|form| form.title().clone()).unwrap_or_default();
        Ok(RecordLine {
            record: row.id,
            reference: row.reference,
            office_reference: row.office_reference,
            form: row.form,
            title,
            summary: row.summary,
            state,
            at_ms: row.changed_ms,
            two_answers: row.two_answers,
        })
    }

    pub(crate) fn work_state(&self, row: &RecordRow, marks: &BTreeMap<Actor, u64>) -> Result<WorkState> {
        let own = self.store.changes_of(row.id)?;
        let uploads = self.store.uploads_of(row.id)?;
        let refused = own.iter().any(|own| own.state == ChangeState::Refused && !own.seen);
        let photo_refused = uploads.iter().any(|upload| upload.state == crate::store::UploadState::Refused);
        if refused || photo_refused || 0 < row.two_answers {
            return Ok(WorkState::NeedsYou);
        }
        if own.iter().any(|own| own.state == ChangeState::Saved) {
            return Ok(WorkState::Saved);
        }
        if uploads.iter().any(|upload| !upload.state.arrived()) {
            return Ok(WorkState::Sending);
        }
        let photos_safe = uploads.iter().all(|upload| upload.state == crate::store::UploadState::Safe);
        let changes_safe = own.iter().all(|own| is_safe(own, marks));
        if !own.is_empty() && changes_safe && photos_safe {
            return Ok(WorkState::Safe);
        }
        Ok(WorkState::Received)
    }
}

fn is_safe(own: &OwnChange, marks: &BTreeMap<Actor, u64>) -> bool {
    own.state == ChangeState::Redotted || own.counter <= marks.get(&own.actor).copied().unwrap_or(0)
}

/// Both answers as one, for the kinds that can hold both.
fn both(shown: &[Value], kind: Option<&QuestionKind>) -> Option<Value> {
    if shown.len() < 2 {
        return None;
    }
    if let QuestionKind::SelectMultiple { .. } = kind? {
        let mut union = std::collections::BTreeSet::new();
        for value in shown {
            let Value::Codes(codes) = value else { return None };
            union.extend(codes.iter().cloned());
        }
        return Some(Value::Codes(union));
    }
    let QuestionKind::Text { .. } = kind? else { return None };
    let texts: Option<Vec<&str>> = shown
        .iter()
        .map(|value| if let Value::Text(text) = value { Some(text.as_str()) } else { None })
        .collect();
    Some(Value::text(&texts?.join("\n\n")))
}
