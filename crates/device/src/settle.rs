//! Settling what two people said: a choice between answers, a record withdrawn or
//! opened again, and what the officer is told when somebody else chose.

use crate::clock::Reading;
use crate::save::{Act, Faults, Saved, answers_of, moment};
use crate::vault::Vault;
use anyhow::{Context as _, Result};
use kerbside_core::change::{Context, Edit};
use kerbside_core::field::{FieldKey, LIFECYCLE, TEAM};
use kerbside_core::form::answer_from_json;
use kerbside_core::ids::{Dot, OfficerId, RecordId};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::view::read_seen;
use kerbside_core::record::{OPEN, REASON, Record, Register, Stamp, WITHDRAWN};
use kerbside_core::value::{TEXT_LIMIT, Value};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How a person settles two answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export, rename = "AnswerChoice")]
pub enum Choice {
    /// The n-th of the answers as shown, from 0.
    Keep(u32),
    /// The union of codes, or both texts, where the form allows.
    KeepBoth,
    Answer(#[ts(type = "unknown")] serde_json::Value),
}

/// What somebody else chose over an answer of this officer.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Outcome {
    pub field: FieldKey,
    #[ts(type = "unknown")]
    pub mine: serde_json::Value,
    #[ts(type = "unknown")]
    pub kept: serde_json::Value,
    pub officer: OfficerId,
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// What this officer may do to a record besides answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct RecordLeave {
    pub withdraw: bool,
    /// Choose between two teams; without it that is the office's.
    pub assign: bool,
}

impl Vault {
    /// A Put that covers every answer that stands now.
    pub fn resolve(
        &mut self,
        record: RecordId,
        field: &FieldKey,
        choice: &Choice,
        now: Reading,
    ) -> Result<Saved> {
        let context = self.head(record)?.context(field);
        self.settle_over(record, field, choice, &context, now)
    }

    /// A Put that covers exactly the answers that were shown, as their view said. One that came since stays.
    pub fn resolve_seen(
        &mut self,
        record: RecordId,
        field: &FieldKey,
        choice: &Choice,
        seen: &str,
        now: Reading,
    ) -> Result<Saved> {
        let present = self.head(record)?.context(field);
        let seen = read_seen(seen, record, field)
            .ok_or_else(|| Problem::new(Code::SeenMissing, "What was seen is of another question"))?;
        let context = seen.clamped_to(&present);
        let actor = self.actor()?;
        if context.get(actor) < present.get(actor) {
            return Err(Problem::new(Code::NewerAnswer, "Answered again since this was shown").into());
        }
        self.settle_over(record, field, choice, &context, now)
    }

    fn settle_over(
        &mut self,
        record: RecordId,
        field: &FieldKey,
        choice: &Choice,
        context: &Context,
        now: Reading,
    ) -> Result<Saved> {
        let head = self.head(record)?;
        let shown: Vec<Value> =
            head.answered_over(field, context).into_iter().map(|(value, _)| value).collect();
        let value = self.chosen(&head, field, &shown, choice, now)?;
        if head.answers(field) == [value.clone()] {
            return Err(Problem::new(Code::NothingChanged, "That is the answer already").into());
        }
        let edit = Edit::Put { field: field.clone(), context: context.clone(), value };
        self.act_on(record, &head, vec![edit], now)
    }

    fn chosen(
        &self,
        head: &Record,
        field: &FieldKey,
        shown: &[Value],
        choice: &Choice,
        now: Reading,
    ) -> Result<Value> {
        match choice {
            Choice::Keep(place) => {
                let kept = usize::try_from(*place).ok().and_then(|place| shown.get(place).cloned());
                Ok(kept.ok_or_else(|| Problem::new(Code::NotFound, "There is no such answer to keep"))?)
            }
            Choice::KeepBoth => {
                let form = self.form_for(head.form(), head.form_version())?;
                let both = form.both(field, shown, &answers_of(head), moment(now));
                Ok(both.ok_or_else(|| Problem::new(Code::Faults, "These answers cannot both be kept"))?)
            }
            Choice::Answer(json) if field.is_system() => {
                let code = json.as_str().unwrap_or_default();
                let known = field.path != LIFECYCLE || [OPEN, WITHDRAWN].contains(&code);
                let value = Some(Value::code(code)).filter(|value| known && value.is_well_formed());
                Ok(value.ok_or_else(|| Problem::new(Code::Malformed, "No such answer here"))?)
            }
            Choice::Answer(json) => {
                let form = self.form_for(head.form(), head.form_version())?;
                Ok(answer_from_json(&form, field, json).map_err(|fault| Faults(vec![*fault]))?)
            }
        }
    }

