//! Tiles in one file, found by reading ranges of it (PMTiles, version 3): a header, a directory, then the tiles in the
//! order of a Hilbert curve.

use super::plane::Bounds;
use super::tile::varint;
use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::RangeInclusive;

const HEADER: u64 = 127;
const GZIP: u8 = 2;
const VECTOR_TILES: u8 = 1;

#[derive(Debug)]
pub struct Archive {
    zooms: RangeInclusive<u8>,
    bounds: Bounds,
    tiles: BTreeMap<u64, Vec<u8>>,
}

impl Archive {
    pub fn new(zooms: RangeInclusive<u8>, bounds: Bounds) -> Self {
        Self { zooms, bounds, tiles: BTreeMap::new() }
    }

    pub fn len(&self) -> usize {
        self.tiles.len()
    }

    pub fn add(&mut self, zoom: u8, x: u32, y: u32, tile: &[u8]) -> Result<()> {
        self.tiles.insert(number(zoom, x, y), squeezed(tile)?);
        Ok(())
    }

    pub fn finish(self, attribution: &str) -> Result<Vec<u8>> {
        let directory = squeezed(&self.directory())?;
        let layers = ["area", "place", "park", "park_name", "water", "water_name", "road", "building"];
        let described: Vec<_> = layers.iter().map(|layer| json!({"id": layer, "fields": {}})).collect();
        let words = json!({
            "name": "Norwich, with streets that nobody has walked",
            "attribution": attribution,
            "vector_layers": described,
        });
        let metadata = squeezed(serde_json::to_string(&words)?.as_bytes())?;
        let data: u64 = self.tiles.values().map(|tile| tile.len() as u64).sum();
        let (directory_bytes, metadata_bytes) = (directory.len() as u64, metadata.len() as u64);
        let tiles_at = HEADER + directory_bytes + metadata_bytes;
        let tiles = self.tiles.len() as u64;
        let mut out = b"PMTiles\x03".to_vec();
        for part in [
            (HEADER, directory_bytes),
            (HEADER + directory_bytes, metadata_bytes),
            (tiles_at, 0),
            (tiles_at, data),
        ] {
            out.extend(part.0.to_le_bytes());
            out.extend(part.1.to_le_bytes());
        }
        [tiles; 3].iter().for_each(|count| out.extend(count.to_le_bytes()));
        let (least, most) = (*self.zooms.start(), *self.zooms.end());
        out.extend([1, GZIP, GZIP, VECTOR_TILES, least, most]);
        let Bounds { west, south, east, north } = self.bounds;
        let placed = |degrees: f64| ((degrees * 1e7).round() as i32).to_le_bytes();
        [west, south, east, north].iter().for_each(|edge| out.extend(placed(*edge)));
        out.push(13);
        [(west + east) / 2.0, (south + north) / 2.0].iter().for_each(|middle| out.extend(placed(*middle)));
        out.extend(directory);
        out.extend(metadata);
        self.tiles.into_values().for_each(|tile| out.extend(tile));
        Ok(out)
    }

    /// Numbers, run lengths, lengths and places, each as a column.
    fn directory(&self) -> Vec<u8> {
        let mut out = Vec::new();
        varint(&mut out, self.tiles.len() as u64);
        let mut last = 0;
        for number in self.tiles.keys() {
            varint(&mut out, number - last);
            last = *number;
        }
        self.tiles.keys().for_each(|_| varint(&mut out, 1));
        self.tiles.values().for_each(|tile| varint(&mut out, tile.len() as u64));
        // Zero says "where the one before ends".
        self.tiles.keys().enumerate().for_each(|(index, _)| varint(&mut out, u64::from(index == 0)));
        out
    }
}

fn squeezed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).context("Compressing a tile")?;
    encoder.finish().context("Compressing a tile")
}

/// The place of a tile on the curve through all of them, the coarse ones first.
fn number(zoom: u8, x: u32, y: u32) -> u64 {
    let before = ((1_u64 << (2 * u32::from(zoom))) - 1) / 3;
    let (mut x, mut y) = (u64::from(x), u64::from(y));
    let mut along = 0;
    for level in (0..zoom).rev() {
        let side = 1_u64 << level;
        let (right, down) = (u64::from(x & side != 0), u64::from(y & side != 0));
        along += side * side * ((3 * right) ^ down);
        if down == 0 {
            if right == 1 {
                x = side.wrapping_sub(1).wrapping_sub(x);
                y = side.wrapping_sub(1).wrapping_sub(y);
            }
            std::mem::swap(&mut x, &mut y);
        }
    }
    before + along
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the reference implementation's own tests.
    #[test]
    fn tiles_are_numbered_as_the_specification_numbers_them() {
        for (zxy, id) in
            [((0, 0, 0), 0), ((1, 0, 0), 1), ((1, 0, 1), 2), ((1, 1, 1), 3), ((1, 1, 0), 4), ((2, 0, 0), 5)]
        {
            assert_eq!(number(zxy.0, zxy.1, zxy.2), id, "{zxy:?}");
        }
        assert_eq!(number(12, 3423, 1763), 19_078_479);
    }
}
