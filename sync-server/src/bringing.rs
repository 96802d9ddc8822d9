//! Forms as files: what somebody brings is read as a form with its lists inside, or as the problems it has.

use std::collections::BTreeMap;

use kerbside_core::form::{Codes, Form, FormDocument, FormFault, FormFaultCode, FormProblem, Sheet};
use serde_json::{Map, Value as Json};

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

/// Reads a form file. `codes` are the lists that it may name.
pub fn read(file: &File, usual: &Usual, codes: &Codes) -> Read {
    let (document, problems) = match as_json(file, usual) {
        Ok(json) => from_json(&json, codes),
        Err(fault) => (None, vec![FormProblem::from(&fault)]),
    };
    Read { source: file.name.clone(), document, problems }
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

fn as_json(file: &File, usual: &Usual) -> Result<String, FormFault> {
    let fault = |what: String| FormFault {
        sheet: Sheet::File,
        row: None,
        column: None,
        code: FormFaultCode::NotJson,
        what,
    };
    let mut form: Map<String, Json> =
        serde_json::from_slice(&file.bytes).map_err(|found| fault(found.to_string()))?;
    if let Some(settings) = form.get_mut("settings").and_then(Json::as_object_mut) {
        for (name, stands_in) in [("service", &usual.service), ("ref_prefix", &usual.ref_prefix)] {
            if let (Some(stands_in), false) = (stands_in, settings.contains_key(name)) {
                settings.insert(name.to_owned(), Json::String(stands_in.clone()));
            }
        }
    }
    Ok(Json::Object(form).to_string())
}

fn from_json(json: &str, codes: &Codes) -> (Option<String>, Vec<FormProblem>) {
    match Form::parse(json, codes) {
        Ok(form) => (Some(form.resolved_json()), Vec::new()),
        Err(faults) => {
            // What has a form's shape is kept while its problems are put right.
            let kept = serde_json::from_str::<FormDocument>(json).ok().map(|_| json.to_owned());
            (kept, faults.iter().map(FormProblem::from).collect())
        }
    }
}
