//! Tokens to a tree, by precedence climbing, with every reference tied to its question on the way.

use super::super::names::Names;
use super::token::{Mark, Token, tokens};
use super::{Expr, ExprFault, Operator, Path, functions};

const DEPTH_LIMIT: usize = 32;
/// Without an argument these are of `.`, as XPath has it.
const OF_ONESELF: [&str; 4] = ["normalize-space", "number", "string", "string-length"];

/// What a bare name means where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inside {
    /// Nothing: a form has no bare names outside of filters.
    Form,
    /// A column of this list: in a `choice_filter`, or a filter on `instance('…')`.
    List(String),
    /// A question below this one: in a filter on the rows of a repeat.
    Rows(usize),
}

/// Reads an expression that stands at the question `own`.
pub fn parse(source: &str, names: &Names<'_>, own: Option<usize>, inside: Inside) -> Result<Expr, ExprFault> {
    let tokens = tokens(source)?.into_iter().peekable();
    let mut parser = Parser { tokens, names, own, inside, depth: 0 };
    let expr = parser.binary(0)?;
    match parser.tokens.next() {
        None => Ok(expr),
        Some(token) => Err(ExprFault::Unexpected(token.to_string())),
    }
}

pub(super) struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    pub(super) names: &'a Names<'a>,
    pub(super) own: Option<usize>,
    pub(super) inside: Inside,
    depth: usize,
}

