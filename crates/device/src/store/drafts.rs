//! Drafts: what is being typed, as typed.

use super::Store;
use anyhow::{Context as _, Result};
use kerbside_core::cbor;
use kerbside_core::change::{Context, PhotoFacts};
use kerbside_core::ids::{RecordId, RowId, Sha256};
use rusqlite::OptionalExtension;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftRow {
    pub id: RowId,
    pub form: String,
    pub form_version: u32,
    /// The version it was begun on, where it was moved to another since.
    pub begun_on: Option<u32>,
    pub record: Option<RecordId>,
    pub started_ms: i64,
    pub saved_ms: i64,
}

/// One answer that was in front of the officer when the draft was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub field: String,
    pub context: Context,
    pub answer: String,
}

const DRAFT: &str = "SELECT id, form, form_version, begun_on, record, started_ms, saved_ms FROM draft";

fn draft_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<DraftRow> {
    Ok(DraftRow {
        id: RowId(row.get(0)?),
        form: row.get(1)?,
        form_version: row.get(2)?,
        begun_on: Some(row.get(3)?).filter(|version| *version != 0),
        record: row.get::<_, Option<[u8; 16]>>(4)?.map(RecordId),
        started_ms: row.get(5)?,
        saved_ms: row.get(6)?,
    })
}

