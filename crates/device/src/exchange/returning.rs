//! After a restore of the server. Its new life is known by its epoch: what the old one had signed for is brought back
//! under the dots it had, actor by actor; then the actor is given up, because nobody knows which of its next counters
//! the lost life had heard, and whatever was not proven goes on under a new one.

use super::incoming::{Applied, settle, verdict_on};
use super::items::Intake;
use crate::clock::Reading;
use crate::store::{Progress, Store};
use crate::vault::Vault;
use anyhow::{Context, Result};
use kerbside_core::cbor;
use kerbside_core::exchange::{Enrol, Enrolled, Push, Receipt, Reply, Settled};
use kerbside_core::ids::Actor;
use kerbside_core::planted::{self, Mutant};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::sign::Signed;

impl Vault {
    /// What a device says that a restored server no longer knows, with a fresh code: its key and its last receipt.
    pub fn enrol_again(&self, code: &str, unlock_share: &[u8]) -> Result<Enrol> {
        let proof = self.store.newest_proof()?;
        Ok(Enrol {
            code: code.trim().to_owned(),
            key: self.public_key(),
            name: format!("kerbside on {}", std::env::consts::OS),
            app: env!("CARGO_PKG_VERSION").to_owned(),
            unlock_share: unlock_share.to_vec(),
            proof: proof.as_deref().map(cbor::decode).transpose().context("Read a kept receipt")?,
        })
    }

    /// The server knows the device again. All that is in the vault stays; the next exchange brings it back.
    pub fn enrolled_again(&mut self, enrolled: &Enrolled, at: Option<(&str, Option<&str>)>) -> Result<()> {
        let mut identity = self.identity.clone();
        let is_ours = enrolled.server == identity.server
            && enrolled.server_key.0 == identity.server_key
            && enrolled.council == identity.council
            && enrolled.officer == identity.officer;
        if !is_ours {
            let detail = "the vault is another officer's, or of another council";
            return Err(Problem::new(Code::AlreadyEnrolled, detail).into());
        }
        if let Some((server_url, ca_pem)) = at {
            server_url.clone_into(&mut identity.server_url);
            identity.ca_pem = ca_pem.map(str::to_owned);
        }
        identity.device = enrolled.device;
        identity.short_code.clone_from(&enrolled.short_code);
        let body = serde_json::to_vec(&identity).context("Write who this vault belongs to")?;
        let mut progress = self.store.progress()?;
        progress.nonce = Some(enrolled.nonce.clone());
        progress.next_try_ms = None;
        progress.why = "none".into();
        self.store.transact(|store| {
            store.put_identity(&body)?;
            store.put_progress(&progress)
        })?;
        self.identity = identity;
        Ok(())
    }

    /// The server says that it lives another life. Nothing of this reply is applied.
    pub(super) fn begin_life(
        &self,
        store: &Store,
        progress: &mut Progress,
        receipt: &Receipt,
        now: Reading,
    ) -> Result<Applied> {
        store.note_in_journal(now.wall_ms, "restored", &format!("server epoch {}", receipt.epoch))?;
        let mut intake = Intake::new(self, store, now);
        for (actor, through) in store.proofs()? {
            let mark = receipt.marks.iter().find(|mark| mark.actor == actor);
            let held = mark.map_or(0, |mark| mark.through);
            let is_whole = actor == progress.actor || !planted::is(Mutant::OldActorsForgotten);
            // A return that a second restore broke off is asked about from its beginning.
            let asked = store.first_saved(actor, through)?.map_or(held, |first| held.min(first - 1));
            let returns = asked < through && is_whole && self.proves(store, actor, through)?;
            store.set_returned(actor, returns.then_some(asked))?;
            if returns {
                intake.touch_all(store.unsettle_changes(actor, held)?)?;
            }
        }
        let held =
            receipt.marks.iter().find(|mark| mark.actor == progress.actor).map_or(0, |mark| mark.through);
        intake.touch_all(store.unsettle_changes(progress.actor, held)?)?;
        progress.epoch = receipt.epoch;
        progress.received = progress.received.min(held);
        progress.acked = progress.acked.min(progress.received);
        store.doubt_uploads()?;
        store.doubt_records()?;
        intake.finish()?;
        self.come_back(store, progress, now)?;
        store.put_progress(progress)?;
        Ok(Applied { new_epoch: true, more: true, fork: progress.forked, ..Applied::default() })
    }

    /// Whether what the receipt speaks of is what this vault holds: one put back since holds less, or something else.
    fn proves(&self, store: &Store, actor: Actor, through: u64) -> Result<bool> {
        let ours = store.change_at(actor, through)?.map(|own| own.chain);
        let signed = store.proof_of(actor)?;
        let receipt = signed.as_deref().map(read_receipt).transpose()?;
        Ok(ours.is_some() && receipt.map(|receipt| receipt.chain) == ours)
    }

    /// Once all is back the actor is given up: it has no next counter that is surely free.
    fn come_back(&self, store: &Store, progress: &mut Progress, now: Reading) -> Result<()> {
        if store.returning()?.is_some() {
            return Ok(());
        }
        progress.forked = true;
        store.note_in_journal(now.wall_ms, "returned", &format!("actor {} gives way", progress.actor))
    }

    /// The reply to what came back: only what became of it counts.
    pub(super) fn take_returned(
        &self,
        store: &Store,
        progress: &mut Progress,
        (push, reply, receipt): (&Push, &Reply, &Receipt),
        now: Reading,
    ) -> Result<Applied> {
        let Some(back) = store.returning()?.filter(|back| back.actor == push.actor) else {
            return Ok(Applied { stale: true, more: true, ..Applied::default() });
        };
        if push.first != back.returned + 1 {
            return Ok(Applied { stale: true, more: true, ..Applied::default() });
        }
        let mut intake = Intake::new(self, store, now);
        let through = receipt.through.min(back.through);
        for own in store.changes_between(push.actor, push.acked, through)? {
            settle(store, &mut intake, &own, verdict_on(&receipt.verdicts, own.counter), now)?;
        }
        if push.actor == progress.actor {
            progress.received = progress.received.max(through);
        }
        // A fork here means that another had the same dots: what is not held goes on under the next actor.
        let is_done = back.through <= receipt.through || reply.fork || through <= back.returned;
        store.set_returned(push.actor, (!is_done).then_some(through))?;
        if is_done && back.through <= receipt.through {
            store.put_proof(push.actor, receipt.through, &cbor::encode(&reply.receipt))?;
        }
        intake.finish()?;
        self.come_back(store, progress, now)?;
        store.put_progress(progress)?;
        let sent = through.saturating_sub(back.returned);
        Ok(Applied { sent, more: true, fork: progress.forked, ..Applied::default() })
    }

    /// What became of held changes of actors that were given up since.
    pub(super) fn take_settled(
        &self,
        store: &Store,
        settled: &[Settled],
        intake: &mut Intake<'_>,
    ) -> Result<()> {
        for Settled { dot, verdict } in settled {
            if let Some(own) = store.change_at(dot.actor, dot.counter)? {
                settle(store, intake, &own, verdict.as_ref(), intake.now)?;
            }
        }
        Ok(())
    }
}

fn read_receipt(signed: &[u8]) -> Result<Receipt> {
    let signed: Signed = cbor::decode(signed).context("Read a kept receipt")?;
    cbor::decode(&signed.payload).context("Read what a kept receipt says")
}
