//! What becomes of one change: taken, flagged, held, known already or refused. Every outcome consumes its counter.

use std::collections::BTreeSet;

use anyhow::Result;
use kerbside_core::change::{CHANGE_LIMIT, Change, ChangeBytes, Edit};
use kerbside_core::field::{FieldKey, TEAM};
use kerbside_core::form::{Form, Merge};
use kerbside_core::ids::{Actor, Dot};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::problem::Code;
use kerbside_core::record::Record;

use super::connection::Connection;
use super::faults;
use super::records;
use super::taking::{ACCEPTED, FLAGGED, HELD, Taking, Writer, to_row};
use crate::auth::{Action, Target, authorise};
use crate::values;

/// How long after a record left a team its officers' work on it is still taken: they were away, not careless.
const GRACE_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// A clock further ahead than this is worth a look.
const AHEAD_MS: i64 = 10 * 60 * 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// Taken; the code says why someone in the office should look.
    Taken(Option<Code>),
    /// Kept until this dot arrives.
    Held(Dot),
    /// The same act is here under this dot.
    Duplicate(Dot),
    Refused(Code),
}

/// Why bytes could not be read as a change.
pub(super) fn unreadable(change: &ChangeBytes) -> Code {
    if CHANGE_LIMIT < change.bytes().len() { Code::TooLarge } else { Code::Malformed }
}

pub(super) fn judge(taking: &mut Taking<'_>, writer: &Writer, dot: Dot, change: &Change) -> Result<Judged> {
    if change.dot() != dot || change.officer != writer.officer.id {
        return Ok(Judged::Refused(Code::ActorNotYours));
    }
    if let Some(same) = same_act(taking.tx, dot, change)? {
        return Ok(Judged::Duplicate(same));
    }
    match missing(taking.tx, dot, change)? {
        Missing::Nothing => {}
        Missing::Never => return Ok(Judged::Refused(Code::BadContext)),
        Missing::Yet(waits) => return Ok(Judged::Held(waits)),
    }
    let kept = records::load(taking.tx, change.record)?;
    match (&kept, change.creates()) {
        (Some(_), true) => return Ok(Judged::Refused(Code::RecordExists)),
        (None, false) => return Ok(Judged::Refused(Code::RecordUnknown)),
        (Some(_), false) | (None, true) => {}
    }
    let state = kept.map(|kept| kept.state).unwrap_or_default();
    if is_sealed_against(&state, change) && !planted::is(Mutant::SealNotEnforced) {
        return Ok(Judged::Refused(Code::Sealed));
    }
    if let Some(code) = out_of_scope(taking, writer, change, &state)? {
        return Ok(Judged::Refused(code));
    }
    Ok(Judged::Taken(flag(taking, change, &state)?))
}

/// The dot under which the same act is here already.
fn same_act(tx: &mut Connection, dot: Dot, change: &Change) -> Result<Option<Dot>> {
    if planted::is(Mutant::NoCid) {
        return Ok(None);
    }
    let rows = tx.query(
        "SELECT d.actor, d.counter, COALESCE(l.body, s.body) FROM dot d \
         LEFT JOIN log l ON l.seq = d.seq \
         LEFT JOIN set_aside s ON s.actor = d.actor AND s.counter = d.counter \
         WHERE d.cid = $1 AND d.record = $2 AND d.verdict IN ($3, $4, $5)",
        values![change.cid, change.record, ACCEPTED, FLAGGED, HELD],
    )?;
    for row in rows {
        let there = Dot { actor: Actor(row.u32(0)?), counter: u64::try_from(row.int(1)?)? };
        let Some(body) = row.find_blob(2)? else { continue };
        let same = ChangeBytes::received(body).read().is_ok_and(|other| change.is_same_act(&other));
        if there != dot && same {
            return Ok(Some(there));
        }
    }
    Ok(None)
}

enum Missing {
    Nothing,
    /// Allotted, and not here yet.
    Yet(Dot),
    /// Never allotted, or of the change itself: nothing to wait for.
    Never,
}

