//! `import assets`: points from a file of the council's own become a set of assets, or are only compared with the one that
//! stands. Each row that came to nothing is a line of output, and the last says what came of the rest.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use kerbside_core::assets::bring::{Brought, bring};
use kerbside_core::assets::{AssetKind, AssetSet};
use kerbside_core::form::Localised;
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;
use serde_json::json;

use super::features::{Bringing, Difference, Refusal, State, counted, read};
use super::{REFUSED, print};
use crate::clock::now_ms;
use crate::store::{Store, pack_assets};

#[derive(Debug, Args)]
pub struct AssetFile {
    /// Points (.geojson, .json, .gpkg) in WGS 84 or on the British National Grid.
    #[arg(required_unless_present = "remove")]
    file: Option<PathBuf>,
    /// What the assets are, for their symbol.
    #[arg(long, default_value = "other")]
    kind: Kind,
    /// What people call the set, in English; its key otherwise.
    #[arg(long)]
    title: Option<String>,
    /// The same in Welsh.
    #[arg(long)]
    title_cy: Option<String>,
    /// A column that everybody may read as a fact, as COLUMN or COLUMN=WORDS. No other is taken.
    #[arg(long)]
    fact: Vec<String>,
    /// Only for the devices of these teams; for everyone's otherwise.
    #[arg(long)]
    team: Vec<String>,
    #[command(flatten)]
    bringing: Bringing,
    /// Take the set with this key from the office and from every device instead.
    #[arg(long, conflicts_with = "file")]
    remove: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Lamp,
    LitterBin,
    GritBin,
    Gully,
    Tree,
    Bench,
    Play,
    Sign,
    Other,
}

impl From<Kind> for AssetKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Lamp => Self::Lamp,
            Kind::LitterBin => Self::LitterBin,
            Kind::GritBin => Self::GritBin,
            Kind::Gully => Self::Gully,
            Kind::Tree => Self::Tree,
            Kind::Bench => Self::Bench,
            Kind::Play => Self::Play,
            Kind::Sign => Self::Sign,
            Kind::Other => Self::Other,
        }
    }
}

/// What came of a file.
#[derive(Debug, Serialize)]
struct Report {
    key: String,
    kind: AssetKind,
    state: State,
    /// The version that stands now; none where the set is not there yet.
    version: Option<u32>,
    assets: usize,
    /// Rows that came to nothing, each told before this.
    refused: usize,
    /// The columns that were read.
    code: String,
    name: Option<String>,
    facts: Vec<String>,
    /// Columns that were not.
    left: Vec<String>,
    /// Bytes that each device fetches.
    bytes: usize,
    #[serde(flatten)]
    difference: Difference,
    /// The same for a person.
    words: String,
}

pub fn run(store: &mut Store, wanted: &AssetFile) -> Result<ExitCode> {
    let key = &wanted.bringing.key;
    wanted.bringing.require_key()?;
    if wanted.remove {
        if !store.remove_asset_set(now_ms(), key)? {
            return Err(Problem::new(Code::NotFound, "no set of assets has this key").into());
        }
        print(&json!({"key": key, "state": "removed"}))?;
        return Ok(ExitCode::SUCCESS);
    }
    let file = wanted.file.as_deref().context("A file to import")?;
    let report = import(store, (wanted, file), &mut |refusal| print(refusal))?;
    print(&report)?;
    Ok(if report.state == State::Stopped { ExitCode::from(REFUSED) } else { ExitCode::SUCCESS })
}

