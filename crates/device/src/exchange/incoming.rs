//! Taking a reply. One transaction, and only what is proven: the server's
//! signed receipt must name this device and actor, and its chain must be ours.

use super::items::Intake;
use crate::clock::Reading;
use crate::gazetteer::GAZETTEER_PACK;
use crate::store::{ChangeState, OwnChange, Progress, Store};
use crate::vault::{Heard, Vault};
use crate::ways::{TAKEN, is_in_review};
use anyhow::{Context, Result};
use kerbside_core::assets::ASSETS_PACK;
use kerbside_core::cbor;
use kerbside_core::change::ChangeBytes;
use kerbside_core::exchange::{Item, Offer, Paging, Push, Receipt, Reply, Verdict};
use kerbside_core::ids::{RecordId, Sha256};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::sign::{Label, Signed};

/// How many bytes of a hash name what is held.
pub(super) const MARK: usize = 8;
/// A server's clock within this is the clock that was known.
const CLOCK_SLACK_MS: u64 = 1_000;
/// How often it is written down that the server was heard, when it has nothing to say.
const HEARD_EVERY_MS: u64 = 60 * 60 * 1000;

/// What a reply brought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Applied {
    /// Own changes that the server now holds and did not before.
    pub sent: u64,
    /// Items of others taken in.
    pub received: u64,
    /// Another exchange would bring or take more.
    pub more: bool,
    /// This actor has a double: it must be retired before anything else is applied.
    pub fork: bool,
    /// The reply belongs to an earlier push and brought nothing.
    pub stale: bool,
    /// The server sends what only a newer app understands.
    pub needs_newer: bool,
    /// The office has stopped this device: what it sends is received, and nothing comes down.
    pub stopped: Option<Code>,
    /// Documents that are offered and not here.
    pub missing_packs: Vec<Offer>,
    /// All that is offered, where the reply says.
    pub offers: Vec<Offer>,
    /// The server was restored: it lives another life.
    pub new_epoch: bool,
    /// Photos that were taken out for good and are in nothing here any more.
    pub photos_gone: Vec<Sha256>,
    /// Something was taken out for good.
    pub something_gone: bool,
}

impl Vault {
    pub fn incoming(&mut self, push: &Push, reply: &Reply, now: Reading) -> Result<Applied> {
        let mut progress = self.store.progress()?;
        let Some((signed, is_held)) = signed_receipt(push, reply, &progress)? else {
            return Ok(Applied { stale: true, ..Applied::default() });
        };
        let receipt = self.open_receipt(push, &signed, is_held)?;
        let comes_back = push.proof.is_some();
        if push.epoch != progress.epoch || (push.actor != progress.actor && !comes_back) {
            return Ok(Applied { stale: true, ..Applied::default() });
        }
        let before = progress.clone();
        progress.nonce = Some(reply.nonce.clone());
        progress.server_offset_ms = Some(reply.now_ms.saturating_sub(now.wall_ms));
        self.heard = None;
        if receipt.epoch != progress.epoch {
            return self.store.transact(|store| self.begin_life(store, &mut progress, &receipt, now));
        }
        if comes_back {
            return self
                .store
                .transact(|store| self.take_returned(store, &mut progress, (push, reply, &receipt), now));
        }
        let is_double = self.is_double(&progress, &receipt)? && !planted::is(Mutant::PageBeforeProof);
        if reply.fork || is_double {
            progress.forked = true;
            self.store.transact(|store| {
                store.put_progress(&progress)?;
                store.note_in_journal(now.wall_ms, "fork", &format!("actor {} has a double", progress.actor))
            })?;
            return Ok(Applied { fork: true, ..Applied::default() });
        }
        if planted::is(Mutant::CursorBeforePage) && progress.cursor.clone().unwrap_or_default() == push.cursor
        {
            let cursor = Some(reply.cursor.clone()).filter(|cursor| !cursor.is_empty());
            let early = Progress { cursor: cursor.or(progress.cursor.clone()), ..progress.clone() };
            self.store.transact(|store| store.put_progress(&early))?;
        }
        let applied = self.store.transact(|store| {
            let applied = self.take_reply(store, &mut progress, (push, reply, &receipt), now)?;
            let signed = cbor::encode(&signed);
            store.put_proof(receipt.actor, receipt.through, &signed)?;
            progress.receipt = Some(signed);
            if is_news(&before, &progress) {
                store.put_progress(&progress)?;
            }
            Ok(applied)
        })?;
        self.heard = Some(Heard { nonce: reply.nonce.clone(), at_ms: now.wall_ms });
        // Without its row no key opens a photo, so a crash here leaves only noise.
        applied.photos_gone.iter().try_for_each(|photo| self.remove_blobs(*photo))?;
        if applied.something_gone {
            self.store.wipe()?;
        }
        self.sweep_leaving(now)?;
        Ok(applied)
    }

