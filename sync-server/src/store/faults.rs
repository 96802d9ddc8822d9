//! What a form holds against a change that a device made: a reason to look, never one to refuse.
//!
//! The device has judged it by the same form, so faults here are rare, and only then is more worked out than once:
//! a fault that another hour or the office's own answers explain is nobody's to look at.

use std::collections::{BTreeMap, BTreeSet};

use kerbside_core::change::{Change, Edit, Member};
use kerbside_core::field::FieldKey;
use kerbside_core::form::{Answers, FaultCode, Form, Now, evaluate};
use kerbside_core::record::Record;
use kerbside_core::value::Value;

use super::records::{self, member_text};

/// A device's clock may be in another zone, and its change does not say in which.
const A_DAY_MS: i64 = 24 * 60 * 60 * 1000;

type Found = BTreeSet<(FieldKey, FaultCode)>;

/// Whether the answers that this change gives break its form, over the record as its writer may have had it.
pub(super) fn breaks(form: &Form, change: &Change, state: &Record) -> bool {
    let own = own_fields(form, change);
    // Somebody has gone on with a newer form, whose rules are others.
    if own.is_empty() || change.form_version < state.form_version() {
        return false;
    }
    let answers = as_written(state, change);
    let then = change.at.wall_ms;
    let mut found = faults(form, &answers, &own, then);
    if found.is_empty() {
        return false;
    }
    let without_office = without_office(form, &answers);
    for (answers, ms) in [(&answers, then - A_DAY_MS), (&answers, then + A_DAY_MS), (&without_office, then)] {
        let others = faults(form, answers, &own, ms);
        found.retain(|fault| others.contains(fault));
    }
    !found.is_empty()
}

/// The questions that the change answers; those only the office is asked are the office's own affair.
fn own_fields<'a>(form: &Form, change: &'a Change) -> BTreeSet<&'a FieldKey> {
    let fields = change.edits.iter().filter_map(|edit| match edit {
        Edit::Put { field, .. }
        | Edit::SetAdd { field, .. }
        | Edit::SetRemove { field, .. }
        | Edit::Attach { field, .. } => Some(field),
        Edit::Create | Edit::Note { .. } | Edit::Seal { .. } | Edit::Unknown { .. } => None,
    });
    fields.filter(|field| form.question(&field.path).is_some_and(|question| !question.office)).collect()
}

/// The record's answers with the change's own on top, whoever wrote at the same time.
fn as_written(state: &Record, change: &Change) -> Answers {
    let mut answers = records::answers_of(state);
    let mut sets: BTreeMap<&FieldKey, BTreeSet<String>> = BTreeMap::new();
    for edit in &change.edits {
        let (field, members, is_added) = match edit {
            Edit::Put { field, value, .. } => {
                answers.insert(field.clone(), value.clone());
                continue;
            }
            Edit::SetAdd { field, members } => {
                (field, members.iter().filter_map(member_text).collect(), true)
            }
            Edit::SetRemove { field, members, .. } => {
                (field, members.iter().filter_map(member_text).collect(), false)
            }
            Edit::Attach { field, photo, .. } => {
                (field, member_text(&Member::Photo(*photo)).into_iter().collect(), true)
            }
            Edit::Create | Edit::Note { .. } | Edit::Seal { .. } | Edit::Unknown { .. } => continue,
        };
        let members: BTreeSet<String> = members;
        let set = sets.entry(field).or_insert_with(|| match answers.get(field) {
            Some(Value::Codes(there)) => there.clone(),
            _ => BTreeSet::new(),
        });
        if is_added {
            set.extend(members);
        } else {
            set.retain(|member| !members.contains(member));
        }
    }
    for (field, set) in sets {
        answers.insert(field.clone(), Value::Codes(set));
    }
    answers
}

fn without_office(form: &Form, answers: &Answers) -> Answers {
    let is_office = |field: &FieldKey| form.question(&field.path).is_some_and(|question| question.office);
    Answers(
        answers
            .0
            .iter()
            .filter(|(field, _)| !is_office(field))
            .map(|(field, value)| (field.clone(), value.clone()))
            .collect(),
    )
}

fn faults(form: &Form, answers: &Answers, own: &BTreeSet<&FieldKey>, ms: i64) -> Found {
    let evaluation = evaluate(form, answers, Now { ms, offset_min: 0, seed: 0 });
    let of_own = evaluation.faults.into_iter().filter(|fault| own.contains(&fault.field));
    of_own.map(|fault| (fault.field, fault.code)).collect()
}
