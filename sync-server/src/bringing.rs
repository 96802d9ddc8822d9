//! Forms as files: what somebody brings is read as a form with its lists inside, or as the problems it has; and what
//! somebody takes away again.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use kerbside_core::form::{Codes, Form, FormDocument, FormFaultCode, FormProblem, xlsform};
use serde_json::{Map, Value as Json};

use crate::workbook;

/// A file as it was brought.
#[derive(Debug, Clone)]
pub struct File {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// What stands in where a form does not say it itself.
#[derive(Debug, Clone, Default)]
pub struct Usual {
    pub service: Option<String>,
    pub ref_prefix: Option<String>,
}

/// A form out of files.
#[derive(Debug, Clone)]
pub struct Read {
    /// The name of the file that is the form.
    pub source: String,
    /// The form as JSON with its lists inside, where the file could be read as one.
    pub document: Option<String>,
    pub problems: Vec<FormProblem>,
}

impl Read {
    /// Whether the form cannot be published as it is.
    pub fn stops(&self) -> bool {
        self.document.is_none() || self.problems.iter().any(|problem| problem.stops)
    }
}

/// Whether a file is a form by its name; the others go with one.
pub fn is_form(name: &str) -> bool {
    let ends = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    ends(".xlsx") || ends(".json")
}

/// Whether a file is a list that a form may need beside it.
pub fn is_companion(name: &str) -> bool {
    let ends = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    ends(".csv") || ends(".geojson")
}

/// Reads a form file with the files beside it. `codes` are the lists that a form may name.
pub fn read(file: &File, beside: &[File], usual: &Usual, codes: &Codes) -> Read {
    let is_workbook = file.name.to_ascii_lowercase().ends_with(".xlsx");
    let (document, problems) =
        if is_workbook { from_workbook(file, beside, usual) } else { from_json(file, usual, codes) };
    Read { source: file.name.clone(), document, problems }
}

/// The key of a form as it was brought.
pub fn key_of(document: &str) -> Option<String> {
    serde_json::from_str::<FormDocument>(document).ok().map(|document| document.settings.form_id)
}

/// A form as a workbook, with the lists that stand in files of their own.
#[derive(Debug, Clone)]
pub struct TakenAway {
    pub workbook: Vec<u8>,
    pub companions: BTreeMap<String, String>,
}

pub fn take_away(form: &Form) -> Result<TakenAway> {
    let document: FormDocument = serde_json::from_str(&form.resolved_json()).context("Reading a form")?;
    let (sheets, companions) = xlsform::write(&document);
    Ok(TakenAway { workbook: workbook::build(&sheets)?, companions })
}

/// Code files among the files that were brought with a form: they have lists and no survey.
pub fn codes_among(files: &[File]) -> Codes {
    let texts =
        files.iter().filter_map(|file| Some((file.name.as_str(), std::str::from_utf8(&file.bytes).ok()?)));
    let lists: BTreeMap<&str, &str> = texts.filter(|(_, text)| is_code_file(text)).collect();
    Codes::read(lists).unwrap_or_default()
}

/// The form among these files, where there is exactly one.
pub fn form_among(files: &[File]) -> Option<&File> {
    let is_codes = |file: &File| std::str::from_utf8(&file.bytes).is_ok_and(is_code_file);
    let mut forms = files.iter().filter(|file| is_form(&file.name) && !is_codes(file));
    forms.next().filter(|_| forms.next().is_none())
}

fn is_code_file(text: &str) -> bool {
    let read: Option<Map<String, Json>> = serde_json::from_str(text).ok();
    read.is_some_and(|file| file.contains_key("lists") && !file.contains_key("survey"))
}

fn from_workbook(file: &File, beside: &[File], usual: &Usual) -> Outcome {
    let sheets = match workbook::open(&file.bytes) {
        Ok(sheets) => sheets,
        Err(problem) => return (None, vec![problem]),
    };
    let texts = beside.iter().filter(|file| is_companion(&file.name));
    let companions =
        texts.filter_map(|file| Some((file.name.clone(), std::str::from_utf8(&file.bytes).ok()?.to_owned())));
    // The number a form gets in the end follows from what is published.
    let usual =
        xlsform::Usual { service: usual.service.clone(), ref_prefix: usual.ref_prefix.clone(), version: 1 };
    let imported = xlsform::read(&sheets, &companions.collect(), &usual);
    let Some(json) = imported.json() else { return (None, imported.problems) };
    match Form::parse(&json, &Codes::default()) {
        Ok(form) => (Some(form.resolved_json()), imported.problems),
        Err(faults) => {
            let mut retold = imported.retell(&faults);
            let mut problems = imported.problems;
            problems.append(&mut retold);
            (Some(json), problems)
        }
    }
}

type Outcome = (Option<String>, Vec<FormProblem>);

fn from_json(file: &File, usual: &Usual, codes: &Codes) -> Outcome {
    let json = match with_usual(file, usual) {
        Ok(json) => json,
        Err(fault) => return (None, vec![FormProblem::of_file(FormFaultCode::NotJson, fault.to_string())]),
    };
    match Form::parse(&json, codes) {
        Ok(form) => (Some(form.resolved_json()), Vec::new()),
        Err(faults) => {
            // What has a form's shape is kept while its problems are put right.
            let kept = key_of(&json).map(|_| json);
            (kept, faults.iter().map(FormProblem::from).collect())
        }
    }
}

fn with_usual(file: &File, usual: &Usual) -> serde_json::Result<String> {
    let mut form: Map<String, Json> = serde_json::from_slice(&file.bytes)?;
    if let Some(settings) = form.get_mut("settings").and_then(Json::as_object_mut) {
        for (name, stands_in) in [("service", &usual.service), ("ref_prefix", &usual.ref_prefix)] {
            if let (Some(stands_in), false) = (stands_in, settings.contains_key(name)) {
                settings.insert(name.to_owned(), Json::String(stands_in.clone()));
            }
        }
    }
    Ok(Json::Object(form).to_string())
}
