//! What other programs draw: features of a GeoJSON or a GeoPackage, each with what is said of it and its shape. What they are
//! to a council, and what is wrong with which of them, is decided by whoever brings them in.

pub mod columns;
pub mod flaw;
pub mod geojson;
pub mod wkb;

use std::collections::BTreeMap;

use crate::grid::{GridPoint, from_grid};
use flaw::Flaw;

/// The longest code, in bytes: with its set's key and version it is still a code.
pub const CODE_LIMIT: usize = 64;

/// East and north: degrees of longitude and latitude, or metres on the grid.
pub type Corner = [f64; 2];
pub type Ring = Vec<Corner>;
/// Parts, each an outer ring and the holes in it.
pub type Parts = Vec<Vec<Ring>>;

/// In which coordinates a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame {
    /// WGS 84, longitude first.
    Degrees,
    /// Metres on the British National Grid.
    Grid,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    Point(Corner),
    Area(Parts),
}

/// One feature as a file has it: what is said of it, and its shape.
#[derive(Clone, PartialEq, Debug)]
pub struct Feature {
    pub said: BTreeMap<String, String>,
    pub shape: Result<Shape, Flaw>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct FileOfFeatures {
    pub attribution: String,
    pub frame: Frame,
    pub features: Vec<Feature>,
}

impl Frame {
    /// By the last part of what a coordinate system is called.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        match code {
            // ETRS89 is WGS 84 to well under a metre.
            "CRS84" | "4326" | "4258" | "4979" => Some(Self::Degrees),
            "27700" | "7405" => Some(Self::Grid),
            _ => None,
        }
    }

    pub fn to_degrees(self, corner: &mut Corner) -> Result<(), Flaw> {
        let [x, y] = corner;
        if self == Self::Grid {
            let point = from_grid(GridPoint { easting: *x, northing: *y }).ok_or(Flaw::OffGrid)?;
            (*x, *y) = (f64::from(point.lon_e7) / 1e7, f64::from(point.lat_e7) / 1e7);
        }
        Ok(())
    }
}

impl Shape {
    pub fn parts(self) -> Result<Parts, Flaw> {
        match self {
            Self::Area(parts) => Ok(parts),
            Self::Point(_) => Err(Flaw::NotAnArea),
        }
    }

    pub fn point(self) -> Result<Corner, Flaw> {
        match self {
            Self::Point(corner) => Ok(corner),
            Self::Area(_) => Err(Flaw::NotAPoint),
        }
    }
}

/// A code goes into other codes and into addresses.
pub fn require_fit(code: &str) -> Result<(), Flaw> {
    let unfit = |sign: char| sign.is_whitespace() || sign.is_control();
    if CODE_LIMIT < code.len() || code.contains(unfit) { Err(Flaw::CodeUnfit) } else { Ok(()) }
}