    /// HTTP 200 without a valid receipt is no success.
    fn open_receipt(&self, push: &Push, signed: &Signed, is_held: bool) -> Result<Receipt, Problem> {
        let receipt: Receipt = signed
            .open(Label::Receipt, &self.server_key())
            .map_err(|_| Problem::new(Code::CaptivePortal, "No receipt of the council's server"))?;
        let fits = receipt.server == self.identity.server
            && receipt.council == self.identity.council
            && receipt.device == self.identity.device
            && receipt.actor == push.actor;
        let answers_this = receipt.answers.is_none_or(|tag| tag == push.tag());
        if fits && (is_held || answers_this || planted::is(Mutant::AnyOldReply)) {
            Ok(receipt)
        } else {
            Err(Problem::new(Code::CaptivePortal, "A receipt for something else"))
        }
    }

    /// The server holds changes of this actor that this vault never made or offered.
    fn is_double(&self, progress: &Progress, receipt: &Receipt) -> Result<bool> {
        if progress.pushed < receipt.through {
            return Ok(true);
        }
        let ours = self.chain_at(progress, receipt.through)?;
        Ok(ours.is_some_and(|ours| ours != receipt.chain))
    }

    fn take_reply(
        &self,
        store: &Store,
        progress: &mut Progress,
        (push, reply, receipt): (&Push, &Reply, &Receipt),
        now: Reading,
    ) -> Result<Applied> {
        let mut applied = Applied { more: reply.more, ..Applied::default() };
        let mut intake = Intake::new(self, store, now);
        if receipt.through + 1 < push.first {
            // It holds less than it once said: everything above is offered again.
            progress.received = receipt.through;
            intake.touch_all(store.unsettle_changes(progress.actor, receipt.through)?)?;
        }
        applied.sent = receipt.through.saturating_sub(progress.received);
        let acked = progress.acked;
        settle_own(store, progress, receipt, &mut intake, now)?;
        self.take_settled(store, &receipt.settled, &mut intake)?;
        self.take_marks(store, progress, (push, receipt), now)?;
        let held = progress.cursor.clone().unwrap_or_default();
        applied.needs_newer = reply.items.iter().any(|item| matches!(item, Item::Unknown { .. }));
        applied.stopped =
            reply.stopped.as_deref().map(|code| Code::named(code).unwrap_or(Code::DeviceRevoked));
        let reads = held == push.cursor && !applied.needs_newer && applied.stopped.is_none();
        if reads {
            store.clear_wanted(&push.wants.records)?;
            store.finish_repairs(&push.wants.records, now.wall_ms)?;
            applied.received = take_page(store, progress, reply, &mut intake)?;
            intake.leave_unless_entered(&push.wants.records)?;
            if !reply.cursor.is_empty() {
                progress.cursor = Some(reply.cursor.clone());
            }
        }
        let is_gone = |item: &&Item| matches!(item, Item::Redact { .. } | Item::Purge { .. });
        if applied.stopped.is_some() {
            // A device that hears nothing more still gives up what nobody may have.
            for item in reply.items.iter().filter(is_gone) {
                intake.take(item, progress)?;
            }
        }
        applied.something_gone = reply.items.iter().any(|item| is_gone(&item));
        applied.photos_gone = std::mem::take(&mut intake.photos_gone);
        intake.finish()?;
        if held == push.cursor {
            // After what is gone: what the office says in the same breath, it says still.
            store.keep_said(progress.actor, &receipt.said)?;
        } else if !receipt.said.is_empty() {
            // Words that come late may have been taken out in between: they are asked for again.
            progress.acked = acked;
        }
        if applied.stopped.is_some() {
            let told = Some(&reply.cursor).filter(|cursor| held == push.cursor && !cursor.is_empty());
            progress.cursor = told.cloned();
            self.give_up_what_is_held(store, progress, now)?;
        }
        if reads {
            if matches!(reply.paging, Paging::Last | Paging::Whole) {
                self.end_filling(store, now)?;
            }
            if !reply.more {
                self.end_log(store, receipt, now)?;
            }
        }
        applied.missing_packs = missing_packs(store, &reply.offers)?;
        applied.offers.clone_from(&reply.offers);
        applied.more |= progress.received < progress.counter
            // Nothing is entered anew for whoever is told nothing.
            || (applied.stopped.is_none() && !store.wanted_records()?.is_empty())
            || !store.photos_to_ask(1)?.is_empty();
        progress.last_received_ms = Some(now.wall_ms);
        progress.failures = 0;
        progress.next_try_ms = None;
        progress.why = "none".into();
        Ok(applied)
    }

