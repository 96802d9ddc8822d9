//! Vector tiles (the Mapbox Vector Tile specification, 2.1), as much of it as a town needs.

use super::clip;
use super::plane::{Spot, sides};
use std::collections::BTreeMap;

const EXTENT: f64 = 4096.0;

#[derive(Debug)]
pub struct Feature {
    pub layer: &'static str,
    pub from_zoom: u8,
    pub shape: Shape,
    pub words: Vec<(&'static str, String)>,
}

/// In metres at first, then in shares of the whole map, then of a tile.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Spot(Spot),
    Line(Vec<Spot>),
    Area(Vec<Spot>),
}

#[derive(Debug, Clone, Copy)]
pub struct Box {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

/// A shape as one tile draws it: whole numbers, in one part or several.
#[derive(Debug)]
pub struct Drawn(Vec<Vec<(i32, i32)>>);

impl Drawn {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Shape {
    pub fn moved(&self, to: impl Fn(Spot) -> Spot) -> Self {
        let all = |spots: &[Spot]| spots.iter().map(|spot| to(*spot)).collect();
        match self {
            Self::Spot(spot) => Self::Spot(to(*spot)),
            Self::Line(spots) => Self::Line(all(spots)),
            Self::Area(spots) => Self::Area(all(spots)),
        }
    }

    fn spots(&self) -> &[Spot] {
        match self {
            Self::Spot(spot) => std::slice::from_ref(spot),
            Self::Line(spots) | Self::Area(spots) => spots,
        }
    }

    pub fn bounds(&self) -> Option<Box> {
        let [x, y] = *self.spots().first()?;
        let start = Box { left: x, top: y, right: x, bottom: y };
        Some(self.spots().iter().fold(start, |seen, [x, y]| Box {
            left: seen.left.min(*x),
            top: seen.top.min(*y),
            right: seen.right.max(*x),
            bottom: seen.bottom.max(*y),
        }))
    }

