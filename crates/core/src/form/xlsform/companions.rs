//! The files beside a workbook, read as choices whose list is the file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::choices::Choices;
use super::geojson::Columns;
use super::problem::FormProblem;
use super::survey::Need;
use super::{csv, geojson};
use crate::form::{ChoiceRow, FormFaultCode, Localised};

const WELSH_LABEL: &str = "label::Cymraeg (cy)";

/// Adds the choices of every file the survey needs, and tells of those that are missing or of no use.
pub fn read(
    needs: &BTreeMap<String, Need>,
    companions: &BTreeMap<String, String>,
    survey: &str,
    choices: &mut Choices,
    problems: &mut Vec<FormProblem>,
) {
    for (file, need) in needs {
        let lower = file.to_lowercase();
        if lower.ends_with(".xml") {
            problems.push(FormProblem::of_sheet(survey, FormFaultCode::XmlFile, file).in_row(need.row));
        } else if let Some(text) = companions.get(file) {
            let read = if lower.ends_with(".geojson") { of_map(file, text) } else { of_csv(file, text) };
            match read {
                Ok(rows) => take(file, need, rows, choices, problems),
                Err(problem) => problems.push(*problem),
            }
        } else {
            problems.push(FormProblem::of_sheet(survey, FormFaultCode::MissingFile, file).in_row(need.row));
        }
    }
    for file in companions.keys().filter(|file| !needs.contains_key(*file)) {
        problems.push(FormProblem::of_sheet(file, FormFaultCode::UnusedFile, file).noted());
    }
}

type Numbered = Vec<(u32, Columns)>;

fn of_csv(file: &str, text: &str) -> Result<Numbered, Box<FormProblem>> {
    let rows = csv::rows(text)
        .map_err(|line| FormProblem::of_sheet(file, FormFaultCode::BadFile, "\"").in_row(line))?;
    let (headings, rows) = rows.split_first().map_or((&[][..], &[][..]), |(first, rest)| (first, rest));
    let mut known = BTreeSet::new();
    for (place, heading) in headings.iter().enumerate().filter(|(_, heading)| !heading.trim().is_empty()) {
        if !known.insert(heading.trim()) {
            let problem = FormProblem::of_sheet(file, FormFaultCode::DuplicateColumn, heading.trim());
            return Err(Box::new(problem.in_row(1).in_column(heading.trim(), place)));
        }
    }
    let columns = |row: &Vec<String>| {
        let pairs =
            headings.iter().map(|heading| heading.trim()).zip(row).filter(|(heading, _)| !heading.is_empty());
        pairs.map(|(heading, cell)| (heading.to_owned(), cell.trim().to_owned())).collect::<Columns>()
    };
    let numbered = (2_u32..).zip(rows).map(|(number, row)| (number, columns(row)));
    Ok(numbered.filter(|(_, columns)| columns.values().any(|cell| !cell.is_empty())).collect())
}

fn of_map(file: &str, text: &str) -> Result<Numbered, Box<FormProblem>> {
    let features = geojson::features(text).map_err(|refused| {
        let problem = FormProblem::of_sheet(file, FormFaultCode::BadFile, refused.what);
        FormProblem { row: refused.feature, ..problem }
    })?;
    Ok((1_u32..).zip(features).collect())
}

fn take(file: &str, need: &Need, rows: Numbered, choices: &mut Choices, problems: &mut Vec<FormProblem>) {
    let is_map = file.to_lowercase().ends_with(".geojson");
    let (usual_name, usual_label) = if is_map { ("id", "title") } else { ("name", "label") };
    let name_column = need.value.as_deref().unwrap_or(usual_name);
    let label_column = need.label.as_deref().unwrap_or(usual_label);
    let has = |column: &str| rows.iter().any(|(_, columns)| columns.contains_key(column));
    for column in [name_column, label_column].into_iter().filter(|column| !need.looked_up && !has(column)) {
        problems.push(FormProblem {
            column: Some(column.to_owned()),
            ..FormProblem::of_sheet(file, FormFaultCode::MissingColumn, column)
        });
    }
    let named = has(name_column);
    for (number, columns) in rows {
        let cell = |column: &str| columns.get(column).filter(|text| !text.is_empty()).cloned();
        // A file that is only looked up need not name its rows.
        let name = if named { cell(name_column).unwrap_or_default() } else { number.to_string() };
        let en = cell(label_column).unwrap_or_else(|| name.clone());
        let label = Localised { en, cy: cell(WELSH_LABEL) };
        let own = |column: &str| matches!(column, "name" | "label" | "list_name") || column == WELSH_LABEL;
        let more = columns.iter().filter(|(column, text)| !own(column) && !text.is_empty());
        let more = more.map(|(column, text)| (column.clone(), Json::String(text.clone()))).collect();
        choices.push(ChoiceRow { list_name: file.to_owned(), name, label, more }, file, number);
    }
}

/// The text of the file whose choices these are.
pub fn write(file: &str, need: Option<&Need>, rows: &[&ChoiceRow]) -> String {
    let is_map = file.to_lowercase().ends_with(".geojson");
    let (usual_name, usual_label) = if is_map { ("id", "title") } else { ("name", "label") };
    let name_column = need.and_then(|need| need.value.as_deref()).unwrap_or(usual_name);
    let label_column = need.and_then(|need| need.label.as_deref()).unwrap_or(usual_label);
    let columns_of = |row: &&ChoiceRow| {
        let ChoiceRow { list_name: _, name, label, more } = *row;
        let mut columns: Columns =
            more.iter().map(|(column, value)| (column.clone(), plain(value))).collect();
        columns.insert(name_column.to_owned(), name.clone());
        columns.insert(label_column.to_owned(), label.en.clone());
        columns.extend(label.cy.clone().map(|cy| (WELSH_LABEL.to_owned(), cy)));
        columns
    };
    let rows: Vec<Columns> = rows.iter().map(columns_of).collect();
    if is_map {
        return geojson::text(rows);
    }
    let rest: BTreeSet<&str> = rows.iter().flat_map(|row| row.keys().map(String::as_str)).collect();
    let first = [name_column, label_column];
    let headings: Vec<&str> =
        first.into_iter().chain(rest.into_iter().filter(|column| !first.contains(column))).collect();
    let lines = rows.iter().map(|row| {
        headings.iter().map(|heading| row.get(*heading).map(String::as_str).unwrap_or_default()).collect()
    });
    csv::text(std::iter::once(headings.clone()).chain(lines))
}

pub fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