    /// How far a backup reaches; what is safe in it, and long received, need not be kept here.
    fn take_marks(
        &self,
        store: &Store,
        progress: &mut Progress,
        (push, receipt): (&Push, &Receipt),
        now: Reading,
    ) -> Result<()> {
        if let Some(asks) = &push.asks {
            store.settle_asked(&asks.photos, &receipt.safe_photos)?;
        }
        let marks = store.marks()?;
        for mark in &receipt.marks {
            if marks.get(&mark.actor) != Some(&mark.backed_up_through) {
                store.put_mark(mark.actor, mark.backed_up_through)?;
            }
        }
        if receipt.backup_ms == progress.backup_ms {
            return Ok(());
        }
        progress.backup_ms = receipt.backup_ms;
        store.ask_for_photos()?;
        for mark in &receipt.marks {
            let cleared =
                if planted::is(Mutant::ClearedOnReceived) { mark.through } else { mark.backed_up_through };
            store.clear_safe_changes(mark.actor, cleared, now.wall_ms - self.archive_ms)?;
        }
        store.clear_moved_changes().map(|_| ())
    }

    /// A filling from nothing is over: what did not come again is not in scope,
    /// or is not known to the server and has to be built on what is offered again.
    fn end_filling(&self, store: &Store, now: Reading) -> Result<()> {
        let mut intake = Intake::new(self, store, now);
        for record in store.unconfirmed_records()? {
            // What keeps it here, a draft or a photo of ours, does not make its base true: should somebody bring it back to a
            // restored server, it is built from what comes then.
            intake.forget_base(record)?;
            if !begins_with_us(store, record)? {
                intake.leave(record)?;
            }
        }
        intake.finish()
    }

    /// The log is read to its end, and receipt and page are of one moment: what is received and was not echoed is in
    /// a record that is out of scope, or in one that has to be asked for again.
    fn end_log(&self, store: &Store, receipt: &Receipt, now: Reading) -> Result<()> {
        let mut intake = Intake::new(self, store, now);
        for own in store.unechoed_changes()? {
            if own.actor == receipt.actor && receipt.through < own.counter {
                continue;
            }
            match store.record(own.record)? {
                // One that is leaving was asked for and did not come: a draft may keep it here, and asking again would
                // never end.
                Some(row) if row.base.is_some() && !row.leaving => intake.want(own.record)?,
                Some(_) => intake.leave(own.record)?,
                // It left long ago, and came back only to a restored server.
                None => store.nothing_pending_in(own.record)?,
            }
        }
        intake.finish()
    }

    /// A device that was stopped keeps nothing of others, once what it has itself is sent; if it is ever let in again,
    /// it is filled from nothing.
    fn give_up_what_is_held(&self, store: &Store, progress: &mut Progress, now: Reading) -> Result<()> {
        if progress.received < progress.counter {
            return Ok(());
        }
        let mut intake = Intake::new(self, store, now);
        for row in store.records()? {
            intake.leave(row.id)?;
        }
        for own in store.unechoed_changes()? {
            // It left long ago, and came back only to a restored server.
            if store.record(own.record)?.is_none() {
                store.nothing_pending_in(own.record)?;
            }
        }
        intake.finish()
    }
}

