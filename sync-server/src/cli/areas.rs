//! `import areas`: wards, patches, zones or sites from a file of the council's own become a set, or are only compared with
//! the one that stands. Each area that came to nothing is a line of output, and the last says what came of the rest.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use kerbside_core::areas::bring::bring;
use kerbside_core::areas::{AreaKind, AreaSet};
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;

use super::features::{Bringing, Difference, Refusal, State, counted, read};
use super::{REFUSED, print};
use crate::store::Store;

#[derive(Debug, Args)]
pub struct AreaFile {
    /// Outlines (.geojson, .json, .gpkg) in WGS 84 or on the British National Grid.
    file: PathBuf,
    /// What the areas are to the council.
    #[arg(long)]
    kind: Kind,
    #[command(flatten)]
    bringing: Bringing,
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
    let bringing = &wanted.bringing;
    bringing.require_key()?;
    let file = read(&wanted.file, bringing.layer.as_deref())?;
    let attribution = bringing.attribution(&file.attribution);
    let brought = bring(file, &bringing.columns())?;
    for flawed in &brought.flawed {
        tell(&Refusal::of(flawed))?;
    }
    let set = AreaSet::of(&bringing.key, wanted.kind.into(), &attribution, brought.areas);
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
    report.state = match bringing.held_back(report.refused) {
        Some(state) => state,
        None if set.areas.is_empty() => {
            return Err(Problem::new(Code::NotUnderstood, "no area of this file can be used").into());
        }
        None => {
            bringing.require_whole("areas", report.difference.gone, before.len())?;
            let put = store.put_area_set(&set)?;
            report.version = Some(put.version);
            State::put(put.is_new)
        }
    };
    report.words = words(bringing, &report);
    Ok(report)
}

fn words(bringing: &Bringing, report: &Report) -> String {
    let Difference { added, gone, changed, unchanged } = report.difference;
    let flawed = counted(report.refused, "area");
    format!(
        "{}: {added} new, {changed} changed, {gone} gone, {unchanged} as before. Codes are from {}, names from {}. {}",
        counted(report.areas, "area"),
        report.code,
        report.name.as_deref().unwrap_or("the codes"),
        bringing.words(&report.state, report.version, &flawed),
    )
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

    fn wanted(file: &Path, bringing: Bringing) -> AreaFile {
        AreaFile { file: file.to_owned(), kind: Kind::Ward, bringing }
    }

    fn wards() -> Bringing {
        Bringing { key: "wards".into(), ..Bringing::default() }
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
        let dry = wanted(&shipped(), Bringing { dry_run: true, ..wards() });
        let (checked, told) = imported(&mut store, &dry);
        assert_eq!(
            (checked.state, checked.version, checked.areas, told.len()),
            (State::Checked, None, 83, 0)
        );
        assert!(store.area_sets().unwrap().is_empty(), "a dry run keeps nothing");
        let (first, _) = imported(&mut store, &wanted(&shipped(), wards()));
        assert_eq!((first.state, first.version, first.difference.added), (State::Kept, Some(1), 83));
        let (again, _) = imported(&mut store, &wanted(&shipped(), wards()));
        assert_eq!((again.state, again.version, again.difference.unchanged), (State::Same, Some(1), 83));

        let folder = tempfile::tempdir().unwrap();
        let moved = folder.path().join("moved.geojson");
        let text = std::fs::read_to_string(shipped()).unwrap();
        std::fs::write(&moved, text.replacen("1.23502,52.641047", "1.23512,52.641047", 2)).unwrap();
        let (next, _) = imported(&mut store, &wanted(&moved, wards()));
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
        let (stopped, told) = imported(&mut store, &wanted(&file, wards()));
        assert_eq!((stopped.state, stopped.version), (State::Stopped, None));
        assert_eq!(told, ["2 it is neither one point nor an area"]);
        assert!(stopped.words.contains("1 area came to nothing"), "{}", stopped.words);
        let (kept, _) = imported(&mut store, &wanted(&file, Bringing { leave_out: true, ..wards() }));
        assert_eq!((kept.state, kept.version, kept.areas), (State::Kept, Some(1), 1));
        let nowhere = Bringing { code: Some("nowhere".into()), leave_out: true, shrink: true, ..wards() };
        let nothing = wanted(&file, nowhere);
        assert!(import(&mut store, &nothing, &mut |_| Ok(())).unwrap_err().is::<Problem>());
        let lsoa = |leave_out, shrink| Bringing { key: "lsoa".into(), leave_out, shrink, ..wards() };
        imported(&mut store, &wanted(&shipped(), lsoa(false, false)));
        let fewer = wanted(&file, lsoa(true, false));
        let refused = import(&mut store, &fewer, &mut |_| Ok(())).unwrap_err();
        assert!(refused.to_string().contains("--shrink"), "{refused}");
        let (shrunk, _) = imported(&mut store, &wanted(&file, lsoa(true, true)));
        assert_eq!((shrunk.state, shrunk.version, shrunk.areas), (State::Kept, Some(2), 1));
        let unfit = wanted(&file, Bringing { key: "The wards".into(), ..wards() });
        assert!(import(&mut store, &unfit, &mut |_| Ok(())).unwrap_err().is::<Problem>());
    }
}
