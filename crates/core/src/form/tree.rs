//! A form laid over answers: every question in every row, whether it counts, and what expressions see.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::Evaluation;
use super::expr::{Expr, Node, Now, Outcome, Scope};
use super::{Answers, Form, Question, QuestionKind};
use crate::field::FieldKey;
use crate::ids::RowId;
use crate::value::Value;

/// So many times may one question stand, in all rows of all repeats around it together.
const STAND_LIMIT: usize = 2_000;

/// The rows a question stands in, outermost repeat first.
pub type Stand = Vec<RowId>;

pub struct Tree<'a> {
    pub form: &'a Form,
    pub answers: &'a Answers,
    pub now: Now,
    counts: BTreeSet<FieldKey>,
    pub calculated: BTreeMap<FieldKey, Value>,
}

impl<'a> Tree<'a> {
    pub fn new(form: &'a Form, answers: &'a Answers, now: Now) -> Self {
        let mut tree = Self { form, answers, now, counts: BTreeSet::new(), calculated: BTreeMap::new() };
        for place in &form.plan.order {
            tree.work_out(*place);
        }
        tree
    }

    /// As `new`, but working out only what was touched since `before`.
    pub fn again(
        form: &'a Form,
        answers: &'a Answers,
        now: Now,
        before: &Evaluation,
        touched: &BTreeSet<usize>,
    ) -> Self {
        let mut tree = Self { form, answers, now, counts: BTreeSet::new(), calculated: BTreeMap::new() };
        let kept =
            |field: &FieldKey| form.by_path.get(&field.path).is_some_and(|place| !touched.contains(place));
        tree.counts = before.visible.iter().filter(|field| kept(field)).cloned().collect();
        for (field, value) in before.calculated.iter().filter(|(field, _)| kept(field)) {
            tree.calculated.insert(field.clone(), value.as_str().map_or(Value::Null, Value::text));
        }
        for place in form.plan.order.iter().filter(|place| touched.contains(place)) {
            tree.work_out(*place);
        }
        tree
    }

    pub fn counts(&self, field: &FieldKey) -> bool {
        self.counts.contains(field)
    }

    /// Everywhere a question stands.
    pub fn stands(&self, question: &Question) -> Vec<Stand> {
        self.stands_under(&question.rules.repeats, &[], &[])
    }

    /// Where a question with these repeats around it stands, seen from a question standing in `rows` of
    /// `within`: in the rows of the repeats they share, and in every row of the others.
    fn stands_under(&self, repeats: &[usize], within: &[usize], rows: &[RowId]) -> Vec<Stand> {
        let mut stands: Vec<Stand> = vec![Vec::new()];
        let mut shared = within.iter().zip(rows);
        for repeat in repeats {
            let fixed = shared.next().filter(|(other, _)| *other == repeat).map(|(_, row)| *row);
            if fixed.is_none() {
                shared = [].iter().zip(&[]);
            }
            stands = stands
                .into_iter()
                .flat_map(|stand| {
                    let next =
                        fixed.map_or_else(|| self.rows(*repeat, stand.last().copied()), |row| vec![row]);
                    next.into_iter().map(move |row| [stand.as_slice(), &[row]].concat())
                })
                .take(STAND_LIMIT)
                .collect();
        }
        stands
    }

    /// The rows of a repeat, in the row of the repeat around it.
    fn rows(&self, repeat: usize, around: Option<RowId>) -> Vec<RowId> {
        let Some(question) = self.form.questions.get(repeat) else { return Vec::new() };
        let QuestionKind::Repeat { max, .. } = question.kind else { return Vec::new() };
        let field = FieldKey { path: question.path.clone(), row: around };
        match self.answers.get(&field) {
            Some(Value::Codes(rows)) => {
                let most = usize::try_from(max).unwrap_or(usize::MAX);
                rows.iter().filter_map(|row| row.parse().ok()).take(most).collect()
            }
            _ => Vec::new(),
        }
    }

