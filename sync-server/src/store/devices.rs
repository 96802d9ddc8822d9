//! Handhelds, the one-time codes that enrol them, and the actors that number their changes.

use anyhow::Result;
use kerbside_core::exchange::Enrol;
use kerbside_core::ids::{Actor, DeviceId, OfficerId, Sha256};
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::identity::Identity;
use super::people::Officer;
use super::returning;
use crate::auth::{Action, Target, authorise, code};
use crate::values;

pub const CODE_LASTS_MS: i64 = 15 * 60 * 1000;

/// A one-time code, told once.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct DeviceCode {
    pub code: String,
    /// When it stops working, as RFC 3339.
    pub expires: String,
}

/// A handheld as the administrator's list shows it.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct DeviceLine {
    pub id: DeviceId,
    pub officer: OfficerId,
    pub officer_name: String,
    pub short_code: String,
    pub name: String,
    pub app_version: String,
    #[ts(type = "number")]
    pub enrolled_at_ms: i64,
    #[ts(type = "number")]
    pub last_seen_at_ms: i64,
    #[ts(type = "number | null")]
    pub revoked_at_ms: Option<i64>,
}

/// A handheld as a request's proof needs it.
#[derive(Debug, Clone)]
pub struct Device {
    pub id: DeviceId,
    pub officer: OfficerId,
    pub public_key: [u8; 32],
    pub short_code: String,
    pub is_revoked: bool,
}

/// What a code bought.
#[derive(Debug, Clone)]
pub struct Enrolled {
    pub device: DeviceId,
    pub actor: Actor,
    pub officer: Officer,
    pub short_code: String,
}

impl Store {
    /// A code for this officer's next device. Only its hash is kept.
    pub fn make_device_code(&mut self, officer: &Officer, now_ms: i64) -> Result<DeviceCode> {
        if !authorise(officer, Action::UseDevice, Target::Council).is_allowed() {
            return Err(Problem::new(Code::NotAllowed, "this role holds no device").into());
        }
        let spelt = code::spell(self.chance.bytes()?);
        let expires_at = now_ms + CODE_LASTS_MS;
        self.connection.transaction(|tx| {
            tx.execute(
                "INSERT INTO enrol_code (hash, officer, created_at, expires_at) VALUES ($1, $2, $3, $4)",
                values![code::hash(&spelt).0, officer.id.0, now_ms, expires_at],
            )
        })?;
        Ok(DeviceCode { code: spelt, expires: crate::clock::rfc3339(expires_at) })
    }

    /// Spends a code: the device, its first actor and its short code, all or nothing.
    ///
    /// The same device asking again with the same code (its first answer was lost) is given the same.
    pub fn enrol(&mut self, now_ms: i64, enrol: &Enrol) -> Result<Enrolled> {
        let fresh = uuid::Builder::from_random_bytes(self.chance.bytes()?).into_uuid();
        let hash = code::hash(&enrol.code).0;
        let public_key = enrol.key.0;
        let identity = &self.identity()?;
        self.connection.transaction(|tx| {
            let officer = spend(tx, hash, public_key, now_ms)?;
            let again = tx.find(
                "SELECT id, short_code FROM device WHERE public_key = $1 AND officer = $2",
                values![public_key, officer.id.0],
            )?;
            let (device, short_code) = match again {
                Some(row) => {
                    let device = DeviceId(row.bytes(0)?);
                    tx.execute(
                        "UPDATE device SET unlock_share = $1 WHERE id = $2",
                        values![share_of(enrol), device],
                    )?;
                    (device, row.text(1)?)
                }
                None => {
                    let device = known_before(tx, identity, enrol)?.unwrap_or(DeviceId(fresh.into_bytes()));
                    (device, put_device(tx, device, enrol, &officer, now_ms)?)
                }
            };
            tx.execute(
                "UPDATE enrol_code SET used_at = $1, device = $2 WHERE hash = $3",
                values![now_ms, device.0, hash],
            )?;
            let actor = match live_actor(tx, device, officer.id)? {
                Some(actor) => actor,
                None => allot_actor(tx, Some(device), officer.id)?,
            };
            Ok(Enrolled { device, actor, officer, short_code })
        })
    }

