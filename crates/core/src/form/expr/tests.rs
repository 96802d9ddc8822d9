//! The language, an expression at a time.

use super::super::names::Names;
use super::super::tree::Tree;
use super::super::{Answers, Codes, Form, answers_from_json};
use super::{Expr, ExprFault, Inside, Now, Outcome, parse};
use serde_json::json;

/// 16 March 2026, 23:30 by a clock in London.
const NOW: Now = Now { ms: 1_773_703_800_000, offset_min: 0, seed: 1 };

const ROWS: [&str; 3] = ["1111111111111111", "2222222222222222", "3333333333333333"];

/// A form with an answer of each kind that expressions meet. They stand at `own`.
fn town() -> (Form, Answers) {
    let form = Form::parse(
        &json!({
            "settings": {"form_id": "town", "version": 1, "form_title": {"en": "T"}, "service": "s", "ref_prefix": "TT"},
            "survey": [
                {"type": "text", "name": "own"},
                {"type": "select_one yes_no", "name": "evidence"},
                {"type": "select_multiple hazards", "name": "hazards"},
                {"type": "integer", "name": "count"},
                {"type": "text", "name": "blank"},
                {"type": "begin_repeat", "name": "row"},
                {"type": "integer", "name": "rows"},
                {"type": "text", "name": "kind"},
                {"type": "end_repeat"},
                {"type": "begin_repeat", "name": "none"},
                {"type": "integer", "name": "norows"},
                {"type": "end_repeat"},
                {"type": "begin_group", "name": "who"},
                {"type": "date", "name": "born"},
                {"type": "end_group"},
                {"type": "dateTime", "name": "seen"},
                {"type": "geopoint", "name": "where"},
                {"type": "geotrace", "name": "way"},
                {"type": "geoshape", "name": "patch"}
            ],
            "choices": [
                {"list_name": "yes_no", "name": "yes", "label": {"en": "Yes", "cy": "Ie"}},
                {"list_name": "yes_no", "name": "no", "label": {"en": "No"}},
                {"list_name": "hazards", "name": "none", "label": {"en": "None"}},
                {"list_name": "hazards", "name": "needles", "label": {"en": "Needles"}},
                {"list_name": "streets.csv", "name": "elm", "label": {"en": "Elm Road"}, "ward": "north", "homes": "40"},
                {"list_name": "streets.csv", "name": "oak", "label": {"en": "Oak Lane"}, "ward": "south", "homes": "9"},
                {"list_name": "streets.csv", "name": "ash", "label": {"en": "Ash Row"}, "ward": "north", "homes": "7"}
            ]
        })
        .to_string(),
        &Codes::default(),
    )
    .unwrap_or_else(|faults| panic!("{faults:?}"));
    let [a, b, c] = ROWS;
    let (answers, faults) = answers_from_json(
        &form,
        json!({
            "own": "b a", "evidence": "yes", "hazards": ["needles", "none"], "count": 4, "row": [a, b, c],
            "@order/row": [c, a, b],
            format!("row/rows@{c}"): 1, format!("row/rows@{a}"): 2, format!("row/rows@{b}"): 3,
            format!("row/kind@{c}"): "x", format!("row/kind@{a}"): "y", format!("row/kind@{b}"): "x",
            "who/born": "1980-05-01", "seen": "2026-03-16T09:12:44+01:00",
            "where": {"lat": 52.6285, "lon": 1.292, "altitude_m": null, "accuracy_m": 6.2, "fixed_at": "2026-03-16T09:12:40Z", "source": "gnss"},
            "way": [[52.0, 1.0], [52.0, 1.01], [52.01, 1.01]],
            "patch": [[52.0, 1.0], [52.0, 1.01], [52.01, 1.01], [52.0, 1.0]]
        })
        .as_object()
        .unwrap(),
    );
    assert_eq!(faults, []);
    (form, answers)
}

fn read(form: &Form, source: &str) -> Result<Expr, ExprFault> {
    let names = Names::new(form.key(), &form.questions, &form.by_path, &form.lists);
    parse(source, &names, form.by_path.get("own").copied(), Inside::Form)
}

