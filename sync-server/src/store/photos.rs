//! Which photos were named, which have come, and the uploads under way. The bytes themselves are in `photos`.

use anyhow::Result;
use ed25519_dalek::SigningKey;
use hmac::{Hmac, KeyInit, Mac};
use kerbside_core::exchange::{PhotoReceipt, PhotoState};
use kerbside_core::ids::{DeviceId, RecordId, Sha256};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::sign::{Label, Signed};

use super::Store;
use super::connection::Connection;
use super::identity::{self, Identity};
use super::people::Officer;
use super::records;
use super::taking::LOG_PHOTO;
use crate::auth::{Action, Target, authorise};
use crate::values;

/// How long an upload's address works.
const UPLOAD_LASTS_MS: i64 = 24 * 60 * 60 * 1000;
/// The largest photo.
pub const PHOTO_LIMIT: i64 = 64 * 1024 * 1024;

/// What the server says to a device that has a photo.
#[derive(Debug)]
pub enum PhotoAsked {
    /// It is here: the receipt.
    Complete(Signed),
    Wanted(Upload),
}

/// One photo on its way from one device.
#[derive(Debug, Clone)]
pub struct Upload {
    pub capability: [u8; 16],
    pub device: DeviceId,
    pub record: RecordId,
    pub sha256: Sha256,
    pub bytes: u64,
    pub expires_at: i64,
}

impl Store {
    /// The receipt for a photo that is here, or the same upload as before for one that is not.
    pub fn ask_photo(
        &mut self,
        now_ms: i64,
        device: DeviceId,
        record: RecordId,
        sha256: Sha256,
        bytes: u64,
    ) -> Result<PhotoAsked> {
        let size = i64::try_from(bytes)?;
        if PHOTO_LIMIT < size || bytes == 0 {
            return Err(Problem::new(Code::PhotoTooLarge, "a photo over the limit, or empty").into());
        }
        self.connection.transaction(|tx| {
            let identity = identity::read(tx)?;
            let Some(sent) = is_sent(tx, device, record, sha256)? else {
                return Err(
                    Problem::new(Code::PhotoNotNamed, "no change of this device names the photo").into()
                );
            };
            if sent || has_sent(tx, device, sha256)? || is_of_another(tx, sha256)? {
                mark_sent(tx, now_ms, device, sha256)?;
                return Ok(PhotoAsked::Complete(receipt(tx, &identity, device, record, sha256)?));
            }
            let there = tx.find(
                "SELECT capability, record, bytes, expires_at FROM upload \
                 WHERE device = $1 AND sha256 = $2 AND completed_at IS NULL AND expires_at > $3",
                values![device, sha256, now_ms],
            )?;
            if let Some(row) = there {
                let expires_at = row.int(3)?;
                return Ok(PhotoAsked::Wanted(Upload {
                    capability: capability(&identity, device, sha256, expires_at),
                    device,
                    record: RecordId(row.bytes(1)?),
                    sha256,
                    bytes: u64::try_from(row.int(2)?)?,
                    expires_at,
                }));
            }
            let expires_at = now_ms + UPLOAD_LASTS_MS;
            let capability = capability(&identity, device, sha256, expires_at);
            tx.execute("DELETE FROM upload WHERE expires_at <= $1", values![now_ms])?;
            tx.execute(
                "INSERT INTO upload (capability, device, record, sha256, bytes, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6)",
                values![Sha256::of(&capability), device, record, sha256, size, expires_at],
            )?;
            Ok(PhotoAsked::Wanted(Upload { capability, device, record, sha256, bytes, expires_at }))
        })
    }

    /// The upload behind a capability, while it works.
    pub fn upload(&mut self, now_ms: i64, capability: [u8; 16]) -> Result<Option<Upload>> {
        let found = self.connection.find(
            "SELECT device, record, sha256, bytes, expires_at FROM upload WHERE capability = $1 AND expires_at > $2",
            values![Sha256::of(&capability), now_ms],
        )?;
        let Some(row) = found else { return Ok(None) };
        Ok(Some(Upload {
            capability,
            device: DeviceId(row.bytes(0)?),
            record: RecordId(row.bytes(1)?),
            sha256: Sha256(row.bytes(2)?),
            bytes: u64::try_from(row.int(3)?)?,
            expires_at: row.int(4)?,
        }))
    }

