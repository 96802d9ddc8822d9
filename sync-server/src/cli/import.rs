//! `import` and `export`: forms as files, in and out, without a browser; and addresses, areas, assets and maps in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use kerbside_core::form::{Codes, Form, FormProblem};
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;

use super::gazetteer::{self, Gazetteer};
use super::{REFUSED, area_pack, areas, assets, export, print};
use crate::bringing::{self, File, Usual};
use crate::clock::{ms_of_rfc3339, now_ms};
use crate::config::Home;
use crate::council;
use crate::store::{Brought, FormState, Publication, Store};

#[derive(Debug, Subcommand)]
pub enum Import {
    /// Bring forms in, as workbooks or as JSON: as drafts, or published at once.
    Forms(Forms),
    /// Make a file of addresses an area's gazetteer.
    Gazetteer(Gazetteer),
    /// Bring wards, patches, zones or sites in, for places to lie in.
    Areas(areas::AreaFile),
    /// Bring lamp columns, bins, trees and the like in, as points for the map.
    Assets(assets::AssetFile),
    /// Bring the map of an area in, for the console and for the devices of those who work there.
    AreaPack(area_pack::AreaPackFile),
}

#[derive(Debug, Args)]
pub struct Forms {
    /// Forms (.xlsx, .json). Their lists as .csv and .geojson are looked for beside them.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The service, for forms that do not say it.
    #[arg(long)]
    service: Option<String>,
    /// What references begin with, for forms that do not say it.
    #[arg(long)]
    ref_prefix: Option<String>,
    /// Where codes/ is, for forms that name code lists; the folder above the form's own otherwise.
    #[arg(long)]
    schemas: Option<PathBuf>,
    /// Publish what has no problem that stops it.
    #[arg(long, conflicts_with = "check")]
    publish: bool,
    /// From when on; at once otherwise.
    #[arg(long, requires = "publish", value_parser = ms_of_rfc3339)]
    from: Option<i64>,
    /// Exactly these teams have the form from then on; those that have it already otherwise.
    #[arg(long, requires = "publish")]
    team: Vec<String>,
    /// Only say what is wrong; nothing is kept.
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Subcommand)]
pub enum Export {
    /// Write a form to a file.
    Form(Exported),
    /// List the addresses that officers did not find in the gazetteer.
    MissingAddresses,
    /// Write cases to a GeoJSON file (RFC 7946).
    Geojson(export::Cases),
    /// Write cases to a GeoPackage.
    Gpkg(export::Packaged),
}

