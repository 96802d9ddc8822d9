//! The form file as written: XLSForm's sheets as JSON, row for row, and back to the same JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::fault::{FormFault, FormFaultCode, Sheet};
use super::{Localised, Merge, Pii};

/// The largest form, in bytes, its lists included.
const SIZE_LIMIT: usize = 4 * 1024 * 1024;
const ROW_LIMIT: usize = 2_000;
const CHOICE_LIMIT: usize = 20_000;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FormDocument {
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    pub settings: Settings,
    pub survey: Vec<Row>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ChoiceRow>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, String>,
    /// The entities sheet as it came. Kept for export; nothing here follows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Settings {
    pub form_id: String,
    pub version: u32,
    pub form_title: Localised,
    pub service: String,
    /// What the server's references begin with: `FT` for `FT-000123`.
    pub ref_prefix: String,
    /// The service in the Local Government Services List, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lgsl: Option<u32>,
    /// An expression that makes a record's one line in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_name: Option<String>,
    /// What the designer called this version, where that is no whole number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_text: Option<String>,
    /// What XLSForm's other settings said, kept for export. Only `nearby_m` is followed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other: BTreeMap<String, String>,
}

/// One row of the survey sheet. Empty columns are left out.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Row {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Localised>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Localised>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guidance_hint: Option<Localised>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thing: Option<Localised>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<Requirement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_message: Option<Localised>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relevant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint_message: Option<Localised>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice_filter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calculation: Option<String>,
    /// The question whose answer sets off the calculation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<Requirement>,
    /// An expression that says how many rows a repeat has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_count: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appearance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Localised>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<Localised>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<Localised>,
    /// The property of an entity that the answer would be kept as. Kept for whoever reads the form elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub save_to: Option<String>,
    /// The council's telephone number to ring, by its key in the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge: Option<Merge>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub once: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pii: Option<Pii>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office: Option<bool>,
}

/// Always, never, or when an expression says so.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Requirement {
    Always(bool),
    When(String),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ChoiceRow {
    pub list_name: String,
    pub name: String,
    pub label: Localised,
    #[serde(flatten)]
    pub more: BTreeMap<String, Json>,
}

/// A filled-in form and the faults it has: none, for a good one.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Example {
    pub title: String,
    pub answers: Map<String, Json>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<String, super::FaultCode>,
}

/// What a column may hold.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Words,
    Flag,
    Number,
    FlagOrText,
    /// Texts by name.
    Texts,
    OneOf(&'static [&'static str]),
}

const FILE: &[&str] = &["$schema", "settings", "survey", "choices", "codes", "entities", "examples"];

const SETTINGS: &[(&str, Shape, bool)] = &[
    ("form_id", Shape::Text, true),
    ("version", Shape::Number, true),
    ("form_title", Shape::Words, true),
    ("service", Shape::Text, true),
    ("ref_prefix", Shape::Text, true),
    ("lgsl", Shape::Number, false),
    ("instance_name", Shape::Text, false),
    ("version_text", Shape::Text, false),
    ("other", Shape::Texts, false),
];

const SURVEY: &[(&str, Shape, bool)] = &[
    ("type", Shape::Text, true),
    ("name", Shape::Text, false),
    ("label", Shape::Words, false),
    ("hint", Shape::Words, false),
    ("guidance_hint", Shape::Words, false),
    ("thing", Shape::Words, false),
    ("required", Shape::FlagOrText, false),
    ("required_message", Shape::Words, false),
    ("relevant", Shape::Text, false),
    ("constraint", Shape::Text, false),
    ("constraint_message", Shape::Words, false),
    ("choice_filter", Shape::Text, false),
    ("calculation", Shape::Text, false),
    ("trigger", Shape::Text, false),
    ("default", Shape::Text, false),
    ("read_only", Shape::FlagOrText, false),
    ("repeat_count", Shape::Text, false),
    ("appearance", Shape::Text, false),
    ("parameters", Shape::Text, false),
    ("image", Shape::Words, false),
    ("audio", Shape::Words, false),
    ("video", Shape::Words, false),
    ("save_to", Shape::Text, false),
    ("call", Shape::Text, false),
    ("merge", Shape::OneOf(&["mv", "once", "set", "log", "server"]), false),
    ("once", Shape::Flag, false),
    ("pii", Shape::OneOf(&["none", "personal", "special", "criminal"]), false),
    ("max", Shape::Number, false),
    ("office", Shape::Flag, false),
];

