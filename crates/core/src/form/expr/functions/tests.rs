//! Each function against what the specification, or ODK where it is silent, says of it.

mod date;
mod geo;
mod number;
mod set;
mod text;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{MANY, SUBJECTS, find};
use crate::form::expr::value::{Node, Now, Outcome};
use crate::form::expr::{Inside, Scope, parse};
use crate::form::names::Names;
use crate::form::tree::Tree;
use crate::form::{Answers, Codes, Form, answers_from_json};
use crate::value::TEXT_LIMIT;

/// 16 March 2026, 23:30 by a clock in London.
const WINTER: Now = Now { ms: 1_773_703_800_000, offset_min: 0, seed: 1 };
/// 1 July 2026, 00:30 by the same clock.
const SUMMER: Now = Now { ms: 1_782_862_200_000, offset_min: 60, seed: 1 };

/// `${name}`, one text for each row.
const ANSWERS: [(&str, &[&str]); 12] = [
    ("blank", &[""]),
    ("hazards", &["none needles  tyres"]),
    ("rows", &["1", "2", "3"]),
    ("gaps", &["", "2", "x", "5"]),
    ("cold", &["-3", "-17", "-32"]),
    ("norows", &[]),
    ("blanks", &["", ""]),
    ("weights", &["5", "1", "1", "2"]),
    ("bins", &["53.4794 -2.2453 0 0", "", "53.4794 -2.2353 0 0"]),
    ("square", &["0 0;0 1;1 1;1 0;0 0"]),
    ("inspected", &["date"]),
    ("reported", &["instant"]),
];

fn question(name: &str, texts: &[&str]) -> Vec<Json> {
    let kind = match texts {
        ["date"] => "date",
        ["instant"] => "dateTime",
        _ => "text",
    };
    let asked = json!({"type": kind, "name": name});
    if texts.len() == 1 {
        return vec![asked];
    }
    vec![json!({"type": "begin_repeat", "name": format!("{name}_row")}), asked, json!({"type": "end_repeat"})]
}

fn answer(name: &str, texts: &[&str]) -> Vec<(String, Json)> {
    match texts {
        ["date"] => vec![(name.to_owned(), json!("2026-03-09"))],
        ["instant"] => vec![(name.to_owned(), json!("2026-07-01T09:00:00+01:00"))],
        [""] => Vec::new(),
        [text] => vec![(name.to_owned(), json!(text))],
        texts => {
            let rows: Vec<_> = (0..texts.len()).map(|row| format!("{row:016x}")).collect();
            let given = rows.iter().zip(texts).filter(|(_, text)| !text.is_empty());
            let answers = given.map(|(row, text)| (format!("{name}_row/{name}@{row}"), json!(text)));
            answers.chain([(format!("{name}_row"), json!(rows))]).collect()
        }
    }
}

static TOWN: LazyLock<(Form, Answers)> = LazyLock::new(|| {
    let survey: Vec<_> = ANSWERS.iter().flat_map(|(name, texts)| question(name, texts)).collect();
    let document = json!({
        "settings": {"form_id": "town", "version": 1, "form_title": {"en": "T"}, "service": "s", "ref_prefix": "TT"},
        "survey": survey,
    });
    let form =
        Form::parse(&document.to_string(), &Codes::default()).unwrap_or_else(|faults| panic!("{faults:?}"));
    let given = ANSWERS.iter().flat_map(|(name, texts)| answer(name, texts)).collect();
    let (answers, faults) = answers_from_json(&form, &given);
    assert_eq!(faults, []);
    (form, answers)
});

