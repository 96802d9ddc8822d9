//! Where records are, for looking nearby: derived, and worked out again after every change.

use super::Store;
use super::blocks::BlockReader;
use super::records::{RECORD, ROW, placed_row};
use crate::store::RecordRow;
use anyhow::{Context, Result};
use kerbside_core::ids::RecordId;
use kerbside_core::nearby::Around;

/// A record's form and place in ten-millionths of a degree, where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    pub record: RecordId,
    pub form: String,
    pub place: Option<(i32, i32)>,
}

impl Store {
    /// Whether the place of some record is not worked out: every spot is of a record that is there.
    pub fn lacks_spots(&self) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT (SELECT COUNT(*) FROM spot) < (SELECT COUNT(*) FROM record)")?
            .query_row((), |row| row.get(0))
            .context("Count spots")
    }

    /// Records after this row whose place is not worked out, so many at most, one at a time: as they came, so that those of a
    /// block are side by side. The row of the last.
    pub fn each_without_spot(
        &self,
        after: i64,
        most: u32,
        mut look: impl FnMut(RecordRow) -> Result<()>,
    ) -> Result<Option<i64>> {
        let mut blocks = BlockReader::new(self);
        let mut read = self.connection.prepare_cached(&format!(
            "{RECORD} WHERE rowid > ?1 AND NOT EXISTS (SELECT 1 FROM spot WHERE spot.record = record.id)
             ORDER BY rowid LIMIT ?2"
        ))?;
        let mut rows = read.query((after, most))?;
        let mut last = None;
        while let Some(row) = rows.next().context("Read a record without a spot")? {
            last = Some(row.get(ROW)?);
            look(blocks.filled(placed_row(row)?)?)?;
        }
        Ok(last)
    }

    pub fn put_spot(&self, spot: &Spot) -> Result<()> {
        let Spot { record, form, place } = spot;
        let (lat, lon) = place.unwrap_or_default();
        self.connection
            .prepare_cached(
                "INSERT INTO spot (record, form, placed, lat_e7, lon_e7) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (record) DO UPDATE SET form = excluded.form, placed = excluded.placed,
                     lat_e7 = excluded.lat_e7, lon_e7 = excluded.lon_e7",
            )?
            .execute((record.0, form, place.is_some(), lat, lon))
            .context("Keep where a record is")?;
        Ok(())
    }

    /// Records of a form, or of any, within a box, with their places.
    pub fn spots_in(&self, form: Option<&str>, around: Around) -> Result<Vec<(RecordId, (i32, i32))>> {
        let Around { lat, lon } = around;
        self.connection
            .prepare_cached(
                "SELECT record, lat_e7, lon_e7 FROM spot
                 WHERE placed = 1 AND form IN (SELECT ?1 UNION SELECT form FROM spot WHERE ?1 IS NULL) AND lat_e7 BETWEEN ?2 AND ?3 AND lon_e7 BETWEEN ?4 AND ?5
                 ORDER BY record",
            )?
            .query_map((form, lat.0, lat.1, lon.0, lon.1), |row| {
                Ok((RecordId(row.get(0)?), (row.get(1)?, row.get(2)?)))
            })?
            .collect::<Result<_, _>>()
            .context("Look for records nearby")
    }
}
