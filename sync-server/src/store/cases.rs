//! One record as the back office works on it: every answer, who changed what and when, and its photos.

use anyhow::{Context, Result};
use kerbside_core::change::{Change, ChangeBytes, Edit};
use kerbside_core::field::{FieldKey, REFERENCE};
use kerbside_core::form::{FormForScreen, Now};
use kerbside_core::ids::{Dot, OfficerId, RecordId};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::view::RecordView;
use kerbside_core::record::{REASON, Record};
use kerbside_core::value::{Value, to_json};
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::cut::{self, Left};
use super::people::Officer;
use super::records;
use super::review::dot_at;
use super::taking::{LOG_CHANGE, LOG_CUT};
use super::value::Row;
use crate::auth::{Action, Target, authorise};
use crate::values;

#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct Case {
    pub view: RecordView,
    pub form: Option<FormForScreen>,
    pub timeline: Vec<TimelineLine>,
    pub photos_named: u32,
    pub photos_received: u32,
    pub may_edit: bool,
    pub may_withdraw: bool,
}

/// What a line of the timeline tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Happening {
    Created,
    Changed,
    Photo,
    Note,
    /// Someone chose between answers.
    Chose,
    /// Someone did something, and what it was is kept no longer.
    Cut,
}

/// One thing that someone did to the record.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct TimelineLine {
    #[ts(type = "number")]
    pub seq: i64,
    #[ts(type = "number")]
    pub at_ms: i64,
    #[ts(type = "number")]
    pub received_at_ms: i64,
    pub officer: OfficerId,
    /// Done at a desk, not on a device.
    pub office: bool,
    /// Who took it into the record, where its writer might no longer.
    pub taken_by: Option<OfficerId>,
    pub kind: Happening,
    pub field: Option<FieldKey>,
    /// The answers that were answered over: those that whoever wrote this had in front of them.
    #[ts(type = "unknown[] | null")]
    pub from: Option<Vec<serde_json::Value>>,
    #[ts(type = "unknown")]
    pub to: Option<serde_json::Value>,
    pub dot: String,
}

impl Store {
    /// The case, if this officer may read it. One of other teams does not exist for them.
    pub fn case(&mut self, officer: &Officer, id: RecordId) -> Result<Case> {
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| {
            let (teams, keys) = (records::teams_now(tx, id)?, records::keys_now(tx, id)?);
            let may = |action| authorise(officer, action, Target::Record(&keys)).is_allowed();
            let kept = records::load(tx, id)?.filter(|_| may(Action::ReadRecord));
            let kept = kept.ok_or_else(|| Problem::new(Code::NotFound, "no such record in scope"))?;
            let received = records::received_photos(tx, id)?;
            let named = records::photos_of(&kept.state);
            let mut view = RecordView::of(id, &kept.state, Some(kept.office_reference));
            if view.teams.is_empty() {
                view.teams = teams.iter().cloned().collect();
            }
            for photo in &mut view.photos {
                photo.received = Some(received.contains(&photo.sha256));
            }
            let form = forms.nearest(tx, kept.state.form(), kept.state.form_version())?;
            if let (1.., Some(form)) = (view.two_answers, &form) {
                let then = Now { ms: kept.received_at, offset_min: 0, seed: 0 };
                view.offer_both(form, &records::answers_of(&kept.state), then);
            }
            let own = view.created_by == Some(officer.id);
            Ok(Case {
                form: form.map(|form| form.for_record(&view)),
                view,
                timeline: timeline(tx, id)?,
                photos_named: u32::try_from(named.len())?,
                photos_received: u32::try_from(named.intersection(&received).count())?,
                may_edit: may(Action::EditRecord),
                may_withdraw: may(Action::WithdrawRecord) || own && may(Action::EditRecord),
            })
        })
    }
}

/// The record's log, told as what people did. Folding it again shows what each change replaced.
fn timeline(tx: &mut Connection, id: RecordId) -> Result<Vec<TimelineLine>> {
    let rows = tx.query(
        "SELECT l.seq, l.received_at, l.body, a.device, l.kind, l.actor, l.counter, a.officer FROM log l \
         JOIN actor a ON a.id = l.actor WHERE l.record = $1 AND l.kind IN ($2, $3) ORDER BY l.seq",
        values![id, LOG_CHANGE, LOG_CUT],
    )?;
    let mut state = cut::state(tx, id)?;
    let begun = state.created().map(|stamp| stamp.dot);
    let mut lines = Vec::new();
    for row in rows {
        if row.int(4)? == LOG_CUT {
            let left = Left::read(&row.blob(2)?)?;
            let base = line(tx, &row, &left)?;
            let is_first = begun == Some(dot_at(&row, 5)?);
            lines.push(if is_first { base } else { TimelineLine { kind: Happening::Cut, ..base } });
            continue;
        }
        let change = ChangeBytes::received(row.blob(2)?).read().context("Reading the log")?;
        lines.extend(told(&state, &change, &line(tx, &row, &Left::of(&change))?));
        state.apply(&change);
    }
    Ok(lines)
}

/// Who did something and when, as a line that begins the record.
fn line(tx: &mut Connection, row: &Row, left: &Left) -> Result<TimelineLine> {
    let officer = OfficerId(row.u32(7)?);
    let office = row.find_blob(3)?.is_none();
    let writer = if office { writer_before(tx, left.was)? } else { None };
    Ok(TimelineLine {
        seq: row.int(0)?,
        at_ms: left.at.corrected_ms(),
        received_at_ms: row.int(1)?,
        officer: writer.unwrap_or(officer),
        office: office && writer.is_none(),
        taken_by: writer.map(|_| officer),
        kind: Happening::Created,
        field: None,
        from: None,
        to: None,
        dot: dot_at(row, 5)?.to_string(),
    })
}

/// Who wrote first what somebody at a desk took into the record.
fn writer_before(tx: &mut Connection, was: Option<Dot>) -> Result<Option<OfficerId>> {
    let Some(was) = was else { return Ok(None) };
    let found = tx.find("SELECT officer FROM actor WHERE id = $1", values![was.actor])?;
    found.map(|row| Ok(OfficerId(row.u32(0)?))).transpose()
}

fn told(before: &Record, change: &Change, base: &TimelineLine) -> Vec<TimelineLine> {
    let mut lines = Vec::new();
    for edit in &change.edits {
        match edit {
            Edit::Create => lines.push(base.clone()),
            Edit::Put { field, .. } if change.creates() || field.path == REFERENCE => {}
            Edit::Put { field, context, value } => {
                let over: Vec<Value> =
                    before.answered_over(field, context).into_iter().map(|(value, _)| value).collect();
                lines.push(TimelineLine {
                    kind: if 1 < over.len() { Happening::Chose } else { Happening::Changed },
                    field: Some(field.clone()),
                    from: Some(over.iter().map(to_json).collect()),
                    to: Some(to_json(value)),
                    ..base.clone()
                });
            }
            Edit::Attach { field, photo, .. } => lines.push(TimelineLine {
                kind: Happening::Photo,
                field: Some(field.clone()),
                to: Some(photo.to_string().into()),
                ..base.clone()
            }),
            // Why a record was withdrawn is told by the line that says so.
            Edit::Note { kind, .. } if kind == REASON => {}
            Edit::Note { text, .. } => lines.push(TimelineLine {
                kind: Happening::Note,
                to: Some(text.as_str().into()),
                ..base.clone()
            }),
            Edit::SetAdd { .. } | Edit::SetRemove { .. } | Edit::Seal { .. } | Edit::Unknown { .. } => {}
        }
    }
    lines
}
