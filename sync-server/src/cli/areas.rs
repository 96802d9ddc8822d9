//! `import areas`: wards, patches, zones or sites from a file of the council's own become a set, or are only compared with
//! the one that stands. Each area that came to nothing is a line of output, and the last says what came of the rest.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use kerbside_core::area_pack::is_key;
use kerbside_core::areas::bring::bring;
use kerbside_core::areas::{AreaKind, AreaSet};
use kerbside_core::features::columns::Columns;
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;

use super::features::{Difference, Refusal, State, read, require_whole};
use super::{REFUSED, print};
use crate::store::Store;

#[derive(Debug, Args)]
pub struct AreaFile {
    /// Outlines (.geojson, .json, .gpkg) in WGS 84 or on the British National Grid.
    file: PathBuf,
    /// What the areas are to the council.
    #[arg(long)]
    kind: Kind,
    /// Small letters, digits and hyphens. A set with the same key gets a new version.
    #[arg(long)]
    key: String,
    /// The column with the codes, where it is not recognised.
    #[arg(long)]
    code: Option<String>,
    /// The column with the names, where it is not recognised.
    #[arg(long)]
    name: Option<String>,
    /// Which layer of a GeoPackage with several.
    #[arg(long)]
    layer: Option<String>,
    /// Whose outlines they are, as their licence asks to be said; what the file says otherwise.
    #[arg(long)]
    attribution: Option<String>,
    /// Only say what would change; nothing is kept.
    #[arg(long)]
    dry_run: bool,
    /// Bring the others in where some areas have flaws.
    #[arg(long)]
    leave_out: bool,
    /// The file holds everything although it lacks more than a third of what stands.
    #[arg(long)]
    shrink: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Ward,
    Patch,
    Zone,
    Site,
}

impl From<Kind> for AreaKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Ward => Self::Ward,
            Kind::Patch => Self::Patch,
            Kind::Zone => Self::Zone,
            Kind::Site => Self::Site,
        }
    }
}

/// What came of a file.
#[derive(Debug, Serialize)]
struct Report {
    key: String,
    kind: AreaKind,
    state: State,
    /// The version that stands now; none where the set is not there yet.
    version: Option<u32>,
    areas: usize,
    /// Areas that came to nothing, each told before this.
    refused: usize,
    corners: usize,
    /// The columns that were read.
    code: String,
    name: Option<String>,
    /// Bytes that each device fetches.
    bytes: usize,
    #[serde(flatten)]
    difference: Difference,
    /// The same for a person.
    words: String,
}

pub fn run(store: &mut Store, wanted: &AreaFile) -> Result<ExitCode> {
    let report = import(store, wanted, &mut |refusal| print(refusal))?;
    print(&report)?;
    Ok(if report.state == State::Stopped { ExitCode::from(REFUSED) } else { ExitCode::SUCCESS })
}