fn evaluated(expr: &Expr, now: Now) -> Outcome {
    let (form, answers) = town();
    Tree::new(&form, &answers, now).evaluate(expr, 0, &[])
}

/// What an expression comes to in the town.
pub fn outcome(source: &str) -> Outcome {
    let (form, _) = town();
    let expr = read(&form, source).unwrap_or_else(|fault| panic!("{source}: {fault:?}"));
    evaluated(&expr, NOW)
}

/// Why an expression is refused there.
pub fn refused(source: &str) -> ExprFault {
    read(&town().0, source).map(|_| ()).expect_err(source)
}

#[test]
fn every_operator_comes_to_what_xpath_says() {
    for (source, wanted) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 - 2 - 1", "4"),
        ("7 div 2", "3.5"),
        ("-7 mod 3", "-1"),
        ("7 mod -3", "1"),
        ("- - 2", "2"),
        ("1 div 0", "Infinity"),
        ("0 div 0", "NaN"),
        (".5 + 0.25", "0.75"),
        ("1 = 1.0", "true"),
        ("'1' = 1", "true"),
        ("'a' = 'b'", "false"),
        ("'a' != 'b'", "true"),
        ("2 < 10", "true"),
        ("'2' < '10'", "true"),
        ("2 <= 2 and 3 >= 3 and 3 > 2", "true"),
        ("1 = 2 or 2 = 2", "true"),
        ("true() and false() or true()", "true"),
        ("1 < 2 = true()", "true"),
        ("${count} * 2", "8"),
        ("${blank} > 0", "false"),
        ("${blank} = ''", "true"),
        ("${blank} + 1", "NaN"),
        ("${rows} = 2", "true"),
        ("${rows} = 4", "false"),
        ("${rows} != 2", "true"),
        ("${rows} > 2", "true"),
        ("${norows} = ''", "false"),
        ("${norows} != ''", "false"),
        ("/data/evidence = 'yes'", "true"),
        ("/town/evidence = 'yes'", "true"),
        ("../count", "4"),
        (".", "b a"),
        ("\"it's\"", "it's"),
    ] {
        assert_eq!(outcome(source).text(), wanted, "{source}");
    }
}

#[test]
fn every_function_does_what_odk_says() {
    for (source, wanted) in [
        ("boolean(${blank})", "false"),
        ("boolean(${count})", "true"),
        ("boolean(0)", "false"),
        ("coalesce(${blank}, '', 'third', 'fourth')", "third"),
        ("coalesce(${blank})", ""),
        ("concat('a', 1, true(), ${rows})", "a1true123"),
        ("concat()", ""),
        ("contains('kerbside', 'side')", "true"),
        ("count(${rows})", "3"),
        ("count(${norows})", "0"),
        ("count(5)", "NaN"),
        ("count-selected(${hazards})", "2"),
        ("count-selected(${blank})", "0"),
        ("ends-with('kerbside', 'kerb')", "false"),
        ("if(${evidence} = 'yes', 'a', 'b')", "a"),
        ("if('', 'a', 'b')", "b"),
        ("jr:choice-name(${evidence}, '${evidence}')", "Yes"),
        ("not(${blank})", "true"),
        ("number('12.5')", "12.5"),
        ("number('12 apples')", "NaN"),
        ("number('1e3')", "NaN"),
        ("number(true())", "1"),
        ("regex('12345', '[0-9]{1,5}')", "true"),
        ("regex('12345x', '[0-9]{1,5}')", "false"),
        ("selected(${hazards}, 'needles')", "true"),
        ("selected(${hazards}, 'need')", "false"),
        ("selected(., 'a')", "true"),
        ("starts-with('kerbside', 'kerb')", "true"),
        ("string(2.50)", "2.5"),
        ("string-length('Caffè')", "5"),
        ("string(now())", "2026-03-16T23:30:00Z"),
        ("string(today())", "2026-03-16"),
        ("today() <= now()", "true"),
        ("now() - today() < 1", "true"),
        ("false()", "false"),
    ] {
        assert_eq!(outcome(source).text(), wanted, "{source}");
    }
}

