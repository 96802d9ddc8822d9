//! What is covered on photos: rows that are only added, of which the last counts. Whoever may not see an original may
//! cover more of it, and never less.

use anyhow::Result;
use kerbside_core::ids::{OfficerId, RecordId, Sha256};
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::people::Officer;
use super::records;
use super::taking::LOG_PHOTO;
use super::value::Row;
use crate::auth::{Action, Target, authorise};
use crate::photos::CoverBox;
use crate::values;

/// One drawing over a photo.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Cover {
    /// The original.
    pub sha256: Sha256,
    /// Of this photo of this record, from 1.
    pub number: u32,
    /// The copy that is shown instead; none where nothing is covered any more.
    pub covered: Option<Sha256>,
    pub boxes: Vec<CoverBox>,
    pub officer: OfficerId,
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// Who took the photos of a record away.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct PackTaken {
    pub officer: OfficerId,
    #[ts(type = "number")]
    pub at_ms: i64,
    pub photos: u32,
    /// How many of them are covered for others and were not in this pack.
    pub uncovered: u32,
}

/// What somebody who may see a photo is shown of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub sha256: Sha256,
    pub covered: Option<Sha256>,
    pub may_uncover: bool,
}

impl Shown {
    pub fn by_default(self) -> Sha256 {
        self.covered.unwrap_or(self.sha256)
    }
}

/// Who covers what, having seen which drawing of it: 0 where there was none.
#[derive(Debug, Clone, Copy)]
pub struct Covering<'a> {
    pub officer: &'a Officer,
    pub record: RecordId,
    pub sha256: Sha256,
    pub seen: u32,
}

impl Store {
    /// What this officer is shown of this photo. None where there is no such photo for them.
    pub fn shown_photo(
        &mut self,
        officer: &Officer,
        record: RecordId,
        sha256: Sha256,
    ) -> Result<Option<Shown>> {
        if !self.may_see_photo(officer, record, sha256)? {
            return Ok(None);
        }
        let keys = records::keys_now(&mut self.connection, record)?;
        Ok(Some(Shown {
            sha256,
            covered: last(&mut self.connection, record, sha256)?.and_then(|cover| cover.covered),
            may_uncover: authorise(officer, Action::SeeUncovered, Target::Record(&keys)).is_allowed(),
        }))
    }

    /// Whether these boxes may be drawn over the photo by this officer, before anything is.
    pub fn require_may_cover(&mut self, covering: Covering<'_>, boxes: &[CoverBox]) -> Result<()> {
        let Covering { officer, record, sha256, .. } = covering;
        let shown = self.shown_photo(officer, record, sha256)?;
        let shown = shown.ok_or_else(|| Problem::new(Code::NotFound, "no such photo in scope"))?;
        self.connection.snapshot(|tx| require(tx, covering, shown, boxes))
    }

    /// A copy is about to be written: it goes again at the next start, unless it was noted by then.
    pub fn expect_cover(&mut self, covered: Sha256) -> Result<()> {
        self.connection.transaction(|tx| {
            if is_kept(tx, covered)? {
                return Ok(());
            }
            tx.execute(
                "INSERT INTO photo_gone (sha256, device) VALUES ($1, $2) ON CONFLICT (sha256, device) DO NOTHING",
                values![covered, Vec::new()],
            )
            .map(|_| ())
        })
    }

    /// Notes what was drawn: the copy lies under its hash, or there are no boxes and none is needed.
    pub fn cover_photo(
        &mut self,
        now_ms: i64,
        covering: Covering<'_>,
        boxes: &[CoverBox],
        drawn: Option<(Sha256, u64)>,
    ) -> Result<Cover> {
        let Covering { officer, record, sha256, .. } = covering;
        let shown = self.shown_photo(officer, record, sha256)?;
        let shown = shown.ok_or_else(|| Problem::new(Code::NotFound, "no such photo in scope"))?;
        self.connection.transaction(|tx| {
            // First of all: two that draw at once are one after the other.
            let seq = tx.one("UPDATE council SET seq = seq + 1 WHERE id = 1 RETURNING seq", &[])?.int(0)?;
            require(tx, covering, shown, boxes)?;
            if let Some((covered, _)) = drawn {
                require_there(tx, covered)?;
            }
            let cover = Cover {
                sha256,
                number: covering.seen + 1,
                covered: drawn.map(|(covered, _)| covered),
                boxes: boxes.to_vec(),
                officer: officer.id,
                at_ms: now_ms,
            };
            tx.execute(
                "INSERT INTO photo_cover (record, sha256, number, covered, bytes, boxes, officer, at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                values![
                    record,
                    sha256,
                    cover.number,
                    cover.covered.map(|covered| covered.0.to_vec()).unwrap_or_default(),
                    i64::try_from(drawn.map_or(0, |(_, bytes)| bytes))?,
                    serde_json::to_string(boxes)?,
                    officer.id,
                    now_ms
                ],
            )?;
            // Open screens look again.
            tx.execute(
                "INSERT INTO log (seq, kind, record, received_at, body) VALUES ($1, $2, $3, $4, $5)",
                values![seq, LOG_PHOTO, record, now_ms, sha256],
            )?;
            Ok(cover)
        })
    }

    /// Notes that somebody takes a record's photos away.
    pub fn note_pack(
        &mut self,
        now_ms: i64,
        officer: &Officer,
        record: RecordId,
        counts: (u32, u32),
    ) -> Result<()> {
        self.connection.transaction(|tx| {
            tx.execute(
                "INSERT INTO photo_pack (record, at, officer, photos, uncovered) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (record, at, officer) DO NOTHING",
                values![record, now_ms, officer.id, counts.0, counts.1],
            )
            .map(|_| ())
        })
    }

    /// What a covered copy was drawn from, to draw it again.
    pub fn drawn_from(&mut self, covered: Sha256) -> Result<Option<(Sha256, Vec<CoverBox>)>> {
        let found = self.connection.find(
            "SELECT record, sha256, number, covered, boxes, officer, at FROM photo_cover WHERE covered = $1 \
             ORDER BY record, sha256, number LIMIT 1",
            values![covered],
        )?;
        Ok(found.map(|row| read(&row)).transpose()?.map(|cover| (cover.sha256, cover.boxes)))
    }

    /// Copies that must be in no backup any more.
    pub fn covers_gone(&mut self) -> Result<Vec<Sha256>> {
        let rows = self.connection.query("SELECT covered FROM cover_gone ORDER BY covered", &[])?;
        rows.iter().map(|row| Ok(Sha256(row.bytes(0)?))).collect()
    }
}

