//! The numbers that show whether the promise was kept, for any period, computed from what is stored. They name records by
//! their references and never say what is in them.

use std::collections::BTreeMap;

use anyhow::Result;
use kerbside_core::ids::{DeviceId, Dot, Epoch, OfficerId, RecordId, Sha256};
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::losses;
use super::people::Officer;
use super::returning::newest_backup;
use super::taking::{ACCEPTED, DUPLICATE, FLAGGED, HELD, REFUSED};
use super::value::{Row, Sql};
use crate::auth::{Action, Target, authorise};
use crate::values;

const HOUR_MS: i64 = 3_600_000;
const PAGE: u32 = 100;
/// The verdict on a change whose bytes neither side has any more.
pub(super) const MISSING: i64 = 5;

/// From when to when, milliseconds since 1970, the end left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from_ms: i64,
    pub to_ms: i64,
}

impl Period {
    pub const ALL: Self = Self { from_ms: 0, to_ms: i64::MAX };
}

/// What was received in a period and what became of it, and how things stand now.
#[derive(Debug, Clone, Default, Serialize, TS)]
#[ts(export)]
pub struct Trust {
    /// Changes from devices.
    pub received: u32,
    /// Of those, covered by a head that its device signed and this server answered with a receipt.
    pub receipts_issued: u32,
    /// Of those, the device has shown since that it holds the receipt.
    pub receipts_confirmed: u32,
    /// Received once and held by nobody any more.
    pub missing: u32,
    /// What came again, and was not taken twice.
    pub duplicates_refused: u32,
    pub taken: u32,
    /// Taken, and someone should look.
    pub flagged: u32,
    /// Kept until something they build on arrives.
    pub held: u32,
    pub refused: u32,
    pub refused_by_code: BTreeMap<String, u32>,
    /// Waiting for someone in the office to decide.
    pub in_review: u32,
    /// Questions with two answers, now.
    pub conflicts_open: u32,
    pub photos_named: u32,
    pub photos_received: u32,
    pub devices: Vec<DeviceTrust>,
    /// When the newest backup that was read back was made.
    #[ts(type = "number | null")]
    pub backup_ms: Option<i64>,
    #[ts(type = "number")]
    pub last_commit_ms: i64,
}

/// What a device said of itself when it last called.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct DeviceTrust {
    pub device: DeviceId,
    pub short_code: String,
    pub officer: OfficerId,
    #[ts(type = "number")]
    pub last_seen_ms: i64,
    pub unsent: u32,
    #[ts(type = "number | null")]
    pub oldest_unsent_ms: Option<i64>,
    pub revoked: bool,
}

/// One thing behind a number.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct TrustLine {
    #[ts(type = "number")]
    pub at_ms: i64,
    pub record: RecordId,
    pub office_reference: Option<String>,
    pub device: Option<String>,
    pub officer: OfficerId,
    /// The change, or the photo's hash.
    pub dot: Option<String>,
    pub hash: Sha256,
    /// Why, for what was refused or flagged.
    pub code: Option<String>,
    /// For what came twice: the change that is kept.
    pub same_as: Option<String>,
    /// For what is missing: what proves that it was here.
    pub receipt: Option<LossReceipt>,
}

/// The last receipt that a device held for what neither it nor this server has any more, as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct LossReceipt {
    /// Everything of this device up to here had been received.
    #[ts(type = "number")]
    pub through: u64,
    pub chain: Sha256,
    /// The life of the server that signed it.
    pub epoch: Epoch,
    /// The whole of it, base64.
    pub signed: String,
}

#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct TrustPage {
    pub lines: Vec<TrustLine>,
    /// What `after` takes for the page that follows.
    pub next: Option<u32>,
}

/// The numbers that have lines behind them.
fn verdicts_of(what: &str) -> Option<&'static [i64]> {
    Some(match what {
        "received" => &[ACCEPTED, FLAGGED, HELD, DUPLICATE, REFUSED, MISSING],
        "missing" => &[MISSING],
        "duplicates" => &[DUPLICATE],
        "flagged" => &[FLAGGED],
        "held" => &[HELD],
        "refused" => &[REFUSED],
        _ => return None,
    })
}

