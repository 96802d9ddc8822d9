//! A sheet with its headings understood, its blanks left out, and the place of every cell kept.

use std::collections::BTreeMap;

use super::headings::{Language, Meaning, Vocabulary};
use super::problem::FormProblem;
use crate::form::{FormFaultCode, Localised};

/// XLSForm reads no further than so many blank rows or columns side by side.
const BLANKS: usize = 20;

/// What a spreadsheet shows where a formula failed.
const ERRORS: &[&str] = &[
    "#REF!",
    "#N/A",
    "#NAME?",
    "#DIV/0!",
    "#VALUE!",
    "#NULL!",
    "#NUM!",
    "#SPILL!",
    "#CALC!",
    "#GETTING_DATA",
];

#[derive(Debug)]
pub struct Column {
    /// From 0, as the row has it.
    pub place: usize,
    pub heading: String,
    pub meaning: Meaning,
}

#[derive(Debug)]
pub struct Table {
    pub sheet: String,
    pub columns: Vec<Column>,
    pub records: Vec<Record>,
}

/// One row that says something. Every text is trimmed and not empty.
#[derive(Debug)]
pub struct Record {
    pub number: u32,
    cells: BTreeMap<usize, String>,
}

impl Table {
    /// Reads a sheet, telling what is wrong with its headings and cells.
    pub fn read(
        sheet: &str,
        rows: &[Vec<String>],
        vocabulary: &Vocabulary,
        usual: Language,
        problems: &mut Vec<FormProblem>,
    ) -> Self {
        let mut table = Self { sheet: sheet.to_owned(), columns: Vec::new(), records: Vec::new() };
        let (first, rest) = rows.split_first().map_or((&[][..], &[][..]), |(first, rest)| (first, rest));
        table.headings(first, vocabulary, usual, problems);
        let mut blank = 0;
        for (number, row) in (2_u32..).zip(rest) {
            let record = table.record(number, row, problems);
            if record.cells.is_empty() {
                blank += 1;
            } else if BLANKS <= blank {
                problems.push(
                    FormProblem::of_sheet(sheet, FormFaultCode::AfterBlanks, number.to_string())
                        .in_row(number)
                        .noted(),
                );
                break;
            } else {
                blank = 0;
                table.records.push(record);
            }
        }
        table.columns_without_heading(rest, problems);
        table
    }

    fn headings(
        &mut self,
        row: &[String],
        vocabulary: &Vocabulary,
        usual: Language,
        problems: &mut Vec<FormProblem>,
    ) {
        let mut blank = 0;
        for (place, written) in row.iter().enumerate() {
            let heading = written.trim();
            blank = if heading.is_empty() { blank + 1 } else { 0 };
            if blank == BLANKS {
                break;
            }
            if heading.is_empty() {
                continue;
            }
            let problem = |code, what: &str| {
                FormProblem::of_sheet(&self.sheet, code, what).in_row(1).in_column(heading, place)
            };
            if heading != written {
                problems.push(problem(FormFaultCode::SpacedHeading, heading).noted());
            }
            let meaning = vocabulary.meaning(heading, usual);
            match &meaning {
                Meaning::Field(..) => {}
                Meaning::Extra if heading.contains(char::is_whitespace) => {
                    problems.push(problem(FormFaultCode::BadName, heading));
                }
                Meaning::Extra => {}
                Meaning::NotKept => problems.push(problem(FormFaultCode::NotKept, heading).noted()),
                Meaning::OtherLanguage(language) => {
                    problems.push(problem(FormFaultCode::OtherLanguage, language).noted());
                }
                Meaning::Unknown(Some(meant)) => problems.push(problem(FormFaultCode::MisspeltColumn, meant)),
                Meaning::Unknown(None) => problems.push(problem(FormFaultCode::UnknownColumn, heading)),
            }
            let again = |column: &Column| match (&column.meaning, &meaning) {
                (Meaning::Field(one, language), Meaning::Field(other, spoken)) => {
                    one == other && language == spoken
                }
                _ => column.heading == heading,
            };
            if let Some(before) = self.columns.iter().find(|column| again(column)) {
                let what = before.heading.clone();
                problems.push(problem(FormFaultCode::DuplicateColumn, &what));
                continue;
            }
            self.columns.push(Column { place, heading: heading.to_owned(), meaning });
        }
    }