fn require(tx: &mut Connection, covering: Covering<'_>, shown: Shown, boxes: &[CoverBox]) -> Result<()> {
    let Covering { officer, record, sha256, seen } = covering;
    let keys = records::keys_now(tx, record)?;
    if !authorise(officer, Action::CoverPhoto, Target::Record(&keys)).is_allowed() {
        return Err(Problem::new(Code::NotAllowed, "this role covers nothing").into());
    }
    let before = last(tx, record, sha256)?;
    if before.as_ref().map_or(0, |cover| cover.number) != seen {
        return Err(Problem::new(Code::NewerAnswer, "somebody covered something since").into());
    }
    let before = before.map(|cover| cover.boxes).unwrap_or_default();
    if !shown.may_uncover && !before.iter().all(|covered| boxes.contains(covered)) {
        return Err(Problem::new(Code::NotAllowed, "nobody uncovers what they may not see").into());
    }
    if before == boxes {
        return Err(Problem::new(Code::NothingChanged, "the same boxes as before").into());
    }
    Ok(())
}

/// The file was written for this drawing or an earlier one, and nobody swept it away in between.
fn require_there(tx: &mut Connection, covered: Sha256) -> Result<()> {
    let awaited =
        tx.execute("DELETE FROM photo_gone WHERE sha256 = $1 AND device = $2", values![covered, Vec::new()])?;
    if awaited == 0 && !is_kept(tx, covered)? {
        return Err(Problem::new(Code::Busy, "the copy was swept away").into());
    }
    Ok(())
}

fn is_kept(tx: &mut Connection, covered: Sha256) -> Result<bool> {
    let row = tx.one(
        "SELECT (SELECT COUNT(*) FROM photo WHERE sha256 = $1) + (SELECT COUNT(*) FROM photo_cover WHERE covered = $1)",
        values![covered],
    )?;
    Ok(0 < row.int(0)?)
}

/// The drawing that counts.
pub(super) fn last(tx: &mut Connection, record: RecordId, sha256: Sha256) -> Result<Option<Cover>> {
    let found = tx.find(
        "SELECT record, sha256, number, covered, boxes, officer, at FROM photo_cover \
         WHERE record = $1 AND sha256 = $2 ORDER BY number DESC LIMIT 1",
        values![record, sha256],
    )?;
    found.map(|row| read(&row)).transpose()
}

/// Every drawing over a record's photos, the newest of each photo last.
pub(super) fn of_record(tx: &mut Connection, record: RecordId) -> Result<Vec<Cover>> {
    let rows = tx.query(
        "SELECT record, sha256, number, covered, boxes, officer, at FROM photo_cover \
         WHERE record = $1 ORDER BY sha256, number",
        values![record],
    )?;
    rows.iter().map(read).collect()
}

/// Who took the record's photos away, the latest first.
pub(super) fn packs(tx: &mut Connection, record: RecordId) -> Result<Vec<PackTaken>> {
    let rows = tx.query(
        "SELECT officer, at, photos, uncovered FROM photo_pack WHERE record = $1 ORDER BY at DESC, officer LIMIT 20",
        values![record],
    )?;
    let read = |row: &Row| {
        Ok(PackTaken {
            officer: OfficerId(row.u32(0)?),
            at_ms: row.int(1)?,
            photos: row.u32(2)?,
            uncovered: row.u32(3)?,
        })
    };
    rows.iter().map(read).collect()
}

/// The copies go with their photo, where they stand for no other.
pub(super) fn remove(tx: &mut Connection, record: RecordId, sha256: Sha256) -> Result<()> {
    let covers = of_record(tx, record)?.into_iter().filter(|cover| cover.sha256 == sha256);
    let copies: std::collections::BTreeSet<Sha256> = covers.filter_map(|cover| cover.covered).collect();
    tx.execute("DELETE FROM photo_cover WHERE record = $1 AND sha256 = $2", values![record, sha256])?;
    for covered in copies {
        if is_kept(tx, covered)? {
            continue;
        }
        tx.execute(
            "INSERT INTO photo_gone (sha256, device) VALUES ($1, $2) ON CONFLICT (sha256, device) DO NOTHING",
            values![covered, Vec::new()],
        )?;
        tx.execute(
            "INSERT INTO cover_gone (covered) VALUES ($1) ON CONFLICT (covered) DO NOTHING",
            values![covered],
        )?;
    }
    Ok(())
}

fn read(row: &Row) -> Result<Cover> {
    let covered = row.blob(3)?;
    Ok(Cover {
        sha256: Sha256(row.bytes(1)?),
        number: row.u32(2)?,
        covered: covered.try_into().ok().map(Sha256),
        boxes: serde_json::from_str(&row.text(4)?)?,
        officer: OfficerId(row.u32(5)?),
        at_ms: row.int(6)?,
    })
}
