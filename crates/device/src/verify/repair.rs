//! Putting right what `verify` finds, as far as it can be done from what is here; what only the server can give is
//! asked of it. Nothing is deleted: what cannot be mended stays as it is, and a person is told.

use super::Fault;
use crate::clock::Reading;
use crate::store::{About, ChangeState, Healed, OwnChange, RepairKind, Store};
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::chain;
use kerbside_core::change::ChangeBytes;
use kerbside_core::ids::{Actor, RecordId, Sha256};
use kerbside_core::mend::turn_bit_back;
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::Record;
use serde::Serialize;
use std::collections::BTreeSet;

/// Why a change waits for a person: nobody has it as it was saved.
pub(crate) const DAMAGED: &str = "change_damaged";

/// What a repair left to be done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Repaired {
    /// What was found wrong and is right again, or is asked for.
    pub repaired: u32,
    /// What a person has to look at.
    pub needs_you: u32,
    /// Photos that the server has and this vault can only get back from it.
    pub photos_to_fetch: Vec<Sha256>,
}

impl Vault {
    /// Repairs everything that can be repaired here. Fails where the database itself is damaged: that is mended while
    /// the vault is shut.
    pub fn repair(&mut self, now: Reading) -> Result<Repaired> {
        let mut repaired = self.repair_records(now)?;
        for photo in self.photos_held()? {
            self.check_and_repair_photo(photo, &mut repaired, now)?;
        }
        let needs = self.store.repairs()?.iter().filter(|repair| repair.kind.needs_you()).count();
        repaired.needs_you = u32::try_from(needs).unwrap_or(u32::MAX);
        Ok(repaired)
    }

    /// Changes and records, without photos.
    pub(crate) fn repair_records(&mut self, now: Reading) -> Result<Repaired> {
        let found = self.faults_of_records()?;
        if let Some(Fault::Database(said)) = found.first() {
            self.store.mark_damaged();
            return Err(Problem::new(Code::VaultDamaged, said.clone()).into());
        }
        let mut repaired = Repaired::default();
        if found.is_empty() {
            return Ok(repaired);
        }
        let records = self.store.transact(|store| mend_changes(store, &found, now))?;
        self.store.transact(|store| self.mend_records(store, &found, records, now))?;
        let left = self.faults_of_records()?.len();
        repaired.repaired = u32::try_from(found.len().saturating_sub(left)).unwrap_or(u32::MAX);
        Ok(repaired)
    }

    pub(crate) fn check_and_repair_photo(
        &mut self,
        sha256: Sha256,
        repaired: &mut Repaired,
        now: Reading,
    ) -> Result<()> {
        let Some(row) = self.store.photo(sha256)? else { return Ok(()) };
        let bad = self.check_photo(&row);
        if bad.is_empty() {
            return Ok(());
        }
        self.repair_photo(&row, &bad, repaired, now)?;
        let left = self.check_photo(&row);
        repaired.repaired += u32::try_from(bad.len().saturating_sub(left.len())).unwrap_or(u32::MAX);
        Ok(())
    }

    /// Says what was mended while the vault was shut. What a salvage could not read is asked of the server: the actor is
    /// given up, so that nothing that may be missing from its changes stands in the way of the rest.
    pub(crate) fn note_healed(&mut self, healed: Healed, now: Reading) -> Result<()> {
        if healed == Healed::default() {
            return Ok(());
        }
        self.store.transact(|store| {
            if 0 < healed.bits {
                store.note_in_journal(now.wall_ms, "vault_mended", &format!("{} bits", healed.bits))?;
                store.note_repair(RepairKind::VaultMended, About::default(), now.wall_ms)?;
            }
            let Some(rows) = healed.salvaged else { return Ok(()) };
            store.note_in_journal(now.wall_ms, "vault_salvaged", &format!("{rows} rows carried over"))?;
            store.note_repair(RepairKind::VaultSalvaged, About::default(), now.wall_ms)?;
            let mut progress = store.progress()?;
            progress.cursor = None;
            progress.forked = true;
            store.put_progress(&progress)
        })?;
        if healed.salvaged.is_some() {
            self.repair_records(now)?;
        }
        Ok(())
    }

    fn mend_records(
        &self,
        store: &Store,
        found: &[Fault],
        mut touched: BTreeSet<RecordId>,
        now: Reading,
    ) -> Result<()> {
        for fault in found {
            if let Fault::Base(record) = fault {
                store.ask_repair(RepairKind::BaseUnreadable, *record, now.wall_ms)?;
            }
            if let Fault::Head(record) = fault {
                store.note_in_journal(now.wall_ms, RepairKind::HeadRebuilt.name(), &record.to_string())?;
                let row = store.record(*record)?;
                let is_readable = row.as_ref().is_some_and(|row| Record::unpack(&row.head).is_ok());
                if is_readable && row.is_some_and(|row| row.base.is_some()) {
                    // Which of base and head is wrong only the server can say.
                    store.ask_repair(RepairKind::HeadRebuilt, *record, now.wall_ms)?;
                } else {
                    store.note_repair(RepairKind::HeadRebuilt, *record, now.wall_ms)?;
                    touched.insert(*record);
                }
            }
        }
        if found.iter().any(|fault| matches!(fault, Fault::Unreadable(_))) {
            let mut progress = store.progress()?;
            progress.receipt = None;
            store.put_progress(&progress)?;
        }
        self.rebuild(store, touched.into_iter().collect(), now)
    }
}

