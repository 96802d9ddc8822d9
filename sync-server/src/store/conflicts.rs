//! Every question that two people answered differently, with all its answers side by side.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use kerbside_core::field::TEAM;
use kerbside_core::form::{FormForScreen, Localised, Now};
use kerbside_core::ids::{Dot, OfficerId, RecordId};
use kerbside_core::record::Record;
use kerbside_core::record::view::{FieldView, RecordView, read_dot};
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::people::Officer;
use super::pull::scope_condition;
use super::records;
use super::trays::may_read;
use super::value::Sql;
use crate::auth::{Action, Target, authorise};
use crate::values;

const PAGE: u32 = 50;

/// One question with two answers.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct TwoAnswersLine {
    pub record: RecordId,
    pub reference: Option<String>,
    pub office_reference: String,
    pub form: String,
    pub form_version: u32,
    pub title: Localised,
    pub summary: String,
    pub field: FieldView,
    /// In the order of the field's values.
    pub origins: Vec<Origin>,
    pub may_settle: bool,
    /// Where the question is whether the record stays: why it was withdrawn.
    pub reason: Option<String>,
}

/// Where an answer was given.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct Origin {
    /// The short code of the device; none at the office.
    pub device: Option<String>,
    #[ts(type = "number")]
    pub received_at_ms: i64,
    /// Who wrote it, where somebody else took it into the record.
    pub writer: Option<OfficerId>,
}

/// Newest records first; `next` is what `after` takes for the page that follows.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct TwoAnswersPage {
    pub lines: Vec<TwoAnswersLine>,
    /// The forms of these lines, with the choices their answers name.
    pub forms: Vec<FormForScreen>,
    #[ts(type = "number | null")]
    pub next: Option<i64>,
}

impl Store {
    pub fn two_answers(&mut self, officer: &Officer, after: Option<i64>) -> Result<TwoAnswersPage> {
        may_read(officer)?;
        let mut values = vec![Sql::from(after.unwrap_or(i64::MAX))];
        let scope = scope_condition(officer, &mut values);
        values.push(Sql::from(PAGE));
        let at = values.len();
        let sql = format!(
            "SELECT r.id, r.state, r.office_reference, r.summary, r.first_seq, r.captured_at FROM record r \
             WHERE r.two_answers > 0 AND r.first_seq < $1 AND EXISTS (SELECT 1 FROM record_team t \
             WHERE t.record = r.id AND t.until_seq IS NULL AND {scope}) \
             ORDER BY r.first_seq DESC LIMIT ${at}"
        );
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| {
            let rows = tx.query(&sql, &values)?;
            let mut lines = Vec::new();
            let mut shown: BTreeMap<(String, u32), FormForScreen> = BTreeMap::new();
            for row in &rows {
                let id = RecordId(row.bytes(0)?);
                let state = Record::unpack(&row.blob(1)?).with_context(|| format!("Reading record {id}"))?;
                let form = forms.nearest(tx, state.form(), state.form_version())?;
                let mut view = RecordView::of(id, &state, Some(row.text(2)?));
                if let Some(form) = &form {
                    let then = Now { ms: row.int(5)?, offset_min: 0, seed: 0 };
                    view.offer_both(form, &records::answers_of(&state), then);
                    let key = (form.key().to_owned(), form.version());
                    add_form(&mut shown, key, form.for_record(&view));
                }
                let title = form.map(|form| form.title().clone()).unwrap_or_default();
                lines.extend(lines_of(tx, officer, &state, view, (title, row.text(3)?))?);
            }
            let is_full = rows.len() == usize::try_from(PAGE)?;
            let next = if is_full { rows.last().map(|row| row.int(4)).transpose()? } else { None };
            Ok(TwoAnswersPage { lines, forms: shown.into_values().collect(), next })
        })
    }
}

/// Of a list too long to lay out, each record brings the choices its own answers name.
pub(super) fn add_form(
    shown: &mut BTreeMap<(String, u32), FormForScreen>,
    key: (String, u32),
    form: FormForScreen,
) {
    match shown.entry(key) {
        std::collections::btree_map::Entry::Vacant(place) => {
            place.insert(form);
        }
        std::collections::btree_map::Entry::Occupied(mut there) => {
            let there = there.get_mut();
            for list in form.long_lists.keys() {
                let known = there.lists.entry(list.clone()).or_default();
                let more = form.lists.get(list).into_iter().flatten();
                for choice in more {
                    if !known.iter().any(|one| one.name == choice.name) {
                        known.push(choice.clone());
                    }
                }
            }
        }
    }
}

fn lines_of(
    tx: &mut Connection,
    officer: &Officer,
    state: &Record,
    view: RecordView,
    (title, summary): (Localised, String),
) -> Result<Vec<TwoAnswersLine>> {
    let teams = records::teams_now(tx, view.id)?;
    let may = |action| authorise(officer, action, Target::Record(&teams)).is_allowed();
    let open: Vec<_> = state.open_fields().cloned().collect();
    let reason = view.withdrawal.and_then(|withdrawal| withdrawal.reason);
    let mut lines = Vec::new();
    for field in view.fields.into_iter().filter(|shown| open.contains(&shown.field)) {
        let mut origins = Vec::new();
        for value in &field.values {
            origins.push(origin(tx, read_dot(&value.dot), value.at_ms)?);
        }
        let action = if field.path == TEAM { Action::AssignRecord } else { Action::EditRecord };
        lines.push(TwoAnswersLine {
            record: view.id,
            reference: view.reference.clone(),
            office_reference: view.office_reference.clone().unwrap_or_default(),
            form: view.form.clone(),
            form_version: view.form_version,
            title: title.clone(),
            summary: summary.clone(),
            reason: reason.clone().filter(|_| field.path == kerbside_core::field::LIFECYCLE),
            field,
            origins,
            may_settle: may(action),
        });
    }
    Ok(lines)
}

fn origin(tx: &mut Connection, dot: Option<Dot>, at_ms: i64) -> Result<Origin> {
    let at_the_office = Origin { device: None, received_at_ms: at_ms, writer: None };
    let Some(dot) = dot else { return Ok(at_the_office) };
    // What somebody took into the record has the device and the officer that it came from.
    let found = tx.find(
        "SELECT d.received_at, COALESCE(v.short_code, w.short_code, ''), b.officer FROM dot d \
         JOIN actor a ON a.id = d.actor LEFT JOIN device v ON v.id = a.device \
         LEFT JOIN review r ON r.taken_actor = d.actor AND r.taken_counter = d.counter \
         LEFT JOIN actor b ON b.id = r.actor AND a.device IS NULL LEFT JOIN device w ON w.id = b.device \
         WHERE d.actor = $1 AND d.counter = $2 ORDER BY r.actor LIMIT 1",
        values![dot.actor, i64::try_from(dot.counter)?],
    )?;
    let Some(row) = found else { return Ok(at_the_office) };
    let writer = row.find_int(2)?.map(u32::try_from).transpose()?.map(OfficerId);
    let received_at_ms = if writer.is_some() { at_ms } else { row.int(0)? };
    Ok(Origin { received_at_ms, device: Some(row.text(1)?).filter(|code| !code.is_empty()), writer })
}