fn scope_at<T>(now: Now, use_it: impl FnOnce(&Scope<'_>) -> T) -> T {
    let (form, answers) = &*TOWN;
    use_it(&Tree::new(form, answers, now).scope(None, &[], "en"))
}

fn outcome_at(source: &str, now: Now) -> Outcome {
    let form = &TOWN.0;
    let names = Names::new(form.key(), &form.questions, &form.by_path, &form.lists);
    let expr =
        parse(source, &names, None, Inside::Form).unwrap_or_else(|fault| panic!("{source}: {fault:?}"));
    scope_at(now, |scope| expr.evaluate(scope))
}

#[track_caller]
fn check_at(now: Now, table: &[(&str, &str)]) {
    for (source, wanted) in table {
        assert_eq!(outcome_at(source, now).text(), *wanted, "{source}");
    }
}

#[track_caller]
fn check(table: &[(&str, &str)]) {
    check_at(WINTER, table);
}

#[test]
fn logic() {
    check(&[
        ("boolean(0)", "false"),
        ("boolean(-0)", "false"),
        ("boolean(0.0001)", "true"),
        ("boolean(number('NaN'))", "false"),
        ("boolean(1 div 0)", "true"),
        ("boolean('')", "false"),
        ("boolean('  ')", "true"),
        ("boolean('false')", "true"),
        ("boolean(date('2000-01-01'))", "true"),
        ("boolean(${blank})", "false"),
        ("boolean(${gaps})", "true"),
        ("boolean(${norows})", "false"),
        ("boolean-from-string('true')", "true"),
        ("boolean-from-string('TRUE')", "true"),
        ("boolean-from-string('false')", "false"),
        ("boolean-from-string('whatever')", "false"),
        ("boolean-from-string('1')", "true"),
        ("boolean-from-string('0')", "false"),
        ("boolean-from-string(1.0)", "true"),
        ("boolean-from-string(1.0001)", "false"),
        ("boolean-from-string(true())", "true"),
        ("coalesce('a', 'b')", "a"),
        ("coalesce('', 'b')", "b"),
        ("coalesce(${blank}, ${norows}, 'third')", "third"),
        ("coalesce(number('x'), 2)", "2"),
        ("coalesce('', '')", ""),
        ("coalesce(false(), 1)", "false"),
        ("if(true(), 5, 'abc')", "5"),
        ("if(6 > 7, 5, 'abc')", "abc"),
        ("if('', 5, 'abc')", "abc"),
        ("not(true())", "false"),
        ("not('')", "true"),
        ("true()", "true"),
        ("false()", "false"),
    ]);
}

#[test]
fn digests() {
    check(&[
        ("digest('some text', 'MD5', 'base64')", "VS4hzUzZkYZ448Gg30kbww=="),
        ("digest('some text', 'SHA-1', 'base64')", "N6pjx3OY2VRHMmLhoAV8HmMu2nc="),
        ("digest('some text', 'SHA-256', 'base64')", "uU9vElx546X/qoJvWEwQ1SraZp5nYgUbgmtVd20FrtI="),
        (
            "digest('some text', 'SHA-384', 'base64')",
            "zJTsPphzwLmnJIZEKVj2cQZ833e5QnQW0DFEDMYgQeLuE0RJhEfsDO2fcENGG9Hz",
        ),
        (
            "digest('some text', 'SHA-512', 'base64')",
            "4nMrrtyj6sFAeChjfeHbynAsP8ns4Wz1Nt241hOc2F3+dGS4I1spgm9gjM9KxkPimxnGN4WKPYcQpZER30LdtQ==",
        ),
        ("digest('some text', 'MD5', 'hex')", "552e21cd4cd9918678e3c1a0df491bc3"),
        ("digest('some text', 'sha1', 'HEX')", "37aa63c77398d954473262e1a0057c1e632eda77"),
        ("digest('some text', 'MD5')", "VS4hzUzZkYZ448Gg30kbww=="),
        ("digest('', 'MD5', 'hex')", "d41d8cd98f00b204e9800998ecf8427e"),
        ("digest('some text', 'CRC32')", ""),
        ("digest('some text', 'MD5', 'rot13')", ""),
        ("base64-decode('SGVsbG8=')", "Hello"),
        ("base64-decode('RGFzc2Vs')", "Dassel"),
        ("base64-decode('w6nDqMOx')", "éèñ"),
        ("base64-decode('8J+lsA==')", "🥰"),
        ("base64-decode('8J+lsA')", "🥰"),
        ("base64-decode(' SGVs  bG8= ')", "Hello"),
        ("base64-decode('/w==')", "\u{fffd}"),
        ("base64-decode('a')", ""),
        ("base64-decode('')", ""),
    ]);
}

#[test]
fn chance_is_the_same_over_one_seed_and_another_over_another() {
    let drawn = |source: &str, seed| outcome_at(source, Now { seed, ..WINTER }).text();
    for source in ["random()", "uuid()", "uuid(10)"] {
        assert_eq!(drawn(source, 7), drawn(source, 7), "{source}");
        assert_eq!((0..500).map(|seed| drawn(source, seed)).collect::<BTreeSet<_>>().len(), 500, "{source}");
    }
    let numbers: Vec<f64> =
        (0..2_000).map(|seed| outcome_at("random()", Now { seed, ..WINTER }).number()).collect();
    assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
    let mean = numbers.iter().sum::<f64>() / 2_000.0;
    assert!((mean - 0.5).abs() < 0.03, "{mean}");
}

#[test]
fn a_uuid_is_of_version_4_and_a_guid_as_long_as_asked() {
    for (source, pattern) in [
        ("uuid()", "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("uuid(1)", "[0-9A-Z]"),
        ("uuid('40.9')", "[0-9A-Z]{40}"),
        ("uuid(0)", ""),
        ("uuid(-4)", ""),
        ("uuid('x')", ""),
    ] {
        let text = outcome_at(source, WINTER).text();
        assert!(super::pattern(pattern).expect(pattern).is_match(&text), "{source}: {text}");
    }
    assert_eq!(outcome_at("uuid(1 div 0)", WINTER).text().len(), TEXT_LIMIT);
    let letters: BTreeSet<char> = outcome_at("uuid(2000)", WINTER).text().chars().collect();
    assert_eq!(letters.len(), 36);
}

#[test]
fn the_table_names_each_function_once_and_says_which_read_the_clock_or_draw() {
    let all = || SUBJECTS.iter().copied().flatten();
    let names: BTreeSet<_> = all().map(|function| function.name).collect();
    assert_eq!(names.len(), all().count());
    assert!(all().all(|function| function.least <= function.most && function.most <= MANY));
    let named = |keep: fn(&super::Function) -> bool| {
        all().filter(|function| keep(function)).map(|function| function.name).collect::<Vec<_>>()
    };
    assert_eq!(named(|function| function.reads_clock), ["now", "today"]);
    assert_eq!(named(|function| function.draws), ["random", "uuid"]);
    assert!(find("normalize").is_none());
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,40}",
        "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}(:[0-9]{2})?)?)?",
        "(-?[0-9]{1,3}(\\.[0-9]{1,4})? -?[0-9]{1,3}( 0 0)?;){0,6}",
        "(%[a-zA-Z0-9%]?){0,8}",
        "-?[0-9]{1,30}(\\.[0-9]{1,30})?",
        prop::sample::select(vec!["MD5", "SHA-512", "hex", "base64", "(a*)*", "[", "%", "", "true", "9€ß🥰"])
            .prop_map(str::to_owned),
        prop::sample::select(vec!["a", "€", "ŉ", "1 ", "0 0;", "%Y", "(a*)"])
            .prop_map(|piece| piece.repeat(TEXT_LIMIT / piece.len())),
    ]
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let node = (any_text(), prop::option::of(any::<f64>())).prop_map(|(text, days)| Node { text, days });
    prop_oneof![
        any_text().prop_map(Outcome::Text),
        any::<f64>().prop_map(Outcome::Number),
        (-40_i32..40).prop_map(|number| Outcome::Number(f64::from(number))),
        any::<bool>().prop_map(Outcome::Truth),
        prop::collection::vec(node, 0..4).prop_map(Outcome::Nodes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_arguments_make_any_function_panic_or_write_too_much(
        given in prop::collection::vec(any_outcome(), 0..6),
        ms in any::<i64>(),
        offset_min in any::<i16>(),
        seed in any::<u64>(),
    ) {
        for function in SUBJECTS.iter().copied().flatten() {
            let outcome = scope_at(Now { ms, offset_min, seed }, |scope| (function.call)(&given, scope));
            prop_assert!(outcome.text().len() <= TEXT_LIMIT, "{function:?} wrote too much");
            outcome.number();
        }
    }

    #[test]
    fn rounding_to_places_stays_within_half_of_the_last_one(number in -1e9_f64..1e9, places in -6_i32..9) {
        let outcome = outcome_at(&format!("round({number:.12}, {places})"), WINTER);
        let half = 0.5 * 10_f64.powi(-places);
        prop_assert!((outcome.number() - number).abs() <= half * 1.000_001 + 1e-6);
    }
}
