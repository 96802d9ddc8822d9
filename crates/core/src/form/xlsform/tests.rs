use super::*;
use crate::form::{Codes, Form, Localised, Requirement};

const SETTINGS_ROWS: &[&[&str]] = &[&["form_title", "form_id", "version"], &["Bins", "bins", "3"]];

fn usual() -> Usual {
    Usual { service: Some("street".into()), ref_prefix: Some("BN".into()), version: 8 }
}

fn sheet(name: &str, rows: &[&[&str]]) -> (String, Vec<Vec<String>>) {
    let row = |row: &&[&str]| row.iter().map(|cell| (*cell).to_owned()).collect();
    (name.to_owned(), rows.iter().map(row).collect())
}

fn beside(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn survey(rows: &[&[&str]]) -> Imported {
    read(&Sheets(vec![sheet("survey", rows), sheet("settings", SETTINGS_ROWS)]), &BTreeMap::new(), &usual())
}

/// Code, cell and what, of everything there is to say.
fn told(imported: &Imported) -> Vec<(FormFaultCode, &str, &str)> {
    let problems = imported.problems.iter();
    problems.map(|it| (it.code, it.cell.as_deref().unwrap_or_default(), it.what.as_str())).collect()
}

fn parsed(imported: &Imported) -> Form {
    assert!(!imported.stops(), "{:#?}", imported.problems);
    Form::parse(&imported.json().unwrap(), &Codes::default())
        .unwrap_or_else(|faults| panic!("{:#?}", imported.retell(&faults)))
}

#[test]
fn other_spellings_and_languages_come_to_the_same_rows() {
    let imported = read(
        &Sheets(vec![
            sheet(
                "Survey",
                &[
                    &[
                        "type",
                        "name",
                        "label::English (en)",
                        "label::Cymraeg (cy)",
                        "required",
                        "relevance",
                        "readonly",
                        "calculate",
                        "media::image",
                    ],
                    &["begin group", "g", "Group", "Grŵp", "", "", "", "", ""],
                    &["select one size", "size", "How big?", "Pa mor fawr?", "TRUE", "", "", "", "a.png"],
                    &["int", "n", "How many?", "", "no", "${size} = 'big'", "yes", "", ""],
                    &["calculate", "c", "", "", "", "", "", "${n} + 1", ""],
                    &["end group", "g", "", "", "", "", "", "", ""],
                ],
            ),
            sheet(
                "choices",
                &[
                    &["list name", "name", "label", "ward"],
                    &["size", "big", "Big", "north"],
                    &["size", "small", "Small", ""],
                ],
            ),
            sheet("settings", SETTINGS_ROWS),
        ]),
        &BTreeMap::new(),
        &usual(),
    );
    assert_eq!(told(&imported), []);
    let document = imported.document.as_ref().unwrap();
    let row = &document.survey[1];
    assert_eq!((row.kind.as_str(), &row.required), ("select_one size", &Some(Requirement::Always(true))));
    assert_eq!(row.label, Some(Localised { en: "How big?".into(), cy: Some("Pa mor fawr?".into()) }));
    assert_eq!(row.image, Some(Localised { en: "a.png".into(), cy: None }));
    assert_eq!(document.survey[2].relevant.as_deref(), Some("${size} = 'big'"));
    assert_eq!(
        document.survey[4],
        crate::form::Row { kind: "end_group".into(), ..crate::form::Row::default() }
    );
    assert_eq!(document.choices[0].more["ward"], "north");
    assert_eq!(document.settings.version, 3);
    parsed(&imported);
}

#[test]
fn each_slip_is_told_with_its_cell_and_what_to_do() {
    let imported = survey(&[
        &["type", "name", "Label", "label ", "relevent", "colour", "notes", "hint::Polski (pl)", "label"],
        &["text", "a", "", "A", "", "", "n", "h", ""],
    ]);
    assert_eq!(
        told(&imported),
        [
            (FormFaultCode::MisspeltColumn, "C1", "label"),
            (FormFaultCode::SpacedHeading, "D1", "label"),
            (FormFaultCode::MisspeltColumn, "E1", "relevant"),
            (FormFaultCode::UnknownColumn, "F1", "colour"),
            (FormFaultCode::NotKept, "G1", "notes"),
            (FormFaultCode::OtherLanguage, "H1", "Polski (pl)"),
            (FormFaultCode::DuplicateColumn, "I1", "label"),
        ]
    );
    let stops: Vec<bool> = imported.problems.iter().map(|problem| problem.stops).collect();
    assert_eq!(stops, [true, false, true, true, false, false, true]);
}

#[test]
fn cells_that_a_spreadsheet_spoilt_are_told_once() {
    let imported = survey(&[
        &["type", "name", "label", "relevant", "calculation", ""],
        &["text", "a", "A", "", "", ""],
        &["text", "b", "B", "${a} = ‘yes’", "", ""],
        &["calculate", "c", "", "", "#REF!", ""],
        &["", "d", "D", "", "", ""],
        &["note", "", "N", "", "", "stray"],
        &["audit", "audit", "", "", "", ""],
    ]);
    assert_eq!(
        told(&imported),
        [
            (FormFaultCode::CellError, "E4", "#REF!"),
            (FormFaultCode::NoHeading, "F6", ""),
            (FormFaultCode::CurlyQuotes, "D3", "${a} = ‘yes’"),
            (FormFaultCode::MissingColumn, "A5", "type"),
            (FormFaultCode::NameMade, "B6", "note_6"),
            (FormFaultCode::NotKept, "A7", "audit"),
        ]
    );
    let faults = Form::parse(&imported.json().unwrap(), &Codes::default()).unwrap_err();
    assert!(!faults.is_empty());
    assert_eq!(imported.retell(&faults), [], "the same cells again: {faults:?}");
}

#[test]
fn faults_of_the_form_are_told_with_the_rows_of_the_sheet() {
    let imported = survey(&[
        &["type", "name", "label", "calculate"],
        &["", "", "", ""],
        &["audit", "audit", "", ""],
        &["text", "a", "A", ""],
        &["calculate", "b", "", "fancy(${a})"],
        &["smell", "c", "C", ""],
    ]);
    let faults = Form::parse(&imported.json().unwrap(), &Codes::default()).unwrap_err();
    let told: Vec<_> = imported
        .retell(&faults)
        .into_iter()
        .map(|it| (it.code, it.row, it.column, it.cell, it.what))
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            (FormFaultCode::UnknownType, Some(6), text("type"), text("A6"), "smell".to_owned()),
            (FormFaultCode::UnknownFunction, Some(5), text("calculate"), text("D5"), "fancy".to_owned()),
        ]
    );
}

