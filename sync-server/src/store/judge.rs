//! What becomes of one change: taken, flagged, held, known already or refused. Every outcome consumes its counter.

use std::collections::BTreeSet;

use anyhow::Result;
use kerbside_core::change::{CHANGE_LIMIT, Change, ChangeBytes, Edit};
use kerbside_core::field::{AREA, ASSIGNEES, FOLLOWERS, FieldKey, LIFECYCLE, OWNER, TEAM};
use kerbside_core::form::{Form, Merge};
use kerbside_core::ids::{Actor, Dot, RecordId};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::problem::Code;
use kerbside_core::record::{Lifecycle, Record, WITHDRAWN};
use kerbside_core::value::Value;

use super::connection::Connection;
use super::cut;
use super::faults;
use super::gone;
use super::lives::{self, Prospect};
use super::people::{Officer, teams, teams_left};
use super::records;
use super::review::{self, Why};
use super::taking::{ACCEPTED, FLAGGED, HELD, LOG_CUT, Taking, Writer, to_row};
use crate::auth::{Action, Target, authorise};
use crate::values;

/// How long after a record left a team its officers' work on it is still taken: they were away, not careless.
const GRACE_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// A clock further ahead than this is worth a look.
const AHEAD_MS: i64 = 10 * 60 * 1000;

/// Fields that say whose a record is.
const GIVES: [&str; 5] = [TEAM, AREA, OWNER, ASSIGNEES, FOLLOWERS];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// Taken; the code says why someone in the office should look.
    Taken(Option<Code>),
    /// Kept until this arrives.
    Held(Waits),
    /// The same act is here under this dot.
    Duplicate(Dot),
    Refused(Code),
    /// Its writer may no longer make it: someone in the office decides.
    Review(Why),
}

/// What a held change waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    Dot(Dot),
    /// The beginning of its record.
    Record(RecordId),
}

/// Why bytes could not be read as a change.
pub(super) fn unreadable(change: &ChangeBytes) -> Code {
    if CHANGE_LIMIT < change.bytes().len() { Code::TooLarge } else { Code::Malformed }
}

pub(super) fn judge(taking: &mut Taking<'_>, writer: &Writer, dot: Dot, change: &Change) -> Result<Judged> {
    if change.dot() != dot || change.officer != writer.officer.id {
        return Ok(Judged::Refused(Code::ActorNotYours));
    }
    if gone::is_purged(taking.tx, change.record)? {
        return Ok(Judged::Refused(Code::RecordPurged));
    }
    match same_act(taking, dot, change)? {
        Some(Twin::Taken(same)) => return Ok(Judged::Duplicate(same)),
        // What becomes of it is not known yet: should it be refused, this one may not be thought to be in good hands.
        Some(Twin::Held(same)) => return Ok(Judged::Held(Waits::Dot(same))),
        None => {}
    }
    if let Some(decided) = review::decided(taking.tx, dot, change)? {
        return Ok(decided);
    }
    match missing(taking.tx, dot, change)? {
        Missing::Nothing => {}
        Missing::Never => return Ok(Judged::Refused(Code::BadContext)),
        Missing::Yet(waits) => return Ok(Judged::Held(Waits::Dot(waits))),
    }
    let kept = records::load(taking.tx, change.record)?;
    match (&kept, change.creates()) {
        (Some(_), true) => return Ok(Judged::Refused(Code::RecordExists)),
        (None, false) => {
            if let Some(why) = review::begun(taking.tx, change.record)? {
                return Ok(Judged::Review(why));
            }
            if lives::may_yet_come(taking.tx, change.record)? {
                return Ok(Judged::Held(Waits::Record(change.record)));
            }
            return Ok(Judged::Refused(Code::RecordUnknown));
        }
        (Some(_), false) | (None, true) => {}
    }
    let state = kept.map(|kept| kept.state).unwrap_or_default();
    if is_sealed_against(&state, change) && !planted::is(Mutant::SealNotEnforced) {
        return Ok(Judged::Refused(Code::Sealed));
    }
    if let Some(judged) = out_of_scope(taking, writer, change)? {
        return Ok(judged);
    }
    if withdraws(change) && !may_withdraw(taking, writer, change, &state)? {
        return Ok(Judged::Refused(Code::NotAllowed));
    }
    Ok(Judged::Taken(flag(taking, change, &state)?))
}

/// The same act under another dot.
enum Twin {
    Taken(Dot),
    /// It came before this one and waits itself.
    Held(Dot),
}

