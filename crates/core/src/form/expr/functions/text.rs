//! Texts: taken apart, put together, compared. A character is a Unicode scalar value.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex_lite::{Regex, RegexBuilder};

use super::{Function, MANY, number, pure, size, text, texts, whole, written};
use crate::form::expr::eval::Scope;
use crate::form::expr::value::Outcome;
use crate::value::TEXT_LIMIT;

/// How much memory a pattern may take once compiled.
const PATTERN_LIMIT: usize = 64 * 1024;

pub static FUNCTIONS: &[Function] = &[
    pure("concat", 0, MANY, |given, _| join("", texts(given))),
    pure("contains", 2, 2, |given, _| Outcome::Truth(text(given, 0).contains(&text(given, 1)))),
    pure("ends-with", 2, 2, |given, _| Outcome::Truth(text(given, 0).ends_with(&text(given, 1)))),
    pure("join", 1, MANY, |given, _| join(&text(given, 0), texts(given.get(1..).unwrap_or_default()))),
    pure("lower-case", 1, 1, |given, _| written(text(given, 0).to_lowercase())),
    pure("normalize-space", 1, 1, |given, _| {
        written(text(given, 0).split_whitespace().collect::<Vec<_>>().join(" "))
    }),
    pure("regex", 2, 2, |given, _| {
        Outcome::Truth(pattern(&text(given, 1)).is_some_and(|pattern| pattern.is_match(&text(given, 0))))
    }),
    pure("starts-with", 2, 2, |given, _| Outcome::Truth(text(given, 0).starts_with(&text(given, 1)))),
    pure("string", 1, 1, |given, _| written(text(given, 0))),
    pure("string-length", 1, 1, |given, _| size(text(given, 0).chars().count())),
    pure("substr", 2, 3, substr),
    pure("substring", 2, 3, substring),
    pure("substring-after", 2, 2, |given, _| {
        let (whole, mark) = (text(given, 0), text(given, 1));
        written(whole.split_once(&mark).map(|(_, after)| after.to_owned()).unwrap_or_default())
    }),
    pure("substring-before", 2, 2, |given, _| {
        let (whole, mark) = (text(given, 0), text(given, 1));
        written(whole.split_once(&mark).map(|(before, _)| before.to_owned()).unwrap_or_default())
    }),
    pure("translate", 3, 3, |given, _| translate(&text(given, 0), &text(given, 1), &text(given, 2))),
    pure("upper-case", 1, 1, |given, _| written(text(given, 0).to_uppercase())),
];

/// ODK's `regex` is true only for the whole text.
pub fn pattern(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(PATTERN_LIMIT).build().ok()
}

fn join<'a>(separator: &str, pieces: impl Iterator<Item = Cow<'a, str>>) -> Outcome {
    let mut joined = String::new();
    for (at, piece) in pieces.enumerate() {
        if 0 < at {
            joined.push_str(separator);
        }
        joined.push_str(&piece);
        if TEXT_LIMIT < joined.len() {
            break;
        }
    }
    written(joined)
}

/// ODK's: counted from 0, up to but without the end; a negative place counts from the end.
fn substr(given: &[Outcome], scope: &Scope<'_>) -> Outcome {
    let text = text(given, 0);
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let place = |at: i64| usize::try_from(if at < 0 { length.saturating_add(at) } else { at }).unwrap_or(0);
    let start = place(whole(given, 1, scope));
    let end = place(if given.len() == 3 { whole(given, 2, scope) } else { length });
    written(text.chars().take(end).skip(start).collect())
}

/// XPath's: counted from 1, with a length; both are rounded first.
fn substring(given: &[Outcome], scope: &Scope<'_>) -> Outcome {
    let rounded = |at| (number(given, at, scope) + 0.5).floor();
    let start = rounded(1);
    let end = if given.len() == 3 { start + rounded(2) } else { f64::INFINITY };
    let text = text(given, 0);
    let inside = (1_u32..).zip(text.chars()).filter(|(place, _)| {
        let place = f64::from(*place);
        start <= place && place < end
    });
    written(inside.map(|(_, letter)| letter).collect())
}

fn translate(whole: &str, from: &str, to: &str) -> Outcome {
    let mut to = to.chars();
    let mut changes = BTreeMap::new();
    for letter in from.chars() {
        let into = to.next();
        changes.entry(letter).or_insert(into);
    }
    written(
        whole.chars().filter_map(|letter| changes.get(&letter).copied().unwrap_or(Some(letter))).collect(),
    )
}
