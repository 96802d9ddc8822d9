//! How much there is of everything, for `/metrics`.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Store;
use super::returning::newest_backup;
use super::taking::{HELD, LOG_CHANGE, LOG_CUT, REFUSED};
use super::trust::{self, Period, Trust};
use crate::values;

#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub changes: u64,
    pub held: u64,
    pub refused: BTreeMap<String, u64>,
    pub photos: u64,
    pub photos_waiting: u64,
    pub records: u64,
    pub devices: u64,
    pub last_commit_at: i64,
    /// The same numbers as the trust page, of all time.
    pub trust: Trust,
}

impl Store {
    pub fn counts(&mut self) -> Result<Counts> {
        self.connection.snapshot(|tx| {
            let mut count = |sql: &str, values: &[super::Sql]| -> Result<u64> {
                Ok(u64::try_from(tx.one(sql, values)?.find_int(0)?.unwrap_or(0))?)
            };
            let mut counts = Counts {
                changes: count(
                    "SELECT COUNT(*) FROM log WHERE kind IN ($1, $2)",
                    values![LOG_CHANGE, LOG_CUT],
                )?,
                held: count("SELECT COUNT(*) FROM dot WHERE verdict = $1", values![HELD])?,
                photos: count("SELECT COUNT(*) FROM photo", &[])?,
                photos_waiting: count(
                    "SELECT COUNT(DISTINCT sha256) FROM photo_named WHERE sent_at IS NULL",
                    &[],
                )?,
                records: count("SELECT COUNT(*) FROM record", &[])?,
                devices: count("SELECT COUNT(*) FROM device WHERE revoked_at IS NULL", &[])?,
                ..Counts::default()
            };
            let (last, beat) =
                (tx.one("SELECT MAX(received_at) FROM dot", &[])?, tx.one("SELECT at FROM heartbeat", &[])?);
            counts.last_commit_at = last.find_int(0)?.unwrap_or(0).max(beat.int(0)?);
            trust::count_changes(tx, Period::ALL, &mut counts.trust)?;
            counts.trust.devices = trust::devices(tx)?;
            counts.trust.backup_ms = newest_backup(tx)?;
            let open =
                tx.one("SELECT CAST(SUM(two_answers) AS BIGINT) FROM record WHERE two_answers > 0", &[])?;
            counts.trust.conflicts_open = u32::try_from(open.find_int(0)?.unwrap_or(0))?;
            let refused = tx
                .query("SELECT code, COUNT(*) FROM dot WHERE verdict = $1 GROUP BY code", values![REFUSED])?;
            for row in refused {
                counts.refused.insert(row.text(0)?, u64::try_from(row.int(1)?)?);
            }
            Ok(counts)
        })
    }
}
