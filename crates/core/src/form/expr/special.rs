//! The functions that are no plain functions: they look at where they stand, or at names rather than values.

use super::parser::{Inside, Parser};
use super::token::Mark;
use super::{Expr, ExprFault, Items, Operator, Path};

impl Parser<'_> {
    /// The call, where `name` is one of them. Its opening bracket has been read.
    pub(super) fn special(&mut self, name: &str) -> Option<Result<Expr, ExprFault>> {
        Some(match name {
            "current" => self.expect(Mark::Close).and_then(|()| self.current()),
            "indexed-repeat" => self.indexed(),
            "instance" => self.instance(),
            "jr:choice-name" => self.choice_name(),
            "once" => self.one(name).map(|inner| Expr::Once(Box::new(inner))),
            "position" | "index" => self.position(name),
            "pulldata" => self.pulled(),
            "randomize" => self.randomized(),
            _ => return None,
        })
    }

    fn one(&mut self, name: &str) -> Result<Expr, ExprFault> {
        let arguments = self.arguments()?;
        let [only] = <[Expr; 1]>::try_from(arguments).map_err(|given| wrong(name, given.len()))?;
        Ok(only)
    }

    fn choice_name(&mut self) -> Result<Expr, ExprFault> {
        let arguments = self.arguments()?;
        let wrong = wrong("jr:choice-name", arguments.len());
        let Ok([value, Expr::Text(question)]) = <[Expr; 2]>::try_from(arguments) else { return Err(wrong) };
        let name = question.trim().strip_prefix("${").and_then(|name| name.strip_suffix('}')).ok_or(wrong)?;
        Ok(Expr::ChoiceName(Box::new(value), self.names.named(name.trim())?))
    }

    /// Of a row among its fellows: `position(..)`; in a filter of whatever is looked at: `position()`.
    fn position(&mut self, name: &str) -> Result<Expr, ExprFault> {
        let mut arguments = self.arguments()?;
        match (arguments.pop(), arguments.is_empty(), &self.inside) {
            (None, _, Inside::List(_) | Inside::Rows(_)) => Ok(Expr::Position(None)),
            (Some(Expr::Answer { place, .. }), true, _) => match self.names.innermost(place) {
                Some(repeat) => Ok(Expr::Position(Some(repeat))),
                None => Err(ExprFault::NoRepeat(name.to_owned())),
            },
            (None, ..) => Err(wrong(name, 0)),
            (Some(_), ..) => Err(wrong(name, arguments.len() + 1)),
        }
    }

    /// `instance('list')/root/item[…]/column`.
    fn instance(&mut self) -> Result<Expr, ExprFault> {
        let Expr::Text(name) = self.one("instance")? else { return Err(wrong("instance", 1)) };
        let list = self.names.list(&name).ok_or(ExprFault::UnknownList(name))?;
        for step in ["root", "item"] {
            self.expect(Mark::Slash)?;
            let name = self.name()?;
            if name != step {
                return Err(ExprFault::Unexpected(name));
            }
        }
        let mut items = Items { list, filters: Vec::new(), column: None };
        while self.take(Mark::OpenFilter) {
            items.filters.push(self.within(Inside::List(items.list.clone()))?);
        }
        if self.take(Mark::Slash) {
            items.column = Some(self.column(&items.list)?);
        }
        Ok(Expr::Items(Box::new(items)))
    }

    fn column(&mut self, list: &str) -> Result<String, ExprFault> {
        let name = self.name()?;
        if self.names.has_column(list, &name) { Ok(name) } else { Err(ExprFault::UnknownColumn(name)) }
    }

    /// `pulldata('file', 'column', 'key column', key)`: the first row whose key is the one given.
    fn pulled(&mut self) -> Result<Expr, ExprFault> {
        let arguments = self.arguments()?;
        let wrong = wrong("pulldata", arguments.len());
        let Ok([Expr::Text(file), Expr::Text(column), Expr::Text(key_column), key]) =
            <[Expr; 4]>::try_from(arguments)
        else {
            return Err(wrong);
        };
        let list = self.names.list(&file).ok_or(ExprFault::UnknownList(file))?;
        for name in [&column, &key_column] {
            if !self.names.has_column(&list, name) {
                return Err(ExprFault::UnknownColumn(name.clone()));
            }
        }
        let is_key = Expr::Binary(Operator::Equal, Box::new(Expr::Column(key_column)), Box::new(key));
        Ok(Expr::Items(Box::new(Items { list, filters: vec![is_key], column: Some(column) })))
    }

    /// `indexed-repeat(${question}, ${repeat}, row, …)`, outermost repeat first.
    fn indexed(&mut self) -> Result<Expr, ExprFault> {
        let mut arguments = self.arguments()?.into_iter();
        let count = arguments.len();
        let wrong = || wrong("indexed-repeat", count);
        let Some(Expr::Answer { place, .. }) = arguments.next() else { return Err(wrong()) };
        let mut rows = Vec::new();
        while let Some(repeat) = arguments.next() {
            let (Expr::Answer { place: repeat, .. }, Some(row)) = (repeat, arguments.next()) else {
                return Err(wrong());
            };
            if !self.names.repeats(place).contains(&repeat) {
                return Err(ExprFault::NoRepeat("indexed-repeat".to_owned()));
            }
            rows.push((repeat, row));
        }
        if rows.is_empty() { Err(wrong()) } else { Ok(Expr::Indexed { place, rows }) }
    }

    fn randomized(&mut self) -> Result<Expr, ExprFault> {
        let mut arguments = self.arguments()?;
        let given = arguments.len();
        let seed = if given == 2 { arguments.pop().map(Box::new) } else { None };
        let [nodes] = <[Expr; 1]>::try_from(arguments).map_err(|_| wrong("randomize", given))?;
        Ok(Expr::Shuffled(Box::new(nodes), seed))
    }
}

fn wrong(function: &str, given: usize) -> ExprFault {
    ExprFault::WrongArguments { function: function.to_owned(), given }
}

impl Path {
    pub(super) fn to(place: usize, held: usize) -> Self {
        Self { place, held, filters: Vec::new(), from_candidate: false, absolute: false }
    }

    pub(super) fn under_candidate(place: usize) -> Self {
        Self { from_candidate: true, ..Self::to(place, 0) }
    }

    pub(super) fn into_expr(self) -> Expr {
        if self.filters.is_empty() && !self.from_candidate {
            Expr::Answer { place: self.place, held: self.held }
        } else {
            Expr::Path(Box::new(self))
        }
    }
}
