//! The review tray: what waits for a decision, and what is made of it.
//!
//! Approval is a change of whoever approves, with `was`; it is written in the light of what the first writer had seen,
//! so that an answer given since stands beside it and is never written over.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use kerbside_core::change::{Change, ChangeBytes, Context, Edit};
use kerbside_core::field::{FieldKey, LIFECYCLE, TEAM};
use kerbside_core::form::{Form, FormForScreen, Localised};
use kerbside_core::ids::{Actor, Cid, Dot, OfficerId, RecordId};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::Record;
use kerbside_core::record::view::RecordView;
use kerbside_core::value::{TEXT_LIMIT, Value, to_json};
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::conflicts::add_form;
use super::connection::Connection;
use super::devices::allot_actor;
use super::judge::Waits;
use super::lives;
use super::office::{Behalf, Desk, office_actors, write};
use super::people::Officer;
use super::records::{self, member_text};
use super::review::{self, APPROVED, Outcome, Why, dot_at};
use super::taking::{Taking, to_row};
use crate::auth::{Action, Target, authorise};
use crate::values;

/// The most that is shown at once, oldest first.
const MOST_ITEMS: usize = 200;

/// What waits for an officer to decide, oldest first.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct ReviewPage {
    pub items: Vec<ReviewItem>,
    /// The forms of these items, with the choices their answers name.
    pub forms: Vec<FormForScreen>,
    /// More wait than are listed.
    pub more: bool,
}

/// A change that waits for someone to decide whether it is taken.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct ReviewItem {
    #[ts(type = "number")]
    pub actor: Actor,
    #[ts(type = "number")]
    pub counter: u64,
    pub why: Why,
    pub officer: OfficerId,
    pub officer_name: String,
    pub device_code: String,
    pub device_name: String,
    pub record: RecordId,
    /// None while the record's beginning waits as well.
    pub office_reference: Option<String>,
    pub summary: String,
    pub form: String,
    /// Of the form in the page that comes nearest to it.
    pub form_version: u32,
    pub title: Localised,
    #[ts(type = "number")]
    pub captured_at_ms: i64,
    #[ts(type = "number")]
    pub received_at_ms: i64,
    /// The record begins with it.
    pub begins: bool,
    /// An earlier one of the same device and record has to be decided first.
    pub waits_for_earlier: bool,
    pub edits: Vec<ReviewEdit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ReviewEditKind {
    Answer,
    Added,
    Removed,
    Photo,
    Note,
    Seal,
    /// Made by a newer app than this server.
    Newer,
}

/// One thing that would be done to the record.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct ReviewEdit {
    pub kind: ReviewEditKind,
    pub field: Option<FieldKey>,
    pub label: Option<Localised>,
    /// The answers that stand now, or the members of the set.
    #[ts(type = "unknown[]")]
    pub now: Vec<serde_json::Value>,
    #[ts(type = "unknown")]
    pub to: serde_json::Value,
    /// Someone has answered since its writer looked: both answers would stand.
    pub answered_since: bool,
}

/// A change in review with what is kept beside it.
struct Waiting {
    change: Change,
    state: Record,
    keys: BTreeSet<String>,
}