fn import(
    store: &mut Store,
    (wanted, file): (&AssetFile, &Path),
    tell: &mut dyn FnMut(&Refusal<'_>) -> Result<()>,
) -> Result<Report> {
    let bringing = &wanted.bringing;
    let file = read(file, bringing.layer.as_deref())?;
    let attribution = bringing.attribution(&file.attribution);
    let (taken, called): (Vec<String>, Vec<String>) = wanted.fact.iter().map(|fact| fact_of(fact)).unzip();
    let brought = if file.features.is_empty() {
        Brought { assets: vec![], flawed: vec![], code: String::new(), name: None, left: vec![] }
    } else {
        bring(file, &bringing.columns(), &taken)?
    };
    brought.flawed.iter().try_for_each(|flawed| tell(&Refusal::of(flawed)))?;
    let title = Localised {
        en: wanted.title.clone().unwrap_or_else(|| words_of(&bringing.key)),
        cy: wanted.title_cy.clone(),
    };
    let (key, kind) = (bringing.key.clone(), wanted.kind.into());
    let set = AssetSet { key, kind, title, attribution, facts: called, assets: brought.assets };
    let stands = store.asset_sets()?.into_iter().find(|(stands, _)| stands.key == set.key);
    let before = stands.as_ref().map(|(stands, _)| stands.assets.as_slice()).unwrap_or_default();
    let mut report = Report {
        key: set.key.clone(),
        kind,
        state: State::Checked,
        version: stands.as_ref().map(|(_, version)| *version),
        assets: set.assets.len(),
        refused: brought.flawed.len(),
        code: brought.code,
        name: brought.name,
        facts: taken,
        left: brought.left,
        bytes: pack_assets(&set)?.len(),
        difference: Difference::between(before, &set.assets, |asset| &asset.code),
        words: String::new(),
    };
    report.state = match bringing.held_back(report.refused) {
        Some(state) => state,
        None => {
            bringing.require_whole("assets", report.difference.gone, before.len())?;
            let put = store.put_asset_set(now_ms(), &set, &wanted.team)?;
            report.version = Some(put.version);
            State::put(put.is_new)
        }
    };
    report.words = words(bringing, &report);
    Ok(report)
}

/// The column of a fact and what people call it.
fn fact_of(asked: &str) -> (String, String) {
    match asked.split_once('=') {
        Some((column, words)) => (column.to_owned(), words.to_owned()),
        None => (asked.to_owned(), words_of(asked)),
    }
}

/// `height_m` as `Height m`.
fn words_of(name: &str) -> String {
    let spaced = name.replace(['_', '-'], " ");
    let mut letters = spaced.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

fn words(bringing: &Bringing, report: &Report) -> String {
    let Difference { added, gone, changed, unchanged } = report.difference;
    let left = match report.left.as_slice() {
        [] => String::new(),
        left => format!(" Not taken: {}; what everybody may read of them, name by --fact.", left.join(", ")),
    };
    format!(
        "{}: {added} new, {changed} changed, {gone} gone, {unchanged} as before. Codes are from {}, names from {}.{left} {}",
        counted(report.assets, "asset"),
        report.code,
        report.name.as_deref().unwrap_or("nowhere"),
        bringing.words(&report.state, report.version, &counted(report.refused, "row")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> Store {
        let mut store = Store::in_memory(1).unwrap();
        store.establish(1_793_000_000_000).unwrap();
        store
    }

    fn wanted(bringing: Bringing) -> AssetFile {
        AssetFile {
            file: None,
            kind: Kind::LitterBin,
            title: None,
            title_cy: None,
            fact: vec!["size_l=Litres".into(), "last_emptied".into()],
            team: vec![],
            bringing,
            remove: false,
        }
    }

    fn bins() -> Bringing {
        Bringing { key: "litter-bins".into(), ..Bringing::default() }
    }

    fn file(bins: &[(&str, u32)]) -> String {
        let features: Vec<String> = bins
            .iter()
            .map(|(code, size)| {
                let said = format!(r#"{{"code": "{code}", "size_l": {size}, "last_emptied": "Monday", "crew": "A. Person"}}"#);
                format!(r#"{{"type": "Feature", "properties": {said}, "geometry": {{"type": "Point", "coordinates": [1.292, 52.6285]}}}}"#)
            })
            .collect();
        format!(r#"{{"type": "FeatureCollection", "features": [{}]}}"#, features.join(","))
    }

    fn imported(store: &mut Store, wanted: &AssetFile, text: &str) -> Result<(Report, Vec<String>)> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("bins.geojson");
        std::fs::write(&file, text)?;
        let mut told = Vec::new();
        let report = import(store, (wanted, &file), &mut |refusal| {
            told.push(refusal.to_string());
            Ok(())
        })?;
        Ok((report, told))
    }

    #[test]
    fn the_same_assets_are_the_same_version_and_others_the_next() {
        let mut store = store();
        let three = file(&[("B-3", 90), ("B-1", 90), ("B-2", 240)]);
        let dry = wanted(Bringing { dry_run: true, ..bins() });
        let (checked, _) = imported(&mut store, &dry, &three).unwrap();
        assert_eq!((checked.state, checked.version, checked.assets), (State::Checked, None, 3));
        assert!(store.asset_sets().unwrap().is_empty(), "a dry run keeps nothing");
        assert_eq!(
            (checked.code.as_str(), checked.left.as_slice()),
            ("code", ["crew".to_owned()].as_slice())
        );

        let (first, _) = imported(&mut store, &wanted(bins()), &three).unwrap();
        assert_eq!((first.state, first.version, first.difference.added), (State::Kept, Some(1), 3));
        let turned = file(&[("B-1", 90), ("B-2", 240), ("B-3", 90)]);
        let (again, _) = imported(&mut store, &wanted(bins()), &turned).unwrap();
        assert_eq!((again.state, again.version, again.difference.unchanged), (State::Same, Some(1), 3));
        let (next, _) =
            imported(&mut store, &wanted(bins()), &file(&[("B-1", 90), ("B-2", 90), ("B-3", 90)])).unwrap();
        assert_eq!((next.version, next.difference.changed), (Some(2), 1));
        assert!(next.words.contains("0 new, 1 changed, 0 gone, 2 as before"), "{}", next.words);
        assert!(next.words.contains("Not taken: crew"), "{}", next.words);
        let (set, version) = store.asset_sets().unwrap().remove(0);
        assert_eq!(
            (set.title.en.as_str(), set.facts.as_slice(), version),
            ("Litter bins", ["Litres".to_owned(), "Last emptied".to_owned()].as_slice(), 2)
        );
    }

    #[test]
    fn one_flaw_stops_a_file_until_someone_says_to_leave_it_out() {
        let mut store = store();
        let twice = file(&[("B-1", 90), ("B-2", 90), ("B-1", 240)]);
        let (stopped, told) = imported(&mut store, &wanted(bins()), &twice).unwrap();
        assert_eq!((stopped.state, stopped.version), (State::Stopped, None));
        assert_eq!(told, ["3 its code is that of one before it"]);
        assert!(stopped.words.contains("1 row came to nothing"), "{}", stopped.words);
        let leaving_out = wanted(Bringing { leave_out: true, ..bins() });
        let (kept, _) = imported(&mut store, &leaving_out, &twice).unwrap();
        assert_eq!((kept.state, kept.assets), (State::Kept, 2));
    }

    #[test]
    fn what_lacks_much_of_what_stands_is_refused_until_someone_says_so() {
        let mut store = store();
        imported(&mut store, &wanted(bins()), &file(&[("B-1", 90), ("B-2", 90), ("B-3", 90)])).unwrap();
        for fewer in [file(&[("B-1", 90)]), file(&[])] {
            let refused =
                imported(&mut store, &AssetFile { fact: vec![], ..wanted(bins()) }, &fewer).unwrap_err();
            assert!(refused.to_string().contains("--shrink"), "{refused}");
        }
        let (emptied, _) =
            imported(&mut store, &wanted(Bringing { shrink: true, ..bins() }), &file(&[])).unwrap();
        assert_eq!((emptied.state, emptied.assets, emptied.version), (State::Kept, 0, Some(2)));
    }

    #[test]
    fn a_set_that_was_removed_comes_back_under_a_version_of_its_own() {
        let mut store = store();
        let one = file(&[("B-1", 90)]);
        let removing = AssetFile { remove: true, ..wanted(bins()) };
        assert!(run(&mut store, &removing).unwrap_err().is::<Problem>(), "there is none");
        imported(&mut store, &wanted(bins()), &one).unwrap();
        run(&mut store, &removing).unwrap();
        assert!(store.asset_sets().unwrap().is_empty());
        let (back, _) = imported(&mut store, &wanted(bins()), &one).unwrap();
        assert_eq!((back.state, back.version), (State::Kept, Some(2)));
        let unknown = AssetFile { team: vec!["no-such-team".into()], ..wanted(bins()) };
        assert!(imported(&mut store, &unknown, &one).unwrap_err().is::<Problem>());
    }
}
