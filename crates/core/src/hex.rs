//! The National Grid cut into hexagons of one size, point up, by whole numbers: column and row as axial coordinates, with
//! 0, 0 around the grid's own origin. Every point is in exactly one of them, and no centre of another is nearer to it.

use libm::{cos, round, sin, sqrt};

use crate::grid::GridPoint;

/// One hexagon of the grid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Hex {
    pub column: i32,
    pub row: i32,
}

/// The hexagons whose sides, and so whose radii, are so many metres.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HexGrid {
    side: f64,
}

impl HexGrid {
    #[must_use]
    pub fn of_side(metres: u32) -> Self {
        Self { side: f64::from(metres.max(1)) }
    }

    /// The hexagon a point is in.
    #[must_use]
    pub fn at(self, point: GridPoint) -> Hex {
        let column = (sqrt(3.0) / 3.0 * point.easting - point.northing / 3.0) / self.side;
        let row = 2.0 / 3.0 * point.northing / self.side;
        // Rounding each of three coordinates may leave the plane on which they add up to nought: the one that was moved
        // the furthest follows from the other two.
        let third = -column - row;
        let (near_column, near_row, near_third) = (round(column), round(row), round(third));
        let moved = |near: f64, exact: f64| (near - exact).abs();
        let (by_column, by_row) = (moved(near_column, column), moved(near_row, row));
        let by_third = moved(near_third, third);
        let (column, row) = if by_row < by_column && by_third < by_column {
            (-near_row - near_third, near_row)
        } else if by_third < by_row {
            (near_column, -near_column - near_third)
        } else {
            (near_column, near_row)
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast saturates, and the grid has far fewer metres"
        )]
        let whole = |number: f64| number as i32;
        Hex { column: whole(column), row: whole(row) }
    }

    #[must_use]
    pub fn centre(self, hex: Hex) -> GridPoint {
        let (column, row) = (f64::from(hex.column), f64::from(hex.row));
        GridPoint { easting: self.side * sqrt(3.0) * (column + row / 2.0), northing: self.side * 1.5 * row }
    }

    /// Its six corners, from the one in the north-east on, against the clock.
    #[must_use]
    pub fn corners(self, hex: Hex) -> [GridPoint; 6] {
        let centre = self.centre(hex);
        [30.0, 90.0, 150.0, 210.0, 270.0, 330.0_f64].map(|degrees| GridPoint {
            easting: centre.easting + self.side * cos(degrees.to_radians()),
            northing: centre.northing + self.side * sin(degrees.to_radians()),
        })
    }
}

impl Hex {
    /// The six beside it.
    #[must_use]
    pub fn neighbours(self) -> [Self; 6] {
        [(1, 0), (1, -1), (0, -1), (-1, 0), (-1, 1), (0, 1)]
            .map(|(column, row)| Self { column: self.column + column, row: self.row + row })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libm::hypot;
    use proptest::prelude::*;

    fn apart(one: GridPoint, other: GridPoint) -> f64 {
        hypot(one.easting - other.easting, one.northing - other.northing)
    }

    #[test]
    fn a_hexagon_is_around_its_own_centre_and_shares_its_corners_with_its_neighbours() {
        let grid = HexGrid::of_side(200);
        let hex = grid.at(GridPoint { easting: 622_890.43, northing: 308_503.97 });
        assert_eq!(grid.at(grid.centre(hex)), hex);
        for corner in grid.corners(hex) {
            assert!((apart(corner, grid.centre(hex)) - 200.0).abs() < 1e-6);
            let sharing = hex
                .neighbours()
                .into_iter()
                .filter(|beside| grid.corners(*beside).iter().any(|other| apart(corner, *other) < 1e-6));
            assert_eq!(sharing.count(), 2);
        }
    }

    proptest! {
        #[test]
        fn every_point_is_in_the_one_hexagon_whose_centre_is_nearest(
            easting in 0.0..700_000.0, northing in 0.0..1_300_000.0, side in 10_u32..5_000
        ) {
            let grid = HexGrid::of_side(side);
            let point = GridPoint { easting, northing };
            let hex = grid.at(point);
            let near = apart(point, grid.centre(hex));
            prop_assert!(near <= f64::from(side) + 1e-6);
            for beside in hex.neighbours() {
                prop_assert!(near <= apart(point, grid.centre(beside)) + 1e-6);
            }
        }

        #[test]
        fn a_point_inside_is_in_no_other(column in -2_000_i32..2_000, row in -2_000_i32..2_000, turn in 0.0..360.0_f64) {
            let grid = HexGrid::of_side(150);
            let hex = Hex { column, row };
            let centre = grid.centre(hex);
            // The circle that just fits inside.
            let reach = 150.0 * sqrt(3.0) / 2.0 * 0.999;
            let point = GridPoint {
                easting: centre.easting + reach * cos(turn.to_radians()),
                northing: centre.northing + reach * sin(turn.to_radians()),
            };
            prop_assert_eq!(grid.at(point), hex);
        }
    }
}