    /// First whether it counts, then what it is calculated to.
    fn work_out(&mut self, place: usize) {
        let Some(question) = self.form.questions.get(place) else { return };
        for stand in self.stands(question) {
            let field = key(question, &stand);
            let parent = question.rules.parent.and_then(|parent| self.form.questions.get(parent));
            let within = parent.is_none_or(|parent| self.counts.contains(&key(parent, &stand)));
            let holds = |expr: &Expr| self.evaluate(expr, question, &stand).truth();
            if !within || !question.rules.relevant.as_ref().is_none_or(holds) {
                continue;
            }
            let result =
                question.rules.calculation.as_ref().map(|expr| self.evaluate(expr, question, &stand));
            if let Some(value) = result.as_ref().and_then(result_value) {
                self.calculated.insert(field.clone(), value);
            }
            self.counts.insert(field);
        }
    }

    pub fn evaluate(&self, expr: &Expr, from: &Question, stand: &Stand) -> Outcome {
        self.evaluate_for(expr, Some((from, stand)), &|_| String::new(), "en")
    }

    /// Evaluates a choice filter over one choice, whose columns `column` gives.
    pub fn admits(
        &self,
        filter: &Expr,
        from: &Question,
        stand: &Stand,
        column: &dyn Fn(&str) -> String,
    ) -> bool {
        self.evaluate_for(filter, Some((from, stand)), column, "en").truth()
    }

    /// The one line of a record.
    pub fn line(&self, expr: &Expr, language: &str) -> String {
        self.evaluate_for(expr, None, &|_| String::new(), language).text()
    }

    fn evaluate_for(
        &self,
        expr: &Expr,
        from: Option<(&Question, &Stand)>,
        column: &dyn Fn(&str) -> String,
        language: &str,
    ) -> Outcome {
        let (within, rows) = from.map_or((&[][..], &[][..]), |(question, stand)| {
            (question.rules.repeats.as_slice(), stand.as_slice())
        });
        let scope = Scope {
            answers: &|place| self.nodes(place, within, rows),
            column,
            label: &|place, name| self.label(place, name, language),
            now: self.now,
        };
        expr.evaluate(&scope)
    }

    fn nodes(&self, place: usize, within: &[usize], rows: &[RowId]) -> Vec<Node> {
        let Some(question) = self.form.questions.get(place) else { return Vec::new() };
        let stands = self.stands_under(&question.rules.repeats, within, rows);
        if let QuestionKind::Repeat { .. } = question.kind {
            let counting = stands.iter().filter(|stand| self.counts(&key(question, stand)));
            let rows = counting.flat_map(|stand| self.rows(place, stand.last().copied()));
            return rows.map(|row| Node::text(row.to_string())).collect();
        }
        stands.iter().map(|stand| self.node(&key(question, stand))).collect()
    }

    /// An answer that does not count is empty to every expression.
    fn node(&self, field: &FieldKey) -> Node {
        if self.counts(field) { self.value(field).map(|value| Node::of(value, self.now)) } else { None }
            .unwrap_or_default()
    }

    /// The answer given or calculated, whether it counts or not.
    pub fn value(&self, field: &FieldKey) -> Option<&Value> {
        self.calculated.get(field).or_else(|| self.answers.get(field))
    }

    fn label(&self, place: usize, name: &str, language: &str) -> String {
        let kind = self.form.questions.get(place).map(|question| &question.kind);
        let Some(list) = kind.and_then(QuestionKind::list) else { return name.to_owned() };
        let choice = self.form.choices(list).iter().find(|choice| choice.name == name);
        choice.map_or_else(|| name.to_owned(), |choice| choice.label.get(language).to_owned())
    }
}

/// The field of a question that stands in these rows, or in rows below them.
pub fn key(question: &Question, stand: &[RowId]) -> FieldKey {
    let depth = question.rules.repeats.len();
    let row = depth.checked_sub(1).and_then(|last| stand.get(last)).copied();
    FieldKey { path: question.path.clone(), row }
}

/// A calculation that comes to nothing, or to no number, gives no answer.
fn result_value(outcome: &Outcome) -> Option<Value> {
    if let Outcome::Number(number) = outcome
        && !number.is_finite()
    {
        return None;
    }
    let text = outcome.text();
    (!text.is_empty() && text.len() <= crate::value::TEXT_LIMIT).then(|| Value::text(&text))
}
