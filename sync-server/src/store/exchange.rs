//! The server's half of the exchange: what a device pushes is taken, and it is told what others wrote.
//!
//! `take` is an ordinary function of the store, so the simulator calls what the routes call. It is safe to repeat.

use anyhow::Result;
use ed25519_dalek::SigningKey;
use kerbside_core::chain;
use kerbside_core::change::ChangeBytes;
use kerbside_core::exchange::{
    Allotted, Enrol, Head, OFFER_LIMIT, PUSH_LIMIT, Push, Receipt, Reply, Retire, Retired, UnlockRequest,
    Unlocked, Verdict, offers_mark,
};
use kerbside_core::ids::{Actor, DeviceId, Dot, Sha256};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::redact;
use kerbside_core::sign::{Label, PublicKey, SHOWN, Signed};

use super::Store;
use super::connection::Connection;
use super::devices::{self, allot_actor};
use super::identity::{self, Identity};
use super::packs;
use super::pull;
use super::returning;
use super::review;
use super::taking::{ACCEPTED, DUPLICATE, FLAGGED, HELD, MISSING, Taking, Writer, to_row};
use super::value::Row;
use crate::auth::{code, proof};
use crate::values;

/// The oldest app that is still fully served.
const MINIMUM_APP: &str = "0.1.0";
/// How many bytes of a hash a device shows of what it holds.
const MARK: usize = 8;
/// How often an idle device's last sign of life is written down.
const SEEN_EVERY_MS: i64 = 60_000;

impl Store {
    /// Takes a push and answers it. The caller has checked the request's own proof.
    pub fn take(&mut self, now_ms: i64, device: DeviceId, push: &Push) -> Result<Reply> {
        let identity = self.identity()?;
        let key = self.public_key(device)?;
        let head = match push.head.shown() {
            Some(shown) => self.connection.snapshot(|tx| known_head(tx, &identity, device, (push, shown)))?,
            None => open_head(&identity, key, device, push)?,
        };
        if planted::is(Mutant::ReplyBeforeCommit) {
            return self.answer_first(now_ms, device, push, (&identity, &head));
        }
        if !push.changes.is_empty() {
            let forms = &mut self.forms;
            self.connection.transaction(|tx| {
                let mut taking = Taking::begin(tx, forms, now_ms)?;
                receive(&mut taking, &identity, device, push, &head)?;
                taking.finish()
            })?;
        }
        self.see(now_ms, device, push)?;
        self.connection.snapshot(|tx| answer(tx, &identity, now_ms, device, push, &head))
    }

    /// What must never be: the reply is on its way whether or not the commit comes about.
    fn answer_first(
        &mut self,
        now_ms: i64,
        device: DeviceId,
        push: &Push,
        (identity, head): (&Identity, &Head),
    ) -> Result<Reply> {
        let forms = &mut self.forms;
        let mut early = None;
        let done = self.connection.transaction(|tx| {
            let mut taking = Taking::begin(tx, forms, now_ms)?;
            receive(&mut taking, identity, device, push, head)?;
            taking.finish()?;
            early = Some(answer(tx, identity, now_ms, device, push, head)?);
            Ok(())
        });
        match early {
            Some(reply) => Ok(reply),
            None => Err(done.err().unwrap_or_else(|| anyhow::anyhow!("Neither a reply nor a fault"))),
        }
    }

    /// Gives up a forked actor: the device goes on with a new one.
    pub fn retire(&mut self, now_ms: i64, device: DeviceId, retire: &Retire) -> Result<Retired> {
        if OFFER_LIMIT < retire.offered.len() {
            return Err(Problem::new(Code::TooLarge, "too many dots offered").into());
        }
        let identity = self.identity()?;
        self.connection.transaction(|tx| {
            let writer = returning::writer(tx, device, retire.actor)?;
            tx.execute(
                "UPDATE actor SET retired_at = COALESCE(retired_at, $1) WHERE id = $2",
                values![now_ms, retire.actor],
            )?;
            let mut held = Vec::new();
            for offered in &retire.offered {
                let dot = Dot { actor: retire.actor, counter: offered.counter };
                if hash_at(tx, dot)? == Some(offered.hash) {
                    held.push(offered.counter);
                }
            }
            let actor = allot_actor(tx, Some(device), writer.officer.id)?;
            let mut verdicts = verdicts(tx, retire.actor, 0)?;
            verdicts.retain(|(counter, _)| held.contains(counter));
            let shared = held.iter().max().copied().unwrap_or(0);
            let receipt = receipt_at(tx, &identity, device, &writer, shared)?;
            Ok(Retired { actor, held, verdicts, receipt: Some(signed(&identity, &receipt)) })
        })
    }

