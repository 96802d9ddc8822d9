//! Forms over answers: named cases, and the promise that looking again equals looking at everything.

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::*;
use crate::form::shipped::{NOW, form};
use crate::form::{Codes, answers_from_json, answers_to_json, fault_key};

fn answers(form: &Form, json: &Json) -> Answers {
    let (answers, faults) = answers_from_json(form, json.as_object().unwrap());
    assert_eq!(faults, Vec::new());
    answers
}

fn visible(evaluation: &Evaluation, field: &str) -> bool {
    evaluation.visible.contains(&field.parse().unwrap())
}

#[test]
fn a_section_that_does_not_count_takes_its_questions_with_it() {
    let form = form("fly_tip");
    let no = evaluate(&form, &answers(&form, &json!({"evidence": "no", "found/what": "A letter"})), NOW);
    assert!(!visible(&no, "found") && !visible(&no, "found/what"));
    let yes = evaluate(&form, &answers(&form, &json!({"evidence": "yes"})), NOW);
    assert!(visible(&yes, "found/what") && yes.required.contains(&"found/what".parse().unwrap()));
}

#[test]
fn an_answer_that_does_not_count_is_kept_in_the_draft_but_not_saved_and_not_seen_by_others() {
    let form = form("tenancy_audit");
    let draft =
        answers(&form, &json!({"uprn": "1", "access": "refused", "home/damp": "yes", "home/smoke": "no"}));
    let evaluation = evaluate(&form, &draft, NOW);
    assert_eq!(evaluation.faults, Vec::new(), "follow-up is not asked for damp in a home nobody entered");
    let saved = to_save(&form, &draft, NOW);
    assert_eq!(Json::Object(answers_to_json(&saved)), json!({"uprn": "1", "access": "refused"}));
    assert!(draft.get(&"home/damp".parse().unwrap()).is_some());
}

#[test]
fn saving_trims_text_and_keeps_what_was_calculated() {
    let form = form("fly_tip");
    let draft = answers(
        &form,
        &json!({"hazards": ["needles"], "more/where_text": "  By the bins \n", "more/usrn": " "}),
    );
    let saved = to_save(&form, &draft, NOW);
    assert_eq!(
        Json::Object(answers_to_json(&saved)),
        json!({"hazards": ["needles"], "more/where_text": "By the bins", "more/usrn": null, "urgent": "yes"})
    );
}

#[test]
fn a_choice_filter_offers_only_what_fits() {
    let form = form("observation");
    let code = "likely/code".parse().unwrap();
    let offered = |json: &Json| evaluate(&form, &answers(&form, json), NOW).choices[&code].clone();
    let all = offered(&json!({}));
    let street = offered(&json!({"likely/on_off": "on"}));
    let car_park = offered(&json!({"likely/on_off": "off"}));
    assert_eq!(all.len(), street.len() + car_park.len());
    assert!(street.contains(&"01".to_owned()) && car_park.contains(&"82".to_owned()));
    assert!(!all.contains(&"34".to_owned()), "bus lanes are for cameras");
}

#[test]
fn each_row_of_a_repeat_is_asked_by_itself_and_counted_together() {
    let form = form("tenancy_audit");
    let (ann, bob) = ("0123456789abcdef", "fedcba9876543210");
    let evaluation = evaluate(
        &form,
        &answers(
            &form,
            &json!({"access": "given", "who/household": [ann, bob],
                format!("who/household/name@{ann}"): "Ann", format!("who/household/relation@{ann}"): "tenant",
                format!("who/household/name@{bob}"): "Bob"}),
        ),
        NOW,
    );
    let faults: Vec<_> = evaluation.faults.iter().map(|fault| fault.field.to_string()).collect();
    assert!(faults.contains(&format!("who/household/relation@{bob}")));
    assert!(!faults.contains(&format!("who/household/relation@{ann}")));
    assert_eq!(evaluation.calculated[&"who/people".parse().unwrap()], "2");
}

