//! Tokens to a tree, by precedence climbing, with every reference tied to its question on the way.

use super::token::{Mark, Token, tokens};
use super::{Expr, ExprFault, Operator, functions};

const DEPTH_LIMIT: usize = 32;

/// What an expression points at, as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reference {
    /// `${name}`
    Named(String),
    /// `.`, or `../name`: so many steps up from the question, then down.
    Relative { up: usize, down: Vec<String> },
    /// `/form/group/name`
    Absolute(Vec<String>),
    /// A bare name.
    Bare(String),
}

/// What a reference turned out to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    Question(usize),
    Column(String),
}

type Resolve<'a> = &'a dyn Fn(&Reference) -> Result<Target, ExprFault>;

/// Reads an expression; `resolve` says what each reference means where the expression stands.
pub fn parse(source: &str, resolve: Resolve<'_>) -> Result<Expr, ExprFault> {
    let mut parser = Parser { tokens: tokens(source)?.into_iter().peekable(), resolve, depth: 0 };
    let expr = parser.binary(0)?;
    match parser.tokens.next() {
        None => Ok(expr),
        Some(token) => Err(ExprFault::Unexpected(token.to_string())),
    }
}

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    resolve: Resolve<'a>,
    depth: usize,
}

impl Parser<'_> {
    fn binary(&mut self, least: u8) -> Result<Expr, ExprFault> {
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
            Token::Answer(name) => self.resolved(&Reference::Named(name)),
            Token::Name(name) if self.take(Mark::Open) => self.call(&name),
            Token::Name(name) => self.resolved(&Reference::Bare(name)),
            Token::Mark(Mark::Open) => {
                let inner = self.binary(0)?;
                self.expect(Mark::Close)?;
                Ok(inner)
            }
            Token::Mark(Mark::Dot) => {
                let down = self.steps()?;
                self.resolved(&Reference::Relative { up: 0, down })
            }
            Token::Mark(Mark::DotDot) => self.upwards(),
            Token::Mark(Mark::Slash) => {
                let mut names = vec![self.name()?];
                names.append(&mut self.steps()?);
                self.resolved(&Reference::Absolute(names))
            }
            token @ Token::Mark(_) => Err(ExprFault::Unexpected(token.to_string())),
        }
    }

    fn upwards(&mut self) -> Result<Expr, ExprFault> {
        let mut up = 1;
        let mut down = Vec::new();
        while self.take(Mark::Slash) {
            if self.take(Mark::DotDot) {
                up += 1;
            } else {
                down.push(self.name()?);
                down.append(&mut self.steps()?);
                break;
            }
        }
        self.resolved(&Reference::Relative { up, down })
    }

    fn steps(&mut self) -> Result<Vec<String>, ExprFault> {
        let mut names = Vec::new();
        while self.take(Mark::Slash) {
            names.push(self.name()?);
        }
        Ok(names)
    }

    fn name(&mut self) -> Result<String, ExprFault> {
        match self.tokens.next() {
            Some(Token::Name(name)) => Ok(name),
            Some(token) => Err(ExprFault::Unexpected(token.to_string())),
            None => Err(ExprFault::EndsEarly),
        }
    }

    fn call(&mut self, name: &str) -> Result<Expr, ExprFault> {
        let mut arguments = Vec::new();
        if !self.take(Mark::Close) {
            loop {
                arguments.push(self.binary(0)?);
                if self.take(Mark::Close) {
                    break;
                }
                self.expect(Mark::Comma)?;
            }
        }
        if name == "jr:choice-name" {
            return self.choice_name(arguments);
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

    fn choice_name(&self, arguments: Vec<Expr>) -> Result<Expr, ExprFault> {
        let given = arguments.len();
        let wrong = || ExprFault::WrongArguments { function: "jr:choice-name".to_owned(), given };
        let [value, Expr::Text(question)] = <[Expr; 2]>::try_from(arguments).map_err(|_| wrong())? else {
            return Err(wrong());
        };
        let name =
            question.trim().strip_prefix("${").and_then(|name| name.strip_suffix('}')).ok_or_else(wrong)?;
        match (self.resolve)(&Reference::Named(name.to_owned()))? {
            Target::Question(question) => Ok(Expr::ChoiceName(Box::new(value), question)),
            Target::Column(_) => Err(wrong()),
        }
    }

    fn resolved(&self, reference: &Reference) -> Result<Expr, ExprFault> {
        Ok(match (self.resolve)(reference)? {
            Target::Question(question) => Expr::Answer(question),
            Target::Column(name) => Expr::Column(name),
        })
    }

    fn take(&mut self, mark: Mark) -> bool {
        self.tokens.next_if_eq(&Token::Mark(mark)).is_some()
    }

    fn expect(&mut self, mark: Mark) -> Result<(), ExprFault> {
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