/// Walks each actor's chain from its beginning, mending as it goes. Returns the records whose changes were mended.
fn mend_changes(store: &Store, found: &[Fault], now: Reading) -> Result<BTreeSet<RecordId>> {
    let damaged: BTreeSet<(Actor, u64)> = found
        .iter()
        .filter_map(|fault| match fault {
            Fault::Change { actor, counter, .. } | Fault::Chain { actor, counter } => {
                Some((*actor, *counter))
            }
            Fault::Database(_)
            | Fault::Gap { .. }
            | Fault::Counter(_)
            | Fault::Base(_)
            | Fault::Head(_)
            | Fault::Photo(..)
            | Fault::Unreadable(_) => None,
        })
        .collect();
    let mut touched = BTreeSet::new();
    for (actor, counter) in damaged {
        let Some(own) = store.change_at(actor, counter)? else { continue };
        let before = match counter {
            1 => Some(chain::START),
            _ => store.change_at(actor, counter - 1)?.map(|before| before.chain),
        };
        touched.insert(own.record);
        touched.insert(mend_change(store, own, before, now)?);
    }
    if found.iter().any(|fault| matches!(fault, Fault::Counter(_) | Fault::Chain { .. })) {
        mend_progress(store)?;
    }
    Ok(touched)
}

fn mend_change(store: &Store, mut own: OwnChange, before: Option<Sha256>, now: Reading) -> Result<RecordId> {
    let as_is = Sha256::of(&own.bytes);
    if as_is != own.hash && before.is_some_and(|before| chain::next(before, as_is) == own.chain) {
        // Bytes and chain agree, so it is the hash between them that went bad.
        own.hash = as_is;
    }
    if !own.bytes.is_empty() && !own.is_whole() {
        let hash = own.residue.unwrap_or(own.hash);
        match turn_bit_back(&own.bytes, |tried| Sha256::of(tried) == hash) {
            Some(bytes) => own.bytes = bytes,
            None => return give_up(store, own, now),
        }
    }
    if let Ok(read) = ChangeBytes::received(own.bytes.clone()).read() {
        own.record = read.record;
    }
    if let Some(before) = before {
        own.chain = chain::next(before, own.hash);
    }
    store.mend_change(&own)?;
    let said = format!("{}.{}", own.actor, own.counter);
    store.note_in_journal(now.wall_ms, RepairKind::ChangeMended.name(), &said)?;
    store.note_repair(RepairKind::ChangeMended, own.record, now.wall_ms)?;
    Ok(own.record)
}

/// More than one bit is wrong. What the server has is cleared here; what nobody has waits for a person.
fn give_up(store: &Store, mut own: OwnChange, now: Reading) -> Result<RecordId> {
    let record = own.record;
    match own.state {
        ChangeState::Received | ChangeState::Duplicate | ChangeState::Redotted => {
            own.bytes.clear();
            store.mend_change(&own)?;
            if own.pending {
                store.ask_repair(RepairKind::RecordDiffered, record, now.wall_ms)?;
            }
        }
        ChangeState::Saved | ChangeState::Held | ChangeState::Refused | ChangeState::Missing => {
            if own.reason.as_deref() != Some(DAMAGED) {
                own.reason = Some(DAMAGED.to_owned());
                store.mend_change(&own)?;
                let dot = (own.actor, own.counter);
                let state = ChangeState::Refused;
                store.settle_change(dot, state, false, Some(DAMAGED), now.wall_ms)?;
                // The chain ends here for this actor; what was saved after it goes on under another.
                let mut progress = store.progress()?;
                progress.forked |= progress.actor == own.actor && progress.received < own.counter;
                store.put_progress(&progress)?;
                let said = format!("{}.{}", own.actor, own.counter);
                store.note_in_journal(now.wall_ms, RepairKind::ChangeDamaged.name(), &said)?;
                store.note_repair(RepairKind::ChangeDamaged, record, now.wall_ms)?;
            }
        }
    }
    Ok(record)
}

/// The last change says where counter and chain stand. A counter beyond it is never taken back: it was given out.
fn mend_progress(store: &Store) -> Result<()> {
    let mut progress = store.progress()?;
    let own = store.changes_from(progress.actor, 0, u32::MAX)?;
    if let Some(last) = own.last()
        && progress.counter <= last.counter
    {
        progress.counter = last.counter;
        progress.chain = last.chain;
        store.put_progress(&progress)?;
    }
    Ok(())
}
