//! Cuts an expression into tokens, and refuses what the language does not have.

use super::ExprFault;

/// The longest expression, in bytes.
pub const LENGTH_LIMIT: usize = 4_096;
/// The most tokens one expression may have; with it the depth of any tree made from them.
pub const TOKEN_LIMIT: usize = 512;

#[derive(Clone, PartialEq, Debug)]
pub enum Token {
    Number(f64),
    Text(String),
    /// `${name}`
    Answer(String),
    Name(String),
    Mark(Mark),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    Open,
    Close,
    OpenFilter,
    CloseFilter,
    Comma,
    Dot,
    DotDot,
    Slash,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    More,
    MoreEqual,
    Plus,
    Minus,
    Star,
}

impl Mark {
    pub fn text(self) -> &'static str {
        match self {
            Self::Open => "(",
            Self::Close => ")",
            Self::OpenFilter => "[",
            Self::CloseFilter => "]",
            Self::Comma => ",",
            Self::Dot => ".",
            Self::DotDot => "..",
            Self::Slash => "/",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::More => ">",
            Self::MoreEqual => ">=",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Star => "*",
        }
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Answer(name) => write!(f, "${{{name}}}"),
            Self::Name(name) => f.write_str(name),
            Self::Mark(mark) => f.write_str(mark.text()),
        }
    }
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

pub fn tokens(source: &str) -> Result<Vec<Token>, ExprFault> {
    if LENGTH_LIMIT < source.len() {
        return Err(ExprFault::TooLong);
    }
    let mut tokens = Vec::new();
    let mut chars = source.chars().peekable();
    while let Some(first) = chars.next() {
        if first.is_whitespace() {
            continue;
        }
        if tokens.len() == TOKEN_LIMIT {
            return Err(ExprFault::TooLong);
        }
        tokens.push(token(first, &mut chars)?);
    }
    Ok(tokens)
}

fn token(first: char, chars: &mut Chars<'_>) -> Result<Token, ExprFault> {
    let mark = match first {
        '\'' | '"' => return quoted(first, chars).map(Token::Text),
        '$' => return answer(chars),
        '0'..='9' => return number(first, chars),
        '.' => match chars.peek() {
            Some('0'..='9') => return number(first, chars),
            Some('.') => follow(chars, Mark::DotDot),
            _ => Mark::Dot,
        },
        '(' => Mark::Open,
        ')' => Mark::Close,
        '[' => Mark::OpenFilter,
        ']' => Mark::CloseFilter,
        ',' => Mark::Comma,
        '/' => Mark::Slash,
        '=' => Mark::Equal,
        '!' if chars.peek() == Some(&'=') => follow(chars, Mark::NotEqual),
        '<' if chars.peek() == Some(&'=') => follow(chars, Mark::LessEqual),
        '<' => Mark::Less,
        '>' if chars.peek() == Some(&'=') => follow(chars, Mark::MoreEqual),
        '>' => Mark::More,
        '+' => Mark::Plus,
        '-' => Mark::Minus,
        '*' => Mark::Star,
        _ if first.is_alphabetic() || first == '_' => return Ok(Token::Name(name(first, chars))),
        _ => return Err(ExprFault::Unexpected(first.to_string())),
    };
    Ok(Token::Mark(mark))
}

fn follow(chars: &mut Chars<'_>, mark: Mark) -> Mark {
    chars.next();
    mark
}

fn quoted(quote: char, chars: &mut Chars<'_>) -> Result<String, ExprFault> {
    let mut text = String::new();
    for next in chars {
        if next == quote {
            return Ok(text);
        }
        text.push(next);
    }
    Err(ExprFault::UnclosedText)
}

fn answer(chars: &mut Chars<'_>) -> Result<Token, ExprFault> {
    if chars.next() != Some('{') {
        return Err(ExprFault::Unexpected("$".to_owned()));
    }
    let mut name = String::new();
    for next in chars {
        if next == '}' {
            return Ok(Token::Answer(name.trim().to_owned()));
        }
        name.push(next);
    }
    Err(ExprFault::UnclosedText)
}

fn number(first: char, chars: &mut Chars<'_>) -> Result<Token, ExprFault> {
    let mut text = String::from(first);
    while let Some(next) = chars.next_if(|next| next.is_ascii_digit() || *next == '.') {
        text.push(next);
    }
    text.parse().map(Token::Number).map_err(|_| ExprFault::Unexpected(text))
}

/// As in XPath a name may hold `-` and `.`, so `a-b` is one name and `a - b` a difference.
fn name(first: char, chars: &mut Chars<'_>) -> String {
    let mut text = String::from(first);
    while let Some(next) =
        chars.next_if(|next| next.is_alphanumeric() || matches!(next, '_' | '-' | '.' | ':'))
    {
        text.push(next);
    }
    text
}
