//! Every file in `schemas` is read here, and its examples are held to what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::*;

/// Noon on 1 April 2026.
pub const NOW: Now = Now { ms: 1_775_041_200_000, offset_min: 60, seed: 1 };

fn schemas() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas")
}

/// The files of a folder that are data: name and text, in order.
fn files(folder: &str) -> BTreeMap<String, String> {
    let load = |path: PathBuf| {
        (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())
    };
    let data = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "json")
            && !path.to_string_lossy().ends_with(".schema.json")
    };
    let entries = std::fs::read_dir(schemas().join(folder)).unwrap();
    let files: BTreeMap<_, _> = entries.map(|entry| entry.unwrap().path()).filter(data).map(load).collect();
    assert!(!files.is_empty(), "{folder} is empty");
    files
}

pub fn codes() -> Codes {
    let files = files("codes");
    Codes::read(files.iter().map(|(name, json)| (name.as_str(), json.as_str()))).unwrap()
}

pub fn form(key: &str) -> Form {
    let json = std::fs::read_to_string(schemas().join(format!("forms/{key}.json"))).unwrap();
    parsed(&json)
}

/// Every form there is.
pub fn forms() -> Vec<Form> {
    files("forms").values().map(|json| parsed(json)).collect()
}

fn parsed(json: &str) -> Form {
    Form::parse(json, &codes()).unwrap_or_else(|faults| {
        panic!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

fn read(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_data_file_keeps_to_its_schema() {
    for (folder, schema) in [("forms", "form"), ("codes", "codes"), ("councils", "council")] {
        let schema =
            std::fs::read_to_string(schemas().join(folder).join(format!("{schema}.schema.json"))).unwrap();
        let validator = jsonschema::validator_for(&read(&schema)).unwrap();
        for (name, text) in files(folder) {
            let faults: Vec<_> = validator
                .iter_errors(&read(&text))
                .map(|fault| format!("{folder}/{name} {}: {fault}", fault.instance_path()))
                .collect();
            assert!(faults.is_empty(), "{}", faults.join("\n"));
        }
    }
}

#[test]
fn the_schemas_refuse_what_the_reader_refuses() {
    let validator = |folder: &str, name: &str| {
        let schema = std::fs::read_to_string(schemas().join(folder).join(name)).unwrap();
        jsonschema::validator_for(&read(&schema)).unwrap()
    };
    let form = validator("forms", "form.schema.json");
    for (pointer, column, value) in [
        ("/survey/0", "colour", json!("red")),
        ("/survey/0", "type", json!("smell")),
        ("/survey/0", "name", json!("a b")),
        ("/survey/0", "label", json!("plain")),
        ("/survey/0", "merge", json!("newest")),
        ("/settings", "theme", json!("dark")),
    ] {
        let mut bad = read(&files("forms")["fly_tip.json"]);
        bad.pointer_mut(pointer).unwrap()[column] = value;
        assert!(!form.is_valid(&bad), "{column}");
        assert!(Form::parse(&bad.to_string(), &codes()).is_err(), "{column}");
    }
    let mut unsourced = read(&files("codes")["common.json"]);
    unsourced["lists"]["yes_no"][0].as_object_mut().unwrap().remove("mark");
    assert!(!validator("codes", "codes.schema.json").is_valid(&unsourced));
    let mut secret = read(&files("councils")["demo.json"]);
    secret["officers"][0]["password"] = json!("letmein");
    assert!(!validator("councils", "council.schema.json").is_valid(&secret));
}

#[test]
fn a_code_file_that_cannot_be_read_is_named() {
    let fault = Codes::read([("bad.json", "{}")]).map(|_| ()).expect_err("no code file");
    assert!(fault.to_string().starts_with("bad.json: missing field"), "{fault}");
    let common = &files("codes")["common.json"];
    let twice = Codes::read([("a.json", common.as_str()), ("b.json", common.as_str())]);
    assert_eq!(twice.map(|_| ()).expect_err("twice").to_string(), "b.json: “common” is there already");
}

#[test]
fn every_form_reads_and_writes_back_to_itself() {
    for (name, text) in files("forms") {
        let form = parsed(&text);
        assert_eq!(name, format!("{}.json", form.key()));
        let document: FormDocument = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_value(&document).unwrap(), read(&text), "{name}");
    }
}

#[test]
fn every_code_file_reads_and_writes_back_to_itself() {
    for (name, text) in files("codes") {
        let file: CodeFile = serde_json::from_str(&text).unwrap();
        assert_eq!(name, format!("{}.json", file.id));
        assert_eq!(serde_json::to_value(&file).unwrap(), read(&text), "{name}");
        for (list, codes) in &file.lists {
            let names: BTreeSet<_> = codes.iter().map(|code| &code.name).collect();
            assert_eq!(names.len(), codes.len(), "{name} {list} has a code twice");
        }
    }
}

#[test]
fn every_example_has_exactly_the_faults_it_states() {
    for (name, text) in files("forms") {
        let form = parsed(&text);
        assert!(
            form.examples().iter().any(|example| example.faults.is_empty()),
            "{name} shows no good answers"
        );
        assert!(form.examples().iter().any(|example| !example.faults.is_empty()), "{name} shows no faults");
        for example in form.examples() {
            let (answers, unread) = answers_from_json(&form, &example.answers);
            let evaluation = evaluate(&form, &answers, NOW);
            // What could not be read says more than that nothing is there.
            let faults: BTreeMap<_, _> =
                evaluation.faults.iter().chain(&unread).map(|f| (f.field.to_string(), f.code)).collect();
            assert_eq!(faults, example.faults, "{name}: {}", example.title);
        }
    }
}

#[test]
fn good_examples_read_back_as_they_were_written() {
    for (name, text) in files("forms") {
        let form = parsed(&text);
        for example in form.examples().iter().filter(|example| example.faults.is_empty()) {
            let (answers, _) = answers_from_json(&form, &example.answers);
            let (again, unread) = answers_from_json(&form, &answers_to_json(&answers));
            assert_eq!((again, unread), (answers, Vec::new()), "{name}: {}", example.title);
        }
    }
}

#[test]
fn a_device_reads_from_the_resolved_form_what_the_office_reads_from_the_file() {
    for (name, text) in files("forms") {
        let form = parsed(&text);
        let resolved = form.resolved_json();
        let on_device = Form::parse(&resolved, &Codes::default()).unwrap();
        assert_eq!(on_device.resolved_json(), resolved, "{name} is not stable");
        for example in form.examples() {
            let (answers, _) = answers_from_json(&form, &example.answers);
            assert_eq!(evaluate(&form, &answers, NOW), evaluate(&on_device, &answers, NOW), "{name}");
            let whole = tree::Tree::new(&form, &answers, NOW);
            let line = form.line.as_ref().map(|line| whole.line(line, "en")).unwrap_or_default();
            assert!(form.summary(&answers, "en", NOW) == line || line.trim().is_empty(), "{name}: {line}");
        }
        let screen = form.for_screen();
        let again: FormForScreen = serde_json::from_value(serde_json::to_value(&screen).unwrap()).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), serde_json::to_value(&screen).unwrap());
    }
}

#[test]
fn every_question_a_person_answers_has_words_in_both_languages() {
    for (name, text) in files("forms") {
        for question in parsed(&text).questions().iter().filter(|question| question.kind.is_shown()) {
            let words = [&question.label, &question.thing];
            let needed = if question.kind.is_answered() { 2 } else { 1 };
            for words in words.iter().take(needed) {
                let both = words.as_ref().is_some_and(|words| words.cy.is_some());
                assert!(both, "{name}: {} lacks a label or a thing in Welsh or English", question.path);
            }
            if let Some(thing) = &question.thing {
                assert!(!thing.en.ends_with(['?', '.']), "{name}: {}: “Enter {}”", question.path, thing.en);
            }
        }
    }
}

/// What must be answered over these answers, in the order it is asked.
fn needed(form: &Form, answers: &Json) -> Vec<String> {
    let (answers, _) = answers_from_json(form, answers.as_object().unwrap());
    let required: BTreeSet<_> =
        evaluate(form, &answers, NOW).required.into_iter().map(|field| field.path).collect();
    let paths = form.questions().iter().map(|question| question.path.clone());
    paths.filter(|path| required.contains(path)).collect()
}

#[test]
fn a_fly_tip_takes_ten_taps() {
    let in_order = needed(&form("fly_tip"), &json!({}));
    assert_eq!(in_order, ["photos", "where", "waste", "size", "hazards", "evidence"]);
    let tile = 1;
    let two_photos_and_use_them = 3;
    let one_each_for_the_rest = in_order.len() - 1;
    let save = 1;
    assert_eq!(tile + two_photos_and_use_them + one_each_for_the_rest + save, 10);
}

#[test]
fn an_abandoned_vehicle_takes_fourteen_taps() {
    let form = form("abandoned_vehicle");
    let example = &form.examples()[0];
    assert_eq!((example.title.as_str(), example.faults.len()), ("fourteen taps", 0));
    let in_order = needed(&form, &Json::Object(example.answers.clone()));
    let shots = ["shots/front", "shots/side", "shots/damage"];
    assert_eq!(in_order[..3], shots);
    assert_eq!(in_order[3..], ["where", "vrm", "indicators", "opinion", "notice"]);
    let tile = 1;
    let the_shots_and_use_them = shots.len() + 1;
    let where_it_is_and_a_scan_of_the_plate = 2;
    let ticks = example.answers["indicators"].as_array().unwrap().len();
    let opinion_and_notice = 2;
    let save = 1;
    let tax_which_may_be_left_out = usize::from(example.answers.contains_key("tax"));
    let taps = tile + the_shots_and_use_them + where_it_is_and_a_scan_of_the_plate + ticks;
    assert_eq!(taps + tax_which_may_be_left_out + opinion_and_notice + save, 14);
}

#[test]
fn needles_take_seven_taps() {
    let in_order = needed(&form("needles"), &json!({"made_safe": "no"}));
    assert_eq!(in_order, ["photos", "where", "near", "made_safe"]);
    let tile = 1;
    let a_photo_and_use_it = 2;
    let one_each_for_the_rest = in_order.len() - 1;
    let save = 1;
    assert_eq!(tile + a_photo_and_use_it + one_each_for_the_rest + save, 7);
}

#[test]
fn what_says_stop_names_a_number_to_ring_and_an_example_raises_it() {
    for (name, text) in files("forms") {
        let form = parsed(&text);
        let shown: Vec<BTreeSet<String>> = form
            .examples()
            .iter()
            .map(|example| {
                let (answers, _) = answers_from_json(&form, &example.answers);
                evaluate(&form, &answers, NOW).visible.into_iter().map(|field| field.path).collect()
            })
            .collect();
        let says_stop = |question: &&Question| question.appearance.as_deref() == Some("stopper");
        for Question { path, call, .. } in form.questions().iter().filter(says_stop) {
            assert!(call.is_some(), "{name}: {path} names no number");
            assert!(shown.iter().any(|shown| shown.contains(path)), "{name}: no example raises {path}");
            assert!(!shown.iter().all(|shown| shown.contains(path)), "{name}: {path} is always there");
        }
    }
}

/// What a penalty for an offence of that moment costs, and what it costs who pays early.
fn sums(form: &Form, offence: &str, at: &str) -> [Option<i64>; 2] {
    let answers = json!({"offence": offence, "at": at, "unsafe": "no"});
    let (answers, _) = answers_from_json(form, answers.as_object().unwrap());
    let calculated = evaluate(form, &answers, NOW).calculated;
    ["notice/amount_p", "notice/discount_p"].map(|path| {
        let sum = calculated.iter().find(|(field, _)| field.path == path);
        sum.and_then(|(_, sum)| sum.as_i64())
    })
}

#[test]
fn a_penalty_takes_its_sums_from_the_list_of_its_offence() {
    let form = form("fpn");
    let at = "2026-03-16T09:12:00+00:00";
    for offence in form.choices("offences") {
        let [amount, discount] = sums(&form, &offence.name, at);
        let (amount, discount) = (amount.unwrap(), discount.unwrap_or_default());
        assert!(discount < amount, "{}: {discount} of {amount}", offence.name);
    }
    assert_eq!(sums(&form, "litter", at), [Some(10_000), Some(5_000)]);
    assert_eq!(sums(&form, "pspo", at), [Some(10_000), None]);
}

#[test]
fn a_penalty_costs_what_it_did_on_the_day_of_the_offence() {
    let mut files = files("codes");
    let mut enforcement = read(&files["enforcement.json"]);
    let amounts = enforcement["lists"]["amounts"].as_array_mut().unwrap();
    let mut dearer = amounts.iter().find(|amount| amount["offence"] == "litter").unwrap().clone();
    dearer["name"] = json!("litter_150");
    dearer["from"] = json!("2026-03-01");
    dearer["amount_p"] = json!(15_000);
    amounts.insert(0, dearer);
    files.insert("enforcement.json".to_owned(), enforcement.to_string());
    let codes = Codes::read(files.iter().map(|(name, json)| (name.as_str(), json.as_str()))).unwrap();
    let json = std::fs::read_to_string(schemas().join("forms/fpn.json")).unwrap();
    let form = Form::parse(&json, &codes).unwrap();
    assert_eq!(sums(&form, "litter", "2026-02-28T23:59:00+00:00")[0], Some(10_000));
    assert_eq!(sums(&form, "litter", "2026-03-01T00:01:00+00:00")[0], Some(15_000));
}

#[test]
fn selecting_a_notice_sets_when_it_was_fixed() {
    let form = form("abandoned_vehicle");
    let read = |answers: Json| answers_from_json(&form, answers.as_object().unwrap()).0;
    let before = read(json!({"opinion": "abandoned"}));
    let after = read(json!({"opinion": "abandoned", "notice": "7d"}));
    let set_off =
        answers_to_json(&consequences(&form, &before, &after, NOW, &mut || unreachable!("no rows here")));
    assert_eq!(set_off["notice_at"], "2026-04-01T12:00:00+01:00");
}

#[test]
fn entering_the_number_of_a_penalty_sets_the_last_day_to_pay() {
    let form = form("fpn");
    let read = |answers: Json| answers_from_json(&form, answers.as_object().unwrap()).0;
    for (offence, day) in [("litter", "2026-04-15"), ("litter_vehicle", "2026-04-29")] {
        let before = read(json!({"offence": offence, "at": "2026-03-31T09:12:00+01:00", "unsafe": "no"}));
        let after = read(
            json!({"offence": offence, "at": "2026-03-31T09:12:00+01:00", "unsafe": "no", "notice/fpn_no": "NR/000417"}),
        );
        let set_off =
            answers_to_json(&consequences(&form, &before, &after, NOW, &mut || unreachable!("no rows here")));
        assert_eq!(set_off["notice/pay_by"], day, "{offence}");
    }
}

#[test]
fn a_record_says_in_one_line_what_it_is() {
    let form = form("fly_tip");
    let (answers, _) = answers_from_json(&form, &form.examples()[0].answers);
    assert_eq!(form.summary(&answers, "en", NOW), "Black bags – household, Car boot or less");
    assert_eq!(form.summary(&answers, "cy", NOW), "Bagiau du – cartref, Llond cist car neu lai");
    assert_eq!(form.summary(&Answers::default(), "en", NOW), "Fly-tip");
}

#[test]
fn every_fault_has_its_sentence_in_both_languages() {
    let en: BTreeMap<String, String> = serde_json::from_str(&files("words")["en.json"]).unwrap();
    for key in KEYS {
        assert!(en.contains_key(key), "{key} has no sentence");
    }
    for code in FormFaultCode::ALL {
        assert!(
            en.contains_key(&format!("form_fault.{}", code.name())),
            "form_fault.{} has no sentence",
            code.name()
        );
    }
    for code in crate::problem::Code::ALL {
        assert!(en.contains_key(&format!("code.{}", code.name())), "code.{} has no sentence", code.name());
    }
}

#[test]
fn english_and_welsh_have_the_same_sentences_with_the_same_blanks() {
    let words = files("words");
    let [en, cy]: [BTreeMap<String, String>; 2] =
        ["en.json", "cy.json"].map(|name| serde_json::from_str(&words[name]).unwrap());
    let only = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| -> Vec<String> {
        a.keys().filter(|key| !b.contains_key(*key)).cloned().collect()
    };
    assert_eq!((only(&en, &cy), only(&cy, &en)), (Vec::new(), Vec::new()));
    for (key, sentence) in &en {
        assert_eq!(blanks(sentence), blanks(&cy[key]), "{key}");
    }
}

/// The names in braces. `{Thing}` is `{thing}` at the head of a sentence.
fn blanks(sentence: &str) -> BTreeSet<String> {
    let parts = sentence.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}')).map(|(name, _)| name.to_lowercase()).collect()
}

