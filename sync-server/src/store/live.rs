//! What is new since a number: the pokes that open screens listen to.

use anyhow::{Context, Result};
use kerbside_core::ids::RecordId;
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::records::keys;
use crate::values;

/// Something about this record is new: whoever shows it reads it again.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct Poke {
    #[ts(type = "number")]
    pub seq: i64,
    pub record: RecordId,
    pub form: String,
    pub team: String,
    /// The keys of everyone whose record it is; not told.
    #[serde(skip)]
    #[ts(skip)]
    pub keys: Vec<String>,
}

impl Store {
    /// The number of the log's newest entry.
    pub fn newest_seq(&mut self) -> Result<i64> {
        self.connection.one("SELECT seq FROM council WHERE id = 1", &[])?.int(0)
    }

    /// One poke for each record that anything happened to after `seq`, at most 500.
    pub fn pokes_since(&mut self, seq: i64) -> Result<Vec<Poke>> {
        self.connection
            .snapshot(|tx| {
                let rows = tx.query(
                    "SELECT MAX(l.seq), l.record, r.form FROM log l JOIN record r ON r.id = l.record \
                 WHERE l.seq > $1 GROUP BY l.record, r.form ORDER BY MAX(l.seq) LIMIT 500",
                    values![seq],
                )?;
                let mut pokes = Vec::new();
                for row in rows {
                    let record = RecordId(row.bytes(1)?);
                    let lately = tx.query(
                        "SELECT DISTINCT team, area FROM record_team WHERE record = $1 \
                     AND (until_seq IS NULL OR until_seq > $2) ORDER BY team, area",
                        values![record, seq],
                    )?;
                    let keys: Vec<String> = keys(&lately)?.into_iter().collect();
                    let team = keys.iter().find(|key| !key.starts_with('@')).cloned().unwrap_or_default();
                    let team = team.split('/').next().unwrap_or_default().to_owned();
                    pokes.push(Poke { seq: row.int(0)?, record, form: row.text(2)?, team, keys });
                }
                Ok(pokes)
            })
            .context("Reading what is new")
    }
}
