//! Photos held, and their way to the server.

use super::{Store, from_row, to_row};
use anyhow::{Context, Result};
use kerbside_core::ids::{RecordId, Sha256};
use rusqlite::OptionalExtension;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoRow {
    pub sha256: Sha256,
    pub key: [u8; 32],
    pub bytes: u64,
    pub kind: String,
    pub width: u32,
    pub height: u32,
    pub added_ms: i64,
}

impl PhotoRow {
    /// Whether it has smaller copies to show; a recording or a document has none.
    #[must_use]
    pub fn is_picture(&self) -> bool {
        self.width != 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadState {
    Saved,
    Sending,
    Received,
    Safe,
    Refused,
}

impl UploadState {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Sending => "sending",
            Self::Received => "received",
            Self::Safe => "safe",
            Self::Refused => "refused",
        }
    }

    /// On the server, as its signed receipt says.
    #[must_use]
    pub fn arrived(self) -> bool {
        match self {
            Self::Received | Self::Safe => true,
            Self::Saved | Self::Sending | Self::Refused => false,
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "sending" => Self::Sending,
            "received" => Self::Received,
            "safe" => Self::Safe,
            "refused" => Self::Refused,
            _ => Self::Saved,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRow {
    pub record: RecordId,
    pub sha256: Sha256,
    pub bytes: u64,
    pub url: Option<String>,
    pub sent: u64,
    pub state: UploadState,
    pub reason: Option<String>,
    pub since_ms: i64,
    pub received_ms: Option<i64>,
    /// A restored server was not asked yet whether it still has it.
    pub doubted: bool,
    /// The officer was told of the refusal and has put it away.
    pub seen: bool,
    /// A person let it go whatever it costs.
    pub let_go: bool,
}

const UPLOAD: &str =
    "SELECT upload.record, upload.sha256, photo.bytes, upload.url, upload.sent, upload.state,
    upload.reason, upload.since_ms, upload.received_ms, upload.doubted, upload.seen, upload.let_go
    FROM upload JOIN photo ON photo.sha256 = upload.sha256";

fn upload_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<UploadRow> {
    Ok(UploadRow {
        record: RecordId(row.get(0)?),
        sha256: Sha256(row.get(1)?),
        bytes: from_row(row.get(2)?),
        url: row.get(3)?,
        sent: from_row(row.get(4)?),
        state: UploadState::named(&row.get::<_, String>(5)?),
        reason: row.get(6)?,
        since_ms: row.get(7)?,
        received_ms: row.get(8)?,
        doubted: row.get(9)?,
        seen: row.get(10)?,
        let_go: row.get(11)?,
    })
}

fn photo_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<PhotoRow> {
    Ok(PhotoRow {
        sha256: Sha256(row.get(0)?),
        key: row.get(1)?,
        bytes: from_row(row.get(2)?),
        kind: row.get(3)?,
        width: row.get(4)?,
        height: row.get(5)?,
        added_ms: row.get(6)?,
    })
}

const PHOTO: &str = "SELECT sha256, key, bytes, kind, width, height, added_ms FROM photo";

impl Store {
    pub fn insert_photo(&self, photo: &PhotoRow) -> Result<()> {
        let PhotoRow { sha256, key, bytes, kind, width, height, added_ms } = photo;
        self.connection
            .prepare_cached(
                "INSERT INTO photo (sha256, key, bytes, kind, width, height, added_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (sha256) DO NOTHING",
            )?
            .execute((sha256.0, key, to_row(*bytes), kind, width, height, added_ms))
            .context("Keep a photo's row")?;
        Ok(())
    }

    pub fn photo(&self, sha256: Sha256) -> Result<Option<PhotoRow>> {
        self.connection
            .prepare_cached(&format!("{PHOTO} WHERE sha256 = ?1"))?
            .query_row([sha256.0], photo_row)
            .optional()
            .context("Read a photo's row")
    }

    pub fn photos(&self) -> Result<Vec<PhotoRow>> {
        self.connection
            .prepare_cached(&format!("{PHOTO} ORDER BY sha256"))?
            .query_map((), photo_row)?
            .collect::<Result<_, _>>()
            .context("List photos")
    }

    /// Whether any draft or record still names it.
    pub fn photo_is_named(&self, sha256: Sha256) -> Result<bool> {
        self.connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM draft_photo WHERE sha256 = ?1)
                     OR EXISTS (SELECT 1 FROM upload WHERE sha256 = ?1)",
            )?
            .query_row([sha256.0], |row| row.get(0))
            .context("Look for who names a photo")
    }

    pub fn delete_photo(&self, sha256: Sha256) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM photo WHERE sha256 = ?1")?
            .execute([sha256.0])
            .context("Delete a photo's row")?;
        Ok(())
    }

