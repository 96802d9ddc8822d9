//! Records as confirmed (base) and as shown (head), with what lists need.

use super::Store;
use super::blocks::BlockReader;
use anyhow::{Context, Result};
use kerbside_core::ids::RecordId;
use rusqlite::{OptionalExtension, named_params};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    pub id: RecordId,
    pub form: String,
    pub form_version: u32,
    pub base: Option<Vec<u8>>,
    pub head: Vec<u8>,
    pub reference: Option<String>,
    pub office_reference: Option<String>,
    pub summary: String,
    pub status: Option<String>,
    pub created_ms: i64,
    pub changed_ms: i64,
    pub two_answers: u32,
    pub leaving: bool,
    pub wanted: bool,
    pub unconfirmed: bool,
    pub withdrawn: bool,
}

pub(super) const RECORD: &str =
    "SELECT id, form, form_version, base, head, reference, office_reference, summary, status,
    created_ms, changed_ms, two_answers, leaving, wanted, unconfirmed, withdrawn, block, place, rowid FROM record";
/// Which column of those is the row.
pub(super) const ROW: usize = 18;
/// For lists: nothing of what the records hold is read.
const LISTED: &str = "SELECT id, form, form_version, NULL, x'', reference, office_reference, summary, status,
    created_ms, changed_ms, two_answers, leaving, wanted, unconfirmed, withdrawn, NULL, 0 FROM record";

/// A row, and where its states lie if not in it.
pub(super) type Placed = (RecordRow, Option<i64>, i64);

pub(super) fn placed_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Placed> {
    Ok((record_row(row)?, row.get(16)?, row.get(17)?))
}

/// Head has no bytes where it is what base is.
pub(super) fn shown(mut row: RecordRow) -> RecordRow {
    if row.head.is_empty()
        && let Some(base) = &row.base
    {
        row.head.clone_from(base);
    }
    row
}

fn record_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<RecordRow> {
    Ok(RecordRow {
        id: RecordId(row.get(0)?),
        form: row.get(1)?,
        form_version: row.get(2)?,
        base: row.get(3)?,
        head: row.get(4)?,
        reference: row.get(5)?,
        office_reference: row.get(6)?,
        summary: row.get(7)?,
        status: row.get(8)?,
        created_ms: row.get(9)?,
        changed_ms: row.get(10)?,
        two_answers: row.get(11)?,
        leaving: row.get(12)?,
        wanted: row.get(13)?,
        unconfirmed: row.get(14)?,
        withdrawn: row.get(15)?,
    })
}