    /// The actor for this device's officer, anew: the live one, or a fresh one where none is.
    pub fn allot(&mut self, device: DeviceId) -> Result<Allotted> {
        self.connection.transaction(|tx| {
            let row = tx.one("SELECT officer FROM device WHERE id = $1", values![device])?;
            let officer = kerbside_core::ids::OfficerId(row.u32(0)?);
            let actor = match devices::live_actor(tx, device, officer)? {
                Some(actor) => actor,
                None => allot_actor(tx, Some(device), officer)?,
            };
            Ok(Allotted { actor, epoch: identity::read(tx)?.epoch })
        })
    }

    /// Enrols a device and tells it everything it is from now on.
    pub fn enrol_device(&mut self, now_ms: i64, enrol: &Enrol) -> Result<kerbside_core::exchange::Enrolled> {
        let identity = self.identity()?;
        let enrolled = self.enrol(now_ms, enrol)?;
        Ok(kerbside_core::exchange::Enrolled {
            device: enrolled.device,
            officer: enrolled.officer.id,
            actor: enrolled.actor,
            council: identity.council.clone(),
            server: identity.server,
            server_key: PublicKey::of(&SigningKey::from_bytes(&identity.signing)),
            epoch: identity.epoch,
            short_code: enrolled.short_code,
            nonce: proof::nonce(&identity.nonces, enrolled.device, now_ms),
            officer_name: enrolled.officer.name,
            now_ms,
        })
    }

    /// Releases the share of a vault whose PIN was forgotten, for a fresh code of the same officer.
    pub fn unlock_online(&mut self, now_ms: i64, request: &UnlockRequest) -> Result<Unlocked> {
        let hash = code::hash(&request.code).0;
        self.connection.transaction(|tx| {
            let officer = devices::spend_again(tx, hash, request.device, now_ms)?;
            let found = tx.find(
                "SELECT unlock_share FROM device WHERE id = $1 AND officer = $2 AND revoked_at IS NULL",
                values![request.device, officer.id],
            )?;
            let Some(row) = found else {
                return Err(Problem::new(Code::CodeWrong, "the code is for another officer's device").into());
            };
            Ok(Unlocked { unlock_share: row.blob(0)? })
        })
    }

    fn public_key(&mut self, device: DeviceId) -> Result<PublicKey> {
        let row = self.connection.find("SELECT public_key FROM device WHERE id = $1", values![device])?;
        let row = row.ok_or_else(|| Problem::new(Code::DeviceUnknown, "no such device"))?;
        Ok(PublicKey(row.bytes(0)?))
    }

    fn see(&mut self, now_ms: i64, device: DeviceId, push: &Push) -> Result<()> {
        let row = self.connection.one(
            "SELECT d.last_seen_at, d.unsent, d.oldest_unsent_at, COALESCE(a.receipted, 0), \
             COALESCE(a.last_counter, 0) FROM device d \
             LEFT JOIN actor a ON a.id = $1 AND a.device = d.id WHERE d.id = $2",
            values![push.actor, device],
        )?;
        let unsent = (push.unsent.unwrap_or(0), push.oldest_unsent_ms);
        let receipted = to_row(push.first.saturating_sub(1))?.min(row.int(4)?);
        let is_news = (row.u32(1)?, row.find_int(2)?) != unsent || row.int(3)? < receipted;
        if !is_news && now_ms < row.int(0)? + SEEN_EVERY_MS {
            return Ok(());
        }
        let app: String = push.app.chars().take(64).collect();
        let write = |tx: &mut Connection| {
            tx.execute(
                "UPDATE device SET last_seen_at = $1, app_version = $2, unsent = $3, oldest_unsent_at = $4 \
                 WHERE id = $5",
                values![now_ms, app, unsent.0, unsent.1, device],
            )?;
            // What a device offers next says up to where it holds our receipt.
            tx.execute(
                "UPDATE actor SET receipted = $1 WHERE id = $2 AND device = $3 AND receipted < $4",
                values![receipted, push.actor, device, receipted],
            )
            .map(|_| ())
        };
        if is_news { self.connection.transaction(write) } else { self.connection.jotting(write) }
    }
}