fn nested() -> Form {
    let json = r#"{"settings":{"form_id":"t","version":1,"form_title":{"en":"T"},"service":"s","ref_prefix":"TT"},"survey":[
        {"type":"begin_repeat","name":"block","max":5},
        {"type":"integer","name":"floors"},
        {"type":"begin_repeat","name":"flat","max":5},
        {"type":"integer","name":"floor","constraint":". <= ${floors}"},
        {"type":"calculate","name":"here","calculation":"count(../../flat)"},
        {"type":"end_repeat"},
        {"type":"end_repeat"},
        {"type":"calculate","name":"flats","calculation":"count(${flat})"},
        {"type":"calculate","name":"top","calculation":"if(${floor} > 8, 'high', 'low')"}]}"#;
    Form::parse(json, &Codes::default()).unwrap()
}

/// Whatever the language can do, each waiting for something else.
fn everything() -> Form {
    let json = json!({
        "settings": {"form_id": "all", "version": 1, "form_title": {"en": "T"}, "service": "s", "ref_prefix": "TT"},
        "survey": [
            {"type": "integer", "name": "n"},
            {"type": "text", "name": "word", "label": {"en": "Of ${n}", "cy": "O ${n}"}, "read_only": "${n} = 3"},
            {"type": "begin_repeat", "name": "room", "label": {"en": "Room"}, "repeat_count": "${n}", "max": 3},
            {"type": "text", "name": "name", "label": {"en": "Room ${place}"}},
            {"type": "integer", "name": "size", "relevant": "${name} != ''"},
            {"type": "calculate", "name": "place", "calculation": "position(..)"},
            {"type": "calculate", "name": "share", "calculation": "${size} div sum(../../room/size)"},
            {"type": "end_repeat"},
            {"type": "begin_repeat", "name": "bin", "relevant": "${word} != 'no'", "max": 2},
            {"type": "select_one colour or_other", "name": "colour", "choice_filter": "dark = ${word} or ${word} = ''"},
            {"type": "select_one colour", "name": "again", "parameters": "randomize=true seed=${n}"},
            {"type": "text", "name": "named", "calculation": "pulldata('colour', 'label', 'name', ${colour})"},
            {"type": "end_repeat"},
            {"type": "calculate", "name": "first", "calculation": "${room}[1]/name"},
            {"type": "calculate", "name": "big", "calculation": "count(${room}[size > 2])"},
            {"type": "calculate", "name": "second", "calculation": "indexed-repeat(${name}, ${room}, 2)"},
            {"type": "calculate", "name": "id", "calculation": "uuid()"},
            {"type": "calculate", "name": "kept", "calculation": "once(${word})"},
            {"type": "date", "name": "due", "calculation": "today() + ${n}"},
            {"type": "range", "name": "scale", "parameters": "start=0 end=2 step=0.5"},
            {"type": "rank colour", "name": "order"},
            {"type": "geotrace", "name": "way"}
        ],
        "choices": [
            {"list_name": "colour", "name": "black", "label": {"en": "Black"}, "dark": "yes"},
            {"list_name": "colour", "name": "red", "label": {"en": "Red"}, "dark": "no"},
            {"list_name": "colour", "name": "blue", "label": {"en": "Blue"}, "dark": "no"}
        ]
    });
    Form::parse(&json.to_string(), &Codes::default()).unwrap_or_else(|faults| panic!("{faults:?}"))
}

#[test]
fn rows_stand_in_the_officers_order_and_words_say_the_answers() {
    let form = everything();
    let [a, b] = ["0123456789abcdef", "fedcba9876543210"];
    let evaluation = evaluate(
        &form,
        &answers(
            &form,
            &json!({"n": 2, "room": [a, b], "@order/room": [b, a], format!("room/name@{a}"): "Hall",
                format!("room/name@{b}"): "Kitchen", format!("room/size@{a}"): 3, format!("room/size@{b}"): 1}),
        ),
        NOW,
    );
    let rows: Vec<_> = evaluation.rows[&"room".parse().unwrap()].iter().map(ToString::to_string).collect();
    assert_eq!(rows, [b, a]);
    let said = |field: &str| evaluation.said[&field.parse().unwrap()].label.clone().unwrap();
    assert_eq!((said("word").en.as_str(), said("word").cy.as_deref()), ("Of 2", Some("O 2")));
    assert_eq!(said(&format!("room/name@{a}")).en, "Room 2");
    let calculated = |field: &str| evaluation.calculated[&field.parse().unwrap()].clone();
    assert_eq!(calculated("first"), "Kitchen");
    assert_eq!(calculated("second"), "Hall");
    assert_eq!(calculated("big"), "1");
    assert_eq!(calculated(&format!("room/share@{a}")), "0.75");
    assert_eq!(calculated("due"), "2026-04-03");
    assert!(evaluation.read_only.contains(&"due".parse().unwrap()), "it would be worked out again at once");
}

