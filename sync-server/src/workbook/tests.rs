use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kerbside_core::form::xlsform::{Imported, Sheets, Usual, read, write};
use kerbside_core::form::{
    ChoiceRow, Codes, Form, FormDocument, FormFaultCode, FormProblem, Now, answers_from_json, evaluate,
};
use rust_xlsxwriter::{Format, Formula, Workbook};
use serde_json::{Value as Json, json};

use super::{build, open};

const NOW: Now = Now { ms: 1_775_041_200_000, offset_min: 60, seed: 1 };

fn usual() -> Usual {
    Usual { service: Some("street".into()), ref_prefix: Some("FT".into()), version: 1 }
}

fn schemas(folder: &str) -> BTreeMap<String, String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas").join(folder);
    let files = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let data = files.filter(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".json") && !name.ends_with(".schema.json")
    });
    data.map(|path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    })
    .collect()
}

fn shipped() -> BTreeMap<String, Form> {
    let codes = schemas("codes");
    let codes = Codes::read(codes.iter().map(|(name, json)| (name.as_str(), json.as_str()))).unwrap();
    let forms = schemas("forms").into_iter();
    forms.map(|(name, json)| (name, Form::parse(&json, &codes).unwrap())).collect()
}

/// A workbook of these sheets, as a file and opened again.
fn opened(sheets: &[(&str, &[&[&str]])]) -> Sheets {
    let rows = |rows: &[&[&str]]| {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    };
    let sheets = Sheets(sheets.iter().map(|(name, cells)| ((*name).to_owned(), rows(cells))).collect());
    open(&build(&sheets).unwrap()).unwrap()
}

fn stopping(imported: &Imported) -> Vec<&FormProblem> {
    imported.problems.iter().filter(|problem| problem.stops).collect()
}

fn parsed(imported: &Imported) -> Form {
    assert_eq!(stopping(imported), Vec::<&FormProblem>::new());
    Form::parse(&imported.json().unwrap(), &Codes::default())
        .unwrap_or_else(|faults| panic!("{:#?}", imported.retell(&faults)))
}

#[test]
fn every_shipped_form_goes_into_a_workbook_and_comes_back_the_same() {
    for (name, form) in shipped() {
        let mut before: FormDocument = serde_json::from_str(&form.resolved_json()).unwrap();
        let (sheets, companions) = write(&before);
        let bytes = build(&sheets).unwrap();
        assert_eq!(bytes, build(&sheets).unwrap(), "{name}: the same form makes other bytes");
        let imported = read(&open(&bytes).unwrap(), &companions, &usual());
        assert_eq!(
            imported.problems.iter().filter(|it| it.code != FormFaultCode::KeptOnly).count(),
            0,
            "{:#?}",
            imported.problems
        );
        // A cell holds text; a filter and a look-up see the same either way.
        before.choices.iter_mut().for_each(as_text);
        let after = imported.document.as_ref().unwrap();
        assert_eq!(serde_json::to_value(after).unwrap(), serde_json::to_value(&before).unwrap(), "{name}");
        parsed(&imported);
    }
}

fn as_text(choice: &mut ChoiceRow) {
    for value in choice.more.values_mut() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        *value = Json::String(text);
    }
}