    /// The bytes are on the disk under their hash: every record in which this device named them has them now.
    pub fn complete_photo(&mut self, now_ms: i64, upload: &Upload) -> Result<()> {
        self.connection.transaction(|tx| {
            tx.execute(
                "INSERT INTO photo (sha256, bytes, received_at) VALUES ($1, $2, $3) ON CONFLICT (sha256) DO NOTHING",
                values![upload.sha256, i64::try_from(upload.bytes)?, now_ms],
            )?;
            tx.execute(
                "UPDATE upload SET completed_at = COALESCE(completed_at, $1) WHERE capability = $2",
                values![now_ms, Sha256::of(&upload.capability)],
            )?;
            mark_sent(tx, now_ms, upload.device, upload.sha256)
        })
    }

    /// Whether this device's photo has come to its end and its place.
    pub fn is_upload_complete(&mut self, upload: &Upload) -> Result<bool> {
        let row = self.connection.find(
            "SELECT completed_at FROM upload WHERE capability = $1",
            values![Sha256::of(&upload.capability)],
        )?;
        Ok(row.map(|row| row.find_int(0)).transpose()?.flatten().is_some())
    }

    /// What arrived was something else: the device may begin again.
    pub fn drop_upload(&mut self, upload: &Upload) -> Result<()> {
        self.connection.transaction(|tx| {
            tx.execute("DELETE FROM upload WHERE capability = $1", values![Sha256::of(&upload.capability)])
                .map(|_| ())
        })
    }

    /// Which of these hashes, all named by this device, have not come. Others are not answered for.
    pub fn missing_photos(&mut self, device: DeviceId, hashes: &[Sha256]) -> Result<Vec<Sha256>> {
        self.connection.snapshot(|tx| {
            let mut missing = Vec::new();
            for sha256 in hashes {
                let named = tx.one(
                    "SELECT COUNT(*) FROM photo_named n JOIN actor a ON a.id = n.actor \
                     WHERE n.sha256 = $1 AND a.device = $2",
                    values![*sha256, device],
                )?;
                if 0 < named.int(0)? && !has_sent(tx, device, *sha256)? {
                    missing.push(*sha256);
                }
            }
            Ok(missing)
        })
    }

    /// Whether this officer may see this photo of this record: the record must name it and someone must have sent it.
    pub fn may_see_photo(&mut self, officer: &Officer, record: RecordId, sha256: Sha256) -> Result<bool> {
        let keys = records::keys_now(&mut self.connection, record)?;
        let may_read = authorise(officer, Action::ReadRecord, Target::Record(&keys)).is_allowed();
        if !may_read && !super::reviewing::decides_over(&mut self.connection, officer, record)? {
            return Ok(false);
        }
        Ok(records::received_photos(&mut self.connection, record)?.contains(&sha256))
    }

    /// Whether this device has sent the photo: it holds the original, whatever the office covers.
    pub fn has_sent_photo(&mut self, device: DeviceId, sha256: Sha256) -> Result<bool> {
        has_sent(&mut self.connection, device, sha256)
    }

    /// Every photo and every covered copy that should be on the disk, with its size.
    pub fn photos(&mut self) -> Result<Vec<(Sha256, i64)>> {
        let rows = self.connection.query(
            "SELECT sha256, bytes FROM photo UNION SELECT covered, bytes FROM photo_cover WHERE bytes > 0 \
             ORDER BY 1",
            &[],
        )?;
        rows.iter().map(|row| Ok((Sha256(row.bytes(0)?), row.int(1)?))).collect()
    }
}

/// Whether this device named the photo in this record, and if so, whether it sent it.
fn is_sent(tx: &mut Connection, device: DeviceId, record: RecordId, sha256: Sha256) -> Result<Option<bool>> {
    let rows = tx.query(
        "SELECT n.sent_at FROM photo_named n JOIN actor a ON a.id = n.actor \
         WHERE n.record = $1 AND n.sha256 = $2 AND a.device = $3",
        values![record, sha256, device],
    )?;
    if rows.is_empty() {
        return Ok(None);
    }
    let sent = rows.iter().map(|row| row.find_int(0)).collect::<Result<Vec<_>>>()?;
    Ok(Some(sent.iter().all(Option::is_some)))
}

