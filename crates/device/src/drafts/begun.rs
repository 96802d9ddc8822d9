//! What the form itself answers in a draft: what it begins with, and what an
//! answer sets off. All of it is on disk in the transaction of what caused it.

use super::edits::{Contents, contents_of, key};
use crate::clock::Reading;
use crate::save::{answers_of, moment_of};
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::field::FieldKey;
use kerbside_core::form::{
    Answers, Beginner, Evaluation, Form, Offer, Sought, answers_to_json, begin, consequences,
};
use kerbside_core::ids::RowId;
use kerbside_core::value::{Value, to_json};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

/// What became of a draft after an answer.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct Answered {
    pub evaluation: Evaluation,
    /// What the answer set off: other answers that are different now.
    #[ts(type = "Record<string, unknown>")]
    pub set_off: Map<String, Json>,
}

impl Vault {
    /// The answers a new draft of this form begins with.
    pub(super) fn begun(
        &mut self,
        form: &Form,
        draft: RowId,
        now: Reading,
    ) -> Result<BTreeMap<String, String>> {
        let council = self.council()?;
        let beginner = Beginner {
            officer: self.identity.officer_name.clone(),
            email: council.officer.map(|officer| officer.email).unwrap_or_default(),
            device: self.identity.short_code.clone(),
            last_saved: self.last_saved(form)?,
        };
        let mut ids = self.row_ids()?;
        let answers = begin(form, &beginner, moment_of(draft, now), &mut ids);
        Ok(answers_to_json(&answers).into_iter().map(|(field, json)| (field, json.to_string())).collect())
    }

    /// Committed before it returns, with all that it sets off. `null` clears.
    pub fn answer(
        &mut self,
        draft: RowId,
        field: &FieldKey,
        answer: &Json,
        now: Reading,
    ) -> Result<Answered> {
        let before = self.contents(draft)?;
        let mut typed = before.json.clone();
        typed.extend(before.parked.iter().map(|(field, answer)| (field.to_string(), answer.clone())));
        typed.insert(field.to_string(), answer.clone());
        let undone = before.undone_by(field, answer);
        typed.extend(undone.iter().map(|field| (field.to_string(), Json::Null)));
        let mut after = before.with(typed);
        let mut ids = self.row_ids()?;
        let then = moment_of(draft, now);
        let all = consequences(&after.form, &before.answers, &after.answers, then, &mut ids);
        let mut set_off = differences(&after.answers, &all);
        // What was typed and cannot be read yet is the officer's to put right, not the form's to replace.
        set_off.retain(|field, _| after.unreadable.iter().all(|unread| unread.field.to_string() != *field));
        for field in undone {
            set_off.entry(field.to_string()).or_insert(Json::Null);
        }
        let text = answer.to_string();
        self.store.transact(|store| {
            store.put_draft_answer(draft, &field.to_string(), &text, now.wall_ms)?;
            set_off
                .iter()
                .try_for_each(|(field, json)| store.put_given_answer(draft, field, &json.to_string()))
        })?;
        if !set_off.is_empty() {
            let mut typed = after.json.clone();
            typed.extend(after.parked.iter().map(|(field, answer)| (field.to_string(), answer.clone())));
            typed.extend(set_off.clone());
            after = after.with(typed);
        }
        Ok(Answered { evaluation: after.evaluation(now), set_off })
    }

    /// Several answers, one after the other.
    pub(super) fn answer_all(
        &mut self,
        draft: RowId,
        answers: Vec<(FieldKey, Json)>,
        now: Reading,
    ) -> Result<Answered> {
        let mut set_off = Map::new();
        for (field, answer) in answers {
            let answered = self.answer(draft, &field, &answer, now)?;
            set_off.extend(answered.set_off);
            set_off.insert(field.to_string(), answer);
        }
        let contents = self.contents(draft)?;
        Ok(Answered { evaluation: contents.evaluation(now), set_off })
    }

    /// The choices of a long list that fit what was typed.
    pub fn choices(&self, draft: RowId, field: &FieldKey, sought: Sought<'_>, now: Reading) -> Result<Offer> {
        let contents = self.contents(draft)?;
        Ok(contents.form.offer(&contents.answers, field, sought, moment_of(draft, now)))
    }

    /// The fields that hold what was answered the last time, untouched.
    pub(super) fn prefilled(&self, contents: &Contents) -> Result<Vec<FieldKey>> {
        let given = self.store.given_answers(contents.row.id)?;
        let asks = |field: &FieldKey| contents.form.from_last_time().any(|path| path == field.path);
        Ok(given.iter().map(|field| key(field)).filter(asks).collect())
    }

    fn last_saved(&self, form: &Form) -> Result<Answers> {
        if form.from_last_time().next().is_none() {
            return Ok(Answers::default());
        }
        match self.store.last_record_of(form.key())? {
            Some(record) => Ok(answers_of(&self.head(record)?)),
            None => Ok(Answers::default()),
        }
    }

    /// New ids of rows, one after the other from a place drawn by chance.
    fn row_ids(&mut self) -> Result<impl FnMut() -> RowId + use<>> {
        let mut next = u64::from_be_bytes(self.random_row()?.0);
        Ok(move || {
            next = next.wrapping_add(1);
            RowId(next.to_be_bytes())
        })
    }
}

impl Contents {
    /// The same draft with other answers in it.
    fn with(&self, json: Map<String, Json>) -> Self {
        let forms = (Arc::clone(&self.form), self.older.clone());
        let mut contents = contents_of(self.row.clone(), forms, self.seen.clone(), json);
        contents.photos.clone_from(&self.photos);
        contents.show_photos();
        contents
    }
}

fn differences(before: &Answers, after: &Answers) -> Map<String, Json> {
    let changed = after.fields().filter(|field| before.get(field) != after.get(field));
    changed.map(|field| (field.to_string(), to_json(after.get(field).unwrap_or(&Value::Null)))).collect()
}
