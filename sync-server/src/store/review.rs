//! Changes whose writer may no longer make them: kept until someone in the office decides, and known again when they
//! come a second time.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use kerbside_core::change::{Change, ChangeBytes};
use kerbside_core::ids::{Actor, Dot, RecordId};
use kerbside_core::problem::Code;
use kerbside_core::record::Record;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::connection::Connection;
use super::judge::Judged;
use super::people::{Officer, teams};
use super::records;
use super::taking::{DUPLICATE, REFUSED, Taking, to_row};
use super::value::Row;
use crate::auth::{Action, Target, authorise};
use crate::values;

/// What became of a change in review, as the table keeps it.
pub(super) const APPROVED: &str = "approved";
pub(super) const DECLINED: &str = "declined";

/// Why a change waits for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export, rename = "ReviewWhy")]
pub enum Why {
    DeviceRevoked,
    /// The officer works here no longer.
    OfficerLeft,
    /// Record and officer have been apart for longer than work takes to arrive.
    LeftTeam,
    /// The officer's work is another now, without a device.
    RoleChanged,
}

impl Why {
    const ALL: [(Self, &'static str); 4] = [
        (Self::DeviceRevoked, "device_revoked"),
        (Self::OfficerLeft, "officer_left"),
        (Self::LeftTeam, "left_team"),
        (Self::RoleChanged, "role_changed"),
    ];

    /// Why a device is stopped, where it is.
    pub(super) fn stopping(is_revoked: bool, has_left: bool, officer: &Officer) -> Option<Self> {
        if is_revoked {
            return Some(Self::DeviceRevoked);
        }
        if has_left {
            return Some(Self::OfficerLeft);
        }
        let may_use = authorise(officer, Action::UseDevice, Target::Council).is_allowed();
        (!may_use).then_some(Self::RoleChanged)
    }

    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(why, _)| *why == self).map_or("left_team", |(_, name)| name)
    }

    pub(super) fn named(name: &str) -> Self {
        Self::ALL.iter().find(|(_, known)| *known == name).map_or(Self::LeftTeam, |(why, _)| *why)
    }
}

/// Puts a change into review. Its photos may be sent all the same: they are evidence as much as its words.
pub(super) fn keep(taking: &mut Taking<'_>, why: Why, change: &Change) -> Result<()> {
    let teams = teams_to_decide(taking, change)?;
    taking.tx.execute(
        "INSERT INTO review (actor, counter, record, cid, why, teams, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (actor, counter) DO NOTHING",
        values![
            change.actor,
            to_row(change.counter)?,
            change.record,
            change.cid,
            why.name(),
            serde_json::to_string(&teams)?,
            taking.now_ms
        ],
    )?;
    taking.name_photos(change, 0)
}

/// Whose supervisors decide over a change to a record that is not here: none where the record itself says so.
fn teams_to_decide(taking: &mut Taking<'_>, change: &Change) -> Result<BTreeSet<String>> {
    if records::load(taking.tx, change.record)?.is_some() {
        return Ok(BTreeSet::new());
    }
    let begun = taking.tx.find(
        "SELECT teams FROM review WHERE record = $1 ORDER BY received_at, counter LIMIT 1",
        values![change.record],
    )?;
    if let Some(row) = begun {
        return Ok(serde_json::from_str(&row.text(0)?)?);
    }
    let mut record = Record::default();
    record.apply(change);
    let named = taking.teams_of(&record, change.officer)?;
    if !named.is_empty() {
        return Ok(named);
    }
    Ok(teams(taking.tx)?.into_iter().map(|team| team.key).collect())
}

/// Why the record's beginning is in review, where it is.
pub(super) fn begun(tx: &mut Connection, record: RecordId) -> Result<Option<Why>> {
    let found = tx.find(
        "SELECT why FROM review WHERE record = $1 AND outcome = '' ORDER BY received_at, counter LIMIT 1",
        values![record],
    )?;
    found.map(|row| Ok(Why::named(&row.text(0)?))).transpose()
}