/// A head that was signed before: the server finds the chain itself, and what is shown has to be of it.
fn known_head(
    tx: &mut Connection,
    identity: &Identity,
    device: DeviceId,
    (push, shown): (&Push, &[u8]),
) -> Result<Head> {
    if !push.changes.is_empty() || shown.len() != SHOWN {
        return Err(Problem::new(Code::ProofWrong, "changes come with a signed head").into());
    }
    let counter = push.last();
    let ours = chain_at(tx, push.actor, counter)?.filter(|ours| ours.0.starts_with(shown));
    let mut chain = [0; 32];
    chain.iter_mut().zip(shown).for_each(|(byte, shown)| *byte = *shown);
    Ok(Head {
        server: identity.server,
        council: identity.council.clone(),
        device,
        actor: push.actor,
        counter,
        chain: ours.unwrap_or(Sha256(chain)),
    })
}

/// The head must be this device's own, at exactly the last change it shows it holds.
fn open_head(identity: &Identity, key: PublicKey, device: DeviceId, push: &Push) -> Result<Head, Problem> {
    let head: Head = push
        .head
        .open(Label::Head, &key)
        .map_err(|_| Problem::new(Code::ProofWrong, "the head's signature is wrong"))?;
    let is_own = head.server == identity.server
        && head.council == identity.council
        && head.device == device
        && head.actor == push.actor;
    if !is_own || head.counter != push.last() || push.first == 0 || COUNTER_LIMIT <= push.last() {
        return Err(Problem::new(Code::Malformed, "the head belongs to something else"));
    }
    if PUSH_LIMIT < push.changes.len() {
        return Err(Problem::new(Code::TooLarge, "too many changes in one push"));
    }
    Ok(head)
}

/// Counters stay below this by the protocol's own rule.
const COUNTER_LIMIT: u64 = 1 << 53;

/// Takes everything above what the server holds, or nothing where the chains differ.
fn receive(
    taking: &mut Taking<'_>,
    identity: &Identity,
    device: DeviceId,
    push: &Push,
    head: &Head,
) -> Result<()> {
    let mut writer = returning::writer(taking.tx, device, push.actor)?;
    let is_back = writer.is_retired && returning::is_proven(identity, device, push, head);
    let leaves_gap = writer.last + 1 < push.first;
    if leaves_gap || (writer.is_retired && !is_back) || is_fork(taking.tx, &writer, push, head)? {
        return Ok(());
    }
    if is_back {
        returning::adopt(taking.tx, device, &writer, taking.now_ms)?;
    }
    let first_new = usize::try_from(writer.last + 1 - push.first)?;
    count_repeats(taking, first_new.min(push.changes.len()))?;
    for (bytes, hash) in push.changes.iter().zip(hashes(push)?).skip(first_new) {
        match push.proof.as_ref().filter(|_| is_back && bytes.is_empty()) {
            Some(proof) => {
                taking.take_lost(&mut writer, hash)?;
                let dot = Dot { actor: writer.actor, counter: writer.last };
                returning::note_loss(taking.tx, taking.now_ms, dot, proof)?;
            }
            None => {
                require_its_own(bytes, hash)?;
                taking.take(&mut writer, bytes, hash)?;
            }
        }
    }
    taking
        .tx
        .execute(
            "INSERT INTO head (actor, counter, signed, received_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (actor, counter) DO NOTHING",
            values![
                push.actor,
                to_row(head.counter)?,
                kerbside_core::cbor::encode(&push.head),
                taking.now_ms
            ],
        )
        .map(|_| ())
}

