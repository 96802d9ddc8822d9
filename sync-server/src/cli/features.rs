//! Files of features as commands read them, and what commands say of them: which came to nothing, and how what came differs
//! from what stands.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use kerbside_core::features::flaw::Flawed;
use kerbside_core::features::{FileOfFeatures, geojson};
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;

use crate::store::geopackage;

/// More than the boundaries of a country at full detail.
const FILE_LIMIT: u64 = 256 * 1024 * 1024;

/// A feature that came to nothing: which of the file, counted from one.
#[derive(Debug, Serialize)]
pub(super) struct Refusal<'a> {
    feature: usize,
    code: &'a Option<String>,
    refused: String,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// A new version stands.
    Kept,
    /// The same stands already.
    Same,
    /// Only looked at.
    Checked,
    /// Some features have flaws, and nobody said to leave them out.
    Stopped,
}

/// How a set differs from the version that stands.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Difference {
    pub(super) added: usize,
    pub(super) gone: usize,
    /// With the same code and something else that is new.
    pub(super) changed: usize,
    pub(super) unchanged: usize,
}

impl<'a> Refusal<'a> {
    pub(super) fn of(flawed: &'a Flawed) -> Self {
        Self { feature: flawed.feature, code: &flawed.code, refused: flawed.flaw.to_string() }
    }
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.feature, self.refused)
    }
}

impl Difference {
    pub(super) fn between<T: PartialEq>(before: &[T], after: &[T], code: fn(&T) -> &str) -> Self {
        let was: BTreeMap<&str, &T> = before.iter().map(|one| (code(one), one)).collect();
        let mut difference = Self::default();
        for one in after {
            match was.get(code(one)) {
                None => difference.added += 1,
                Some(before) if *before == one => difference.unchanged += 1,
                Some(_) => difference.changed += 1,
            }
        }
        difference.gone = before.len() - difference.changed - difference.unchanged;
        difference
    }
}

/// A file that broke off, or that holds only what changed, would take away what is still there.
pub(super) fn require_whole(things: &str, gone: usize, stood: usize, shrink: bool) -> Result<()> {
    if shrink || gone <= stood / 3 {
        return Ok(());
    }
    let detail = format!("{gone} of {stood} {things} would go. If the file holds everything, say --shrink");
    Err(Problem::new(Code::NotAllowed, detail).into())
}

/// The features of a file, whatever they are.
pub(super) fn read(path: &Path, layer: Option<&str>) -> Result<FileOfFeatures> {
    let size = std::fs::metadata(path).with_context(|| format!("Reading {}", path.display()))?.len();
    if FILE_LIMIT < size {
        return Err(Problem::new(Code::TooLarge, format!("a file over {FILE_LIMIT} bytes")).into());
    }
    let bytes = std::fs::read(path).with_context(|| format!("Reading {}", path.display()))?;
    let is_geopackage = bytes.starts_with(b"SQLite format 3\0");
    Ok(if is_geopackage { geopackage::read(&bytes, layer)? } else { geojson::read(&bytes)? })
}
