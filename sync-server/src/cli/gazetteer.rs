//! `import gazetteer`: a file of addresses becomes an area's gazetteer, or is only compared with the one that stands. Each
//! line that is refused is a line of output, and the last says what came of the rest.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use kerbside_core::gazetteer::source::{self, LINE_LIMIT, Source};
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;

use super::print;
use crate::clock::now_ms;
use crate::store::Store;
use crate::store::gazetteer::{Bringing, Brought, EVERYWHERE, Staging};

#[derive(Debug, Args)]
pub struct Gazetteer {
    file: PathBuf,
    /// What kind of file it is.
    #[arg(long)]
    profile: Profile,
    /// The area whose gazetteer it is; the whole council's otherwise.
    #[arg(long, default_value = EVERYWHERE)]
    area: String,
    /// Where it comes from and under which licence, as it is to be shown.
    #[arg(long, default_value = "")]
    source: String,
    /// Only say what would change; nothing is kept.
    #[arg(long)]
    dry_run: bool,
    /// The file holds everything although it lacks more than a third of what stands.
    #[arg(long)]
    shrink: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Profile {
    AddressbasePremium,
    /// A council's own export in DTF 7.3.
    #[value(alias = "dtf-7.3")]
    Dtf,
    /// Ordnance Survey's open list of UPRNs: places without addresses.
    #[value(alias = "os-open-uprn")]
    OpenUprn,
    /// One address a line, its columns named in the first.
    #[value(alias = "simple")]
    Csv,
}

impl Profile {
    fn source(self) -> source::Profile {
        match self {
            Self::AddressbasePremium => source::Profile::AddressbasePremium,
            Self::Dtf => source::Profile::Dtf,
            Self::OpenUprn => source::Profile::OpenUprn,
            Self::Csv => source::Profile::Csv,
        }
    }
}

/// A line that came to nothing, and why.
#[derive(Debug, Serialize, PartialEq)]
struct Refusal<'a> {
    line: u64,
    refused: &'a str,
}

/// What came of a file.
#[derive(Debug, Serialize)]
struct Report {
    area: String,
    profile: Profile,
    dry_run: bool,
    lines: u64,
    /// Lines that came to nothing, each told before this.
    refused: u64,
    /// Of those, properties that a line before had told already.
    duplicates: u64,
    #[serde(flatten)]
    brought: Brought,
    /// The same for a person.
    words: String,
}

pub fn run(store: &mut Store, wanted: &Gazetteer) -> Result<ExitCode> {
    if wanted.area.is_empty()
        || !wanted.area.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_".contains(sign))
    {
        return Err(Problem::new(Code::NotAllowed, "An area is named by letters, digits, - and _").into());
    }
    let report = import(store, wanted, &mut |line, refused| print(&Refusal { line, refused }))?;
    print(&report)?;
    Ok(ExitCode::SUCCESS)
}

fn import(
    store: &mut Store,
    wanted: &Gazetteer,
    tell: &mut dyn FnMut(u64, &str) -> Result<()>,
) -> Result<Report> {
    let mut staging = Staging::new()?;
    let read = read(&wanted.file, wanted.profile.source(), &mut staging, tell)?;
    let mut brought = store.compare_gazetteer(&staging, &wanted.area, tell)?;
    let stood = brought.unchanged + brought.changed + brought.gone;
    if !wanted.dry_run {
        if stood / 3 < brought.gone && !wanted.shrink && 0 < stood {
            let detail = format!(
                "{} of {stood} addresses would go. If the file holds everything, say --shrink",
                brought.gone
            );
            return Err(Problem::new(Code::NotAllowed, detail).into());
        }
        let bringing = Bringing { area: &wanted.area, source: &wanted.source, now_ms: now_ms() };
        brought = store.bring_gazetteer(&staging, &bringing)?;
    }
    let refused = read.refused + read.duplicates + brought.unwritten;
    let mut report = Report {
        area: wanted.area.clone(),
        profile: wanted.profile,
        dry_run: wanted.dry_run,
        lines: read.lines,
        refused,
        duplicates: read.duplicates,
        brought,
        words: String::new(),
    };
    report.words = words(&report);
    Ok(report)
}

fn words(report: &Report) -> String {
    let Brought { release, addresses, added, changed, gone, unchanged, unwritten } = report.brought;
    let (would, now) = if report.dry_run {
        ("would be ", format!("Nothing was kept; release {release} stands."))
    } else {
        ("", format!("Release {release} stands."))
    };
    let refused = match (report.refused, report.duplicates, unwritten) {
        (0, _, _) => "No line was refused.".to_owned(),
        (refused, duplicates, unwritten) => format!(
            "{refused} lines came to nothing, each with its reason above: {duplicates} of a property that was told before, \
             {unwritten} of one without an address."
        ),
    };
    format!(
        "{} lines read, {addresses} addresses: {added} {would}added, {changed} {would}changed, {gone} {would}gone, \
         {unchanged} as they were. {refused} {now}",
        report.lines
    )
}

#[derive(Debug, Default, PartialEq)]
struct ReadLines {
    lines: u64,
    refused: u64,
    duplicates: u64,
}

