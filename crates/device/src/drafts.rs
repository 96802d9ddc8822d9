//! Drafts: every answer is on disk before the call that gave it returns, as
//! typed, whether the form likes it or not. Saving turns a draft into one change.

use crate::clock::Reading;
use crate::photos::PhotoFrom;
use crate::save::{Act, Faults, Saved, answers_of, moment, unpack};
use crate::store::{DraftRow, Seen};
use crate::vault::Vault;
use anyhow::{Context as _, Result};
use kerbside_core::change::{Context, Edit, Member, PhotoFacts};
use kerbside_core::field::FieldKey;
use kerbside_core::form::{
    Answers, Evaluation, Fault, FaultCode, Form, FormForScreen, Merge, QuestionKind, answers_from_json, evaluate, to_save,
};
use kerbside_core::ids::{RecordId, RowId, Sha256};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::Record;
use kerbside_core::value::{Place, Value, to_json};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct Draft {
    pub id: RowId,
    pub form: FormForScreen,
    pub record: Option<RecordId>,
    #[ts(type = "Record<string, unknown>")]
    pub answers: Map<String, Json>,
    pub evaluation: Evaluation,
    pub photos: Vec<PhotoLine>,
    #[ts(type = "number")]
    pub saved_at_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct PhotoLine {
    pub sha256: Sha256,
    pub field: FieldKey,
    pub width: Option<u32>,
    pub height: Option<u32>,
    #[ts(type = "number")]
    pub bytes: u64,
    #[ts(type = "number | null")]
    pub taken_at_ms: Option<i64>,
    /// `draft`, `saved`, `sending`, `received` or `safe`.
    pub state: String,
}

/// What is in a draft, worked out.
struct Contents {
    row: DraftRow,
    form: Arc<Form>,
    seen: BTreeMap<FieldKey, (Context, Json)>,
    json: Map<String, Json>,
    answers: Answers,
    unreadable: Vec<Fault>,
    photos: Vec<(FieldKey, Sha256, PhotoFacts)>,
}

/// A photo that comes with answers in one go.
#[derive(Debug, Clone)]
pub struct NewPhoto {
    /// The form's first photo question where none is named.
    pub field: Option<FieldKey>,
    pub bytes: Vec<u8>,
    pub from: PhotoFrom,
}

impl Vault {
    pub fn start_draft(&mut self, form: &str, now: Reading) -> Result<Draft> {
        let form = self.newest_form(form)?;
        let row = DraftRow {
            id: self.random_row()?,
            form: form.key().to_owned(),
            form_version: form.version(),
            record: None,
            started_ms: now.wall_ms,
            saved_ms: now.wall_ms,
        };
        self.store.transact(|store| store.insert_draft(&row, &[]))?;
        self.draft(row.id, now)
    }

    /// A draft over what the record shows now; the one that is open already, if there is one.
    pub fn edit_record(&mut self, record: RecordId, now: Reading) -> Result<Draft> {
        if let Some(open) = self.store.draft_of_record(record)? {
            return self.draft(open, now);
        }
        let head = self.head(record)?;
        let form = self.form_for(head.form(), head.form_version())?;
        let row = DraftRow {
            id: self.random_row()?,
            form: form.key().to_owned(),
            form_version: form.version(),
            record: Some(record),
            started_ms: now.wall_ms,
            saved_ms: now.wall_ms,
        };
        let seen: Vec<Seen> = seen_in(&head)
            .into_iter()
            .map(|(field, (context, answer))| Seen { field: field.to_string(), context, answer: answer.to_string() })
            .collect();
        self.store.transact(|store| store.insert_draft(&row, &seen))?;
        self.draft(row.id, now)
    }

    pub fn draft(&self, id: RowId, now: Reading) -> Result<Draft> {
        let contents = self.contents(id)?;
        let mut evaluation = evaluate(&contents.form, &contents.answers, moment(now));
        evaluation.faults.retain(|fault| contents.unreadable.iter().all(|unread| unread.field != fault.field));
        evaluation.faults.splice(0..0, contents.unreadable.clone());
        let photos = contents.photos.iter().map(|(field, sha256, facts)| photo_line(field, *sha256, facts, "draft"));
        Ok(Draft {
            id,
            form: contents.form.for_screen(),
            record: contents.row.record,
            answers: contents.json.clone(),
            evaluation,
            photos: photos.collect(),
            saved_at_ms: contents.row.saved_ms,
        })
    }

    /// Committed before it returns. `null` clears.
    pub fn answer(&mut self, draft: RowId, field: &FieldKey, answer: &Json, now: Reading) -> Result<Evaluation> {
        self.require_draft(draft)?;
        let text = answer.to_string();
        self.store.transact(|store| store.put_draft_answer(draft, &field.to_string(), &text, now.wall_ms))?;
        Ok(self.draft(draft, now)?.evaluation)
    }

    pub fn discard_draft(&mut self, draft: RowId) -> Result<()> {
        let photos = self.store.draft_photos(draft)?;
        self.store.transact(|store| store.delete_draft(draft))?;
        for (_, sha256, _, _) in photos {
            self.drop_photo_if_unnamed(sha256)?;
        }
        Ok(())
    }

    pub fn photograph(
        &mut self,
        draft: RowId,
        field: &FieldKey,
        original: &[u8],
        from: (PhotoFrom, Option<Place>),
        now: Reading,
    ) -> Result<PhotoLine> {
        self.require_draft(draft)?;
        let kept = self.keep_photo(original, from.0, from.1.as_ref(), now)?;
        self.store.transact(|store| {
            store.add_draft_photo(draft, &field.to_string(), kept.sha256, &kept.facts, now.wall_ms)
        })?;
        Ok(photo_line(field, kept.sha256, &kept.facts, "draft"))
    }

    pub fn remove_photo(&mut self, draft: RowId, sha256: Sha256, now: Reading) -> Result<()> {
        self.store.transact(|store| store.remove_draft_photo(draft, sha256, now.wall_ms))?;
        self.drop_photo_if_unnamed(sha256)
    }

    pub fn save_draft(&mut self, id: RowId, now: Reading) -> Result<Saved> {
        let contents = self.contents(id)?;
        self.save_contents(&contents, Some(id), now)
    }

    /// A whole record in one go: what `kerbside create` does.
    pub fn create(&mut self, form: &str, answers: &Map<String, Json>, photos: &[NewPhoto], now: Reading) -> Result<Saved> {
        let form = self.newest_form(form)?;
        let row = self.unwritten_draft(&form, None, now)?;
        let contents = contents_of(row, form, BTreeMap::new(), answers.clone());
        self.save_at_once(contents, photos, now)
    }

    /// One change to what stands now: what `kerbside edit` does.
    pub fn edit(&mut self, record: RecordId, answers: &Map<String, Json>, photos: &[NewPhoto], now: Reading) -> Result<Saved> {
        let head = self.head(record)?;
        let form = self.form_for(head.form(), head.form_version())?;
        let row = self.unwritten_draft(&form, Some(record), now)?;
        let contents = contents_of(row, form, seen_in(&head), answers.clone());
        self.save_at_once(contents, photos, now)
    }

    /// Photos that came with answers that will not do are not kept.
    fn save_at_once(&mut self, mut contents: Contents, photos: &[NewPhoto], now: Reading) -> Result<Saved> {
        let saved = match self.take_photos(&mut contents, photos, now) {
            Ok(()) => self.save_contents(&contents, None, now),
            Err(cause) => Err(cause),
        };
        if saved.is_err() {
            for (_, photo, _) in &contents.photos {
                self.drop_photo_if_unnamed(*photo)?;
            }
        }
        saved
    }

    fn save_contents(&mut self, contents: &Contents, draft: Option<RowId>, now: Reading) -> Result<Saved> {
        require_readable(contents, now)?;
        let (record, edits) = match contents.row.record {
            None => {
                let edits = creating(contents, now)?;
                (self.new_record_id(now)?, edits)
            }
            Some(record) => (record, self.editing(record, contents, now)?),
        };
        let DraftRow { form, form_version, .. } = contents.row.clone();
        self.commit(Act { record, form, form_version, edits, draft }, now)
    }

    fn unwritten_draft(&mut self, form: &Form, record: Option<RecordId>, now: Reading) -> Result<DraftRow> {
        Ok(DraftRow {
            id: self.random_row()?,
            form: form.key().to_owned(),
            form_version: form.version(),
            record,
            started_ms: now.wall_ms,
            saved_ms: now.wall_ms,
        })
    }

    fn take_photos(&mut self, contents: &mut Contents, photos: &[NewPhoto], now: Reading) -> Result<()> {
        let first = contents.form.questions().iter().find(|question| matches!(question.kind, QuestionKind::Image { .. }));
        let first = first.map(|question| FieldKey::new(question.path.as_str()));
        for NewPhoto { field, bytes, from } in photos {
            let field = field
                .clone()
                .or_else(|| first.clone())
                .ok_or_else(|| Problem::new(Code::NotFound, "This form asks for no photo"))?;
            let kept = self.keep_photo(bytes, *from, None, now)?;
            contents.photos.push((field, kept.sha256, kept.facts));
        }
        show_photos(&mut contents.answers, &contents.photos);
        Ok(())
    }

    fn contents(&self, id: RowId) -> Result<Contents> {
        let row = self.require_draft(id)?;
        let form = self.form_for(&row.form, row.form_version)?;
        let mut seen = BTreeMap::new();
        for Seen { field, context, answer } in self.store.draft_seen(id)? {
            let answer = serde_json::from_str(&answer).context("Read what was seen")?;
            seen.insert(key(&field), (context, answer));
        }
        let mut typed = Map::new();
        for (field, answer) in self.store.draft_answers(id)? {
            typed.insert(field, serde_json::from_str(&answer).context("Read an answer")?);
        }
        let mut contents = contents_of(row, form, seen, typed);
        contents.photos = self
            .store
            .draft_photos(id)?
            .into_iter()
            .map(|(field, sha256, facts, _)| (key(&field), sha256, facts))
            .collect();
        show_photos(&mut contents.answers, &contents.photos);
        Ok(contents)
    }

    fn require_draft(&self, id: RowId) -> Result<DraftRow> {
        Ok(self.store.draft(id)?.ok_or_else(|| Problem::new(Code::NotFound, "No such draft"))?)
    }

    pub(crate) fn head(&self, record: RecordId) -> Result<Record> {
        let row = self.store.record(record)?;
        let row = row.ok_or_else(|| Problem::new(Code::NotFound, "No such record on this device"))?;
        unpack(&row.head)
    }

    fn editing(&self, record: RecordId, contents: &Contents, now: Reading) -> Result<Vec<Edit>> {
        let head = self.head(record)?;
        let before = evaluate(&contents.form, &seen_answers(contents), moment(now)).faults;
        let after = evaluate(&contents.form, &contents.answers, moment(now)).faults;
        // What was wrong before this officer came is not theirs to put right.
        let ours: Vec<Fault> = after.into_iter().filter(|fault| !before.contains(fault)).collect();
        if !ours.is_empty() {
            return Err(Faults(ours).into());
        }
        let wanted = to_save(&contents.form, &contents.answers, moment(now));
        let standing = to_save(&contents.form, &seen_answers(contents), moment(now));
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
        edits.extend(contents.photos.iter().map(attach));
        if edits.is_empty() {
            return Err(Problem::new(Code::NothingChanged, "Nothing was changed").into());
        }
        self.refuse_own_concurrency(&head, &edits)?;
        Ok(edits)
    }

    /// No actor may be concurrent with itself: an old draft under which this
    /// officer has answered since is shown the newer answer first.
    pub(crate) fn refuse_own_concurrency(&self, head: &Record, edits: &[Edit]) -> Result<()> {
        let actor = self.store.progress()?.actor;
        for edit in edits {
            let Edit::Put { field, context, .. } = edit else { continue };
            let values = head.register(field).map(kerbside_core::record::Register::values).unwrap_or_default();
            if values.iter().any(|written| {
                written.stamp.dot.actor == actor && context.get(actor) < written.stamp.dot.counter
            }) {
                return Err(Problem::new(Code::NewerAnswer, "Answered again since this was opened").into());
            }
        }
        Ok(())
    }
}

fn contents_of(row: DraftRow, form: Arc<Form>, seen: BTreeMap<FieldKey, (Context, Json)>, typed: Map<String, Json>) -> Contents {
    let mut json: Map<String, Json> =
        seen.iter().map(|(field, (_, answer))| (field.to_string(), answer.clone())).collect();
    json.extend(typed);
    let (answers, unreadable) = answers_from_json(&form, &json);
    Contents { row, form, seen, json, answers, unreadable, photos: Vec::new() }
}

fn seen_answers(contents: &Contents) -> Answers {
    let json = contents.seen.iter().map(|(field, (_, answer))| (field.to_string(), answer.clone())).collect();
    answers_from_json(&contents.form, &json).0
}

/// Everything in front of the officer, with what their edits will have to name.
fn seen_in(head: &Record) -> BTreeMap<FieldKey, (Context, Json)> {
    let answers = answers_of(head);
    answers
        .0
        .iter()
        .map(|(field, value)| (field.clone(), (head.context(field), to_json(value))))
        .collect()
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
fn require_readable(contents: &Contents, now: Reading) -> Result<()> {
    if contents.unreadable.is_empty() {
        return Ok(());
    }
    let mut faults = contents.unreadable.clone();
    let said: Vec<FieldKey> = faults.iter().map(|fault| fault.field.clone()).collect();
    let others = evaluate(&contents.form, &contents.answers, moment(now)).faults;
    faults.extend(others.into_iter().filter(|fault| !said.contains(&fault.field)));
    Err(Faults(faults).into())
}

fn creating(contents: &Contents, now: Reading) -> Result<Vec<Edit>> {
    let faults = evaluate(&contents.form, &contents.answers, moment(now)).faults;
    if !faults.is_empty() {
        return Err(Faults(faults).into());
    }
    let mut edits = vec![Edit::Create];
    for (field, value) in to_save(&contents.form, &contents.answers, moment(now)).0 {
        if is_photos(&contents.form, &field) || value == Value::Null {
            continue;
        }
        edits.push(match rows_in(&contents.form, &field, &value) {
            Some(rows) => Edit::SetAdd { field, members: rows },
            None => Edit::Put { field, context: Context::default(), value },
        });
    }
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
    matches!(kind(form, field), Some(QuestionKind::Image { .. }))
}

fn rows_in(form: &Form, field: &FieldKey, value: &Value) -> Option<Vec<Member>> {
    let Some(QuestionKind::Repeat { .. }) = kind(form, field) else { return None };
    let Value::Codes(rows) = value else { return Some(Vec::new()) };
    Some(rows.iter().filter_map(|row| row.parse().ok()).map(Member::Row).collect())
}

/// Photos count as answers while a form is evaluated.
fn show_photos(answers: &mut Answers, photos: &[(FieldKey, Sha256, PhotoFacts)]) {
    for (field, sha256, _) in photos {
        let mut hashes = match answers.get(field) {
            Some(Value::Codes(hashes)) => hashes.clone(),
            _ => std::collections::BTreeSet::new(),
        };
        hashes.insert(sha256.to_string());
        answers.insert(field.clone(), Value::Codes(hashes));
    }
}

fn photo_line(field: &FieldKey, sha256: Sha256, facts: &PhotoFacts, state: &str) -> PhotoLine {
    PhotoLine {
        sha256,
        field: field.clone(),
        width: facts.width,
        height: facts.height,
        bytes: facts.bytes,
        taken_at_ms: facts.taken_at,
        state: state.to_owned(),
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

fn key(field: &str) -> FieldKey {
    field.parse().unwrap_or_else(|_| FieldKey::new(field))
}

#[cfg(test)]
mod tests;
