//! The whole town as features of a map, from the outlines of its areas.

use super::names;
use super::plane::{Ground, Spot, middle_of, rounded, sides};
use super::roads::{banks, is_clear, radial, ring, river, streets};
use super::tile::{Feature, Shape};
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeSet;

#[derive(Debug)]
pub struct Town {
    pub ground: Ground,
    pub features: Vec<Feature>,
    pub homes: Vec<Home>,
    /// In metres.
    pub streets: Vec<Street>,
    /// Whose outlines they are, as their licence asks to be said.
    pub attribution: String,
}

/// A street that houses stand in.
#[derive(Debug)]
pub struct Street {
    pub number: usize,
    pub line: [Spot; 2],
}

/// A house with a number in a street.
#[derive(Debug)]
pub struct Home {
    pub number: usize,
    pub street: usize,
    /// Which of the areas it is in, counted from none.
    pub area: usize,
    /// Degrees.
    pub at: Spot,
}

struct Area {
    code: String,
    name: String,
    /// Metres.
    ring: Vec<Spot>,
}

/// One park to so many areas.
const AREAS_TO_A_PARK: usize = 5;
const INNER: f64 = 850.0;
const OUTER: f64 = 2900.0;

pub fn town(outlines: &str) -> Result<Town> {
    let outlines: Value = serde_json::from_str(outlines).context("Reading the outlines of the areas")?;
    let listed =
        outlines.pointer("/features").and_then(Value::as_array).context("Outlines are a list of features")?;
    let rings: Vec<Vec<Spot>> = listed.iter().map(outer_ring).collect::<Result<_>>()?;
    let ground = Ground::of(&rings.concat());
    let areas: Vec<Area> = listed
        .iter()
        .zip(rings)
        .map(|(area, ring)| Area {
            code: text(area, "/properties/code"),
            name: text(area, "/properties/name"),
            ring: ring.into_iter().map(|corner| ground.metres(corner)).collect(),
        })
        .collect();
    let mut features = Vec::new();
    let mut add = |layer, from_zoom, shape: Shape, words: Vec<(&'static str, String)>| {
        features.push(Feature { layer, from_zoom, shape: shape.moved(|spot| ground.on_map(spot)), words });
    };
    for area in &areas {
        let words = vec![("code", area.code.clone()), ("name", area.name.clone())];
        add("area", 10, Shape::Area(area.ring.clone()), words.clone());
        add("place", 11, Shape::Spot(middle_of(&area.ring)), words);
    }
    let parks: Vec<Vec<Spot>> = areas.iter().skip(2).step_by(AREAS_TO_A_PARK).map(park_in).collect();
    for (number, park) in parks.iter().enumerate() {
        let named = vec![("name", names::park(number))];
        add("park", 10, Shape::Area(park.clone()), named.clone());
        add("park_name", 13, Shape::Spot(middle_of(park)), named);
    }
    let river = river(9000.0);
    add("water", 10, Shape::Area(banks(&river)), vec![]);
    add("water_name", 12, Shape::Line(river.clone()), vec![("name", names::RIVER.to_owned())]);
    let mut wide = vec![(river, 42.0)];
    for (name, line) in main_roads() {
        add("road", 10, Shape::Line(line.clone()), road("main", name));
        wide.push((line, 17.0));
    }
    for (from, to) in outline_roads(&areas) {
        add("road", 12, Shape::Line(vec![from, to]), vec![("class", "street".to_owned())]);
        wide.push((vec![from, to], 12.0));
    }
    let (mut homes, mut lines) = (Vec::new(), Vec::new());
    let mut number = 0;
    for (at, area) in areas.iter().enumerate() {
        let near: Vec<_> = wide.iter().filter(|(line, _)| is_near(line, &area.ring)).cloned().collect();
        for street in streets(&area.ring, at, &|spot| is_clear(spot, &near, &parks)) {
            let line = street.line.to_vec();
            if parks.iter().any(|park| super::plane::is_inside(middle_of(&line), park)) {
                continue;
            }
            add("road", 12, Shape::Line(line), road("street", names::street(number)));
            lines.push(Street { number, line: street.line });
            for house in street.houses {
                let spot = ground.degrees(middle_of(&house.walls));
                homes.push(Home { number: house.number, street: number, area: at, at: spot });
                add("building", 15, Shape::Area(house.walls), vec![]);
            }
            number += 1;
        }
    }
    Ok(Town { ground, features, homes, streets: lines, attribution: text(&outlines, "/attribution") })
}

fn road(class: &str, name: String) -> Vec<(&'static str, String)> {
    vec![("class", class.to_owned()), ("name", name)]
}

fn main_roads() -> Vec<(String, Vec<Spot>)> {
    let radials = names::RADIALS
        .iter()
        .enumerate()
        .map(|(number, name)| ((*name).to_owned(), radial(number, names::RADIALS.len(), (INNER, 7500.0))));
    [("Inner Ring Road".to_owned(), ring(INNER)), ("Outer Ring Road".to_owned(), ring(OUTER))]
        .into_iter()
        .chain(radials)
        .collect()
}

fn park_in(area: &Area) -> Vec<Spot> {
    let [x, y] = middle_of(&area.ring);
    let smaller: Vec<Spot> =
        area.ring.iter().map(|[east, north]| [x + (east - x) * 0.6, y + (north - y) * 0.6]).collect();
    rounded(&smaller)
}

/// Real outlines follow real streets; each side of two neighbours is one street.
fn outline_roads(areas: &[Area]) -> Vec<(Spot, Spot)> {
    let mut seen = BTreeSet::new();
    let mut roads = Vec::new();
    for (from, to) in areas.iter().flat_map(|area| sides(&area.ring)) {
        let key = |[x, y]: Spot| ((x * 2.0).round() as i64, (y * 2.0).round() as i64);
        let (one, other) = (key(from), key(to));
        if one != other && seen.insert((one.min(other), one.max(other))) {
            roads.push((from, to));
        }
    }
    roads
}

/// Whether any of a line lies where an area does, give or take: long lines are looked at by their corners.
fn is_near(line: &[Spot], ring: &[Spot]) -> bool {
    let of = |spots: &[Spot], axis: fn(&Spot) -> f64| {
        spots.iter().map(axis).fold((f64::MAX, f64::MIN), |(least, most), at| (least.min(at), most.max(at)))
    };
    [(|[x, _]: &Spot| *x) as fn(&Spot) -> f64, |[_, y]: &Spot| *y].into_iter().all(|axis| {
        let ((a, b), (c, d)) = (of(line, axis), of(ring, axis));
        a < d + 60.0 && c < b + 60.0
    })
}

fn outer_ring(area: &Value) -> Result<Vec<Spot>> {
    let ring = |path: &str| area.pointer(path).and_then(Value::as_array);
    let is_one = area.pointer("/geometry/type").and_then(Value::as_str) == Some("Polygon");
    let corners = ring(if is_one { "/geometry/coordinates/0" } else { "/geometry/coordinates/0/0" });
    let corners = corners.context("An area has an outline")?;
    let spot = |corner: &Value| Some([corner.get(0)?.as_f64()?, corner.get(1)?.as_f64()?]);
    corners.iter().map(|corner| spot(corner).context("A corner is two numbers")).collect()
}

fn text(value: &Value, path: &str) -> String {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
}