fn import(
    store: &mut Store,
    wanted: &AreaFile,
    tell: &mut dyn FnMut(&Refusal<'_>) -> Result<()>,
) -> Result<Report> {
    if !is_key(&wanted.key) {
        return Err(Problem::new(Code::NotUnderstood, "a key has small letters, digits and hyphens").into());
    }
    let file = read(&wanted.file, wanted.layer.as_deref())?;
    let attribution = wanted.attribution.clone().unwrap_or_else(|| file.attribution.clone());
    let columns = Columns { code: wanted.code.clone(), name: wanted.name.clone() };
    let brought = bring(file, &columns)?;
    for flawed in &brought.flawed {
        tell(&Refusal::of(flawed))?;
    }
    let set = AreaSet::of(&wanted.key, wanted.kind.into(), &attribution, brought.areas);
    let stands = store.area_sets()?.into_iter().find(|(stands, _)| stands.key == set.key);
    let before = stands.as_ref().map(|(stands, _)| stands.areas.as_slice()).unwrap_or_default();
    let mut report = Report {
        key: set.key.clone(),
        kind: set.kind,
        state: State::Checked,
        version: stands.as_ref().map(|(_, version)| *version),
        areas: set.areas.len(),
        refused: brought.flawed.len(),
        corners: set.areas.iter().map(|area| area.outline.corners()).sum(),
        code: brought.code,
        name: brought.name,
        bytes: set.to_json().len(),
        difference: Difference::between(before, &set.areas, |area| &area.code),
        words: String::new(),
    };
    if 0 < report.refused && !wanted.leave_out {
        report.state = State::Stopped;
    } else if !wanted.dry_run {
        if set.areas.is_empty() {
            return Err(Problem::new(Code::NotUnderstood, "no area of this file can be used").into());
        }
        require_whole("areas", report.difference.gone, before.len(), wanted.shrink)?;
        let put = store.put_area_set(&set)?;
        report.version = Some(put.version);
        report.state = if put.is_new { State::Kept } else { State::Same };
    }
    report.words = words(&report);
    Ok(report)
}

fn words(report: &Report) -> String {
    let Difference { added, gone, changed, unchanged } = report.difference;
    let version = match report.version {
        Some(version) => format!("Version {version} of {} stands.", report.key),
        None => format!("There is no {} yet.", report.key),
    };
    let kept = match report.state {
        State::Kept | State::Same => version,
        State::Checked => format!("Nothing was kept. {version}"),
        State::Stopped => format!(
            "Nothing was kept, as {} came to nothing, each with its reason above: put the file right, or say --leave-out. {version}",
            counted(report.refused)
        ),
    };
    format!(
        "{}: {added} new, {changed} changed, {gone} gone, {unchanged} as before. Codes are from {}, names from {}. {kept}",
        counted(report.areas),
        report.code,
        report.name.as_deref().unwrap_or("the codes"),
    )
}

fn counted(areas: usize) -> String {
    if areas == 1 { "1 area".to_owned() } else { format!("{areas} areas") }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn store() -> Store {
        let mut store = Store::in_memory(1).unwrap();
        store.establish(1_793_000_000_000).unwrap();
        store
    }

    fn wanted(file: &Path) -> AreaFile {
        AreaFile {
            file: file.to_owned(),
            kind: Kind::Ward,
            key: "wards".into(),
            code: None,
            name: None,
            layer: None,
            attribution: None,
            dry_run: false,
            leave_out: false,
            shrink: false,
        }
    }

    fn imported(store: &mut Store, wanted: &AreaFile) -> (Report, Vec<String>) {
        let mut told = Vec::new();
        let report = import(store, wanted, &mut |refusal| {
            told.push(refusal.to_string());
            Ok(())
        });
        (report.unwrap(), told)
    }

    fn shipped() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/areas/norwich-lsoa-2011.geojson")
    }

    #[test]
    fn the_same_areas_are_the_same_version_and_others_the_next() {
        let mut store = store();
        let dry = AreaFile { dry_run: true, ..wanted(&shipped()) };
        let (checked, told) = imported(&mut store, &dry);
        assert_eq!(
            (checked.state, checked.version, checked.areas, told.len()),
            (State::Checked, None, 83, 0)
        );
        assert!(store.area_sets().unwrap().is_empty(), "a dry run keeps nothing");
        let (first, _) = imported(&mut store, &wanted(&shipped()));
        assert_eq!((first.state, first.version, first.difference.added), (State::Kept, Some(1), 83));
        let (again, _) = imported(&mut store, &wanted(&shipped()));
        assert_eq!((again.state, again.version, again.difference.unchanged), (State::Same, Some(1), 83));

        let folder = tempfile::tempdir().unwrap();
        let moved = folder.path().join("moved.geojson");
        let text = std::fs::read_to_string(shipped()).unwrap();
        std::fs::write(&moved, text.replacen("1.23502,52.641047", "1.23512,52.641047", 2)).unwrap();
        let (next, _) = imported(&mut store, &wanted(&moved));
        let Difference { added, gone, changed, unchanged } = next.difference;
        assert_eq!((next.version, added, gone, changed, unchanged), (Some(2), 0, 0, 1, 82));
        assert!(next.words.contains("0 new, 1 changed, 0 gone, 82 as before"), "{}", next.words);
        assert_eq!(store.area_sets().unwrap().len(), 1, "the newest is on offer");
    }

    #[test]
    fn one_flaw_stops_a_file_until_someone_says_to_leave_it_out() {
        let mut store = store();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("two.geojson");
        let ring = "[[1, 52], [1.1, 52], [1, 52.1], [1, 52]]";
        let feature = |code: &str, kind: &str| {
            format!(
                r#"{{"type": "Feature", "properties": {{"code": "{code}"}}, "geometry": {{"type": "{kind}", "coordinates": [{ring}]}}}}"#
            )
        };
        let text = format!(
            r#"{{"type": "FeatureCollection", "features": [{}, {}]}}"#,
            feature("a", "Polygon"),
            feature("b", "LineString")
        );
        std::fs::write(&file, text).unwrap();
        let (stopped, told) = imported(&mut store, &wanted(&file));
        assert_eq!((stopped.state, stopped.version), (State::Stopped, None));
        assert_eq!(told, ["2 it is neither one point nor an area"]);
        assert!(stopped.words.contains("1 area came to nothing"), "{}", stopped.words);
        let (kept, _) = imported(&mut store, &AreaFile { leave_out: true, ..wanted(&file) });
        assert_eq!((kept.state, kept.version, kept.areas), (State::Kept, Some(1), 1));
        let nothing =
            AreaFile { code: Some("nowhere".into()), leave_out: true, shrink: true, ..wanted(&file) };
        assert!(import(&mut store, &nothing, &mut |_| Ok(())).unwrap_err().is::<Problem>());
        imported(&mut store, &AreaFile { key: "lsoa".into(), ..wanted(&shipped()) });
        let fewer = AreaFile { key: "lsoa".into(), leave_out: true, ..wanted(&file) };
        let refused = import(&mut store, &fewer, &mut |_| Ok(())).unwrap_err();
        assert!(refused.to_string().contains("--shrink"), "{refused}");
        let (shrunk, _) = imported(&mut store, &AreaFile { shrink: true, ..fewer });
        assert_eq!((shrunk.state, shrunk.version, shrunk.areas), (State::Kept, Some(2), 1));
        let unfit = AreaFile { key: "The wards".into(), ..wanted(&file) };
        assert!(import(&mut store, &unfit, &mut |_| Ok(())).unwrap_err().is::<Problem>());
    }
}