/// Bytes that are not those that were hashed are what is left of a change in which something was taken out for good.
fn require_its_own(bytes: &[u8], hash: Sha256) -> Result<(), Problem> {
    let came = ChangeBytes::received(bytes.to_vec());
    if came.hash() == hash || bytes.is_empty() || came.read().is_ok_and(|change| redact::is_residue(&change))
    {
        return Ok(());
    }
    Err(Problem::new(Code::Malformed, "a change under the hash of another"))
}

/// What came again is known by its dot and hash; that it came is counted.
fn count_repeats(taking: &mut Taking<'_>, repeats: usize) -> Result<()> {
    if repeats == 0 {
        return Ok(());
    }
    taking
        .tx
        .execute(
            "INSERT INTO repeat_tally (hour, repeats) VALUES ($1, $2) \
             ON CONFLICT (hour) DO UPDATE SET repeats = repeat_tally.repeats + excluded.repeats",
            values![taking.now_ms / 3_600_000, i64::try_from(repeats)?],
        )
        .map(|_| ())
}

/// Whether the device's chain and the server's differ anywhere that both of them reach.
fn is_fork(tx: &mut Connection, writer: &Writer, push: &Push, head: &Head) -> Result<bool> {
    if planted::is(Mutant::NoForkCheck) {
        return Ok(false);
    }
    if head.counter <= writer.last {
        return Ok(chain_at(tx, head.actor, head.counter)? != Some(head.chain));
    }
    if writer.last + 1 < push.first {
        return Ok(false);
    }
    let start = chain_at(tx, push.actor, push.first - 1)?;
    let hashes = hashes(push)?;
    let theirs = start.map(|start| {
        let known = usize::try_from(writer.last + 1 - push.first).unwrap_or(usize::MAX);
        let at_last = chain::through(start, hashes.iter().take(known).copied());
        (at_last, chain::through(start, hashes))
    });
    Ok(theirs != Some((writer.chain, head.chain)))
}

fn hashes(push: &Push) -> Result<Vec<Sha256>> {
    let hashes = push.hashes();
    Ok(hashes
        .ok_or_else(|| Problem::new(Code::Malformed, "a change without bytes that is not declared lost"))?)
}

fn chain_at(tx: &mut Connection, actor: Actor, counter: u64) -> Result<Option<Sha256>> {
    if counter == 0 {
        return Ok(Some(chain::START));
    }
    let found =
        tx.find("SELECT chain FROM dot WHERE actor = $1 AND counter = $2", values![actor, to_row(counter)?])?;
    found.map(|row| Ok(Sha256(row.bytes(0)?))).transpose()
}

fn hash_at(tx: &mut Connection, dot: Dot) -> Result<Option<Sha256>> {
    let found = tx.find(
        "SELECT hash FROM dot WHERE actor = $1 AND counter = $2",
        values![dot.actor, to_row(dot.counter)?],
    )?;
    found.map(|row| Ok(Sha256(row.bytes(0)?))).transpose()
}

fn answer(
    tx: &mut Connection,
    identity: &Identity,
    now_ms: i64,
    device: DeviceId,
    push: &Push,
    head: &Head,
) -> Result<Reply> {
    let writer = returning::writer(tx, device, push.actor)?;
    let is_back = writer.is_retired && returning::is_proven(identity, device, push, head);
    // A device that does not know of this life has something to bring back before it gives its actor up.
    let knows = push.epoch == identity.epoch;
    let fork = (writer.is_retired && !is_back && knows) || is_fork(tx, &writer, push, head)?;
    let receipt = receipt(tx, identity, device, &writer, push)?;
    let page = if fork || writer.is_retired {
        pull::Page { cursor: push.cursor.clone(), ..pull::Page::default() }
    } else if writer.stopped.is_some() {
        pull::page_of_stopped(tx, (identity, device), push)?
    } else {
        pull::page(tx, (identity, device), &writer, push)?
    };
    let offers = if writer.stopped.is_none() { packs::offers(tx, &writer.officer, now_ms)? } else { vec![] };
    let mark = offers_mark(offers.iter().map(|offer| (offer.name.as_str(), offer.version)));
    let holds_offers = push.known.get(MARK..) == Some(&mark);
    Ok(Reply {
        receipt: unless_known(&receipt, push, identity),
        hwm: writer.last,
        fork,
        items: page.items,
        // A device that is stopped goes by the cursor of each reply: one that it had before says nothing of redactions.
        cursor: if page.cursor == push.cursor && writer.stopped.is_none() { Vec::new() } else { page.cursor },
        more: page.more,
        paging: page.paging,
        offers: if holds_offers { Vec::new() } else { offers },
        minimum_app: MINIMUM_APP.to_owned(),
        nonce: proof::nonce(&identity.nonces, device, now_ms),
        now_ms,
        stopped: writer.stopped.map(|_| Code::DeviceRevoked.name().to_owned()),
    })
}

