//! The choices sheet, and the rows that files beside the workbook bring.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::problem::FormProblem;
use super::table::Table;
use crate::form::{ChoiceRow, FormFaultCode, Localised};

/// Choices, and of each the sheet or file and the row it came from.
#[derive(Debug, Default)]
pub struct Choices {
    pub rows: Vec<ChoiceRow>,
    pub origins: Vec<(String, u32)>,
}

impl Choices {
    pub fn push(&mut self, row: ChoiceRow, sheet: &str, number: u32) {
        self.rows.push(row);
        self.origins.push((sheet.to_owned(), number));
    }
}

pub fn read(table: &Table, problems: &mut Vec<FormProblem>) -> Choices {
    let mut choices = Choices::default();
    // A form that offers no choices may have an empty sheet for them.
    if table.records.is_empty() {
        return choices;
    }
    for field in ["list_name", "name"].into_iter().filter(|field| !table.has(field)) {
        problems.push(FormProblem {
            column: Some(field.to_owned()),
            ..FormProblem::of_sheet(&table.sheet, FormFaultCode::MissingColumn, field)
        });
    }
    if !table.has("list_name") || !table.has("name") {
        return choices;
    }
    for record in &table.records {
        let missing = ["list_name", "name"].into_iter().find(|field| table.text(record, field).is_none());
        if let Some(field) = missing {
            problems.push(table.problem(record.number, field, FormFaultCode::MissingColumn, field));
            continue;
        }
        let text = |field: &str| table.text(record, field).unwrap_or_default().to_owned();
        let (list_name, name) = (text("list_name"), text("name"));
        let label = table.words(record, "label", problems).unwrap_or_else(|| {
            problems.push(table.problem(record.number, "label", FormFaultCode::NoLabel, &name).noted());
            Localised { en: name.clone(), cy: None }
        });
        let mut more: BTreeMap<String, Json> = table
            .extras(record)
            .map(|(heading, text)| (heading.to_owned(), Json::String(text.to_owned())))
            .collect();
        for medium in ["image", "audio", "video"] {
            if let Some(file) = table.words(record, medium, problems) {
                problems
                    .push(table.problem(record.number, medium, FormFaultCode::KeptOnly, &file.en).noted());
                more.insert(medium.to_owned(), Json::String(file.en));
            }
        }
        choices.push(ChoiceRow { list_name, name, label, more }, &table.sheet, record.number);
    }
    choices
}
