use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::PathBuf;

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
        assert_eq!(imported.problems, [], "{name}");
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

#[test]
fn a_designers_workbook_of_fly_tips_imports_whole_and_behaves() {
    let bytes = include_bytes!("../../tests/workbooks/fly_tipping.xlsx");
    let imported = read(&open(bytes).unwrap(), &BTreeMap::new(), &usual());
    let told: Vec<_> = imported.problems.iter().map(|it| (it.code, it.stops, it.what.as_str())).collect();
    assert_eq!(
        told,
        [
            (FormFaultCode::SheetNotRead, false, "Notes to self"),
            (FormFaultCode::FormIdChanged, false, "kerbside_fly-tipping")
        ]
    );
    let form = parsed(&imported);
    assert_eq!((form.version(), form.choices("waste_size").len()), (2_026_031_501, 7));
    let faults = |answers: Json| {
        let (answers, _) = answers_from_json(&form, answers.as_object().unwrap());
        let evaluation = evaluate(&form, &answers, NOW);
        let faults = evaluation.faults.into_iter();
        faults.map(|it| (it.field.to_string(), it.message.unwrap_or_default().en)).collect::<BTreeMap<_, _>>()
    };
    let empty = faults(json!({}));
    assert_eq!(
        empty.keys().collect::<Vec<_>>(),
        ["evidence", "hazards", "land_type", "location", "waste_size", "waste_type"]
    );
    assert_eq!(empty["waste_size"], "Select how much waste there is");
    let more = faults(json!({"evidence": "yes", "hazards": ["none", "sharps"], "uprn": "1002345678901234"}));
    assert_eq!(more["evidence_notes"], "Enter a description of the evidence");
    assert_eq!(more["hazards"], "Select hazards or select 'None'");
    assert_eq!(more["uprn"], "UPRN must be 12 digits or fewer");
    let (answers, _) =
        answers_from_json(&form, json!({"waste_size": "car_boot", "usrn": "2504321"}).as_object().unwrap());
    assert_eq!(form.summary(&answers, "en", NOW), "Fly-tip car_boot 2504321");
}

#[test]
fn cells_say_what_the_spreadsheet_shows() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("survey").unwrap();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    let time = Format::new().set_num_format("hh:mm:ss");
    sheet.write_number(2, 1, 1.0).unwrap();
    sheet.write_number(2, 2, 0.1 + 0.2).unwrap();
    sheet.write_boolean(2, 3, true).unwrap();
    sheet.write_number_with_format(2, 4, 46_097.0, &day).unwrap();
    sheet.write_number_with_format(2, 5, 0.5, &time).unwrap();
    sheet.write_number_with_format(2, 6, 46_097.25, &day).unwrap();
    sheet.write_formula(2, 7, Formula::new("=Z99/0").set_result("#DIV/0!")).unwrap();
    sheet.write_formula(2, 8, Formula::new("=1+1").set_result("2")).unwrap();
    workbook.add_worksheet().set_name("Other").unwrap().write_string(0, 0, "not read").unwrap();
    let Sheets(sheets) = open(&workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!(
        sheets[0].1,
        [
            vec![],
            vec![],
            vec!["", "1", "0.3", "TRUE", "2026-03-16", "12:00:00", "2026-03-16T06:00:00", "#DIV/0!", "2"]
        ]
    );
    assert_eq!(sheets[1], ("Other".to_owned(), vec![]));
}

#[test]
fn an_exported_workbook_says_what_our_own_headings_are_for() {
    let sheets = Sheets(vec![(
        "survey".into(),
        vec![vec!["type".into(), "pii".into()], vec!["text".into(), "none".into()]],
    )]);
    let bytes = build(&sheets).unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let mut notes = String::new();
    archive.by_name("xl/comments1.xml").unwrap().read_to_string(&mut notes).unwrap();
    assert!(notes.contains("none, personal, special or criminal") && notes.contains("Mae marc adran"));
    assert_eq!(open(&bytes), Ok(sheets));
}

fn refused(bytes: &[u8]) -> FormFaultCode {
    let problem = open(bytes).expect_err("it was read");
    assert!(problem.stops);
    problem.code
}

fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn every_other_kind_of_file_is_told_by_its_name() {
    let locked: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let compound = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    for (bytes, code) in [
        (compound.to_vec(), FormFaultCode::OldWorkbook),
        ([compound.as_slice(), &locked].concat(), FormFaultCode::Encrypted),
        (b"type,name,label\ntext,a,A\n".to_vec(), FormFaultCode::TableAlone),
        (b"\x00\x01\x02".to_vec(), FormFaultCode::NotAWorkbook),
        (Vec::new(), FormFaultCode::NotAWorkbook),
        (b"PK\x03\x04".to_vec(), FormFaultCode::NotAWorkbook),
        (zipped(&[("content.xml", b"<a/>")]), FormFaultCode::OpenDocument),
        (zipped(&[("word/document.xml", b"<a/>")]), FormFaultCode::NotAWorkbook),
        (zipped(&[("xl/workbook.xml", b"<workbook>")]), FormFaultCode::NotAWorkbook),
        (vec![b'a'; 8 * 1024 * 1024 + 1], FormFaultCode::TooLarge),
    ] {
        assert_eq!(refused(&bytes), code);
    }
}