impl Store {
    pub fn put_record(&self, record: &RecordRow) -> Result<()> {
        self.leave_block(record.id)?;
        let is_settled = record.base.as_ref() == Some(&record.head);
        self.connection
            .prepare_cached(
                "INSERT INTO record (id, form, form_version, base, head, reference, office_reference, summary,
                     status, created_ms, changed_ms, two_answers, leaving, wanted, unconfirmed, withdrawn)
                 VALUES (:id, :form, :form_version, :base, :head, :reference, :office_reference, :summary,
                     :status, :created_ms, :changed_ms, :two_answers, :leaving, :wanted, :unconfirmed, :withdrawn)
                 ON CONFLICT (id) DO UPDATE SET form = excluded.form, form_version = excluded.form_version,
                     base = excluded.base, head = excluded.head, reference = excluded.reference,
                     office_reference = excluded.office_reference, summary = excluded.summary,
                     status = excluded.status, created_ms = excluded.created_ms, changed_ms = excluded.changed_ms,
                     two_answers = excluded.two_answers, leaving = excluded.leaving, wanted = excluded.wanted,
                     unconfirmed = excluded.unconfirmed, withdrawn = excluded.withdrawn,
                     left_block = COALESCE(record.block, record.left_block), block = NULL",
            )?
            .execute(named_params! {
                ":id": record.id.0,
                ":form": record.form,
                ":form_version": record.form_version,
                ":base": record.base,
                ":head": if is_settled { &[] } else { record.head.as_slice() },
                ":reference": record.reference,
                ":office_reference": record.office_reference,
                ":summary": record.summary,
                ":status": record.status,
                ":created_ms": record.created_ms,
                ":changed_ms": record.changed_ms,
                ":two_answers": record.two_answers,
                ":leaving": record.leaving,
                ":wanted": record.wanted,
                ":unconfirmed": record.unconfirmed,
                ":withdrawn": record.withdrawn,
            })
            .context("Keep a record")?;
        Ok(())
    }

    pub fn record(&self, id: RecordId) -> Result<Option<RecordRow>> {
        self.connection
            .prepare_cached(&format!("{RECORD} WHERE id = ?1"))?
            .query_row([id.0], placed_row)
            .optional()
            .context("Read a record")?
            .map(|placed| BlockReader::new(self).filled(placed))
            .transpose()
    }

    /// By one of the references people say aloud.
    pub fn record_by_reference(&self, reference: &str) -> Result<Option<RecordRow>> {
        self.connection
            .prepare_cached(&format!("{RECORD} WHERE reference = ?1 OR office_reference = ?1"))?
            .query_row([reference], placed_row)
            .optional()
            .context("Find a record by its reference")?
            .map(|placed| BlockReader::new(self).filled(placed))
            .transpose()
    }

    /// Newest first.
    pub fn records(&self) -> Result<Vec<RecordRow>> {
        let placed = self
            .connection
            .prepare_cached(&format!("{RECORD} ORDER BY changed_ms DESC, id"))?
            .query_map((), placed_row)?
            .collect::<Result<Vec<_>, _>>()
            .context("List records")?;
        let mut blocks = BlockReader::new(self);
        placed.into_iter().map(|placed| blocks.filled(placed)).collect()
    }

    /// Every record, in the order of ids and one at a time.
    pub fn each_record(&self, mut look: impl FnMut(RecordRow) -> Result<()>) -> Result<()> {
        let mut blocks = BlockReader::new(self);
        let mut read = self.connection.prepare_cached(&format!("{RECORD} ORDER BY id"))?;
        let mut rows = read.query(())?;
        while let Some(row) = rows.next().context("Read a record")? {
            look(blocks.filled(placed_row(row)?)?)?;
        }
        Ok(())
    }

    /// Newest first, without what they hold: base and head are empty.
    pub fn listed_records(&self) -> Result<Vec<RecordRow>> {
        self.connection
            .prepare_cached(&format!("{LISTED} ORDER BY changed_ms DESC, id"))?
            .query_map((), record_row)?
            .collect::<Result<_, _>>()
            .context("List records")
    }

    /// The record's line, made anew because its form has come.
    pub fn set_summary(&self, id: RecordId, summary: &str) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE record SET summary = ?2 WHERE id = ?1")?
            .execute((id.0, summary))
            .context("Write a record's line")?;
        Ok(())
    }

    pub fn has_record(&self, id: RecordId) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM record WHERE id = ?1)")?
            .query_row([id.0], |row| row.get(0))
            .context("Look for a record")
    }

    /// Whether any record here is named from `least` to `most`.
    pub fn has_record_between(&self, least: RecordId, most: RecordId) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM record WHERE id BETWEEN ?1 AND ?2)")?
            .query_row([least.0, most.0], |row| row.get(0))
            .context("Look for a record near others")
    }

    pub fn wanted_records(&self) -> Result<Vec<RecordId>> {
        self.connection
            .prepare_cached(
                "SELECT id FROM record WHERE wanted = 1
                 UNION SELECT record FROM repair WHERE done_ms IS NULL ORDER BY 1 LIMIT 100",
            )?
            .query_map((), |row| row.get(0).map(RecordId))?
            .collect::<Result<_, _>>()
            .context("List records to ask for")
    }

    /// A filling from nothing begins: what is confirmed now has to be confirmed again.
    pub fn doubt_records(&self) -> Result<()> {
        self.connection
            .execute("UPDATE record SET unconfirmed = 1 WHERE base IS NOT NULL OR block IS NOT NULL", ())
            .context("Doubt the records held")?;
        Ok(())
    }

    pub fn unconfirmed_records(&self) -> Result<Vec<RecordId>> {
        self.connection
            .prepare_cached("SELECT id FROM record WHERE unconfirmed = 1 ORDER BY id")?
            .query_map((), |row| row.get(0).map(RecordId))?
            .collect::<Result<_, _>>()
            .context("List records in doubt")
    }

    /// Asked for once: what is out of scope does not come and is not asked for again.
    pub fn clear_wanted(&self, asked: &[RecordId]) -> Result<()> {
        let mut clear = self.connection.prepare_cached("UPDATE record SET wanted = 0 WHERE id = ?1")?;
        for record in asked {
            clear.execute([record.0]).context("Note what was asked for")?;
        }
        Ok(())
    }

    pub fn leaving_records(&self) -> Result<Vec<RecordId>> {
        self.connection
            .prepare_cached("SELECT id FROM record WHERE leaving = 1 ORDER BY id")?
            .query_map((), |row| row.get(0).map(RecordId))?
            .collect::<Result<_, _>>()
            .context("List records that leave")
    }

    pub fn delete_record(&self, id: RecordId) -> Result<()> {
        self.take_block_apart(id)?;
        self.connection
            .prepare_cached("DELETE FROM record WHERE id = ?1")?
            .execute([id.0])
            .context("Forget a record")?;
        self.forget_said_if_read(id)
    }

    pub fn count_records(&self) -> Result<u32> {
        self.connection
            .prepare_cached("SELECT COUNT(*) FROM record")?
            .query_row((), |row| row.get(0))
            .context("Count records")
    }
}
