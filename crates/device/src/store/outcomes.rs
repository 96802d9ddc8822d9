//! What others chose over this officer's answers, and what of the journal has been put away.

use super::Store;
use anyhow::{Context, Result};
use kerbside_core::ids::{OfficerId, RecordId};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRow {
    pub field: String,
    /// Both as JSON.
    pub mine: String,
    pub kept: String,
    pub officer: OfficerId,
    pub at_ms: i64,
}

impl Store {
    pub fn put_outcome(&self, record: RecordId, outcome: &OutcomeRow) -> Result<()> {
        let OutcomeRow { field, mine, kept, officer, at_ms } = outcome;
        self.connection
            .prepare_cached(
                "INSERT INTO outcome (record, field, mine, kept, officer, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (record, field) DO UPDATE SET mine = excluded.mine, kept = excluded.kept,
                     officer = excluded.officer, at_ms = excluded.at_ms",
            )?
            .execute((record.0, field, mine, kept, officer.0, at_ms))
            .context("Keep what somebody chose")?;
        Ok(())
    }

    pub fn outcomes_of(&self, record: RecordId) -> Result<Vec<OutcomeRow>> {
        self.connection
            .prepare_cached(
                "SELECT field, mine, kept, officer, at_ms FROM outcome WHERE record = ?1 ORDER BY at_ms, field",
            )?
            .query_map([record.0], |row| {
                Ok(OutcomeRow {
                    field: row.get(0)?,
                    mine: row.get(1)?,
                    kept: row.get(2)?,
                    officer: OfficerId(row.get(3)?),
                    at_ms: row.get(4)?,
                })
            })?
            .collect::<Result<_, _>>()
            .context("Read what somebody chose")
    }

    /// How many each record has.
    pub fn outcome_counts(&self) -> Result<BTreeMap<RecordId, u32>> {
        self.connection
            .prepare_cached("SELECT record, COUNT(*) FROM outcome GROUP BY record")?
            .query_map((), |row| Ok((RecordId(row.get(0)?), row.get(1)?)))?
            .collect::<Result<_, _>>()
            .context("Count what others chose")
    }

    pub fn delete_outcomes_of(&self, record: RecordId) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM outcome WHERE record = ?1")?
            .execute([record.0])
            .context("Forget what somebody chose")?;
        Ok(())
    }

    /// When this kind of thing last happened and how often, what was read since left out.
    pub fn in_journal(&self, kind: &str) -> Result<Option<(i64, u32)>> {
        let (newest, count): (Option<i64>, u32) = self
            .connection
            .prepare_cached(
                "SELECT MAX(at_ms), COUNT(*) FROM journal WHERE kind = ?1
                     AND at_ms > COALESCE((SELECT at_ms FROM put_away WHERE kind = ?1), -1)",
            )?
            .query_row([kind], |row| Ok((row.get(0)?, row.get(1)?)))
            .context("Look into the journal")?;
        Ok(newest.map(|newest| (newest, count)))
    }

    pub fn put_away_of_journal(&self, kind: &str, at_ms: i64) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO put_away (kind, at_ms) VALUES (?1, ?2)
                 ON CONFLICT (kind) DO UPDATE SET at_ms = excluded.at_ms",
            )?
            .execute((kind, at_ms))
            .context("Put something of the journal away")?;
        Ok(())
    }
}
