//! A map to try things with, and its addresses: the real outlines of Norwich's areas, filled with streets, houses, parks
//! and a river that nobody has ever walked. The same files every time, so that their hashes can be compared.

mod addresses;
mod archive;
mod assets;
mod clip;
mod names;
mod plane;
mod roads;
mod tile;
mod town;

use crate::program::{root, say, target};
use anyhow::{Context, Result};
use archive::Archive;
pub use assets::List;
use plane::Ground;
use std::fs;
use std::path::PathBuf;
use tile::{Feature, Layers};

const OUTLINES: &str = "schemas/areas/norwich-lsoa-2011.geojson";
const ZOOMS: std::ops::RangeInclusive<u8> = 10..=15;

/// Writes the demonstration area pack to the file.
pub fn area_pack(arguments: &[String]) -> Result<()> {
    let [file] = arguments else { anyhow::bail!("`cargo xtask area-pack FILE` needs the file to write") };
    let (bytes, tiles) = make()?;
    fs::write(file, &bytes).with_context(|| format!("Writing {file}"))?;
    say(format!("{file}: {tiles} tiles, {} kB", bytes.len() / 1000));
    Ok(())
}

/// Writes the addresses of the same town, as `kerbside-server import gazetteer --profile csv` reads them.
pub fn addresses(arguments: &[String]) -> Result<()> {
    let [file] = arguments else { anyhow::bail!("`cargo xtask addresses FILE` needs the file to write") };
    let table = addresses::table(&town()?);
    fs::write(file, &table).with_context(|| format!("Writing {file}"))?;
    say(format!("{file}: {} addresses", table.lines().count() - 1));
    Ok(())
}

/// The file, made where it is not there yet.
pub fn at_hand() -> Result<PathBuf> {
    kept("norwich.pmtiles", || Ok(make()?.0))
}

/// The same of the addresses.
pub fn addresses_at_hand() -> Result<PathBuf> {
    kept("norwich-addresses.csv", || Ok(addresses::table(&town()?).into_bytes()))
}

/// The same of one of the lists of assets.
pub fn assets_at_hand(list: List) -> Result<PathBuf> {
    let name = match list {
        List::Lamps => "norwich-lamps.geojson",
        List::Bins => "norwich-bins.geojson",
    };
    kept(name, || Ok(assets::list(&town()?, list).into_bytes()))
}

/// Writes the lamp columns and litter bins of the same town, as `kerbside-server import assets` reads them.
pub fn assets(arguments: &[String]) -> Result<()> {
    let [lamps, bins] = arguments else {
        anyhow::bail!("`cargo xtask assets LAMPS BINS` needs the two files to write")
    };
    let town = town()?;
    for (file, list) in [(lamps, List::Lamps), (bins, List::Bins)] {
        fs::write(file, assets::list(&town, list)).with_context(|| format!("Writing {file}"))?;
    }
    say(format!("{lamps} and {bins}"));
    Ok(())
}

fn kept(name: &str, make: impl FnOnce() -> Result<Vec<u8>>) -> Result<PathBuf> {
    let file = target().join(name);
    if !file.is_file() {
        fs::create_dir_all(target()).context("Making the folder of what is built")?;
        fs::write(&file, make()?).with_context(|| format!("Writing {}", file.display()))?;
    }
    Ok(file)
}

fn town() -> Result<town::Town> {
    let outlines = fs::read_to_string(root().join(OUTLINES)).context("Reading the outlines of the areas")?;
    town::town(&outlines)
}

fn make() -> Result<(Vec<u8>, usize)> {
    let town = town()?;
    let mut archive = Archive::new(ZOOMS, town.ground.bounds());
    for zoom in ZOOMS {
        for ((x, y), layers) in tiles(&town.features, zoom) {
            archive.add(zoom, x, y, &layers.encode())?;
        }
    }
    let tiles = archive.len();
    Ok((archive.finish(&town.attribution)?, tiles))
}

/// Every feature in every tile it touches at this zoom.
fn tiles(features: &[Feature], zoom: u8) -> std::collections::BTreeMap<(u32, u32), Layers> {
    let mut tiles = std::collections::BTreeMap::<(u32, u32), Layers>::new();
    let scale = Ground::tiles_across(zoom);
    for feature in features.iter().filter(|feature| feature.from_zoom <= zoom) {
        let Some(bounds) = feature.shape.bounds() else { continue };
        let first = |at: f64| (at * scale - clip::MARGIN).floor().max(0.0) as u32;
        let last = |at: f64| (at * scale + clip::MARGIN).floor().max(0.0) as u32;
        for x in first(bounds.left)..=last(bounds.right) {
            for y in first(bounds.top)..=last(bounds.bottom) {
                let shape = feature.shape.in_tile(scale, (x, y));
                if !shape.is_empty() {
                    tiles.entry((x, y)).or_default().add(feature, &shape);
                }
            }
        }
    }
    tiles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pack_is_small_whole_and_the_same_every_time() {
        let (bytes, tiles) = make().unwrap();
        assert_eq!(&bytes[..8], b"PMTiles\x03");
        assert!(200 < tiles, "{tiles} tiles");
        assert!((200_000..2_000_000).contains(&bytes.len()), "{} bytes", bytes.len());
        assert!(make().unwrap().0 == bytes);
    }
}