impl Store {
    pub fn trust(&mut self, officer: &Officer, period: Period) -> Result<Trust> {
        may_look(officer)?;
        self.connection.snapshot(|tx| {
            let mut trust = Trust::default();
            count_changes(tx, period, &mut trust)?;
            count_photos(tx, period, &mut trust)?;
            let row =
                tx.one("SELECT CAST(SUM(two_answers) AS BIGINT) FROM record WHERE two_answers > 0", &[])?;
            trust.conflicts_open = u32::try_from(row.find_int(0)?.unwrap_or(0))?;
            trust.devices = devices(tx)?;
            let last = tx.one("SELECT MAX(received_at) FROM dot", &[])?;
            trust.last_commit_ms = last.find_int(0)?.unwrap_or(0);
            trust.backup_ms = newest_backup(tx)?;
            Ok(trust)
        })
    }

    /// What stands behind one of the numbers, the newest first.
    pub fn trust_lines(
        &mut self,
        officer: &Officer,
        what: &str,
        period: Period,
        after: u32,
    ) -> Result<TrustPage> {
        may_look(officer)?;
        self.connection.snapshot(|tx| {
            let rows = match what {
                "photos" => photos_due(tx, period, after)?,
                what => {
                    let verdicts =
                        verdicts_of(what).ok_or_else(|| Problem::new(Code::NotFound, "no such number"))?;
                    changes(tx, verdicts, period, after)?
                }
            };
            let is_full = rows.len() == usize::try_from(PAGE)?;
            let mut lines = rows.iter().map(line).collect::<Result<Vec<_>>>()?;
            if what == "missing" {
                losses::prove(tx, &mut lines)?;
            }
            Ok(TrustPage { lines, next: is_full.then_some(after + PAGE) })
        })
    }
}

fn may_look(officer: &Officer) -> Result<(), Problem> {
    if authorise(officer, Action::ReadTrust, Target::Council).is_allowed() {
        return Ok(());
    }
    Err(Problem::new(Code::NotAllowed, "this role does not read the trust page"))
}

pub(super) fn count_changes(tx: &mut Connection, period: Period, trust: &mut Trust) -> Result<()> {
    let rows = tx.query(
        "SELECT d.verdict, d.code, COUNT(*), \
         SUM(CASE WHEN d.counter <= COALESCE(h.newest, 0) THEN 1 ELSE 0 END), \
         SUM(CASE WHEN d.counter <= a.receipted THEN 1 ELSE 0 END) \
         FROM dot d JOIN actor a ON a.id = d.actor AND a.device IS NOT NULL \
         LEFT JOIN (SELECT actor, MAX(counter) AS newest FROM head GROUP BY actor) h ON h.actor = d.actor \
         WHERE d.received_at >= $1 AND d.received_at < $2 GROUP BY d.verdict, d.code",
        values![period.from_ms, period.to_ms],
    )?;
    for row in rows {
        let (verdict, code, n) = (row.int(0)?, row.text(1)?, u32::try_from(row.int(2)?)?);
        trust.received += n;
        trust.receipts_issued += u32::try_from(row.int(3)?)?;
        trust.receipts_confirmed += u32::try_from(row.int(4)?)?;
        match verdict {
            FLAGGED => trust.flagged += n,
            HELD => trust.held += n,
            DUPLICATE => trust.duplicates_refused += n,
            MISSING => trust.missing += n,
            REFUSED if code == Code::InReview.name() => trust.in_review += n,
            REFUSED => {
                trust.refused += n;
                *trust.refused_by_code.entry(code).or_default() += n;
            }
            _ => {}
        }
        trust.taken += if matches!(verdict, ACCEPTED | FLAGGED) { n } else { 0 };
    }
    let hours = (period.from_ms / HOUR_MS, period.to_ms / HOUR_MS);
    let again = tx.one(
        "SELECT CAST(SUM(repeats) AS BIGINT) FROM repeat_tally WHERE hour >= $1 AND hour < $2",
        values![hours.0, hours.1.max(hours.0 + 1)],
    )?;
    trust.duplicates_refused += u32::try_from(again.find_int(0)?.unwrap_or(0))?;
    // Counters have no gaps: one that is not here was received and is gone.
    let row = tx.one(
        "SELECT (SELECT CAST(COALESCE(SUM(last_counter), 0) AS BIGINT) FROM actor) - (SELECT COUNT(*) FROM dot)",
        &[],
    )?;
    trust.missing += u32::try_from(row.int(0)?.max(0))?;
    Ok(())
}

