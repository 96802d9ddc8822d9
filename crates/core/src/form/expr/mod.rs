//! The expression language of forms: XPath 1.0 as XLSForms use it, with ODK's functions.
//!
//! Anything the language does not have is refused when a form is read, by name; evaluating what was
//! accepted cannot fail. Sizes and depths are bounded, and time and chance come in as arguments.

mod chance;
mod dates;
mod eval;
mod functions;
mod parser;
mod paths;
mod special;
mod token;
mod value;

pub use chance::shuffle;
pub use dates::Moment;
pub use eval::Scope;
pub use parser::{Inside, parse};
pub use value::{Node, Now, Outcome};

use functions::Function;

/// An expression, its references already tied to the questions of a form.
#[derive(Clone, Debug)]
pub enum Expr {
    Text(String),
    Number(f64),
    /// The answers of the question at this place in the form. Of the repeats around it, this many of the outermost
    /// are held at the row the expression stands in.
    Answer {
        place: usize,
        held: usize,
    },
    Path(Box<Path>),
    Items(Box<Items>),
    /// A column of the choice that a filter is looking at.
    Column(String),
    Negative(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Call(&'static Function, Vec<Expr>),
    /// `jr:choice-name(value, '${question}')`: the label of a choice.
    ChoiceName(Box<Expr>, usize),
    /// Of the row the expression stands in among the rows of this repeat, or of what a filter is looking at.
    Position(Option<usize>),
    /// The answer that stands already, or else this.
    Once(Box<Expr>),
    /// The answer of a question in the rows of these repeats with these numbers.
    Indexed {
        place: usize,
        rows: Vec<(usize, Expr)>,
    },
    /// In an order drawn from a seed.
    Shuffled(Box<Expr>, Option<Box<Expr>>),
    /// What the officer answered the last time they saved this form.
    LastSaved(usize),
}

/// A way to the answers of a question that passes through filters.
#[derive(Clone, Debug)]
pub struct Path {
    pub place: usize,
    /// As in `Expr::Answer`.
    pub held: usize,
    /// Each with the place it stands behind.
    pub filters: Vec<(usize, Expr)>,
    /// From what the filter around it is looking at.
    pub from_candidate: bool,
    absolute: bool,
}

/// The rows of a list or a table that filters leave, or one column of them.
#[derive(Clone, Debug)]
pub struct Items {
    pub list: String,
    pub filters: Vec<Expr>,
    pub column: Option<String>,
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
    WrongArguments {
        function: String,
        given: usize,
    },
    UnknownReference(String),
    AmbiguousReference(String),
    BadPattern(String),
    UnknownList(String),
    UnknownColumn(String),
    /// The function needs a repeat, and there is none.
    NoRepeat(String),
}

impl Expr {
    fn inner(&self) -> Vec<&Self> {
        match self {
            Self::Text(_)
            | Self::Number(_)
            | Self::Answer { .. }
            | Self::Column(_)
            | Self::Position(_)
            | Self::LastSaved(_) => Vec::new(),
            Self::Negative(inner) | Self::ChoiceName(inner, _) | Self::Once(inner) => vec![inner],
            Self::Binary(_, left, right) => vec![left, right],
            Self::Call(_, arguments) => arguments.iter().collect(),
            Self::Path(path) => path.filters.iter().map(|(_, filter)| filter).collect(),
            Self::Items(items) => items.filters.iter().collect(),
            Self::Indexed { rows, .. } => rows.iter().map(|(_, row)| row).collect(),
            Self::Shuffled(nodes, seed) => std::iter::once(&**nodes).chain(seed.as_deref()).collect(),
        }
    }

    /// Calls `visit` with the place of every question the expression reads.
    pub fn references(&self, visit: &mut dyn FnMut(usize)) {
        match self {
            Self::Answer { place, .. } | Self::Position(Some(place)) => visit(*place),
            Self::Path(path) => {
                visit(path.place);
                path.filters.iter().for_each(|(step, _)| visit(*step));
            }
            Self::Indexed { place, rows } => {
                visit(*place);
                rows.iter().for_each(|(repeat, _)| visit(*repeat));
            }
            Self::Text(_)
            | Self::Number(_)
            | Self::Column(_)
            | Self::Position(None)
            | Self::LastSaved(_)
            | Self::Items(_)
            | Self::Negative(_)
            | Self::Binary(..)
            | Self::Call(..)
            | Self::ChoiceName(..)
            | Self::Once(_)
            | Self::Shuffled(..) => {}
        }
        self.inner().into_iter().for_each(|inner| inner.references(visit));
    }

    fn any(&self, holds: &dyn Fn(&Self) -> bool) -> bool {
        holds(self) || self.inner().into_iter().any(|inner| inner.any(holds))
    }

    /// Whether the outcome changes with the time of day alone.
    pub fn reads_clock(&self) -> bool {
        self.any(&|expr| matches!(expr, Self::Call(function, _) if function.reads_clock))
    }

    /// Whether the outcome is settled the first time: it draws by chance, or says `once`.
    pub fn settles(&self) -> bool {
        let draws = |expr: &Self| matches!(expr, Self::Call(function, _) if function.draws);
        self.any(&|expr| matches!(expr, Self::Once(_)) || draws(expr))
    }

    /// Whether it asks where a filter's candidate stands among the others.
    pub fn reads_position(&self) -> bool {
        self.any(&|expr| matches!(expr, Self::Position(None)))
    }

    /// Whether it asks what was saved the last time.
    pub fn reads_last_saved(&self) -> bool {
        self.any(&|expr| matches!(expr, Self::LastSaved(_)))
    }

    /// The lists whose column it looks a value up in, with the column, so that an index can be made beforehand.
    pub fn looks_up<'e>(&'e self, visit: &mut dyn FnMut(&'e str, &'e str)) {
        if let Self::Items(items) = self {
            let keys = items.filters.first().and_then(Self::key);
            keys.into_iter().for_each(|(column, _)| visit(&items.list, column));
        }
        self.inner().into_iter().for_each(|inner| inner.looks_up(visit));
    }

    /// The column a filter compares with one value that is the same for every row, and that value.
    pub fn key(&self) -> Option<(&str, &Self)> {
        let Self::Binary(operator, left, right) = self else { return None };
        if *operator == Operator::And {
            return left.key().or_else(|| right.key());
        }
        if *operator != Operator::Equal {
            return None;
        }
        let ((Self::Column(column), value) | (value, Self::Column(column))) = (&**left, &**right) else {
            return None;
        };
        let varies = value.any(&|expr| matches!(expr, Self::Column(_) | Self::Position(None)));
        (!varies).then_some((column, value))
    }
}

#[cfg(test)]
mod tests;
