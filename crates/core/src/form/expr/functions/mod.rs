//! The functions an expression may call: one line each in a table, the tables by subject. What is in none is refused
//! by name.
//!
//! Every function is total, takes time linear in what it is given (a pattern: pattern times text; a line that crosses
//! itself: square of its corners) and makes no text longer than `TEXT_LIMIT`. What cannot be worked out comes to an
//! empty text or to no number. The same arguments come to the same on every platform, so that a device and the server
//! agree to the last digit: chance is drawn from `Now::seed`, and `libm` computes what processors compute differently.

mod chance;
mod date;
mod digest;
mod geo;
mod logic;
mod number;
mod set;
mod text;

use std::borrow::Cow;

use super::eval::Scope;
use super::value::Outcome;
use crate::value::TEXT_LIMIT;

pub use text::pattern;

const MANY: usize = 64;

/// One function of the language.
pub struct Function {
    pub name: &'static str,
    pub least: usize,
    pub most: usize,
    pub reads_clock: bool,
    /// Whether it draws from `Now::seed`; two calls over the same seed and arguments draw the same.
    pub draws: bool,
    pub call: fn(&[Outcome], &Scope<'_>) -> Outcome,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

type Call = fn(&[Outcome], &Scope<'_>) -> Outcome;

const fn pure(name: &'static str, least: usize, most: usize, call: Call) -> Function {
    Function { name, least, most, reads_clock: false, draws: false, call }
}

const fn clock(name: &'static str, call: Call) -> Function {
    Function { name, least: 0, most: 0, reads_clock: true, draws: false, call }
}

const fn drawn(name: &'static str, most: usize, call: Call) -> Function {
    Function { name, least: 0, most, reads_clock: false, draws: true, call }
}

static SUBJECTS: [&[Function]; 8] = [
    chance::FUNCTIONS,
    date::FUNCTIONS,
    digest::FUNCTIONS,
    geo::FUNCTIONS,
    logic::FUNCTIONS,
    number::FUNCTIONS,
    set::FUNCTIONS,
    text::FUNCTIONS,
];

pub fn find(name: &str) -> Option<&'static Function> {
    SUBJECTS.iter().copied().flatten().find(|function| function.name == name)
}

fn text(given: &[Outcome], at: usize) -> String {
    given.get(at).map(Outcome::text).unwrap_or_default()
}

fn number(given: &[Outcome], at: usize, scope: &Scope<'_>) -> f64 {
    given.get(at).map_or(f64::NAN, |outcome| outcome.number_at(scope.now))
}

/// A number as a count or a place: its fraction dropped, and 0 for what is no number, as ODK reads one.
fn whole(given: &[Outcome], at: usize, scope: &Scope<'_>) -> i64 {
    number(given, at, scope) as i64
}

fn truth(given: &[Outcome], at: usize) -> bool {
    given.get(at).is_some_and(Outcome::truth)
}

fn size(length: usize) -> Outcome {
    Outcome::Number(length as f64)
}

fn nothing() -> Outcome {
    Outcome::Text(String::new())
}

/// A text a function made, no longer than a text may be.
fn written(mut text: String) -> Outcome {
    text.truncate(text.floor_char_boundary(TEXT_LIMIT));
    Outcome::Text(text)
}

/// Every text of every argument: of an answer in a repeat, one from each row.
fn texts(given: &[Outcome]) -> impl Iterator<Item = Cow<'_, str>> {
    given.iter().flat_map(|each| {
        let (nodes, single) = match each {
            Outcome::Nodes(nodes) => (nodes.as_slice(), None),
            Outcome::Text(text) => (&[][..], Some(Cow::Borrowed(text.as_str()))),
            Outcome::Number(_) | Outcome::Truth(_) => (&[][..], Some(Cow::Owned(each.text()))),
        };
        nodes.iter().map(|node| Cow::Borrowed(node.text.as_str())).chain(single)
    })
}

/// Every number of every argument, those that are none among them.
fn numbers(given: &[Outcome], scope: &Scope<'_>) -> impl Iterator<Item = f64> {
    let now = scope.now;
    given.iter().flat_map(move |each| {
        let (nodes, single) = match each {
            Outcome::Nodes(nodes) => (nodes.as_slice(), None),
            Outcome::Text(_) | Outcome::Number(_) | Outcome::Truth(_) => (&[][..], Some(each.number_at(now))),
        };
        nodes.iter().map(move |node| node.number_at(now)).chain(single)
    })
}

#[cfg(test)]
mod tests;
