//! Items of the server's log folded into what is confirmed (base), and head
//! rebuilt over it. Enter replaces base, never merges; an echo is our own change
//! come back; pending changes that base already holds are no longer pending.

use crate::clock::Reading;
use crate::save::unpack;
use crate::settle::{taken_from, taken_since};
use crate::store::{ChangeState, OutcomeRow, OwnChange, Progress, RecordRow, RepairKind, Store};
use crate::vault::{Vault, corrected_ms};
use crate::ways::{TAKEN, is_in_review};
use anyhow::Result;
use kerbside_core::change::{Change, ChangeBytes, Context, Edit};
use kerbside_core::exchange::Item;
use kerbside_core::field::{FieldKey, TEAM};
use kerbside_core::ids::{Dot, OfficerId, RecordId, Sha256};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::record::Record;
use kerbside_core::redact::Redaction;
use kerbside_core::value::{Value, to_json};
use std::collections::{BTreeMap, BTreeSet};

impl Vault {
    /// Makes what is shown again from what is confirmed and what is pending.
    pub(crate) fn rebuild(&self, store: &Store, records: Vec<RecordId>, now: Reading) -> Result<()> {
        let mut intake = Intake::new(self, store, now);
        intake.touch_all(records)?;
        intake.finish()
    }
}

/// A page of items on its way into the vault.
pub(super) struct Intake<'a> {
    pub(super) vault: &'a Vault,
    pub(super) store: &'a Store,
    pub now: Reading,
    pub(super) touched: BTreeMap<RecordId, Touched>,
    /// Entered, written down and done with.
    pub(super) settled: BTreeSet<RecordId>,
    /// Photos that are in nothing any more: their files go when this is committed.
    pub(super) photos_gone: Vec<Sha256>,
}

#[derive(Default)]
pub(super) struct Touched {
    pub(super) outcomes: Vec<OutcomeRow>,
    pub(super) base: Option<Record>,
    /// What the same reply takes out of it.
    pub(super) redactions: Vec<Redaction>,
    office_reference: Option<String>,
    leaving: Option<bool>,
    /// It was to leave, and stayed only for something of ours.
    was_leaving: bool,
    wanted: Option<bool>,
    confirmed: bool,
    entered: bool,
    forgotten: bool,
}

impl<'a> Intake<'a> {
    pub fn new(vault: &'a Vault, store: &'a Store, now: Reading) -> Self {
        Self {
            vault,
            store,
            now,
            touched: BTreeMap::new(),
            settled: BTreeSet::new(),
            photos_gone: Vec::new(),
        }
    }

    /// Takes one item; 1 when it was somebody else's news.
    pub fn take(&mut self, item: &Item, progress: &mut Progress) -> Result<u64> {
        match item {
            Item::Change { bytes, reference, .. } => self.take_change(bytes, reference.as_ref(), progress),
            Item::Echo { dot, reference, .. } => self.take_echo(*dot, reference.as_ref()),
            Item::Enter { page, .. } => self.take_page(page, progress),
            Item::Leave { record, .. } => {
                self.leave(*record)?;
                Ok(1)
            }
            Item::Redact { redaction, .. } => self.redact(redaction),
            Item::Purge { record, .. } => self.purge(*record),
            Item::Unknown { .. } => Ok(0),
        }
    }

    fn take_change(
        &mut self,
        bytes: &[u8],
        reference: Option<&String>,
        progress: &mut Progress,
    ) -> Result<u64> {
        let change = match ChangeBytes::received(bytes.to_vec()).read() {
            Ok(mut change) => {
                if planted::is(Mutant::UnknownEditsStripped) {
                    change.edits.retain(|edit| !matches!(edit, Edit::Unknown { .. }));
                }
                change
            }
            Err(cause) => {
                self.store.note_in_journal(self.now.wall_ms, "unread", &cause.to_string())?;
                return Ok(0);
            }
        };
        let time_ms = u64::try_from(corrected_ms(progress, self.now)).unwrap_or(0);
        progress.hlc = progress.hlc.observe(change.at.hlc, time_ms);
        self.settle_if_own(change.dot())?;
        if let Some(was) = change.was {
            self.settle_if_approved(was, &change)?;
        }
        self.fold(&change, reference)
    }

