//! The map of an area as one file (PMTiles, version 3): what a pack is called, how large it is, and whether a file is one.
//!
//! The tiles hold the layers that our own style draws: `area`, `place`, `park`, `park_name`, `water`, `water_name`,
//! `road` (with `class` `main` or `street`) and `building`, each named by `name`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::Sha256;
use crate::problem::{Code, Problem};

/// Of a PMTiles file.
pub const HEADER_BYTES: usize = 127;
/// The directory that everything begins with lies in here.
const FIRST_DIRECTORY_BYTES: u64 = 16_384;
/// More than a county at street level, and less than fills a phone.
pub const PACK_LIMIT: u64 = 2 * 1024 * 1024 * 1024;
const DEEPEST_ZOOM: u8 = 18;
const KEY_LIMIT: usize = 40;
/// What an area pack is called where documents have names: `map.norwich`.
pub const MAP_PACK: &str = "map.";

/// A map that the council gives out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AreaPack {
    pub key: String,
    pub name: String,
    pub version: u32,
    pub sha256: Sha256,
    #[ts(type = "number")]
    pub bytes: u64,
    #[serde(flatten)]
    pub reach: Reach,
}

/// What ground a map covers, in degrees, and from how far to how near.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Reach {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
    pub min_zoom: u8,
    pub max_zoom: u8,
}

/// Where in the file its description lies, and whether that is compressed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Header {
    pub reach: Reach,
    pub described_at: u64,
    pub described_bytes: u64,
    pub is_squeezed: bool,
}

/// A key is part of addresses and of file names: small letters, digits and hyphens.
#[must_use]
pub fn is_key(key: &str) -> bool {
    let fits = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    !key.is_empty() && key.len() <= KEY_LIMIT && key.bytes().all(fits)
}

/// Reads the first bytes of a file of this size.
pub fn read_header(start: &[u8], file_bytes: u64) -> Result<Header, Problem> {
    if PACK_LIMIT < file_bytes {
        return Err(Problem::new(Code::TooLarge, format!("an area pack over {PACK_LIMIT} bytes")));
    }
    let not = |why: &str| Problem::new(Code::NotUnderstood, format!("not an area pack: {why}"));
    let mut parts = Parts(start);
    if parts.take() != Some(*b"PMTiles") {
        return Err(not("it is not a PMTiles file"));
    }
    if parts.byte() != Some(3) {
        return Err(not("only version 3 of PMTiles is read"));
    }
    let header = parts.rest().ok_or_else(|| not("it ends within its header"))?;
    let Rest { sections, compressions, kind, reach } = header;
    let [first, described, leaves, tiles] = sections;
    if FIRST_DIRECTORY_BYTES < first.0.saturating_add(first.1) || first.1 == 0 {
        return Err(not("its first directory is not where it should be"));
    }
    if [first, described, leaves, tiles].iter().any(|(at, bytes)| file_bytes < at.saturating_add(*bytes)) {
        return Err(not("it is cut off"));
    }
    if kind != 1 {
        return Err(not("its tiles are pictures, and vector tiles are wanted"));
    }
    if compressions.iter().any(|compression| ![1, 2].contains(compression)) {
        return Err(not("it is compressed in a way that phones cannot read: use gzip"));
    }
    let is_deep = reach.max_zoom < reach.min_zoom || DEEPEST_ZOOM < reach.max_zoom;
    let is_on_earth =
        -180.0 <= reach.west && reach.east <= 180.0 && -85.1 <= reach.south && reach.north <= 85.1;
    if is_deep || !is_on_earth || reach.east <= reach.west || reach.north <= reach.south {
        return Err(not("what it covers makes no sense"));
    }
    let [inner, _] = compressions;
    Ok(Header { reach, described_at: described.0, described_bytes: described.1, is_squeezed: inner == 2 })
}

struct Rest {
    /// Of directory, description, further directories and tiles: where, and how long.
    sections: [(u64, u64); 4],
    compressions: [u8; 2],
    kind: u8,
    reach: Reach,
}

struct Parts<'a>(&'a [u8]);

impl Parts<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, left) = self.0.split_first_chunk::<N>()?;
        self.0 = left;
        Some(*taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn section(&mut self) -> Option<(u64, u64)> {
        Some((u64::from_le_bytes(self.take()?), u64::from_le_bytes(self.take()?)))
    }

    fn degrees(&mut self) -> Option<f64> {
        Some(f64::from(i32::from_le_bytes(self.take()?)) / 1e7)
    }

    fn rest(&mut self) -> Option<Rest> {
        let sections = [self.section()?, self.section()?, self.section()?, self.section()?];
        // How many tiles there are, three ways, and whether they lie in order.
        self.take::<25>()?;
        let compressions = self.take::<2>()?;
        let [kind, min_zoom, max_zoom] = self.take::<3>()?;
        let (west, south, east, north) = (self.degrees()?, self.degrees()?, self.degrees()?, self.degrees()?);
        // Where to look first.
        self.take::<9>()?;
        Some(Rest {
            sections,
            compressions,
            kind,
            reach: Reach { west, south, east, north, min_zoom, max_zoom },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: u64 = 10_000;

    fn header() -> Vec<u8> {
        let mut out = b"PMTiles\x03".to_vec();
        for part in [127_u64, 300, 427, 100, 527, 0, 527, 9_000] {
            out.extend(part.to_le_bytes());
        }
        out.extend([0; 24]);
        out.extend([1, 2, 2, 1, 10, 15]);
        for degrees in [1.2_f64, 52.5, 1.4, 52.7] {
            out.extend(((degrees * 1e7) as i32).to_le_bytes());
        }
        out.extend([13; 9]);
        assert_eq!(out.len(), HEADER_BYTES);
        out
    }

    fn refusal(at: usize, byte: u8) -> String {
        let mut header = header();
        header[at] = byte;
        read_header(&header, FILE).unwrap_err().detail
    }

    #[test]
    fn a_header_says_what_a_map_covers() {
        let read = read_header(&header(), FILE).unwrap();
        assert_eq!((read.reach.min_zoom, read.reach.max_zoom, read.is_squeezed), (10, 15, true));
        assert_eq!((read.reach.west, read.reach.north), (1.2, 52.7));
        assert_eq!((read.described_at, read.described_bytes), (427, 100));
    }

    #[test]
    fn what_is_no_map_is_refused_and_says_why() {
        assert!(refusal(0, b'Q').ends_with("it is not a PMTiles file"));
        assert!(refusal(7, 2).contains("version 3"));
        assert!(refusal(99, 2).contains("pictures"));
        assert!(refusal(98, 3).contains("use gzip"));
        assert!(refusal(100, 16).contains("makes no sense"));
        assert!(refusal(9, 0xff).contains("directory"));
        assert!(read_header(&header(), 9_000).unwrap_err().detail.contains("cut off"));
        assert!(read_header(&header()[..100], FILE).unwrap_err().detail.contains("ends within"));
        assert_eq!(read_header(&header(), PACK_LIMIT + 1).unwrap_err().code, Code::TooLarge);
        let mut vast = header();
        vast[16..24].fill(0xff);
        assert!(read_header(&vast, FILE).is_err(), "sums do not overflow");
    }

    #[test]
    fn a_key_can_stand_in_an_address_and_in_a_file_name() {
        assert!(is_key("norwich-2026"));
        assert!(["", "a/b", "..", "Norwich", &"x".repeat(41)].iter().all(|key| !is_key(key)));
    }
}