#[test]
fn a_choice_that_is_no_longer_offered_is_a_fault_and_stays() {
    let form = everything();
    let row = "0123456789abcdef";
    let colour = format!("bin/colour@{row}");
    let state = |word: &str| {
        let answers = answers(&form, &json!({"word": word, "bin": [row], colour.clone(): "red"}));
        let evaluation = evaluate(&form, &answers, NOW);
        let saved = to_save(&form, &answers, NOW);
        let field = colour.parse().unwrap();
        assert_eq!(saved.get(&field), Some(&Value::code("red")));
        let offered = evaluation.choices[&field].clone();
        (offered, evaluation.faults.iter().any(|fault| fault.code == FaultCode::ChoiceUnknown))
    };
    assert_eq!(state("yes"), (vec!["black".to_owned()], true));
    assert!(state("no, then").1);
    let (all, fault) = state("");
    assert_eq!((all.len(), fault), (4, false), "with the other that the form adds");
}

#[test]
fn what_the_other_is_is_asked_only_of_the_other() {
    let form = everything();
    let row = "0123456789abcdef";
    for (colour, asked) in [("other", true), ("red", false)] {
        let answers = answers(&form, &json!({"bin": [row], format!("bin/colour@{row}"): colour}));
        let evaluation = evaluate(&form, &answers, NOW);
        assert_eq!(visible(&evaluation, &format!("bin/colour_other@{row}")), asked, "{colour}");
    }
}

#[test]
fn scales_and_orders_are_held_to_what_they_are() {
    let form = everything();
    for (answers_given, wanted) in [
        (json!({"scale": "1.5", "order": "red other black blue"}), vec![]),
        (json!({"scale": 2, "order": "red black"}), vec![("order", FaultCode::NotAnOrder)]),
        (json!({"scale": "0.75"}), vec![("scale", FaultCode::OffTheScale)]),
        (json!({"scale": "2.5"}), vec![("scale", FaultCode::OffTheScale)]),
    ] {
        let evaluation = evaluate(&form, &answers(&form, &answers_given), NOW);
        let faults: Vec<_> =
            evaluation.faults.iter().map(|fault| (fault.field.path.as_str(), fault.code)).collect();
        assert_eq!(faults, wanted, "{answers_given}");
    }
}

#[test]
fn a_row_in_a_row_sees_its_own_and_the_outside_sees_them_all() {
    let form = nested();
    let [a, b] = ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"];
    let [a1, a2, b1] = ["a1a1a1a1a1a1a1a1", "a2a2a2a2a2a2a2a2", "b1b1b1b1b1b1b1b1"];
    let answers = answers(
        &form,
        &json!({"block": [a, b], format!("block/floors@{a}"): 3, format!("block/floors@{b}"): 9,
            format!("block/flat@{a}"): [a1, a2], format!("block/flat@{b}"): [b1],
            format!("block/flat/floor@{a1}"): 3, format!("block/flat/floor@{a2}"): 4,
            format!("block/flat/floor@{b1}"): 9}),
    );
    let evaluation = evaluate(&form, &answers, NOW);
    let faults: Vec<_> = evaluation.faults.iter().map(|fault| fault.field.to_string()).collect();
    assert_eq!(faults, [format!("block/flat/floor@{a2}")]);
    let calculated = |field: &str| evaluation.calculated[&field.parse().unwrap()].clone();
    assert_eq!(calculated("flats"), "3");
    assert_eq!(calculated("top"), "high");
    assert_eq!(calculated(&format!("block/flat/here@{a1}")), "2");
    assert_eq!(calculated(&format!("block/flat/here@{b1}")), "1");
}

