//! Many values at once: the rows of a repeat, the choices of a question. What is empty or no number does not count.

use super::{Function, MANY, number, numbers, pure, size, text, whole, written};
use crate::form::expr::eval::Scope;
use crate::form::expr::value::{Node, Outcome};

pub static FUNCTIONS: &[Function] = &[
    pure("checklist", 2, MANY, |given, scope| {
        let (least, most) = (whole(given, 0, scope), whole(given, 1, scope));
        let held = truths(given.get(2..).unwrap_or_default()).into_iter().filter(|truth| *truth).count();
        let held = i64::try_from(held).unwrap_or(i64::MAX);
        Outcome::Truth((least < 0 || least <= held) && (most < 0 || held <= most))
    }),
    pure("count", 1, 1, |given, _| nodes(given).map_or(Outcome::Number(f64::NAN), |nodes| size(nodes.len()))),
    pure("count-non-empty", 1, 1, |given, _| {
        nodes(given).map_or(Outcome::Number(f64::NAN), |nodes| {
            size(nodes.iter().filter(|node| !node.text.is_empty()).count())
        })
    }),
    pure("count-selected", 1, 1, |given, _| size(text(given, 0).split_whitespace().count())),
    pure("max", 1, MANY, |given, scope| most_of(given, scope, f64::max)),
    pure("min", 1, MANY, |given, scope| most_of(given, scope, f64::min)),
    pure("selected", 2, 2, |given, _| {
        let wanted = text(given, 1);
        Outcome::Truth(text(given, 0).split_whitespace().any(|code| code == wanted.trim()))
    }),
    pure("selected-at", 2, 2, |given, scope| {
        let place = usize::try_from(whole(given, 1, scope)).ok();
        let codes = text(given, 0);
        written(place.and_then(|place| codes.split_whitespace().nth(place)).unwrap_or_default().to_owned())
    }),
    pure("sum", 1, MANY, |given, scope| {
        Outcome::Number(
            numbers(given, scope).filter(|number| !number.is_nan()).fold(0.0, |sum, number| sum + number),
        )
    }),
    pure("weighted-checklist", 2, MANY, weighted_checklist),
];

fn nodes(given: &[Outcome]) -> Option<&[Node]> {
    match given.first()? {
        Outcome::Nodes(nodes) => Some(nodes),
        Outcome::Text(_) | Outcome::Number(_) | Outcome::Truth(_) => None,
    }
}

fn most_of(given: &[Outcome], scope: &Scope<'_>, pick: fn(f64, f64) -> f64) -> Outcome {
    let known = numbers(given, scope).filter(|number| !number.is_nan());
    Outcome::Number(known.reduce(pick).unwrap_or(f64::NAN))
}

fn truths(given: &[Outcome]) -> Vec<bool> {
    let mut truths = Vec::new();
    for each in given {
        match each {
            Outcome::Nodes(nodes) => truths.extend(nodes.iter().map(|node| !node.text.is_empty())),
            Outcome::Text(_) | Outcome::Number(_) | Outcome::Truth(_) => truths.push(each.truth()),
        }
    }
    truths
}

/// Answers and their weights in turns, or all rows of one question and all rows of another. A bound of -1 does not
/// bound.
fn weighted_checklist(given: &[Outcome], scope: &Scope<'_>) -> Outcome {
    let mut total = 0.0;
    for pair in given.get(2..).unwrap_or_default().chunks(2) {
        let (answer, weight) = pair.split_at(1);
        let (held, weights) = (truths(answer), numbers(weight, scope).collect::<Vec<_>>());
        if held.len() != weights.len() {
            return Outcome::Truth(false);
        }
        total += held.iter().zip(&weights).filter(|(held, _)| **held).map(|(_, weight)| weight).sum::<f64>();
    }
    let unbound = |bound: f64| (bound + 1.0).abs() < f64::EPSILON;
    let (least, most) = (number(given, 0, scope), number(given, 1, scope));
    Outcome::Truth(!total.is_nan() && (unbound(least) || least <= total) && (unbound(most) || total <= most))
}
