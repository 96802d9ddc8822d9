//! Proof that the vault is whole: the database's own checks page by page, the chain, head = base + pending, and every
//! photo's file. Reads only, and works after any crash; `repair` puts right what it finds.

mod dump;
mod photos;
mod repair;
#[cfg(kerbside_sim)]
mod rot;
#[cfg(test)]
mod tests;

pub use repair::Repaired;
#[cfg(kerbside_sim)]
pub use rot::Rot;

use crate::photos::PhotoSize;
use crate::store::{OwnChange, RecordRow};
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::chain;
use kerbside_core::change::ChangeBytes;
use kerbside_core::exchange::Receipt;
use kerbside_core::ids::{Actor, RecordId, Sha256};
use kerbside_core::record::Record;
use kerbside_core::sign::{Label, Signed};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verified {
    /// `ok`, or `damaged`.
    pub integrity: String,
    pub faults: Vec<String>,
    pub records: u32,
    pub changes: u32,
    pub photos: u32,
    pub bad_photos: u32,
    pub damaged_photos: Vec<Sha256>,
    pub digest: Sha256,
}

/// One thing that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A page or the structure of the database.
    Database(String),
    /// The bytes of an own change are not those that were hashed.
    Change {
        actor: Actor,
        counter: u64,
        record: RecordId,
    },
    Chain {
        actor: Actor,
        counter: u64,
    },
    /// A change between two others is gone.
    Gap {
        actor: Actor,
        counter: u64,
    },
    Counter(String),
    /// What the server had confirmed cannot be read.
    Base(RecordId),
    /// What is shown is not what is confirmed and pending.
    Head(RecordId),
    Photo(Sha256, PhotoSize),
    /// Something kept as a signed or written whole does not read as one.
    Unreadable(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Database(said) | Self::Counter(said) | Self::Unreadable(said) => out.write_str(said),
            Self::Change { actor, counter, .. } => {
                write!(out, "Change {actor}.{counter} is not what its hash says")
            }
            Self::Chain { actor, counter } => write!(out, "The chain breaks at {actor}.{counter}"),
            Self::Gap { actor, counter } => write!(out, "A change is missing before {actor}.{counter}"),
            Self::Base(record) => write!(out, "What is confirmed of record {record} cannot be read"),
            Self::Head(record) => write!(out, "Record {record} is not what its changes make"),
            Self::Photo(photo, size) => write!(out, "The {} of photo {photo} is damaged", size.name()),
        }
    }
}

impl Vault {
    pub fn verify(&self) -> Result<Verified> {
        self.try_verify().map_err(crate::store::named)
    }

    fn try_verify(&self) -> Result<Verified> {
        let found = self.faults()?;
        let mut damaged: Vec<Sha256> = found.iter().filter_map(photo_of).collect();
        damaged.dedup();
        Ok(Verified {
            integrity: if found.is_empty() { "ok" } else { "damaged" }.to_owned(),
            faults: found.iter().map(ToString::to_string).collect(),
            records: self.store.count_records()?,
            changes: self.store.count_changes()?,
            photos: u32::try_from(self.store.photos()?.len()).unwrap_or(u32::MAX),
            bad_photos: u32::try_from(damaged.len()).unwrap_or(u32::MAX),
            damaged_photos: damaged,
            digest: self.digest()?,
        })
    }

    /// Everything that is wrong. Where the database itself is damaged no more than that is looked at.
    pub(crate) fn faults(&self) -> Result<Vec<Fault>> {
        let mut found = self.faults_of_records()?;
        if found.iter().any(|fault| matches!(fault, Fault::Database(_))) {
            return Ok(found);
        }
        for photo in self.store.photos()? {
            found.extend(self.check_photo(&photo).into_iter().map(|size| Fault::Photo(photo.sha256, size)));
        }
        Ok(found)
    }

