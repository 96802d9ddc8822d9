//! The ground of one area: polygons with holes in degrees, and whether a position lies on it.

use geo::coordinate_position::CoordPos;
use geo::{
    Area as _, BoundingRect as _, Coord, CoordinatePosition as _, LineString, MultiPolygon, Polygon, Rect,
};

use crate::features::flaw::Flaw;
use crate::features::{Parts, Ring};

/// A centimetre, in degrees: finer than any boundary was surveyed.
const STEPS_TO_A_DEGREE: f64 = 1e7;
/// A closed ring says its first corner twice.
const FEWEST_CORNERS: usize = 4;

#[derive(Clone, PartialEq, Debug)]
pub struct Outline {
    shape: MultiPolygon<f64>,
    bounds: Rect<f64>,
}

impl Outline {
    /// Of parts in degrees. Rings that are left open are closed; what has no extent is left out.
    pub fn new(parts: &[Vec<Ring>]) -> Result<Self, Flaw> {
        let mut polygons = Vec::new();
        for part in parts {
            let mut rings = part.iter().map(|ring| closed(ring));
            let Some(outer) = rings.next().transpose()?.flatten() else { continue };
            let holes = rings.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
            polygons.push(Polygon::new(outer, holes));
        }
        let shape = MultiPolygon::new(polygons);
        let bounds = shape.bounding_rect().ok_or(Flaw::Empty)?;
        Ok(Self { shape, bounds })
    }

    /// Whether the position lies in it. What lies on its border does, also where another area begins there.
    #[must_use]
    pub fn holds(&self, lat: f64, lon: f64) -> bool {
        let (least, most) = (self.bounds.min(), self.bounds.max());
        let is_near = least.x <= lon && lon <= most.x && least.y <= lat && lat <= most.y;
        // Part by part: where two parts meet, the border of both would count as outside of the whole.
        let at = Coord { x: lon, y: lat };
        is_near && self.shape.iter().any(|part| part.coordinate_position(&at) != CoordPos::Outside)
    }

    /// West, south, east and north.
    #[must_use]
    pub fn bounds(&self) -> [f64; 4] {
        let (least, most) = (self.bounds.min(), self.bounds.max());
        [least.x, least.y, most.x, most.y]
    }

    #[must_use]
    pub fn corners(&self) -> usize {
        self.rings().map(|ring| ring.0.len()).sum()
    }

    /// Its parts again, as they are kept.
    #[must_use]
    pub fn parts(&self) -> Parts {
        let ring = |ring: &LineString<f64>| ring.0.iter().map(|corner| [corner.x, corner.y]).collect();
        let parts = self.shape.0.iter();
        parts
            .map(|part| std::iter::once(part.exterior()).chain(part.interiors()).map(ring).collect())
            .collect()
    }

    fn rings(&self) -> impl Iterator<Item = &LineString<f64>> {
        self.shape.0.iter().flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors()))
    }
}

/// The ring, closed and to the centimetre. None where it encloses nothing.
fn closed(ring: &[[f64; 2]]) -> Result<Option<LineString<f64>>, Flaw> {
    let mut corners = Vec::with_capacity(ring.len() + 1);
    for [x, y] in ring {
        if !(x.abs() <= 180.0 && y.abs() <= 90.0) {
            return Err(Flaw::OffEarth);
        }
        let corner = Coord { x: to_step(*x), y: to_step(*y) };
        if corners.last() != Some(&corner) {
            corners.push(corner);
        }
    }
    let mut line = LineString::new(corners);
    line.close();
    let encloses = FEWEST_CORNERS <= line.0.len() && Polygon::new(line.clone(), vec![]).unsigned_area() > 0.0;
    Ok(encloses.then_some(line))
}

