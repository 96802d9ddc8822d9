//! The office writes by the rules that devices keep: through an actor of its own, one per person and epoch.

use anyhow::{Context as _, Result};
use kerbside_core::areas::route::edits_of_move;
use kerbside_core::change::{Change, ChangeBytes, Context, Edit, Member};
use kerbside_core::field::{AREA, ASSIGNEES, FieldKey, LIFECYCLE, OWNER, STATUS, TEAM};
use kerbside_core::form::{Answers, Fault, Form, Now, QuestionKind, answer_from_json, evaluate};
use kerbside_core::ids::{Actor, Cid, Dot, OfficerId, RecordId, RowId};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::view::read_seen;
use kerbside_core::record::{OPEN, REASON, Record, WITHDRAWN};
use kerbside_core::time::{Hlc, Moment, TimeSource};
use kerbside_core::value::{TEXT_LIMIT, Value};
use serde::Deserialize;
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::devices::allot_actor;
use super::judge::Judged;
use super::people::{Officer, read_officer};
use super::records::{self, Kept};
use super::taking::{Taking, writer};
use crate::auth::{Action, Target, authorise};
use crate::values;

/// One answer given at a desk.
#[derive(Debug, Clone, Deserialize, TS)]
#[ts(export)]
pub struct OfficeEdit {
    pub field: FieldKey,
    #[serde(default)]
    pub row: Option<RowId>,
    #[ts(type = "unknown")]
    pub answer: serde_json::Value,
    /// What the person had in front of them, as the view gave it; empty where nothing was answered.
    pub seen: Option<String>,
}

/// Answers that break the form's rules.
#[derive(Debug)]
pub struct Faulty(pub Vec<Fault>);

impl std::fmt::Display for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} faults", self.0.len())
    }
}

impl std::error::Error for Faulty {}

/// What a desk's change says besides its edits.
pub(super) struct Desk<'a> {
    pub(super) officer: &'a Officer,
    pub(super) record: RecordId,
    pub(super) now_ms: i64,
    pub(super) cid: [u8; 8],
    pub(super) behalf: Option<Behalf>,
}

/// Whose act it was first, and when they did it: what is approved keeps its moment, since deadlines run from capture.
pub(super) struct Behalf {
    pub(super) was: Dot,
    pub(super) captured_ms: i64,
    pub(super) form: String,
    pub(super) form_version: u32,
}

impl Store {
    /// Changes answers of a record, each in the light of what the officer had seen.
    pub fn office_change(
        &mut self,
        now_ms: i64,
        officer: &Officer,
        record: RecordId,
        edits: &[OfficeEdit],
    ) -> Result<Dot> {
        let desk = Desk { officer, record, now_ms, cid: self.chance.bytes()?, behalf: None };
        let (forms, areas) = (&mut self.forms, &mut self.areas);
        self.connection.transaction(|tx| {
            let mut taking = Taking::begin(tx, forms, now_ms)?;
            let Kept { state, .. } = open(&mut taking, &desk)?;
            let form = nearest_form(&mut taking, &state)?;
            let actor = office_actor(taking.tx, officer)?;
            let mut edits = puts(&mut taking, &desk, &state, &form, actor, edits)?;
            let sets = areas.newest(taking.tx)?;
            edits.extend(edits_of_move(&state, &records::answers_of(&state), &edits, &sets));
            let dot = write(&mut taking, &desk, &state, actor, edits)?;
            taking.finish()?;
            Ok(dot)
        })
    }

    /// Takes a record out of every list, in the light of what the officer had seen of it, and says why.
    pub fn office_withdraw(
        &mut self,
        now_ms: i64,
        officer: &Officer,
        record: RecordId,
        seen: &str,
        reason: &str,
    ) -> Result<Dot> {
        let reason = reason.trim();
        if reason.is_empty() || TEXT_LIMIT < reason.len() {
            return Err(Problem::new(Code::ReasonMissing, "a withdrawal says why").into());
        }
        let desk = Desk { officer, record, now_ms, cid: self.chance.bytes()?, behalf: None };
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            let mut taking = Taking::begin(tx, forms, now_ms)?;
            let kept = open(&mut taking, &desk)?;
            let actor = office_actor(taking.tx, officer)?;
            let field = FieldKey::new(LIFECYCLE);
            let context = context(&kept.state, record, &field, Some(seen))?;
            let edits = vec![
                Edit::Put { field, context, value: Value::code(WITHDRAWN) },
                Edit::Note { kind: REASON.to_owned(), text: reason.to_owned() },
            ];
            let dot = write(&mut taking, &desk, &kept.state, actor, edits)?;
            taking.finish()?;
            Ok(dot)
        })
    }

    /// Adds a note to a record.
    pub fn office_note(
        &mut self,
        now_ms: i64,
        officer: &Officer,
        record: RecordId,
        text: &str,
    ) -> Result<Dot> {
        let text = text.trim();
        if text.is_empty() || TEXT_LIMIT < text.len() {
            return Err(Problem::new(Code::Malformed, "a note without words, or with too many").into());
        }
        let desk = Desk { officer, record, now_ms, cid: self.chance.bytes()?, behalf: None };
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            let mut taking = Taking::begin(tx, forms, now_ms)?;
            let kept = open(&mut taking, &desk)?;
            let actor = office_actor(taking.tx, officer)?;
            let note = Edit::Note { kind: "note".into(), text: text.to_owned() };
            let dot = write(&mut taking, &desk, &kept.state, actor, vec![note])?;
            taking.finish()?;
            Ok(dot)
        })
    }
}