    /// What the office put into review and then took comes back as its own change, which names ours. So does what a
    /// double of this phone wrote under the same dot, and that says nothing of ours.
    fn settle_if_approved(&mut self, was: Dot, taken: &Change) -> Result<()> {
        let Some(own) = self.store.change_at(was.actor, was.counter)? else { return Ok(()) };
        let is_ours = readable(&own).is_some_and(|own| is_made_of(taken, &own));
        if own.state != ChangeState::Refused || !is_ours {
            return Ok(());
        }
        if is_in_review(&own) {
            self.store.note_in_journal(self.now.wall_ms, TAKEN, &was.to_string())?;
        }
        let taken = ChangeState::Duplicate;
        self.store.settle_change((was.actor, was.counter), taken, false, None, self.now.wall_ms)
    }

    fn take_echo(&mut self, dot: Dot, reference: Option<&String>) -> Result<u64> {
        let Some(own) = self.store.change_at(dot.actor, dot.counter)? else {
            self.store.note_in_journal(self.now.wall_ms, "echo of nothing", &dot.to_string())?;
            return Ok(0);
        };
        self.settle_if_own(dot)?;
        match readable(&own) {
            Some(change) => self.fold(&change, reference)?,
            // It went bad here, and the server has it whole.
            None => self.want(own.record).map(|()| 0)?,
        };
        Ok(0)
    }

    fn settle_if_own(&mut self, dot: Dot) -> Result<()> {
        let Some(own) = self.store.change_at(dot.actor, dot.counter)? else { return Ok(()) };
        let reason = own.reason.as_deref();
        match own.state {
            ChangeState::Saved | ChangeState::Held | ChangeState::Received => self.store.settle_change(
                (dot.actor, dot.counter),
                ChangeState::Received,
                false,
                reason,
                self.now.wall_ms,
            ),
            ChangeState::Duplicate | ChangeState::Refused | ChangeState::Redotted | ChangeState::Missing => {
                self.store.set_pending(dot.actor, dot.counter, false)
            }
        }
    }

    fn fold(&mut self, change: &Change, reference: Option<&String>) -> Result<u64> {
        let officer = self.vault.identity.officer;
        let touched = self.touched(change.record)?;
        if touched.base.is_none() && !change.creates() {
            // Its beginning never came: asked for anew where there is a row to say so.
            touched.wanted = Some(true);
            return Ok(0);
        }
        touched.confirmed = true;
        if let Some(reference) = reference {
            touched.office_reference = Some(reference.clone());
        }
        let begun = touched.base.as_ref().and_then(Record::created).map(|stamp| stamp.dot);
        let begins_again = touched.was_leaving || begun.is_some_and(|begun| begun != change.dot());
        if change.creates() && begins_again {
            // A restored server hears of it from its beginning: what was confirmed in an earlier life is not now.
            touched.base = None;
        }
        touched.was_leaving = false;
        touched.leaving = Some(false);
        let base = touched.base.get_or_insert_default();
        if base.holds(change.dot()) {
            return Ok(0);
        }
        touched.outcomes.extend(outcomes(base, change, officer));
        base.apply(change);
        Ok(1)
    }

    /// What the server confirms of a record in place of what it confirmed before.
    pub(super) fn enter(&mut self, id: RecordId, state: Record, reference: Option<&str>) -> Result<()> {
        let outcomes = self.outcomes_by(id, &state)?;
        let touched = self.touched(id)?;
        touched.outcomes.extend(outcomes);
        match touched.base.as_mut().filter(|_| planted::is(Mutant::RepairMerges)) {
            Some(base) => base.merge(state),
            None => touched.base = Some(state),
        }
        touched.office_reference = reference.map(str::to_owned).or(touched.office_reference.take());
        touched.confirmed = true;
        touched.entered = true;
        touched.leaving = Some(false);
        touched.wanted = Some(false);
        Ok(())
    }

    pub(super) fn is_touched(&self, id: RecordId) -> bool {
        self.touched.contains_key(&id)
    }

