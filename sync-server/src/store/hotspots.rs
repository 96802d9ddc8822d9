//! Where cases gather: counts by hexagon and by area for a period and the one it is compared with, none of them so small that
//! it points at somebody.

use std::collections::BTreeMap;

use anyhow::Result;
use kerbside_core::form::Localised;
use kerbside_core::grid::{GridPoint, from_grid};
use kerbside_core::hex::{Hex, HexGrid};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::small_numbers::{Told, two_ways};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::finding::titles;
use super::people::Officer;
use super::pull::scope_condition;
use super::value::Sql;
use crate::auth::{Action, Target, authorise};
use crate::clock::rfc3339;

const SIDES_M: std::ops::RangeInclusive<u32> = 50..=5_000;
/// Where the council's settings do not say: counts below it are small.
const USUAL_LEAST: u32 = 5;
/// Below two there is only one number to be.
const SMALLEST_LEAST: u32 = 3;
/// Metres of a reference with three figures each way: no finer than a hexagon is.
const FIGURES: u8 = 3;

/// What is counted. A period holds its first moment and not its last.
#[derive(Debug, Clone)]
pub struct HotspotWish {
    pub form: Option<String>,
    pub now_ms: (i64, i64),
    pub before_ms: (i64, i64),
    pub side_m: u32,
}

#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct Hotspots {
    /// Counts below it are told as few.
    pub least: u32,
    pub side_m: u32,
    /// Those with the most first.
    pub hexes: Vec<HotHex>,
    /// By name; what is in no area comes last, without a code.
    pub areas: Vec<HotArea>,
    /// Not told where it would give a small count away.
    #[ts(type = "number | null")]
    pub total: Option<u64>,
    #[ts(type = "number | null")]
    pub total_before: Option<u64>,
    /// Of the period.
    pub without_place: Told,
    /// Every form that can be asked for.
    #[ts(type = "Record<string, { en: string, cy?: string }>")]
    pub forms: BTreeMap<String, Localised>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct HotHex {
    /// The grid reference of its middle.
    pub reference: String,
    /// Longitude and latitude of its corners, against the clock.
    pub corners: Vec<[f64; 2]>,
    pub now: Told,
    pub before: Told,
}

#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct HotArea {
    pub code: String,
    pub name: String,
    pub now: Told,
    pub before: Told,
    /// Of all that is counted, in tenths of a percent.
    pub share: Option<u32>,
}

/// A row of the council's setting `small_numbers`.
#[derive(Debug, Deserialize)]
struct SmallNumbers {
    /// The first day on which it holds.
    from: String,
    fewer_than: u32,
}

/// Counts of a period and of the one before it.
type Both = [u32; 2];

#[derive(Default)]
struct Counted {
    hexes: BTreeMap<Hex, Both>,
    areas: BTreeMap<String, Both>,
    without_place: Both,
}

impl Store {
    pub fn hotspots(&mut self, officer: &Officer, wish: &HotspotWish, now_ms: i64) -> Result<Hotspots> {
        if !authorise(officer, Action::SeeHotspots, Target::Council).is_allowed() {
            return Err(Problem::new(Code::NotAllowed, "this role sees no hotspots").into());
        }
        let is_period = |(from, to): (i64, i64)| from < to;
        if !is_period(wish.now_ms) || !is_period(wish.before_ms) || !SIDES_M.contains(&wish.side_m) {
            return Err(Problem::new(Code::Malformed, "no such period or size").into());
        }
        let least = self.least_told(now_ms)?;
        let names = self.area_names()?;
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| {
            Ok(told(&count(tx, officer, wish)?, wish.side_m, least, &names, titles(tx, forms)?))
        })
    }

    /// Below which a count is small today, as the council has laid down.
    fn least_told(&mut self, now_ms: i64) -> Result<u32> {
        let settings = self.settings()?;
        let rows: Vec<SmallNumbers> = settings
            .get("small_numbers")
            .cloned()
            .map(serde_json::from_value)
            .transpose()?
            .unwrap_or_default();
        let today = rfc3339(now_ms);
        let held = rows.into_iter().filter(|row| row.from.as_str() <= today.as_str());
        Ok(held
            .max_by(|one, other| one.from.cmp(&other.from))
            .map_or(USUAL_LEAST, |row| row.fewer_than)
            .max(SMALLEST_LEAST))
    }

    /// The names of the council's areas by their codes.
    fn area_names(&mut self) -> Result<BTreeMap<String, String>> {
        let sets = self.area_sets()?;
        let areas = sets.iter().flat_map(|(set, _)| &set.areas);
        Ok(areas.map(|area| (area.code.clone(), area.name.clone())).collect())
    }
}

