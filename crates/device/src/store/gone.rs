//! Blanking and removing what was taken out for good.

use super::{OwnChange, Store, to_row};
use anyhow::{Context, Result};
use kerbside_core::change::ChangeBytes;
use kerbside_core::ids::{RecordId, RowId, Sha256};
use kerbside_core::planted::{self, Mutant};
use rusqlite::types::ValueRef;

impl Store {
    /// Keeps what is left of a change in place of what it was. What the office said of it may repeat what went.
    pub fn blank_change(&self, own: &OwnChange, left: &ChangeBytes) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE own_change SET bytes = ?3, residue = ?4 WHERE actor = ?1 AND counter = ?2",
            )?
            .execute((own.actor.0, to_row(own.counter), left.bytes(), left.hash().0))
            .context("Blank a change")?;
        if planted::is(Mutant::SaidOutlivesWords) {
            return Ok(());
        }
        self.forget_said((own.actor, own.counter))
    }

    /// What the officer had in front of them is an unanswered question now.
    pub fn blank_draft_seen(&self, draft: RowId, field: &str) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE draft_seen SET answer = 'null' WHERE draft = ?1 AND field = ?2")?
            .execute((draft.0, field))
            .context("Blank what was seen")?;
        Ok(())
    }

    pub fn delete_draft_answer(&self, draft: RowId, field: &str) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM draft_answer WHERE draft = ?1 AND field = ?2")?
            .execute((draft.0, field))
            .context("Blank an answer in a draft")?;
        Ok(())
    }

    pub fn delete_outcome(&self, record: RecordId, field: &str) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM outcome WHERE record = ?1 AND field = ?2")?
            .execute((record.0, field))
            .context("Forget what somebody chose")?;
        Ok(())
    }

    /// The photo is in this record no longer, nor in a draft of it. Whether it was.
    pub fn take_photo_out(&self, record: RecordId, photo: Sha256) -> Result<bool> {
        let drafts = self
            .connection
            .prepare_cached(
                "DELETE FROM draft_photo WHERE sha256 = ?2 AND draft IN (SELECT id FROM draft WHERE record = ?1)",
            )?
            .execute((record.0, photo.0))
            .context("Take a photo out of a draft")?;
        let uploads = self
            .connection
            .prepare_cached("DELETE FROM upload WHERE record = ?1 AND sha256 = ?2")?
            .execute((record.0, photo.0))
            .context("Take a photo out of a record")?;
        Ok(0 < drafts + uploads)
    }

    /// Whether the journal says that the record was removed for good.
    pub fn is_purged(&self, record: RecordId) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM journal WHERE kind = 'purged' AND detail = ?1)")?
            .query_row([record.to_string()], |row| row.get(0))
            .context("Look for a removed record")
    }

    /// Every text and every run of bytes in every table.
    pub fn each_cell(&self, look: &mut dyn FnMut(&str, &[u8])) -> Result<()> {
        let tables: Vec<String> = self
            .connection
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")?
            .query_map((), |row| row.get(0))?
            .collect::<Result<_, _>>()
            .context("List the tables")?;
        for table in tables {
            let mut read = self.connection.prepare(&format!("SELECT * FROM {table}"))?;
            let columns = read.column_count();
            let mut rows = read.query(())?;
            while let Some(row) = rows.next().context("Read a table")? {
                for column in 0..columns {
                    if let ValueRef::Text(cell) | ValueRef::Blob(cell) = row.get_ref(column)? {
                        look(&table, cell);
                    }
                }
            }
        }
        Ok(())
    }

    /// Nothing of what was blanked stays in the log beside the database.
    pub fn wipe(&self) -> Result<()> {
        self.connection
            .pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))
            .context("Empty the database's log")
    }
}