#[test]
fn reading_ends_after_twenty_blank_rows_and_columns() {
    let mut rows: Vec<&[&str]> = vec![&["type", "name", "label"], &["text", "a", "A"]];
    rows.extend(std::iter::repeat_n::<&[&str]>(&[], 19));
    rows.push(&["text", "b", "B"]);
    rows.extend(std::iter::repeat_n::<&[&str]>(&[], 20));
    rows.push(&["text", "c", "C"]);
    let imported = survey(&rows);
    assert_eq!(told(&imported), [(FormFaultCode::AfterBlanks, "", "43")]);
    assert_eq!(imported.document.as_ref().unwrap().survey.len(), 2);
    let mut wide = vec!["type", "name", "label"];
    wide.extend(std::iter::repeat_n("", 20));
    wide.push("scratch");
    assert_eq!(told(&survey(&[&wide, &["text", "a", "A"]])), []);
}

#[test]
fn files_beside_the_workbook_become_lists() {
    let sheets = Sheets(vec![
        sheet(
            "survey",
            &[
                &["type", "name", "label", "parameters", "calculation"],
                &["select_one_from_file wards.csv", "ward", "Ward", "value=code label=title", ""],
                &["select_one_from_file bins.geojson", "bin", "Bin", "", ""],
                &["csv-external", "streets", "", "", ""],
                &["calculate", "crew", "", "", "pulldata('streets', 'crew', 'name', 'elm')"],
            ],
        ),
        sheet("settings", SETTINGS_ROWS),
    ]);
    let files = beside(&[
        ("wards.csv", "code,title,area\nn,North,1\ns,\"South, and west\",2\n"),
        (
            "bins.geojson",
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"b1","title":"Bin 1"},"geometry":{"type":"Point","coordinates":[1.25,52.5]}}]}"#,
        ),
        ("streets.csv", "name,crew\nelm,blue\n"),
        ("spare.csv", "name,label\n"),
    ]);
    let imported = read(&sheets, &files, &usual());
    assert_eq!(told(&imported), [(FormFaultCode::UnusedFile, "", "spare.csv")]);
    let document = imported.document.clone().unwrap();
    let form = parsed(&imported);
    assert_eq!(form.choices("wards.csv")[1].label.en, "South, and west");
    assert_eq!(document.choices[0].more["geometry"], "52.5 1.25 0 0");
    let (sheets, again) = write(&document);
    assert_eq!(again.keys().collect::<Vec<_>>(), ["bins.geojson", "streets.csv", "wards.csv"]);
    assert_eq!(read(&sheets, &again, &usual()).document, Some(document));

    let without = read(&sheets, &BTreeMap::new(), &usual());
    let missing: Vec<_> = without.problems.iter().map(|it| (it.code, it.row, it.what.as_str())).collect();
    let code = FormFaultCode::MissingFile;
    assert_eq!(
        missing,
        [(code, Some(3), "bins.geojson"), (code, Some(4), "streets.csv"), (code, Some(2), "wards.csv")]
    );
}