/// The receipt as signed, and whether it is the one held, which the reply shows is still so. None where the reply is to
/// an earlier push, and what is held has changed since.
fn signed_receipt(
    push: &Push,
    reply: &Reply,
    progress: &Progress,
) -> Result<Option<(Signed, bool)>, Problem> {
    let Some(shown) = reply.receipt.shown() else { return Ok(Some((reply.receipt.clone(), false))) };
    let Some((signed, receipt)) = held_receipt(progress) else { return Ok(None) };
    if !push.known.starts_with(receipt.mark().0.get(..MARK).unwrap_or_default()) {
        return Ok(None);
    }
    if receipt.shown(push) != shown && !planted::is(Mutant::AnyOldReply) {
        return Err(Problem::new(Code::CaptivePortal, "No receipt of the council's server"));
    }
    Ok(Some((signed, true)))
}

/// The newest receipt of the council's server that this device holds.
pub(super) fn held_receipt(progress: &Progress) -> Option<(Signed, Receipt)> {
    let signed: Signed = cbor::decode(progress.receipt.as_deref()?).ok()?;
    let receipt = cbor::decode(&signed.payload).ok()?;
    Some((signed, receipt))
}

/// Whether anything is worth a write. That the server was heard is remembered without one, and written down once in
/// a while; its clock where it differs from what is known.
fn is_news(before: &Progress, after: &Progress) -> bool {
    let offset = |progress: &Progress| progress.server_offset_ms;
    let is_same_clock = match (offset(before), offset(after)) {
        (Some(one), Some(other)) => one.abs_diff(other) < CLOCK_SLACK_MS,
        (one, other) => one == other,
    };
    let is_lately = match (before.last_received_ms, after.last_received_ms) {
        (Some(one), Some(other)) => one.abs_diff(other) < HEARD_EVERY_MS,
        _ => false,
    };
    let same = Progress {
        nonce: before.nonce.clone(),
        server_offset_ms: before.server_offset_ms,
        last_received_ms: before.last_received_ms,
        ..after.clone()
    };
    !is_same_clock || !is_lately || same != *before
}