fn same_act(taking: &mut Taking<'_>, dot: Dot, change: &Change) -> Result<Option<Twin>> {
    if planted::is(Mutant::NoCid) {
        return Ok(None);
    }
    let rows = taking.tx.query(
        "SELECT d.actor, d.counter, COALESCE(l.body, s.body), d.verdict, d.received_at, l.kind FROM dot d \
         LEFT JOIN log l ON l.seq = d.seq \
         LEFT JOIN set_aside s ON s.actor = d.actor AND s.counter = d.counter \
         WHERE d.cid = $1 AND d.record = $2 AND d.verdict IN ($3, $4, $5) ORDER BY d.received_at, d.actor, d.counter",
        values![change.cid, change.record, ACCEPTED, FLAGGED, HELD],
    )?;
    let (mut own, mut twins) = ((taking.now_ms, dot), Vec::new());
    for row in rows {
        let there = Dot { actor: Actor(row.u32(0)?), counter: u64::try_from(row.int(1)?)? };
        if there == dot {
            own.0 = row.int(4)?;
            continue;
        }
        let Some(body) = row.find_blob(2)? else { continue };
        let is_same = if row.find_int(5)? == Some(LOG_CUT) {
            cut::is_of(&body, change)
        } else {
            ChangeBytes::received(body).read().is_ok_and(|other| change.is_same_act(&other))
        };
        if is_same {
            twins.push((row.int(3)?, (row.int(4)?, there)));
        }
    }
    if let Some((_, (_, taken))) = twins.iter().find(|(verdict, _)| *verdict != HELD) {
        return Ok(Some(Twin::Taken(*taken)));
    }
    // Only for one that was here first: two that waited for each other would wait for ever.
    let first = twins.iter().map(|(_, twin)| *twin).find(|twin| *twin < own);
    Ok(first.map(|(_, there)| Twin::Held(there)))
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
        let verdict = tx.find(
            "SELECT verdict FROM dot WHERE actor = $1 AND counter = $2",
            values![dot.actor, to_row(dot.counter)?],
        )?;
        match verdict.map(|row| row.int(0)).transpose()? {
            Some(HELD) => return Ok(Missing::Yet(dot)),
            Some(_) => {}
            None => match lives::prospect(tx, dot)? {
                Prospect::NeverAllotted => return Ok(Missing::Never),
                Prospect::MayCome if !planted::is(Mutant::NothingHeld) => return Ok(Missing::Yet(dot)),
                Prospect::MayCome | Prospect::GivenUp => {}
            },
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

fn withdraws(change: &Change) -> bool {
    let withdrawn = Value::code(WITHDRAWN);
    change.edits.iter().any(
        |edit| matches!(edit, Edit::Put { field, value, .. } if field.path == LIFECYCLE && *value == withdrawn),
    )
}

/// Whoever began a record withdraws it, and whoever may withdraw any; and where a withdrawal stands already, whoever is
/// asked may agree to it.
fn may_withdraw(taking: &mut Taking<'_>, writer: &Writer, change: &Change, state: &Record) -> Result<bool> {
    let own = state.created().is_some_and(|stamp| stamp.officer == change.officer);
    if own || state.lifecycle() != Lifecycle::Open {
        return Ok(true);
    }
    let lately = records::keys_lately(taking.tx, change.record, taking.now_ms - GRACE_MS)?;
    Ok(authorise(&writer.officer, Action::WithdrawRecord, Target::Record(&lately)).is_allowed())
}

/// What becomes of a change that its officer may not make: refused where they never could, else for someone to decide.
fn out_of_scope(taking: &mut Taking<'_>, writer: &Writer, change: &Change) -> Result<Option<Judged>> {
    if let Some(why) = writer.stopped {
        return Ok(Some(Judged::Review(why)));
    }
    let officer = writer.officer.id;
    let moves = fields(change).any(|field| GIVES.contains(&&*field.path)) && !change.creates();
    let since = taking.now_ms - GRACE_MS;
    let (keys, ever, action) = if change.creates() {
        let mut begun = Record::default();
        begun.apply(change);
        let keys = taking.keys_of(&begun, officer, None)?;
        (keys.clone(), keys, Action::CreateRecord)
    } else {
        let lately = records::keys_lately(taking.tx, change.record, since)?;
        let ever = records::keys_lately(taking.tx, change.record, 0)?;
        (lately, ever, if moves { Action::AssignRecord } else { Action::EditRecord })
    };
    let mut who = writer.officer.clone();
    who.teams.extend(teams_left(taking.tx, officer, since)?);
    if change.creates() && !begins_well(taking, &who, change)? {
        return Ok(Some(Judged::Refused(Code::NotYourTeam)));
    }
    if authorise(&who, action, Target::Record(&keys)).is_allowed() {
        return Ok(None);
    }
    if !authorise(&who, action, Target::Council).is_allowed() {
        let held_a_device = authorise(&who, Action::UseDevice, Target::Council).is_allowed();
        let refused = held_a_device || is_office(taking.tx, writer)?;
        return Ok(Some(if refused {
            Judged::Refused(Code::NotAllowed)
        } else {
            Judged::Review(Why::RoleChanged)
        }));
    }
    who.teams.extend(teams_left(taking.tx, officer, 0)?);
    // Which areas someone had before is nowhere written: a colleague decides.
    who.areas.clear();
    // What was taken once and comes back to a restored server may have lost only the word that made it so.
    let could = writer.is_retired || authorise(&who, action, Target::Record(&ever)).is_allowed();
    Ok(Some(if could { Judged::Review(Why::LeftTeam) } else { Judged::Refused(Code::NotYourTeam) }))
}

/// A record is begun for one of its writer's teams, or for another that takes its form: areas decide, and they or the
/// teams may have changed since the device heard of them. Giving it to oneself as well opens no other team.
fn begins_well(taking: &mut Taking<'_>, who: &Officer, change: &Change) -> Result<bool> {
    let mut begun = Record::default();
    begun.apply(change);
    let named = begun.teams();
    if named.is_empty() || named.iter().any(|team| who.teams.contains(team)) {
        return Ok(true);
    }
    let teams = teams(taking.tx)?;
    let takes =
        |name: &String| teams.iter().any(|team| team.key == *name && team.forms.contains(&change.form));
    Ok(named.iter().all(takes))
}

fn is_office(tx: &mut Connection, writer: &Writer) -> Result<bool> {
    Ok(tx.one("SELECT device FROM actor WHERE id = $1", values![writer.actor])?.find_blob(0)?.is_none())
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