/// Whether this device has ever sent these bytes: then it holds them, whatever record names them now.
fn has_sent(tx: &mut Connection, device: DeviceId, sha256: Sha256) -> Result<bool> {
    let row = tx.one(
        "SELECT COUNT(*) FROM photo_named n JOIN actor a ON a.id = n.actor \
         WHERE n.sha256 = $1 AND a.device = $2 AND n.sent_at IS NOT NULL",
        values![sha256, device],
    )?;
    Ok(0 < row.int(0)?)
}

/// Never, but in a mutant: naming a hash that somebody else has sent must give nothing.
fn is_of_another(tx: &mut Connection, sha256: Sha256) -> Result<bool> {
    Ok(planted::is(Mutant::PhotoOfAnother)
        && tx.find("SELECT bytes FROM photo WHERE sha256 = $1", values![sha256])?.is_some())
}

fn mark_sent(tx: &mut Connection, now_ms: i64, device: DeviceId, sha256: Sha256) -> Result<()> {
    // First of all: a push under way may name the same photo in another record.
    let seq = tx.one("UPDATE council SET seq = seq WHERE id = 1 RETURNING seq", &[])?.int(0)?;
    let rows = tx.query(
        "SELECT DISTINCT n.record FROM photo_named n JOIN actor a ON a.id = n.actor \
         WHERE n.sha256 = $1 AND a.device = $2 AND n.sent_at IS NULL ORDER BY n.record",
        values![sha256, device],
    )?;
    if rows.is_empty() {
        return Ok(());
    }
    tx.execute(
        "UPDATE photo_named SET sent_at = $1 WHERE sha256 = $2 AND sent_at IS NULL \
         AND actor IN (SELECT id FROM actor WHERE device = $3)",
        values![now_ms, sha256, device],
    )?;
    let mut last = seq;
    for row in rows {
        last += 1;
        let record = RecordId(row.bytes(0)?);
        tx.execute(
            "INSERT INTO log (seq, kind, record, received_at, body) VALUES ($1, $2, $3, $4, $5)",
            values![last, LOG_PHOTO, record, now_ms, sha256],
        )?;
        if let Some(kept) = records::load(tx, record)? {
            let photos = records::photos_of(&kept.state);
            let received = records::received_photos(tx, record)?.intersection(&photos).count();
            tx.execute(
                "UPDATE record SET photos_received = $1 WHERE id = $2",
                values![i64::try_from(received)?, record],
            )?;
        }
    }
    tx.execute("UPDATE council SET seq = $1 WHERE id = 1", values![last]).map(|_| ())
}

fn receipt(
    tx: &mut Connection,
    identity: &Identity,
    device: DeviceId,
    record: RecordId,
    sha256: Sha256,
) -> Result<Signed> {
    let row = tx.one("SELECT bytes FROM photo WHERE sha256 = $1", values![sha256])?;
    let receipt = PhotoReceipt {
        server: identity.server,
        council: identity.council.clone(),
        device,
        record,
        sha256,
        bytes: u64::try_from(row.int(0)?)?,
        state: PhotoState::Complete,
        epoch: identity.epoch,
        backed_up: super::returning::is_photo_safe(tx, device, sha256)?,
    };
    Ok(Signed::new(Label::Photo, &receipt, &SigningKey::from_bytes(&identity.signing)))
}

/// The secret half of an upload's address: 128 bits that follow from the upload, so that a lost reply can be
/// repeated though only their hash is stored.
fn capability(identity: &Identity, device: DeviceId, sha256: Sha256, expires_at: i64) -> [u8; 16] {
    let mut mac =
        Hmac::<sha2::Sha256>::new_from_slice(&identity.nonces).expect("HMAC takes a key of any length");
    mac.update(b"kerbside/upload/1");
    mac.update(&device.0);
    mac.update(&sha256.0);
    mac.update(&expires_at.to_be_bytes());
    let mut capability = [0; 16];
    for (to, from) in capability.iter_mut().zip(mac.finalize().into_bytes()) {
        *to = from;
    }
    capability
}