#[test]
fn what_the_form_does_not_have_is_named_and_system_fields_are_not() {
    let form = form("fly_tip");
    let mut answers = Answers::default();
    answers.insert(FieldKey::new("@status"), Value::code("fixed"));
    answers.insert(FieldKey::new("colour"), Value::text("red"));
    let faults = evaluate(&form, &answers, NOW).faults;
    let unknown: Vec<_> = faults.iter().filter(|fault| fault.code == FaultCode::UnknownField).collect();
    assert_eq!(unknown.len(), 1);
    assert_eq!(fault_key(unknown[0]), "form.unknown_field");
    assert!(to_save(&form, &answers, NOW).fields().all(|field| field.path == "urgent"));
}

#[test]
fn a_value_of_another_kind_is_a_fault_and_a_newer_one_is_left_alone() {
    let form = form("fly_tip");
    let mut answers = Answers::default();
    answers.insert(FieldKey::new("where"), Value::text("here"));
    answers.insert(FieldKey::new("size"), Value::Opaque { tag: 99, bytes: vec![0xf6] });
    let evaluation = evaluate(&form, &answers, NOW);
    let codes: Vec<_> =
        evaluation.faults.iter().map(|fault| (fault.field.path.as_str(), fault.code)).collect();
    assert!(codes.contains(&("where", FaultCode::NotAPlace)));
    assert!(!codes.iter().any(|(field, _)| *field == "size"));
}

#[test]
fn a_fault_brings_its_sentence_and_what_the_sentence_needs() {
    let form = form("fly_tip");
    let photos: Vec<_> = (0..7).map(|n| format!("{n:064x}")).collect();
    let faults = evaluate(&form, &answers(&form, &json!({"photos": photos})), NOW).faults;
    let photos = &faults[0];
    assert_eq!((photos.key.as_str(), photos.max), ("form.too_many_photos", Some(6)));
    let place = &faults[1];
    assert_eq!((fault_key(place), place.code), ("form.required.place", FaultCode::Required));
    assert_eq!(place.thing.as_ref().unwrap().en, "where the fly-tip is");
    assert_eq!(place.message.as_ref().unwrap().en, "Record where the fly-tip is, or place the pin");
}

/// Any value at all, often of the wrong kind.
fn value() -> impl Strategy<Value = Value> {
    let words = ["yes", "no", "none", "tyres", "given", "private", "on", "off", "82", "03", ""];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (any::<i64>(), 0_u8..20).prop_map(|(mantissa, scale)| Value::Decimal { mantissa, scale }),
        ".{0,12}".prop_map(Value::Text),
        proptest::sample::select(words.to_vec()).prop_map(Value::code),
        proptest::collection::btree_set(
            proptest::sample::select(words.to_vec()).prop_map(str::to_owned),
            0..3
        )
        .prop_map(Value::Codes),
        Just(Value::Codes(["0123456789abcdef".to_owned(), "fedcba9876543210".to_owned()].into())),
        Just(Value::text("fedcba9876543210 0123456789abcdef")),
        (-2_i64..5).prop_map(Value::Int),
        (any::<i16>(), any::<u8>(), any::<u8>()).prop_map(|(year, month, day)| Value::Date {
            year,
            month,
            day
        }),
        any::<u32>().prop_map(|seconds| Value::Time { seconds }),
        (any::<i64>(), any::<i16>()).prop_map(|(ms, offset_min)| Value::Instant { ms, offset_min }),
        (any::<i32>(), any::<i32>(), any::<Option<u32>>(), any::<i64>()).prop_map(
            |(lat_e7, lon_e7, accuracy_cm, fixed_at)| {
                Value::Place(crate::value::Place {
                    lat_e7,
                    lon_e7,
                    altitude_cm: None,
                    accuracy_cm,
                    fixed_at,
                    source: crate::value::PlaceSource::Gnss,
                })
            }
        ),
        Just(Value::Opaque { tag: 99, bytes: vec![0xf6] }),
    ]
}