/// What was decided over the same act under another dot: it is not taken a second time, nor asked about again.
pub(super) fn decided(tx: &mut Connection, dot: Dot, change: &Change) -> Result<Option<Judged>> {
    let rows = tx.query(
        "SELECT r.actor, r.counter, r.outcome, r.taken_actor, r.taken_counter, s.body FROM review r \
         JOIN set_aside s ON s.actor = r.actor AND s.counter = r.counter \
         WHERE r.cid = $1 AND r.record = $2 AND r.outcome <> ''",
        values![change.cid, change.record],
    )?;
    for row in rows {
        let read = ChangeBytes::received(row.blob(5)?).read().context("Reading a reviewed change")?;
        if dot_at(&row, 0)? == dot || !change.is_same_act(&read) {
            continue;
        }
        return Ok(Some(match row.text(2)?.as_str() {
            APPROVED => Judged::Duplicate(dot_at(&row, 3)?),
            _ => Judged::Refused(Code::Declined),
        }));
    }
    Ok(None)
}

/// What whoever declined said, of this actor's changes above a counter.
pub(super) fn said(tx: &mut Connection, actor: Actor, above: u64) -> Result<Vec<(u64, String)>> {
    let rows = tx.query(
        "SELECT counter, reason FROM review WHERE actor = $1 AND counter > $2 AND outcome = $3 AND reason <> '' \
         ORDER BY counter",
        values![actor, to_row(above)?, DECLINED],
    )?;
    rows.iter().map(|row| Ok((u64::try_from(row.int(0)?)?, row.text(1)?))).collect()
}

/// Why a change was declined may repeat what was taken out of it. That it was declined stays.
pub(super) fn forget_reason(tx: &mut Connection, dot: Dot) -> Result<()> {
    tx.execute(
        "UPDATE review SET reason = '' WHERE actor = $1 AND counter = $2",
        values![dot.actor, to_row(dot.counter)?],
    )
    .map(|_| ())
}

/// The same act came under a dot that could be taken after all: nothing is left to decide.
pub(super) fn close_taken(tx: &mut Connection, now_ms: i64, change: &Change) -> Result<()> {
    let waiting = same_act(tx, change)?;
    settle(tx, &waiting, &Outcome { now_ms, by: None, taken: Some(change.dot()), reason: "" })
}

/// The dots under which this act waits for a decision.
pub(super) fn same_act(tx: &mut Connection, change: &Change) -> Result<Vec<Dot>> {
    let rows = tx.query(
        "SELECT actor, counter FROM review WHERE cid = $1 AND record = $2 AND outcome = '' ORDER BY actor, counter",
        values![change.cid, change.record],
    )?;
    rows.iter().map(|row| dot_at(row, 0)).collect()
}

/// What someone decided.
pub(super) struct Outcome<'a> {
    pub(super) now_ms: i64,
    pub(super) by: Option<u32>,
    /// The change that was made of it; none where it was declined.
    pub(super) taken: Option<Dot>,
    pub(super) reason: &'a str,
}

/// Writes a decision down, where the device that sent the change learns of it.
pub(super) fn settle(tx: &mut Connection, dots: &[Dot], outcome: &Outcome<'_>) -> Result<()> {
    let (word, verdict, code) = match outcome.taken {
        Some(_) => (APPROVED, DUPLICATE, ""),
        None => (DECLINED, REFUSED, Code::Declined.name()),
    };
    let taken =
        (outcome.taken.map(|dot| dot.actor.0), outcome.taken.map(|dot| to_row(dot.counter)).transpose()?);
    for dot in dots {
        tx.execute(
            "UPDATE review SET outcome = $1, reason = $2, decided_by = $3, decided_at = $4, taken_actor = $5, \
             taken_counter = $6 WHERE actor = $7 AND counter = $8",
            values![
                word,
                outcome.reason,
                outcome.by,
                outcome.now_ms,
                taken.0,
                taken.1,
                dot.actor,
                to_row(dot.counter)?
            ],
        )?;
        tx.execute(
            "UPDATE dot SET verdict = $1, code = $2, other_actor = $3, other_counter = $4 \
             WHERE actor = $5 AND counter = $6",
            values![verdict, code, taken.0, taken.1, dot.actor, to_row(dot.counter)?],
        )?;
    }
    Ok(())
}

/// A dot in two columns of a row, the actor's first.
pub(super) fn dot_at(row: &Row, column: usize) -> Result<Dot> {
    Ok(Dot { actor: Actor(row.u32(column)?), counter: u64::try_from(row.int(column + 1)?)? })
}
