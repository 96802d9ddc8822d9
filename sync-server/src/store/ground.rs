//! The records of a tray on a map: each at the first place it names.

use anyhow::Result;
use serde::Serialize;
use ts_rs::TS;

use super::people::Officer;
use super::trays::{Filter, TrayLine, count, may_read};
use super::{Store, case_index, records};

/// As many as a screen draws at once; the newest come first.
const MOST_MARKS: u32 = 2_000;

/// A record with its place.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct CaseMark {
    pub line: TrayLine,
    pub lat: f64,
    pub lon: f64,
}

#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct MapPage {
    pub marks: Vec<CaseMark>,
    /// Records that say no place.
    pub without_place: u32,
    /// Older ones that were not looked at.
    pub left_out: u32,
}

impl Store {
    pub fn map_page(&mut self, officer: &Officer, key: &str) -> Result<MapPage> {
        may_read(officer)?;
        let filter = Filter::of(key)?;
        let lines = self.page(officer, &filter, None, MOST_MARKS)?.records;
        let listed = u32::try_from(lines.len())?;
        self.connection.snapshot(|tx| {
            let left_out = count(tx, officer, &filter)?.saturating_sub(listed);
            let mut page = MapPage { marks: Vec::new(), without_place: 0, left_out };
            for line in lines {
                let kept = records::load(tx, line.record)?;
                match kept.and_then(|kept| case_index::place_of(&kept.state)) {
                    Some(point) => page.marks.push(CaseMark {
                        line,
                        lat: f64::from(point.lat_e7) / 1e7,
                        lon: f64::from(point.lon_e7) / 1e7,
                    }),
                    None => page.without_place += 1,
                }
            }
            Ok(page)
        })
    }
}
