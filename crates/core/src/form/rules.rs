//! What decides about a question: the expressions of its row, compiled.

use super::coerce::coerced;
use super::document::{Requirement, Row};
use super::expr::{self, Expr, Inside, Now, Outcome};
use super::fault::{FormFault, FormFaultCode, Sheet};
use super::names::Names;
use super::{Localised, QuestionKind};
use crate::value::Value;

#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub parent: Option<usize>,
    /// The repeats around it, outermost first.
    pub repeats: Vec<usize>,
    /// The same, and itself where it is a repeat.
    pub chain: Vec<usize>,
    pub relevant: Option<Expr>,
    pub required: Needed,
    pub required_message: Option<Localised>,
    pub constraint: Option<Expr>,
    pub constraint_message: Option<Localised>,
    pub choice_filter: Option<Expr>,
    /// In which order its choices are shown: drawn from this seed, or from the draft's own.
    pub shuffled: Option<Option<Expr>>,
    pub calculation: Option<Expr>,
    /// Whether the calculation keeps what it came to the first time.
    pub settles: bool,
    /// The questions whose answers set the calculation off.
    pub trigger: Option<Vec<usize>>,
    pub default: Option<Beginning>,
    pub read_only: Needed,
    pub row_count: Option<Expr>,
    pub label: Option<Template>,
    pub hint: Option<Template>,
}

#[derive(Clone, Debug, Default)]
pub enum Needed {
    #[default]
    Never,
    Always,
    When(Expr),
}

/// What a question begins with.
#[derive(Clone, Debug)]
pub enum Beginning {
    With(Value),
    Of(Expr),
}

/// Words with answers in them.
#[derive(Clone, Debug)]
pub struct Template {
    pub en: Vec<Piece>,
    pub cy: Option<Vec<Piece>>,
}

#[derive(Clone, Debug)]
pub enum Piece {
    Words(String),
    Answer(Expr),
}

impl Rules {
    /// Those that decide whether it counts, what it comes to or which rows it has.
    pub fn deciding(&self) -> impl Iterator<Item = &Expr> {
        let calculation = self.calculation.iter().filter(|_| self.trigger.is_none());
        self.relevant.iter().chain(calculation).chain(&self.row_count)
    }

    /// Those whose outcome nothing else waits for.
    pub fn reading(&self) -> impl Iterator<Item = &Expr> {
        let words = self.label.iter().chain(&self.hint).flat_map(|template| {
            template.en.iter().chain(template.cy.iter().flatten()).filter_map(|piece| match piece {
                Piece::Answer(expr) => Some(expr),
                Piece::Words(_) => None,
            })
        });
        self.constraint
            .iter()
            .chain(&self.choice_filter)
            .chain(self.required.expr())
            .chain(self.read_only.expr())
            .chain(self.shuffled.iter().flatten())
            .chain(words)
    }

    /// All of them.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let set_off = self.calculation.iter().filter(|_| self.trigger.is_some());
        let default = self.default.iter().filter_map(|default| match default {
            Beginning::Of(expr) => Some(expr),
            Beginning::With(_) => None,
        });
        self.deciding().chain(self.reading()).chain(set_off).chain(default)
    }
}

impl Needed {
    fn expr(&self) -> Option<&Expr> {
        match self {
            Self::When(expr) => Some(expr),
            Self::Never | Self::Always => None,
        }
    }
}

/// Compiles the rules of one row.
pub struct Compiler<'a> {
    pub names: &'a Names<'a>,
    pub number: usize,
    pub place: usize,
}