impl Parser<'_> {
    pub(super) fn binary(&mut self, least: u8) -> Result<Expr, ExprFault> {
        self.depth += 1;
        if DEPTH_LIMIT < self.depth {
            return Err(ExprFault::TooDeep);
        }
        let mut left = self.unary()?;
        while let Some((operator, power)) = self.tokens.peek().and_then(infix) {
            if power < least {
                break;
            }
            self.tokens.next();
            let right = self.binary(power + 1)?;
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, ExprFault> {
        let mut negative = false;
        while self.take(Mark::Minus) {
            negative = !negative;
        }
        let inner = self.primary()?;
        Ok(if negative { Expr::Negative(Box::new(inner)) } else { inner })
    }

    fn primary(&mut self) -> Result<Expr, ExprFault> {
        match self.tokens.next().ok_or(ExprFault::EndsEarly)? {
            Token::Number(number) => Ok(Expr::Number(number)),
            Token::Text(text) => Ok(Expr::Text(text)),
            Token::Answer(name) => self.answer(&name),
            Token::Name(name) if self.take(Mark::Open) => self.call(&name),
            Token::Name(name) => self.bare(name),
            Token::Mark(Mark::Open) => {
                let inner = self.binary(0)?;
                self.expect(Mark::Close)?;
                Ok(inner)
            }
            Token::Mark(Mark::Dot) => self.here(),
            Token::Mark(Mark::DotDot) => self.upwards(1),
            Token::Mark(Mark::Slash) => self.absolute(),
            token @ Token::Mark(_) => Err(ExprFault::Unexpected(token.to_string())),
        }
    }

    /// `${name}`, perhaps filtered, perhaps with steps below it.
    fn answer(&mut self, name: &str) -> Result<Expr, ExprFault> {
        if let Some(saved) = name.strip_prefix("last-saved#") {
            return Ok(Expr::LastSaved(self.names.named(saved)?));
        }
        let place = self.names.named(name)?;
        self.steps(Path::to(place, self.shared_with(place)))
    }

    fn bare(&mut self, name: String) -> Result<Expr, ExprFault> {
        match self.inside.clone() {
            Inside::List(list) if self.names.has_column(&list, &name) => Ok(Expr::Column(name)),
            Inside::Rows(step) => {
                let place = self.names.below(step, &name)?;
                self.steps(Path::under_candidate(place))
            }
            Inside::List(_) | Inside::Form => Err(ExprFault::UnknownReference(name)),
        }
    }

    /// `.`, or `./name`.
    fn here(&mut self) -> Result<Expr, ExprFault> {
        match self.inside.clone() {
            Inside::List(_) if self.take(Mark::Slash) => {
                let name = self.name()?;
                self.bare(name)
            }
            Inside::List(_) => Ok(Expr::Column("name".to_owned())),
            Inside::Rows(step) => self.steps(Path::under_candidate(step)),
            Inside::Form => self.at_own(0),
        }
    }

    /// `../name` and the like, `..` having been read.
    fn upwards(&mut self, mut up: usize) -> Result<Expr, ExprFault> {
        while self.ahead(&[Mark::Slash, Mark::DotDot]) {
            up += 1;
        }
        match self.inside.clone() {
            Inside::Rows(step) => match self.names.above(step, up)?.0 {
                Some(place) => self.steps(Path::under_candidate(place)),
                None => self.below_the_top(),
            },
            Inside::List(_) => Err(ExprFault::Unexpected("..".to_owned())),
            Inside::Form => self.at_own(up),
        }
    }

    /// From the question the expression stands at, so many steps up. Climbing out of a repeat lets go of its row.
    fn at_own(&mut self, up: usize) -> Result<Expr, ExprFault> {
        let own = self.own.ok_or_else(|| ExprFault::Unexpected(".".to_owned()))?;
        let (place, held) = self.names.above(own, up)?;
        match place {
            Some(place) => self.steps(Path::to(place, held)),
            None => self.below_the_top(),
        }
    }

    fn below_the_top(&mut self) -> Result<Expr, ExprFault> {
        self.expect(Mark::Slash)?;
        let name = self.name()?;
        let place = self.names.at_top(&name)?;
        self.steps(Path::to(place, 0))
    }

    /// `/form/group/name`: the first name may be the form's.
    fn absolute(&mut self) -> Result<Expr, ExprFault> {
        let mut name = self.name()?;
        if self.names.is_root(&name) {
            self.expect(Mark::Slash)?;
            name = self.name()?;
        }
        let place = self.names.at_top(&name)?;
        let path = Path { absolute: true, ..Path::to(place, 0) };
        self.steps(path)
    }

    /// Filters and steps after a path, as far as they go.
    fn steps(&mut self, mut path: Path) -> Result<Expr, ExprFault> {
        loop {
            while self.take(Mark::OpenFilter) {
                let filter = self.within(Inside::Rows(path.place))?;
                path.filters.push((path.place, filter));
            }
            if !self.take(Mark::Slash) {
                break;
            }
            match self.tokens.next() {
                Some(Token::Name(name)) => {
                    path.place = self
                        .names
                        .below(path.place, &name)
                        .map_err(|_| ExprFault::UnknownReference(self.names.path_of(path.place, &name)))?;
                }
                Some(token) => return Err(ExprFault::Unexpected(token.to_string())),
                None => return Err(ExprFault::EndsEarly),
            }
        }
        if path.absolute && path.filters.is_empty() {
            path.held = self.shared_with(path.place);
        }
        Ok(path.into_expr())
    }

    /// What stands between brackets. The closing one is taken as well.
    pub(super) fn within(&mut self, inside: Inside) -> Result<Expr, ExprFault> {
        let outside = std::mem::replace(&mut self.inside, inside);
        let filter = self.binary(0);
        self.inside = outside;
        let filter = filter?;
        self.expect(Mark::CloseFilter)?;
        Ok(filter)
    }

    /// After `current()`: the question the expression stands at, wherever the filter is.
    pub(super) fn current(&mut self) -> Result<Expr, ExprFault> {
        let inside = std::mem::replace(&mut self.inside, Inside::Form);
        let found = if self.ahead(&[Mark::Slash, Mark::DotDot]) {
            self.upwards(1)
        } else if self.ahead(&[Mark::Slash, Mark::Dot]) {
            self.upwards(0)
        } else {
            self.at_own(0)
        };
        self.inside = inside;
        found
    }

    /// How many of the repeats around the question at `place` are around the expression's own question too.
    pub(super) fn shared_with(&self, place: usize) -> usize {
        let own = self.own.map(|own| self.names.repeats(own)).unwrap_or_default();
        own.iter().zip(self.names.repeats(place)).take_while(|(own, other)| own == other).count()
    }

    pub(super) fn name(&mut self) -> Result<String, ExprFault> {
        match self.tokens.next() {
            Some(Token::Name(name)) => Ok(name),
            Some(token) => Err(ExprFault::Unexpected(token.to_string())),
            None => Err(ExprFault::EndsEarly),
        }
    }

    pub(super) fn arguments(&mut self) -> Result<Vec<Expr>, ExprFault> {
        let mut arguments = Vec::new();
        if self.take(Mark::Close) {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.binary(0)?);
            if self.take(Mark::Close) {
                return Ok(arguments);
            }
            self.expect(Mark::Comma)?;
        }
    }

    fn call(&mut self, name: &str) -> Result<Expr, ExprFault> {
        if let Some(special) = self.special(name) {
            return special;
        }
        let mut arguments = self.arguments()?;
        if arguments.is_empty() && OF_ONESELF.contains(&name) {
            arguments.push(self.here()?);
        }
        let function = functions::find(name).ok_or_else(|| ExprFault::UnknownFunction(name.to_owned()))?;
        if arguments.len() < function.least || function.most < arguments.len() {
            return Err(ExprFault::WrongArguments { function: name.to_owned(), given: arguments.len() });
        }
        if let ("regex", Some(Expr::Text(pattern))) = (name, arguments.get(1)) {
            functions::pattern(pattern).ok_or_else(|| ExprFault::BadPattern(pattern.clone()))?;
        }
        Ok(Expr::Call(function, arguments))
    }

    pub(super) fn take(&mut self, mark: Mark) -> bool {
        self.tokens.next_if_eq(&Token::Mark(mark)).is_some()
    }

    /// Takes both marks where both come next, and neither otherwise.
    fn ahead(&mut self, [first, second]: &[Mark; 2]) -> bool {
        let mut look = self.tokens.clone();
        let both = look.next_if_eq(&Token::Mark(*first)).is_some()
            && look.next_if_eq(&Token::Mark(*second)).is_some();
        if both {
            self.tokens = look;
        }
        both
    }

    pub(super) fn expect(&mut self, mark: Mark) -> Result<(), ExprFault> {
        match self.tokens.next() {
            Some(Token::Mark(found)) if found == mark => Ok(()),
            Some(token) => Err(ExprFault::Unexpected(token.to_string())),
            None => Err(ExprFault::EndsEarly),
        }
    }
}

/// The operator a token is when it stands after an operand, with its binding power.
fn infix(token: &Token) -> Option<(Operator, u8)> {
    Some(match token {
        Token::Name(name) => match name.as_str() {
            "or" => (Operator::Or, 1),
            "and" => (Operator::And, 2),
            "div" => (Operator::Div, 6),
            "mod" => (Operator::Mod, 6),
            _ => return None,
        },
        Token::Mark(Mark::Equal) => (Operator::Equal, 3),
        Token::Mark(Mark::NotEqual) => (Operator::NotEqual, 3),
        Token::Mark(Mark::Less) => (Operator::Less, 4),
        Token::Mark(Mark::LessEqual) => (Operator::LessEqual, 4),
        Token::Mark(Mark::More) => (Operator::More, 4),
        Token::Mark(Mark::MoreEqual) => (Operator::MoreEqual, 4),
        Token::Mark(Mark::Plus) => (Operator::Plus, 5),
        Token::Mark(Mark::Minus) => (Operator::Minus, 5),
        Token::Mark(Mark::Star) => (Operator::Times, 6),
        Token::Number(_) | Token::Text(_) | Token::Answer(_) | Token::Mark(_) => return None,
    })
}