impl Store {
    pub fn insert_draft(&self, draft: &DraftRow, seen: &[Seen]) -> Result<()> {
        let DraftRow { id, form, form_version, begun_on, record, started_ms, saved_ms } = draft;
        let record = record.map(|record| record.0);
        self.connection
            .prepare_cached(
                "INSERT INTO draft (id, form, form_version, begun_on, record, started_ms, saved_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute((id.0, form, form_version, begun_on.unwrap_or(0), record, started_ms, saved_ms))
            .context("Begin a draft")?;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO draft_seen (draft, field, context, answer) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for Seen { field, context, answer } in seen {
            insert.execute((id.0, field, cbor::encode(context), answer)).context("Keep what was seen")?;
        }
        Ok(())
    }

    pub fn draft(&self, id: RowId) -> Result<Option<DraftRow>> {
        self.connection
            .prepare_cached(&format!("{DRAFT} WHERE id = ?1"))?
            .query_row([id.0], draft_row)
            .optional()
            .context("Read a draft")
    }

    pub fn drafts(&self) -> Result<Vec<DraftRow>> {
        self.connection
            .prepare_cached(&format!("{DRAFT} ORDER BY saved_ms DESC, id"))?
            .query_map((), draft_row)?
            .collect::<Result<_, _>>()
            .context("List drafts")
    }

    pub fn draft_of_record(&self, record: RecordId) -> Result<Option<RowId>> {
        self.connection
            .prepare_cached("SELECT id FROM draft WHERE record = ?1 ORDER BY saved_ms DESC LIMIT 1")?
            .query_row([record.0], |row| row.get(0).map(RowId))
            .optional()
            .context("Find the draft of a record")
    }

    pub fn put_draft_answer(&self, draft: RowId, field: &str, answer: &str, at_ms: i64) -> Result<()> {
        self.put_answer_from((draft, false), field, answer)?;
        self.touch_draft(draft, at_ms)
    }

    /// An answer that the form itself gave.
    pub fn put_given_answer(&self, draft: RowId, field: &str, answer: &str) -> Result<()> {
        self.put_answer_from((draft, true), field, answer)
    }

    fn put_answer_from(&self, (draft, by_form): (RowId, bool), field: &str, answer: &str) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO draft_answer (draft, field, answer, by_form) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (draft, field) DO UPDATE SET answer = excluded.answer, by_form = excluded.by_form",
            )?
            .execute((draft.0, field, answer, by_form))
            .context("Keep an answer")?;
        Ok(())
    }

    pub fn draft_answers(&self, draft: RowId) -> Result<Vec<(String, String)>> {
        self.connection
            .prepare_cached("SELECT field, answer FROM draft_answer WHERE draft = ?1 ORDER BY field")?
            .query_map([draft.0], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()
            .context("Read a draft's answers")
    }

    /// The fields whose answer the form gave and nobody has touched.
    pub fn given_answers(&self, draft: RowId) -> Result<Vec<String>> {
        self.connection
            .prepare_cached("SELECT field FROM draft_answer WHERE draft = ?1 AND by_form = 1 ORDER BY field")?
            .query_map([draft.0], |row| row.get(0))?
            .collect::<Result<_, _>>()
            .context("Read which answers the form gave")
    }

    pub fn move_draft(&self, draft: RowId, begun_on: u32, to: u32) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE draft SET form_version = ?3, begun_on = ?2 WHERE id = ?1")?
            .execute((draft.0, begun_on, to))
            .context("Move a draft to another version")?;
        Ok(())
    }

    /// The record this vault saved last with a form, to offer what was answered then.
    pub fn last_record_of(&self, form: &str) -> Result<Option<RecordId>> {
        self.connection
            .prepare_cached(
                "SELECT c.record FROM own_change c JOIN record r ON r.id = c.record WHERE r.form = ?1
                 ORDER BY c.saved_ms DESC, c.counter DESC LIMIT 1",
            )?
            .query_row([form], |row| row.get(0).map(RecordId))
            .optional()
            .context("Find what was saved last")
    }

    pub fn draft_seen(&self, draft: RowId) -> Result<Vec<Seen>> {
        let rows: Vec<(String, Vec<u8>, String)> = self
            .connection
            .prepare_cached("SELECT field, context, answer FROM draft_seen WHERE draft = ?1 ORDER BY field")?
            .query_map([draft.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()
            .context("Read what was seen")?;
        rows.into_iter()
            .map(|(field, context, answer)| {
                let context = cbor::decode(&context).context("Read what was seen")?;
                Ok(Seen { field, context, answer })
            })
            .collect()
    }

    pub fn all_seen(&self) -> Result<Vec<(RowId, Seen)>> {
        let mut all = Vec::new();
        for draft in self.drafts()? {
            all.extend(self.draft_seen(draft.id)?.into_iter().map(|seen| (draft.id, seen)));
        }
        Ok(all)
    }

    pub fn replace_seen_context(&self, draft: RowId, field: &str, context: &Context) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE draft_seen SET context = ?3 WHERE draft = ?1 AND field = ?2")?
            .execute((draft.0, field, cbor::encode(context)))
            .context("Rewrite what was seen")?;
        Ok(())
    }

    /// Its answers and photo rows go with it.
    pub fn delete_draft(&self, draft: RowId) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM draft WHERE id = ?1")?
            .execute([draft.0])
            .context("Delete a draft")?;
        Ok(())
    }

    pub fn add_draft_photo(
        &self,
        draft: RowId,
        field: &str,
        photo: Sha256,
        facts: &PhotoFacts,
        at_ms: i64,
    ) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO draft_photo (draft, field, sha256, facts, added_ms) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (draft, field, sha256) DO NOTHING",
            )?
            .execute((draft.0, field, photo.0, cbor::encode(facts), at_ms))
            .context("Add a photo to a draft")?;
        self.touch_draft(draft, at_ms)
    }

    pub fn draft_photos(&self, draft: RowId) -> Result<Vec<(String, Sha256, PhotoFacts, i64)>> {
        let rows: Vec<(String, [u8; 32], Vec<u8>, i64)> = self
            .connection
            .prepare_cached(
                "SELECT field, sha256, facts, added_ms FROM draft_photo WHERE draft = ?1 ORDER BY added_ms, sha256",
            )?
            .query_map([draft.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
            .collect::<Result<_, _>>()
            .context("Read a draft's photos")?;
        rows.into_iter()
            .map(|(field, sha256, facts, added_ms)| {
                let facts = cbor::decode(&facts).context("Read a photo's facts")?;
                Ok((field, Sha256(sha256), facts, added_ms))
            })
            .collect()
    }

    pub fn remove_draft_photo(&self, draft: RowId, photo: Sha256, at_ms: i64) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM draft_photo WHERE draft = ?1 AND sha256 = ?2")?
            .execute((draft.0, photo.0))
            .context("Take a photo out of a draft")?;
        self.touch_draft(draft, at_ms)
    }

    fn touch_draft(&self, draft: RowId, at_ms: i64) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE draft SET saved_ms = ?2 WHERE id = ?1")?
            .execute((draft.0, at_ms))
            .context("Write when a draft was saved")?;
        Ok(())
    }
}