/// Whether our own unsent changes make the whole record, its beginning among them.
fn begins_with_us(store: &Store, record: RecordId) -> Result<bool> {
    for own in store.pending_of(record)? {
        let change = ChangeBytes::received(own.bytes).read().context("Read an own change")?;
        if own.state == ChangeState::Saved && change.creates() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Verdicts, and plain acceptance for the rest.
fn settle_own(
    store: &Store,
    progress: &mut Progress,
    receipt: &Receipt,
    intake: &mut Intake<'_>,
    now: Reading,
) -> Result<()> {
    let newly = store.changes_between(progress.actor, progress.acked, receipt.through)?;
    let mut known = receipt.through;
    for own in newly {
        let verdict = verdict_on(&receipt.verdicts, own.counter);
        if verdict.is_some_and(may_change) {
            known = known.min(own.counter - 1);
        }
        settle(store, intake, &own, verdict, now)?;
    }
    progress.received = progress.received.max(receipt.through);
    // What is held or in review will yet be judged: its verdict is asked for again.
    progress.acked = progress.acked.max(known);
    Ok(())
}

fn may_change(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Held => true,
        Verdict::Refused(code) => code == Code::InReview.name(),
        Verdict::Flagged(_) | Verdict::Duplicate(_) | Verdict::Missing | Verdict::Unknown(_) => false,
    }
}

pub(super) fn verdict_on(verdicts: &[(u64, Verdict)], counter: u64) -> Option<&Verdict> {
    verdicts.iter().find(|(of, _)| *of == counter).map(|(_, verdict)| verdict)
}

/// Writes down what became of one change that the server holds.
pub(super) fn settle(
    store: &Store,
    intake: &mut Intake<'_>,
    own: &OwnChange,
    verdict: Option<&Verdict>,
    now: Reading,
) -> Result<()> {
    let (state, pending, reason) = match verdict {
        None | Some(Verdict::Unknown(_)) => (ChangeState::Received, own.pending, None),
        Some(Verdict::Flagged(code)) => (ChangeState::Received, own.pending, Some(code.as_str())),
        Some(Verdict::Held) => (ChangeState::Held, own.pending, None),
        Some(Verdict::Duplicate(_)) => (ChangeState::Duplicate, false, None),
        Some(Verdict::Missing) => (ChangeState::Missing, false, None),
        // What is left of a change to a record that is gone needs nobody.
        Some(Verdict::Refused(code)) if own.residue.is_some() && code == Code::RecordPurged.name() => {
            (ChangeState::Received, false, None)
        }
        Some(Verdict::Refused(code)) => {
            (ChangeState::Refused, planted::is(Mutant::NoRebuildOnRefusal), Some(code.as_str()))
        }
    };
    if (own.state, own.pending, own.reason.as_deref()) == (state, pending, reason) {
        return Ok(());
    }
    store.settle_change((own.actor, own.counter), state, pending, reason, now.wall_ms)?;
    if state == ChangeState::Missing && own.state != ChangeState::Missing {
        store.note_in_journal(now.wall_ms, "lost", &format!("{}.{}", own.actor, own.counter))?;
    }
    if state == ChangeState::Duplicate && is_in_review(own) {
        store.note_in_journal(now.wall_ms, TAKEN, &format!("{}.{}", own.actor, own.counter))?;
    }
    if state != ChangeState::Refused && state != ChangeState::Held {
        intake.forget_if_purged(own)?;
    }
    if !pending && own.pending {
        intake.touch(own.record)?;
    }
    if state == ChangeState::Duplicate && own.state != ChangeState::Duplicate {
        intake.want(own.record)?;
    }
    if state == ChangeState::Refused && verdict.is_some_and(|verdict| !may_change(verdict)) {
        rest_photos(store, own)?;
    }
    // A device that held nothing of the office's is not told that the record was removed, but by this.
    if reason == Some(Code::RecordPurged.name()) && !store.is_purged(own.record)? {
        intake.purge(own.record)?;
    }
    Ok(())
}

/// A photo whose words were in review may be half sent when they are declined: it is not on its way any more.
fn rest_photos(store: &Store, own: &OwnChange) -> Result<()> {
    let Ok(change) = ChangeBytes::received(own.bytes.clone()).read() else { return Ok(()) };
    change.photos().try_for_each(|(_, photo, _)| store.rest_upload(own.record, photo))
}

fn take_page(store: &Store, progress: &mut Progress, reply: &Reply, intake: &mut Intake<'_>) -> Result<u64> {
    if matches!(reply.paging, Paging::First | Paging::Whole) {
        store.doubt_records()?;
    }
    let mut received = 0;
    for item in &reply.items {
        received += intake.take(item, progress)?;
    }
    Ok(received)
}

/// Gazetteers and assets come by themselves, when everything else is here.
fn comes_late(name: &str) -> bool {
    name.starts_with(GAZETTEER_PACK) || name.starts_with(ASSETS_PACK)
}

fn missing_packs(store: &Store, offers: &[Offer]) -> Result<Vec<Offer>> {
    let offers: Vec<&Offer> = offers.iter().filter(|offer| !comes_late(&offer.name)).collect();
    let mut missing = Vec::new();
    for offer in &offers {
        if store.pack(&offer.name, offer.version)?.is_none() {
            missing.push((*offer).clone());
        }
    }
    // The old ones stay on offer until the new ones are here.
    if !offers.is_empty() && missing.is_empty() {
        let mut offered: Vec<(String, u32)> =
            offers.iter().map(|offer| (offer.name.clone(), offer.version)).collect();
        offered.sort_unstable();
        let held = store.packs()?.into_iter().filter(|(_, _, offered)| *offered);
        let (late, held): (Vec<_>, Vec<_>) =
            held.map(|(name, version, _)| (name, version)).partition(|(name, _)| comes_late(name));
        if held == offered {
            return Ok(missing);
        }
        offered.extend(late);
        store.offer_packs(&offered)?;
    }
    Ok(missing)
}
