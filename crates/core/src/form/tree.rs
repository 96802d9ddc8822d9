//! A form laid over answers: every question in every row, whether it counts, and what expressions see.

use std::collections::{BTreeMap, BTreeSet};

use super::coerce::coerced;
use super::evaluate::Evaluation;
use super::expr::{Expr, Node, Now, Outcome, Scope};
use super::{Answers, Form, Question, QuestionKind};
use crate::field::{FieldKey, ORDER};
use crate::ids::{RowId, Sha256};
use crate::rows::{in_order, order_field};
use crate::value::Value;

/// So many times may one question stand, in all rows of all repeats around it together.
pub const STAND_LIMIT: usize = 2_000;

/// The rows a question stands in, outermost repeat first.
pub type Stand = Vec<RowId>;

/// A question and the row of its innermost repeat.
type Spot = (usize, Option<RowId>);

pub struct Tree<'a> {
    pub form: &'a Form,
    pub answers: &'a Answers,
    pub now: Now,
    /// What the officer saved the last time, for the defaults of a new draft.
    pub last: Option<&'a Answers>,
    counts: BTreeSet<Spot>,
    calculated: BTreeMap<Spot, Value>,
    rows: BTreeMap<Spot, Vec<RowId>>,
}

impl<'a> Tree<'a> {
    pub fn new(form: &'a Form, answers: &'a Answers, now: Now) -> Self {
        Self::working_out(form, answers, now, &form.plan.order)
    }

    /// Only these questions, each after those that decide it.
    pub fn working_out(form: &'a Form, answers: &'a Answers, now: Now, order: &[usize]) -> Self {
        let mut tree = Self::empty(form, answers, now);
        for place in order {
            tree.work_out(*place);
        }
        tree
    }

    fn empty(form: &'a Form, answers: &'a Answers, now: Now) -> Self {
        Self {
            form,
            answers,
            now,
            last: None,
            counts: BTreeSet::new(),
            calculated: BTreeMap::new(),
            rows: BTreeMap::new(),
        }
    }

    /// As `new`, but working out only what was touched since `before`.
    pub fn again(
        form: &'a Form,
        answers: &'a Answers,
        now: Now,
        before: &Evaluation,
        touched: &BTreeSet<usize>,
    ) -> Self {
        let mut tree = Self::empty(form, answers, now);
        let kept = |field: &FieldKey| {
            let place = form.by_path.get(&field.path).copied()?;
            (!touched.contains(&place)).then_some((place, field.row))
        };
        tree.counts = before.visible.iter().filter_map(kept).collect();
        tree.rows =
            before.rows.iter().filter_map(|(field, rows)| Some((kept(field)?, rows.clone()))).collect();
        for (field, json) in &before.calculated {
            let Some(spot) = kept(field) else { continue };
            let read = super::answer_from_json(form, field, json);
            tree.calculated.insert(spot, read.unwrap_or(Value::Null));
        }
        for place in form.plan.order.iter().filter(|place| touched.contains(place)) {
            tree.work_out(*place);
        }
        tree
    }