#[test]
fn what_would_fill_the_memory_is_refused_before_it_does() {
    let large = vec![0; 65 * 1024 * 1024];
    let mut bomb = zipped(&[("xl/workbook.xml", &large)]);
    assert!(bomb.len() < 1024 * 1024);
    assert_eq!(refused(&bomb), FormFaultCode::TooLarge);
    // The directory of the archive, and the head of the entry, say that it is small.
    let directory = bomb.windows(4).rposition(|part| part == b"PK\x01\x02").unwrap();
    bomb[directory + 24..directory + 28].copy_from_slice(&1_000_u32.to_le_bytes());
    bomb[22..26].copy_from_slice(&1_000_u32.to_le_bytes());
    open(&bomb).expect_err("a directory that lies");

    let far = |cells: &[(u32, u16)]| {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.set_name("survey").unwrap();
        for (row, column) in cells {
            sheet.write_string(*row, *column, "x").unwrap();
        }
        workbook.save_to_buffer().unwrap()
    };
    for cells in [[(25_000, 0)], [(0, 200)], [(1_048_575, 16_383)]] {
        assert_eq!(refused(&far(&cells)), FormFaultCode::TooLarge, "{cells:?}");
    }
    open(&far(&[(24_999, 199)])).unwrap();
    let sparse: Vec<(u32, u16)> = (0..12_000).map(|row| (row, 199)).collect();
    assert_eq!(refused(&far(&sparse)), FormFaultCode::TooLarge);

    let mut many = Workbook::new();
    for _ in 0..51 {
        many.add_worksheet();
    }
    assert_eq!(refused(&many.save_to_buffer().unwrap()), FormFaultCode::TooLarge);
}

/// The parts of a good workbook, to be spoilt.
fn parts() -> Vec<(String, Vec<u8>)> {
    let bytes = include_bytes!("../../tests/workbooks/fly_tipping.xlsx");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let entries = 0..archive.len();
    let read = |index| {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.name().unwrap().into_owned(), bytes)
    };
    entries.map(read).collect()
}

/// Changes, drops or repeats a few bytes, among them those that mean something to XML and to numbers.
fn spoil(bytes: &mut Vec<u8>, chance: &mut fastrand::Rng) {
    for _ in 0..chance.usize(1..4) {
        let at = chance.usize(0..bytes.len().max(1));
        match chance.u8(0..4) {
            0 if at < bytes.len() => bytes[at] = *chance.choice(b"<>\"&=/09-ZA\xff\x00").unwrap(),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => {
                let digits =
                    chance.choice(["9999999999", "-1", "1E999", "XFD1048577", "&#0;", "<c>"]).unwrap();
                bytes.splice(at..at, digits.bytes());
            }
            _ => bytes.truncate(at.max(1)),
        }
    }
}

#[test]
fn no_bytes_stop_the_server() {
    let mut chance = fastrand::Rng::with_seed(11);
    let good = include_bytes!("../../tests/workbooks/fly_tipping.xlsx").to_vec();
    let whole = |chance: &mut fastrand::Rng| {
        let mut bytes = good.clone();
        spoil(&mut bytes, chance);
        bytes
    };
    let parts = parts();
    let inside = |chance: &mut fastrand::Rng| {
        let mut parts = parts.clone();
        let at = chance.usize(0..parts.len());
        spoil(&mut parts[at].1, chance);
        let entries: Vec<(&str, &[u8])> =
            parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        zipped(&entries)
    };
    let mut read_whole = 0;
    for round in 0..600 {
        let bytes = if round % 2 == 0 { whole(&mut chance) } else { inside(&mut chance) };
        if let Ok(sheets) = open(&bytes) {
            read_whole += 1;
            drop(read(&sheets, &BTreeMap::new(), &usual()));
        }
    }
    assert!(20 < read_whole && read_whole < 580, "{read_whole} of 600: the spoiling says nothing");
}

/// As large as the largest form the World Health Organization gives out.
#[test]
fn a_form_of_five_hundred_questions_imports_whole() {
    let mut rows = vec![["type", "name", "label", "relevant", "calculation"].map(str::to_owned).to_vec()];
    for number in 0..450 {
        let relevant = if number % 3 == 0 { String::new() } else { format!("${{q{}}} = 'yes'", number / 2) };
        let kind = if number < 225 { "select_one yes_no" } else { "text" };
        rows.push(vec![
            kind.into(),
            format!("q{number}"),
            format!("Question {number}?"),
            relevant,
            String::new(),
        ]);
    }
    for number in 0..50 {
        let calculation = format!("if(${{q{number}}} = 'yes', 1, 0) + ${{c{}}}", (number + 49) % 50);
        let calculation = if number == 0 { "1".to_owned() } else { calculation };
        rows.push(vec!["calculate".into(), format!("c{number}"), String::new(), String::new(), calculation]);
    }
    let texts = |rows: &[&[&str]]| {
        rows.iter()
            .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())
            .collect::<Vec<Vec<String>>>()
    };
    let sheets = Sheets(vec![
        ("survey".into(), rows),
        (
            "choices".into(),
            texts(&[&["list_name", "name", "label"], &["yes_no", "yes", "Yes"], &["yes_no", "no", "No"]]),
        ),
        (
            "settings".into(),
            texts(&[&["form_title", "form_id", "version"], &["Household", "household", "1"]]),
        ),
    ]);
    let bytes = build(&sheets).unwrap();
    let form = parsed(&read(&open(&bytes).unwrap(), &BTreeMap::new(), &usual()));
    assert_eq!(form.questions().len(), 500);
}
