//! A council as files: its settings, and the forms, code lists and outlines that they name.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use kerbside_core::areas::bring::bring;
use kerbside_core::areas::{AreaKind, AreaSet};
use kerbside_core::features::columns::Columns;
use kerbside_core::features::geojson;
use kerbside_core::form::{Codes, Form};

use crate::store::{CouncilFile, Store};

/// Everything a settings file leads to, read and checked.
#[derive(Debug, Clone)]
pub struct Council {
    pub settings: CouncilFile,
    pub forms: Vec<Form>,
    /// The patches its work is given out by.
    pub areas: Vec<AreaSet>,
}

impl Council {
    /// Reads a settings file. Forms, code lists and outlines lie in `schemas`, or else in the folder above the file's own.
    pub fn read(file: &Path, schemas: Option<&Path>) -> Result<Self> {
        let settings: CouncilFile =
            serde_json::from_str(&read(file)?).context("Reading the settings file")?;
        let above = file.parent().and_then(Path::parent).unwrap_or(Path::new("."));
        let schemas = schemas.unwrap_or(above);
        let codes = codes(schemas)?;
        let keys: BTreeSet<String> = settings.teams.iter().flat_map(|team| team.forms.clone()).collect();
        let forms = keys.iter().map(|key| form(schemas, key, &codes)).collect::<Result<Vec<_>>>()?;
        let areas = areas(schemas, &settings)?;
        Ok(Self { settings, forms, areas })
    }

    /// Lays forms and areas down beside the settings, which were loaded first.
    pub fn put_documents(&self, now_ms: i64, store: &mut Store) -> Result<()> {
        self.forms.iter().try_for_each(|form| store.put_form(now_ms, form))?;
        self.areas.iter().try_for_each(|set| store.put_area_set(set).map(|_| ()))
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("Reading {}", path.display()))
}

/// Every code list there is; files beside them that describe them are left out.
pub(crate) fn codes(schemas: &Path) -> Result<Codes> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(schemas.join("codes")).context("Looking for the code lists")? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(stem) = name.strip_suffix(".json").filter(|stem| !stem.ends_with(".schema")) {
            files.push((stem.to_owned(), read(&path)?));
        }
    }
    files.sort();
    let named = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    Codes::read(named).map_err(|fault| anyhow::anyhow!("{}: {}", fault.file, fault.what))
}

fn form(schemas: &Path, key: &str, codes: &Codes) -> Result<Form> {
    let text = read(&schemas.join("forms").join(format!("{key}.json")))?;
    match Form::parse(&text, codes) {
        Ok(form) => Ok(form),
        Err(faults) => bail!("The form {key} has {} faults, the first: {:?}", faults.len(), faults.first()),
    }
}

/// The area files that the settings name: patches, as teams cover them.
fn areas(schemas: &Path, council: &CouncilFile) -> Result<Vec<AreaSet>> {
    let named = council.rest.get("areas").and_then(|areas| areas.as_array()).map(Vec::as_slice);
    let named = named.unwrap_or_default().iter().filter_map(|name| name.as_str());
    named.map(|name| area_set(schemas, name)).collect()
}

fn area_set(schemas: &Path, name: &str) -> Result<AreaSet> {
    let file = geojson::read(read(&schemas.join("areas").join(format!("{name}.geojson")))?.as_bytes())?;
    let attribution = file.attribution.clone();
    let brought = bring(file, &Columns::default())?;
    if let Some(flawed) = brought.flawed.first() {
        bail!("Area {} of {name}: {}", flawed.feature, flawed.flaw);
    }
    Ok(AreaSet::of(name, AreaKind::Patch, &attribution, brought.areas))
}
