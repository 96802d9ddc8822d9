//! Truth, and choosing between values by it.

use super::{Function, MANY, nothing, pure, text, truth};
use crate::form::expr::value::Outcome;

pub static FUNCTIONS: &[Function] = &[
    pure("boolean", 1, 1, |given, _| Outcome::Truth(truth(given, 0))),
    pure("boolean-from-string", 1, 1, |given, _| {
        let text = text(given, 0);
        Outcome::Truth(text == "1" || text.eq_ignore_ascii_case("true"))
    }),
    pure("coalesce", 1, MANY, |given, _| {
        given.iter().find(|each| !is_nothing(each)).cloned().unwrap_or_else(nothing)
    }),
    pure("false", 0, 0, |_, _| Outcome::Truth(false)),
    pure("if", 3, 3, |given, _| {
        given.get(if truth(given, 0) { 1 } else { 2 }).cloned().unwrap_or_else(nothing)
    }),
    pure("not", 1, 1, |given, _| Outcome::Truth(!truth(given, 0))),
    pure("true", 0, 0, |_, _| Outcome::Truth(true)),
];

fn is_nothing(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Number(number) => number.is_nan(),
        Outcome::Text(_) | Outcome::Truth(_) | Outcome::Nodes(_) => outcome.text().is_empty(),
    }
}
