//! From what is in a draft to the edits of one change: what is new, over what
//! was seen. Nothing is written here.

use crate::clock::Reading;
use crate::save::{Faults, answers_of, moment_of};
use crate::store::DraftRow;
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::change::{Context, Edit, Member, PhotoFacts};
use kerbside_core::field::{FieldKey, ORDER};
use kerbside_core::form::{
    Answers, Fault, FaultCode, Form, Merge, QuestionKind, answers_from_json, evaluate, finished, to_save,
};
use kerbside_core::ids::{RecordId, Sha256};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::{Record, Register};
use kerbside_core::value::{Value, to_json};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is in a draft, worked out.
pub(super) struct Contents {
    pub row: DraftRow,
    pub form: Arc<Form>,
    pub seen: BTreeMap<FieldKey, (Context, Json)>,
    /// The version it was begun on, where it was moved to another.
    pub older: Option<Arc<Form>>,
    pub json: Map<String, Json>,
    pub answers: Answers,
    /// Answers to what this version of the form does not ask.
    pub parked: BTreeMap<FieldKey, Json>,
    pub unreadable: Vec<Fault>,
    pub photos: Vec<(FieldKey, Sha256, PhotoFacts)>,
}

impl Vault {
    pub(super) fn editing(&self, record: RecordId, contents: &Contents, now: Reading) -> Result<Vec<Edit>> {
        let head = self.head(record)?;
        let before =
            evaluate(&contents.form, &seen_answers(contents), moment_of(contents.row.id, now)).faults;
        let after = evaluate(&contents.form, &contents.answers, moment_of(contents.row.id, now)).faults;
        // What was wrong before this officer came is not theirs to put right.
        let ours: Vec<Fault> = after.into_iter().filter(|fault| !before.contains(fault)).collect();
        if !ours.is_empty() {
            return Err(Faults(ours).into());
        }
        let finished = finished(&contents.form, &contents.answers, moment_of(contents.row.id, now));
        let wanted = to_save(&contents.form, &finished, moment_of(contents.row.id, now));
        let standing = to_save(&contents.form, &seen_answers(contents), moment_of(contents.row.id, now));
        let mut edits = Vec::new();
        let mut fields: Vec<&FieldKey> = wanted.fields().chain(standing.fields()).collect();
        fields.sort_unstable();
        fields.dedup();
        for field in fields {
            let now_is = wanted.get(field).cloned().unwrap_or(Value::Null);
            let was = standing.get(field).cloned().unwrap_or(Value::Null);
            if now_is != was && !is_photos(&contents.form, field) {
                answered_once(contents, field, &was)?;
                edits.extend(edit_of(contents, &head, field, &was, now_is));
            }
        }
        edits.extend(contents.parked_edits());
        edits.extend(contents.photos.iter().map(attach));
        if edits.is_empty() {
            return Err(Problem::new(Code::NothingChanged, "Nothing was changed").into());
        }
        self.refuse_own_concurrency(&head, &edits)?;
        Ok(edits)
    }

    /// No actor may be concurrent with itself: an old draft under which this
    /// officer has answered since is shown the newer answer first.
    fn refuse_own_concurrency(&self, head: &Record, edits: &[Edit]) -> Result<()> {
        let actor = self.store.progress()?.actor;
        for edit in edits {
            let Edit::Put { field, context, .. } = edit else { continue };
            let values = head.register(field).map(Register::values).unwrap_or_default();
            if values.iter().any(|written| {
                written.stamp.dot.actor == actor && context.get(actor) < written.stamp.dot.counter
            }) {
                return Err(Problem::new(Code::NewerAnswer, "Answered again since this was opened").into());
            }
        }
        Ok(())
    }
}

pub(super) fn contents_of(
    row: DraftRow,
    (form, older): (Arc<Form>, Option<Arc<Form>>),
    seen: BTreeMap<FieldKey, (Context, Json)>,
    typed: Map<String, Json>,
) -> Contents {
    let mut json: Map<String, Json> =
        seen.iter().map(|(field, (_, answer))| (field.to_string(), answer.clone())).collect();
    json.extend(typed);
    let (answers, mut unreadable) = answers_from_json(&form, &json);
    // The name of a question of this version that was misspelt stays a fault.
    let parks = |fault: &mut Fault| {
        fault.code == FaultCode::UnknownField
            && (seen.contains_key(&fault.field)
                || older.as_ref().is_some_and(|older| older.question(asked_at(&fault.field)).is_some()))
    };
    let unknown = unreadable.extract_if(.., parks).map(|fault| fault.field);
    let parked: BTreeMap<FieldKey, Json> =
        unknown.filter_map(|field| json.remove(&field.to_string()).map(|answer| (field, answer))).collect();
    Contents { row, form, seen, older, json, answers, parked, unreadable, photos: Vec::new() }
}

/// The path of the question that a field belongs to; an order belongs to its repeat.
pub(super) fn asked_at(field: &FieldKey) -> &str {
    field.path.strip_prefix(ORDER).unwrap_or(&field.path)
}

fn seen_answers(contents: &Contents) -> Answers {
    let json = contents.seen.iter().map(|(field, (_, answer))| (field.to_string(), answer.clone())).collect();
    answers_from_json(&contents.form, &json).0
}

