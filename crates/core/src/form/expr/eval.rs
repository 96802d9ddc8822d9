//! What an expression comes to, by XPath 1.0's rules. Total: there is an outcome for every tree.

use super::value::{Node, Now, Outcome};
use super::{Expr, Operator};

/// Where an expression is evaluated.
pub struct Scope<'a> {
    /// The answers of a question, as seen from the row the expression stands in.
    pub answers: &'a dyn Fn(usize) -> Vec<Node>,
    /// A column of the choice under a `choice_filter`.
    pub column: &'a dyn Fn(&str) -> String,
    /// The label of a choice of a question.
    pub label: &'a dyn Fn(usize, &str) -> String,
    pub now: Now,
}

impl std::fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("now", &self.now).finish_non_exhaustive()
    }
}

impl Expr {
    pub fn evaluate(&self, scope: &Scope<'_>) -> Outcome {
        match self {
            Self::Text(text) => Outcome::Text(text.clone()),
            Self::Number(number) => Outcome::Number(*number),
            Self::Answer(question) => Outcome::Nodes((scope.answers)(*question)),
            Self::Column(name) => Outcome::node(Node::text((scope.column)(name))),
            Self::Negative(inner) => Outcome::Number(-inner.evaluate(scope).number()),
            Self::Binary(operator, left, right) => binary(*operator, left, right, scope),
            Self::Call(function, arguments) => {
                let given: Vec<_> = arguments.iter().map(|argument| argument.evaluate(scope)).collect();
                (function.call)(&given, scope)
            }
            Self::ChoiceName(value, question) => {
                Outcome::Text((scope.label)(*question, &value.evaluate(scope).text()))
            }
        }
    }
}

fn binary(operator: Operator, left: &Expr, right: &Expr, scope: &Scope<'_>) -> Outcome {
    let left = left.evaluate(scope);
    let right = || right.evaluate(scope);
    match operator {
        Operator::Or => Outcome::Truth(left.truth() || right().truth()),
        Operator::And => Outcome::Truth(left.truth() && right().truth()),
        Operator::Plus => Outcome::Number(left.number() + right().number()),
        Operator::Minus => Outcome::Number(left.number() - right().number()),
        Operator::Times => Outcome::Number(left.number() * right().number()),
        Operator::Div => Outcome::Number(left.number() / right().number()),
        Operator::Mod => Outcome::Number(left.number() % right().number()),
        Operator::Equal => Outcome::Truth(same(&left, &right(), true)),
        Operator::NotEqual => Outcome::Truth(same(&left, &right(), false)),
        Operator::Less => Outcome::Truth(ordered(&left, &right(), |a, b| a < b)),
        Operator::LessEqual => Outcome::Truth(ordered(&left, &right(), |a, b| a <= b)),
        Operator::More => Outcome::Truth(ordered(&left, &right(), |a, b| b < a)),
        Operator::MoreEqual => Outcome::Truth(ordered(&left, &right(), |a, b| b <= a)),
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

fn ordered(left: &Outcome, right: &Outcome, holds: fn(f64, f64) -> bool) -> bool {
    let numbers = |outcome: &Outcome| match outcome {
        Outcome::Nodes(nodes) => nodes.iter().map(Node::number).collect(),
        Outcome::Text(_) | Outcome::Number(_) | Outcome::Truth(_) => vec![outcome.number()],
    };
    let right = numbers(right);
    numbers(left).iter().any(|a| right.iter().any(|b| holds(*a, *b)))
}
