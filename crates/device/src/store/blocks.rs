//! Records that came from the server and were not touched since lie in blocks: some dozens side by side, packed by
//! column and compressed, as their page brought them. A record that is written to leaves its block for good.

use super::Store;
use anyhow::{Context, Result};
use kerbside_core::ids::RecordId;
use kerbside_core::record::Leafing;
use rusqlite::{OptionalExtension, named_params};

/// How many records lie in one block: enough to compress, few enough to look one up.
pub const BLOCK_RECORDS: u64 = 32;
/// Smaller bodies are kept as they are.
const COMPRESS_FROM: usize = 4 * 1024;
const LEVEL: i32 = 3;
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// What lists show of a record whose states lie in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledRow {
    pub id: RecordId,
    pub form: String,
    pub form_version: u32,
    pub reference: Option<String>,
    pub office_reference: String,
    pub summary: String,
    pub status: Option<String>,
    pub created_ms: i64,
    pub changed_ms: i64,
    pub two_answers: u32,
    /// Which record of its block it is, from 0.
    pub place: u64,
}

impl Store {
    /// Keeps a page of records as a block, and these of them as rows. All of them are new here.
    pub fn put_block(&self, page: &[u8], rows: &[SettledRow]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let body = if page.len() < COMPRESS_FROM {
            page.to_vec()
        } else {
            zstd::bulk::compress(page, LEVEL).context("Compress a block")?
        };
        self.connection
            .prepare_cached("INSERT INTO block (held, body) VALUES (?1, ?2)")?
            .execute((i64::try_from(rows.len())?, body))
            .context("Keep a block")?;
        let block = self.connection.last_insert_rowid();
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO record (id, form, form_version, head, reference, office_reference, summary, status,
                 created_ms, changed_ms, two_answers, block, place)
             VALUES (:id, :form, :form_version, x'', :reference, :office_reference, :summary, :status,
                 :created_ms, :changed_ms, :two_answers, :block, :place)",
        )?;
        for row in rows {
            insert
                .execute(named_params! {
                    ":id": row.id.0,
                    ":form": row.form,
                    ":form_version": row.form_version,
                    ":reference": row.reference,
                    ":office_reference": row.office_reference,
                    ":summary": row.summary,
                    ":status": row.status,
                    ":created_ms": row.created_ms,
                    ":changed_ms": row.changed_ms,
                    ":two_answers": row.two_answers,
                    ":block": block,
                    ":place": i64::try_from(row.place)?,
                })
                .context("Keep a record of a block")?;
        }
        Ok(())
    }

    /// The record leaves its block, which goes with its last one.
    pub(super) fn leave_block(&self, record: RecordId) -> Result<()> {
        let held: Option<Option<i64>> = self
            .connection
            .prepare_cached("SELECT block FROM record WHERE id = ?1")?
            .query_row([record.0], |row| row.get(0))
            .optional()
            .context("Find a record's block")?;
        let Some(block) = held.flatten() else { return Ok(()) };
        self.connection
            .prepare_cached("UPDATE block SET held = held - 1 WHERE id = ?1")?
            .execute([block])
            .context("Leave a block")?;
        self.connection
            .prepare_cached("DELETE FROM block WHERE id = ?1 AND held <= 0")?
            .execute([block])
            .context("Clear an empty block")?;
        Ok(())
    }

    /// The state of one record of a block.
    pub(super) fn state_in(&self, block: i64, place: i64) -> Result<Vec<u8>> {
        let body = self.block(block)?;
        let mut leafing = Leafing::open(&body).context("Open a block")?;
        for _ in 0..place {
            leafing.advance().context("Leaf through a block")?;
        }
        let mark = leafing.mark();
        leafing.advance().context("Read a record of a block")?.context("The block is shorter")?;
        Ok(leafing.state_since(&mark))
    }

    /// The states of all records of a block.
    pub(super) fn states_in(&self, block: i64) -> Result<Vec<Vec<u8>>> {
        let body = self.block(block)?;
        let mut leafing = Leafing::open(&body).context("Open a block")?;
        let mut states = Vec::new();
        let mut mark = leafing.mark();
        while leafing.advance().context("Leaf through a block")?.is_some() {
            states.push(leafing.state_since(&mark));
            mark = leafing.mark();
        }
        Ok(states)
    }

    #[cfg(test)]
    pub fn count_blocks(&self) -> Result<u32> {
        Ok(self.connection.query_row("SELECT COUNT(*) FROM block", (), |row| row.get(0))?)
    }

    /// How many rows this connection has ever written.
    #[cfg(test)]
    pub fn writes(&self) -> u64 {
        self.connection.total_changes()
    }

    fn block(&self, block: i64) -> Result<Vec<u8>> {
        let body: Vec<u8> = self
            .connection
            .prepare_cached("SELECT body FROM block WHERE id = ?1")?
            .query_row([block], |row| row.get(0))
            .context("Read a block")?;
        if body.starts_with(&ZSTD_MAGIC) {
            return zstd::bulk::decompress(&body, BODY_LIMIT).context("Inflate a block");
        }
        Ok(body)
    }
}