/// Whether the change builds on dots that are not in their records: what it saw must be there first.
fn missing(tx: &mut Connection, own: Dot, change: &Change) -> Result<Missing> {
    let seen: BTreeSet<Dot> =
        change.edits.iter().filter_map(Edit::context).flat_map(|context| context.iter()).collect();
    for dot in seen {
        if dot.actor == own.actor && own.counter <= dot.counter {
            return Ok(Missing::Never);
        }
        let found = tx.find(
            "SELECT a.last_counter, d.verdict FROM actor a \
             LEFT JOIN dot d ON d.actor = a.id AND d.counter = $1 WHERE a.id = $2",
            values![to_row(dot.counter)?, dot.actor],
        )?;
        let Some(row) = found else { return Ok(Missing::Never) };
        if row.find_int(1)?.is_none_or(|verdict| verdict == HELD) {
            return Ok(Missing::Yet(dot));
        }
    }
    // A record takes each actor's changes in their order, so an earlier held one keeps this one back as well.
    // Asked of the few set aside: an actor's dots are all it ever wrote.
    let earlier = tx.find(
        "SELECT s.counter FROM set_aside s WHERE s.actor = $1 AND s.counter < $2 AND EXISTS (SELECT 1 FROM dot d \
         WHERE d.actor = s.actor AND d.counter = s.counter AND d.record = $3 AND d.verdict = $4) \
         ORDER BY s.counter DESC LIMIT 1",
        values![own.actor, to_row(own.counter)?, change.record, HELD],
    )?;
    match earlier {
        Some(row) => Ok(Missing::Yet(Dot { actor: own.actor, counter: u64::try_from(row.int(0)?)? })),
        None => Ok(Missing::Nothing),
    }
}

/// After a seal only photos that the record already names may come.
fn is_sealed_against(state: &Record, change: &Change) -> bool {
    let named: BTreeSet<_> = state.photos_ever().collect();
    state.seals().next().is_some()
        && !change
            .edits
            .iter()
            .all(|edit| matches!(edit, Edit::Attach { photo, .. } if named.contains(photo)))
}

/// Whether the officer may do this to a record of these teams.
fn out_of_scope(
    taking: &mut Taking<'_>,
    writer: &Writer,
    change: &Change,
    state: &Record,
) -> Result<Option<Code>> {
    let moves = change.edits.iter().any(|edit| matches!(edit, Edit::Put { field, .. } if field.path == TEAM));
    let (teams, action) = if change.creates() {
        let mut begun = Record::default();
        begun.apply(change);
        (taking.teams_of(&begun, change.officer)?, Action::CreateRecord)
    } else {
        let lately = records::teams_lately(taking.tx, change.record, taking.now_ms - GRACE_MS)?;
        (lately, if moves { Action::AssignRecord } else { Action::EditRecord })
    };
    if authorise(&writer.officer, action, Target::Record(&teams)).is_allowed() {
        return Ok(None);
    }
    let listed = authorise(&writer.officer, action, Target::Council).is_allowed();
    debug_assert!(state.created().is_some() || change.creates());
    Ok(Some(if listed { Code::NotYourTeam } else { Code::NotAllowed }))
}

/// What is taken and still worth a look: the officer has left the street, so none of this is refused.
fn flag(taking: &mut Taking<'_>, change: &Change, state: &Record) -> Result<Option<Code>> {
    let Some(form) = taking.forms.find(taking.tx, &change.form, change.form_version)? else {
        return Ok(Some(Code::UnknownForm));
    };
    if has_unknown_field(&form, change) {
        return Ok(Some(Code::Faults));
    }
    if answers_twice(&form, change, state) {
        return Ok(Some(Code::AnsweredOnce));
    }
    if faults::breaks(&form, change, state) {
        return Ok(Some(Code::Faults));
    }
    let ahead = i64::try_from(change.at.hlc.ms()).is_ok_and(|ms| taking.now_ms + AHEAD_MS < ms);
    Ok(ahead.then_some(Code::ClockAhead))
}

fn fields(change: &Change) -> impl Iterator<Item = &FieldKey> {
    change.edits.iter().filter_map(|edit| match edit {
        Edit::Put { field, .. }
        | Edit::SetAdd { field, .. }
        | Edit::SetRemove { field, .. }
        | Edit::Attach { field, .. } => Some(field),
        Edit::Create | Edit::Note { .. } | Edit::Seal { .. } | Edit::Unknown { .. } => None,
    })
}

fn has_unknown_field(form: &Form, change: &Change) -> bool {
    fields(change).any(|field| !field.is_system() && form.question(&field.path).is_none())
}

/// Whether a write-once question that has an answer is answered again, by someone who saw it or not.
fn answers_twice(form: &Form, change: &Change, state: &Record) -> bool {
    change.edits.iter().any(|edit| {
        let Edit::Put { field, value, .. } = edit else { return false };
        let once = form.question(&field.path).is_some_and(|question| question.merge == Merge::Once);
        let standing = state.answers(field);
        once && !standing.is_empty() && standing != [value.clone()]
    })
}
