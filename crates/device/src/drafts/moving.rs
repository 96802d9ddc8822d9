//! A draft stays on the version of the form it was begun on until its officer
//! moves it. Nothing typed is dropped: what the new version does not ask for is
//! parked, shown, and goes with the record.

use super::Draft;
use super::edits::{Contents, asked_at, rows_in};
use crate::clock::Reading;
use crate::forms::FORM_PACK;
use crate::save::moment_of;
use crate::store::DraftRow;
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::change::Edit;
use kerbside_core::field::FieldKey;
use kerbside_core::form::{Evaluation, Form, Localised, answer_from_json, evaluate};
use kerbside_core::ids::RowId;
use kerbside_core::problem::{Code, Problem};
use kerbside_core::value::Value;
use serde::Serialize;
use serde_json::Value as Json;
use std::sync::Arc;
use ts_rs::TS;

/// An answer that the form's version does not ask for.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct ParkedAnswer {
    pub field: FieldKey,
    /// What the older version called it, where that is known.
    pub label: Option<Localised>,
    #[ts(type = "unknown")]
    pub answer: Json,
}

/// What moving a draft to the newest version would do.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct DraftMove {
    pub from: u32,
    pub to: u32,
    /// Answers that stay where they are.
    pub kept: Vec<FieldKey>,
    /// What has to be answered, or answered anew.
    pub wants: Vec<FieldKey>,
    pub parked: Vec<ParkedAnswer>,
}

impl Vault {
    /// A newer version on this device than the one a draft is on.
    pub(super) fn newer_version(&self, draft: &DraftRow) -> Result<Option<u32>> {
        let name = format!("{FORM_PACK}{}", draft.form);
        let packs = self.store.packs()?.into_iter();
        let offered = packs
            .filter(|(pack, version, offered)| *offered && *pack == name && draft.form_version < *version);
        Ok(offered.map(|(_, version, _)| version).max())
    }

    /// What would become of the answers. Nothing is changed.
    pub fn draft_move(&self, id: RowId, now: Reading) -> Result<DraftMove> {
        let (contents, moved) = self.moved(id)?;
        let before: Vec<FieldKey> = contents.evaluation(now).faults.into_iter().map(|f| f.field).collect();
        let wants: Vec<FieldKey> = moved
            .evaluation(now)
            .faults
            .into_iter()
            .map(|fault| fault.field)
            .filter(|field| !before.contains(field) || !moved.answers.fields().any(|there| there == field))
            .collect();
        let kept = moved.answers.fields().filter(|field| !field.is_system() && !wants.contains(field));
        Ok(DraftMove {
            from: contents.row.form_version,
            to: moved.row.form_version,
            kept: kept.cloned().collect(),
            wants: wants.clone(),
            parked: moved.parked_answers(),
        })
    }

    pub fn move_draft(&mut self, id: RowId, now: Reading) -> Result<Draft> {
        let (contents, moved) = self.moved(id)?;
        let begun_on = contents.row.begun_on.unwrap_or(contents.row.form_version);
        self.store.transact(|store| store.move_draft(id, begun_on, moved.row.form_version))?;
        self.draft(id, now)
    }

    fn moved(&self, id: RowId) -> Result<(Contents, Contents)> {
        let contents = self.contents(id)?;
        let newer = self.newer_version(&contents.row)?;
        let version = newer.ok_or_else(|| Problem::new(Code::NotFound, "No newer version is here"))?;
        let form = self.form(&contents.row.form, version)?;
        Ok((self.contents(id)?, contents.on(form)))
    }
}

impl Contents {
    /// The same answers under another version.
    fn on(self, form: Arc<Form>) -> Self {
        let older = self.older.clone().unwrap_or_else(|| Arc::clone(&self.form));
        let row = DraftRow { form_version: form.version(), ..self.row };
        let parked = self.parked.into_iter().map(|(field, answer)| (field.to_string(), answer));
        let answers = self.json.into_iter().chain(parked).collect();
        let mut contents = super::edits::contents_of(row, (form, Some(older)), self.seen, answers);
        contents.photos = self.photos;
        contents.show_photos();
        contents
    }

    pub(super) fn evaluation(&self, now: Reading) -> Evaluation {
        let mut evaluation = evaluate(&self.form, &self.answers, moment_of(self.row.id, now));
        evaluation.faults.retain(|fault| self.unreadable.iter().all(|unread| unread.field != fault.field));
        evaluation.faults.splice(0..0, self.unreadable.clone());
        evaluation
    }

    pub(super) fn parked_answers(&self) -> Vec<ParkedAnswer> {
        let label =
            |field: &FieldKey| self.older.as_ref().and_then(|form| form.question(&field.path)?.label.clone());
        let parked = self.parked.iter().filter(|(field, answer)| !field.is_order() && !answer.is_null());
        let line = |(field, answer): (&FieldKey, &Json)| ParkedAnswer {
            field: field.clone(),
            label: label(field),
            answer: answer.clone(),
        };
        parked.map(line).collect()
    }

    /// What was typed and is asked for no more, as edits: read as the version it was typed under reads it, or else
    /// kept as text. What the record had already stays as it is.
    pub(super) fn parked_edits(&self) -> Vec<Edit> {
        let typed = self.parked.iter().filter(|(field, answer)| {
            let standing = self.seen.get(*field).map(|(_, answer)| answer);
            standing != Some(*answer) && !(standing.is_none() && answer.is_null())
        });
        typed.filter_map(|(field, answer)| self.parked_edit(field, answer)).collect()
    }

    /// Photos come with what names them.
    fn parked_edit(&self, field: &FieldKey, answer: &Json) -> Option<Edit> {
        let context = self.seen.get(field).map(|(context, _)| context.clone()).unwrap_or_default();
        let put = |value| Some(Edit::Put { field: field.clone(), context, value });
        let Some(older) = &self.older else { return put(as_text(answer)) };
        let question = older.question(asked_at(field));
        if question.is_some_and(|question| question.kind.is_attached()) {
            return None;
        }
        let Ok(value) = answer_from_json(older, field, answer) else { return put(as_text(answer)) };
        match rows_in(older, field, &value) {
            Some(rows) if rows.is_empty() => None,
            Some(members) => Some(Edit::SetAdd { field: field.clone(), members }),
            None => put(value),
        }
    }
}

fn as_text(answer: &Json) -> Value {
    match answer {
        Json::Null => Value::Null,
        Json::String(text) => Value::text(text),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            Value::text(&answer.to_string())
        }
    }
}