    /// What somebody chose since over this officer's answers, where the record comes whole and not the change that chose.
    fn outcomes_by(&mut self, id: RecordId, after: &Record) -> Result<Vec<OutcomeRow>> {
        let Some(row) = self.store.record(id)?.filter(|row| 0 < row.two_answers || row.withdrawn) else {
            return Ok(Vec::new());
        };
        // What cannot be read any more says nothing, and is told by `verify`.
        let Ok(mut before) = unpack(&row.head) else { return Ok(Vec::new()) };
        for redaction in &self.touched(id)?.redactions {
            before.redact(redaction);
        }
        let taken = taken_since(&before, after, self.vault.identity.officer);
        Ok(taken.into_iter().map(|(taken, stamp)| outcome_row(taken, stamp.officer, stamp.at_ms)).collect())
    }

    pub fn touch(&mut self, record: RecordId) -> Result<()> {
        self.touched(record).map(|_| ())
    }

    pub fn touch_all(&mut self, records: Vec<RecordId>) -> Result<()> {
        records.into_iter().try_for_each(|record| self.touch(record))
    }

    pub fn want(&mut self, record: RecordId) -> Result<()> {
        self.touched(record)?.wanted = Some(true);
        Ok(())
    }

    pub fn leave(&mut self, record: RecordId) -> Result<()> {
        self.touched(record)?.leaving = Some(true);
        Ok(())
    }

    /// What was asked for and did not enter is not in scope.
    pub fn leave_unless_entered(&mut self, asked: &[RecordId]) -> Result<()> {
        for record in asked.iter().filter(|record| !self.settled.contains(record)).collect::<Vec<_>>() {
            let touched = self.touched(*record)?;
            if !touched.entered {
                touched.leaving = Some(true);
            }
        }
        Ok(())
    }

    pub fn forget_base(&mut self, record: RecordId) -> Result<()> {
        let touched = self.touched(record)?;
        touched.base = None;
        touched.forgotten = true;
        touched.confirmed = true;
        Ok(())
    }

    pub(super) fn touched(&mut self, record: RecordId) -> Result<&mut Touched> {
        match self.touched.entry(record) {
            std::collections::btree_map::Entry::Occupied(there) => Ok(there.into_mut()),
            std::collections::btree_map::Entry::Vacant(place) => {
                let row = self.store.record(record)?;
                let held = row.as_ref().and_then(|row| row.base.as_deref()).map(unpack);
                let wanted = held.as_ref().is_some_and(Result::is_err).then_some(true);
                if wanted.is_some() {
                    // One record that went bad keeps nothing else from coming: it is asked for anew.
                    self.store.ask_repair(RepairKind::BaseUnreadable, record, self.now.wall_ms)?;
                }
                let was_leaving = row.as_ref().is_some_and(|row| row.leaving);
                let base = held.and_then(Result::ok);
                Ok(place.insert(Touched { base, wanted, was_leaving, ..Touched::default() }))
            }
        }
    }

    /// Heads over bases, and the rows that lists read.
    pub fn finish(self) -> Result<()> {
        let Self { vault, store, now, touched, settled: _, photos_gone: _ } = self;
        for (id, touched) in touched {
            write(vault, store, (id, touched), now)?;
        }
        Ok(())
    }
}

