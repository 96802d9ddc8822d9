//! The language, an expression at a time.

use super::{Expr, ExprFault, Node, Now, Outcome, Reference, Scope, Target, parse};

/// 16 March 2026, 23:30 by a clock in London.
const NOW: Now = Now { ms: 1_773_703_800_000, offset_min: 0, seed: 1 };

/// `${name}` is one of these; `${rows}` is what three rows of a repeat answered.
const ANSWERS: [(&str, &[&str]); 7] = [
    (".", &["b a"]),
    ("evidence", &["yes"]),
    ("hazards", &["none needles"]),
    ("count", &["4"]),
    ("blank", &[""]),
    ("rows", &["1", "2", "3"]),
    ("norows", &[]),
];

fn resolve(reference: &Reference) -> Result<Target, ExprFault> {
    let name = match reference {
        Reference::Named(name) => name.clone(),
        Reference::Relative { up: 0, down } if down.is_empty() => ".".to_owned(),
        Reference::Relative { down, .. } => down.join("/"),
        Reference::Absolute(names) => names.join("/"),
        Reference::Bare(name) if name == "level" => return Ok(Target::Column(name.clone())),
        Reference::Bare(name) => return Err(ExprFault::UnknownReference(name.clone())),
    };
    let place = ANSWERS.iter().position(|(known, _)| *known == name);
    place.map(Target::Question).ok_or(ExprFault::UnknownReference(name))
}

fn outcome(source: &str) -> Outcome {
    let expr = parse(source, &resolve).unwrap_or_else(|fault| panic!("{source}: {fault}"));
    let scope = Scope {
        answers: &|place| ANSWERS[place].1.iter().map(|text| Node::text(*text)).collect(),
        column: &|name| format!("column {name}"),
        label: &|place, name| format!("{} {name}", ANSWERS[place].0),
        now: NOW,
    };
    expr.evaluate(&scope)
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
        ("/data/evidence = 'yes'", "false"),
        ("../count", "4"),
        ("level", "column level"),
        (".", "b a"),
        ("\"it's\"", "it's"),
    ] {
        if source.starts_with("/data") {
            assert!(parse(source, &resolve).is_err(), "{source}: paths are the form's to resolve");
            continue;
        }
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
        ("jr:choice-name(${evidence}, '${evidence}')", "evidence yes"),
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
    for (source, wanted) in [
        ("pulldata('a', 'b')", "there is no function “pulldata”"),
        ("${nobody} = 1", "there is no question “nobody”"),
        ("bare", "there is no question “bare”"),
        ("not()", "“not” does not take 0 arguments"),
        ("if(1, 2)", "“if” does not take 2 arguments"),
        ("regex(., '[')", "“[” is not a pattern"),
        ("'open", "a quote or a brace is not closed"),
        ("${open", "a quote or a brace is not closed"),
        ("1 +", "the expression ends too early"),
        ("", "the expression ends too early"),
        ("1 2", "“2” is not expected here"),
        ("a[1]", "“[” is not expected here"),
        ("1 | 2", "“|” is not expected here"),
        ("$x", "“$” is not expected here"),
        ("1.2.3", "“1.2.3” is not expected here"),
        ("(1", "the expression ends too early"),
        ("*", "“*” is not expected here"),
        ("concat(1,)", "“)” is not expected here"),
        ("jr:choice-name(1, 2)", "“jr:choice-name” does not take 2 arguments"),
    ] {
        let fault = parse(source, &resolve).map(|_| ()).expect_err(source);
        assert_eq!(fault.to_string(), wanted, "{source}");
    }
}

#[test]
fn long_and_deep_expressions_are_refused_not_run() {
    let deep = format!("{}1{}", "(".repeat(40), ")".repeat(40));
    assert_eq!(parse(&deep, &resolve).map(|_| ()), Err(ExprFault::TooDeep));
    let long = vec!["1"; 400].join(" + ");
    assert_eq!(parse(&long, &resolve).map(|_| ()), Err(ExprFault::TooLong));
    assert_eq!(parse(&"x".repeat(5_000), &resolve).map(|_| ()), Err(ExprFault::TooLong));
    assert!(parse(&format!("{}1", "-".repeat(200)), &resolve).is_ok());
}

#[test]
fn an_expression_says_what_it_reads() {
    let expr: Expr = parse("if(${count} > 1, ${rows}, concat(., now()))", &resolve).unwrap();
    let mut read = Vec::new();
    expr.references(&mut |place| read.push(ANSWERS[place].0));
    assert_eq!(read, ["count", "rows", "."]);
    assert!(expr.reads_clock());
    assert!(!parse("${count}", &resolve).unwrap().reads_clock());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_reading_or_evaluating_panic(source in "[ -~]{0,80}") {
        if let Ok(expr) = parse(&source, &resolve) {
            let scope = Scope {
                answers: &|place| ANSWERS[place].1.iter().map(|text| Node::text(*text)).collect(),
                column: &|_| String::new(),
                label: &|_, _| String::new(),
                now: NOW,
            };
            expr.evaluate(&scope).text();
        }
    }

    #[test]
    fn no_mix_of_pieces_makes_reading_or_evaluating_panic(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "1", "'a'", "${rows}", "${blank}", "${count}", ".", "..", "/", "(", ")", ",", "+", "-", "*", " div ",
            " mod ", " and ", " or ", "=", "!=", "<", ">=", "not(", "if(", "concat(", "count(", "regex(", "now()",
            "selected(", "level", "coalesce(", "string-length(", "number(",
        ]), 0..24),
    ) {
        if let Ok(expr) = parse(&pieces.concat(), &resolve) {
            let scope = Scope {
                answers: &|place| ANSWERS[place].1.iter().map(|text| Node::text(*text)).collect(),
                column: &|_| String::new(),
                label: &|_, _| String::new(),
                now: Now { ms: i64::MAX, offset_min: i16::MIN, seed: 1 },
            };
            expr.evaluate(&scope).text();
        }
    }
}
