//! What devices bring back to a restored server: the dots that an earlier life of it had signed for, exactly as they
//! were, and the hashes of those whose bytes are gone on both sides.
//!
//! An actor of an earlier life is retired and writes nothing new: what a lost life may have heard under its next
//! counter, nobody knows. What the old life's own receipt proves is the one exception.

use anyhow::Result;
use ed25519_dalek::SigningKey;
use kerbside_core::chain;
use kerbside_core::exchange::{Asks, Mark, Push, Receipt, Settled};
use kerbside_core::ids::{Actor, DeviceId, Dot, OfficerId, Sha256};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::sign::{Label, PublicKey, Signed};

use super::connection::Connection;
use super::exchange::verdict_of;
use super::identity::Identity;
use super::lives::{self, Prospect};
use super::people::read_anyone;
use super::review::Why;
use super::taking::{HELD, Writer, find_device_writer, to_row};
use crate::values;

/// The most questions of one kind answered at a time.
const ASKS_LIMIT: usize = 500;

/// The actor and the officer behind it. One that was allotted after the backup this server came from holds nothing yet.
pub(super) fn writer(tx: &mut Connection, device: DeviceId, actor: Actor) -> Result<Writer> {
    if let Some(writer) = find_device_writer(tx, device, actor)? {
        return Ok(writer);
    }
    let strange = || Problem::new(Code::ActorNotYours, "an actor of another device");
    let is_known = tx.find("SELECT id FROM actor WHERE id = $1", values![actor])?.is_some();
    if is_known || lives::prospect(tx, Dot { actor, counter: 1 })? == Prospect::NeverAllotted {
        return Err(strange().into());
    }
    let row = tx.find("SELECT officer, revoked_at FROM device WHERE id = $1", values![device])?;
    let row = row.ok_or_else(|| Problem::new(Code::DeviceUnknown, "no such device"))?;
    let (officer, has_left) = read_anyone(tx, OfficerId(row.u32(0)?))?.ok_or_else(strange)?;
    let stopped = Why::stopping(row.find_int(1)?.is_some(), has_left);
    Ok(Writer { actor, officer, last: 0, chain: chain::START, is_retired: true, stopped })
}

/// A receipt that this server signed in some life of it, for this device.
pub(super) fn own_receipt(identity: &Identity, signed: &Signed) -> Option<Receipt> {
    let key = PublicKey::of(&SigningKey::from_bytes(&identity.signing));
    let receipt: Receipt = signed.open(Label::Receipt, &key).ok()?;
    (receipt.server == identity.server && receipt.council == identity.council).then_some(receipt)
}

/// Whether what is pushed is what an earlier life of this server had signed for.
pub(super) fn is_proven(identity: &Identity, device: DeviceId, push: &Push) -> bool {
    let receipt = push.proof.as_ref().and_then(|signed| own_receipt(identity, signed));
    receipt.is_some_and(|receipt| {
        receipt.device == device && receipt.actor == push.actor && push.last() <= receipt.through
    })
}

/// An actor that was allotted after the backup is known again, for what it once brought.
pub(super) fn adopt(tx: &mut Connection, device: DeviceId, writer: &Writer, now_ms: i64) -> Result<()> {
    tx.execute(
        "INSERT INTO actor (id, device, officer, epoch, chain, retired_at) \
         SELECT $1, $2, $3, epoch, $4, $5 FROM council WHERE id = 1 ON CONFLICT (id) DO NOTHING",
        values![writer.actor, device, writer.officer.id, writer.chain, now_ms],
    )
    .map(|_| ())
}

/// A dot whose bytes are nowhere is written down as a loss, with the receipt that proves it was here.
pub(super) fn note_loss(tx: &mut Connection, now_ms: i64, dot: Dot, proof: &Signed) -> Result<()> {
    let counter = to_row(dot.counter)?;
    let grown = tx.execute(
        "UPDATE loss SET to_counter = $1 WHERE actor = $2 AND to_counter = $3",
        values![counter, dot.actor, counter - 1],
    )?;
    if 0 < grown {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO loss (actor, from_counter, to_counter, noted_at, proof) VALUES ($1, $2, $3, $4, $5)",
        values![dot.actor, counter, counter, now_ms, kerbside_core::cbor::encode(proof)],
    )
    .map(|_| ())
}

/// How far every actor of this device has come, here and in a backup that was read back.
pub(super) fn marks(tx: &mut Connection, device: DeviceId) -> Result<Vec<Mark>> {
    let rows = tx.query(
        "SELECT id, last_counter, backed_up_through FROM actor WHERE device = $1 AND last_counter > 0 ORDER BY id",
        values![device],
    )?;
    rows.iter()
        .map(|row| {
            Ok(Mark {
                actor: Actor(row.u32(0)?),
                through: u64::try_from(row.int(1)?)?,
                backed_up_through: u64::try_from(row.int(2)?)?,
            })
        })
        .collect()
}

/// When the newest backup was made that was read back.
pub(super) fn newest_backup(tx: &mut Connection) -> Result<Option<i64>> {
    tx.one("SELECT MAX(made_at) FROM backup", &[])?.find_int(0)
}

/// Of these photos of the device's own, those that are in a backup.
pub(super) fn safe_photos(tx: &mut Connection, device: DeviceId, asks: &Asks) -> Result<Vec<Sha256>> {
    let mut safe = Vec::new();
    for photo in asks.photos.iter().take(ASKS_LIMIT) {
        if is_photo_safe(tx, device, *photo)? {
            safe.push(*photo);
        }
    }
    Ok(safe)
}

/// Whether a photo that this device sent is in a backup that was read back.
pub(super) fn is_photo_safe(tx: &mut Connection, device: DeviceId, photo: Sha256) -> Result<bool> {
    let row = tx.one(
        "SELECT COUNT(*) FROM photo p JOIN photo_named n ON n.sha256 = p.sha256 JOIN actor a ON a.id = n.actor \
         WHERE p.sha256 = $1 AND p.backed_up = 1 AND a.device = $2 AND n.sent_at IS NOT NULL",
        values![photo, device],
    )?;
    Ok(0 < row.int(0)?)
}

/// Of these dots of the device's own, what became of those that are held no longer.
pub(super) fn settled(tx: &mut Connection, device: DeviceId, asks: &Asks) -> Result<Vec<Settled>> {
    let mut settled = Vec::new();
    for dot in asks.held.iter().take(ASKS_LIMIT) {
        let found = tx.find(
            "SELECT d.counter, d.verdict, d.code, d.other_actor, d.other_counter FROM dot d \
             JOIN actor a ON a.id = d.actor WHERE d.actor = $1 AND d.counter = $2 AND d.verdict <> $3 AND a.device = $4",
            values![dot.actor, to_row(dot.counter)?, HELD, device],
        )?;
        if let Some(row) = found {
            settled.push(Settled { dot: *dot, verdict: verdict_of(&row)? });
        }
    }
    Ok(settled)
}