#[test]
fn a_file_that_cannot_be_read_is_told_by_its_line() {
    let rows = |file: &str| {
        let kind = format!("select_one_from_file {file}");
        Sheets(vec![
            sheet("survey", &[&["type", "name", "label"], &[&kind, "a", "A"]]),
            sheet("settings", SETTINGS_ROWS),
        ])
    };
    for (file, text, code, row) in [
        ("a.csv", "name,label\nx,\"y\n", FormFaultCode::BadFile, Some(2)),
        ("a.csv", "name,name\nx,y\n", FormFaultCode::DuplicateColumn, Some(1)),
        ("a.csv", "code,label\nx,y\n", FormFaultCode::MissingColumn, None),
        ("a.geojson", "[]", FormFaultCode::BadFile, None),
        ("a.xml", "<root/>", FormFaultCode::XmlFile, Some(2)),
    ] {
        let imported = read(&rows(file), &beside(&[(file, text)]), &usual());
        let first = &imported.problems[0];
        assert_eq!((first.code, first.row, first.stops), (code, row, true), "{file} {text}");
    }
    let imported = read(&rows("a.csv"), &beside(&[("a.csv", "name,label\nx,X\nx,Y\n")]), &usual());
    let faults = Form::parse(&imported.json().unwrap(), &Codes::default()).unwrap_err();
    let told = &imported.retell(&faults)[0];
    assert_eq!(
        (told.sheet.as_str(), told.row, told.code),
        ("a.csv", Some(3), FormFaultCode::DuplicateChoice)
    );
}

#[test]
fn settings_are_made_up_where_they_can_be() {
    let settings = |rows: &[&[&str]]| {
        let survey = sheet("survey", &[&["type", "name", "label"], &["text", "a", "A"]]);
        let usual = Usual { service: None, ref_prefix: None, version: 8 };
        read(&Sheets(vec![survey, sheet("settings", rows)]), &BTreeMap::new(), &usual)
    };
    let imported = settings(&[
        &["form_title", "form_id", "version", "style", "service", "nearby_m"],
        &["Fly-tipping report", "kerbside:fly-tipping", "March", "pages", "street", "50"],
    ]);
    let made = imported.document.as_ref().unwrap().settings.clone();
    assert_eq!(
        (made.form_id.as_str(), made.version, made.ref_prefix.as_str()),
        ("kerbside_fly-tipping", 8, "FTR")
    );
    assert_eq!((made.version_text.as_deref(), made.other["style"].as_str()), (Some("March"), "pages"));
    assert_eq!(made.other["nearby_m"], "50");
    assert_eq!(
        told(&imported),
        [
            (FormFaultCode::FormIdChanged, "B2", "kerbside_fly-tipping"),
            (FormFaultCode::VersionNumbered, "C2", "8"),
            (FormFaultCode::PrefixMade, "", "FTR"),
            (FormFaultCode::KeptOnly, "D2", "style"),
        ]
    );
    assert!(!imported.stops());
    let bare = settings(&[&["form_title"], &["Bins"]]);
    assert!(bare.problems.iter().any(|it| it.stops && it.code == FormFaultCode::NoService));
    assert_eq!(settings(&[&["version"], &["1"]]).document, None);
}

#[test]
fn welsh_may_be_the_language_of_headings_that_name_none() {
    let imported = read(
        &Sheets(vec![
            sheet(
                "survey",
                &[
                    &["type", "name", "label", "label::English (en)"],
                    &["text", "a", "Enw", "Name"],
                    &["text", "b", "Oed", ""],
                ],
            ),
            sheet(
                "settings",
                &[&["form_title", "form_id", "default_language"], &["Biniau", "bins", "Cymraeg (cy)"]],
            ),
        ]),
        &BTreeMap::new(),
        &usual(),
    );
    let document = imported.document.as_ref().unwrap();
    assert_eq!(document.survey[0].label, Some(Localised { en: "Name".into(), cy: Some("Enw".into()) }));
    assert_eq!(
        told(&imported),
        [(FormFaultCode::OnlyWelsh, "C3", "Oed"), (FormFaultCode::OnlyWelsh, "A2", "Biniau")]
    );
}

#[test]
fn a_workbook_without_its_sheets_is_told_which() {
    let imported = read(&Sheets(vec![sheet("Sheet1", &[&["a"]])]), &BTreeMap::new(), &usual());
    assert_eq!(
        told(&imported),
        [(FormFaultCode::SheetNotRead, "", "Sheet1"), (FormFaultCode::MissingSheet, "", "survey")]
    );
    assert!(imported.stops());
}

proptest::proptest! {
    #[test]
    fn no_sheet_is_too_much(
        rows in proptest::collection::vec(
            proptest::collection::vec("(type|name|label|required|begin group|select_one a|\\$\\{a\\}|#REF!|[a-z‘ ]{0,4})", 0..6), 0..8),
        name in "(survey|choices|settings|entities)",
    ) {
        let sheets = Sheets(vec![(name, rows.clone()), ("survey".into(), rows), sheet("settings", SETTINGS_ROWS)]);
        let imported = read(&sheets, &BTreeMap::new(), &usual());
        if let Some(json) = imported.json() && let Err(faults) = Form::parse(&json, &Codes::default()) {
            drop(imported.retell(&faults));
        }
    }
}
