//! The ground in three ways: degrees, metres around the middle of the town, and the square that web maps cut into tiles.

use std::f64::consts::PI;

/// East and north, metres from the middle of the town; or right and down, shares of the whole map.
pub type Spot = [f64; 2];

const METRES_PER_DEGREE: f64 = 111_195.0;

/// West, south, east and north in degrees.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

#[derive(Debug, Clone, Copy)]
pub struct Ground {
    bounds: Bounds,
}

impl Ground {
    pub fn of(corners: &[Spot]) -> Self {
        let start = Bounds { west: 180.0, south: 90.0, east: -180.0, north: -90.0 };
        let bounds = corners.iter().fold(start, |seen, [lon, lat]| Bounds {
            west: seen.west.min(*lon),
            south: seen.south.min(*lat),
            east: seen.east.max(*lon),
            north: seen.north.max(*lat),
        });
        Self { bounds }
    }

    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    fn middle(&self) -> Spot {
        [(self.bounds.west + self.bounds.east) / 2.0, (self.bounds.south + self.bounds.north) / 2.0]
    }

    fn metres_per_degree_east(&self) -> f64 {
        let [_, lat] = self.middle();
        METRES_PER_DEGREE * lat.to_radians().cos()
    }

    pub fn metres(&self, [lon, lat]: Spot) -> Spot {
        let [middle_lon, middle_lat] = self.middle();
        [(lon - middle_lon) * self.metres_per_degree_east(), (lat - middle_lat) * METRES_PER_DEGREE]
    }

    /// From metres to longitude and latitude.
    pub fn degrees(&self, [east, north]: Spot) -> Spot {
        let [middle_lon, middle_lat] = self.middle();
        [middle_lon + east / self.metres_per_degree_east(), middle_lat + north / METRES_PER_DEGREE]
    }

    /// From metres to shares of the whole map.
    pub fn on_map(&self, spot: Spot) -> Spot {
        let [lon, lat] = self.degrees(spot);
        let lat = lat.to_radians();
        [(lon + 180.0) / 360.0, (1.0 - (lat.tan() + 1.0 / lat.cos()).ln() / PI) / 2.0]
    }

    pub fn tiles_across(zoom: u8) -> f64 {
        f64::from(1_u32 << zoom)
    }
}

/// Whether a spot lies inside a ring.
pub fn is_inside([x, y]: Spot, ring: &[Spot]) -> bool {
    let mut inside = false;
    for ([from_x, from_y], [to_x, to_y]) in sides(ring) {
        if (from_y > y) != (to_y > y) && x < (to_x - from_x) * (y - from_y) / (to_y - from_y) + from_x {
            inside = !inside;
        }
    }
    inside
}

/// The sides of a ring, whether or not it says its first corner twice.
pub fn sides(ring: &[Spot]) -> impl Iterator<Item = (Spot, Spot)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

pub fn middle_of(ring: &[Spot]) -> Spot {
    let n = ring.len().max(1) as f64;
    let [x, y] = ring.iter().fold([0.0, 0.0], |[x, y], [east, north]| [x + east, y + north]);
    [x / n, y / n]
}

/// How far a spot is from a line, metres.
pub fn distance([x, y]: Spot, line: &[Spot]) -> f64 {
    line.windows(2).fold(f64::MAX, |nearest, pair| {
        let [[ax, ay], [bx, by]] = pair else { return nearest };
        let (dx, dy) = (bx - ax, by - ay);
        let along = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy).max(1e-9)).clamp(0.0, 1.0);
        nearest.min((x - ax - along * dx).hypot(y - ay - along * dy))
    })
}

/// Corners cut twice: what was drawn with a ruler looks walked.
pub fn rounded(ring: &[Spot]) -> Vec<Spot> {
    let cut = |ring: &[Spot]| -> Vec<Spot> {
        sides(ring)
            .flat_map(|([ax, ay], [bx, by])| {
                [
                    [ax * 0.75 + bx * 0.25, ay * 0.75 + by * 0.25],
                    [ax * 0.25 + bx * 0.75, ay * 0.25 + by * 0.75],
                ]
            })
            .collect()
    };
    cut(&cut(ring))
}