fn a_form() -> impl Strategy<Value = Form> {
    prop_oneof![
        Just(form("fly_tip")),
        Just(form("observation")),
        Just(form("tenancy_audit")),
        Just(nested()),
        Just(everything()),
    ]
}

/// A form and a story of answers to it, in any rows.
fn story() -> impl Strategy<Value = (Form, Vec<(FieldKey, Value)>)> {
    a_form().prop_flat_map(|form| {
        let fields: Vec<FieldKey> = form
            .questions()
            .iter()
            .flat_map(|question| {
                let rows = ["0123456789abcdef", "fedcba9876543210"].map(|row| row.parse().unwrap());
                let inside = rows.map(|row| FieldKey::in_row(question.path.clone(), row));
                let inside = inside.into_iter().filter(|_| question.repeat.is_some());
                std::iter::once(FieldKey::new(question.path.clone())).chain(inside)
            })
            .chain([FieldKey::new("nobody"), FieldKey::new("@status"), FieldKey::new("@order/room")])
            .collect();
        let step = (proptest::sample::select(fields), value());
        (Just(form), proptest::collection::vec(step, 0..30))
    })
}

proptest! {
    #[test]
    fn looking_again_at_what_changed_equals_looking_at_everything((form, story) in story()) {
        let mut answers = Answers::default();
        let mut evaluation = evaluate(&form, &answers, NOW);
        for (step, (field, value)) in (0_i64..).zip(story) {
            let now = Now { ms: NOW.ms + step * 3_600_000, ..NOW };
            answers.insert(field.clone(), value);
            evaluation = re_evaluate(&form, &evaluation, &answers, &field, now);
            prop_assert_eq!(&evaluation, &evaluate(&form, &answers, now));
        }
    }

    #[test]
    fn no_answers_make_evaluating_or_saving_panic(
        (form, story) in story(),
        ms in any::<i64>(),
        offset_min in any::<i16>(),
    ) {
        let answers = Answers(story.into_iter().collect());
        let now = Now { ms, offset_min, seed: 1 };
        let evaluation = evaluate(&form, &answers, now);
        let saved = to_save(&form, &answers, now);
        prop_assert!(saved.fields().all(|field| field.path.starts_with("@order/") || evaluation.visible.contains(field)));
        prop_assert!(!form.summary(&answers, "cy", now).is_empty());
    }

    #[test]
    fn whatever_json_can_be_read_shows_and_reads_again_the_same(text in "[ -~]{0,40}", number in any::<f64>()) {
        let form = form("tenancy_audit");
        let mut json = Map::new();
        for question in form.questions() {
            json.insert(question.path.clone(), json!({"lat": number, "lon": number, "fixed_at": text, "source": text}));
            json.insert(format!("{}@{text}", question.path), json!([text, number]));
            json.insert(text.clone(), json!(text));
        }
        let (answers, _) = answers_from_json(&form, &json);
        let (again, unread) = answers_from_json(&form, &answers_to_json(&answers));
        prop_assert_eq!((again, unread), (answers, Vec::new()));
    }
}

#[test]
fn what_only_time_decides_is_looked_at_again_with_every_answer() {
    let form = form("observation");
    let mut draft = answers(&form, &json!({"seen_at": "2026-04-01T12:30:00+01:00"}));
    let early = Now { ms: NOW.ms - 3_600_000, ..NOW };
    let before = evaluate(&form, &draft, early);
    let ahead =
        |evaluation: &Evaluation| evaluation.faults.iter().any(|fault| fault.code == FaultCode::Constraint);
    assert!(ahead(&before), "half past twelve is not yet");
    draft.insert(FieldKey::new("usrn"), Value::text("1"));
    let later = Now { ms: NOW.ms + 3_600_000, ..NOW };
    assert!(!ahead(&re_evaluate(&form, &before, &draft, &FieldKey::new("usrn"), later)));
}