/// Counts things that were there and not reports of them: all cases, and then without those that were closed because
/// another is of the same thing. Few are, and an index of their own holds them; that of all need not hold their state.
fn count(tx: &mut Connection, officer: &Officer, wish: &HotspotWish) -> Result<Counted> {
    let mut counted = Counted::default();
    count_those(tx, officer, wish, "", |count| *count += 1, &mut counted)?;
    let closed = "AND c.status = 'duplicate' ";
    count_those(tx, officer, wish, closed, |count| *count = count.saturating_sub(1), &mut counted)?;
    counted.hexes.retain(|_, both| *both != [0, 0]);
    counted.areas.retain(|_, both| *both != [0, 0]);
    Ok(counted)
}

fn count_those(
    tx: &mut Connection,
    officer: &Officer,
    wish: &HotspotWish,
    which: &str,
    step: impl Fn(&mut u32),
    counted: &mut Counted,
) -> Result<()> {
    let grid = HexGrid::of_side(wish.side_m);
    for (period, (from, to)) in [wish.now_ms, wish.before_ms].into_iter().enumerate() {
        let mut values = vec![Sql::from(from), Sql::from(to)];
        let mut of_form = String::new();
        if let Some(form) = &wish.form {
            values.push(Sql::from(form));
            of_form = format!("AND c.form = ${} ", values.len());
        }
        let scope = scope_condition(officer, &mut values);
        let sql = format!(
            "SELECT c.easting, c.northing, c.area FROM case_index c WHERE c.at >= $1 AND c.at < $2 {of_form}{which}\
             AND c.withdrawn = 0 AND EXISTS (SELECT 1 FROM record_team t WHERE t.record = c.record \
             AND t.until_seq IS NULL AND {scope})"
        );
        tx.each(&sql, &values, |row| {
            let hex = row
                .find_int(0)?
                .zip(row.find_int(1)?)
                .map(|(easting, northing)| grid.at(GridPoint::of_centimetres(easting, northing)));
            let place = match hex {
                Some(hex) => counted.hexes.entry(hex).or_default(),
                None => &mut counted.without_place,
            };
            place.get_mut(period).map(&step);
            counted.areas.entry(row.text(2)?).or_default().get_mut(period).map(&step);
            Ok(())
        })?;
    }
    Ok(())
}

/// What can be told of both periods. Whoever is in no hexagon is one of the places all the same.
fn told(
    counted: &Counted,
    side_m: u32,
    least: u32,
    names: &BTreeMap<String, String>,
    forms: BTreeMap<String, Localised>,
) -> Hotspots {
    let of_period = |which: usize| {
        let of = |both: &Both| both.get(which).copied().unwrap_or_default();
        let places: Vec<u32> = counted.hexes.values().chain([&counted.without_place]).map(of).collect();
        let areas: Vec<u32> = counted.areas.values().map(of).collect();
        two_ways(&places, &areas, least)
    };
    let ((places, areas, total), (places_before, areas_before, total_before)) = (of_period(0), of_period(1));
    Hotspots {
        least,
        side_m,
        without_place: places.last().copied().unwrap_or(Told::Count(0)),
        hexes: told_hexes(counted.hexes.keys(), side_m, places.into_iter().zip(places_before)),
        areas: told_areas(counted.areas.keys(), areas.into_iter().zip(areas_before), total, names),
        total,
        total_before,
        forms,
    }
}

fn told_hexes<'a>(
    hexes: impl Iterator<Item = &'a Hex>,
    side_m: u32,
    told: impl Iterator<Item = (Told, Told)>,
) -> Vec<HotHex> {
    let grid = HexGrid::of_side(side_m);
    let mut told: Vec<HotHex> = hexes
        .zip(told)
        .map(|(hex, (now, before))| HotHex {
            reference: grid.centre(*hex).reference(FIGURES).unwrap_or_default(),
            corners: grid
                .corners(*hex)
                .into_iter()
                .filter_map(from_grid)
                .map(|point| [f64::from(point.lon_e7) / 1e7, f64::from(point.lat_e7) / 1e7])
                .collect(),
            now,
            before,
        })
        .collect();
    // Small ones must not stand in the order of what they hide.
    told.sort_by_key(|hex| std::cmp::Reverse((rank(hex.now), rank(hex.before))));
    told
}

fn rank(told: Told) -> (u8, u32) {
    match told {
        Told::Count(0) => (0, 0),
        Told::Few | Told::KeptBack => (1, 0),
        Told::Count(count) => (2, count),
    }
}

fn told_areas<'a>(
    codes: impl Iterator<Item = &'a String>,
    told: impl Iterator<Item = (Told, Told)>,
    total: Option<u64>,
    names: &BTreeMap<String, String>,
) -> Vec<HotArea> {
    let share = |now: Told| {
        let (count, total) = (u64::from(now.count()?), total.filter(|total| 0 < *total)?);
        u32::try_from((count * 1_000 + total / 2) / total).ok()
    };
    let mut told: Vec<HotArea> = codes
        .zip(told)
        .map(|(code, (now, before))| HotArea {
            name: names.get(code).unwrap_or(code).clone(),
            code: code.clone(),
            share: share(now),
            now,
            before,
        })
        .collect();
    told.sort_by(|one, other| (one.code.is_empty(), &one.name).cmp(&(other.code.is_empty(), &other.name)));
    told
}
