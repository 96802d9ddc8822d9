//! What the device says next: its changes the server lacks, in order, and how
//! far it has read.

use super::incoming::{MARK, held_receipt};
use crate::clock::Reading;
use crate::store::Progress;
use crate::vault::Vault;
use anyhow::{Context, Result};
use kerbside_core::chain;
use kerbside_core::exchange::{
    ClockReading, Head, INFLATED_LIMIT, ITEM_LIMIT, PUSH_LIMIT, Push, Wants, offers_mark,
};
use kerbside_core::ids::Sha256;
use kerbside_core::planted::{self, Mutant};
use kerbside_core::sign::{Label, SHOWN, Signed};

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

impl Vault {
    pub fn outgoing(&mut self, budget: Budget, now: Reading) -> Result<Push> {
        let mut progress = self.store.progress()?;
        let first = progress.received + 1;
        let most = u32::try_from(budget.changes.min(PUSH_LIMIT)).unwrap_or(u32::MAX);
        let mut changes = Vec::new();
        let mut chain = self.chain_at(&progress, progress.received)?.unwrap_or(chain::START);
        let mut size = 0;
        for (own, counter) in self.store.changes_from(progress.actor, first, most)?.into_iter().zip(first..) {
            size += own.bytes.len();
            if own.counter != counter || (budget.bytes < size && !changes.is_empty()) {
                break;
            }
            chain = own.chain;
            changes.push(own.bytes);
        }
        let last = progress.received + changes.len() as u64;
        if progress.pushed < last || !self.boot_taken {
            self.take_boot(&mut progress);
            progress.pushed = progress.pushed.max(last);
            if planted::is(Mutant::OutboxClearedOnSend) {
                progress.received = last;
            }
            self.store.transact(|store| store.put_progress(&progress)).context("Note what is offered")?;
        }
        let is_signed_for = changes.is_empty() && progress.receipt.is_some();
        let head = Head {
            server: self.identity.server,
            council: self.identity.council.clone(),
            device: self.identity.device,
            actor: progress.actor,
            counter: last,
            chain,
        };
        Ok(Push {
            actor: progress.actor,
            first,
            changes,
            cursor: progress.cursor.clone().unwrap_or_default(),
            epoch: progress.epoch,
            acked: progress.acked,
            wants: Wants {
                items: budget.items,
                bytes: u32::try_from(budget.bytes).unwrap_or(u32::MAX),
                records: self.store.wanted_records()?,
            },
            clock: ClockReading { wall_ms: now.wall_ms, monotonic_ms: now.monotonic_ms, boot: progress.boot },
            app: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Vec::new(),
            head: if is_signed_for {
                Signed::known(chain.0.get(..SHOWN).unwrap_or_default())
            } else {
                Signed::new(Label::Head, &head, &self.signing)
            },
            known: self.known(&progress)?,
        })
    }

    /// Which receipt and which offers this device holds.
    fn known(&self, progress: &Progress) -> Result<Vec<u8>> {
        let Some((_, receipt)) = held_receipt(progress) else { return Ok(Vec::new()) };
        let packs = self.store.packs()?;
        let offered = packs.iter().filter(|(_, _, offered)| *offered);
        let offers = offers_mark(offered.map(|(name, version, _)| (name.as_str(), *version)));
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
