//! The functions an expression may call: one line each in a table. What is not in it is refused by name.

use regex_lite::{Regex, RegexBuilder};

use super::eval::Scope;
use super::value::Outcome;

/// The longest text a function makes, in bytes: calculations that feed each other must not grow for ever.
const TEXT_LIMIT: usize = 16 * 1024;
/// How much memory a pattern may take once compiled.
const PATTERN_LIMIT: usize = 64 * 1024;
const MANY: usize = 64;

/// One function of the language.
pub struct Function {
    pub name: &'static str,
    pub least: usize,
    pub most: usize,
    pub reads_clock: bool,
    /// Whether it draws by chance.
    pub draws: bool,
    pub call: fn(&[Outcome], &Scope<'_>) -> Outcome,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn pure(
    name: &'static str,
    least: usize,
    most: usize,
    call: fn(&[Outcome], &Scope<'_>) -> Outcome,
) -> Function {
    Function { name, least, most, reads_clock: false, draws: false, call }
}

const fn clock(name: &'static str, call: fn(&[Outcome], &Scope<'_>) -> Outcome) -> Function {
    Function { name, least: 0, most: 0, reads_clock: true, draws: false, call }
}

static FUNCTIONS: &[Function] = &[
    pure("boolean", 1, 1, |given, _| Outcome::Truth(truth(given, 0))),
    pure("coalesce", 1, MANY, |given, _| {
        given.iter().find(|each| !each.text().is_empty()).cloned().unwrap_or(Outcome::Text(String::new()))
    }),
    pure("concat", 0, MANY, |given, _| Outcome::Text(concat(given))),
    pure("contains", 2, 2, |given, _| Outcome::Truth(text(given, 0).contains(&text(given, 1)))),
    pure("count", 1, 1, |given, _| Outcome::Number(count(given))),
    pure("count-selected", 1, 1, |given, _| size(text(given, 0).split_whitespace().count())),
    pure("ends-with", 2, 2, |given, _| Outcome::Truth(text(given, 0).ends_with(&text(given, 1)))),
    pure("false", 0, 0, |_, _| Outcome::Truth(false)),
    pure("if", 3, 3, |given, _| {
        given.get(if truth(given, 0) { 1 } else { 2 }).cloned().unwrap_or(Outcome::Text(String::new()))
    }),
    pure("not", 1, 1, |given, _| Outcome::Truth(!truth(given, 0))),
    clock("now", |_, scope| Outcome::node(scope.now.now())),
    pure("number", 1, 1, |given, _| Outcome::Number(given.first().map_or(f64::NAN, Outcome::number))),
    pure("regex", 2, 2, |given, _| {
        Outcome::Truth(pattern(&text(given, 1)).is_some_and(|pattern| pattern.is_match(&text(given, 0))))
    }),
    pure("selected", 2, 2, |given, _| {
        let wanted = text(given, 1);
        Outcome::Truth(text(given, 0).split_whitespace().any(|code| code == wanted.trim()))
    }),
    pure("starts-with", 2, 2, |given, _| Outcome::Truth(text(given, 0).starts_with(&text(given, 1)))),
    pure("string", 1, 1, |given, _| Outcome::Text(text(given, 0))),
    pure("string-length", 1, 1, |given, _| size(text(given, 0).chars().count())),
    clock("today", |_, scope| Outcome::node(scope.now.today())),
    pure("true", 0, 0, |_, _| Outcome::Truth(true)),
];

pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// ODK's `regex` is true only for the whole text.
pub fn pattern(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(PATTERN_LIMIT).build().ok()
}

fn text(given: &[Outcome], at: usize) -> String {
    given.get(at).map(Outcome::text).unwrap_or_default()
}

fn truth(given: &[Outcome], at: usize) -> bool {
    given.get(at).is_some_and(Outcome::truth)
}

#[expect(clippy::cast_precision_loss, reason = "lengths of answers stay far below 2^53")]
fn size(length: usize) -> Outcome {
    Outcome::Number(length as f64)
}

#[expect(clippy::cast_precision_loss, reason = "rows of a repeat stay far below 2^53")]
fn count(given: &[Outcome]) -> f64 {
    match given.first() {
        Some(Outcome::Nodes(nodes)) => nodes.len() as f64,
        Some(Outcome::Text(_) | Outcome::Number(_) | Outcome::Truth(_)) | None => f64::NAN,
    }
}

/// Given a repeat, `concat` joins all its rows.
fn concat(given: &[Outcome]) -> String {
    let mut joined = String::new();
    for each in given {
        match each {
            Outcome::Nodes(nodes) => nodes.iter().for_each(|node| joined.push_str(&node.text)),
            Outcome::Text(_) | Outcome::Number(_) | Outcome::Truth(_) => joined.push_str(&each.text()),
        }
        if TEXT_LIMIT < joined.len() {
            joined.truncate(joined.floor_char_boundary(TEXT_LIMIT));
            break;
        }
    }
    joined
}
