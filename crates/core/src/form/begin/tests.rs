//! Drafts that begin, rows that come, and answers that set others off.

use serde_json::{Value as Json, json};

use super::*;
use crate::form::shipped::NOW;
use crate::form::{Codes, answers_from_json, answers_to_json, evaluate, to_save};

fn form(survey: &Json) -> Form {
    let json = json!({
        "settings": {"form_id": "t", "version": 1, "form_title": {"en": "T"}, "service": "s", "ref_prefix": "TT"},
        "survey": survey,
        "choices": [
            {"list_name": "size", "name": "small", "label": {"en": "Small"}},
            {"list_name": "size", "name": "large", "label": {"en": "Large"}}
        ]
    });
    Form::parse(&json.to_string(), &Codes::default()).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn answers(form: &Form, json: &Json) -> Answers {
    let (answers, faults) = answers_from_json(form, json.as_object().unwrap());
    assert_eq!(faults, []);
    answers
}

/// Ids one after the other: `0000000000000001`, …
fn ids() -> impl FnMut() -> RowId {
    let mut last = 0_u64;
    move || {
        last += 1;
        RowId(last.to_be_bytes())
    }
}

fn begun(form: &Form, last_saved: &Json) -> Json {
    let beginner = Beginner {
        officer: "Ann Bailey".to_owned(),
        email: "ann@example.gov.uk".to_owned(),
        device: "W07".to_owned(),
        last_saved: answers(form, last_saved),
    };
    Json::Object(answers_to_json(&begin(form, &beginner, NOW, &mut ids())))
}

fn after(form: &Form, before: &Json, after: &Json) -> Json {
    let (before, after) = (answers(form, before), answers(form, after));
    Json::Object(answers_to_json(&consequences(form, &before, &after, NOW, &mut ids())))
}

#[test]
fn a_draft_begins_with_its_defaults_fixed_and_worked_out() {
    let form = form(&json!([
        {"type": "text", "name": "street", "default": "Elm Road"},
        {"type": "integer", "name": "bags", "default": "3"},
        {"type": "decimal", "name": "weight", "default": "2.50"},
        {"type": "select_one size", "name": "size", "default": "small"},
        {"type": "select_multiple size", "name": "sizes", "default": "small large"},
        {"type": "date", "name": "due", "default": "today() + 7"},
        {"type": "date", "name": "fixed", "default": "2026-03-16"},
        {"type": "time", "name": "at", "default": "09:30"},
        {"type": "dateTime", "name": "seen", "default": "now()"},
        {"type": "geopoint", "name": "where", "default": "52.6285 1.292 0 5"},
        {"type": "text", "name": "copy", "default": "concat(${street}, ' ', ${bags})"},
        {"type": "acknowledge", "name": "sure", "default": "OK"}
    ]));
    assert_eq!(
        begun(&form, &json!({})),
        json!({"street": "Elm Road", "bags": 3, "weight": "2.5", "size": "small", "sizes": ["large", "small"],
            "due": "2026-04-08", "fixed": "2026-03-16", "at": "09:30", "seen": "2026-04-01T12:00:00+01:00",
            "where": {"lat": 52.6285, "lon": 1.292, "altitude_m": 0.0, "accuracy_m": 5.0,
                "fixed_at": "2026-04-01T11:00:00Z", "source": "pin"},
            "copy": "Elm Road 3", "sure": true})
    );
}

#[test]
fn what_was_saved_the_last_time_is_offered_where_the_form_asks_for_it() {
    let form = form(&json!([
        {"type": "select_one size", "name": "size", "default": "${last-saved#size}"},
        {"type": "text", "name": "street"}
    ]));
    assert_eq!(begun(&form, &json!({"size": "large", "street": "Elm Road"})), json!({"size": "large"}));
    assert_eq!(begun(&form, &json!({})), json!({}));
    assert_eq!(form.from_last_time().collect::<Vec<_>>(), ["size"]);
}

#[test]
fn what_the_device_knows_by_itself_is_filled_in() {
    let form = form(&json!([
        {"type": "start", "name": "start"}, {"type": "end", "name": "end"}, {"type": "today", "name": "today"},
        {"type": "username", "name": "who"}, {"type": "email", "name": "email"}, {"type": "deviceid", "name": "device"},
        {"type": "phonenumber", "name": "phone"}, {"type": "audit", "name": "audit"}
    ]));
    assert_eq!(
        begun(&form, &json!({})),
        json!({"start": "2026-04-01T12:00:00+01:00", "today": "2026-04-01", "who": "Ann Bailey",
            "email": "ann@example.gov.uk", "device": "W07"})
    );
    let done = finished(&form, &answers(&form, &json!({"who": "Ann Bailey"})), NOW);
    assert_eq!(
        Json::Object(answers_to_json(&done)),
        json!({"who": "Ann Bailey", "end": "2026-04-01T12:00:00+01:00"})
    );
}

#[test]
fn a_trigger_sets_a_calculation_off_and_nothing_else_does() {
    let form = form(&json!([
        {"type": "text", "name": "plate"},
        {"type": "text", "name": "other"},
        {"type": "dateTime", "name": "typed_at", "calculation": "now()", "trigger": "${plate}"},
        {"type": "calculate", "name": "chained", "calculation": "concat('at ', ${typed_at})", "trigger": "${typed_at}"}
    ]));
    assert_eq!(after(&form, &json!({}), &json!({"other": "x"})), json!({"other": "x"}));
    assert_eq!(
        after(&form, &json!({}), &json!({"plate": "AB12 CDE"})),
        json!({"plate": "AB12 CDE", "typed_at": "2026-04-01T12:00:00+01:00",
            "chained": "at 2026-04-01T12:00:00+01:00"})
    );
    let standing = json!({"plate": "AB12 CDE", "typed_at": "2026-03-01T08:00:00Z"});
    assert!(evaluate(&form, &answers(&form, &standing), NOW).calculated.is_empty());
    assert_eq!(after(&form, &standing, &standing), standing);
}

#[test]
fn two_triggers_that_chase_each_other_are_let_be() {
    let form = form(&json!([
        {"type": "integer", "name": "a", "calculation": "${b} + 1", "trigger": "${b}"},
        {"type": "integer", "name": "b", "calculation": "${a} + 1", "trigger": "${a}"}
    ]));
    let chased = after(&form, &json!({}), &json!({"a": 1}));
    assert!(chased["a"].as_i64().unwrap() < 100);
}

fn rooms() -> Form {
    form(&json!([
        {"type": "integer", "name": "n"},
        {"type": "begin_repeat", "name": "room", "repeat_count": "${n}", "max": 5},
        {"type": "text", "name": "name", "default": "Room"},
        {"type": "integer", "name": "number", "default": "position(..)"},
        {"type": "calculate", "name": "of", "calculation": "concat(position(..), '/', ${n})"},
        {"type": "end_repeat"},
        {"type": "calculate", "name": "numbers", "calculation": "sum(${number})"}
    ]))
}

#[test]
fn a_counted_repeat_gets_its_rows_with_their_defaults() {
    let form = rooms();
    let two = after(&form, &json!({}), &json!({"n": 2}));
    let [a, b] = ["0000000000000001", "0000000000000002"];
    assert_eq!(
        two,
        json!({"n": 2, "room": [a, b], "@order/room": format!("{a} {b}"),
            format!("room/name@{a}"): "Room", format!("room/name@{b}"): "Room",
            format!("room/number@{a}"): 1, format!("room/number@{b}"): 2})
    );
    let many = after(&form, &json!({}), &json!({"n": 9}));
    assert_eq!(many["room"].as_array().unwrap().len(), 5, "never more than there may be");
}

#[test]
fn fewer_rows_hide_the_last_ones_and_keep_them_in_the_draft() {
    let form = rooms();
    let mut draft = after(&form, &json!({}), &json!({"n": 3}));
    draft["n"] = json!(1);
    let draft = after(&form, &json!({"n": 3}), &draft);
    assert_eq!(draft["room"].as_array().unwrap().len(), 3);
    let draft = answers(&form, &draft);
    let evaluation = evaluate(&form, &draft, NOW);
    assert_eq!(evaluation.rows[&"room".parse().unwrap()].len(), 1);
    assert_eq!(evaluation.calculated[&"numbers".parse().unwrap()], "1");
    let saved = Json::Object(answers_to_json(&to_save(&form, &draft, NOW)));
    assert_eq!(saved["room"], json!(["0000000000000001"]));
    assert_eq!(saved.get("room/name@0000000000000003"), None);
}

#[test]
fn a_row_that_is_added_begins_with_its_defaults_and_a_copied_one_keeps_its_answers() {
    let form = form(&json!([
        {"type": "begin_repeat", "name": "room"},
        {"type": "text", "name": "name", "default": "Room"},
        {"type": "end_repeat"}
    ]));
    let [a, b] = ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"];
    let one = after(&form, &json!({}), &json!({"room": [a]}));
    assert_eq!(one, json!({"room": [a], format!("room/name@{a}"): "Room"}));
    let mut two = one.clone();
    two["room"] = json!([a, b]);
    two[format!("room/name@{b}")] = json!("Kitchen");
    assert_eq!(after(&form, &one, &two)[format!("room/name@{b}")], "Kitchen");
    let mut cleared = one.clone();
    cleared[format!("room/name@{a}")] = Json::Null;
    assert_eq!(after(&form, &one, &cleared), cleared, "what was cleared stays cleared");
}

#[test]
fn what_is_drawn_by_chance_is_drawn_once() {
    let form = form(&json!([
        {"type": "calculate", "name": "id", "calculation": "once(concat('K', ${n}))"},
        {"type": "integer", "name": "n"}
    ]));
    let first = evaluate(&form, &answers(&form, &json!({"n": 1})), NOW);
    assert_eq!(first.calculated[&"id".parse().unwrap()], "K1");
    let later = answers(&form, &json!({"n": 2, "id": "K1"}));
    assert!(evaluate(&form, &later, NOW).calculated.is_empty(), "the answer stands");
    assert_eq!(Json::Object(answers_to_json(&to_save(&form, &later, NOW)))["id"], "K1");
}