#[derive(Debug, Args)]
pub struct Exported {
    key: String,
    /// The newest otherwise.
    #[arg(long)]
    version: Option<u32>,
    #[command(flatten)]
    to: To,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct To {
    /// A workbook, with the lists that stand in files of their own beside it.
    #[arg(long)]
    xlsx: Option<PathBuf>,
    /// The form as JSON, its lists inside.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// What became of one form.
#[derive(Debug, Serialize)]
struct Outcome {
    form: String,
    version: Option<u32>,
    state: &'static str,
    problems: Vec<FormProblem>,
}

pub fn run(data: &Home, store: &mut Store, import: Import) -> Result<ExitCode> {
    match import {
        Import::Forms(wanted) => forms(store, &wanted),
        Import::Gazetteer(wanted) => gazetteer::run(store, &wanted),
        Import::Areas(wanted) => areas::run(store, &wanted),
        Import::Assets(wanted) => assets::run(store, &wanted),
        Import::AreaPack(wanted) => area_pack::run(data, store, &wanted).map(|()| ExitCode::SUCCESS),
    }
}

fn forms(store: &mut Store, wanted: &Forms) -> Result<ExitCode> {
    let mut stopped = false;
    for path in &wanted.files {
        let read = read(path, wanted)?;
        stopped |= read.stops();
        print(&settle(store, read, wanted)?)?;
    }
    Ok(if stopped { ExitCode::from(REFUSED) } else { ExitCode::SUCCESS })
}

fn read(path: &Path, wanted: &Forms) -> Result<bringing::Read> {
    let bytes = std::fs::read(path).with_context(|| format!("Reading {}", path.display()))?;
    let file = File { name: name_of(path), bytes };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let schemas = wanted.schemas.clone().or_else(|| folder.parent().map(Path::to_path_buf));
    let codes = match schemas.filter(|schemas| schemas.join("codes").is_dir()) {
        Some(schemas) => council::codes(&schemas)?,
        None => Codes::default(),
    };
    let usual = Usual { service: wanted.service.clone(), ref_prefix: wanted.ref_prefix.clone() };
    Ok(bringing::read(&file, &companions(folder)?, &usual, &codes))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The lists that lie beside a form.
fn companions(folder: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).context("Looking beside the form")? {
        let path = entry?.path();
        if bringing::is_companion(&name_of(&path)) {
            let bytes = std::fs::read(&path).with_context(|| format!("Reading {}", path.display()))?;
            files.push(File { name: name_of(&path), bytes });
        }
    }
    Ok(files)
}

fn settle(store: &mut Store, read: bringing::Read, wanted: &Forms) -> Result<Outcome> {
    let stops = read.stops();
    let bringing::Read { source, document, problems } = read;
    let form = document.as_deref().and_then(bringing::key_of).unwrap_or_else(|| source.clone());
    if wanted.check {
        return Ok(Outcome {
            form,
            version: None,
            state: if stops { "stopped" } else { "checked" },
            problems,
        });
    }
    if let (true, false, Some(document)) = (wanted.publish, stops, &document) {
        let teams = (!wanted.team.is_empty()).then(|| wanted.team.iter().cloned().collect::<BTreeSet<_>>());
        let publication = Publication { by: None, from_ms: wanted.from, teams };
        let (form, published) = store.publish_form(now_ms(), document, &publication)?;
        let state = match published.state {
            FormState::Published => "published",
            FormState::Waiting => "waiting",
            FormState::Withdrawn => "withdrawn",
        };
        return Ok(Outcome { form, version: Some(published.version), state, problems });
    }
    let draft = store.keep_draft(now_ms(), &Brought { document, source, by: None, problems })?;
    let version = (!draft.id.is_empty()).then_some(draft.version);
    Ok(Outcome { form, version, state: if stops { "stopped" } else { "draft" }, problems: draft.problems })
}

pub fn export(store: &mut Store, export: Export) -> Result<()> {
    let Exported { key, version, to } = match export {
        Export::Form(wanted) => wanted,
        Export::MissingAddresses => return store.missing_addresses(&mut |missing| print(&missing)),
        Export::Geojson(cases) => return export::geojson(store, cases),
        Export::Gpkg(cases) => return export::geopackage(store, cases),
    };
    let unknown = || Problem::new(Code::UnknownForm, "no such version of the form");
    let version = version.map_or_else(|| store.newest_version(&key), |version| Ok(Some(version)))?;
    let form = store.form(&key, version.ok_or_else(unknown)?)?.ok_or_else(unknown)?;
    if let Some(path) = to.json {
        return write(&path, form.resolved_json().as_bytes());
    }
    to.xlsx.map_or(Ok(()), |path| workbook(&form, &path))
}

fn workbook(form: &Form, path: &Path) -> Result<()> {
    let taken = bringing::take_away(form)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    for (name, text) in &taken.companions {
        write(&folder.join(name), text.as_bytes())?;
    }
    write(path, &taken.workbook)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("Writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_793_000_000_000;

    fn shipped() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/forms/tenancy_audit.json")
    }

    fn wanted(file: PathBuf) -> Forms {
        let files = vec![file];
        Forms {
            files,
            service: None,
            ref_prefix: None,
            schemas: None,
            publish: false,
            from: None,
            team: vec![],
            check: false,
        }
    }

    fn settled(store: &mut Store, wanted: &Forms) -> Outcome {
        let read = read(&wanted.files[0], wanted).unwrap();
        settle(store, read, wanted).unwrap()
    }

    fn store() -> Store {
        let mut store = Store::in_memory(1).unwrap();
        store.establish(NOW).unwrap();
        store
    }

    #[test]
    fn a_form_from_version_control_is_published_once_however_often_it_is_imported() {
        let mut store = store();
        let publish = Forms { publish: true, ..wanted(shipped()) };
        let first = settled(&mut store, &publish);
        assert_eq!(
            (first.form.as_str(), first.state, first.problems.len()),
            ("tenancy_audit", "published", 0)
        );
        assert_eq!(settled(&mut store, &publish).version, first.version);
        assert_eq!(store.form_lines(NOW).unwrap()[0].versions.len(), 1);
        let later = Forms { from: Some(i64::MAX), ..publish };
        assert_eq!(settled(&mut store, &later).state, "waiting");
    }

    #[test]
    fn a_check_keeps_nothing_and_what_is_not_published_is_a_draft() {
        let mut store = store();
        assert_eq!(settled(&mut store, &Forms { check: true, ..wanted(shipped()) }).state, "checked");
        assert!(store.drafts(NOW).unwrap().is_empty());
        assert_eq!(settled(&mut store, &wanted(shipped())).state, "draft");
        assert_eq!(store.drafts(NOW).unwrap().len(), 1);
    }

    #[test]
    fn what_stops_a_form_is_told_and_ends_with_its_own_code() {
        let mut store = store();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("forms").join("alone.json");
        std::fs::create_dir(file.parent().unwrap()).unwrap();
        std::fs::copy(shipped(), &file).unwrap();
        let publish = Forms { publish: true, ..wanted(file) };
        let outcome = settled(&mut store, &publish);
        assert_eq!(
            (outcome.state, outcome.problems[0].sheet.as_str()),
            ("stopped", "codes"),
            "its lists are not there"
        );
        assert!(store.form_lines(NOW).unwrap().is_empty());
        assert_eq!(forms(&mut store, &publish).unwrap(), ExitCode::from(REFUSED));
        let with = Forms {
            schemas: shipped().parent().and_then(Path::parent).map(Path::to_path_buf),
            ..wanted(folder.path().join("forms/alone.json"))
        };
        assert_eq!(settled(&mut store, &with).state, "draft");
    }

    #[test]
    fn a_form_goes_out_as_a_workbook_and_comes_in_again_as_itself() {
        let mut store = store();
        let first = settled(&mut store, &Forms { publish: true, ..wanted(shipped()) });
        let folder = tempfile::tempdir().unwrap();
        let (xlsx, json) = (folder.path().join("audit.xlsx"), folder.path().join("audit.json"));
        for to in [To { xlsx: Some(xlsx.clone()), json: None }, To { xlsx: None, json: Some(json.clone()) }] {
            let wanted = Exported { key: "tenancy_audit".into(), version: None, to };
            export(&mut store, Export::Form(wanted)).unwrap();
        }
        for file in [xlsx, json] {
            let outcome = settled(&mut store, &Forms { publish: true, ..wanted(file) });
            assert_eq!(
                (outcome.version, outcome.state),
                (first.version, "published"),
                "{:?}",
                outcome.problems
            );
        }
        let unknown = Exported { key: "nothing".into(), version: None, to: To { xlsx: None, json: None } };
        assert!(export(&mut store, Export::Form(unknown)).unwrap_err().is::<Problem>());
    }
}
