//! The server's half of the exchange: what a device pushes is taken, and it is told what others wrote.
//!
//! `take` is an ordinary function of the store, so the simulator calls what the routes call. It is safe to repeat.

use anyhow::Result;
use ed25519_dalek::SigningKey;
use kerbside_core::chain;
use kerbside_core::exchange::{
    Allotted, Enrol, Head, Mark, OFFER_LIMIT, PUSH_LIMIT, Push, Receipt, Reply, Retire, Retired,
    UnlockRequest, Unlocked, Verdict, offers_mark,
};
use kerbside_core::ids::{Actor, DeviceId, Dot, Sha256};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::sign::{Label, PublicKey, SHOWN, Signed};

use super::Store;
use super::connection::Connection;
use super::devices::{self, allot_actor};
use super::identity::{self, Identity};
use super::packs;
use super::pull;
use super::taking::{ACCEPTED, DUPLICATE, FLAGGED, HELD, Taking, Writer, find_device_writer, to_row};
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
        let head = match push.head.shown() {
            Some(shown) => self.connection.snapshot(|tx| known_head(tx, &identity, device, (push, shown)))?,
            None => open_head(&identity, self.public_key(device)?, device, push)?,
        };
        if planted::is(Mutant::ReplyBeforeCommit) {
            return self.answer_first(now_ms, device, push, (&identity, &head));
        }
        if !push.changes.is_empty() {
            let forms = &mut self.forms;
            self.connection.transaction(|tx| {
                let mut taking = Taking::begin(tx, forms, now_ms)?;
                receive(&mut taking, device, push, &head)?;
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
            receive(&mut taking, device, push, head)?;
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
        self.connection.transaction(|tx| {
            let writer = own_writer(tx, device, retire.actor)?;
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
            Ok(Retired { actor, held, verdicts })
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
        let row = row.ok_or_else(|| Problem::new(Code::ProofWrong, "no such device"))?;
        Ok(PublicKey(row.bytes(0)?))
    }

    fn see(&mut self, now_ms: i64, device: DeviceId, push: &Push) -> Result<()> {
        let row = self.connection.one("SELECT last_seen_at FROM device WHERE id = $1", values![device])?;
        if now_ms < row.int(0)? + SEEN_EVERY_MS {
            return Ok(());
        }
        let app: String = push.app.chars().take(64).collect();
        self.connection.transaction(|tx| {
            tx.execute(
                "UPDATE device SET last_seen_at = $1, app_version = $2 WHERE id = $3",
                values![now_ms, app, device],
            )
            .map(|_| ())
        })
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
    if !is_own || head.counter != push.last() || push.first == 0 {
        return Err(Problem::new(Code::Malformed, "the head belongs to something else"));
    }
    if PUSH_LIMIT < push.changes.len() {
        return Err(Problem::new(Code::TooLarge, "too many changes in one push"));
    }
    Ok(head)
}

fn own_writer(tx: &mut Connection, device: DeviceId, actor: Actor) -> Result<Writer> {
    let found = find_device_writer(tx, device, actor)?;
    found.ok_or_else(|| Problem::new(Code::ActorNotYours, "an actor of another device").into())
}

/// Takes everything above what the server holds, or nothing where the chains differ.
fn receive(taking: &mut Taking<'_>, device: DeviceId, push: &Push, head: &Head) -> Result<()> {
    let mut writer = own_writer(taking.tx, device, push.actor)?;
    let leaves_gap = writer.last + 1 < push.first;
    if leaves_gap || is_fork(taking.tx, &writer, push, head)? {
        return Ok(());
    }
    let first_new = usize::try_from(writer.last + 1 - push.first)?;
    for bytes in push.changes.iter().skip(first_new) {
        taking.take(&mut writer, bytes)?;
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

/// Whether the device's chain and the server's differ anywhere that both of them reach.
fn is_fork(tx: &mut Connection, writer: &Writer, push: &Push, head: &Head) -> Result<bool> {
    if planted::is(Mutant::NoForkCheck) {
        return Ok(false);
    }
    if writer.is_retired {
        return Ok(true);
    }
    if head.counter <= writer.last {
        return Ok(chain_at(tx, head.actor, head.counter)? != Some(head.chain));
    }
    if writer.last + 1 < push.first {
        return Ok(false);
    }
    let start = chain_at(tx, push.actor, push.first - 1)?;
    let pushed = push.changes.iter().map(|bytes| Sha256::of(bytes));
    let theirs = start.map(|start| {
        let known = usize::try_from(writer.last + 1 - push.first).unwrap_or(usize::MAX);
        let hashes: Vec<_> = pushed.collect();
        let at_last = chain::through(start, hashes.iter().take(known).copied());
        (at_last, chain::through(start, hashes))
    });
    Ok(theirs != Some((writer.chain, head.chain)))
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
    let writer = own_writer(tx, device, push.actor)?;
    let fork = is_fork(tx, &writer, push, head)?;
    let mut receipt = receipt(tx, identity, device, &writer, push.acked)?;
    receipt.answers = Some(push.tag());
    let page = if fork {
        pull::Page { cursor: push.cursor.clone(), ..pull::Page::default() }
    } else {
        pull::page(tx, identity, &writer, push)?
    };
    let offers = packs::offers(tx, &writer.officer, now_ms)?;
    let mark = offers_mark(offers.iter().map(|offer| (offer.name.as_str(), offer.version)));
    let holds_offers = push.known.get(MARK..) == Some(&mark);
    Ok(Reply {
        receipt: unless_known(&receipt, push, identity),
        hwm: writer.last,
        fork,
        items: page.items,
        cursor: if page.cursor == push.cursor { Vec::new() } else { page.cursor },
        more: page.more,
        paging: page.paging,
        offers: if holds_offers { Vec::new() } else { offers },
        minimum_app: MINIMUM_APP.to_owned(),
        nonce: proof::nonce(&identity.nonces, device, now_ms),
        now_ms,
    })
}

/// The receipt, or what stands for it where the device has shown that it holds one that says the same.
fn unless_known(receipt: &Receipt, push: &Push, identity: &Identity) -> Signed {
    if push.known.get(..MARK).is_some_and(|held| receipt.mark().0.starts_with(held)) {
        return Signed::known(&receipt.shown(push));
    }
    Signed::new(Label::Receipt, receipt, &SigningKey::from_bytes(&identity.signing))
}

fn receipt(
    tx: &mut Connection,
    identity: &Identity,
    device: DeviceId,
    writer: &Writer,
    acked: u64,
) -> Result<Receipt> {
    Ok(Receipt {
        server: identity.server,
        council: identity.council.clone(),
        device,
        actor: writer.actor,
        through: writer.last,
        chain: writer.chain,
        verdicts: verdicts(tx, writer.actor, acked)?,
        epoch: identity.epoch,
        marks: marks(tx, device)?,
        checkpoint: Vec::new(),
        answers: None,
    })
}

fn verdicts(tx: &mut Connection, actor: Actor, acked: u64) -> Result<Vec<(u64, Verdict)>> {
    let rows = tx.query(
        "SELECT counter, verdict, code, other_actor, other_counter FROM dot \
         WHERE actor = $1 AND counter > $2 AND verdict <> $3 ORDER BY counter",
        values![actor, to_row(acked)?, ACCEPTED],
    )?;
    rows.iter()
        .map(|row| {
            let verdict = match row.int(1)? {
                FLAGGED => Verdict::Flagged(row.text(2)?),
                HELD => Verdict::Held,
                DUPLICATE => Verdict::Duplicate(Dot {
                    actor: Actor(row.u32(3)?),
                    counter: u64::try_from(row.int(4)?)?,
                }),
                _ => Verdict::Refused(row.text(2)?),
            };
            Ok((u64::try_from(row.int(0)?)?, verdict))
        })
        .collect()
}

/// How far every actor of this device has come. Nothing claims to be in a backup before backups are made.
fn marks(tx: &mut Connection, device: DeviceId) -> Result<Vec<Mark>> {
    let rows = tx.query(
        "SELECT id, last_counter FROM actor WHERE device = $1 AND last_counter > 0 ORDER BY id",
        values![device],
    )?;
    rows.iter()
        .map(|row| {
            let through = u64::try_from(row.int(1)?)?;
            Ok(Mark { actor: Actor(row.u32(0)?), through, backed_up_through: 0 })
        })
        .collect()
}
