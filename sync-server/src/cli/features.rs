//! Files of features as commands read them, and what commands say of them: which came to nothing, and how what came differs
//! from what stands.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;
use kerbside_core::area_pack::is_key;
use kerbside_core::features::columns::Columns;
use kerbside_core::features::flaw::Flawed;
use kerbside_core::features::{FileOfFeatures, geojson};
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;

use crate::store::geopackage;

/// More than the boundaries of a country at full detail.
const FILE_LIMIT: u64 = 256 * 1024 * 1024;

/// What is said of any file of features that becomes a set.
#[derive(Debug, Default, Args)]
pub(super) struct Bringing {
    /// Small letters, digits and hyphens. A set with the same key gets a new version.
    #[arg(long)]
    pub(super) key: String,
    /// The column with the codes, where it is not recognised.
    #[arg(long)]
    pub(super) code: Option<String>,
    /// The column with the names, where it is not recognised.
    #[arg(long)]
    pub(super) name: Option<String>,
    /// Which layer of a GeoPackage with several.
    #[arg(long)]
    pub(super) layer: Option<String>,
    /// Whose file it is, as its licence asks to be said; what the file says otherwise.
    #[arg(long)]
    pub(super) attribution: Option<String>,
    /// Only say what would change; nothing is kept.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Bring the others in where some have flaws.
    #[arg(long)]
    pub(super) leave_out: bool,
    /// The file holds everything although it lacks more than a third of what stands.
    #[arg(long)]
    pub(super) shrink: bool,
}

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

impl Bringing {
    pub(super) fn require_key(&self) -> Result<()> {
        if is_key(&self.key) {
            return Ok(());
        }
        Err(Problem::new(Code::NotUnderstood, "a key has small letters, digits and hyphens").into())
    }

    pub(super) fn columns(&self) -> Columns {
        Columns { code: self.code.clone(), name: self.name.clone() }
    }

    /// Whose it is, if this is what its file says.
    pub(super) fn attribution(&self, said: &str) -> String {
        self.attribution.clone().unwrap_or_else(|| said.to_owned())
    }

    /// What becomes of what was read, before anything is kept; nothing stands against keeping it where this is none.
    pub(super) fn held_back(&self, refused: usize) -> Option<State> {
        if 0 < refused && !self.leave_out {
            return Some(State::Stopped);
        }
        self.dry_run.then_some(State::Checked)
    }

    /// A file that broke off, or that holds only what changed, would take away what is still there.
    pub(super) fn require_whole(&self, things: &str, gone: usize, stood: usize) -> Result<()> {
        if self.shrink || gone <= stood / 3 {
            return Ok(());
        }
        let detail =
            format!("{gone} of {stood} {things} would go. If the file holds everything, say --shrink");
        Err(Problem::new(Code::NotAllowed, detail).into())
    }

    /// What was kept and what stands, for a person. `flawed` counts what came to nothing, in words.
    pub(super) fn words(&self, state: &State, version: Option<u32>, flawed: &str) -> String {
        let stands = match version {
            Some(version) => format!("Version {version} of {} stands.", self.key),
            None => format!("There is no {} yet.", self.key),
        };
        match state {
            State::Kept | State::Same => stands,
            State::Checked => format!("Nothing was kept. {stands}"),
            State::Stopped => format!(
                "Nothing was kept, as {flawed} came to nothing, each with its reason above: put the file right, or say --leave-out. {stands}"
            ),
        }
    }
}

impl State {
    /// Of a set that was put among the others.
    pub(super) fn put(is_new: bool) -> Self {
        if is_new { Self::Kept } else { Self::Same }
    }
}

/// `1 area`, `2 areas`.
pub(super) fn counted(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
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