    pub fn device(&mut self, id: DeviceId) -> Result<Option<Device>> {
        let found = self.connection.find(
            "SELECT officer, public_key, short_code, revoked_at FROM device WHERE id = $1",
            values![id.0],
        )?;
        let Some(row) = found else { return Ok(None) };
        Ok(Some(Device {
            id,
            officer: OfficerId(row.u32(0)?),
            public_key: row.bytes(1)?,
            short_code: row.text(2)?,
            is_revoked: row.find_int(3)?.is_some(),
        }))
    }

    pub fn devices(&mut self) -> Result<Vec<DeviceLine>> {
        let rows = self.connection.query(
            "SELECT d.id, d.officer, o.name, d.short_code, d.name, d.app_version, d.enrolled_at, d.last_seen_at, \
             d.revoked_at FROM device d JOIN officer o ON o.id = d.officer ORDER BY d.enrolled_at, d.id",
            &[],
        )?;
        rows.iter()
            .map(|row| {
                Ok(DeviceLine {
                    id: DeviceId(row.bytes(0)?),
                    officer: OfficerId(row.u32(1)?),
                    officer_name: row.text(2)?,
                    short_code: row.text(3)?,
                    name: row.text(4)?,
                    app_version: row.text(5)?,
                    enrolled_at_ms: row.int(6)?,
                    last_seen_at_ms: row.int(7)?,
                    revoked_at_ms: row.find_int(8)?,
                })
            })
            .collect()
    }

    /// Whether there was such a device.
    pub fn revoke_device(&mut self, id: DeviceId, now_ms: i64) -> Result<bool> {
        self.connection.transaction(|tx| {
            let touched = tx.execute(
                "UPDATE device SET revoked_at = COALESCE(revoked_at, $1) WHERE id = $2",
                values![now_ms, id.0],
            )?;
            Ok(touched == 1)
        })
    }
}

fn spend(tx: &mut Connection, hash: [u8; 32], public_key: [u8; 32], now_ms: i64) -> Result<Officer> {
    // Locks the row, so that two devices with one code are served one after the other.
    let found = tx.find(
        "UPDATE enrol_code SET created_at = created_at WHERE hash = $1 RETURNING officer, expires_at, device",
        values![hash],
    )?;
    let Some(row) = found else {
        return Err(Problem::new(Code::CodeWrong, "no such enrolment code").into());
    };
    if let Some(device) = row.find_bytes::<16>(2)? {
        let key = tx.find("SELECT public_key FROM device WHERE id = $1", values![device])?;
        if key.map(|key| key.bytes::<32>(0)).transpose()? != Some(public_key) {
            return Err(Problem::new(Code::CodeUsed, "enrolment code already used").into());
        }
    } else if row.int(1)? < now_ms {
        return Err(Problem::new(Code::CodeExpired, "enrolment code expired").into());
    }
    let officer = super::people::read_officer(tx, OfficerId(row.u32(0)?))?;
    officer.ok_or_else(|| Problem::new(Code::CodeWrong, "the officer of this code has left").into())
}

/// Spends a code for something other than enrolment; the same device may repeat it.
pub(super) fn spend_again(
    tx: &mut Connection,
    hash: [u8; 32],
    device: DeviceId,
    now_ms: i64,
) -> Result<Officer> {
    let key = tx.find("SELECT public_key FROM device WHERE id = $1", values![device])?;
    let key = key.map(|row| row.bytes::<32>(0)).transpose()?;
    let officer = spend(tx, hash, key.unwrap_or_default(), now_ms)?;
    let row = tx.one("SELECT expires_at FROM enrol_code WHERE hash = $1", values![hash])?;
    if row.int(0)? < now_ms {
        return Err(Problem::new(Code::CodeExpired, "the code was used, and is over").into());
    }
    tx.execute(
        "UPDATE enrol_code SET used_at = COALESCE(used_at, $1), device = $2 WHERE hash = $3",
        values![now_ms, device, hash],
    )?;
    Ok(officer)
}

