//! Photos by place, date, form and officer: a page at a time, the newest first, of those whose bytes have come and whose
//! record the asker may read.

use std::collections::BTreeMap;

use anyhow::Result;
use kerbside_core::areas::outline::Outline;
use kerbside_core::form::Localised;
use kerbside_core::ids::{OfficerId, RecordId, Sha256};
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::packs::FormShelf;
use super::people::Officer;
use super::pull::scope_condition;
use super::trays::may_read;
use super::value::{Row, Sql};

/// The most that one page shows.
const MOST: u32 = 100;
/// The furthest that "near" reaches.
const FURTHEST_M: u32 = 20_000;
/// Ten-millionths of a degree of latitude to a metre.
const E7_A_METRE: f64 = 1e7 / 111_320.0;

/// What is looked for. Everything left out is any.
#[derive(Debug, Clone, Default)]
pub struct PhotoWish {
    pub place: Option<PlaceWish>,
    /// From this moment on, and before that one.
    pub from_ms: Option<i64>,
    pub to_ms: Option<i64>,
    pub form: Option<String>,
    pub officer: Option<OfficerId>,
    /// What the page before gave as `next`.
    pub after: Option<PhotoMark>,
    pub limit: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub enum PlaceWish {
    /// The code of one of the council's areas.
    Area(String),
    /// Between two corners.
    Box {
        west: f64,
        south: f64,
        east: f64,
        north: f64,
    },
    Near {
        lat: f64,
        lon: f64,
        metres: u32,
    },
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhotoMark {
    pub at: i64,
    pub record: RecordId,
    pub sha256: Sha256,
}

#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct PhotoPage {
    pub photos: Vec<FoundPhoto>,
    /// What `after` takes for the page that follows.
    pub next: Option<String>,
    /// With the first page, every form that can be asked for.
    #[ts(type = "Record<string, { en: string, cy?: string }>")]
    pub forms: BTreeMap<String, Localised>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct FoundPhoto {
    pub record: RecordId,
    pub office_reference: String,
    pub summary: String,
    pub form: String,
    #[ts(type = "{ en: string, cy?: string }")]
    pub title: Localised,
    pub sha256: Sha256,
    /// Its own hash, or that of the copy that is shown instead.
    pub shown: Sha256,
    pub officer: OfficerId,
    /// When it was taken, as far as its camera is believed.
    #[ts(type = "number")]
    pub at_ms: i64,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
}

/// How often a page looks further while what it finds lies outside the area.
const ROUNDS: usize = 20;

impl Store {
    /// The photos this officer may see of what is looked for. A page may hold fewer than were asked for and not be the last.
    pub fn find_photos(&mut self, officer: &Officer, wish: &PhotoWish) -> Result<PhotoPage> {
        may_read(officer)?;
        let outline = match &wish.place {
            Some(PlaceWish::Area(code)) => {
                let found = self.areas.area(&mut self.connection, code)?;
                Some(found.ok_or_else(|| Problem::new(Code::NotFound, "no such area"))?.outline)
            }
            Some(PlaceWish::Box { .. } | PlaceWish::Near { .. }) | None => None,
        };
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| {
            let mut page = PhotoPage { photos: Vec::new(), next: None, forms: BTreeMap::new() };
            let limit = usize::try_from(wish.limit.clamp(1, MOST))?;
            let mut after = wish.after;
            for _ in 0..ROUNDS {
                let rows = look(tx, officer, &PhotoWish { after, ..wish.clone() }, outline.as_ref())?;
                for row in &rows {
                    let photo = found(row, title(tx, forms, &row.text(3)?, row.u32(4)?)?)?;
                    after = Some(mark_of(&photo));
                    let is_there = outline.as_ref().is_none_or(|area| is_in(area, &photo));
                    if is_there && page.photos.len() < limit {
                        page.photos.push(photo);
                    }
                    if page.photos.len() == limit {
                        break;
                    }
                }
                let is_last = rows.len() < limit;
                let is_full = page.photos.len() == limit;
                page.next = if is_last && !is_full { None } else { after.map(PhotoMark::spell) };
                if is_last || is_full {
                    break;
                }
            }
            if wish.after.is_none() {
                page.forms = titles(tx, forms)?;
            }
            Ok(page)
        })
    }
}

/// The next rows of what is looked for; of an area those in its bounds.
fn look(
    tx: &mut Connection,
    officer: &Officer,
    wish: &PhotoWish,
    outline: Option<&Outline>,
) -> Result<Vec<Row>> {
    let mut values = vec![];
    let scope = scope_condition(officer, &mut values);
    let wanted = conditions(wish, outline, &mut values)?;
    values.push(Sql::from(wish.limit.clamp(1, MOST)));
    let sql = format!(
        "SELECT i.record, r.office_reference, r.summary, r.form, r.form_version, i.sha256, i.officer, i.at, i.lat, i.lon, \
         (SELECT c.covered FROM photo_cover c WHERE c.record = i.record AND c.sha256 = i.sha256 \
         ORDER BY c.number DESC LIMIT 1) \
         FROM photo_index i JOIN record r ON r.id = i.record \
         WHERE EXISTS (SELECT 1 FROM photo_named n WHERE n.record = i.record AND n.sha256 = i.sha256 \
         AND n.sent_at IS NOT NULL) \
         AND EXISTS (SELECT 1 FROM record_team t WHERE t.record = i.record AND t.until_seq IS NULL AND {scope}) \
         {wanted} ORDER BY i.at DESC, i.record DESC, i.sha256 DESC LIMIT ${}",
        values.len()
    );
    tx.query(&sql, &values)
}

fn is_in(area: &Outline, photo: &FoundPhoto) -> bool {
    photo.lat.zip(photo.lon).is_some_and(|(lat, lon)| area.holds(lat, lon))
}

fn title(tx: &mut Connection, forms: &mut FormShelf, form: &str, version: u32) -> Result<Localised> {
    let found = forms.nearest(tx, form, version)?;
    Ok(found.map_or(Localised { en: form.to_owned(), cy: None }, |form| form.title().clone()))
}

/// Every form that can be asked for.
pub(super) fn titles(tx: &mut Connection, forms: &mut FormShelf) -> Result<BTreeMap<String, Localised>> {
    let rows = tx.query("SELECT form, MAX(version) FROM form_version GROUP BY form ORDER BY form", &[])?;
    rows.iter().map(|row| Ok((row.text(0)?, title(tx, forms, &row.text(0)?, row.u32(1)?)?))).collect()
}

fn found(row: &Row, title: Localised) -> Result<FoundPhoto> {
    let degrees = |e7: Option<i64>| e7.and_then(|e7| i32::try_from(e7).ok()).map(|e7| f64::from(e7) / 1e7);
    let sha256 = Sha256(row.bytes(5)?);
    let covered = row.find_blob(10)?.and_then(|hash| hash.try_into().ok()).map(Sha256);
    Ok(FoundPhoto {
        record: RecordId(row.bytes(0)?),
        office_reference: row.text(1)?,
        summary: row.text(2)?,
        form: row.text(3)?,
        title,
        sha256,
        shown: covered.unwrap_or(sha256),
        officer: OfficerId(row.u32(6)?),
        at_ms: row.int(7)?,
        lat: degrees(row.find_int(8)?),
        lon: degrees(row.find_int(9)?),
    })
}

fn mark_of(photo: &FoundPhoto) -> PhotoMark {
    PhotoMark { at: photo.at_ms, record: photo.record, sha256: photo.sha256 }
}

impl PhotoMark {
    pub fn spell(self) -> String {
        format!("{}.{}.{}", self.at, self.record, self.sha256)
    }

    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let at = parts.next()?.parse().ok()?;
        let mark = Self { at, record: parts.next()?.parse().ok()?, sha256: parts.next()?.parse().ok()? };
        parts.next().is_none().then_some(mark)
    }
}

