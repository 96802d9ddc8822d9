//! What was found wrong and put right, for the officer to read and for the server to be told of; and what a
//! comparison with the server still asks for.

use super::Store;
use anyhow::{Context, Result};
use kerbside_core::ids::{RecordId, Sha256};
use rusqlite::params_from_iter;
use serde::Serialize;

/// What was done, as it is told to the server and said in words (`device.repair.<name>`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairKind {
    /// The server held another state of a record, and it was entered anew.
    RecordDiffered,
    /// The server held a record that was not here.
    RecordLacking,
    /// A record was here that is no longer ours to hold.
    RecordExtra,
    /// A record is here that the server knows nothing of. It is kept.
    RecordUnknown,
    /// What the server had confirmed of a record could not be read.
    BaseUnreadable,
    /// What is shown was made again from what is confirmed and what is pending.
    HeadRebuilt,
    /// A flipped bit of a change made here was found and turned back.
    ChangeMended,
    /// A change made here is not as it was saved, and nobody else has it. A person has to look.
    ChangeDamaged,
    /// A photo was fetched back from the server.
    PhotoFetched,
    /// A smaller copy of a photo was drawn again.
    PhotoRedrawn,
    /// A flipped bit of a photo's file was found and turned back.
    PhotoMended,
    /// A photo is not as it was taken, and the server does not have it. A person has to look.
    PhotoDamaged,
    /// A photo that the server no longer holds is sent again.
    PhotoSentAgain,
    /// Changes whose bytes went bad on the server were given back to it.
    ChangesGivenBack,
    /// A flipped bit of the database was found and turned back.
    VaultMended,
    /// The database could not be read: it was put aside, and what was readable was carried into a new one.
    VaultSalvaged,
}

impl RepairKind {
    pub const ALL: [(Self, &'static str); 16] = [
        (Self::RecordDiffered, "record_differed"),
        (Self::RecordLacking, "record_lacking"),
        (Self::RecordExtra, "record_extra"),
        (Self::RecordUnknown, "record_unknown"),
        (Self::BaseUnreadable, "base_unreadable"),
        (Self::HeadRebuilt, "head_rebuilt"),
        (Self::ChangeMended, "change_mended"),
        (Self::ChangeDamaged, "change_damaged"),
        (Self::PhotoFetched, "photo_fetched"),
        (Self::PhotoRedrawn, "photo_redrawn"),
        (Self::PhotoMended, "photo_mended"),
        (Self::PhotoDamaged, "photo_damaged"),
        (Self::PhotoSentAgain, "photo_sent_again"),
        (Self::ChangesGivenBack, "changes_given_back"),
        (Self::VaultMended, "vault_mended"),
        (Self::VaultSalvaged, "vault_salvaged"),
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("record_differed", |(_, name)| name)
    }

    fn named(name: &str) -> Self {
        Self::ALL.iter().find(|(_, known)| *known == name).map_or(Self::RecordDiffered, |(kind, _)| *kind)
    }

    /// Whether a person has to do something about it.
    #[must_use]
    pub fn needs_you(self) -> bool {
        matches!(self, Self::ChangeDamaged | Self::PhotoDamaged | Self::RecordUnknown)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepairRow {
    pub number: i64,
    pub at_ms: i64,
    pub kind: RepairKind,
    pub record: Option<RecordId>,
    pub photo: Option<Sha256>,
    pub done_ms: Option<i64>,
}

/// What a repair is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct About {
    pub record: Option<RecordId>,
    pub photo: Option<Sha256>,
}

impl From<RecordId> for About {
    fn from(record: RecordId) -> Self {
        Self { record: Some(record), photo: None }
    }
}

impl From<Sha256> for About {
    fn from(photo: Sha256) -> Self {
        Self { record: None, photo: Some(photo) }
    }
}

const REPAIR: &str = "SELECT number, noticed_ms, kind, record, photo, done_ms FROM repair";

fn repair_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<RepairRow> {
    Ok(RepairRow {
        number: row.get(0)?,
        at_ms: row.get(1)?,
        kind: RepairKind::named(&row.get::<_, String>(2)?),
        record: row.get::<_, Option<[u8; 16]>>(3)?.map(RecordId),
        photo: row.get::<_, Option<[u8; 32]>>(4)?.map(Sha256),
        done_ms: row.get(5)?,
    })
}

impl Store {
    /// Something put right.
    pub fn note_repair(&self, kind: RepairKind, about: impl Into<About>, now_ms: i64) -> Result<()> {
        self.insert_repair(kind, about.into(), now_ms, Some(now_ms))
    }

    /// Something to be put right by what the server will send. Noticed once until it is done.
    pub fn ask_repair(&self, kind: RepairKind, record: RecordId, now_ms: i64) -> Result<()> {
        let open = self
            .connection
            .prepare_cached("SELECT COUNT(*) FROM repair WHERE record = ?1 AND done_ms IS NULL")?
            .query_row([record.0], |row| row.get::<_, i64>(0))
            .context("Look for what is asked already")?;
        if open == 0 { self.insert_repair(kind, record.into(), now_ms, None) } else { Ok(()) }
    }

    fn insert_repair(&self, kind: RepairKind, about: About, now_ms: i64, done_ms: Option<i64>) -> Result<()> {
        // From the clock, so that a vault that began anew goes on above what it told of before.
        self.connection
            .prepare_cached(
                "INSERT INTO repair (number, noticed_ms, kind, record, photo, done_ms)
                 VALUES (MAX(?1, (SELECT COALESCE(MAX(number), 0) + 1 FROM repair)), ?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((
                now_ms,
                kind.name(),
                about.record.map(|record| record.0),
                about.photo.map(|photo| photo.0),
                done_ms,
            ))
            .context("Note a repair")?;
        Ok(())
    }

    /// Whether this was said before of this record.
    pub fn has_noted(&self, kind: RepairKind, record: RecordId) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM repair WHERE kind = ?1 AND record = ?2)")?
            .query_row((kind.name(), record.0), |row| row.get(0))
            .context("Look for a repair")
    }

    pub fn has_noted_photo(&self, kind: RepairKind, photo: Sha256) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM repair WHERE kind = ?1 AND photo = ?2)")?
            .query_row((kind.name(), photo.0), |row| row.get(0))
            .context("Look for a repair")
    }

