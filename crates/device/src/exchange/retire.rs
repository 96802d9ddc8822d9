//! A fork: this actor has a double, because a phone was cloned or a vault put
//! back from yesterday. The actor is given up, and what the server does not hold
//! is written anew under the next one, by the same `cid`, so that nothing is lost
//! and nothing arrives twice.

use super::incoming::{settle, verdict_on};
use super::items::Intake;
use crate::clock::Reading;
use crate::store::{ChangeState, OwnChange, RecordRow, Store};
use crate::vault::Vault;
use anyhow::{Context as _, Result};
use kerbside_core::change::{Change, ChangeBytes, Context, Edit};
use kerbside_core::exchange::{OFFER_LIMIT, Offered, Receipt, Retire, Retired};
use kerbside_core::ids::{Actor, Dot, RecordId, Sha256};
use kerbside_core::record::{Record, Stamp};
use kerbside_core::redact::tombstone;
use kerbside_core::redot::Redot;
use kerbside_core::sign::Label;
use kerbside_core::{cbor, chain};

impl Vault {
    pub fn needs_retiring(&self) -> Result<bool> {
        Ok(self.store.progress()?.forked)
    }

    /// What this device holds of its actor, newest last.
    pub fn retire_request(&self) -> Result<Retire> {
        let progress = self.store.progress()?;
        let first = progress.counter.saturating_sub(OFFER_LIMIT as u64) + 1;
        let own =
            self.store.changes_from(progress.actor, first, u32::try_from(OFFER_LIMIT).unwrap_or(u32::MAX))?;
        let offered = own.iter().map(|own| Offered { counter: own.counter, hash: own.hash }).collect();
        Ok(Retire { actor: progress.actor, offered })
    }

    pub fn retired(&mut self, retire: &Retire, retired: &Retired, now: Reading) -> Result<()> {
        let progress = self.store.progress()?;
        if retire.actor != progress.actor {
            return Ok(());
        }
        // What was saved while the answer was on its way comes along.
        let first = retire.offered.first().map_or(1, |offered| offered.counter);
        let own = self.store.changes_from(progress.actor, first, u32::MAX)?;
        let mut leaving = Leaving::default();
        for actor in self.store.actors_left_behind(progress.actor)? {
            // Its double was there before it when a restored server asked for what it lacks.
            let mut own = self.store.changes_between(actor, 0, u64::MAX)?;
            own.retain(|own| own.state == ChangeState::Saved || is_with_server(own));
            let held: Vec<u64> =
                own.iter().filter(|own| is_with_server(own)).map(|own| own.counter).collect();
            leaving.add((actor, retired.actor), own, &held);
        }
        leaving.add((progress.actor, retired.actor), own, &retired.held);
        self.store.transact(|store| self.go_on_as(store, &leaving, retired, now))
    }

    fn go_on_as(&self, store: &Store, leaving: &Leaving, retired: &Retired, now: Reading) -> Result<()> {
        let mut progress = store.progress()?;
        let given_up = progress.actor;
        let mut records: Vec<RecordId> = leaving.lost.iter().map(|own| own.record).collect();
        for own in &leaving.lost {
            let dot = (own.actor, own.counter);
            store.settle_change(dot, ChangeState::Missing, false, None, now.wall_ms)?;
            store.note_in_journal(now.wall_ms, "lost", &format!("{}.{}", own.actor, own.counter))?;
        }
        progress.actor = retired.actor;
        progress.counter = 0;
        progress.chain = chain::START;
        for redot in &leaving.redots {
            for (old_counter, new_counter) in &redot.moved {
                let own = store.change_at(redot.from, *old_counter)?.context("An offered change is there")?;
                records.push(own.record);
                let said = read(&own)?;
                let mut moved = redot.change(&said).context("A moved change has a new dot")?;
                leaving.redots.iter().for_each(|other| other.rename(&mut moved));
                moved.officer = self.identity.officer;
                if store.is_purged(own.record)? {
                    // What its officer still reads of it is the one that is sent.
                    store.blank_change(&own, &ChangeBytes::write(&tombstone(&said)))?;
                }
                let written = ChangeBytes::write(&moved);
                progress.chain = chain::next(progress.chain, written.hash());
                progress.counter = *new_counter;
                let dot = (own.actor, own.counter);
                store.settle_change(dot, ChangeState::Redotted, false, None, now.wall_ms)?;
                store.insert_change(&moved_on(
                    &own,
                    retired.actor,
                    (*new_counter, progress.chain),
                    written,
                ))?;
            }
        }
        let mut intake = Intake::new(self, store, now);
        for counter in &retired.held {
            // What a restored server decided otherwise than before is as it says now.
            if let Some(own) = store.change_at(given_up, *counter)?
                && own.state != ChangeState::Redotted
            {
                settle(store, &mut intake, &own, verdict_on(&retired.verdicts, *counter), now)?;
            }
        }
        self.keep_proof(store, given_up, retired)?;
        for (draft, seen) in store.all_seen()? {
            let named = leaving.redots.iter().fold(seen.context, |context, redot| redot.context(&context));
            store.replace_seen_context(draft, &seen.field, &named)?;
        }
        progress.received = 0;
        progress.acked = 0;
        progress.pushed = 0;
        progress.forked = false;
        store.put_progress(&progress)?;
        let said = format!(
            "actor {given_up} goes on as {}, {} changes with it",
            retired.actor,
            leaving.redots.iter().map(|redot| redot.moved.len()).sum::<usize>()
        );
        store.note_in_journal(now.wall_ms, "retired", &said)?;
        intake.touch_all(records)?;
        intake.finish()
    }

