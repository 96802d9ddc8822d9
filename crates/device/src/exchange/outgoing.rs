//! What the device says next: its changes the server lacks, in order, and how
//! far it has read.

use super::incoming::{MARK, held_receipt};
use crate::clock::Reading;
use crate::gazetteer::GAZETTEER_PACK;
use crate::store::{Progress, Returning};
use crate::vault::Vault;
use anyhow::{Context, Result};
use kerbside_core::exchange::{
    Asks, ClockReading, Head, INFLATED_LIMIT, ITEM_LIMIT, Lost, PUSH_LIMIT, Push, Wants, offers_mark,
};
use kerbside_core::ids::{Actor, Sha256};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::sign::{Label, SHOWN, Signed};
use kerbside_core::{cbor, chain};

/// How much one push may hold and one reply may bring.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    pub changes: usize,
    pub bytes: usize,
    pub items: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { changes: PUSH_LIMIT, bytes: INFLATED_LIMIT / 2, items: ITEM_LIMIT }
    }
}

/// Photos and held dots asked about in one push.
const PHOTOS_ASKED: u32 = 100;
const HELD_ASKED: u32 = 50;

/// Consecutive changes of one actor, and where its chain stands at the last of them.
#[derive(Debug)]
struct Outgoing {
    actor: Actor,
    first: u64,
    last: u64,
    chain: Sha256,
    changes: Vec<Vec<u8>>,
    lost: Vec<Lost>,
}

impl Vault {
    pub fn outgoing(&mut self, budget: Budget, now: Reading) -> Result<Push> {
        let mut progress = self.store.progress()?;
        let most = u32::try_from(budget.changes.min(PUSH_LIMIT)).unwrap_or(u32::MAX);
        let back = self.store.returning()?;
        let mut outgoing = match &back {
            Some(back) => self.whats_next((back.actor, back.returned, back.through), (most, budget.bytes))?,
            None => self.whats_next((progress.actor, progress.received, u64::MAX), (most, budget.bytes))?,
        };
        if outgoing.last == 0 || outgoing.last == progress.received {
            outgoing.chain = self.chain_at(&progress, outgoing.last)?.unwrap_or(outgoing.chain);
        }
        let last = if back.is_some() { 0 } else { outgoing.last };
        if progress.pushed < last || !self.boot_taken {
            self.take_boot(&mut progress);
            progress.pushed = progress.pushed.max(last);
            if planted::is(Mutant::OutboxClearedOnSend) {
                progress.received = last;
            }
            self.store.transact(|store| store.put_progress(&progress)).context("Note what is offered")?;
        }
        self.push_of(&progress, back.as_ref(), outgoing, (budget, now))
    }

    fn push_of(
        &self,
        progress: &Progress,
        back: Option<&Returning>,
        outgoing: Outgoing,
        (budget, now): (Budget, Reading),
    ) -> Result<Push> {
        let Outgoing { actor, first, last, chain, changes, lost } = outgoing;
        let (oldest_unsent_ms, unsent) = self.store.saved_behind(actor, last)?;
        // What comes back to a restored server is shown whole: the receipt held is of another actor or another life.
        let is_signed_for = changes.is_empty() && progress.receipt.is_some() && back.is_none();
        let known = if back.is_none() { self.known(progress)? } else { Vec::new() };
        let head = Head {
            server: self.identity.server,
            council: self.identity.council.clone(),
            device: self.identity.device,
            actor,
            counter: last,
            chain,
        };
        let proof = back.map(|back| cbor::decode::<Signed>(&back.receipt)).transpose();
        Ok(Push {
            actor,
            first,
            changes,
            lost,
            asks: self.asks(progress)?.unless_empty(),
            proof: proof.context("Read a kept receipt")?,
            cursor: progress.cursor.clone().unwrap_or_default(),
            epoch: progress.epoch,
            acked: back.map_or(progress.acked, |back| back.returned),
            wants: match back {
                // What the server has to tell is for the time when all has come back.
                Some(_) => Wants { items: 1, bytes: 1, records: Vec::new() },
                None => Wants {
                    items: budget.items,
                    bytes: u32::try_from(budget.bytes).unwrap_or(u32::MAX),
                    records: self.store.wanted_records()?,
                },
            },
            clock: ClockReading { wall_ms: now.wall_ms, monotonic_ms: now.monotonic_ms, boot: progress.boot },
            app: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Vec::new(),
            head: if is_signed_for {
                Signed::known(head.chain.0.get(..SHOWN).unwrap_or_default())
            } else {
                Signed::new(Label::Head, &head, &self.signing)
            },
            known,
            oldest_unsent_ms,
            unsent: Some(unsent).filter(|unsent| 0 < *unsent),
        })
    }

    /// An actor's changes after `after` and up to `through`, as many as may go at once.
    fn whats_next(
        &self,
        (actor, after, through): (Actor, u64, u64),
        (most, most_bytes): (u32, usize),
    ) -> Result<Outgoing> {
        let first = after + 1;
        let before = self.store.change_at(actor, after)?.map_or(chain::START, |own| own.chain);
        let mut next =
            Outgoing { actor, first, last: after, chain: before, changes: Vec::new(), lost: Vec::new() };
        let mut size = 0;
        for (own, counter) in self.store.changes_from(actor, first, most)?.into_iter().zip(first..) {
            size += own.bytes.len();
            let is_full = most_bytes < size && !next.changes.is_empty();
            if own.counter != counter || through < counter || is_full {
                break;
            }
            // Bytes that are not those that were saved are never sent: the chain would break at the server.
            if !own.bytes.is_empty() && !own.is_whole() {
                break;
            }
            if own.bytes.is_empty() || own.residue.is_some() {
                next.lost.push(Lost { counter, hash: own.hash });
            }
            next.chain = own.chain;
            next.last = counter;
            next.changes.push(own.bytes);
        }
        Ok(next)
    }

    /// What the device wants to know besides.
    fn asks(&self, progress: &Progress) -> Result<Asks> {
        Ok(Asks {
            photos: self.store.photos_to_ask(PHOTOS_ASKED)?,
            held: self.store.held_of_others(progress.actor, HELD_ASKED)?,
        })
    }

    /// Which receipt and which offers this device holds.
    fn known(&self, progress: &Progress) -> Result<Vec<u8>> {
        let Some((_, receipt)) = held_receipt(progress) else { return Ok(Vec::new()) };
        let packs = self.store.packs()?;
        let offered = packs
            .iter()
            .filter(|(_, _, offered)| *offered)
            .map(|(name, version, _)| (name.clone(), *version));
        let gazetteers = self.gazetteers.held()?.into_iter();
        let gazetteers = gazetteers.map(|(area, release, _)| (format!("{GAZETTEER_PACK}{area}"), release));
        let held: Vec<(String, u32)> = offered.chain(gazetteers).collect();
        let offers = offers_mark(held.iter().map(|(name, version)| (name.as_str(), *version)));
        Ok([receipt.mark().0.get(..MARK).unwrap_or_default(), &offers].concat())
    }

    /// The chain's value at a counter of the present actor, where it is still known.
    pub(super) fn chain_at(&self, progress: &Progress, counter: u64) -> Result<Option<Sha256>> {
        if counter == 0 {
            return Ok(Some(chain::START));
        }
        if counter == progress.counter {
            return Ok(Some(progress.chain));
        }
        Ok(self.store.change_at(progress.actor, counter)?.map(|own| own.chain))
    }
}