const CHOICES: &[(&str, Shape, bool)] =
    &[("list_name", Shape::Text, true), ("name", Shape::Text, true), ("label", Shape::Words, true)];

impl Shape {
    fn fits(self, value: &Json) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Words => serde_json::from_value::<Localised>(value.clone()).is_ok(),
            Self::Flag => value.is_boolean(),
            Self::Number => value.as_u64().is_some_and(|number| u32::try_from(number).is_ok()),
            Self::Texts => {
                value.as_object().is_some_and(|texts| texts.values().all(serde_json::Value::is_string))
            }
            Self::FlagOrText => value.is_boolean() || value.is_string(),
            Self::OneOf(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        }
    }
}

/// Reads a form file, naming every column that is unknown, missing or of another shape.
pub fn read(json: &str) -> Result<FormDocument, Vec<FormFault>> {
    if SIZE_LIMIT < json.len() {
        return Err(vec![FormFault::of(
            Sheet::File,
            FormFaultCode::TooLarge,
            format!("{} bytes", json.len()),
        )]);
    }
    let file: Map<String, Json> = serde_json::from_str(json)
        .map_err(|fault| vec![FormFault::of(Sheet::File, FormFaultCode::NotJson, fault.to_string())])?;
    let mut faults = Vec::new();
    for name in file.keys().filter(|name| !FILE.contains(&name.as_str())) {
        faults.push(FormFault::of(Sheet::File, FormFaultCode::UnknownColumn, name));
    }
    match file.get("settings") {
        Some(Json::Object(settings)) => check_row(Sheet::Settings, 1, settings, SETTINGS, true, &mut faults),
        Some(_) => faults.push(FormFault::of(Sheet::Settings, FormFaultCode::WrongShape, "not an object")),
        None => faults.push(FormFault::of(Sheet::Settings, FormFaultCode::MissingColumn, "settings")),
    }
    check_sheet(Sheet::Survey, file.get("survey"), (SURVEY, true, ROW_LIMIT), &mut faults);
    if let Some(choices) = file.get("choices") {
        check_sheet(Sheet::Choices, Some(choices), (CHOICES, false, CHOICE_LIMIT), &mut faults);
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    serde_json::from_value(Json::Object(file))
        .map_err(|fault| vec![FormFault::of(Sheet::File, FormFaultCode::WrongShape, fault.to_string())])
}

type Columns<'a> = &'a [(&'a str, Shape, bool)];

fn check_sheet(
    sheet: Sheet,
    rows: Option<&Json>,
    (columns, closed, limit): (Columns<'_>, bool, usize),
    faults: &mut Vec<FormFault>,
) {
    let Some(rows) = rows.and_then(Json::as_array) else {
        faults.push(FormFault::of(sheet, FormFaultCode::WrongShape, "not a list of rows"));
        return;
    };
    if limit < rows.len() {
        faults.push(FormFault::of(sheet, FormFaultCode::TooLarge, format!("{} rows", rows.len())));
        return;
    }
    for (row, cells) in (1..).zip(rows) {
        match cells.as_object() {
            Some(cells) => check_row(sheet, row, cells, columns, closed, faults),
            None => faults.push(FormFault::at(sheet, row, "", FormFaultCode::WrongShape, "not a row")),
        }
    }
}

fn check_row(
    sheet: Sheet,
    row: usize,
    cells: &Map<String, Json>,
    columns: Columns<'_>,
    closed: bool,
    faults: &mut Vec<FormFault>,
) {
    for (name, value) in cells {
        match columns.iter().find(|(column, _, _)| column == name) {
            Some((_, shape, _)) if shape.fits(value) => {}
            Some(_) => {
                faults.push(FormFault::at(sheet, row, name, FormFaultCode::WrongShape, value.to_string()));
            }
            None if closed => {
                faults.push(FormFault::at(sheet, row, name, FormFaultCode::UnknownColumn, name));
            }
            None => {}
        }
    }
    for (column, _, _) in columns.iter().filter(|(column, _, needed)| *needed && !cells.contains_key(*column))
    {
        faults.push(FormFault::at(sheet, row, column, FormFaultCode::MissingColumn, *column));
    }
}