fn to_step(degrees: f64) -> f64 {
    libm::round(degrees * STEPS_TO_A_DEGREE) / STEPS_TO_A_DEGREE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANY: [f64; 4] = [-0.5, -0.5, 8.5, 8.5];

    fn square(west: f64, south: f64, side: f64) -> Ring {
        let (east, north) = (west + side, south + side);
        vec![[west, south], [east, south], [east, north], [west, north], [west, south]]
    }

    /// How often a ring goes round a point, by adding up the angles under which its sides are seen.
    fn rounds(ring: &Ring, x: f64, y: f64) -> i32 {
        let ends = ring.iter().cycle().skip(1);
        let turned: f64 = ring
            .iter()
            .zip(ends)
            .map(|(from, to)| {
                let (ax, ay, bx, by) = (from[0] - x, from[1] - y, to[0] - x, to[1] - y);
                libm::atan2(ax * by - ay * bx, ax * bx + ay * by)
            })
            .sum();
        libm::round(turned / std::f64::consts::TAU) as i32
    }

    fn is_in_reference(parts: &Parts, x: f64, y: f64) -> bool {
        parts.iter().any(|part| {
            let mut rings = part.iter().map(|ring| rounds(ring, x, y) != 0);
            rings.next() == Some(true) && !rings.any(|is_in_hole| is_in_hole)
        })
    }

    /// How near the point is to the nearest side: where that is nothing, either answer is right.
    fn gap(parts: &Parts, x: f64, y: f64) -> f64 {
        let sides = parts.iter().flatten().flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)));
        sides
            .map(|(from, to)| {
                let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
                let long = dx * dx + dy * dy;
                let along = if long == 0.0 { 0.0 } else { ((x - from[0]) * dx + (y - from[1]) * dy) / long };
                let along = along.clamp(0.0, 1.0);
                libm::hypot(x - from[0] - along * dx, y - from[1] - along * dy)
            })
            .fold(f64::INFINITY, f64::min)
    }

    /// A star around a middle, with as many corners as there are arms: never crosses itself, bends in and out.
    fn star((x, y): (f64, f64), arms: &[f64], size: f64) -> Ring {
        let mut ring: Ring = arms
            .iter()
            .enumerate()
            .map(|(at, arm)| {
                let angle = std::f64::consts::TAU * at as f64 / arms.len() as f64;
                [x + size * arm * libm::cos(angle), y + size * arm * libm::sin(angle)]
            })
            .collect();
        ring.extend(ring.first().copied());
        ring
    }

    fn arms() -> impl Strategy<Value = Vec<f64>> {
        proptest::collection::vec(0.4..1.0_f64, 3..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn a_position_is_where_angles_say_it_is(
            outer in arms(), hole in arms(), other in arms(),
            points in proptest::collection::vec((ANY[0]..ANY[2], ANY[1]..ANY[3]), 40),
        ) {
            // The hole lies within the outer ring, whose arms are never shorter than 0.8; the other part lies apart.
            let parts = vec![vec![star((2.0, 2.0), &outer, 2.0), star((2.0, 2.0), &hole, 0.35)], vec![star((6.5, 6.5), &other, 1.5)]];
            let outline = Outline::new(&parts).unwrap();
            for (x, y) in points {
                if 1e-6 < gap(&parts, x, y) {
                    prop_assert_eq!(outline.holds(y, x), is_in_reference(&parts, x, y), "{} {}", y, x);
                }
            }
        }

        #[test]
        fn of_two_neighbours_one_at_least_holds_every_point_of_the_border(
            bends in proptest::collection::vec(-0.3..0.3_f64, 2..20), at in 0.0..1.0_f64,
        ) {
            let step = 4.0 / (bends.len() - 1) as f64;
            let border: Ring = bends.iter().enumerate().map(|(row, bend)| [2.0 + bend, row as f64 * step]).collect();
            let side = |east: f64| {
                let mut ring = border.clone();
                ring.extend([[east, 4.0], [east, 0.0]]);
                Outline::new(&[vec![ring]]).unwrap()
            };
            let (west, east) = (side(0.0), side(4.0));
            for corner in &west.parts()[0][0][..border.len()] {
                prop_assert!(west.holds(corner[1], corner[0]) && east.holds(corner[1], corner[0]));
            }
            let between = border.windows(2).next().unwrap();
            let point = [between[0][0] + at * (between[1][0] - between[0][0]), at * step];
            prop_assert!(west.holds(point[1], point[0]) || east.holds(point[1], point[0]));
        }

        #[test]
        fn any_rings_are_an_outline_or_have_a_flaw(
            rings in proptest::collection::vec(proptest::collection::vec((any::<f64>(), any::<f64>()), 0..8), 0..4),
            lat in any::<f64>(), lon in any::<f64>(),
        ) {
            let part: Vec<Ring> = rings.iter().map(|ring| ring.iter().map(|(x, y)| [*x, *y]).collect()).collect();
            if let Ok(outline) = Outline::new(&[part]) {
                prop_assert!(!outline.holds(lat, lon) || (lat.abs() <= 90.0 && lon.abs() <= 180.0));
                prop_assert_eq!(Outline::new(&outline.parts()), Ok(outline));
            }
        }
    }

    #[test]
    fn a_hole_is_not_in_its_area_and_every_part_is() {
        let ring = Outline::new(&[vec![square(0.0, 0.0, 10.0), square(4.0, 4.0, 2.0)]]).unwrap();
        assert!(ring.holds(1.0, 1.0) && !ring.holds(5.0, 5.0) && !ring.holds(5.0, 11.0));
        assert!(ring.holds(0.0, 5.0) && ring.holds(4.0, 5.0), "borders belong to it, also those of a hole");
        let two = Outline::new(&[vec![square(20.0, 0.0, 1.0)], vec![square(30.0, 0.0, 1.0)]]).unwrap();
        assert!(two.holds(0.2, 20.5) && two.holds(0.2, 30.5) && !two.holds(0.2, 25.0));
        assert_eq!(two.bounds(), [20.0, 0.0, 31.0, 1.0]);
        assert_eq!(two.corners(), 10);
    }

    #[test]
    fn where_two_parts_meet_is_within() {
        let halves = Outline::new(&[vec![square(0.0, 0.0, 1.0)], vec![square(1.0, 0.0, 1.0)]]).unwrap();
        assert!(halves.holds(0.5, 1.0) && halves.holds(0.0, 1.0));
    }

    #[test]
    fn an_open_ring_is_closed_and_what_encloses_nothing_is_left_out() {
        let mut open = square(0.0, 0.0, 1.0);
        open.pop();
        assert_eq!(Outline::new(&[vec![open.clone()]]), Outline::new(&[vec![square(0.0, 0.0, 1.0)]]));
        let line = vec![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [0.0, 0.0]];
        assert_eq!(Outline::new(&[vec![line.clone()]]), Err(Flaw::Empty));
        let with_line = Outline::new(&[vec![open.clone(), line.clone()], vec![line]]).unwrap();
        assert_eq!(with_line, Outline::new(&[vec![open]]).unwrap());
        assert_eq!(Outline::new(&[]), Err(Flaw::Empty));
    }

    #[test]
    fn what_is_not_in_degrees_is_off_the_earth() {
        for side in [f64::NAN, f64::INFINITY, 622_908.0] {
            assert_eq!(Outline::new(&[vec![square(1.0, 1.0, side)]]), Err(Flaw::OffEarth));
        }
    }
}
