//! What a designer is told about a workbook: the sentence's code, and the very cell it is about.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::form::fault::{FormFault, FormFaultCode, Sheet};

/// One thing to know about a form somebody brought, with its place as the spreadsheet numbers it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FormProblem {
    /// The sheet, or the file beside the workbook; `file` for the whole.
    pub sheet: String,
    /// The heading row is 1.
    pub row: Option<u32>,
    /// The heading.
    pub column: Option<String>,
    /// Such as `F12`.
    pub cell: Option<String>,
    /// Whether the form cannot be published with it; otherwise it is a note.
    pub stops: bool,
    pub code: FormFaultCode,
    /// For the sentence's `{what}`.
    pub what: String,
}

impl FormProblem {
    /// Something that stops the whole file.
    #[must_use]
    pub fn of_file(code: FormFaultCode, what: impl Into<String>) -> Self {
        Self::of_sheet("file", code, what)
    }

    pub(super) fn of_sheet(sheet: &str, code: FormFaultCode, what: impl Into<String>) -> Self {
        Self {
            sheet: sheet.to_owned(),
            row: None,
            column: None,
            cell: None,
            stops: true,
            code,
            what: what.into(),
        }
    }

    pub(super) fn in_row(self, row: u32) -> Self {
        Self { row: Some(row), ..self }
    }

    /// In the column of this heading, which stands at this place of its row, from 0.
    pub(super) fn in_column(self, heading: &str, place: usize) -> Self {
        let cell = self.row.map(|row| format!("{}{row}", letters(place)));
        Self { column: Some(heading.to_owned()), cell, ..self }
    }

    /// The form can still be published.
    pub(super) fn noted(self) -> Self {
        Self { stops: false, ..self }
    }
}

/// Of a form that came as JSON: rows count as the file counts them.
impl From<&FormFault> for FormProblem {
    fn from(fault: &FormFault) -> Self {
        let FormFault { sheet, row, column, code, what } = fault;
        Self {
            sheet: name_of(*sheet).to_owned(),
            row: *row,
            column: column.clone(),
            cell: None,
            stops: true,
            code: *code,
            what: what.clone(),
        }
    }
}

pub fn name_of(sheet: Sheet) -> &'static str {
    match sheet {
        Sheet::File => "file",
        Sheet::Settings => "settings",
        Sheet::Survey => "survey",
        Sheet::Choices => "choices",
        Sheet::Codes => "codes",
        Sheet::Examples => "examples",
    }
}

/// What a spreadsheet calls a column: A, B … Z, AA.
pub fn letters(place: usize) -> String {
    let mut left = place + 1;
    let mut letters = Vec::new();
    while 0 < left {
        let digit = u8::try_from((left - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + digit));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn columns_are_lettered_as_a_spreadsheet_letters_them() {
        let named = [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")];
        for (place, letter) in named {
            assert_eq!(letters(place), letter);
        }
    }
}