    fn question(&self, place: usize) -> Option<&'a Question> {
        self.form.questions.get(place)
    }

    pub fn counts(&self, place: usize, stand: &[RowId]) -> bool {
        self.counts.contains(&self.spot(place, stand))
    }

    pub fn calculated(&self, place: usize, stand: &[RowId]) -> Option<&Value> {
        self.calculated.get(&self.spot(place, stand))
    }

    /// The spot of a question that stands in these rows, or in rows below them.
    fn spot(&self, place: usize, stand: &[RowId]) -> Spot {
        let depth = self.question(place).map_or(0, |question| question.rules.repeats.len());
        (place, depth.checked_sub(1).and_then(|last| stand.get(last)).copied())
    }

    /// The repeats around a question, itself the last where it is one.
    pub fn chain(&self, place: usize) -> &'a [usize] {
        self.question(place).map(|question| question.rules.chain.as_slice()).unwrap_or_default()
    }

    /// Everywhere a question stands.
    pub fn stands(&self, question: &Question) -> Vec<Stand> {
        let mut stands: Vec<Stand> = vec![Vec::new()];
        for repeat in &question.rules.repeats {
            stands = stands
                .into_iter()
                .flat_map(|stand| {
                    let rows = self.rows(*repeat, stand.last().copied()).to_vec();
                    rows.into_iter().map(move |row| [stand.as_slice(), &[row]].concat())
                })
                .take(STAND_LIMIT)
                .collect();
        }
        stands
    }

    /// The rows of a repeat that count, in their order, in the row of the repeat around it.
    pub fn rows(&self, repeat: usize, around: Option<RowId>) -> &[RowId] {
        self.rows.get(&(repeat, around)).map(Vec::as_slice).unwrap_or_default()
    }

    /// First whether it counts, then which rows it has, then what it is calculated to.
    fn work_out(&mut self, place: usize) {
        let Some(question) = self.question(place) else { return };
        let rules = &question.rules;
        for stand in self.stands(question) {
            let spot = self.spot(place, &stand);
            let within = rules.parent.is_none_or(|parent| self.counts(parent, &stand));
            let holds = |expr: &Expr| self.evaluate(expr, place, &stand).truth();
            if !within || !rules.relevant.as_ref().is_none_or(holds) {
                continue;
            }
            if let QuestionKind::Repeat { max, .. } = question.kind {
                let rows = self.rows_now(question, &stand, max);
                self.rows.insert(spot, rows);
            }
            if let Some(value) = self.result(place, question, &stand) {
                self.calculated.insert(spot, value);
            }
            self.counts.insert(spot);
        }
    }

    /// What a calculation comes to. One that is set off by another answer stands as an answer itself, and one that
    /// settles keeps what it came to the first time.
    fn result(&self, place: usize, question: &Question, stand: &[RowId]) -> Option<Value> {
        let rules = &question.rules;
        let calculation = rules.calculation.as_ref().filter(|_| rules.trigger.is_none())?;
        if rules.settles && self.answered(place, stand).is_some() {
            return None;
        }
        coerced(&question.kind, &self.evaluate(calculation, place, stand), self.now)
    }

    /// The rows there are, in the officer's order and then by their ids, and no more of them than there may be.
    fn rows_now(&self, question: &Question, stand: &[RowId], max: u32) -> Vec<RowId> {
        let field = key(question, stand);
        let Some(Value::Codes(there)) = self.answers.get(&field) else { return Vec::new() };
        let there: BTreeSet<RowId> = there.iter().filter_map(|row| row.parse().ok()).collect();
        let mut rows = in_order(&there, self.answers.get(&order_field(&field)));
        let most = self.row_count(question, stand).unwrap_or(usize::MAX);
        rows.truncate(most.min(usize::try_from(max).unwrap_or(usize::MAX)));
        rows
    }

    /// How many rows an expression says a repeat has.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "less than nothing is nothing, and the cast saturates"
    )]
    pub fn row_count(&self, question: &Question, stand: &[RowId]) -> Option<usize> {
        let place = *self.form.by_path.get(&question.path)?;
        let count = question.rules.row_count.as_ref()?;
        Some(self.evaluate(count, place, stand).number() as usize)
    }

    pub fn scope<'s>(&'s self, own: Option<usize>, rows: &'s [RowId], language: &'s str) -> Scope<'s> {
        Scope { tree: self, now: self.now, language, own, rows, candidate: None }
    }

    pub fn evaluate(&self, expr: &Expr, place: usize, stand: &[RowId]) -> Outcome {
        let mut scope = self.scope(Some(place), stand, "en");
        if expr.settles() {
            scope.now.seed = self.seed(place, stand);
        }
        expr.evaluate(&scope)
    }

    /// What chance is drawn from at one question in one row, so that two of them draw differently.
    pub fn seed(&self, place: usize, stand: &[RowId]) -> u64 {
        let field = self.question(place).map(|question| key(question, stand).to_string());
        let salted = format!("{}/{}", self.now.seed, field.unwrap_or_default());
        let Sha256([a, b, c, d, e, f, g, h, ..]) = Sha256::of(salted.as_bytes());
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// The one line of a record.
    pub fn line(&self, expr: &Expr, language: &str) -> String {
        expr.evaluate(&self.scope(None, &[], language)).text()
    }

    /// An answer as expressions see it: empty where it does not count. A row of a repeat is its id.
    pub fn node(&self, place: usize, stand: &[RowId]) -> Node {
        let Some(question) = self.question(place).filter(|_| self.counts(place, stand)) else {
            return Node::default();
        };
        if let QuestionKind::Repeat { .. } = question.kind {
            return stand.last().map(|row| Node::text(row.to_string())).unwrap_or_default();
        }
        self.value(place, stand).map(|value| Node::of(value, self.now)).unwrap_or_default()
    }

    /// The answer given or calculated, whether it counts or not.
    pub fn value(&self, place: usize, stand: &[RowId]) -> Option<&Value> {
        self.calculated(place, stand).or_else(|| self.given(place, stand))
    }

    fn given(&self, place: usize, stand: &[RowId]) -> Option<&Value> {
        self.question(place).and_then(|question| self.answers.get(&key(question, stand)))
    }

    fn answered(&self, place: usize, stand: &[RowId]) -> Option<&Value> {
        self.given(place, stand).filter(|value| !super::check::is_empty(value))
    }

    /// The answer that is there already, for `once`.
    pub fn stored(&self, place: usize, stand: &[RowId]) -> Option<Node> {
        self.answered(place, stand).map(|value| Node::of(value, self.now))
    }

    pub fn last_saved(&self, place: usize) -> Node {
        let question = self.question(place).filter(|question| question.repeat.is_none());
        let value = question.and_then(|question| self.last?.get(&FieldKey::new(question.path.as_str())));
        value.map(|value| Node::of(value, self.now)).unwrap_or_default()
    }

    pub fn label(&self, place: usize, name: &str, language: &str) -> String {
        let list = self.question(place).and_then(|question| question.kind.list());
        let choice = list.and_then(|list| self.form.choices(list).iter().find(|choice| choice.name == name));
        choice.map_or_else(|| name.to_owned(), |choice| choice.label.get(language).to_owned())
    }

    /// What a list says of one of its choices.
    pub fn cell(&self, list: &str, item: usize, column: &str, language: &str) -> Node {
        let Some(choice) = self.form.choices(list).get(item) else { return Node::default() };
        Node::text(match column {
            "name" => &choice.name,
            "label" => choice.label.get(language),
            _ => choice.columns.get(column).map(String::as_str).unwrap_or_default(),
        })
    }
}

/// The field of a question that stands in these rows, or in rows below them.
pub fn key(question: &Question, stand: &[RowId]) -> FieldKey {
    let depth = question.rules.repeats.len();
    let row = depth.checked_sub(1).and_then(|last| stand.get(last)).copied();
    FieldKey { path: question.path.clone(), row }
}

/// The question whose state a field decides: its own, or the repeat whose rows it puts in order.
pub fn path_of(field: &FieldKey) -> &str {
    field.path.strip_prefix(ORDER).unwrap_or(&field.path)
}
