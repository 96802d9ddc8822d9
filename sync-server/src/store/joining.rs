//! What people say of two cases: the same, not the same after all, or different from the first. One is closed and the other
//! stays; both say so, in one transaction.

use anyhow::Result;
use kerbside_core::change::Context;
use kerbside_core::field::{FieldKey, LIFECYCLE};
use kerbside_core::ids::{Dot, OfficerId, RecordId};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::Record;
use kerbside_core::record::view::read_seen;
use kerbside_core::same;

use super::Store;
use super::connection::Connection;
use super::office::{Desk, office_actor, open, write};
use super::people::{Officer, read_officer};
use super::records::{self, Kept};
use super::taking::Taking;
use crate::auth::{Action, Target, authorise};

impl Store {
    /// Closes a case as a duplicate of another, in the light of what the officer had seen of it.
    pub fn office_join(
        &mut self,
        now_ms: i64,
        officer: &Officer,
        record: RecordId,
        into: RecordId,
        seen: &str,
    ) -> Result<Dot> {
        let (closed, stays) = (self.desk(officer, record, now_ms)?, self.desk(officer, into, now_ms)?);
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            let mut taking = Taking::begin(tx, forms, now_ms)?;
            let there = open(&mut taking, &stays)?;
            let here = open(&mut taking, &closed)?;
            if record == into || here.state.form() != there.state.form() {
                return Err(Problem::new(Code::Malformed, "two cases of the same form are joined").into());
            }
            require_seen(&here, record, seen)?;
            let is_settled = same::is_open(&here.state) && same::is_open(&there.state);
            if !is_settled || same::is_undecided(&here.state) {
                return Err(
                    Problem::new(Code::NewerAnswer, "one of the two is closed or in two states").into()
                );
            }
            if !may_join(taking.tx, officer, (record, &here.state), (into, &there.state))? {
                return Err(Problem::new(Code::NotAllowed, "who reported it would see too little").into());
            }
            let follower = cut_off(taking.tx, &here.state, into)?;
            let actor = office_actor(taking.tx, officer)?;
            write(&mut taking, &stays, &there.state, actor, same::take_in(record, follower))?;
            let dot = write(&mut taking, &closed, &here.state, actor, same::close(&here.state, into))?;
            taking.finish()?;
            Ok(dot)
        })
    }

    /// Takes that back: the state is what it was before.
    pub fn office_part(
        &mut self,
        now_ms: i64,
        officer: &Officer,
        record: RecordId,
        seen: &str,
    ) -> Result<Dot> {
        let closed = self.desk(officer, record, now_ms)?;
        let cid = self.chance.bytes()?;
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            let mut taking = Taking::begin(tx, forms, now_ms)?;
            let here = open(&mut taking, &closed)?;
            require_seen(&here, record, seen)?;
            let joined = same::duplicate_of(&here.state);
            let (into, _) =
                joined.ok_or_else(|| Problem::new(Code::NewerAnswer, "a duplicate of nothing"))?;
            let actor = office_actor(taking.tx, officer)?;
            if let Some((there, reporter)) = lets_go(&mut taking, officer, (record, &here), into)? {
                let stays = Desk { officer, record: into, now_ms, cid, behalf: None };
                write(&mut taking, &stays, &there, actor, same::let_go(&there, record, reporter))?;
            }
            let dot = write(&mut taking, &closed, &here.state, actor, same::open_again(&here.state))?;
            taking.finish()?;
            Ok(dot)
        })
    }

    /// Says that a case is of something else than another, so that nobody is asked again.
    pub fn office_keep_apart(
        &mut self,
        now_ms: i64,
        officer: &Officer,
        record: RecordId,
        other: RecordId,
    ) -> Result<Dot> {
        let desk = self.desk(officer, record, now_ms)?;
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            let mut taking = Taking::begin(tx, forms, now_ms)?;
            let kept = open(&mut taking, &desk)?;
            let keys = records::keys_now(taking.tx, other)?;
            if record == other || !authorise(officer, Action::ReadRecord, Target::Record(&keys)).is_allowed()
            {
                return Err(Problem::new(Code::NotFound, "no other such record in scope").into());
            }
            let actor = office_actor(taking.tx, officer)?;
            let dot = write(&mut taking, &desk, &kept.state, actor, vec![same::keep_apart(other)])?;
            taking.finish()?;
            Ok(dot)
        })
    }

    /// Takes that back, on whichever of the two says it.
    pub fn office_ask_again(
        &mut self,
        now_ms: i64,
        officer: &Officer,
        record: RecordId,
        other: RecordId,
    ) -> Result<()> {
        let desks =
            [(self.desk(officer, record, now_ms)?, other), (self.desk(officer, other, now_ms)?, record)];
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            let mut taking = Taking::begin(tx, forms, now_ms)?;
            let actor = office_actor(taking.tx, officer)?;
            let mut is_said = false;
            for (desk, of) in &desks {
                let Kept { state, .. } = open(&mut taking, desk)?;
                if let Some(edit) = same::ask_again(&state, *of) {
                    write(&mut taking, desk, &state, actor, vec![edit])?;
                    is_said = true;
                }
            }
            if !is_said {
                return Err(Problem::new(Code::NothingChanged, "neither says that they are apart").into());
            }
            taking.finish()
        })
    }

    fn desk<'a>(&mut self, officer: &'a Officer, record: RecordId, now_ms: i64) -> Result<Desk<'a>> {
        Ok(Desk { officer, record, now_ms, cid: self.chance.bytes()?, behalf: None })
    }
}