/// The conditions in SQL, with their values after those that are there.
fn conditions(wish: &PhotoWish, outline: Option<&Outline>, values: &mut Vec<Sql>) -> Result<String, Problem> {
    let mut sql = String::new();
    let mut and = |condition: &str, given: Vec<Sql>| {
        let mut text = condition.to_owned();
        for value in given {
            values.push(value);
            text = text.replacen('?', &format!("${}", values.len()), 1);
        }
        sql.push_str(" AND ");
        sql.push_str(&text);
    };
    if let Some(from) = wish.from_ms {
        and("i.at >= ?", vec![Sql::from(from)]);
    }
    if let Some(to) = wish.to_ms {
        and("i.at < ?", vec![Sql::from(to)]);
    }
    if let Some(form) = &wish.form {
        and("i.form = ?", vec![Sql::from(form)]);
    }
    if let Some(officer) = wish.officer {
        and("i.officer = ?", vec![Sql::from(officer)]);
    }
    if let Some(mark) = wish.after {
        let (at, record) = (Sql::from(mark.at), Sql::from(mark.record));
        and("(i.at, i.record, i.sha256) < (?, ?, ?)", vec![at, record, Sql::from(mark.sha256)]);
    }
    match &wish.place {
        None => {}
        Some(PlaceWish::Area(_)) => {
            let [west, south, east, north] = outline.map(Outline::bounds).unwrap_or_default();
            within([west, south, east, north], &mut and)?;
        }
        Some(PlaceWish::Box { west, south, east, north }) => {
            within([*west, *south, *east, *north], &mut and)?;
        }
        Some(PlaceWish::Near { lat, lon, metres }) => near(*lat, *lon, *metres, &mut and)?,
    }
    Ok(sql)
}

