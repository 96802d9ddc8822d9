//! A council as files: its settings, and the forms, code lists and outlines that they name.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use kerbside_core::form::{Codes, Form};

use crate::store::{CouncilFile, Store};

/// Everything a settings file leads to, read and checked.
#[derive(Debug, Clone)]
pub struct Council {
    pub settings: CouncilFile,
    pub forms: Vec<Form>,
    /// Outlines of its areas, GeoJSON.
    pub outlines: Option<String>,
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
        let outlines = outlines(schemas, &settings)?;
        Ok(Self { settings, forms, outlines })
    }

    /// Lays forms and outlines down beside the settings, which were loaded first.
    pub fn put_documents(&self, now_ms: i64, store: &mut Store) -> Result<()> {
        self.forms.iter().try_for_each(|form| store.put_form(now_ms, form))?;
        self.outlines.iter().try_for_each(|outlines| store.put_areas(outlines.as_bytes()))
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

/// The outlines of the first area file that the settings name.
fn outlines(schemas: &Path, council: &CouncilFile) -> Result<Option<String>> {
    let named = council.rest.get("areas").and_then(|areas| areas.as_array()?.first()?.as_str());
    named.map(|name| read(&schemas.join("areas").join(format!("{name}.geojson")))).transpose()
}
