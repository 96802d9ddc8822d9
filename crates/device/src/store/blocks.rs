//! Records that came from the server and were not touched since lie in blocks: some dozens side by side, packed by
//! column and compressed, as their page brought them. A record that is written to leaves its block for good.

use super::Store;
use super::records::{Placed, RecordRow, shown};
use anyhow::{Context, Result};
use kerbside_core::ids::RecordId;
use kerbside_core::record::Leafing;
use rusqlite::{OptionalExtension, params};
use std::collections::VecDeque;

/// How many records lie in one block: enough to compress, few enough to look one up.
pub const BLOCK_RECORDS: u64 = 32;
const LEVEL: i32 = 1;
const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// How many blocks are kept open while many records are read.
const OPEN_BLOCKS: usize = 32;

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
    pub withdrawn: bool,
    /// Which record of its block it is, from 0.
    pub place: u64,
}

/// Compresses blocks, one after the other.
pub struct BlockPacker(zstd::bulk::Compressor<'static>);

impl std::fmt::Debug for BlockPacker {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("BlockPacker")
    }
}

impl BlockPacker {
    pub fn new() -> Result<Self> {
        let mut packer = zstd::bulk::Compressor::new(LEVEL).context("Open a compressor")?;
        packer.include_checksum(true).context("Ask for a checksum")?;
        Ok(Self(packer))
    }
}