fn write(vault: &Vault, store: &Store, (id, touched): (RecordId, Touched), now: Reading) -> Result<()> {
    let Touched {
        outcomes,
        base,
        redactions,
        office_reference,
        leaving,
        wanted,
        confirmed,
        forgotten,
        entered,
        was_leaving: _,
    } = touched;
    let row = store.record(id)?;
    // What a restored server has not confirmed anew says nothing of what it holds.
    let doubted = !confirmed && row.as_ref().is_some_and(|row| row.unconfirmed);
    let mut head = match &row {
        Some(row) if planted::is(Mutant::HeadOnOldHead) => {
            let mut old = unpack(&row.head)?;
            old.merge(base.clone().unwrap_or_default());
            old
        }
        Some(_) | None => base.clone().unwrap_or_default(),
    };
    for own in store.pending_of(id)? {
        let dot = Dot { actor: own.actor, counter: own.counter };
        if base.as_ref().is_some_and(|base| base.holds(dot)) {
            if doubted {
                continue;
            }
            store.set_pending(own.actor, own.counter, false)?;
            continue;
        }
        if entered && planted::is(Mutant::RepairDropsPending) {
            store.set_pending(own.actor, own.counter, false)?;
            continue;
        }
        if let Some(change) = readable(&own) {
            head.apply(&change);
        }
    }
    if head.created().is_none() && base.is_none() {
        // All there was is refused: it stays readable as it was. Or it was never here.
        let Some(shown) = row else { return Ok(()) };
        // Where not even that can be read, the row stays as it is.
        let as_it_was = || {
            let mut head = unpack(&shown.head).ok()?;
            for redaction in &redactions {
                head.redact(redaction);
            }
            Some(head)
        };
        let Some(refused) = refused_head(store, id)?.or_else(as_it_was) else { return Ok(()) };
        head = refused;
        let mut kept = vault.record_row(id, Some(&shown), None, &head, now)?;
        if forgotten {
            kept.base = None;
        }
        return store.put_record(&flagged(kept, leaving, wanted, confirmed));
    }
    let mut new = vault.record_row(id, row.as_ref(), base.as_ref(), &head, now)?;
    if forgotten {
        new.base = None;
    }
    new.office_reference = office_reference.or(new.office_reference);
    store.put_record(&flagged(new, leaving, wanted, confirmed))?;
    outcomes.iter().try_for_each(|outcome| store.put_outcome(id, outcome))
}

/// What this change took away of the officer's own answers, where two stood.
fn outcomes(before: &Record, change: &Change, officer: OfficerId) -> Vec<OutcomeRow> {
    let taken = change.edits.iter().filter_map(|edit| taken_from(before, edit, officer, change.officer));
    taken.map(|taken| outcome_row(taken, change.officer, change.at.corrected_ms())).collect()
}

fn outcome_row((field, mine, kept): (FieldKey, Value, Value), officer: OfficerId, at_ms: i64) -> OutcomeRow {
    OutcomeRow {
        field: field.to_string(),
        mine: to_json(&mine).to_string(),
        kept: to_json(&kept).to_string(),
        officer,
        at_ms,
    }
}

/// An own change, if it is as it was saved. What went bad is told by `verify`, and blocks no exchange.
pub(super) fn readable(own: &OwnChange) -> Option<Change> {
    own.is_whole().then(|| ChangeBytes::received(own.bytes.clone()).read().ok()).flatten()
}

/// Whether a change says nothing but what another does, in whatever light: approval leaves out what was answered since,
/// and names the team that a new record goes to.
fn is_made_of(taken: &Change, own: &Change) -> bool {
    let bare = |edit: &Edit| {
        let mut edit = edit.clone();
        if let Edit::Put { context, .. } | Edit::SetRemove { context, .. } = &mut edit {
            *context = Context::default();
        }
        edit
    };
    let said: Vec<Edit> = own.edits.iter().map(bare).collect();
    let names_team = |edit: &Edit| matches!(edit, Edit::Put { field, .. } if field.path == TEAM);
    taken.record == own.record
        && taken.edits.iter().all(|edit| said.contains(&bare(edit)) || own.creates() && names_team(edit))
}

/// A record whose beginning is refused or in review, as our own changes make it. What was given another dot is left out
/// under its old one: an answer over it would name a dot that no server will ever hold, and wait for it for ever.
fn refused_head(store: &Store, id: RecordId) -> Result<Option<Record>> {
    let mut head = Record::default();
    for own in store.changes_of(id)? {
        if own.state == ChangeState::Redotted {
            continue;
        }
        if let Some(change) = readable(&own) {
            head.apply(&change);
        }
    }
    Ok(Some(head).filter(|head| head.created().is_some()))
}

fn flagged(mut row: RecordRow, leaving: Option<bool>, wanted: Option<bool>, confirmed: bool) -> RecordRow {
    row.leaving = leaving.unwrap_or(row.leaving);
    row.wanted = wanted.unwrap_or(row.wanted);
    row.unconfirmed &= !confirmed && leaving.is_none();
    row
}
