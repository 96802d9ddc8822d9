//! What the form itself answers: defaults when a draft or a row begins, and what one answer sets off.

use std::collections::{BTreeMap, BTreeSet};

use super::coerce::coerced;
use super::expr::{Now, Outcome};
use super::rules::Beginning;
use super::tree::{Stand, Tree, key};
use super::{Answers, Form, Metadatum, Question, QuestionKind};
use crate::field::FieldKey;
use crate::ids::RowId;
use crate::rows::{in_order, order_field, order_value};
use crate::value::Value;

/// So many times may one answer set off another before it is let be.
const ROUNDS: usize = 16;

/// Who begins a draft, on what, and what they saved the last time.
#[derive(Clone, Debug, Default)]
pub struct Beginner {
    pub officer: String,
    pub email: String,
    pub device: String,
    pub last_saved: Answers,
}

/// The answers a new draft begins with. `row` gives the id of each row that an expression asks for.
#[must_use]
pub fn begin(form: &Form, beginner: &Beginner, now: Now, row: &mut dyn FnMut() -> RowId) -> Answers {
    let mut answers = Answers::default();
    for (place, question) in form.questions.iter().enumerate().filter(|(_, each)| each.repeat.is_none()) {
        let value = if let QuestionKind::Metadata { what } = &question.kind {
            about(*what, beginner, now)
        } else {
            beginning(form, &answers, Some(&beginner.last_saved), (place, &Vec::new()), now)
        };
        value.into_iter().for_each(|value| answers.insert(FieldKey::new(question.path.as_str()), value));
    }
    let mut counted = answers.clone();
    count_rows(form, &answers, now, row, &mut counted);
    consequences(form, &answers, &counted, now, row)
}

/// The paths of the questions that begin with what was saved the last time.
pub fn from_last_time(form: &Form) -> impl Iterator<Item = &str> {
    let asks = |question: &&Question| matches!(&question.rules.default, Some(Beginning::Of(expr)) if expr.reads_last_saved());
    form.questions.iter().filter(asks).map(|question| question.path.as_str())
}

/// What is known only when a draft is saved.
#[must_use]
pub fn finished(form: &Form, answers: &Answers, now: Now) -> Answers {
    let mut answers = answers.clone();
    for question in &form.questions {
        if let QuestionKind::Metadata { what: Metadatum::End } = question.kind {
            let value = Value::Instant { ms: now.ms, offset_min: now.offset_min };
            answers.insert(FieldKey::new(question.path.as_str()), value);
        }
    }
    answers
}

/// The answers after `before` became `after`, with what that sets off: calculations that wait for a trigger, rows that
/// an expression asks for, and the defaults of new rows.
#[must_use]
pub fn consequences(
    form: &Form,
    before: &Answers,
    after: &Answers,
    now: Now,
    row: &mut dyn FnMut() -> RowId,
) -> Answers {
    let mut before = before.clone();
    let mut after = after.clone();
    for _ in 0..ROUNDS {
        let changed: BTreeSet<&str> = after
            .fields()
            .chain(before.fields())
            .filter(|field| before.get(field) != after.get(field))
            .map(|field| field.path.as_str())
            .collect();
        if changed.is_empty() {
            break;
        }
        let mut next = after.clone();
        set_off(form, &after, &changed, now, &mut next);
        count_rows(form, &after, now, row, &mut next);
        begin_rows(form, &before, &after, now, &mut next);
        before = after;
        after = next;
    }
    after
}

fn about(what: Metadatum, beginner: &Beginner, now: Now) -> Option<Value> {
    let text = match what {
        Metadatum::Start => return Some(Value::Instant { ms: now.ms, offset_min: now.offset_min }),
        Metadatum::Today => return coerced(&QuestionKind::Date, &Outcome::node(now.today()), now),
        Metadatum::End | Metadatum::Phone => return None,
        Metadatum::Device => &beginner.device,
        Metadatum::Officer => &beginner.officer,
        Metadatum::Email => &beginner.email,
    };
    (!text.is_empty()).then(|| Value::text(text))
}