/// The id of a device that an earlier life of this server enrolled: its last receipt says so.
fn known_before(tx: &mut Connection, identity: &Identity, enrol: &Enrol) -> Result<Option<DeviceId>> {
    let receipt = enrol.proof.as_ref().and_then(|proof| returning::own_receipt(identity, proof));
    let Some(device) = receipt.map(|receipt| receipt.device) else { return Ok(None) };
    let is_taken = tx.find("SELECT id FROM device WHERE id = $1", values![device])?.is_some();
    Ok((!is_taken).then_some(device))
}

fn put_device(
    tx: &mut Connection,
    device: DeviceId,
    enrol: &Enrol,
    officer: &Officer,
    now_ms: i64,
) -> Result<String> {
    let short_code = free_short_code(tx, officer)?;
    let name: String = enrol.name.chars().take(80).collect();
    let app: String = enrol.app.chars().take(64).collect();
    tx.execute(
        "INSERT INTO device (id, public_key, officer, short_code, name, app_version, unlock_share, enrolled_at, \
         last_seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        values![device, enrol.key.0, officer.id, &short_code, name, app, share_of(enrol), now_ms],
    )?;
    Ok(short_code)
}

fn share_of(enrol: &Enrol) -> &[u8] {
    enrol.unlock_share.get(..enrol.unlock_share.len().min(256)).unwrap_or_default()
}

/// The officer's own code for their first device; for another, the same with a letter, since two devices
/// that number their reports alike would give two reports one reference.
fn free_short_code(tx: &mut Connection, officer: &Officer) -> Result<String> {
    let own = match officer.short_code.as_str() {
        "" => format!("K{:02}", officer.id.0),
        code => code.to_owned(),
    };
    let rows = tx.query("SELECT short_code FROM device WHERE officer = $1", values![officer.id.0])?;
    // A restored server does not know which letters it gave out since its backup: it passes over an alphabet each time.
    let lives = tx.one("SELECT COUNT(*) FROM life", &[])?.u32(0)?;
    let taken = u32::try_from(rows.len())? + lives * 26;
    for number in taken.. {
        let code = if number == 0 { own.clone() } else { format!("{own}{}", letters(number)) };
        if tx.find("SELECT id FROM device WHERE short_code = $1", values![&code])?.is_none() {
            return Ok(code);
        }
    }
    anyhow::bail!("No short code left")
}

/// B, C, … Z, BA, BB, …: the second device is B.
fn letters(number: u32) -> String {
    let mut rest = number;
    let mut text = String::new();
    while 0 < rest || text.is_empty() {
        text.insert(0, char::from(b'A' + u8::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    text
}

/// The actor with which this officer now numbers changes on this device.
pub(super) fn live_actor(tx: &mut Connection, device: DeviceId, officer: OfficerId) -> Result<Option<Actor>> {
    let found = tx.find(
        "SELECT id FROM actor WHERE device = $1 AND officer = $2 AND retired_at IS NULL ORDER BY id DESC",
        values![device.0, officer.0],
    )?;
    found.map(|row| Ok(Actor(row.u32(0)?))).transpose()
}

/// A new actor, never used before by anyone.
pub(super) fn allot_actor(
    tx: &mut Connection,
    device: Option<DeviceId>,
    officer: OfficerId,
) -> Result<Actor> {
    let row = tx.one(
        "UPDATE council SET last_actor = last_actor + 1 WHERE id = 1 RETURNING last_actor, epoch",
        &[],
    )?;
    let actor = row.u32(0)?;
    tx.execute(
        "INSERT INTO actor (id, device, officer, epoch, chain) VALUES ($1, $2, $3, $4, $5)",
        values![actor, device.map(|device| device.0), officer.0, row.bytes::<16>(1)?, Sha256::default().0],
    )?;
    Ok(Actor(actor))
}
