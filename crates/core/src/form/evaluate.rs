//! The state of a form over its answers: what is asked, what is needed, what is wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::answers::ordered_repeat;
use super::check::{State, check};
use super::expr::Now;
use super::fault::{Fault, FaultCode};
use super::rules::{Piece, Template};
use super::tree::{Stand, Tree, key, path_of};
use super::{Answers, Form, Localised, QuestionKind};
use crate::field::{FieldKey, ORDER};
use crate::ids::RowId;
use crate::rows::order_field;
use crate::value::{Value, to_json};

/// What a screen needs to know after an answer was given.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Evaluation {
    /// Every question, note and section that counts now, in every row.
    pub visible: BTreeSet<FieldKey>,
    /// Those that must be answered.
    pub required: BTreeSet<FieldKey>,
    /// What is wrong, in the order of the form; at most one for each question.
    pub faults: Vec<Fault>,
    /// What calculated questions come to.
    pub calculated: BTreeMap<FieldKey, serde_json::Value>,
    /// The choices on offer where the form narrows or shuffles a list; other questions offer the whole list.
    /// Long lists are not here: ask `offer`.
    pub choices: BTreeMap<FieldKey, Vec<String>>,
    /// Those that are shown and not for this person to change.
    pub read_only: BTreeSet<FieldKey>,
    /// The rows of each repeat that count now, in the order they stand.
    pub rows: BTreeMap<FieldKey, Vec<RowId>>,
    /// Labels and hints that speak of other answers, filled in; the others stand in the form.
    pub said: BTreeMap<FieldKey, Said>,
}

/// The words of a question as they read over these answers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Said {
    pub label: Option<Localised>,
    pub hint: Option<Localised>,
}

/// Works the whole form out.
#[must_use]
pub fn evaluate(form: &Form, answers: &Answers, now: Now) -> Evaluation {
    let tree = Tree::new(form, answers, now);
    complete(&tree, Evaluation::default(), &(0..form.questions.len()).collect())
}

/// As `evaluate`, looking again only at what a change of one answer touches: equal to evaluating anew.
#[must_use]
pub fn re_evaluate(
    form: &Form,
    before: &Evaluation,
    answers: &Answers,
    changed: &FieldKey,
    now: Now,
) -> Evaluation {
    let mut places = form.plan.clocked.clone();
    places.extend(form.by_path.get(path_of(changed)));
    let touched = form.plan.touched_by_all(&places);
    let tree = Tree::again(form, answers, now, before, &touched);
    let kept = |field: &FieldKey| form.by_path.get(&field.path).is_some_and(|place| !touched.contains(place));
    let mut evaluation = before.clone();
    evaluation.visible.retain(kept);
    evaluation.required.retain(kept);
    evaluation.read_only.retain(kept);
    evaluation.faults.retain(|fault| kept(&fault.field));
    evaluation.calculated.retain(|field, _| kept(field));
    evaluation.choices.retain(|field, _| kept(field));
    evaluation.rows.retain(|field, _| kept(field));
    evaluation.said.retain(|field, _| kept(field));
    complete(&tree, evaluation, &touched)
}

fn complete(tree: &Tree<'_>, mut evaluation: Evaluation, places: &BTreeSet<usize>) -> Evaluation {
    let form = tree.form;
    for place in places {
        let Some(question) = form.questions.get(*place) else { continue };
        for stand in tree.stands(question) {
            if tree.counts(*place, &stand) {
                tell(tree, *place, &stand, &mut evaluation);
            }
        }
    }
    let unknown = tree.answers.fields().filter(|field| {
        let known = if field.is_system() {
            !field.path.starts_with(ORDER) || ordered_repeat(form, field).is_some()
        } else {
            form.by_path.contains_key(&field.path)
        };
        !known
    });
    evaluation.faults.extend(unknown.map(|field| Fault::new(field.clone(), FaultCode::UnknownField, None)));
    let place = |fault: &Fault| form.by_path.get(&fault.field.path).copied().unwrap_or(usize::MAX);
    evaluation.faults.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.field.cmp(&b.field)));
    evaluation
}

/// Adds what a screen should know of one question in one row.
fn tell(tree: &Tree<'_>, place: usize, stand: &Stand, evaluation: &mut Evaluation) {
    let Some(question) = tree.form.questions.get(place) else { return };
    let field = key(question, stand);
    let State { required, read_only, choices, fault } = check(tree, place, question, stand);
    if required {
        evaluation.required.insert(field.clone());
    }
    if read_only {
        evaluation.read_only.insert(field.clone());
    }
    if let Some(choices) = choices {
        evaluation.choices.insert(field.clone(), choices);
    }
    if let Some(value) = tree.calculated(place, stand) {
        evaluation.calculated.insert(field.clone(), to_json(value));
    }
    if let QuestionKind::Repeat { .. } = question.kind {
        let rows = tree.rows(place, field.row).to_vec();
        evaluation.rows.insert(field.clone(), rows);
    }
    if question.rules.label.is_some() || question.rules.hint.is_some() {
        let fill =
            |template: &Option<Template>| template.as_ref().map(|words| filled(tree, words, place, stand));
        let said = Said { label: fill(&question.rules.label), hint: fill(&question.rules.hint) };
        evaluation.said.insert(field.clone(), said);
    }
    evaluation.faults.extend(fault);
    evaluation.visible.insert(field);
}

fn filled(tree: &Tree<'_>, template: &Template, place: usize, stand: &Stand) -> Localised {
    let fill = |pieces: &[Piece]| {
        let said = |piece: &Piece| match piece {
            Piece::Words(words) => words.clone(),
            Piece::Answer(expr) => tree.evaluate(expr, place, stand).text(),
        };
        pieces.iter().map(said).collect::<String>()
    };
    Localised { en: fill(&template.en), cy: template.cy.as_deref().map(fill) }
}

/// What saving keeps: answers that count, text without the blanks around it, calculations as they come out.
/// A draft keeps the others; a question that no longer counts is not among these, so a record that had an
/// answer to it loses it.
#[must_use]
pub fn to_save(form: &Form, answers: &Answers, now: Now) -> Answers {
    let tree = Tree::new(form, answers, now);
    let mut saved = Answers::default();
    for (place, question) in form.questions.iter().enumerate() {
        if !question.kind.is_answered() {
            continue;
        }
        for stand in tree.stands(question).into_iter().filter(|stand| tree.counts(place, stand)) {
            let field = key(question, &stand);
            if let QuestionKind::Repeat { .. } = question.kind {
                let order = order_field(&field);
                let rows: BTreeSet<String> =
                    tree.rows(place, field.row).iter().map(ToString::to_string).collect();
                if rows.is_empty() {
                    continue;
                }
                saved.insert(field, Value::Codes(rows));
                if let Some(value) = answers.get(&order) {
                    saved.insert(order, value.clone());
                }
                continue;
            }
            let Some(value) = tree.value(place, &stand) else { continue };
            saved.insert(field, tidied(&question.kind, value));
        }
    }
    saved
}

/// Text without the blanks around it.
fn tidied(kind: &QuestionKind, value: &Value) -> Value {
    match (kind, value) {
        (QuestionKind::Text { .. } | QuestionKind::Barcode { .. }, Value::Text(text)) => match text.trim() {
            "" => Value::Null,
            text => Value::text(text),
        },
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests;
