//! XLSForm workbooks: a form out of a workbook's sheets, with everything there is to say about it, and back.
//!
//! Sheets are texts here. What a workbook is as a file is the server's to know.

mod choices;
mod companions;
mod csv;
mod geojson;
mod headings;
mod problem;
mod settings;
mod spellings;
mod survey;
mod table;
mod write;

use std::collections::BTreeMap;

use super::fault::{FormFault, Sheet};
use super::{FormDocument, FormFaultCode};
use headings::{CHOICES, ENTITIES, Language, SETTINGS, SURVEY, Vocabulary, spoken};
pub use problem::FormProblem;
use table::Table;
pub use write::write;

/// The sheets that are read. Any other is named and left alone.
pub const SHEETS: [&str; 4] = ["survey", "choices", "settings", "entities"];

/// The sheets of a workbook in order, each as rows of what its cells say. The first row is the sheet's first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sheets(pub Vec<(String, Vec<Vec<String>>)>);

/// What holds where the workbook does not say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Usual {
    pub service: Option<String>,
    pub ref_prefix: Option<String>,
    /// The next number, for a form whose version is no whole number.
    pub version: u32,
}

/// A form out of a workbook, as far as it could be read.
#[derive(Debug)]
pub struct Imported {
    pub document: Option<FormDocument>,
    pub problems: Vec<FormProblem>,
    survey: Option<Table>,
    settings: Option<Table>,
    choices: Option<Table>,
    /// Of each survey row of the document, the sheet's row.
    numbers: Vec<u32>,
    /// Of each choice of the document, its sheet or file and the row there.
    origins: Vec<(String, u32)>,
}

/// Reads the sheets of a workbook and the files beside it (their text by name).
#[must_use]
pub fn read(sheets: &Sheets, companions: &BTreeMap<String, String>, usual: &Usual) -> Imported {
    let mut problems = Vec::new();
    for (name, _) in sheets.0.iter().filter(|(name, _)| !SHEETS.contains(&plain(name).as_str())) {
        problems.push(FormProblem::of_sheet(name, FormFaultCode::SheetNotRead, name).noted());
    }
    let language = default_language(sheets, &mut problems);
    let mut table = |name: &str, vocabulary: &Vocabulary| {
        let (written, rows) = sheets.0.iter().find(|(sheet, _)| plain(sheet) == name)?;
        Some(Table::read(written, rows, vocabulary, language, &mut problems))
    };
    let (survey, settings) = (table("survey", &SURVEY), table("settings", &SETTINGS));
    let (choices, entities) = (table("choices", &CHOICES), table("entities", &ENTITIES));
    let mut imported = Imported {
        document: None,
        problems,
        survey,
        settings,
        choices,
        numbers: Vec::new(),
        origins: Vec::new(),
    };
    imported.fill(entities.as_ref(), companions, usual);
    imported
}