/// Between west, south, east and north.
fn within([west, south, east, north]: [f64; 4], and: &mut dyn FnMut(&str, Vec<Sql>)) -> Result<(), Problem> {
    and("i.lat BETWEEN ? AND ?", vec![e7(south)?, e7(north)?]);
    and("i.lon BETWEEN ? AND ?", vec![e7(west)?, e7(east)?]);
    Ok(())
}

/// A box around the circle, which an index finds, and then the circle itself, in whole numbers that no database rounds.
fn near(lat: f64, lon: f64, metres: u32, and: &mut dyn FnMut(&str, Vec<Sql>)) -> Result<(), Problem> {
    let narrow = lat.to_radians().cos().max(0.01);
    let reach = f64::from(metres.clamp(1, FURTHEST_M)) * E7_A_METRE / 1e7;
    within([lon - reach / narrow, lat - reach, lon + reach / narrow, lat + reach], and)?;
    // In tens of ten-millionths, a decimetre or so; a thousandth of the narrowing is finer than that.
    let (thousandths, radius) = (whole(narrow * 1_000.0), whole(reach * 1e6));
    and(
        "((i.lat - ?) / 10) * ((i.lat - ?) / 10) + ((i.lon - ?) / 10 * ? / 1000) * ((i.lon - ?) / 10 * ? / 1000) <= ?",
        vec![
            e7(lat)?,
            e7(lat)?,
            e7(lon)?,
            Sql::from(thousandths),
            e7(lon)?,
            Sql::from(thousandths),
            Sql::from(radius * radius),
        ],
    );
    Ok(())
}

fn e7(degrees: f64) -> Result<Sql, Problem> {
    if !degrees.is_finite() || 360.0 < degrees.abs() {
        return Err(Problem::new(Code::Malformed, "no such place on the globe"));
    }
    Ok(Sql::from(whole(degrees * 1e7)))
}

#[expect(clippy::cast_possible_truncation, reason = "a few thousand million at most, and a cast saturates")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_page_ended_is_read_as_it_was_spelt() {
        let mark = PhotoMark { at: -5, record: RecordId([7; 16]), sha256: Sha256([9; 32]) };
        assert_eq!(PhotoMark::read(&mark.spell()), Some(mark));
        for text in ["", "5", "5.x.y", &format!("{}.more", mark.spell())] {
            assert_eq!(PhotoMark::read(text), None, "{text}");
        }
    }
}