#[test]
fn after_midnight_in_summer_it_is_already_the_next_day() {
    let now = Now { ms: 1_782_862_200_000, offset_min: 60, seed: 1 };
    assert_eq!(now.now().text, "2026-07-01T00:30:00+01:00");
    assert_eq!(now.today().text, "2026-07-01");
    assert!(now.today().number() <= now.now().number());
}

#[test]
fn what_the_language_does_not_have_is_refused_by_name() {
    let wrong = |function: &str, given| ExprFault::WrongArguments { function: function.to_owned(), given };
    let unexpected = |what: &str| ExprFault::Unexpected(what.to_owned());
    for (source, wanted) in [
        ("frobnicate('a', 'b')", ExprFault::UnknownFunction("frobnicate".to_owned())),
        ("${nobody} = 1", ExprFault::UnknownReference("nobody".to_owned())),
        ("bare", ExprFault::UnknownReference("bare".to_owned())),
        ("/data/nobody", ExprFault::UnknownReference("nobody".to_owned())),
        ("${row}/nobody", ExprFault::UnknownReference("row/nobody".to_owned())),
        ("not()", wrong("not", 0)),
        ("if(1, 2)", wrong("if", 2)),
        ("regex(., '[')", ExprFault::BadPattern("[".to_owned())),
        ("'open", ExprFault::UnclosedText),
        ("${open", ExprFault::UnclosedText),
        ("1 +", ExprFault::EndsEarly),
        ("", ExprFault::EndsEarly),
        ("1 2", unexpected("2")),
        ("1 | 2", unexpected("|")),
        ("$x", unexpected("$")),
        ("1.2.3", unexpected("1.2.3")),
        ("(1", ExprFault::EndsEarly),
        ("${row}[1", ExprFault::EndsEarly),
        ("*", unexpected("*")),
        ("concat(1,)", unexpected(")")),
        ("jr:choice-name(1, 2)", wrong("jr:choice-name", 2)),
        ("instance('nowhere')/root/item", ExprFault::UnknownList("nowhere".to_owned())),
        ("instance('streets')/root/thing", unexpected("thing")),
        ("instance('streets')/root/item[colour = 'red']", ExprFault::UnknownReference("colour".to_owned())),
        ("instance('streets')/root/item/colour", ExprFault::UnknownColumn("colour".to_owned())),
        ("pulldata('streets', 'colour', 'name', 'elm')", ExprFault::UnknownColumn("colour".to_owned())),
        ("pulldata('streets', 'ward')", wrong("pulldata", 2)),
        ("position()", wrong("position", 0)),
        ("position(..)", unexpected(")")),
        ("position(${count})", ExprFault::NoRepeat("position".to_owned())),
        ("indexed-repeat(${count}, ${row}, 1)", ExprFault::NoRepeat("indexed-repeat".to_owned())),
        ("indexed-repeat(${rows}, ${row})", wrong("indexed-repeat", 2)),
        ("../../own", unexpected("..")),
        ("once()", wrong("once", 0)),
    ] {
        assert_eq!(refused(source), wanted, "{source}");
    }
}