#[test]
fn the_demonstration_council_names_only_what_there_is() {
    let council = read(&files("councils")["demo.json"]);
    let forms: BTreeSet<_> = files("forms").into_keys().map(|name| name.replace(".json", "")).collect();
    let texts = |list: &Json| {
        list.as_array().unwrap().iter().map(|each| each.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut outlines = BTreeSet::new();
    for name in texts(&council["areas"]) {
        let area = read(&std::fs::read_to_string(schemas().join(format!("areas/{name}.geojson"))).unwrap());
        assert!(area["attribution"].as_str().is_some_and(|line| line.contains("Open Government Licence")));
        outlines.extend(
            area["features"].as_array().unwrap().iter().map(|each| each["id"].as_str().unwrap().to_owned()),
        );
        outlines.insert(name);
    }
    let mut teams = BTreeSet::new();
    for team in council["teams"].as_array().unwrap() {
        teams.insert(team["key"].as_str().unwrap().to_owned());
        assert!(
            texts(&team["forms"])
                .iter()
                .all(|form| forms.contains(form) && texts(&council["forms"]).contains(form))
        );
        assert!(texts(&team["areas"]).iter().all(|area| outlines.contains(area)));
    }
    for officer in council["officers"].as_array().unwrap() {
        assert!(texts(&officer["teams"]).iter().all(|team| teams.contains(team)), "{officer}");
        assert!(council["roles"].get(officer["role"].as_str().unwrap()).is_some());
        assert!(officer.get("password").is_none(), "a password does not stand in a file");
    }
}

/// What must be answered when a form is opened, in its order, without what is there by itself: a default, the
/// time, and the home that the visit is for.
fn left_to_answer(form: &Form, begun: &Json) -> Vec<String> {
    let given: BTreeSet<&str> = form
        .document
        .survey
        .iter()
        .filter(|row| row.default.is_some() || row.appearance.as_deref() == Some("now") || row.name == "uprn")
        .map(|row| row.name.as_str())
        .collect();
    let (answers, _) = answers_from_json(form, begun.as_object().unwrap());
    let required = evaluate(form, &answers, NOW).required;
    form.questions()
        .iter()
        .filter(|question| !given.contains(question.name.as_str()))
        .filter(|question| required.iter().any(|field| field.path == question.path))
        .map(|question| question.path.clone())
        .collect()
}

#[test]
fn a_housing_officer_records_damp_and_arrears_in_nine_taps_and_a_repair_in_seven() {
    let tile = 1;
    let save = 1;
    let two_photos_and_use_them = 3;
    let photo_and_use_it = 2;
    let typed = 1;
    for (key, begun, left, more, taps) in [
        (
            "damp_mould",
            json!({}),
            vec!["photos", "rooms", "extent", "occupier_risk", "emergency"],
            two_photos_and_use_them - 1,
            9,
        ),
        (
            "arrears_visit",
            json!({"outcome": "agreed"}),
            vec!["cause", "outcome", "deal/agreement_p", "deal/freq", "vulnerable", "advice"],
            typed,
            9,
        ),
        ("repair_report", json!({}), vec!["room", "defect"], photo_and_use_it + typed, 7),
    ] {
        let form = form(key);
        assert_eq!(left_to_answer(&form, &begun), left, "{key}");
        assert_eq!(tile + left.len() + more + save, taps, "{key}");
    }
}

#[test]
fn an_estate_scores_by_what_was_graded_alone() {
    let form = form("estate_inspection");
    let score = |grades: &Json| {
        let (answers, _) = answers_from_json(&form, grades.as_object().unwrap());
        evaluate(&form, &answers, NOW).calculated.get(&"score".parse().unwrap()).cloned()
    };
    assert_eq!(score(&json!({})), None);
    assert_eq!(score(&json!({"grades/litter": "A"})), Some(json!("100")));
    assert_eq!(score(&json!({"grades/litter": "A", "grades/lifts": "D"})), Some(json!("50")));
    let three = json!({"grades/litter": "A", "grades/trees": "B", "grades/drains": "C"});
    assert_eq!(score(&three), Some(json!("66")), "six points of nine");
}

#[test]
fn a_line_in_a_list_tells_nothing_that_is_kept_closer_than_the_list() {
    for (name, text) in files("forms") {
        let form = parsed(&text);
        let Some(line) = &form.settings().instance_name else { continue };
        for question in form.questions().iter().filter(|question| question.pii != Pii::None) {
            assert!(
                !line.contains(&format!("${{{}}}", question.name)),
                "{name}: {} is {:?}",
                question.path,
                question.pii
            );
        }
    }
}
