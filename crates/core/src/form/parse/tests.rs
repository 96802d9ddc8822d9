//! What a bad form is told, and where.

use super::*;

fn faults(survey: &str) -> Vec<String> {
    let json = format!(
        r#"{{"settings":{{"form_id":"t","version":1,"form_title":{{"en":"T"}},"service":"s","ref_prefix":"TT"}},
            "survey":[{survey}],
            "choices":[{{"list_name":"size","name":"small","label":{{"en":"Small"}},"level":"1"}}]}}"#
    );
    match Form::parse(&json, &Codes::default()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

const BAD_ROWS: &[(&str, &str)] = &[
    (
        r#"{"type":"text","name":"a","colour":"red"}"#,
        "survey row 1, column colour: a column that is not known: colour",
    ),
    (r#"{"name":"a"}"#, "survey row 1, column type: missing: type"),
    (
        r#"{"type":"text","name":"a","label":"plain"}"#,
        "survey row 1, column label: not of the right shape: \"plain\"",
    ),
    (
        r#"{"type":"text","name":"a","merge":"newest"}"#,
        "survey row 1, column merge: not of the right shape: \"newest\"",
    ),
    (r#"{"type":"smell","name":"a"}"#, "survey row 1, column type: a type that is not known: smell"),
    (
        r#"{"type":"rating size","name":"a"}"#,
        "survey row 1, column type: a type that is not known: rating size",
    ),
    (r#"{"type":"text","name":"a b"}"#, "survey row 1, column name: not a name: a b"),
    (r#"{"type":"text","name":"@status"}"#, "survey row 1, column name: not a name: @status"),
    (
        r#"{"type":"text","name":"a"},{"type":"text","name":"a"}"#,
        "survey row 2, column name: a name used twice: a",
    ),
    (r#"{"type":"select_one nolist","name":"a"}"#, "survey row 1, column type: no such list: nolist"),
    (
        r#"{"type":"image","name":"a","parameters":"sharpness=9"}"#,
        "survey row 1, column parameters: a parameter that is not known or not a number: sharpness",
    ),
    (
        r#"{"type":"image","name":"a","parameters":"quality=101"}"#,
        "survey row 1, column parameters: a parameter that is not known or not a number: quality=101",
    ),
    (
        r#"{"type":"image","name":"a","parameters":"max=many"}"#,
        "survey row 1, column parameters: a parameter that is not known or not a number: max=many",
    ),
    (
        r#"{"type":"text","name":"a","relevant":"frobnicate('x') = 1"}"#,
        "survey row 1, column relevant: no such function: frobnicate",
    ),
    (
        r#"{"type":"text","name":"a","constraint":"${b} = 1"}"#,
        "survey row 1, column constraint: no such question: b",
    ),
    (
        r#"{"type":"select_one size","name":"a","choice_filter":"height = 1"}"#,
        "survey row 1, column choice_filter: no such question: height",
    ),
    (r#"{"type":"begin_group","name":"a"}"#, "survey: a section is not closed, or closed twice: a"),
    (
        r#"{"type":"end_group"}"#,
        "survey row 1, column type: a section is not closed, or closed twice: end_group",
    ),
    (
        r#"{"type":"begin_repeat","name":"a"},{"type":"end_group"},{"type":"end_repeat"}"#,
        "survey row 2, column type: a section is not closed, or closed twice: end_group",
    ),
    (
        r#"{"type":"date","name":"a","max":3}"#,
        "survey row 1, column max: contradicts the rest of the row: date",
    ),
    (
        r#"{"type":"calculate","name":"a"}"#,
        "survey row 1, column calculation: contradicts the rest of the row: calculate",
    ),
    (
        r#"{"type":"text","name":"a","merge":"mv","once":true}"#,
        "survey row 1, column once: contradicts the rest of the row: merge says otherwise",
    ),
    (
        r#"{"type":"text","name":"a","merge":"set"}"#,
        "survey row 1, column merge: contradicts the rest of the row: text",
    ),
    (
        r#"{"type":"image","name":"a","merge":"mv"}"#,
        "survey row 1, column merge: contradicts the rest of the row: image",
    ),
    (
        r#"{"type":"text","name":"a","office":true,"required":true}"#,
        "survey row 1, column required: contradicts the rest of the row: only the office is asked this",
    ),
];

#[test]
fn each_fault_of_a_form_names_its_row_and_column() {
    for (survey, wanted) in BAD_ROWS {
        assert_eq!(faults(survey), [*wanted], "{survey}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let survey = r#"{"type":"text","name":"a","relevant":"nope("},{"type":"select_one size","name":"b","constraint":"1 +"}"#;
    assert_eq!(faults(survey).len(), 2);
}

#[test]
fn what_is_no_form_at_all_is_refused() {
    for json in ["", "[]", "{}", r#"{"settings":{},"survey":{}}"#, "{\"survey\":[3]}"] {
        assert!(Form::parse(json, &Codes::default()).is_err(), "{json}");
    }
    let huge = " ".repeat(5 * 1024 * 1024);
    let faults = Form::parse(&huge, &Codes::default()).map(|_| ()).expect_err("too large");
    assert_eq!(faults[0].code, FormFaultCode::TooLarge);
}

#[test]
fn a_choice_listed_twice_and_a_code_list_that_is_not_there_are_refused() {
    let json = r#"{"settings":{"form_id":"t","version":1,"form_title":{"en":"T"},"service":"s","ref_prefix":"TT"},
        "survey":[], "codes":{"x":"nothing.here"},
        "choices":[{"list_name":"l","name":"a","label":{"en":"A"}},{"list_name":"l","name":"a","label":{"en":"B"}}]}"#;
    let faults = Form::parse(json, &Codes::default()).map(|_| ()).expect_err("two faults");
    let codes: Vec<_> = faults.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, [FormFaultCode::UnknownList, FormFaultCode::DuplicateChoice]);
}

#[test]
fn names_paths_and_bare_columns_all_find_their_question() {
    let survey = r#"{"type":"begin_group","name":"g"},
        {"type":"text","name":"a"},
        {"type":"text","name":"b","relevant":"../a = 'x' and /t/g/a = 'x' and /data/g/a = 'x' and ${a} = 'x'","constraint":"./. = 1"},
        {"type":"end_group"}"#;
    assert_eq!(faults(survey), ["survey row 3, column constraint: not expected here: ."]);
    let survey = r#"{"type":"text","name":"a"},
        {"type":"select_one size","name":"b","choice_filter":"level = ${a} and name != 'x'"}"#;
    assert_eq!(faults(survey), Vec::<String>::new());
}

#[test]
fn a_name_that_two_questions_share_must_be_said_by_its_path() {
    let survey = r#"{"type":"begin_group","name":"g"},{"type":"text","name":"a"},{"type":"end_group"},
        {"type":"text","name":"a"},{"type":"text","name":"b","relevant":"${a} = 'x'"}"#;
    assert_eq!(faults(survey), ["survey row 5, column relevant: more than one question has this name: a"]);
}

#[test]
fn a_photo_that_is_drawn_on_is_kept_beside_its_drawing() {
    let survey = r#"{"type":"image","name":"crack","label":{"en":"Crack"},"appearance":"annotate"},
        {"type":"image","name":"wall","label":{"en":"Wall"}}"#;
    let json = format!(
        r#"{{"settings":{{"form_id":"t","version":1,"form_title":{{"en":"T"}},"service":"s","ref_prefix":"TT"}},
            "survey":[{survey}],"choices":[]}}"#
    );
    let form = Form::parse(&json, &Codes::default()).unwrap();
    let most = |path: &str| {
        let QuestionKind::Image { max, .. } = form.question(path).unwrap().kind else { return 0 };
        max
    };
    assert_eq!((most("crack"), most("wall")), (2, 1));
}