impl Store {
    pub fn review(&mut self, officer: &Officer) -> Result<ReviewPage> {
        if !may_decide(officer) {
            return Err(Problem::new(Code::NotAllowed, "this role decides over no changes").into());
        }
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| {
            let rows = tx.query(
                "SELECT actor, counter FROM review WHERE outcome = '' ORDER BY received_at, actor, counter",
                &[],
            )?;
            let mut seen = BTreeSet::new();
            let mut shown = BTreeMap::new();
            let mut page = ReviewPage { items: Vec::new(), forms: Vec::new(), more: false };
            for row in &rows {
                let dot = dot_at(row, 0)?;
                let Some(waiting) = waiting(tx, officer, dot)? else { continue };
                if !seen.insert((waiting.change.record, waiting.change.cid.0)) {
                    continue;
                }
                if page.items.len() == MOST_ITEMS {
                    page.more = true;
                    break;
                }
                let Change { form, form_version, .. } = &waiting.change;
                let form = forms.nearest(tx, form, *form_version)?;
                if let Some(form) = &form {
                    show_form(&mut shown, form, &waiting);
                }
                page.items.push(item(tx, dot, &waiting, form.as_deref())?);
            }
            page.forms = shown.into_values().collect();
            Ok(page)
        })
    }

    /// Takes a change in review into its record, as a change of whoever approves it. Safe to repeat.
    pub fn approve(&mut self, now_ms: i64, officer: &Officer, dot: Dot) -> Result<Dot> {
        let cid = Cid(self.chance.bytes()?);
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            let mut taking = Taking::begin(tx, forms, now_ms)?;
            if let Some(taken) = already_taken(taking.tx, officer, dot)? {
                return Ok(taken);
            }
            let waiting = find(taking.tx, officer, dot)?;
            let change = &waiting.change;
            if earlier_waits(taking.tx, change)? {
                return Err(Problem::new(Code::EarlierWaits, "an earlier change waits").into());
            }
            match (waiting.state.created().is_some(), change.creates()) {
                (true, true) => return Err(Problem::new(Code::RecordExists, "it was begun already").into()),
                (false, false) => return Err(Problem::new(Code::RecordUnknown, "it never began").into()),
                (true, false) | (false, true) => {}
            }
            let edits = edits(taking.tx, &waiting)?;
            let actor = actor_for(taking.tx, officer, &waiting.state, &edits)?;
            let behalf = Behalf {
                was: dot,
                captured_ms: change.at.corrected_ms(),
                form: change.form.clone(),
                form_version: change.form_version,
            };
            let desk = Desk { officer, record: change.record, now_ms, cid: cid.0, behalf: Some(behalf) };
            let taken = write(&mut taking, &desk, &waiting.state, actor, edits)?;
            let same = review::same_act(taking.tx, change)?;
            let outcome = Outcome { now_ms, by: Some(officer.id.0), taken: Some(taken), reason: "" };
            review::settle(taking.tx, &same, &outcome)?;
            taking.finish()?;
            Ok(taken)
        })
    }

    /// Leaves a change out of its record for good. Its bytes are kept, and its writer is told.
    pub fn decline(&mut self, now_ms: i64, officer: &Officer, dot: Dot, reason: &str) -> Result<()> {
        let reason = reason.trim();
        if reason.is_empty() || TEXT_LIMIT < reason.len() {
            return Err(Problem::new(Code::Malformed, "a decision without its reason").into());
        }
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            let mut taking = Taking::begin(tx, forms, now_ms)?;
            let waiting = find(taking.tx, officer, dot)?;
            let (change, same) = (&waiting.change, review::same_act(taking.tx, &waiting.change)?);
            review::settle(
                taking.tx,
                &same,
                &Outcome { now_ms, by: Some(officer.id.0), taken: None, reason },
            )?;
            if change.creates() && waiting.state.created().is_none() {
                lives::give_up_record(taking.tx, now_ms, change.record)?;
                taking.judge_again(Waits::Record(change.record))?;
            }
            taking.finish()
        })
    }
}

fn may_decide(officer: &Officer) -> bool {
    authorise(officer, Action::ReviewChanges, Target::Council).is_allowed()
}

/// How many acts wait for this officer; none for who decides over nothing.
pub(super) fn count(tx: &mut Connection, officer: &Officer) -> Result<Option<u32>> {
    if !may_decide(officer) {
        return Ok(None);
    }
    let rows = tx.query(
        "SELECT v.record, MIN(v.teams), COUNT(r.id) FROM review v LEFT JOIN record r ON r.id = v.record \
         WHERE v.outcome = '' GROUP BY v.record, v.cid",
        &[],
    )?;
    let mut count = 0;
    for row in &rows {
        let keys = match row.int(2)? {
            0 => serde_json::from_str(&row.text(1)?)?,
            _ => records::keys_now(tx, RecordId(row.bytes(0)?))?,
        };
        count += u32::from(authorise(officer, Action::ReviewChanges, Target::Record(&keys)).is_allowed());
    }
    Ok(Some(count))
}

/// The form with the choices that name what stands now, and what would.
fn show_form(shown: &mut BTreeMap<(String, u32), FormForScreen>, form: &Form, waiting: &Waiting) {
    let mut taken = waiting.state.clone();
    taken.apply(&waiting.change);
    for state in [&waiting.state, &taken] {
        let view = RecordView::of(waiting.change.record, state, None);
        add_form(shown, (form.key().to_owned(), form.version()), form.for_record(&view));
    }
}

/// What waits under this dot, where this officer decides over it.
fn waiting(tx: &mut Connection, officer: &Officer, dot: Dot) -> Result<Option<Waiting>> {
    let found = tx.find(
        "SELECT s.body, r.teams FROM review r JOIN set_aside s ON s.actor = r.actor AND s.counter = r.counter \
         WHERE r.actor = $1 AND r.counter = $2 AND r.outcome = ''",
        values![dot.actor, to_row(dot.counter)?],
    )?;
    let Some(row) = found else { return Ok(None) };
    let change = ChangeBytes::received(row.blob(0)?).read().context("Reading a change in review")?;
    let (state, keys) = match records::load(tx, change.record)? {
        Some(kept) => (kept.state, records::keys_now(tx, change.record)?),
        None => (Record::default(), serde_json::from_str(&row.text(1)?)?),
    };
    let may = authorise(officer, Action::ReviewChanges, Target::Record(&keys)).is_allowed();
    Ok(may.then_some(Waiting { change, state, keys }))
}