/// Whether this officer may close the first as a duplicate of the second: they may write in both, nothing of them is
/// sealed, and whoever reported the first either sees the second already or may be shown it by them.
pub(super) fn may_join(
    tx: &mut Connection,
    officer: &Officer,
    closed: (RecordId, &Record),
    stays: (RecordId, &Record),
) -> Result<bool> {
    for (id, state) in [closed, stays] {
        if !may(tx, officer, Action::EditRecord, id)? || state.seals().next().is_some() {
            return Ok(false);
        }
    }
    if same::is_undecided(closed.1) {
        return Ok(false);
    }
    Ok(cut_off(tx, closed.1, stays.0)?.is_none() || may(tx, officer, Action::AssignRecord, stays.0)?)
}

fn may(tx: &mut Connection, officer: &Officer, action: Action, record: RecordId) -> Result<bool> {
    let keys = records::keys_now(tx, record)?;
    Ok(authorise(officer, action, Target::Record(&keys)).is_allowed())
}

/// Whoever began a record, if they would not see what becomes of another.
fn cut_off(tx: &mut Connection, begun: &Record, other: RecordId) -> Result<Option<OfficerId>> {
    let Some(began) = begun.created() else { return Ok(None) };
    let Some(reporter) = read_officer(tx, began.officer)? else { return Ok(None) };
    let keys = records::keys_now(tx, other)?;
    Ok((!reporter.reaches_any(&keys)).then_some(reporter.id))
}

/// The case that stays, if it says that it took this one in and this officer may write there; and who need not follow it
/// any longer. Where it cannot be written its word is worth nothing without that of the other.
fn lets_go(
    taking: &mut Taking<'_>,
    officer: &Officer,
    (record, here): (RecordId, &Kept),
    into: RecordId,
) -> Result<Option<(Record, Option<OfficerId>)>> {
    if !may(taking.tx, officer, Action::EditRecord, into)? {
        return Ok(None);
    }
    let Some(Kept { state: there, .. }) = records::load(taking.tx, into)? else { return Ok(None) };
    let others: Vec<RecordId> = same::duplicates(&there).collect();
    if !others.contains(&record) || there.seals().next().is_some() {
        return Ok(None);
    }
    let reporter = here.state.created().map(|stamp| stamp.officer);
    let mut still_follows = !may(taking.tx, officer, Action::AssignRecord, into)?;
    for other in others.into_iter().filter(|other| *other != record) {
        let kept = records::load(taking.tx, other)?;
        still_follows |= kept.and_then(|kept| kept.state.created()).map(|stamp| stamp.officer) == reporter;
    }
    Ok(Some((there, reporter.filter(|_| !still_follows))))
}

/// Refuses what was decided on a state or a link that is not the present one.
fn require_seen(kept: &Kept, record: RecordId, seen: &str) -> Result<(), Problem> {
    let read: Option<Context> = read_seen(seen, record, &FieldKey::new(LIFECYCLE));
    let seen = read.ok_or_else(|| Problem::new(Code::SeenMissing, "what was seen is of another record"))?;
    if same::is_newer(&kept.state, &seen) {
        return Err(Problem::new(Code::NewerAnswer, "its state was changed since"));
    }
    Ok(())
}