    /// What was asked for has come, or does not come because it is not ours.
    pub fn finish_repairs(&self, asked: &[RecordId], now_ms: i64) -> Result<()> {
        let mut finish = self
            .connection
            .prepare_cached("UPDATE repair SET done_ms = ?2 WHERE record = ?1 AND done_ms IS NULL")?;
        for record in asked {
            finish.execute((record.0, now_ms)).context("Note that a repair is done")?;
        }
        Ok(())
    }

    /// Newest first.
    pub fn repairs(&self) -> Result<Vec<RepairRow>> {
        self.repair_rows(&format!("{REPAIR} ORDER BY number DESC"))
    }

    pub fn untold_repairs(&self) -> Result<Vec<RepairRow>> {
        self.repair_rows(&format!(
            "{REPAIR} WHERE told = 0 AND done_ms IS NOT NULL ORDER BY number LIMIT 500"
        ))
    }

    fn repair_rows(&self, sql: &str) -> Result<Vec<RepairRow>> {
        self.connection
            .prepare_cached(sql)?
            .query_map((), repair_row)?
            .collect::<Result<_, _>>()
            .context("List repairs")
    }

    pub fn mark_repairs_told(&self, told: &[i64]) -> Result<()> {
        let places = vec!["?"; told.len()].join(", ");
        self.connection
            .execute(
                &format!("UPDATE repair SET told = 1 WHERE number IN ({places})"),
                params_from_iter(told),
            )
            .context("Note which repairs were told")?;
        Ok(())
    }

    pub fn compared_ms(&self) -> Result<i64> {
        self.connection
            .prepare_cached("SELECT at_ms FROM comparison WHERE one = 1")?
            .query_row((), |row| row.get(0))
            .context("Read when records were compared")
    }

    pub fn set_compared(&self, now_ms: i64) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE comparison SET at_ms = ?1 WHERE one = 1")?
            .execute([now_ms])
            .context("Note when records were compared")?;
        Ok(())
    }

    /// Every record that the server has confirmed here, in the order of ids and one at a time.
    pub fn each_base(&self, mut look: impl FnMut(RecordId, &[u8])) -> Result<()> {
        self.each_record(|row| {
            if let Some(base) = row.base.filter(|_| !row.leaving) {
                look(row.id, &base);
            }
            Ok(())
        })
    }

    /// Every record as shown, in the order of ids and one at a time.
    pub fn each_head(&self, mut look: impl FnMut(RecordId, &[u8])) -> Result<()> {
        self.each_record(|row| {
            look(row.id, &row.head);
            Ok(())
        })
    }
}