/// Everything in front of the officer, with what their edits will have to name.
pub(super) fn seen_in(head: &Record) -> BTreeMap<FieldKey, (Context, Json)> {
    let answers = answers_of(head);
    answers.0.iter().map(|(field, value)| (field.clone(), (head.context(field), to_json(value)))).collect()
}

/// A plate or a first sighting is written once: a second answer is refused here and flagged there.
fn answered_once(contents: &Contents, field: &FieldKey, was: &Value) -> Result<()> {
    let question = contents.form.question(&field.path);
    if *was != Value::Null && question.is_some_and(|question| question.merge == Merge::Once) {
        return Err(Faults(vec![Fault::new(field.clone(), FaultCode::AlreadyAnswered, question)]).into());
    }
    Ok(())
}

/// What was typed must be of the right kind before anything is made of it. The
/// form's other faults are said in the same breath.
pub(super) fn require_readable(contents: &Contents, now: Reading) -> Result<()> {
    if contents.unreadable.is_empty() {
        return Ok(());
    }
    let mut faults = contents.unreadable.clone();
    let said: Vec<FieldKey> = faults.iter().map(|fault| fault.field.clone()).collect();
    let others = evaluate(&contents.form, &contents.answers, moment_of(contents.row.id, now)).faults;
    faults.extend(others.into_iter().filter(|fault| !said.contains(&fault.field)));
    Err(Faults(faults).into())
}

pub(super) fn creating(contents: &Contents, now: Reading) -> Result<Vec<Edit>> {
    let faults = evaluate(&contents.form, &contents.answers, moment_of(contents.row.id, now)).faults;
    if !faults.is_empty() {
        return Err(Faults(faults).into());
    }
    let mut edits = vec![Edit::Create];
    let then = moment_of(contents.row.id, now);
    for (field, value) in to_save(&contents.form, &finished(&contents.form, &contents.answers, then), then).0
    {
        if is_photos(&contents.form, &field) || value == Value::Null {
            continue;
        }
        edits.push(match rows_in(&contents.form, &field, &value) {
            Some(rows) => Edit::SetAdd { field, members: rows },
            None => Edit::Put { field, context: Context::default(), value },
        });
    }
    edits.extend(contents.parked_edits());
    edits.extend(contents.photos.iter().map(attach));
    Ok(edits)
}

fn edit_of(contents: &Contents, head: &Record, field: &FieldKey, was: &Value, now_is: Value) -> Vec<Edit> {
    let is_repeat = matches!(kind(&contents.form, field), Some(QuestionKind::Repeat { .. }));
    if !is_repeat {
        let context = contents.seen.get(field).map(|(context, _)| context.clone()).unwrap_or_default();
        return vec![Edit::Put { field: field.clone(), context, value: now_is }];
    }
    let before = rows_in(&contents.form, field, was).unwrap_or_default();
    let after = rows_in(&contents.form, field, &now_is).unwrap_or_default();
    let mut edits = Vec::new();
    let added: Vec<Member> = after.iter().filter(|row| !before.contains(row)).cloned().collect();
    if !added.is_empty() {
        edits.push(Edit::SetAdd { field: field.clone(), members: added });
    }
    for member in before.into_iter().filter(|row| !after.contains(row)) {
        let context = head.member_context(field, &member);
        edits.push(Edit::SetRemove { field: field.clone(), context, members: vec![member] });
    }
    edits
}

fn attach((field, photo, facts): &(FieldKey, Sha256, PhotoFacts)) -> Edit {
    Edit::Attach { field: field.clone(), photo: *photo, facts: facts.clone() }
}

fn kind<'f>(form: &'f Form, field: &FieldKey) -> Option<&'f QuestionKind> {
    form.question(&field.path).map(|question| &question.kind)
}

fn is_photos(form: &Form, field: &FieldKey) -> bool {
    kind(form, field).is_some_and(QuestionKind::is_attached)
}

pub(super) fn rows_in(form: &Form, field: &FieldKey, value: &Value) -> Option<Vec<Member>> {
    let Some(QuestionKind::Repeat { .. }) = kind(form, field) else { return None };
    let Value::Codes(rows) = value else { return Some(Vec::new()) };
    Some(rows.iter().filter_map(|row| row.parse().ok()).map(Member::Row).collect())
}

impl Contents {
    /// Photos count as answers while a form is evaluated. Those of a question that only the older version has go with
    /// the record all the same, and stand in nobody's way.
    pub(super) fn show_photos(&mut self) {
        for (field, sha256, _) in &self.photos {
            let older = self.older.as_ref().is_some_and(|older| older.question(&field.path).is_some());
            if older && self.form.question(&field.path).is_none() {
                continue;
            }
            let mut hashes = match self.answers.get(field) {
                Some(Value::Codes(hashes)) => hashes.clone(),
                _ => std::collections::BTreeSet::new(),
            };
            hashes.insert(sha256.to_string());
            self.answers.insert(field.clone(), Value::Codes(hashes));
        }
    }
}

pub(crate) fn member_text(member: &Member) -> Option<String> {
    match member {
        Member::Row(row) => Some(row.to_string()),
        Member::Photo(photo) => Some(photo.to_string()),
        Member::Text(text) => Some(text.clone()),
        Member::Opaque { .. } => None,
    }
}

pub(super) fn key(field: &str) -> FieldKey {
    field.parse().unwrap_or_else(|_| FieldKey::new(field))
}
