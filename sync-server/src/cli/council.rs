//! `admin council load`: a council is a settings file, and the forms, lists and outlines it names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};
use kerbside_core::form::{Codes, Form};
use serde_json::json;

use super::print;
use crate::auth::{code, password};
use crate::store::{CouncilFile, Store};

pub fn load(store: &mut Store, file: &Path, schemas: Option<&Path>, demo_passwords: bool) -> Result<()> {
    let mut council: CouncilFile = serde_json::from_str(&read(file)?).context("Reading the settings file")?;
    let beside = file.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    let schemas = schemas.unwrap_or(beside);
    let codes = codes(schemas)?;
    let keys: BTreeSet<String> = council.teams.iter().flat_map(|team| team.forms.clone()).collect();
    let forms = keys.iter().map(|key| form(schemas, key, &codes)).collect::<Result<Vec<_>>>()?;
    if demo_passwords {
        give_passwords(&mut council)?;
    }
    let mut hashed = BTreeMap::new();
    for officer in &council.officers {
        if let Some(given) = &officer.password {
            hashed.insert(officer.email.clone(), password::hash(given)?);
        }
    }
    store.load_council(&council, &hashed)?;
    for form in &forms {
        store.put_form(form)?;
    }
    if let Some(outlines) = outlines(schemas, &council)? {
        store.put_areas(outlines.as_bytes())?;
    }
    print(&json!({
        "council": council.key, "teams": council.teams.len(), "officers": council.officers.len(), "forms": keys,
    }))?;
    if demo_passwords {
        for officer in &council.officers {
            print(
                &json!({"email": officer.email, "name": officer.name, "role": officer.role, "password": officer.password}),
            )?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("Reading {}", path.display()))
}

/// Every code list there is; files beside them that describe them are left out.
fn codes(schemas: &Path) -> Result<Codes> {
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

fn give_passwords(council: &mut CouncilFile) -> Result<()> {
    for officer in &mut council.officers {
        let mut random = [0; 10];
        getrandom::fill(&mut random).map_err(|fault| anyhow::anyhow!("No random bytes: {fault}"))?;
        officer.password = Some(code::spell(random).to_lowercase());
    }
    Ok(())
}