impl Compiler<'_> {
    pub fn rules(&self, row: &Row, faults: &mut Vec<FormFault>) -> Rules {
        let Some(question) = self.names.question(self.place) else { return Rules::default() };
        let list = question.kind.list().map(str::to_owned);
        let calculation = self.expr("calculation", row.calculation.as_ref(), faults);
        let rules = Rules {
            parent: question.rules.parent,
            repeats: question.rules.repeats.clone(),
            chain: question.rules.chain.clone(),
            relevant: self.expr("relevant", row.relevant.as_ref(), faults),
            constraint: self.expr("constraint", row.constraint.as_ref(), faults),
            choice_filter: row.choice_filter.as_ref().and_then(|source| {
                let inside = list.map_or(Inside::Form, Inside::List);
                self.told("choice_filter", expr::parse(source, self.names, Some(self.place), inside), faults)
            }),
            settles: calculation.as_ref().is_some_and(Expr::settles),
            calculation,
            trigger: self.trigger(row, faults),
            default: self.default(row, &question.kind, faults),
            shuffled: self.shuffled(row, faults),
            read_only: self.needed("read_only", row.read_only.as_ref(), faults),
            row_count: self.expr("repeat_count", row.repeat_count.as_ref(), faults),
            required: self.needed("required", row.required.as_ref(), faults),
            required_message: row.required_message.clone(),
            constraint_message: row.constraint_message.clone(),
            label: self.template("label", row.label.as_ref(), faults),
            hint: self.template("hint", row.hint.as_ref(), faults),
        };
        if rules.deciding().chain(rules.reading()).any(Expr::reads_last_saved) {
            faults.push(FormFault::at(
                Sheet::Survey,
                self.number,
                "name",
                FormFaultCode::LastSavedElsewhere,
                &row.name,
            ));
        }
        rules
    }

    fn expr(&self, column: &str, source: Option<&String>, faults: &mut Vec<FormFault>) -> Option<Expr> {
        self.told(column, expr::parse(source?, self.names, Some(self.place), Inside::Form), faults)
    }

    fn told(
        &self,
        column: &str,
        parsed: Result<Expr, expr::ExprFault>,
        faults: &mut Vec<FormFault>,
    ) -> Option<Expr> {
        let fault = |fault| FormFault::expression(Sheet::Survey, self.number, column, &fault);
        parsed.map_err(|found| faults.push(fault(found))).ok()
    }

    fn needed(&self, column: &str, cell: Option<&Requirement>, faults: &mut Vec<FormFault>) -> Needed {
        match cell {
            None | Some(Requirement::Always(false)) => Needed::Never,
            Some(Requirement::Always(true)) => Needed::Always,
            Some(Requirement::When(source)) => {
                self.expr(column, Some(source), faults).map_or(Needed::Never, Needed::When)
            }
        }
    }

    /// `${a}`, or several with commas.
    fn trigger(&self, row: &Row, faults: &mut Vec<FormFault>) -> Option<Vec<usize>> {
        let mut places = Vec::new();
        for source in row.trigger.as_ref()?.split(',') {
            match self.told(
                "trigger",
                expr::parse(source, self.names, Some(self.place), Inside::Form),
                faults,
            ) {
                Some(Expr::Answer { place, .. }) => places.push(place),
                Some(_) => faults.push(FormFault::at(
                    Sheet::Survey,
                    self.number,
                    "trigger",
                    FormFaultCode::Unexpected,
                    source,
                )),
                None => {}
            }
        }
        Some(places)
    }

    /// A default with a reference or a call in it is an expression; anything else is the answer itself.
    fn default(&self, row: &Row, kind: &QuestionKind, faults: &mut Vec<FormFault>) -> Option<Beginning> {
        let source = row.default.as_ref()?;
        if source.contains("${") || calls(source) {
            return self.expr("default", Some(source), faults).map(Beginning::Of);
        }
        let fixed = Now { ms: 0, offset_min: 0, seed: 0 };
        let value = coerced(kind, &Outcome::Text(source.clone()), fixed);
        if value.is_none() {
            let code = FormFaultCode::BadDefault;
            faults.push(FormFault::at(Sheet::Survey, self.number, "default", code, source));
        }
        value.map(Beginning::With)
    }

    /// `parameters: randomize=true seed=…`
    fn shuffled(&self, row: &Row, faults: &mut Vec<FormFault>) -> Option<Option<Expr>> {
        let parameter = |name: &str| {
            let pairs = row.parameters.as_deref().unwrap_or_default().split([' ', ',', ';']);
            pairs
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        let wanted = matches!(parameter("randomize"), Some("true" | "yes"));
        wanted.then(|| self.expr("parameters", parameter("seed").map(str::to_owned).as_ref(), faults))
    }

    fn template(
        &self,
        column: &str,
        words: Option<&Localised>,
        faults: &mut Vec<FormFault>,
    ) -> Option<Template> {
        let words = words?;
        let both = std::iter::once(&words.en).chain(&words.cy);
        if !both.into_iter().any(|text| text.contains("${")) {
            return None;
        }
        let en = self.pieces(column, &words.en, faults);
        Some(Template { en, cy: words.cy.as_ref().map(|text| self.pieces(column, text, faults)) })
    }

    fn pieces(&self, column: &str, text: &str, faults: &mut Vec<FormFault>) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((words, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else { break };
            pieces.push(Piece::Words(words.to_owned()));
            let source = format!("${{{name}}}");
            pieces.extend(self.expr(column, Some(&source), faults).map(Piece::Answer));
            rest = after;
        }
        pieces.push(Piece::Words(rest.to_owned()));
        pieces
    }
}

/// Whether a text holds a name with a bracket right behind it.
fn calls(source: &str) -> bool {
    let mut before = ' ';
    for each in source.chars() {
        if each == '(' && (before.is_alphanumeric() || before == '-') {
            return true;
        }
        before = each;
    }
    false
}
