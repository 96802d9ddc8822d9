//! Code lists: what a question may be answered with, as dated data with its source.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Localised;
use super::document::ChoiceRow;

/// The code lists a council uses, as loaded from `schemas/codes`.
#[derive(Clone, Debug, Default)]
pub struct Codes {
    files: BTreeMap<String, CodeFile>,
}

/// One file of lists.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeFile {
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    pub id: String,
    pub title: Localised,
    pub jurisdiction: String,
    pub source: Vec<Source>,
    /// The first day these lists are true, `YYYY-MM-DD`.
    pub valid_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<String>,
    /// Whether an adopting council must look at them before use.
    pub confirm_with_council: bool,
    pub lists: BTreeMap<String, Vec<Code>>,
}

/// Where a fact comes from: `S` read in a public copy, `G` general knowledge to be confirmed, `I` ours.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub mark: String,
    pub reference: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Code {
    pub name: String,
    pub label: Localised,
    /// Further columns: the mark of its source, what a `choice_filter` reads, what a return calls it.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
}

impl Codes {
    /// Reads code files. The name of the file that could not be read comes with the reason.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, CodesFault> {
        let mut codes = Self::default();
        for (name, json) in files {
            let file: CodeFile = serde_json::from_str(json)
                .map_err(|fault| CodesFault { file: name.to_owned(), what: fault.to_string() })?;
            if codes.files.contains_key(&file.id) {
                return Err(CodesFault {
                    file: name.to_owned(),
                    what: format!("“{}” is there already", file.id),
                });
            }
            codes.files.insert(file.id.clone(), file);
        }
        Ok(codes)
    }

    /// The list a form calls `file.list`, such as `flytipping.size`.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<&[Code]> {
        let (file, list) = name.split_once('.')?;
        self.files.get(file)?.lists.get(list).map(Vec::as_slice)
    }
}

impl Code {
    pub(super) fn as_choice(&self, list_name: &str) -> ChoiceRow {
        let Self { name, label, more } = self.clone();
        ChoiceRow { list_name: list_name.to_owned(), name, label, more }
    }
}

/// A code file that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodesFault {
    pub file: String,
    pub what: String,
}

impl std::fmt::Display for CodesFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.file, self.what)
    }
}

impl std::error::Error for CodesFault {}