    pub fn insert_upload(&self, record: RecordId, sha256: Sha256, since_ms: i64) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO upload (record, sha256, since_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (record, sha256) DO NOTHING",
            )?
            .execute((record.0, sha256.0, since_ms))
            .context("Queue a photo")?;
        Ok(())
    }

    pub fn uploads(&self) -> Result<Vec<UploadRow>> {
        self.connection
            .prepare_cached(&format!("{UPLOAD} ORDER BY upload.since_ms, upload.rowid"))?
            .query_map((), upload_row)?
            .collect::<Result<_, _>>()
            .context("List photos on their way")
    }

    pub fn uploads_of(&self, record: RecordId) -> Result<Vec<UploadRow>> {
        self.connection
            .prepare_cached(&format!(
                "{UPLOAD} WHERE upload.record = ?1 ORDER BY upload.since_ms, upload.rowid"
            ))?
            .query_map([record.0], upload_row)?
            .collect::<Result<_, _>>()
            .context("List a record's photos on their way")
    }

    pub fn set_upload_url(&self, record: RecordId, sha256: Sha256, url: Option<&str>) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE upload SET url = ?3, state = 'sending' WHERE record = ?1 AND sha256 = ?2",
            )?
            .execute((record.0, sha256.0, url))
            .context("Keep where a photo is sent")?;
        Ok(())
    }

    pub fn set_upload_sent(&self, record: RecordId, sha256: Sha256, sent: u64) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE upload SET sent = ?3 WHERE record = ?1 AND sha256 = ?2")?
            .execute((record.0, sha256.0, to_row(sent)))
            .context("Keep how much of a photo was sent")?;
        Ok(())
    }

    /// Nobody waits for it now. How far it had come is kept, should somebody yet.
    pub fn rest_upload(&self, record: RecordId, sha256: Sha256) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE upload SET state = 'saved' WHERE record = ?1 AND sha256 = ?2 AND state = 'sending'",
            )?
            .execute((record.0, sha256.0))
            .context("Keep that a photo is not on its way")?;
        Ok(())
    }

    pub fn settle_upload(
        &self,
        (record, sha256): (RecordId, Sha256),
        state: UploadState,
        receipt: &[u8],
        at_ms: i64,
    ) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE upload SET state = ?3, receipt = ?4, received_ms = ?5, reason = NULL, url = NULL
                 WHERE record = ?1 AND sha256 = ?2",
            )?
            .execute((record.0, sha256.0, state.name(), receipt, at_ms))
            .context("Keep a photo's receipt")?;
        Ok(())
    }

    pub fn refuse_upload(&self, record: RecordId, sha256: Sha256, reason: &str) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE upload SET state = 'refused', reason = ?3, url = NULL WHERE record = ?1 AND sha256 = ?2")?
            .execute((record.0, sha256.0, reason))
            .context("Keep why a photo was refused")?;
        Ok(())
    }

    pub fn put_away_refused_photos(&self, record: RecordId) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE upload SET seen = 1 WHERE record = ?1 AND state = 'refused'")?
            .execute([record.0])
            .context("Put a refused photo away")?;
        Ok(())
    }

    /// A server that lost time may have lost photos: those it had are asked about again.
    pub fn doubt_uploads(&self) -> Result<()> {
        self.connection
            .execute(
                "UPDATE upload SET doubted = state IN ('received', 'safe'), ask_safe = 0, state = 'saved', url = NULL,
                     sent = 0 WHERE state IN ('sending', 'received', 'safe') OR doubted = 1",
                (),
            )
            .context("Doubt the photos that were received")?;
        Ok(())
    }

    /// A restored server was asked about a photo: it has it, or it is sent again.
    pub fn settle_doubt(&self, sha256: Sha256, is_there: bool) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE upload SET doubted = 0, ask_safe = ?2, state = CASE WHEN ?2 THEN 'received' ELSE 'saved' END
                 WHERE sha256 = ?1 AND doubted = 1",
            )?
            .execute((sha256.0, is_there))
            .context("Keep whether the server has a photo")?;
        Ok(())
    }

    /// There is a new backup: whether it holds the photos that were received is asked once.
    pub fn ask_for_photos(&self) -> Result<()> {
        self.connection
            .execute("UPDATE upload SET ask_safe = 1 WHERE state = 'received'", ())
            .context("Note what to ask of a backup")?;
        Ok(())
    }

    pub fn photos_to_ask(&self, most: u32) -> Result<Vec<Sha256>> {
        self.connection
            .prepare_cached(
                "SELECT DISTINCT sha256 FROM upload WHERE ask_safe = 1 AND state = 'received' ORDER BY sha256 LIMIT ?1",
            )?
            .query_map([most], |row| row.get(0).map(Sha256))?
            .collect::<Result<_, _>>()
            .context("List the photos to ask a backup for")
    }

    /// The answer for photos that were asked about: those in a backup are safe, the others wait for the next one.
    pub fn settle_asked(&self, asked: &[Sha256], safe: &[Sha256]) -> Result<()> {
        let mut settle = self.connection.prepare_cached(
            "UPDATE upload SET ask_safe = 0, state = CASE WHEN ?2 THEN 'safe' ELSE state END
             WHERE sha256 = ?1 AND state = 'received'",
        )?;
        for sha256 in asked {
            settle.execute((sha256.0, safe.contains(sha256))).context("Keep that a photo is in a backup")?;
        }
        Ok(())
    }

    /// The server has lost these bytes, whatever record they were sent for.
    pub fn unsettle_upload(&self, sha256: Sha256) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE upload SET state = 'saved', url = NULL, sent = 0, received_ms = NULL, receipt = NULL
                 WHERE sha256 = ?1",
            )?
            .execute([sha256.0])
            .context("Send a photo again")?;
        Ok(())
    }

    /// Those that only the server holds beside us stay until a backup has them.
    pub fn delete_uploads_of(&self, record: RecordId) -> Result<Vec<Sha256>> {
        self.connection
            .prepare_cached("DELETE FROM upload WHERE record = ?1 AND state <> 'received' RETURNING sha256")?
            .query_map([record.0], |row| row.get(0).map(Sha256))?
            .collect::<Result<_, _>>()
            .context("Forget a record's photos")
    }

    pub fn delete_upload(&self, record: RecordId, sha256: Sha256) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM upload WHERE record = ?1 AND sha256 = ?2")?
            .execute((record.0, sha256.0))
            .context("Forget a photo of a record")?;
        Ok(())
    }

    /// Photos that outstayed their record and are in a backup now, or that nobody will take.
    pub fn delete_outstayed_uploads(&self) -> Result<Vec<Sha256>> {
        self.connection
            .prepare_cached(
                "DELETE FROM upload WHERE state IN ('safe', 'refused')
                     AND NOT EXISTS (SELECT 1 FROM record WHERE record.id = upload.record) RETURNING sha256",
            )?
            .query_map((), |row| row.get(0).map(Sha256))?
            .collect::<Result<_, _>>()
            .context("Forget photos whose record left")
    }
}