fn read(
    file: &Path,
    profile: source::Profile,
    staging: &mut Staging,
    tell: &mut dyn FnMut(u64, &str) -> Result<()>,
) -> Result<ReadLines> {
    let open = File::open(file).with_context(|| format!("Reading {}", file.display()))?;
    let mut lines = BufReader::with_capacity(1 << 20, open);
    let mut source = Source::new(profile);
    let mut read = ReadLines::default();
    let mut line = Vec::new();
    while next_line(&mut lines, &mut line)? {
        read.lines += 1;
        match source.read(&line) {
            Ok(None) => {}
            Ok(Some(piece)) => {
                if let Some(first) = staging.put(read.lines, &piece)? {
                    read.duplicates += 1;
                    tell(read.lines, &format!("line {first} has told of this property"))?;
                }
            }
            Err(why) => {
                read.refused += 1;
                tell(read.lines, &why)?;
            }
        }
    }
    Ok(read)
}

/// The next line, or as much of it as shows that it is too long; the rest of that is passed over.
fn next_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool> {
    line.clear();
    let most = LINE_LIMIT as u64 + 2;
    let taken = from.by_ref().take(most).read_until(b'\n', line).context("Reading the file")?;
    if taken as u64 == most && !line.ends_with(b"\n") {
        from.skip_until(b'\n').context("Reading the file")?;
    }
    Ok(0 < taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "uprn,address,postcode,lat,lon,usrn";

    fn store() -> Store {
        let mut store = Store::in_memory(1).unwrap();
        store.establish(1_793_000_000_000).unwrap();
        store
    }

    fn brought(
        store: &mut Store,
        rows: &str,
        change: impl Fn(&mut Gazetteer),
    ) -> (Result<Report>, Vec<(u64, String)>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("addresses.csv");
        std::fs::write(&file, format!("{HEAD}\r\n{rows}")).unwrap();
        let mut wanted = Gazetteer {
            file,
            profile: Profile::Csv,
            area: EVERYWHERE.into(),
            source: String::new(),
            dry_run: false,
            shrink: false,
        };
        change(&mut wanted);
        let mut refused = Vec::new();
        let report = import(store, &wanted, &mut |line, why| {
            refused.push((line, why.to_owned()));
            Ok(())
        });
        (report, refused)
    }

    const THREE: &str = "1,\"12 Larkspur Way, Norwich\",NR41 1AA,52.6,1.29,900\r\n\
        2,\"14 Larkspur Way, Norwich\",NR41 1AA,52.6,1.29,900\r\n3,\"1 Tansy Row, Norwich\",NR41 1AB,52.6,1.29,901\r\n";

    #[test]
    fn bad_lines_are_told_one_by_one_and_the_others_come_in() {
        let mut store = store();
        let long = format!("4,\"{}\",,52.6,1.29,\r\n", "x".repeat(200_000));
        let rows = format!(
            "{THREE}x,no,,1,1,\r\n{long}2,\"99 Elsewhere, Norwich\",,52.6,1.29,\r\n5,\"1 Elm Road, Acle\",,,,\r\n"
        );
        let (report, refused) = brought(&mut store, &rows, |_| {});
        let report = report.unwrap();
        assert_eq!((report.lines, report.refused, report.duplicates, report.brought.added), (8, 4, 1, 3));
        let refused: Vec<_> = refused.iter().map(|(line, why)| (*line, why.as_str())).collect();
        assert_eq!(
            refused,
            [
                (5, "the UPRN is no number of 1 to 12 digits"),
                (6, "the line is too long"),
                (7, "line 3 has told of this property"),
                (8, "it has no place: neither latitude and longitude nor X and Y"),
            ]
        );
        assert_eq!(store.search_addresses("14 larkspur", 5).unwrap()[0].uprn.as_deref(), Some("2"));
    }

    #[test]
    fn a_dry_run_says_what_would_change_and_keeps_nothing() {
        let mut store = store();
        brought(&mut store, THREE, |_| {}).0.unwrap();
        let rows = THREE.replace("14 Larkspur", "14A Larkspur").replace("3,", "7,");
        let (report, _) = brought(&mut store, &rows, |wanted| wanted.dry_run = true);
        let report = report.unwrap();
        let Brought { release, added, changed, gone, unchanged, .. } = report.brought;
        assert_eq!((release, added, changed, gone, unchanged), (1, 1, 1, 1, 1));
        assert_eq!(
            report.words,
            "4 lines read, 3 addresses: 1 would be added, 1 would be changed, 1 would be gone, 1 as they were. \
             No line was refused. Nothing was kept; release 1 stands."
        );
        assert!(store.search_addresses("14a larkspur", 5).unwrap()[0].line.starts_with("14 "));
    }

    #[test]
    fn a_file_that_lacks_most_of_what_stands_is_taken_only_where_somebody_says_so() {
        let mut store = store();
        brought(&mut store, THREE, |_| {}).0.unwrap();
        let one = THREE.lines().next().unwrap();
        assert!(brought(&mut store, one, |_| {}).0.unwrap_err().is::<Problem>());
        assert_eq!(store.search_addresses("tansy", 5).unwrap().len(), 2, "the street and its house");
        let (report, _) = brought(&mut store, one, |wanted| wanted.shrink = true);
        assert_eq!((report.unwrap().brought.gone, store.search_addresses("tansy", 5).unwrap().len()), (2, 0));
    }

    #[test]
    fn the_same_file_again_makes_no_release() {
        let mut store = store();
        brought(&mut store, THREE, |_| {}).0.unwrap();
        let (report, _) = brought(&mut store, THREE, |_| {});
        assert_eq!(
            report.unwrap().brought,
            Brought { release: 1, addresses: 3, unchanged: 3, ..Brought::default() }
        );
    }
}
