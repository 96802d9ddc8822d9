//! Cases written into a file: one after the other, whatever their number, and whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Crs, feature_json};
use crate::clock::now_ms;
use crate::store::{Feature, FeatureWish, GeoPackage, Store, Taker};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    GeoJson,
    GeoPackage(Crs),
}

/// What is taken, by whom, and as what.
#[derive(Debug)]
pub struct Leaving {
    pub taker: Taker,
    pub wish: FeatureWish,
    pub format: Format,
}

/// What a file holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Left {
    pub features: u64,
    pub without_place: u64,
}

/// Writes a file beside `path`, and puts it there once it is whole and on the disk.
pub fn write_to(store: &mut Store, leaving: &Leaving, path: &Path) -> Result<Left> {
    let half = half_of(path);
    let written = private(&half).and_then(|file| match leaving.format {
        Format::GeoJson => geojson(store, leaving, file),
        Format::GeoPackage(crs) => geopackage(store, leaving, &half, crs),
    });
    let settled = written.and_then(|left| {
        File::open(&half)?.sync_all()?;
        std::fs::rename(&half, path)?;
        Ok(left)
    });
    if settled.is_err() {
        std::fs::remove_file(&half).ok();
    }
    settled.with_context(|| format!("Writing {}", path.display()))
}

fn half_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".half");
    path.with_file_name(name)
}

/// An empty file that nobody else on the machine may read.
fn private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).with_context(|| format!("Making {}", path.display()))
}

fn count(left: &mut Left, feature: &Feature) {
    left.features += 1;
    left.without_place += u64::from(feature.place.is_none());
}

fn geojson(store: &mut Store, leaving: &Leaving, file: File) -> Result<Left> {
    let mut out = BufWriter::new(file);
    let mut left = Left::default();
    let mut bounds: Option<[f64; 4]> = None;
    out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
    store.each_feature(&leaving.taker, &leaving.wish, &mut |feature| {
        out.write_all(if left.features == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut out, &feature_json(feature, Crs::Degrees))?;
        count(&mut left, feature);
        if let Some((x, y)) = Crs::Degrees.of(feature) {
            let [west, south, east, north] = bounds.unwrap_or([x, y, x, y]);
            bounds = Some([west.min(x), south.min(y), east.max(x), north.max(y)]);
        }
        Ok(())
    })?;
    out.write_all(b"\n]")?;
    if let Some(bounds) = bounds {
        out.write_all(b",\"bbox\":")?;
        serde_json::to_writer(&mut out, &bounds)?;
    }
    out.write_all(b"}\n")?;
    out.flush()?;
    Ok(left)
}

fn geopackage(store: &mut Store, leaving: &Leaving, path: &Path, crs: Crs) -> Result<Left> {
    let mut package = GeoPackage::begin(path, crs)?;
    let mut left = Left::default();
    store.each_feature(&leaving.taker, &leaving.wish, &mut |feature| {
        count(&mut left, feature);
        package.add(feature)
    })?;
    package.finish(now_ms())?;
    Ok(left)
}
