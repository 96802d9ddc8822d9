//! Records on the ground: where each of them is, for a map and for a list by distance.

use crate::save::answers_of;
use crate::show::WorkState;
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::form::Localised;
use kerbside_core::ids::RecordId;
use kerbside_core::value::Value;
use serde::Serialize;
use ts_rs::TS;

/// As many as a phone draws at once; the newest come first.
const MOST: usize = 2_000;

/// Records with a place.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Around {
    pub marks: Vec<RecordMark>,
    /// Records that say no place.
    pub without_place: u32,
    /// Older ones that were not looked at.
    pub left_out: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct RecordMark {
    pub record: RecordId,
    pub reference: Option<String>,
    pub title: Localised,
    pub summary: String,
    pub state: WorkState,
    #[ts(type = "number")]
    pub at_ms: i64,
    /// Whether this officer began it or wrote in it.
    pub mine: bool,
    pub lat: f64,
    pub lon: f64,
}

impl Vault {
    /// Every record that is not withdrawn, at the first place it names.
    pub fn around(&self) -> Result<Around> {
        let marks = self.store.marks()?;
        let rows: Vec<_> = self.store.listed_records()?.into_iter().filter(|row| !row.withdrawn).collect();
        let left_out = u32::try_from(rows.len().saturating_sub(MOST))?;
        let mut around = Around { marks: Vec::new(), without_place: 0, left_out };
        for row in rows.into_iter().take(MOST) {
            let Some((lat, lon)) = self.place_of(row.id)? else {
                around.without_place += 1;
                continue;
            };
            let mine = !self.store.changes_of(row.id)?.is_empty();
            let line = self.line(row, &marks)?;
            around.marks.push(RecordMark {
                record: line.record,
                reference: line.office_reference.or(line.reference),
                title: line.title,
                summary: line.summary,
                state: line.state,
                at_ms: line.at_ms,
                mine,
                lat,
                lon,
            });
        }
        Ok(around)
    }

    fn place_of(&self, record: RecordId) -> Result<Option<(f64, f64)>> {
        let Some(row) = self.store.record(record)? else { return Ok(None) };
        let answers = answers_of(&self.head_of(&row)?);
        Ok(answers.0.values().find_map(|value| {
            let Value::Place(place) = value else { return None };
            Some((f64::from(place.lat_e7) / 1e7, f64::from(place.lon_e7) / 1e7))
        }))
    }
}