fn count_photos(tx: &mut Connection, period: Period, trust: &mut Trust) -> Result<()> {
    let row = tx.one(
        "SELECT COUNT(*), SUM(CASE WHEN n.sent_at IS NOT NULL THEN 1 ELSE 0 END) FROM photo_named n \
         JOIN log l ON l.seq = n.named_seq WHERE l.received_at >= $1 AND l.received_at < $2",
        values![period.from_ms, period.to_ms],
    )?;
    trust.photos_named = u32::try_from(row.int(0)?)?;
    trust.photos_received = u32::try_from(row.find_int(1)?.unwrap_or(0))?;
    Ok(())
}

pub(super) fn devices(tx: &mut Connection) -> Result<Vec<DeviceTrust>> {
    let rows = tx.query(
        "SELECT id, short_code, officer, last_seen_at, unsent, oldest_unsent_at, revoked_at FROM device \
         ORDER BY COALESCE(oldest_unsent_at, 9000000000000000), short_code",
        &[],
    )?;
    rows.iter()
        .map(|row| {
            Ok(DeviceTrust {
                device: DeviceId(row.bytes(0)?),
                short_code: row.text(1)?,
                officer: OfficerId(row.u32(2)?),
                last_seen_ms: row.int(3)?,
                unsent: row.u32(4)?,
                oldest_unsent_ms: row.find_int(5)?,
                revoked: row.find_int(6)?.is_some(),
            })
        })
        .collect()
}

fn changes(tx: &mut Connection, verdicts: &[i64], period: Period, after: u32) -> Result<Vec<Row>> {
    let mut values = values![period.from_ms, period.to_ms].to_vec();
    let places: Vec<String> = verdicts
        .iter()
        .map(|verdict| {
            values.push(Sql::from(*verdict));
            format!("${}", values.len())
        })
        .collect();
    values.extend(values![PAGE, after].iter().cloned());
    let (limit, offset) = (values.len() - 1, values.len());
    let sql = format!(
        "SELECT d.received_at, d.record, r.office_reference, v.short_code, a.officer, d.hash, d.code, d.actor, d.counter, \
         d.other_actor, d.other_counter FROM dot d JOIN actor a ON a.id = d.actor JOIN device v ON v.id = a.device \
         LEFT JOIN record r ON r.id = d.record WHERE d.received_at >= $1 AND d.received_at < $2 \
         AND d.verdict IN ({}) ORDER BY d.received_at DESC, d.actor, d.counter DESC LIMIT ${limit} OFFSET ${offset}",
        places.join(", ")
    );
    tx.query(&sql, &values)
}

fn photos_due(tx: &mut Connection, period: Period, after: u32) -> Result<Vec<Row>> {
    tx.query(
        "SELECT l.received_at, n.record, r.office_reference, v.short_code, a.officer, n.sha256, '', NULL, NULL, NULL, NULL \
         FROM photo_named n JOIN log l ON l.seq = n.named_seq JOIN actor a ON a.id = n.actor \
         JOIN device v ON v.id = a.device LEFT JOIN record r ON r.id = n.record \
         WHERE n.sent_at IS NULL AND l.received_at >= $1 AND l.received_at < $2 \
         ORDER BY l.received_at DESC, n.sha256 LIMIT $3 OFFSET $4",
        values![period.from_ms, period.to_ms, PAGE, after],
    )
}

fn line(row: &Row) -> Result<TrustLine> {
    let dot = |actor: usize, counter: usize| -> Result<Option<String>> {
        let (Some(actor), Some(counter)) = (row.find_int(actor)?, row.find_int(counter)?) else {
            return Ok(None);
        };
        let actor = kerbside_core::ids::Actor(u32::try_from(actor)?);
        Ok(Some(Dot { actor, counter: u64::try_from(counter)? }.to_string()))
    };
    Ok(TrustLine {
        at_ms: row.int(0)?,
        record: RecordId(row.bytes(1)?),
        office_reference: row.text(2).ok(),
        device: row.text(3).ok(),
        officer: OfficerId(row.u32(4)?),
        hash: Sha256(row.bytes(5)?),
        code: Some(row.text(6)?).filter(|code| !code.is_empty()),
        dot: dot(7, 8)?,
        same_as: dot(9, 10)?,
        receipt: None,
    })
}
