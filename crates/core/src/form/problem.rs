//! What whoever brings a form is told: a fault of the form, or a note about it, by its place in their own file.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::fault::{FormFault, FormFaultCode, Sheet};

/// One thing to put right in a form, or to know about it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FormProblem {
    pub sheet: String,
    /// As a spreadsheet numbers its rows: the heading is row 1.
    pub row: Option<u32>,
    /// What stands over the column.
    pub column: Option<String>,
    /// `F12`, where the file is a workbook.
    pub cell: Option<String>,
    /// Whether the form cannot be published until this is put right.
    pub stops: bool,
    pub code: FormFaultCode,
    /// What was found there, or more about it.
    pub what: String,
}

/// The place of a fault in a form file, whose rows have no heading, as it would be in a workbook.
impl From<&FormFault> for FormProblem {
    fn from(fault: &FormFault) -> Self {
        let FormFault { sheet, row, column, code, what } = fault.clone();
        let sheet = match sheet {
            Sheet::File => "file",
            Sheet::Settings => "settings",
            Sheet::Survey => "survey",
            Sheet::Choices => "choices",
            Sheet::Codes => "codes",
            Sheet::Examples => "examples",
        };
        let column = column.filter(|column| !column.is_empty());
        Self {
            sheet: sheet.to_owned(),
            row: row.map(|row| row + 1),
            column,
            cell: None,
            stops: true,
            code,
            what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::{Codes, Form};

    #[test]
    fn a_fault_of_a_row_is_found_where_a_spreadsheet_shows_it() {
        let json = r#"{"settings":{"form_id":"t","version":1,"form_title":{"en":"T"},"service":"s","ref_prefix":"TT"},
            "survey":[{"type":"text","name":"a"},{"type":"smell","name":"b"}]}"#;
        let faults = Form::parse(json, &Codes::default()).map(|_| ()).expect_err("a type nobody knows");
        let problems: Vec<FormProblem> = faults.iter().map(FormProblem::from).collect();
        let [problem] = problems.as_slice() else { panic!("{problems:?}") };
        assert_eq!(
            (problem.sheet.as_str(), problem.row, problem.column.as_deref()),
            ("survey", Some(3), Some("type"))
        );
        assert_eq!(
            (problem.code, problem.what.as_str(), problem.stops),
            (FormFaultCode::UnknownType, "smell", true)
        );
    }
}