    fn record(&self, number: u32, row: &[String], problems: &mut Vec<FormProblem>) -> Record {
        let mut cells = BTreeMap::new();
        for (at, column) in self.columns.iter().enumerate() {
            let text = row.get(column.place).map(|text| text.trim()).unwrap_or_default();
            if ERRORS.contains(&text) {
                problems.push(
                    FormProblem::of_sheet(&self.sheet, FormFaultCode::CellError, text)
                        .in_row(number)
                        .in_column(&column.heading, column.place),
                );
            } else if !text.is_empty() {
                cells.insert(at, text.to_owned());
            }
        }
        Record { number, cells }
    }

    /// Something below no heading would be lost without a word.
    fn columns_without_heading(&self, rows: &[Vec<String>], problems: &mut Vec<FormProblem>) {
        let last = self.columns.last().map_or(0, |column| column.place + BLANKS);
        let known: Vec<usize> = self.columns.iter().map(|column| column.place).collect();
        for place in (0..last).filter(|place| !known.contains(place)) {
            let filled = (2_u32..)
                .zip(rows)
                .find(|(_, row)| row.get(place).is_some_and(|text| !text.trim().is_empty()));
            if let Some((number, _)) = filled {
                problems.push(
                    FormProblem::of_sheet(&self.sheet, FormFaultCode::NoHeading, "")
                        .in_row(number)
                        .in_column("", place),
                );
            }
        }
    }

    fn column(&self, field: &str, language: Option<Language>) -> Option<(usize, &Column)> {
        self.columns.iter().enumerate().find(|(_, column)| match column.meaning {
            Meaning::Field(name, spoken) => name == field && language.is_none_or(|wanted| wanted == spoken),
            Meaning::Extra | Meaning::NotKept | Meaning::OtherLanguage(_) | Meaning::Unknown(_) => false,
        })
    }

    pub fn has(&self, field: &str) -> bool {
        self.column(field, None).is_some()
    }

    pub fn text<'a>(&self, record: &'a Record, field: &str) -> Option<&'a str> {
        let (at, _) = self.column(field, None)?;
        record.cells.get(&at).map(String::as_str)
    }

    /// The words of a column in both languages. Welsh alone stands for both, with a note.
    pub fn words(&self, record: &Record, field: &str, problems: &mut Vec<FormProblem>) -> Option<Localised> {
        let said = |language| {
            let (at, _) = self.column(field, Some(language))?;
            record.cells.get(&at).cloned()
        };
        match (said(Language::En), said(Language::Cy)) {
            (Some(en), cy) => Some(Localised { en, cy }),
            (None, Some(cy)) => {
                problems.push(self.problem(record.number, field, FormFaultCode::OnlyWelsh, &cy).noted());
                Some(Localised { en: cy.clone(), cy: Some(cy) })
            }
            (None, None) => None,
        }
    }

    /// What stands in the columns a filter may read: heading and text.
    pub fn extras<'a>(&'a self, record: &'a Record) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.columns.iter().enumerate().filter(|(_, column)| column.meaning == Meaning::Extra).filter_map(
            |(at, column)| record.cells.get(&at).map(|text| (column.heading.as_str(), text.as_str())),
        )
    }

    /// A problem with one cell, in the column of this field where the sheet has it.
    pub fn problem(&self, row: u32, field: &str, code: FormFaultCode, what: &str) -> FormProblem {
        let problem = FormProblem::of_sheet(&self.sheet, code, what).in_row(row);
        match self.column(field, None) {
            Some((_, column)) => problem.in_column(&column.heading, column.place),
            None if field.is_empty() => problem,
            None => FormProblem { column: Some(field.to_owned()), ..problem },
        }
    }
}

impl Record {
    /// A row that says nothing, for a sheet without one.
    pub fn blank(number: u32) -> Self {
        Self { number, cells: BTreeMap::new() }
    }
}
