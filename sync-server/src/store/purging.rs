//! What goes with a record when it goes for good. Its dots stay with their hashes: a repeat is still known for one, and
//! whoever was away is told what happened.

use anyhow::Result;
use kerbside_core::ids::{DeviceId, RecordId, Sha256};
use kerbside_core::problem::{Code, Problem};

use super::connection::Connection;
use super::taking::{HELD, REFUSED};
use super::{covers, gone};
use crate::values;

pub(super) fn require_known(tx: &mut Connection, record: RecordId) -> Result<()> {
    if gone::is_purged(tx, record)? {
        return Err(Problem::new(Code::RecordPurged, "it is gone already").into());
    }
    let known = tx.one(
        "SELECT (SELECT COUNT(*) FROM record WHERE id = $1) + (SELECT COUNT(*) FROM review WHERE record = $1)",
        values![record],
    )?;
    if known.int(0)? == 0 {
        return Err(Problem::new(Code::NotFound, "no such record").into());
    }
    Ok(())
}

pub(super) fn remove(tx: &mut Connection, record: RecordId) -> Result<()> {
    let photos = tx.query(
        "SELECT DISTINCT sha256 FROM photo_named WHERE record = $1 ORDER BY sha256",
        values![record],
    )?;
    for row in &photos {
        remove_photo(tx, record, Sha256(row.bytes(0)?))?;
    }
    let of_record = "IN (SELECT d.actor, d.counter FROM dot d WHERE d.record = $1)";
    tx.execute(
        "UPDATE dot SET verdict = $1, code = $2, other_actor = NULL, other_counter = NULL WHERE record = $3 \
         AND (verdict = $4 OR (verdict = $5 AND code = $6))",
        values![REFUSED, Code::RecordPurged.name(), record, HELD, REFUSED, Code::InReview.name()],
    )?;
    for table in ["set_aside", "residue", "body_missing"] {
        tx.execute(&format!("DELETE FROM {table} WHERE (actor, counter) {of_record}"), values![record])?;
    }
    for (table, column) in [
        ("review", "record"),
        ("log", "record"),
        ("cut", "record"),
        ("record_team", "record"),
        ("given_up_record", "record"),
        ("photo_pack", "record"),
        ("photo_index", "record"),
        ("case_index", "record"),
        ("record", "id"),
    ] {
        tx.execute(&format!("DELETE FROM {table} WHERE {column} = $1"), values![record])?;
    }
    Ok(())
}

/// A photo is in this record no longer; in none any more, its bytes go.
pub(super) fn remove_photo(tx: &mut Connection, record: RecordId, photo: Sha256) -> Result<()> {
    let uploads = tx.query(
        "DELETE FROM upload WHERE sha256 = $1 AND record = $2 RETURNING device",
        values![photo, record],
    )?;
    tx.execute("DELETE FROM photo_named WHERE record = $1 AND sha256 = $2", values![record, photo])?;
    covers::remove(tx, record, photo)?;
    let named = tx.one("SELECT COUNT(*) FROM photo_named WHERE sha256 = $1", values![photo])?;
    if 0 < named.int(0)? {
        return Ok(());
    }
    tx.execute("DELETE FROM photo WHERE sha256 = $1", values![photo])?;
    let mut devices = vec![vec![]];
    for row in &uploads {
        devices.push(DeviceId(row.bytes(0)?).0.to_vec());
    }
    for device in devices {
        tx.execute(
            "INSERT INTO photo_gone (sha256, device) VALUES ($1, $2) ON CONFLICT (sha256, device) DO NOTHING",
            values![photo, device],
        )?;
    }
    Ok(())
}
