//! The expression language of forms: a subset of XPath 1.0 with ODK's functions.
//!
//! Anything the language does not have is refused when a form is read, by name; evaluating what was
//! accepted cannot fail. Sizes and depths are bounded, and time comes in as an argument.

mod dates;
mod eval;
mod functions;
mod parser;
mod token;
mod value;

pub use eval::Scope;
pub use parser::{Reference, Target, parse};
pub use value::{Node, Now, Outcome};

use functions::Function;

/// An expression, its references already tied to the questions of a form.
#[derive(Clone, Debug)]
pub enum Expr {
    Text(String),
    Number(f64),
    /// The answer of the question at this place in the form.
    Answer(usize),
    /// A column of the choice that a `choice_filter` is looking at.
    Column(String),
    Negative(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Call(&'static Function, Vec<Expr>),
    /// `jr:choice-name(value, '${question}')`: the label of a choice.
    ChoiceName(Box<Expr>, usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    More,
    MoreEqual,
    Plus,
    Minus,
    Times,
    Div,
    Mod,
}

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExprFault {
    TooLong,
    TooDeep,
    UnclosedText,
    EndsEarly,
    Unexpected(String),
    UnknownFunction(String),
    WrongArguments { function: String, given: usize },
    UnknownReference(String),
    AmbiguousReference(String),
    BadPattern(String),
}

impl std::fmt::Display for ExprFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong => f.write_str("the expression is too long"),
            Self::TooDeep => f.write_str("the expression is nested too deeply"),
            Self::UnclosedText => f.write_str("a quote or a brace is not closed"),
            Self::EndsEarly => f.write_str("the expression ends too early"),
            Self::Unexpected(found) => write!(f, "“{found}” is not expected here"),
            Self::UnknownFunction(name) => write!(f, "there is no function “{name}”"),
            Self::WrongArguments { function, given } => {
                write!(f, "“{function}” does not take {given} arguments")
            }
            Self::UnknownReference(name) => write!(f, "there is no question “{name}”"),
            Self::AmbiguousReference(name) => write!(f, "more than one question is named “{name}”"),
            Self::BadPattern(pattern) => write!(f, "“{pattern}” is not a pattern"),
        }
    }
}

impl Expr {
    /// Calls `visit` with the place of every question the expression reads.
    pub fn references(&self, visit: &mut dyn FnMut(usize)) {
        match self {
            Self::Answer(question) => visit(*question),
            Self::Text(_) | Self::Number(_) | Self::Column(_) => {}
            Self::Negative(inner) | Self::ChoiceName(inner, _) => inner.references(visit),
            Self::Binary(_, left, right) => {
                left.references(visit);
                right.references(visit);
            }
            Self::Call(_, arguments) => arguments.iter().for_each(|argument| argument.references(visit)),
        }
    }

    /// Whether the outcome changes with the time of day alone.
    pub fn reads_clock(&self) -> bool {
        match self {
            Self::Answer(_) | Self::Text(_) | Self::Number(_) | Self::Column(_) => false,
            Self::Negative(inner) | Self::ChoiceName(inner, _) => inner.reads_clock(),
            Self::Binary(_, left, right) => left.reads_clock() || right.reads_clock(),
            Self::Call(function, arguments) => {
                function.reads_clock || arguments.iter().any(Self::reads_clock)
            }
        }
    }
}

#[cfg(test)]
mod tests;
