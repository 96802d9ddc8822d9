//! What the officer chose for this device, and what its photos have used of the month.

use super::{Store, from_row, to_row};
use anyhow::{Context, Result};
use kerbside_core::ids::RecordId;
use rusqlite::OptionalExtension;

impl Store {
    pub fn setting(&self, name: &str) -> Result<Option<String>> {
        self.connection
            .prepare_cached("SELECT value FROM setting WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()
            .context("Read what was chosen")
    }

    pub fn put_setting(&self, name: &str, value: &str) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO setting (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            )?
            .execute((name, value))
            .context("Keep what was chosen")?;
        Ok(())
    }

    pub fn data_used(&self, month: &str) -> Result<u64> {
        let used = self
            .connection
            .prepare_cached("SELECT bytes FROM data_use WHERE month = ?1")?
            .query_row([month], |row| row.get(0))
            .optional()
            .context("Read what a month has used")?;
        Ok(used.map_or(0, from_row))
    }

    pub fn add_data_use(&self, month: &str, bytes: u64) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO data_use (month, bytes) VALUES (?1, ?2)
                 ON CONFLICT (month) DO UPDATE SET bytes = data_use.bytes + excluded.bytes",
            )?
            .execute((month, to_row(bytes)))
            .context("Count what a photo used")?;
        Ok(())
    }

    pub fn let_uploads_go(&self, record: RecordId) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE upload SET let_go = 1 WHERE record = ?1")?
            .execute([record.0])
            .context("Let a record's photos go")?;
        Ok(())
    }
}