fn beginning(
    form: &Form,
    answers: &Answers,
    last: Option<&Answers>,
    (place, stand): (usize, &Stand),
    now: Now,
) -> Option<Value> {
    let question = form.questions.get(place)?;
    match question.rules.default.as_ref()? {
        Beginning::With(Value::Place(at)) => {
            Some(Value::Place(crate::value::Place { fixed_at: now.ms, ..*at }))
        }
        Beginning::With(value) => Some(value.clone()),
        Beginning::Of(expr) => {
            let mut tree = Tree::new(form, answers, now);
            tree.last = last;
            coerced(&question.kind, &tree.evaluate(expr, place, stand), now)
        }
    }
}

fn set_off(form: &Form, answers: &Answers, changed: &BTreeSet<&str>, now: Now, next: &mut Answers) {
    let waits = |question: &Question| {
        let sources = question.rules.trigger.iter().flatten();
        sources
            .filter_map(|source| form.questions.get(*source))
            .any(|each| changed.contains(each.path.as_str()))
    };
    let mut tree = None;
    for (place, question) in form.questions.iter().enumerate().filter(|(_, question)| waits(question)) {
        let Some(calculation) = &question.rules.calculation else { continue };
        let tree = tree.get_or_insert_with(|| Tree::new(form, answers, now));
        for stand in tree.stands(question) {
            let value = coerced(&question.kind, &tree.evaluate(calculation, place, &stand), now);
            next.insert(key(question, &stand), value.unwrap_or(Value::Null));
        }
    }
}

/// Rows are added until there are as many as the form says. Fewer than there are only hides the last ones.
fn count_rows(form: &Form, answers: &Answers, now: Now, row: &mut dyn FnMut() -> RowId, next: &mut Answers) {
    let counted = |question: &&Question| matches!(question.kind, QuestionKind::Repeat { counted: true, .. });
    let mut tree = None;
    for question in form.questions.iter().filter(counted) {
        let QuestionKind::Repeat { max, .. } = question.kind else { continue };
        let tree = tree.get_or_insert_with(|| Tree::new(form, answers, now));
        for stand in tree.stands(question) {
            let most = usize::try_from(max).unwrap_or(usize::MAX);
            let wanted = tree.row_count(question, &stand).unwrap_or(0).min(most);
            let field = key(question, &stand);
            let mut rows: BTreeSet<RowId> = match answers.get(&field) {
                Some(Value::Codes(rows)) => rows.iter().filter_map(|row| row.parse().ok()).collect(),
                _ => BTreeSet::new(),
            };
            if wanted <= rows.len() {
                continue;
            }
            let mut order = in_order(&rows, answers.get(&order_field(&field)));
            while rows.len() < wanted {
                let id = row();
                if rows.insert(id) {
                    order.push(id);
                }
            }
            next.insert(order_field(&field), order_value(&order));
            next.insert(field, Value::Codes(rows.iter().map(RowId::to_string).collect()));
        }
    }
}

/// A row that was not there before begins with its defaults. One that came with answers, as a copy does, keeps them.
fn begin_rows(form: &Form, before: &Answers, after: &Answers, now: Now, next: &mut Answers) {
    let mut new: BTreeMap<&str, BTreeSet<RowId>> = BTreeMap::new();
    for (field, value) in &after.0 {
        let (Some(repeat), Value::Codes(rows)) = (form.question(&field.path), value) else { continue };
        if !matches!(repeat.kind, QuestionKind::Repeat { .. }) {
            continue;
        }
        let there = |row: &&String| match before.get(field) {
            Some(Value::Codes(rows)) => rows.contains(*row),
            _ => false,
        };
        let fresh = rows.iter().filter(|row| !there(row)).filter_map(|row| row.parse::<RowId>().ok());
        new.entry(repeat.path.as_str()).or_default().extend(fresh);
    }
    if new.values().all(BTreeSet::is_empty) {
        return;
    }
    let tree = Tree::new(form, after, now);
    for (place, question) in form.questions.iter().enumerate() {
        let Some(rows) = question.repeat.as_deref().and_then(|repeat| new.get(repeat)) else { continue };
        for stand in tree
            .stands(question)
            .into_iter()
            .filter(|stand| stand.last().is_some_and(|row| rows.contains(row)))
        {
            let field = key(question, &stand);
            if next.get(&field).is_none()
                && let Some(value) = beginning(form, after, None, (place, &stand), now)
            {
                next.insert(field, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
