//! Main roads through the whole town, and a lattice of streets in each area, turned its own way, with houses along them.

use super::plane::{Spot, distance, is_inside, sides};

/// Between one street and the next, and between the roads that join them, metres.
const APART: f64 = 92.0;
const ACROSS: f64 = 240.0;
const LEAST: f64 = 55.0;
/// How far the middle of a house is from the middle of its street.
const SET_BACK: f64 = 16.0;

/// The same number for the same question, spread as if by chance.
pub fn chance(seed: usize) -> f64 {
    let mut mixed = (seed as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The middle line of the river from west to east.
pub fn river(reach: f64) -> Vec<Spot> {
    let steps = 120;
    (0..=steps)
        .map(|step| {
            let east = reach * (2.0 * f64::from(step) / f64::from(steps) - 1.0);
            [east, 520.0 * (east / 1250.0).sin() + 210.0 * (east / 430.0 + 1.0).sin() - 260.0]
        })
        .collect()
}

/// Both banks as one outline, wider towards the sea.
pub fn banks(line: &[Spot]) -> Vec<Spot> {
    let half = |at: usize| 15.0 + 14.0 * at as f64 / line.len() as f64;
    let normals = line.windows(2).map(|pair| match pair {
        [[ax, ay], [bx, by]] => {
            let length = (bx - ax).hypot(by - ay).max(1e-9);
            [-(by - ay) / length, (bx - ax) / length]
        }
        _ => [0.0, 1.0],
    });
    let bank = |side: f64| {
        let normals = normals.clone();
        line.iter()
            .zip(normals)
            .enumerate()
            .map(move |(at, ([x, y], [nx, ny]))| [x + side * half(at) * nx, y + side * half(at) * ny])
    };
    let back: Vec<Spot> = bank(-1.0).collect();
    bank(1.0).chain(back.into_iter().rev()).collect()
}

/// A ring road, not quite round.
pub fn ring(radius: f64) -> Vec<Spot> {
    (0..=72)
        .map(|step| {
            let turn = f64::from(step) * std::f64::consts::TAU / 72.0;
            let far = radius * (1.0 + 0.07 * (3.0 * turn).sin() + 0.04 * (5.0 * turn + 1.0).cos());
            [far * turn.cos(), far * turn.sin()]
        })
        .collect()
}

/// A road out of town from the inner ring.
pub fn radial(number: usize, of: usize, (from, to): (f64, f64)) -> Vec<Spot> {
    let turn = number as f64 * std::f64::consts::TAU / of as f64 + 0.35 * chance(number + 900);
    let bend = 0.5 * chance(number + 40) - 0.25;
    (0..=24)
        .map(|step| {
            let share = f64::from(step) / 24.0;
            let (far, turn) = (from + (to - from) * share, turn + bend * (share * 2.6).sin());
            [far * turn.cos(), far * turn.sin()]
        })
        .collect()
}

#[derive(Debug)]
pub struct Street {
    pub line: [Spot; 2],
    pub houses: Vec<House>,
}

#[derive(Debug)]
pub struct House {
    pub number: usize,
    pub walls: Vec<Spot>,
}

/// The streets of one area. `is_free` says where a house may stand.
pub fn streets(ring: &[Spot], number: usize, is_free: &dyn Fn(Spot) -> bool) -> Vec<Street> {
    let turn = chance(number) * std::f64::consts::FRAC_PI_2;
    let turned: Vec<Spot> = ring.iter().map(|spot| rotated(*spot, -turn)).collect();
    let mut streets = Vec::new();
    for (along, apart) in [(0, APART), (1, ACROSS)] {
        for level in levels(&turned, 1 - along, apart) {
            for (from, to) in inside(&turned, along, level) {
                if to - from < LEAST {
                    continue;
                }
                let at = |x: f64, off: f64| {
                    let spot = if along == 0 { [x, level + off] } else { [level + off, x] };
                    rotated(spot, turn)
                };
                let other = if along == 0 { ACROSS } else { APART };
                let houses = if along == 0 { houses((from, to), other, &at) } else { Vec::new() };
                let stands = |house: &House| {
                    house.walls.iter().all(|corner| is_inside(*corner, ring) && is_free(*corner))
                };
                let houses = houses.into_iter().filter(stands).collect();
                streets.push(Street { line: [at(from, 0.0), at(to, 0.0)], houses });
            }
        }
    }
    streets
}

/// Terraces and pairs on both sides, odd numbers on one and even on the other, with room where a road crosses.
fn houses((from, to): (f64, f64), crossing: f64, at: &dyn Fn(f64, f64) -> Spot) -> Vec<House> {
    let mut houses = Vec::new();
    for (side, first) in [(-SET_BACK, 1), (SET_BACK, 2)] {
        let mut x = from + 9.0;
        let mut number = first;
        while x < to - 9.0 {
            let pick = chance((x * 7.0 + side).abs() as usize);
            let (long, deep) = if pick < 0.3 {
                (9.0, 9.5)
            } else if pick < 0.75 {
                (16.0, 9.0)
            } else {
                (34.0, 8.5)
            };
            let to_crossing = ((x + long / 2.0) / crossing).round() * crossing - (x + long / 2.0);
            if long / 2.0 + 8.0 < to_crossing.abs() && x + long < to - 6.0 {
                let (near, far) = (side - deep / 2.0, side + deep / 2.0);
                let walls = vec![at(x, near), at(x + long, near), at(x + long, far), at(x, far)];
                houses.push(House { number, walls });
                number += 2;
            }
            x += long + 5.0 + 4.0 * chance((x * 3.0).abs() as usize + 5);
        }
    }
    houses
}

fn rotated([x, y]: Spot, turn: f64) -> Spot {
    let (sin, cos) = turn.sin_cos();
    [x * cos - y * sin, x * sin + y * cos]
}

fn levels(ring: &[Spot], axis: usize, apart: f64) -> impl Iterator<Item = f64> {
    let of = |[x, y]: &Spot| if axis == 0 { *x } else { *y };
    let least = ring.iter().map(of).fold(f64::MAX, f64::min);
    let most = ring.iter().map(of).fold(f64::MIN, f64::max);
    let first = (least / apart).ceil() as i64;
    let last = (most / apart).floor() as i64;
    (first..=last).map(move |step| step as f64 * apart)
}

/// Where a straight line at this level runs inside the ring.
fn inside(ring: &[Spot], along: usize, level: f64) -> Vec<(f64, f64)> {
    let parts = |[x, y]: Spot| if along == 0 { (x, y) } else { (y, x) };
    let mut cuts: Vec<f64> = sides(ring)
        .filter_map(|(from, to)| {
            let ((ax, ay), (bx, by)) = (parts(from), parts(to));
            ((ay > level) != (by > level)).then(|| ax + (level - ay) * (bx - ax) / (by - ay))
        })
        .collect();
    cuts.sort_by(f64::total_cmp);
    cuts.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?))).collect()
}

/// Whether nothing bigger is in the way of a house.
pub fn is_clear(spot: Spot, lines: &[(Vec<Spot>, f64)], parks: &[Vec<Spot>]) -> bool {
    lines.iter().all(|(line, room)| *room < distance(spot, line))
        && !parks.iter().any(|park| is_inside(spot, park))
}
