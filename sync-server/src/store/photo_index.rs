//! What a search for photos reads: each photo of a record with its form, its officer, when and where it was taken. It
//! repeats what records say, and is written with them.

use anyhow::Result;
use kerbside_core::change::PhotoFacts;
use kerbside_core::ids::{OfficerId, RecordId, Sha256};
use kerbside_core::record::{Record, Stamp};
use kerbside_core::redact::REDACTED;

use super::case_index;
use super::connection::Connection;
use super::value::Row;
use crate::values;

/// A camera's clock may be a day ahead of ours by its time zone; what is later than that it made up.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    sha256: Sha256,
    form: String,
    officer: OfficerId,
    at: i64,
    /// In ten-millionths of a degree.
    place: Option<(i32, i32)>,
}

/// Every photo of a record as the index has it, in the order of their hashes.
pub(super) fn of(state: &Record) -> Vec<Entry> {
    let own = case_index::place_of(state).map(|point| (point.lat_e7, point.lon_e7));
    let mut entries: Vec<Entry> = Vec::new();
    for (_, photo, stamp, facts) in state.photos() {
        let is_picture = facts.kind.is_empty() || facts.kind.starts_with("image/");
        if facts.kind == REDACTED || !is_picture || entries.iter().any(|entry| entry.sha256 == photo) {
            continue;
        }
        entries.push(Entry {
            sha256: photo,
            form: state.form().to_owned(),
            officer: stamp.officer,
            at: taken_at(stamp, facts),
            place: facts.lat_e7.zip(facts.lon_e7).or(own),
        });
    }
    entries.sort();
    entries
}

fn taken_at(stamp: Stamp, facts: &PhotoFacts) -> i64 {
    let said = facts.taken_at.filter(|at| 0 < *at && *at < stamp.at_ms.saturating_add(DAY_MS));
    said.unwrap_or(stamp.at_ms)
}

pub(super) fn read(tx: &mut Connection, record: RecordId) -> Result<Vec<Entry>> {
    let rows = tx.query(
        "SELECT sha256, form, officer, at, lat, lon FROM photo_index WHERE record = $1 ORDER BY sha256",
        values![record],
    )?;
    rows.iter().map(entry).collect()
}

fn entry(row: &Row) -> Result<Entry> {
    let degrees = |value: Option<i64>| value.map(i32::try_from).transpose();
    Ok(Entry {
        sha256: Sha256(row.bytes(0)?),
        form: row.text(1)?,
        officer: OfficerId(row.u32(2)?),
        at: row.int(3)?,
        place: degrees(row.find_int(4)?)?.zip(degrees(row.find_int(5)?)?),
    })
}

/// Brings the index up to what the record says now. A record that never had a photo costs nothing.
pub(super) fn write(tx: &mut Connection, record: RecordId, state: &Record) -> Result<()> {
    if state.photos_ever().next().is_none() {
        return Ok(());
    }
    let wanted = of(state);
    if read(tx, record)? == wanted {
        return Ok(());
    }
    tx.execute("DELETE FROM photo_index WHERE record = $1", values![record])?;
    for entry in wanted {
        tx.execute(
            "INSERT INTO photo_index (record, sha256, form, officer, at, lat, lon) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            values![
                record,
                entry.sha256,
                entry.form,
                entry.officer,
                entry.at,
                entry.place.map(|(lat, _)| i64::from(lat)),
                entry.place.map(|(_, lon)| i64::from(lon))
            ],
        )?;
    }
    Ok(())
}