    /// Takes the record out of every list. Nothing of it is lost, and what somebody did meanwhile asks first.
    pub fn withdraw(&mut self, record: RecordId, reason: &str, now: Reading) -> Result<Saved> {
        let head = self.head(record)?;
        if !self.leave_for(&head)?.withdraw {
            return Err(Problem::new(Code::NotAllowed, "Somebody else's record").into());
        }
        let mut edits = vec![lifecycle(&head, WITHDRAWN)];
        let Value::Text(text) = Value::text(reason.trim()) else {
            anyhow::bail!("A text is not a text");
        };
        if text.is_empty() || TEXT_LIMIT < text.len() {
            return Err(Problem::new(Code::ReasonMissing, "A withdrawal says why").into());
        }
        edits.push(Edit::Note { kind: REASON.to_owned(), text });
        self.act_on(record, &head, edits, now)
    }

    pub fn reopen(&mut self, record: RecordId, now: Reading) -> Result<Saved> {
        let head = self.head(record)?;
        if head.lifecycle() == kerbside_core::record::Lifecycle::Open {
            return Err(Problem::new(Code::NothingChanged, "It is open").into());
        }
        let edit = lifecycle(&head, OPEN);
        self.act_on(record, &head, vec![edit], now)
    }

    /// The same as the server will judge it: whoever began a record may withdraw it, and whoever may withdraw any.
    pub fn leave(&self, record: RecordId) -> Result<RecordLeave> {
        self.leave_for(&self.head(record)?)
    }

    fn leave_for(&self, head: &Record) -> Result<RecordLeave> {
        let may = self.council()?.officer.unwrap_or_default().may;
        let own = head.created().is_some_and(|stamp| stamp.officer == self.identity.officer);
        let named = |action: &str| may.iter().any(|known| known == action);
        Ok(RecordLeave { withdraw: own || named("withdraw_record"), assign: named("assign_record") })
    }

    pub fn outcomes(&self, record: RecordId) -> Result<Vec<Outcome>> {
        let read = |json: &str| serde_json::from_str(json).context("Read what somebody chose");
        let rows = self.store.outcomes_of(record)?;
        rows.into_iter()
            .map(|row| {
                Ok(Outcome {
                    field: row.field.parse().context("Read which question was settled")?,
                    mine: read(&row.mine)?,
                    kept: read(&row.kept)?,
                    officer: row.officer,
                    at_ms: row.at_ms,
                })
            })
            .collect()
    }

    /// The officer has read what somebody chose.
    pub fn outcomes_seen(&mut self, record: RecordId) -> Result<()> {
        self.store.transact(|store| store.delete_outcomes_of(record))
    }

    pub(crate) fn act_on(
        &mut self,
        record: RecordId,
        head: &Record,
        edits: Vec<Edit>,
        now: Reading,
    ) -> Result<Saved> {
        let act = Act {
            record,
            form: head.form().to_owned(),
            form_version: head.form_version(),
            edits,
            draft: None,
        };
        self.commit(act, now)
    }
}

fn lifecycle(head: &Record, value: &str) -> Edit {
    let field = FieldKey::new(LIFECYCLE);
    Edit::Put { context: head.context(&field), field, value: Value::code(value) }
}

/// Whether a choice over two answers took one away that this officer had given, and which.
pub(crate) fn taken_from(
    before: &Record,
    edit: &Edit,
    officer: OfficerId,
    chooser: OfficerId,
) -> Option<(FieldKey, Value, Value)> {
    let Edit::Put { field, context, value } = edit else { return None };
    if chooser == officer || field.path == TEAM {
        return None;
    }
    let over = before.answered_over(field, context);
    let (mine, _) = over.iter().find(|(given, stamp)| stamp.officer == officer && given != value)?;
    let was_open = 1 < over.len() || field.path == LIFECYCLE;
    was_open.then(|| (field.clone(), mine.clone(), value.clone()))
}

/// The same where the record came whole: what stands now, that did not stand before, and was written over an answer of this
/// officer.
pub(crate) fn taken_since(
    before: &Record,
    after: &Record,
    officer: OfficerId,
) -> Vec<((FieldKey, Value, Value), Stamp)> {
    let mut taken = Vec::new();
    for (field, register) in after.registers() {
        let known = before.register(field).map(Register::values).unwrap_or_default();
        let newer = register.values().into_iter().find_map(|written| {
            let dot = written.stamp.dot;
            let is_known = known.iter().any(|old| old.stamp.dot == dot);
            // Whoever wrote it had seen all they had written before.
            let before_it = Dot { counter: dot.counter - 1, ..dot };
            let context = Context::new(written.context().iter().chain([before_it]));
            let edit = Edit::Put { field: field.clone(), context, value: written.value.clone() };
            let over = taken_from(before, &edit, officer, written.stamp.officer).filter(|_| !is_known)?;
            Some((over, written.stamp))
        });
        taken.extend(newer);
    }
    taken
}