/// The receipt, or what stands for it where the device has shown that it holds one that says the same.
fn unless_known(receipt: &Receipt, push: &Push, identity: &Identity) -> Signed {
    if push.known.get(..MARK).is_some_and(|held| receipt.mark().0.starts_with(held)) {
        return Signed::known(&receipt.shown(push));
    }
    signed(identity, receipt)
}

fn signed(identity: &Identity, receipt: &Receipt) -> Signed {
    Signed::new(Label::Receipt, receipt, &SigningKey::from_bytes(&identity.signing))
}

/// A receipt for everything the server holds of the actor, with the answers to what the device asked.
fn receipt(
    tx: &mut Connection,
    identity: &Identity,
    device: DeviceId,
    writer: &Writer,
    push: &Push,
) -> Result<Receipt> {
    let mut receipt = receipt_at(tx, identity, device, writer, writer.last)?;
    receipt.answers = Some(push.tag());
    receipt.verdicts = verdicts(tx, writer.actor, push.acked)?;
    if receipt
        .verdicts
        .iter()
        .any(|(_, verdict)| *verdict == Verdict::Refused(Code::Declined.name().to_owned()))
    {
        receipt.said = review::said(tx, writer.actor, push.acked)?;
    }
    if let Some(asks) = &push.asks {
        receipt.safe_photos = returning::safe_photos(tx, device, asks)?;
        receipt.settled = returning::settled(tx, device, asks)?;
    }
    Ok(receipt)
}

fn receipt_at(
    tx: &mut Connection,
    identity: &Identity,
    device: DeviceId,
    writer: &Writer,
    through: u64,
) -> Result<Receipt> {
    Ok(Receipt {
        server: identity.server,
        council: identity.council.clone(),
        device,
        actor: writer.actor,
        through,
        chain: chain_at(tx, writer.actor, through)?.unwrap_or(writer.chain),
        verdicts: Vec::new(),
        epoch: identity.epoch,
        marks: returning::marks(tx, device)?,
        checkpoint: Vec::new(),
        answers: None,
        backup_ms: returning::newest_backup(tx)?,
        safe_photos: Vec::new(),
        settled: Vec::new(),
        said: Vec::new(),
    })
}

fn verdicts(tx: &mut Connection, actor: Actor, acked: u64) -> Result<Vec<(u64, Verdict)>> {
    let rows = tx.query(
        "SELECT counter, verdict, code, other_actor, other_counter FROM dot \
         WHERE actor = $1 AND counter > $2 AND verdict <> $3 ORDER BY counter",
        values![actor, to_row(acked)?, ACCEPTED],
    )?;
    let mut verdicts = Vec::new();
    for row in &rows {
        if let Some(verdict) = verdict_of(row)? {
            verdicts.push((u64::try_from(row.int(0)?)?, verdict));
        }
    }
    Ok(verdicts)
}

/// What a row of (counter, verdict, code, other actor, other counter) says. None for plain acceptance.
pub(super) fn verdict_of(row: &Row) -> Result<Option<Verdict>> {
    Ok(match row.int(1)? {
        ACCEPTED => None,
        FLAGGED => Some(Verdict::Flagged(row.text(2)?)),
        HELD => Some(Verdict::Held),
        MISSING => Some(Verdict::Missing),
        DUPLICATE => {
            let counter = u64::try_from(row.int(4)?)?;
            Some(Verdict::Duplicate(Dot { actor: Actor(row.u32(3)?), counter }))
        }
        _ => Some(Verdict::Refused(row.text(2)?)),
    })
}
