//! What screens show of records, and a note added to one.

use crate::clock::Reading;
use crate::save::{Saved, answers_of};
use crate::store::{ChangeState, OwnChange, RecordRow, UploadRow, UploadState};
use crate::vault::Vault;
use crate::waiting::is_asking;
use anyhow::Result;
use kerbside_core::change::Edit;
use kerbside_core::form::Now;
use kerbside_core::ids::{Actor, RecordId};
use kerbside_core::problem::{Code, Problem};
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
    pub withdrawn: bool,
    /// How many answers of this officer somebody else decided on, not yet read.
    pub outcomes: u32,
}

/// What to show of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct Filter {
    pub form: Option<String>,
    pub state: Option<WorkState>,
    /// Those that were withdrawn, and no others.
    pub withdrawn: bool,
}

impl Vault {
    pub fn list(&self, filter: &Filter) -> Result<Vec<RecordLine>> {
        let marks = self.store.marks()?;
        let outcomes = self.store.outcome_counts()?;
        let mut lines = Vec::new();
        for row in self.store.listed_records()? {
            let other_form = filter.form.as_ref().is_some_and(|form| *form != row.form);
            if other_form || filter.withdrawn != row.withdrawn {
                continue;
            }
            let outcomes = outcomes.get(&row.id).copied().unwrap_or(0);
            let line = RecordLine { outcomes, ..self.line(row, &marks)? };
            if filter.state.is_none_or(|state| state == line.state) {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    pub fn show(&self, record: RecordId) -> Result<RecordView> {
        let row = self.store.record(record)?;
        let row = row.ok_or_else(|| Problem::new(Code::NotFound, "No such record on this device"))?;
        let head = self.head_of(&row)?;
        let mut view = RecordView::of(record, &head, row.office_reference);
        if let (1.., Ok(form)) = (view.two_answers, self.form_for(head.form(), head.form_version())) {
            // As of the newest answer, so that the offer does not change by itself.
            let then = Now { ms: row.changed_ms, offset_min: 0, seed: 0 };
            view.offer_both(&form, &answers_of(&head), then);
        }
        self.name_areas(&mut view.areas)?;
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
        self.act_on(record, &head, vec![Edit::Note { kind: "note".into(), text }], now)
    }

    /// How far a record has come.
    pub fn state_of(&self, record: RecordId) -> Result<WorkState> {
        let row = self.store.record(record)?;
        let row = row.ok_or_else(|| Problem::new(Code::NotFound, "No such record on this device"))?;
        self.work_state(&row, &self.store.marks()?)
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
            withdrawn: row.withdrawn,
            outcomes: 0,
        })
    }

    pub(crate) fn work_state(&self, row: &RecordRow, marks: &BTreeMap<Actor, u64>) -> Result<WorkState> {
        let own = self.store.changes_of(row.id)?;
        let uploads = self.store.uploads_of(row.id)?;
        let refused = own.iter().any(is_asking);
        let photo_refused = uploads.iter().any(|upload| upload.state == UploadState::Refused && !upload.seen);
        if refused || photo_refused || 0 < row.two_answers {
            return Ok(WorkState::NeedsYou);
        }
        Ok(reach_of(&own, &uploads, marks))
    }

    /// How far a record has come, whether or not it needs its officer.
    pub fn reach(&self, record: RecordId) -> Result<WorkState> {
        let (own, uploads) = (self.store.changes_of(record)?, self.store.uploads_of(record)?);
        Ok(reach_of(&own, &uploads, &self.store.marks()?))
    }
}

fn reach_of(own: &[OwnChange], uploads: &[UploadRow], marks: &BTreeMap<Actor, u64>) -> WorkState {
    if own.iter().any(|own| own.state == ChangeState::Saved) {
        return WorkState::Saved;
    }
    let on_its_way = |upload: &UploadRow| !upload.state.arrived() && upload.state != UploadState::Refused;
    if uploads.iter().any(on_its_way) {
        return WorkState::Sending;
    }
    let photos_safe = uploads.iter().all(|upload| upload.state == UploadState::Safe);
    let changes_safe = own.iter().all(|own| is_safe(own, marks));
    if !own.is_empty() && changes_safe && photos_safe {
        return WorkState::Safe;
    }
    WorkState::Received
}

fn is_safe(own: &OwnChange, marks: &BTreeMap<Actor, u64>) -> bool {
    own.state == ChangeState::Redotted || own.counter <= marks.get(&own.actor).copied().unwrap_or(0)
}