/// Whether anything of this record waits for this officer, who then sees its photos.
pub(super) fn decides_over(tx: &mut Connection, officer: &Officer, record: RecordId) -> Result<bool> {
    let rows = tx.query(
        "SELECT actor, counter FROM review WHERE record = $1 AND outcome = '' ORDER BY actor, counter",
        values![record],
    )?;
    for row in &rows {
        if waiting(tx, officer, dot_at(row, 0)?)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn find(tx: &mut Connection, officer: &Officer, dot: Dot) -> Result<Waiting> {
    let found = waiting(tx, officer, dot)?;
    found.ok_or_else(|| Problem::new(Code::NotFound, "nothing of that kind waits for this officer").into())
}

/// The change that was made of this one, if this officer made it: a lost answer is asked for again.
fn already_taken(tx: &mut Connection, officer: &Officer, dot: Dot) -> Result<Option<Dot>> {
    let found = tx.find(
        "SELECT taken_actor, taken_counter FROM review \
         WHERE actor = $1 AND counter = $2 AND outcome = $3 AND decided_by = $4",
        values![dot.actor, to_row(dot.counter)?, APPROVED, officer.id],
    )?;
    found.map(|row| dot_at(&row, 0)).transpose()
}

fn earlier_waits(tx: &mut Connection, change: &Change) -> Result<bool> {
    let found = tx.find(
        "SELECT counter FROM review WHERE actor = $1 AND record = $2 AND counter < $3 AND outcome = '' LIMIT 1",
        values![change.actor, change.record, to_row(change.counter)?],
    )?;
    Ok(found.is_some())
}

/// The edits in the light of what their writer had seen, in the names that the record knows.
fn edits(tx: &mut Connection, waiting: &Waiting) -> Result<Vec<Edit>> {
    let Waiting { change, state, keys } = waiting;
    let approved = approved_of(tx, change)?;
    let own = review::same_act(tx, change)?;
    let mut edits = change.edits.clone();
    // What its own writer, or whoever saw it, has answered over since stays answered over.
    edits.retain(|edit| match edit {
        Edit::Put { field, .. } => {
            let present = state.context(field);
            own.iter().all(|dot| present.get(dot.actor) < dot.counter)
        }
        Edit::Create
        | Edit::SetAdd { .. }
        | Edit::SetRemove { .. }
        | Edit::Attach { .. }
        | Edit::Note { .. }
        | Edit::Seal { .. }
        | Edit::Unknown { .. } => true,
    });
    for edit in &mut edits {
        match edit {
            Edit::Put { field, context, .. } => {
                let present = state.context(field);
                *context = renamed(context, change, &approved);
                // A withdrawal names what was seen of the whole record, anything else what was seen of its question.
                if field.path != LIFECYCLE {
                    *context = cut(context, &present);
                }
                if planted::is(Mutant::ApprovalOverNewer) {
                    *context = present;
                }
            }
            Edit::SetRemove { context, .. } => *context = renamed(context, change, &approved),
            Edit::Create
            | Edit::SetAdd { .. }
            | Edit::Attach { .. }
            | Edit::Note { .. }
            | Edit::Seal { .. }
            | Edit::Unknown { .. } => {}
        }
    }
    let names_team = edits.iter().any(|edit| matches!(edit, Edit::Put { field, .. } if field.path == TEAM));
    if let (true, false, Some(team)) = (change.creates(), names_team, keys.first()) {
        // Else the record would go to the team of whoever approves it.
        let (field, value) = (FieldKey::new(TEAM), Value::code(team.clone()));
        edits.push(Edit::Put { field, context: Context::default(), value });
    }
    Ok(edits)
}

/// What the same actor wrote to the record before and was approved: its dots there, and the dots it has now.
fn approved_of(tx: &mut Connection, change: &Change) -> Result<Vec<(u64, Dot)>> {
    let rows = tx.query(
        "SELECT counter, taken_actor, taken_counter FROM review \
         WHERE actor = $1 AND record = $2 AND outcome = $3 ORDER BY counter",
        values![change.actor, change.record, APPROVED],
    )?;
    rows.iter().map(|row| Ok((u64::try_from(row.int(0)?)?, dot_at(row, 1)?))).collect()
}

/// No more than stands there.
fn cut(context: &Context, present: &Context) -> Context {
    let cut = context.iter().map(|dot| Dot { counter: dot.counter.min(present.get(dot.actor)), ..dot });
    Context::new(cut.filter(|dot| 0 < dot.counter))
}

fn renamed(context: &Context, change: &Change, approved: &[(u64, Dot)]) -> Context {
    let seen = context.get(change.actor);
    let known = approved.iter().filter(|(counter, _)| *counter <= seen).map(|(_, dot)| *dot);
    Context::new(context.iter().chain(known))
}

/// An actor of this officer that has written nothing here that the first writer had not seen: one actor's later dot
/// covers all its earlier ones.
fn actor_for(tx: &mut Connection, officer: &Officer, state: &Record, edits: &[Edit]) -> Result<Actor> {
    for actor in office_actors(tx, officer)? {
        let has_seen = edits.iter().all(|edit| match edit {
            Edit::Put { field, context, .. } if field.path == LIFECYCLE => {
                state.newest_of(actor) <= context.get(actor)
            }
            Edit::Put { field, context, .. } => state.context(field).get(actor) <= context.get(actor),
            Edit::Create
            | Edit::SetAdd { .. }
            | Edit::SetRemove { .. }
            | Edit::Attach { .. }
            | Edit::Note { .. }
            | Edit::Seal { .. }
            | Edit::Unknown { .. } => true,
        });
        if has_seen {
            return Ok(actor);
        }
    }
    allot_actor(tx, None, officer.id)
}

fn item(tx: &mut Connection, dot: Dot, waiting: &Waiting, form: Option<&Form>) -> Result<ReviewItem> {
    let row = tx.one(
        "SELECT r.why, r.received_at, o.name, d.short_code, d.name, e.office_reference, e.summary FROM review r \
         JOIN actor a ON a.id = r.actor JOIN officer o ON o.id = a.officer LEFT JOIN device d ON d.id = a.device \
         LEFT JOIN record e ON e.id = r.record WHERE r.actor = $1 AND r.counter = $2",
        values![dot.actor, to_row(dot.counter)?],
    )?;
    let Waiting { change, state, .. } = waiting;
    let is_here = state.created().is_some();
    let mut shown = state.clone();
    if !is_here {
        shown.apply(change);
    }
    let summary = if is_here {
        row.text(6)?
    } else {
        form.map(|form| records::summary(form, &shown)).unwrap_or_default()
    };
    let untitled = Localised { en: change.form.clone(), cy: None };
    Ok(ReviewItem {
        actor: dot.actor,
        counter: dot.counter,
        why: Why::named(&row.text(0)?),
        officer: change.officer,
        officer_name: row.text(2)?,
        device_code: row.text(3).unwrap_or_default(),
        device_name: row.text(4).unwrap_or_default(),
        record: change.record,
        office_reference: if is_here { Some(row.text(5)?) } else { None },
        summary,
        form: change.form.clone(),
        form_version: form.map_or(change.form_version, Form::version),
        title: form.map_or(untitled, |form| form.title().clone()),
        captured_at_ms: change.at.corrected_ms(),
        received_at_ms: row.int(1)?,
        begins: change.creates(),
        waits_for_earlier: earlier_waits(tx, change)?,
        edits: change.edits.iter().filter_map(|edit| shown_edit(edit, state, form)).collect(),
    })
}

fn shown_edit(edit: &Edit, state: &Record, form: Option<&Form>) -> Option<ReviewEdit> {
    let members = |members: &[_]| members.iter().filter_map(member_text).collect::<Vec<_>>().into();
    let (kind, field, to) = match edit {
        Edit::Create => return None,
        Edit::Put { field, value, .. } => (ReviewEditKind::Answer, Some(field), to_json(value)),
        Edit::SetAdd { field, members: added } => (ReviewEditKind::Added, Some(field), members(added)),
        Edit::SetRemove { field, members: gone, .. } => (ReviewEditKind::Removed, Some(field), members(gone)),
        Edit::Attach { field, photo, .. } => (ReviewEditKind::Photo, Some(field), photo.to_string().into()),
        Edit::Note { text, .. } => (ReviewEditKind::Note, None, text.as_str().into()),
        Edit::Seal { .. } => (ReviewEditKind::Seal, None, serde_json::Value::Null),
        Edit::Unknown { tag, .. } => (ReviewEditKind::Newer, None, (*tag).into()),
    };
    let standing = field.map(|field| match state.set(field) {
        Some(set) => set.members().iter().filter_map(member_text).map(Into::into).collect(),
        None => state.answers(field).iter().map(to_json).collect(),
    });
    let answered_since = match edit {
        Edit::Put { field, context, .. } => {
            state.context(field).iter().any(|dot| context.get(dot.actor) < dot.counter)
        }
        Edit::Create
        | Edit::SetAdd { .. }
        | Edit::SetRemove { .. }
        | Edit::Attach { .. }
        | Edit::Note { .. }
        | Edit::Seal { .. }
        | Edit::Unknown { .. } => false,
    };
    let label = field.and_then(|field| form?.question(&field.path)?.label.clone());
    Some(ReviewEdit {
        kind,
        field: field.cloned(),
        label,
        now: standing.unwrap_or_default(),
        to,
        answered_since,
    })
}