/// The record, if this officer may write in it. One they may not see does not exist for them.
pub(super) fn open(taking: &mut Taking<'_>, desk: &Desk<'_>) -> Result<Kept> {
    let keys = records::keys_now(taking.tx, desk.record)?;
    let may = |action| authorise(desk.officer, action, Target::Record(&keys)).is_allowed();
    match records::load(taking.tx, desk.record)? {
        Some(kept) if may(Action::EditRecord) => Ok(kept),
        Some(_) if may(Action::ReadRecord) => {
            Err(Problem::new(Code::NotAllowed, "may read, not write").into())
        }
        Some(_) | None => Err(Problem::new(Code::NotFound, "no such record in scope").into()),
    }
}

fn nearest_form(taking: &mut Taking<'_>, state: &Record) -> Result<std::sync::Arc<Form>> {
    let form = taking.forms.nearest(taking.tx, state.form(), state.form_version())?;
    form.ok_or_else(|| Problem::new(Code::UnknownForm, "the server has no version of this form").into())
}

/// The actor through which this person writes in this epoch, allotted on first use.
pub(super) fn office_actor(tx: &mut Connection, officer: &Officer) -> Result<Actor> {
    match office_actors(tx, officer)?.first() {
        Some(actor) => Ok(*actor),
        None => allot_actor(tx, None, officer.id),
    }
}

/// Every actor this person may write through in this epoch, the first of them for their own answers.
pub(super) fn office_actors(tx: &mut Connection, officer: &Officer) -> Result<Vec<Actor>> {
    let rows = tx.query(
        "SELECT a.id FROM actor a JOIN council c ON c.id = 1 AND c.epoch = a.epoch \
         WHERE a.device IS NULL AND a.officer = $1 AND a.retired_at IS NULL ORDER BY a.id",
        values![officer.id],
    )?;
    rows.iter().map(|row| Ok(Actor(row.u32(0)?))).collect()
}

/// Each edit as a Put that covers exactly what its writer saw, once all of them together satisfy the form.
fn puts(
    taking: &mut Taking<'_>,
    desk: &Desk<'_>,
    state: &Record,
    form: &Form,
    actor: Actor,
    edits: &[OfficeEdit],
) -> Result<Vec<Edit>> {
    let mut puts = Vec::new();
    let mut answers = records::answers_of(state);
    let mut faults = Vec::new();
    for edit in edits {
        let field = FieldKey { path: edit.field.path.clone(), row: edit.field.row.or(edit.row) };
        if field.path == ASSIGNEES {
            puts.extend(giving(taking, state, &field, &edit.answer)?);
            continue;
        }
        let context = context(state, desk.record, &field, edit.seen.as_deref())?;
        if context.get(actor) < state.context(&field).get(actor) {
            return Err(Problem::new(Code::NewerAnswer, "this officer answered since").into());
        }
        match value(taking, form, &field, &edit.answer)? {
            Ok(value) => {
                answers.insert(field.clone(), value.clone());
                puts.push(Edit::Put { field, context, value });
            }
            Err(fault) => faults.push(fault),
        }
    }
    faults.extend(faults_of(form, &answers, desk.now_ms, &puts));
    if faults.is_empty() { Ok(puts) } else { Err(Faulty(faults).into()) }
}

/// What the writer saw, clamped to what the register holds now.
fn context(
    state: &Record,
    record: RecordId,
    field: &FieldKey,
    seen: Option<&str>,
) -> Result<Context, Problem> {
    let present = state.context(field);
    let seen = seen.ok_or_else(|| Problem::new(Code::SeenMissing, "an edit without what was seen"))?;
    if seen.is_empty() {
        return Ok(Context::default());
    }
    let read = read_seen(seen, record, field)
        .ok_or_else(|| Problem::new(Code::SeenMissing, "what was seen is of another field"))?;
    Ok(read.clamped_to(&present))
}