    pub(crate) fn faults_of_records(&self) -> Result<Vec<Fault>> {
        let mut found: Vec<Fault> = self.store.damage().into_iter().map(Fault::Database).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        self.check_changes(&mut found)?;
        self.check_receipt(&mut found)?;
        self.store.each_record(|row| {
            found.extend(self.check_record(&row)?);
            Ok(())
        })?;
        Ok(found)
    }

    fn check_changes(&self, found: &mut Vec<Fault>) -> Result<()> {
        let progress = self.store.progress()?;
        let mut last: BTreeMap<Actor, (u64, Sha256)> = BTreeMap::new();
        self.store.each_change(|own| {
            check_change(&own, &mut last, found);
            Ok(())
        })?;
        if let Some((counter, chain)) = last.get(&progress.actor)
            && (*counter != progress.counter || *chain != progress.chain)
        {
            found.push(Fault::Counter(format!(
                "The counter says {} and the last change is {counter}",
                progress.counter
            )));
        }
        Ok(())
    }

    /// The last receipt is the proof if a server loses what it said it had.
    fn check_receipt(&self, found: &mut Vec<Fault>) -> Result<()> {
        let Some(bytes) = self.store.progress()?.receipt else { return Ok(()) };
        let opened = kerbside_core::cbor::decode::<Signed>(&bytes)
            .ok()
            .and_then(|signed| signed.open::<Receipt>(Label::Receipt, &self.server_key()).ok());
        if opened.is_none() {
            found.push(Fault::Unreadable("The last receipt is not as it was signed".to_owned()));
        }
        Ok(())
    }

    pub(crate) fn check_record(&self, row: &RecordRow) -> Result<Option<Fault>> {
        let mut folded = match row.base.as_deref().map(Record::unpack) {
            Some(Err(_)) => return Ok(Some(Fault::Base(row.id))),
            Some(Ok(base)) => base,
            None => Record::default(),
        };
        for own in self.store.pending_of(row.id)? {
            // A change that went bad is named by itself.
            if Sha256::of(&own.bytes) == own.hash
                && let Ok(change) = ChangeBytes::received(own.bytes).read()
            {
                folded.apply(&change);
            }
        }
        let only_refused = row.base.is_none() && folded.created().is_none();
        let is_as_shown = if only_refused {
            Record::unpack(&row.head).is_ok_and(|head| head.pack() == row.head)
        } else {
            folded.pack() == row.head
        };
        Ok((!is_as_shown).then_some(Fault::Head(row.id)))
    }
}

fn photo_of(fault: &Fault) -> Option<Sha256> {
    match fault {
        Fault::Photo(photo, _) => Some(*photo),
        Fault::Database(_)
        | Fault::Change { .. }
        | Fault::Chain { .. }
        | Fault::Gap { .. }
        | Fault::Counter(_)
        | Fault::Base(_)
        | Fault::Head(_)
        | Fault::Unreadable(_) => None,
    }
}

fn check_change(own: &OwnChange, last: &mut BTreeMap<Actor, (u64, Sha256)>, found: &mut Vec<Fault>) {
    let (actor, counter) = (own.actor, own.counter);
    // Bytes that were cleared because a backup has them left their hash behind; what is given up was said once.
    let is_known = own.reason.as_deref() == Some(repair::DAMAGED);
    let whole = own.bytes.is_empty() || is_known || {
        let change = ChangeBytes::received(own.bytes.clone());
        change.hash() == own.hash
            && change
                .read()
                .is_ok_and(|read| read.record == own.record && read.actor == actor && read.counter == counter)
    };
    if !whole {
        found.push(Fault::Change { actor, counter, record: own.record });
    }
    let start = match last.insert(actor, (counter, own.chain)) {
        Some((before, chain)) if before + 1 == counter => chain,
        None if counter == 1 => chain::START,
        None => return found.push(Fault::Gap { actor, counter }),
        Some(_) => return found.push(Fault::Gap { actor, counter }),
    };
    if chain::next(start, own.hash) != own.chain {
        found.push(Fault::Chain { actor, counter });
    }
}