impl Store {
    /// Keeps a page of records as a block, and these of them as rows. All of them are new here.
    pub fn put_block(&self, packer: &mut BlockPacker, page: &[u8], rows: &[SettledRow]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let body = packer.0.compress(page).context("Compress a block")?;
        self.connection
            .prepare_cached("INSERT INTO block (held, body) VALUES (?1, ?2)")?
            .execute((i64::try_from(rows.len())?, body))
            .context("Keep a block")?;
        let block = self.connection.last_insert_rowid();
        // By place and not by name: looking up the names took as long as the insert.
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO record (id, form, form_version, head, reference, office_reference, summary, status,
                 created_ms, changed_ms, two_answers, withdrawn, block, place)
             VALUES (?1, ?2, ?3, x'', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?;
        for row in rows {
            let place = i64::try_from(row.place)?;
            insert
                .execute(params![
                    row.id.0,
                    row.form,
                    row.form_version,
                    row.reference,
                    row.office_reference,
                    row.summary,
                    row.status,
                    row.created_ms,
                    row.changed_ms,
                    row.two_answers,
                    row.withdrawn,
                    block,
                    place,
                ])
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

    /// Every block that has anything of this record in it is taken apart, so that nothing stays where nobody looks: the
    /// one it lies in or lay in, and of those that an older app wrote any.
    pub fn break_blocks_with(&self, record: RecordId) -> Result<()> {
        let blocks: Vec<i64> = self
            .connection
            .prepare_cached(
                "SELECT b.id FROM record r JOIN block b ON b.id = COALESCE(r.block, r.left_block) WHERE r.id = ?1
                 UNION SELECT id FROM block WHERE old = 1",
            )?
            .query_map([record.0], |row| row.get(0))?
            .collect::<Result<_, _>>()
            .context("List the blocks of a record")?;
        for block in blocks {
            if self.states_in(block)?.iter().any(|(id, _)| *id == record) {
                self.break_block(block)?;
            }
        }
        Ok(())
    }

    /// The records of a block get their states into rows of their own.
    fn break_block(&self, block: i64) -> Result<()> {
        let records: Vec<RecordId> = self
            .connection
            .prepare_cached("SELECT id FROM record WHERE block = ?1 ORDER BY place")?
            .query_map([block], |row| row.get(0).map(RecordId))?
            .collect::<Result<_, _>>()
            .context("List a block's records")?;
        for record in records {
            if let Some(row) = self.record(record)? {
                self.put_record(&row)?;
            }
        }
        self.connection
            .prepare_cached("DELETE FROM block WHERE id = ?1")?
            .execute([block])
            .context("Clear a block")?;
        Ok(())
    }

    /// A record that goes takes its block with it: what it said must not lie on beside the others.
    pub(super) fn take_block_apart(&self, record: RecordId) -> Result<()> {
        self.break_blocks_with(record)?;
        // One that cannot be read keeps the others' rows in it.
        self.leave_block(record)
    }

    #[cfg(test)]
    pub fn count_blocks(&self) -> Result<u32> {
        Ok(self.connection.query_row("SELECT COUNT(*) FROM block", (), |row| row.get(0))?)
    }

    /// What a vault of an app before this is brought up to date as.
    #[cfg(test)]
    pub fn forget_who_left_blocks(&self) -> Result<()> {
        self.connection.execute_batch("UPDATE record SET left_block = NULL; UPDATE block SET old = 1")?;
        Ok(())
    }

    /// Flips one bit of every block.
    #[cfg(test)]
    pub fn flip_in_blocks(&self, bit: usize) -> Result<()> {
        let mut read = self.connection.prepare("SELECT id, body FROM block")?;
        let bodies: Vec<(i64, Vec<u8>)> =
            read.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        for (block, mut body) in bodies {
            let at = bit / 8 % body.len();
            body[at] ^= 1 << (bit % 8);
            self.connection.execute("UPDATE block SET body = ?2 WHERE id = ?1", (block, body))?;
        }
        Ok(())
    }

    /// How many rows this connection has ever written.
    #[cfg(test)]
    pub fn writes(&self) -> u64 {
        self.connection.total_changes()
    }

    /// The records of a block, by its number. Empty where it is gone or not as it was written.
    fn states_in(&self, block: i64) -> Result<States> {
        let body: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT body FROM block WHERE id = ?1")?
            .query_row([block], |row| row.get(0))
            .optional()
            .context("Read a block")?;
        let states = body.as_deref().and_then(leafed);
        if states.is_none() {
            tracing::error!(block, "A block of records cannot be read");
        }
        Ok(states.unwrap_or_default())
    }
}

/// Each record of a block and its state.
type States = Vec<(RecordId, Vec<u8>)>;

fn leafed(body: &[u8]) -> Option<States> {
    let page = zstd::bulk::decompress(body, BODY_LIMIT).ok()?;
    let mut leafing = Leafing::open(&page).ok()?;
    let mut states = Vec::new();
    let mut mark = leafing.mark();
    while let Some(outline) = leafing.advance().ok()? {
        states.push((outline.record?, leafing.state_since(&mark)));
        mark = leafing.mark();
    }
    Some(states)
}

/// Reads records out of blocks, several of which it keeps open: neighbours in any list lie in few of them.
pub(super) struct BlockReader<'s> {
    store: &'s Store,
    open: VecDeque<(i64, States)>,
}

impl<'s> BlockReader<'s> {
    pub fn new(store: &'s Store) -> Self {
        Self { store, open: VecDeque::new() }
    }

    /// The row with its states in it, wherever they lie. One that cannot be read is empty, which no state is.
    pub fn filled(&mut self, (mut row, block, place): Placed) -> Result<RecordRow> {
        if let Some(block) = block {
            let states = self.states_of(block)?;
            let there = usize::try_from(place).ok().and_then(|place| states.get(place));
            let state = there.filter(|(id, _)| *id == row.id).map(|(_, state)| state.clone());
            row.base = Some(state.unwrap_or_default());
        }
        Ok(shown(row))
    }

    fn states_of(&mut self, block: i64) -> Result<&States> {
        let at = match self.open.iter().position(|(number, _)| *number == block) {
            Some(at) => at,
            None => {
                if OPEN_BLOCKS <= self.open.len() {
                    self.open.pop_back();
                }
                self.open.push_front((block, self.store.states_in(block)?));
                0
            }
        };
        self.open.get(at).map(|(_, states)| states).context("A block that was opened is open")
    }
}