#[test]
fn ways_through_rows_lists_and_filters() {
    for (source, wanted) in [
        ("${row}[1]/rows", "1"),
        ("${row}[position() = 2]/rows", "2"),
        ("/data/row[3]/rows", "3"),
        ("${row}[kind = 'y']/rows", "2"),
        ("${row}[./kind = 'x'][2]/rows", "3"),
        ("count(${row}[kind = 'x'])", "2"),
        ("count(${rows}[. > 1])", "2"),
        ("concat(${row}[kind = current()/../blank]/rows)", ""),
        ("${row}[${kind} = 'y']/rows", "2"),
        ("${row}[../count = 4][1]/rows", "1"),
        ("indexed-repeat(${rows}, ${row}, 2)", "2"),
        ("indexed-repeat(${rows}, ${row}, ${count} - 1)", "3"),
        ("indexed-repeat(${rows}, ${row}, 9)", ""),
        ("indexed-repeat(${rows}, ${row}, 0)", ""),
        ("instance('streets')/root/item[name = 'oak']/label", "Oak Lane"),
        ("instance('streets')/root/item[ward = 'north'][2]/homes", "7"),
        ("instance('streets')/root/item[ward = 'north' and position() = 2]/homes", ""),
        ("instance('streets')/root/item[homes > 8 and ward = 'south']/name", "oak"),
        ("count(instance('streets')/root/item)", "3"),
        ("count(instance('streets.csv')/root/item[ward = 'north'])", "2"),
        ("instance('yes_no')/root/item[name = ${evidence}]/label", "Yes"),
        ("pulldata('streets', 'ward', 'name', 'ash')", "north"),
        ("pulldata('streets', 'ward', 'name', ${blank})", ""),
        ("pulldata('streets', 'name', 'homes', 9)", "oak"),
        ("concat(randomize(${rows}, 33))", "213"),
        ("count(randomize(${rows}))", "3"),
        ("once('new')", "b a"),
        ("string-length()", "3"),
        ("concat(string(), normalize-space())", "b ab a"),
        ("'1980-05-01' = ${born}", "true"),
        ("'1999-12-31' < today()", "true"),
        ("today() - '2026-03-09'", "7"),
        ("/data/who/born", "1980-05-01"),
    ] {
        assert_eq!(outcome(source).text(), wanted, "{source}");
    }
}

#[test]
fn long_and_deep_expressions_are_refused_not_run() {
    let deep = format!("{}1{}", "(".repeat(40), ")".repeat(40));
    assert_eq!(refused(&deep), ExprFault::TooDeep);
    let filters = format!("{}1{}", "${row}[".repeat(40), "]".repeat(40));
    assert_eq!(refused(&filters), ExprFault::TooDeep);
    assert_eq!(refused(&vec!["1"; 400].join(" + ")), ExprFault::TooLong);
    assert_eq!(refused(&"x".repeat(5_000)), ExprFault::TooLong);
    assert!(read(&town().0, &format!("{}1", "-".repeat(200))).is_ok());
}

#[test]
fn an_expression_says_what_it_reads() {
    let (form, _) = town();
    let expr =
        read(&form, "if(${count} > 1, ${rows}, concat(., now(), ${row}[kind = ${blank}]/rows))").unwrap();
    let mut read_there = Vec::new();
    expr.references(&mut |place| read_there.push(form.questions[place].name.as_str()));
    assert_eq!(read_there, ["count", "rows", "own", "rows", "row", "kind", "blank"]);
    assert!(expr.reads_clock() && !expr.settles());
    assert!(!read(&form, "${count}").unwrap().reads_clock());
    assert!(read(&form, "once(1)").unwrap().settles());
    assert!(read(&form, "${last-saved#count}").unwrap().reads_last_saved());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_reading_or_evaluating_panic(source in "[ -~]{0,80}") {
        if let Ok(expr) = read(&town().0, &source) {
            evaluated(&expr, NOW).text();
        }
    }

    #[test]
    fn no_mix_of_pieces_makes_reading_or_evaluating_panic(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "1", "'a'", "${rows}", "${blank}", "${count}", ".", "..", "/", "(", ")", ",", "+", "-", "*", " div ",
            " mod ", " and ", " or ", "=", "!=", "<", ">=", "not(", "if(", "concat(", "count(", "regex(", "now()",
            "selected(", "kind", "coalesce(", "string-length(", "number(", "${row}", "[", "]", "position()",
            "instance('streets')/root/item", "name", "current()", "randomize(", "indexed-repeat(", "${patch}",
        ]), 0..24),
    ) {
        if let Ok(expr) = read(&town().0, &pieces.concat()) {
            evaluated(&expr, Now { ms: i64::MAX, offset_min: i16::MIN, seed: 1 }).text();
        }
    }
}