/// Sheets are found whatever their capitals, as other readers of XLSForm find them.
fn plain(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The language of headings that name none.
fn default_language(sheets: &Sheets, problems: &mut Vec<FormProblem>) -> Language {
    let settings = sheets.0.iter().find(|(name, _)| plain(name) == "settings");
    let Some((name, [headings, rows @ ..])) = settings.map(|(name, rows)| (name, rows.as_slice())) else {
        return Language::En;
    };
    let Some(place) = headings.iter().position(|heading| heading.trim() == "default_language") else {
        return Language::En;
    };
    let cells = (2_u32..).zip(rows).filter_map(|(number, row)| Some((number, row.get(place)?.trim())));
    let Some((number, said)) = cells.into_iter().find(|(_, said)| !said.is_empty()) else {
        return Language::En;
    };
    spoken(said).unwrap_or_else(|| {
        problems.push(
            FormProblem::of_sheet(name, FormFaultCode::ShownAsEnglish, said)
                .in_row(number)
                .in_column("default_language", place)
                .noted(),
        );
        Language::En
    })
}

impl Imported {
    fn fill(&mut self, entities: Option<&Table>, companions: &BTreeMap<String, String>, usual: &Usual) {
        let problems = &mut self.problems;
        let missing = |sheet: &str| FormProblem::of_sheet(sheet, FormFaultCode::MissingSheet, sheet);
        let survey = match &self.survey {
            Some(table) => survey::read(table, problems),
            None => {
                problems.push(missing("survey"));
                return;
            }
        };
        let settings = match &self.settings {
            Some(table) => settings::read(table, usual, problems),
            None => {
                problems.push(missing("settings"));
                None
            }
        };
        let mut choices =
            self.choices.as_ref().map(|table| choices::read(table, problems)).unwrap_or_default();
        let sheet = self.survey.as_ref().map(|table| table.sheet.clone()).unwrap_or_default();
        companions::read(&survey.files, companions, &sheet, &mut choices, problems);
        let entities = entities.map(|table| kept(table, problems)).unwrap_or_default();
        self.numbers = survey.numbers;
        self.origins = choices.origins;
        self.document = settings.map(|settings| FormDocument {
            schema: None,
            settings,
            survey: survey.rows,
            choices: choices.rows,
            codes: BTreeMap::new(),
            entities,
            examples: Vec::new(),
        });
    }

    /// Whether the form cannot be published as it is.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.document.is_none() || self.problems.iter().any(|problem| problem.stops)
    }

    /// The form as [`super::Form::parse`] reads it.
    #[must_use]
    pub fn json(&self) -> Option<String> {
        self.document.as_ref().and_then(|document| serde_json::to_string(document).ok())
    }

    /// Faults that the form's own check found, told with the rows and cells of the workbook. What has been told of
    /// the same cell already is left out.
    #[must_use]
    pub fn retell(&self, faults: &[FormFault]) -> Vec<FormProblem> {
        let told = |problem: &FormProblem| {
            problem.cell.is_some()
                && self.problems.iter().any(|before| {
                    before.stops && (&before.sheet, &before.cell) == (&problem.sheet, &problem.cell)
                })
        };
        faults.iter().map(|fault| self.place(fault)).filter(|problem| !told(problem)).collect()
    }

    fn place(&self, fault: &FormFault) -> FormProblem {
        let FormFault { sheet, row, column, code, what } = fault;
        let at = row.and_then(|row| usize::try_from(row).ok()?.checked_sub(1));
        let column = column.as_deref().unwrap_or_default();
        let in_table =
            |table: &Option<Table>, row| table.as_ref().map(|table| table.problem(row, column, *code, what));
        let placed = match sheet {
            Sheet::Survey => {
                at.and_then(|at| self.numbers.get(at)).and_then(|row| in_table(&self.survey, *row))
            }
            Sheet::Settings => row.and_then(|_| in_table(&self.settings, 2)),
            Sheet::Choices => {
                at.and_then(|at| self.origins.get(at)).and_then(|(origin, row)| match &self.choices {
                    Some(table) if table.sheet == *origin => in_table(&self.choices, *row),
                    _ => Some(FormProblem {
                        column: Some(column.to_owned()),
                        ..FormProblem::of_sheet(origin, *code, what).in_row(*row)
                    }),
                })
            }
            Sheet::File | Sheet::Codes | Sheet::Examples => None,
        };
        placed.unwrap_or_else(|| FormProblem::from(fault))
    }
}

/// The entities sheet as it came.
fn kept(table: &Table, problems: &mut Vec<FormProblem>) -> Vec<BTreeMap<String, String>> {
    if let Some(first) = table.records.first() {
        problems.push(table.problem(first.number, "", FormFaultCode::KeptOnly, &table.sheet).noted());
    }
    let rows = table.records.iter().map(|record| {
        let fields = ENTITIES.fields.iter().map(|field| field.name);
        fields.filter_map(|name| Some((name.to_owned(), table.text(record, name)?.to_owned()))).collect()
    });
    rows.collect()
}

#[cfg(test)]
mod tests;
