//! Cases read a page at a time in the order of their numbers, which is that in which they were begun.

use anyhow::{Context, Result};
use kerbside_core::grid::GridPoint;
use kerbside_core::ids::RecordId;
use kerbside_core::record::Record;
use kerbside_core::value::Point;

use super::wish::condition;
use super::{Feature, FeatureWish, Marks, Taker, Within, closed_at, told, usrn};
use crate::store::Store;
use crate::store::connection::Connection;
use crate::store::packs::FormShelf;
use crate::store::value::{Row, Sql};

/// What stays in memory at once while all of it is taken.
const PAGE: u32 = 500;

#[derive(Debug, Clone)]
pub struct FeaturePage {
    pub features: Vec<Feature>,
    /// What `after` takes for the page that follows.
    pub next: Option<RecordId>,
    /// How many there are in all: counted with the first page only.
    pub matched: Option<u64>,
}

/// Where and when there is anything at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach {
    /// West, south, east and north, in degrees.
    pub bounds: [f64; 4],
    pub from_ms: i64,
    pub to_ms: i64,
}

/// What is looked for, by whom, and the forms whose places are told to everybody.
struct Sought<'a> {
    taker: &'a Taker,
    wish: &'a FeatureWish,
    marks: Marks,
}

impl Sought<'_> {
    fn condition(&self, values: &mut Vec<Sql>) -> String {
        condition(self.taker, self.wish, &self.marks.open, values)
    }
}

impl Store {
    pub fn features(
        &mut self,
        taker: &Taker,
        wish: &FeatureWish,
        after: Option<RecordId>,
        limit: u32,
    ) -> Result<FeaturePage> {
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| {
            let sought = Sought { taker, wish, marks: Marks::of(tx, forms)? };
            let mut features = page(tx, forms, &sought, after, limit + 1)?;
            let is_more = usize::try_from(limit)? < features.len();
            features.truncate(usize::try_from(limit)?);
            let next = if is_more { features.last().map(|feature| feature.record) } else { None };
            let matched = if after.is_none() { Some(count(tx, &sought)?) } else { None };
            Ok(FeaturePage { features, next, matched })
        })
    }

    /// Hands on every one of them, as all of them stood at one moment.
    pub fn each_feature(
        &mut self,
        taker: &Taker,
        wish: &FeatureWish,
        take: &mut dyn FnMut(&Feature) -> Result<()>,
    ) -> Result<()> {
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| {
            let sought = Sought { taker, wish, marks: Marks::of(tx, forms)? };
            let mut after = None;
            loop {
                let features = page(tx, forms, &sought, after, PAGE)?;
                features.iter().try_for_each(&mut *take)?;
                after = features.last().map(|feature| feature.record);
                if features.len() < usize::try_from(PAGE)? {
                    return Ok(());
                }
            }
        })
    }

    /// None where nothing of it has a place that is told.
    pub fn features_reach(&mut self, taker: &Taker) -> Result<Option<Reach>> {
        const GLOBE: [i64; 4] = [-1_800_000_000, -900_000_000, 1_800_000_000, 900_000_000];
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| {
            let wish = FeatureWish { within: Some(Within::Degrees(GLOBE)), ..FeatureWish::default() };
            let sought = Sought { taker, wish: &wish, marks: Marks::of(tx, forms)? };
            let mut values = vec![];
            let which = sought.condition(&mut values);
            let row = tx.one(
                &format!(
                    "SELECT MIN(c.lon), MIN(c.lat), MAX(c.lon), MAX(c.lat), MIN(c.at), MAX(c.at) \
                     FROM case_index c WHERE {which}"
                ),
                &values,
            )?;
            if row.find_int(0)?.is_none() {
                return Ok(None);
            }
            let degrees = |column| Ok::<_, anyhow::Error>(f64::from(i32::try_from(row.int(column)?)?) / 1e7);
            let bounds = [degrees(0)?, degrees(1)?, degrees(2)?, degrees(3)?];
            Ok(Some(Reach { bounds, from_ms: row.int(4)?, to_ms: row.int(5)? }))
        })
    }
}

fn count(tx: &mut Connection, sought: &Sought<'_>) -> Result<u64> {
    let mut values = vec![];
    let which = sought.condition(&mut values);
    let row = tx.one(&format!("SELECT COUNT(*) FROM case_index c WHERE {which}"), &values)?;
    Ok(u64::try_from(row.int(0)?)?)
}

fn page(
    tx: &mut Connection,
    forms: &mut FormShelf,
    sought: &Sought<'_>,
    after: Option<RecordId>,
    limit: u32,
) -> Result<Vec<Feature>> {
    let mut values = vec![Sql::from(after.map(|record| record.0.to_vec()).unwrap_or_default())];
    let which = sought.condition(&mut values);
    values.push(Sql::from(limit));
    let rows = tx.query(
        &format!(
            "SELECT c.record, r.office_reference, c.form, r.form_version, c.status, c.at, r.received_at, c.area, c.lat, \
             c.lon, c.easting, c.northing, r.summary, r.state FROM case_index c JOIN record r ON r.id = c.record \
             WHERE c.record > $1 AND {which} ORDER BY c.record LIMIT ${}",
            values.len()
        ),
        &values,
    )?;
    rows.iter().map(|row| feature(tx, forms, row, sought)).collect()
}

fn feature(tx: &mut Connection, forms: &mut FormShelf, row: &Row, sought: &Sought<'_>) -> Result<Feature> {
    let personal = sought.taker.personal;
    let record = RecordId(row.bytes(0)?);
    let key = row.text(2)?;
    let form = forms.nearest(tx, &key, row.u32(3)?)?;
    let state = Record::unpack(&row.blob(13)?).with_context(|| format!("Reading record {record}"))?;
    let is_told = personal || sought.marks.open.contains(&key);
    let degrees = |column| row.find_int(column)?.map(i32::try_from).transpose().map_err(anyhow::Error::from);
    let place = degrees(8)?.zip(degrees(9)?).map(|(lat_e7, lon_e7)| Point { lat_e7, lon_e7 });
    let grid = row.find_int(10)?.zip(row.find_int(11)?);
    let grid = grid.map(|(easting, northing)| GridPoint::of_centimetres(easting, northing));
    Ok(Feature {
        record,
        reference: row.text(1)?,
        title: form.as_ref().map_or_else(|| key.clone(), |form| form.title().en.clone()),
        service: form.as_ref().map(|form| form.settings().service.clone()).unwrap_or_default(),
        lgsl: form.as_ref().and_then(|form| form.settings().lgsl),
        form: key,
        status: row.text(4)?,
        reported_at: row.int(5)?,
        received_at: row.int(6)?,
        closed_at: closed_at(&state),
        area: row.text(7)?,
        usrn: form.as_ref().and_then(|form| usrn(form, &state, &sought.marks)),
        answers: form.map(|form| told(&form, &state, &sought.marks, personal)).unwrap_or_default(),
        summary: if personal { Some(row.text(12)?) } else { None },
        place: place.filter(|_| is_told),
        grid: grid.filter(|_| is_told),
    })
}