    /// What of it this tile draws.
    pub fn in_tile(&self, scale: f64, (x, y): (u32, u32)) -> Drawn {
        let local = self.moved(|[right, down]| [right * scale - f64::from(x), down * scale - f64::from(y)]);
        let parts = match local {
            Self::Spot([right, down]) => {
                let is_here = (0.0..1.0).contains(&right) && (0.0..1.0).contains(&down);
                if is_here { vec![whole(&[[right, down]])] } else { vec![] }
            }
            Self::Line(spots) => {
                clip::line(&spots).iter().map(|piece| whole(piece)).filter(|piece| 1 < piece.len()).collect()
            }
            Self::Area(spots) => vec![outer(whole(&clip::ring(&spots)))],
        };
        Drawn(parts.into_iter().filter(|part| !part.is_empty()).collect())
    }
}

fn whole(spots: &[Spot]) -> Vec<(i32, i32)> {
    let mut placed: Vec<(i32, i32)> =
        spots.iter().map(|[x, y]| ((x * EXTENT).round() as i32, (y * EXTENT).round() as i32)).collect();
    placed.dedup();
    placed
}

/// The way round that says "outer"; nothing where rounding left no area.
fn outer(mut ring: Vec<(i32, i32)>) -> Vec<(i32, i32)> {
    if ring.first() == ring.last() {
        ring.pop();
    }
    let spots: Vec<Spot> = ring.iter().map(|(x, y)| [f64::from(*x), f64::from(*y)]).collect();
    let doubled: f64 = sides(&spots).map(|([ax, ay], [bx, by])| ax * by - bx * ay).sum();
    if doubled == 0.0 {
        return Vec::new();
    }
    if doubled < 0.0 {
        ring.reverse();
    }
    ring
}

/// The layers of one tile as they fill.
#[derive(Debug, Default)]
pub struct Layers(BTreeMap<&'static str, Layer>);

#[derive(Debug, Default)]
struct Layer {
    features: Vec<Vec<u8>>,
    keys: Vec<&'static str>,
    values: Vec<String>,
}

impl Layers {
    pub fn add(&mut self, feature: &Feature, drawn: &Drawn) {
        let layer = self.0.entry(feature.layer).or_default();
        let mut tags = Vec::new();
        for (key, value) in &feature.words {
            varint(&mut tags, place(&mut layer.keys, *key));
            varint(&mut tags, place(&mut layer.values, value.clone()));
        }
        let (kind, closes) = match feature.shape {
            Shape::Spot(_) => (1, false),
            Shape::Line(_) => (2, false),
            Shape::Area(_) => (3, true),
        };
        let mut encoded = Vec::new();
        if !tags.is_empty() {
            field(&mut encoded, 2, &tags);
        }
        number(&mut encoded, 3, kind);
        field(&mut encoded, 4, &geometry(drawn, closes));
        layer.features.push(encoded);
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut tile = Vec::new();
        for (name, layer) in &self.0 {
            let mut encoded = Vec::new();
            number(&mut encoded, 15, 2);
            field(&mut encoded, 1, name.as_bytes());
            layer.features.iter().for_each(|feature| field(&mut encoded, 2, feature));
            layer.keys.iter().for_each(|key| field(&mut encoded, 3, key.as_bytes()));
            for value in &layer.values {
                let mut text = Vec::new();
                field(&mut text, 1, value.as_bytes());
                field(&mut encoded, 4, &text);
            }
            number(&mut encoded, 5, EXTENT as u64);
            field(&mut tile, 3, &encoded);
        }
        tile
    }
}

fn place<T: PartialEq>(list: &mut Vec<T>, wanted: T) -> u64 {
    let at = list.iter().position(|there| *there == wanted).unwrap_or_else(|| {
        list.push(wanted);
        list.len() - 1
    });
    at as u64
}

const MOVE_TO: u64 = 1;
const LINE_TO: u64 = 2;
const CLOSE: u64 = 15;

fn geometry(drawn: &Drawn, closes: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = (0, 0);
    for part in &drawn.0 {
        for (index, (x, y)) in part.iter().enumerate() {
            match index {
                0 => varint(&mut out, MOVE_TO | 1 << 3),
                1 => varint(&mut out, LINE_TO | (part.len() as u64 - 1) << 3),
                _ => {}
            }
            for step in [x - at.0, y - at.1] {
                varint(&mut out, u64::from(((step << 1) ^ (step >> 31)) as u32));
            }
            at = (*x, *y);
        }
        if closes {
            varint(&mut out, CLOSE);
        }
    }
    out
}

fn number(out: &mut Vec<u8>, tag: u64, value: u64) {
    varint(out, tag << 3);
    varint(out, value);
}

fn field(out: &mut Vec<u8>, tag: u64, bytes: &[u8]) {
    varint(out, tag << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Seven bits a byte, the lowest first.
pub fn varint(out: &mut Vec<u8>, mut value: u64) {
    while 0x7f < value {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of section 4.3.5 of the specification.
    #[test]
    fn a_triangle_is_written_as_the_specification_writes_it() {
        let drawn = Drawn(vec![vec![(3, 6), (8, 12), (20, 34)]]);
        assert_eq!(geometry(&drawn, true), [9, 6, 12, 18, 10, 12, 24, 44, 15]);
    }

    #[test]
    fn what_rounds_to_nothing_is_not_drawn_and_a_ring_runs_the_outer_way() {
        let speck = Shape::Area(vec![[0.5, 0.5], [0.500_001, 0.5], [0.5, 0.500_001]]);
        assert!(speck.in_tile(1.0, (0, 0)).is_empty());
        let square = [[0.0, 0.0], [0.0, 0.5], [0.5, 0.5], [0.5, 0.0]];
        let drawn = Shape::Area(square.to_vec()).in_tile(1.0, (0, 0));
        assert_eq!(drawn.0, [[(2048, 0), (2048, 2048), (0, 2048), (0, 0)]]);
    }
}