fn value(
    taking: &mut Taking<'_>,
    form: &Form,
    field: &FieldKey,
    answer: &serde_json::Value,
) -> Result<Result<Value, Fault>> {
    match field.path.as_str() {
        TEAM => {
            let team = answer.as_str().unwrap_or_default();
            if taking.tx.find("SELECT key FROM team WHERE key = $1", values![team])?.is_none() {
                return Err(Problem::new(Code::Malformed, "no such team").into());
            }
            Ok(Ok(Value::code(team)))
        }
        STATUS => {
            let status = Some(Value::code(answer.as_str().unwrap_or_default())).filter(Value::is_well_formed);
            Ok(Ok(status.ok_or_else(|| Problem::new(Code::Malformed, "not a status"))?))
        }
        AREA if answer.is_null() => Ok(Ok(Value::Null)),
        AREA => {
            let area = Some(Value::code(answer.as_str().unwrap_or_default())).filter(Value::is_well_formed);
            Ok(Ok(area.ok_or_else(|| Problem::new(Code::Malformed, "not an area"))?))
        }
        OWNER if answer.is_null() => Ok(Ok(Value::Null)),
        OWNER => Ok(Ok(Value::code(someone(taking, answer)?))),
        LIFECYCLE => {
            let code = answer.as_str().unwrap_or_default();
            if ![OPEN, WITHDRAWN].contains(&code) {
                return Err(Problem::new(Code::Malformed, "neither open nor withdrawn").into());
            }
            Ok(Ok(Value::code(code)))
        }
        path if path.starts_with('@') => Err(Problem::new(Code::NotAllowed, "a system field").into()),
        path => {
            let kind = form.question(path).map(|question| &question.kind);
            if matches!(
                kind,
                Some(QuestionKind::Image { .. } | QuestionKind::File { .. } | QuestionKind::Repeat { .. })
            ) {
                return Err(Problem::new(Code::NotAllowed, "photos and rows are not answers").into());
            }
            Ok(answer_from_json(form, field, answer).map_err(|fault| *fault))
        }
    }
}

/// Whom a record is given to, and from whom it is taken: `{"add": [7], "remove": [8]}`. A set needs no `seen`: each is
/// added or taken away by name.
fn giving(
    taking: &mut Taking<'_>,
    state: &Record,
    field: &FieldKey,
    answer: &serde_json::Value,
) -> Result<Vec<Edit>> {
    let mut named = |key: &str| -> Result<Vec<Member>> {
        let listed = answer.get(key).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        listed.iter().map(|person| Ok(Member::Text(someone(taking, person)?))).collect()
    };
    let (add, remove) = (named("add")?, named("remove")?);
    let mut edits = Vec::new();
    if !add.is_empty() {
        edits.push(Edit::SetAdd { field: field.clone(), members: add });
    }
    for member in remove {
        let context = state.member_context(field, &member);
        edits.push(Edit::SetRemove { field: field.clone(), context, members: vec![member] });
    }
    Ok(edits)
}

/// The number of an officer of this council, as fields name them.
fn someone(taking: &mut Taking<'_>, answer: &serde_json::Value) -> Result<String> {
    let id = answer.as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
    match read_officer(taking.tx, OfficerId(id))? {
        Some(officer) => Ok(officer.id.0.to_string()),
        None => Err(Problem::new(Code::Malformed, "no such officer").into()),
    }
}

/// What the form holds against the fields that are being changed; the rest of the record is as it came.
fn faults_of(form: &Form, answers: &Answers, now_ms: i64, puts: &[Edit]) -> Vec<Fault> {
    let changed: Vec<&FieldKey> = puts
        .iter()
        .filter_map(|edit| if let Edit::Put { field, .. } = edit { Some(field) } else { None })
        .collect();
    let evaluation = evaluate(form, answers, Now { ms: now_ms, offset_min: 0, seed: 0 });
    evaluation.faults.into_iter().filter(|fault| changed.contains(&&fault.field)).collect()
}

/// Makes one change of the edits and takes it like anyone's. What would be refused is not written at all.
pub(super) fn write(
    taking: &mut Taking<'_>,
    desk: &Desk<'_>,
    state: &Record,
    actor: Actor,
    edits: Vec<Edit>,
) -> Result<Dot> {
    if edits.is_empty() {
        return Err(Problem::new(Code::NothingChanged, "a change without edits").into());
    }
    let mut writer = writer(taking.tx, actor)?;
    let row = taking.tx.one("SELECT hlc FROM council WHERE id = 1", &[])?;
    let hlc = Hlc(u64::try_from(row.int(0)?)?).tick(u64::try_from(desk.now_ms)?);
    taking.tx.execute("UPDATE council SET hlc = $1 WHERE id = 1", values![i64::try_from(hlc.0)?])?;
    let (form, form_version, wall_ms, was) = match &desk.behalf {
        Some(behalf) => (&*behalf.form, behalf.form_version, behalf.captured_ms, Some(behalf.was)),
        None => (state.form(), state.form_version(), desk.now_ms, None),
    };
    let change = Change {
        version: kerbside_core::change::VERSION,
        cid: Cid(desk.cid),
        record: desk.record,
        actor,
        counter: writer.last + 1,
        officer: desk.officer.id,
        at: Moment {
            hlc,
            wall_ms,
            monotonic_ms: 0,
            boot: 0,
            server_offset_ms: Some(0),
            source: TimeSource::Server,
        },
        form: form.to_owned(),
        form_version,
        edits,
        was,
    };
    let written = ChangeBytes::write(&change);
    match taking.take(&mut writer, written.bytes(), written.hash()).context("Taking an office change")? {
        Judged::Taken(_) => Ok(change.dot()),
        Judged::Refused(code) => Err(Problem::new(code, "an office change was refused").into()),
        Judged::Held(_) | Judged::Duplicate(_) | Judged::Review(_) => {
            anyhow::bail!("An office change was held, known already or put into review")
        }
    }
}
