//! Cameras that were opened, for as long as what they took is not settled.

use super::Store;
use anyhow::{Context, Result};
use kerbside_core::ids::RowId;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingCapture {
    pub draft: RowId,
    pub field: String,
    /// As in a photo's facts.
    pub way: u8,
    pub since_ms: i64,
}

impl Store {
    /// One that is open already keeps its time, so that what it took is still found.
    pub fn insert_capture(&self, capture: &PendingCapture) -> Result<()> {
        let PendingCapture { draft, field, way, since_ms } = capture;
        self.connection
            .prepare_cached(
                "INSERT INTO pending_capture (draft, field, way, since_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (draft, field) DO UPDATE SET way = excluded.way",
            )?
            .execute((draft.0, field, way, since_ms))
            .context("Note that a camera opens")?;
        Ok(())
    }

    /// The newest first.
    pub fn captures(&self) -> Result<Vec<PendingCapture>> {
        self.connection
            .prepare_cached(
                "SELECT draft, field, way, since_ms FROM pending_capture ORDER BY since_ms DESC, field",
            )?
            .query_map((), |row| {
                Ok(PendingCapture {
                    draft: RowId(row.get(0)?),
                    field: row.get(1)?,
                    way: row.get(2)?,
                    since_ms: row.get(3)?,
                })
            })?
            .collect::<Result<_, _>>()
            .context("List the cameras that were opened")
    }

    pub fn delete_capture(&self, draft: RowId, field: &str) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM pending_capture WHERE draft = ?1 AND field = ?2")?
            .execute((draft.0, field))
            .context("Note that a camera is done with")?;
        Ok(())
    }
}
