//! What an expression comes to, by XPath 1.0's rules. Total: there is an outcome for every tree.

use super::super::tree::Tree;
use super::value::{Node, Now, Outcome};
use super::{Expr, Operator, shuffle};
use crate::ids::RowId;

/// Where an expression is evaluated.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub tree: &'a Tree<'a>,
    pub now: Now,
    /// The language of choices' labels.
    pub language: &'a str,
    /// The question it stands at, and the rows of the repeats around that, outermost first.
    pub own: Option<usize>,
    pub rows: &'a [RowId],
    /// What the filter around it is looking at.
    pub candidate: Option<Candidate<'a>>,
}

/// One of those a filter chooses from.
#[derive(Clone, Copy, Debug)]
pub enum Candidate<'a> {
    Item { list: &'a str, item: usize, position: usize },
    Row { place: usize, rows: &'a [RowId], position: usize },
}

impl std::fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("now", &self.now).field("own", &self.own).finish_non_exhaustive()
    }
}

impl Expr {
    pub fn evaluate(&self, scope: &Scope<'_>) -> Outcome {
        match self {
            Self::Text(text) => Outcome::Text(text.clone()),
            Self::Number(number) => Outcome::Number(*number),
            Self::Answer { place, held } => Outcome::Nodes(scope.answers(*place, *held)),
            Self::Path(path) => Outcome::Nodes(scope.along(path)),
            Self::Items(items) => Outcome::Nodes(scope.items(items)),
            Self::Column(name) => Outcome::node(scope.column(name)),
            Self::Negative(inner) => Outcome::Number(-inner.evaluate(scope).number()),
            Self::Binary(operator, left, right) => binary(*operator, left, right, scope),
            Self::Call(function, arguments) => {
                let given: Vec<_> = arguments.iter().map(|argument| argument.evaluate(scope)).collect();
                (function.call)(&given, scope)
            }
            Self::ChoiceName(value, question) => {
                Outcome::Text(scope.tree.label(*question, &value.evaluate(scope).text(), scope.language))
            }
            Self::Position(of) => Outcome::Number(scope.position(*of)),
            Self::Once(inner) => match scope.stored() {
                Some(node) => Outcome::node(node),
                None => inner.evaluate(scope),
            },
            Self::Indexed { place, rows } => Outcome::Nodes(scope.indexed(*place, rows)),
            Self::Shuffled(nodes, seed) => shuffled(nodes.evaluate(scope), seed.as_deref(), scope),
            Self::LastSaved(place) => Outcome::node(scope.tree.last_saved(*place)),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a seed is any whole number; the cast saturates")]
fn shuffled(nodes: Outcome, seed: Option<&Expr>, scope: &Scope<'_>) -> Outcome {
    let Outcome::Nodes(mut nodes) = nodes else { return nodes };
    let seed = seed.map(|seed| seed.evaluate(scope).number()).filter(|seed| seed.is_finite());
    shuffle(&mut nodes, seed.map_or(scope.now.seed.cast_signed(), |seed| seed as i64));
    Outcome::Nodes(nodes)
}

fn binary(operator: Operator, left: &Expr, right: &Expr, scope: &Scope<'_>) -> Outcome {
    let left = left.evaluate(scope);
    let right = || right.evaluate(scope);
    let number = |outcome: &Outcome| outcome.number_at(scope.now);
    match operator {
        Operator::Or => Outcome::Truth(left.truth() || right().truth()),
        Operator::And => Outcome::Truth(left.truth() && right().truth()),
        Operator::Plus => Outcome::Number(number(&left) + number(&right())),
        Operator::Minus => Outcome::Number(number(&left) - number(&right())),
        Operator::Times => Outcome::Number(number(&left) * number(&right())),
        Operator::Div => Outcome::Number(number(&left) / number(&right())),
        Operator::Mod => Outcome::Number(number(&left) % number(&right())),
        Operator::Equal => Outcome::Truth(same(&left, &right(), true)),
        Operator::NotEqual => Outcome::Truth(same(&left, &right(), false)),
        Operator::Less => Outcome::Truth(ordered(&left, &right(), scope.now, |a, b| a < b)),
        Operator::LessEqual => Outcome::Truth(ordered(&left, &right(), scope.now, |a, b| a <= b)),
        Operator::More => Outcome::Truth(ordered(&left, &right(), scope.now, |a, b| b < a)),
        Operator::MoreEqual => Outcome::Truth(ordered(&left, &right(), scope.now, |a, b| b <= a)),
    }
}

/// `=` (`wanted` true) and `!=` (false): of a node set, whether any node compares so.
fn same(left: &Outcome, right: &Outcome, wanted: bool) -> bool {
    match (left, right) {
        (Outcome::Truth(_), _) | (_, Outcome::Truth(_)) => (left.truth() == right.truth()) == wanted,
        (Outcome::Nodes(left), Outcome::Nodes(right)) => {
            left.iter().any(|a| right.iter().any(|b| same_node(a, b) == wanted))
        }
        (Outcome::Nodes(nodes), Outcome::Text(text)) | (Outcome::Text(text), Outcome::Nodes(nodes)) => {
            nodes.iter().any(|node| (node.text == *text) == wanted)
        }
        (Outcome::Nodes(nodes), Outcome::Number(number))
        | (Outcome::Number(number), Outcome::Nodes(nodes)) => {
            nodes.iter().any(|node| same_number(node.number(), *number) == wanted)
        }
        (Outcome::Text(left), Outcome::Text(right)) => (left == right) == wanted,
        (Outcome::Number(_), Outcome::Text(_) | Outcome::Number(_))
        | (Outcome::Text(_), Outcome::Number(_)) => same_number(left.number(), right.number()) == wanted,
    }
}

#[expect(clippy::float_cmp, reason = "XPath's = is exact")]
fn same_number(a: f64, b: f64) -> bool {
    a == b
}

/// The same moment may be written with two offsets.
fn same_node(a: &Node, b: &Node) -> bool {
    match (a.days, b.days) {
        (Some(a), Some(b)) => same_number(a, b),
        _ => a.text == b.text,
    }
}

fn ordered(left: &Outcome, right: &Outcome, now: Now, holds: fn(f64, f64) -> bool) -> bool {
    let numbers = |outcome: &Outcome| match outcome {
        Outcome::Nodes(nodes) => nodes.iter().map(Node::number).collect(),
        Outcome::Text(_) | Outcome::Number(_) | Outcome::Truth(_) => vec![outcome.number_at(now)],
    };
    let right = numbers(right);
    numbers(left).iter().any(|a| right.iter().any(|b| holds(*a, *b)))
}