    /// What no server confirms is shown as it was, under dots that it may have given up since: what is saved over it names
    /// the dots that it has now.
    pub(crate) fn name_as_now(&self, row: &RecordRow, edits: &mut [Edit]) -> Result<()> {
        let own = self.store.changes_of(row.id)?;
        let head = self.head_of(row)?;
        for edit in edits {
            if let Edit::Put { context, .. } | Edit::SetRemove { context, .. } = edit {
                let named = context.iter().map(|dot| self.names_now(dot, row.id, &own, &head));
                let named: Vec<Vec<Dot>> = named.collect::<Result<_>>()?;
                *context = Context::new(named.into_iter().flatten());
            }
        }
        Ok(())
    }

    /// A dot under which this device wrote something that goes on under another, as the context that stands for it now:
    /// what its actor kept, and where the rest has gone. What its double wrote under the same dot keeps its name.
    fn names_now(&self, dot: Dot, record: RecordId, own: &[OwnChange], head: &Record) -> Result<Vec<Dot>> {
        let is_gone = |own: &OwnChange| own.state == ChangeState::Redotted;
        let given_up = self.store.change_at(dot.actor, dot.counter)?.filter(is_gone);
        if !given_up.is_some_and(|ours| ours.record == record && stands_as(&ours, head.stamp_of(dot))) {
            return Ok(vec![dot]);
        }
        let of_actor = self.store.changes_between(dot.actor, 0, dot.counter)?;
        let kept = of_actor.iter().filter(|own| !is_gone(own)).map(|own| own.counter).max();
        let mut named: Vec<Dot> = kept.map(|counter| Dot { counter, ..dot }).into_iter().collect();
        let moved =
            own.iter().filter(|own| own.actor == dot.actor && own.counter <= dot.counter && is_gone(own));
        let moved: Vec<Change> = moved.filter_map(|own| read(own).ok()).collect();
        for there in own.iter().filter(|own| !is_gone(own)) {
            if read(there).is_ok_and(|there| moved.iter().any(|change| change.is_same_act(&there))) {
                named.push(Dot { actor: there.actor, counter: there.counter });
            }
        }
        Ok(named)
    }

    /// The server's word for what both hold of the actor that was given up.
    fn keep_proof(&self, store: &Store, actor: Actor, retired: &Retired) -> Result<()> {
        let Some(signed) = &retired.receipt else { return Ok(()) };
        let Ok(receipt) = signed.open::<Receipt>(Label::Receipt, &self.server_key()) else { return Ok(()) };
        let ours = store.change_at(actor, receipt.through)?.map(|own| own.chain);
        if receipt.actor == actor && receipt.device == self.identity.device && ours == Some(receipt.chain) {
            store.put_proof(actor, receipt.through, &cbor::encode(signed))?;
        }
        Ok(())
    }
}

/// What goes on under the next actor, actor by actor, and what nobody has the words of any more.
#[derive(Debug, Default)]
struct Leaving {
    redots: Vec<Redot>,
    lost: Vec<OwnChange>,
}

impl Leaving {
    fn add(&mut self, named: (Actor, Actor), own: Vec<OwnChange>, held: &[u64]) {
        let is_held = |own: &OwnChange| held.contains(&own.counter);
        // What went bad here is not written anew as if it were what was saved.
        let is_sound = |own: &&OwnChange| if own.bytes.is_empty() { is_held(own) } else { own.is_whole() };
        let sound = own.iter().filter(is_sound);
        let counters: Vec<u64> = sound.map(|own| own.counter).collect();
        let used = self.redots.iter().flat_map(|redot| redot.moved.values()).max().copied().unwrap_or(0);
        self.redots.push(Redot::new(named, &counters, held, used));
        // These get no new number, under which nothing could ever be sent.
        self.lost.extend(own.into_iter().filter(|own| own.bytes.is_empty() && !is_held(own)));
    }
}

fn is_with_server(own: &OwnChange) -> bool {
    match own.state {
        ChangeState::Received | ChangeState::Duplicate | ChangeState::Refused | ChangeState::Held => true,
        ChangeState::Saved | ChangeState::Redotted | ChangeState::Missing => false,
    }
}

/// The same act under its new dot.
fn moved_on(
    own: &OwnChange,
    actor: Actor,
    (counter, chain): (u64, Sha256),
    written: ChangeBytes,
) -> OwnChange {
    OwnChange {
        actor,
        counter,
        record: own.record,
        hash: written.hash(),
        chain,
        bytes: written.into_bytes(),
        saved_ms: own.saved_ms,
        received_ms: None,
        state: ChangeState::Saved,
        pending: true,
        reason: None,
        seen: false,
        residue: None,
    }
}

/// Whether what is shown under the dot of this change is this change, and not what a double wrote. Of one that was cleared
/// there is still the time at which it was saved.
fn stands_as(own: &OwnChange, shown: Option<Stamp>) -> bool {
    let is_same =
        |shown: Stamp| read(own).map_or(own.saved_ms == shown.at_ms, |ours| ours.at.hlc == shown.hlc);
    shown.is_none_or(is_same)
}

fn read(own: &OwnChange) -> Result<Change> {
    ChangeBytes::received(own.bytes.clone()).read().context("Read an own change")
}
