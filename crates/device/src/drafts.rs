//! Drafts: every answer is on disk before the call that gave it returns, as
//! typed, whether the form likes it or not. Saving turns a draft into one change.

mod addresses;
mod assets;
mod begun;
mod edits;
mod moving;
mod nearby;

pub use begun::Answered;
pub(crate) use edits::member_text;
pub use moving::{DraftMove, ParkedAnswer};
pub use nearby::{Compared, Nearby, NearbyReport};

use crate::clock::Reading;
use crate::photos::{LEAST_EDGE, Look, MOST_EDGE, Origin, PhotoFrom};
use crate::save::{Act, Saved};
use crate::store::{DraftRow, Seen};
use crate::vault::Vault;
use anyhow::{Context, Result};
use edits::{Contents, contents_of, creating, key, require_readable, seen_in};
use kerbside_core::change::{Edit, PhotoFacts};
use kerbside_core::field::FieldKey;
use kerbside_core::form::{Evaluation, Form, FormForScreen, QuestionKind};
use kerbside_core::ids::{RecordId, RowId, Sha256};
use kerbside_core::phone::Phone;
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::Record;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
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
    /// The fields that hold what was answered the last time, untouched.
    pub prefilled: Vec<FieldKey>,
    /// A newer version of the form that the draft could move to.
    pub newer: Option<u32>,
    /// Answers that this version of the form does not ask for. They are kept and go with the record.
    pub parked: Vec<ParkedAnswer>,
    /// The council's telephone numbers, by the keys that forms call.
    pub phones: BTreeMap<String, Phone>,
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
    /// The media type, such as `image/jpeg`.
    pub kind: String,
    /// What a file that is no photo was called.
    pub name: Option<String>,
    /// `draft`, `saved`, `sending`, `received` or `safe`.
    pub state: String,
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
        let row = self.unwritten_draft(&form, None, now)?;
        let given = self.begun(&form, row.id, now)?;
        self.store.transact(|store| {
            store.insert_draft(&row, &[])?;
            given.iter().try_for_each(|(field, answer)| store.put_given_answer(row.id, field, answer))
        })?;
        self.draft(row.id, now)
    }

    /// A draft over what the record shows now; the one that is open already, if there is one.
    pub fn edit_record(&mut self, record: RecordId, now: Reading) -> Result<Draft> {
        if let Some(open) = self.store.draft_of_record(record)? {
            return self.draft(open, now);
        }
        let head = self.head(record)?;
        let form = self.form_for(head.form(), head.form_version())?;
        let row = self.unwritten_draft(&form, Some(record), now)?;
        let seen: Vec<Seen> = seen_in(&head)
            .into_iter()
            .map(|(field, (context, answer))| Seen {
                field: field.to_string(),
                context,
                answer: answer.to_string(),
            })
            .collect();
        self.store.transact(|store| store.insert_draft(&row, &seen))?;
        self.draft(row.id, now)
    }

    pub fn draft(&self, id: RowId, now: Reading) -> Result<Draft> {
        let contents = self.contents(id)?;
        let photos =
            contents.photos.iter().map(|(field, sha256, facts)| photo_line(field, *sha256, facts, "draft"));
        Ok(Draft {
            id,
            form: contents.form.for_screen(),
            record: contents.row.record,
            answers: contents.json.clone(),
            evaluation: contents.evaluation(now),
            photos: photos.collect(),
            saved_at_ms: contents.row.saved_ms,
            prefilled: self.prefilled(&contents)?,
            newer: self.newer_version(&contents.row)?,
            parked: contents.parked_answers(),
            phones: self.council()?.phones,
        })
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
        origin: &Origin,
        now: Reading,
    ) -> Result<PhotoLine> {
        let row = self.require_draft(draft)?;
        let look = self.look_of(&row, field)?;
        let kept = self.keep_photo_looking(original, origin, look, now)?;
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
    pub fn create(
        &mut self,
        form: &str,
        answers: &Map<String, Json>,
        photos: &[NewPhoto],
        now: Reading,
    ) -> Result<Saved> {
        let form = self.newest_form(form)?;
        let row = self.unwritten_draft(&form, None, now)?;
        let given = self.begun(&form, row.id, now)?;
        let mut whole = Map::new();
        for (field, answer) in given {
            whole.insert(field, serde_json::from_str(&answer).context("Read an answer the form gave")?);
        }
        whole.extend(answers.clone());
        let contents = contents_of(row, (form, None), BTreeMap::new(), whole);
        self.save_at_once(contents, photos, now)
    }

    /// One change to what stands now: what `kerbside edit` does.
    pub fn edit(
        &mut self,
        record: RecordId,
        answers: &Map<String, Json>,
        photos: &[NewPhoto],
        now: Reading,
    ) -> Result<Saved> {
        let head = self.head(record)?;
        let form = self.form_for(head.form(), head.form_version())?;
        let row = self.unwritten_draft(&form, Some(record), now)?;
        let contents = contents_of(row, (form, None), seen_in(&head), answers.clone());
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
        let (record, edits) = self.edits_of(contents, now)?;
        let DraftRow { form, form_version, .. } = contents.row.clone();
        self.commit(Act { record, form, form_version, edits, draft }, now)
    }

    /// Everything that saving would write, and on which record.
    fn edits_of(&mut self, contents: &Contents, now: Reading) -> Result<(RecordId, Vec<Edit>)> {
        require_readable(contents, now)?;
        match contents.row.record {
            None => {
                let mut edits = creating(contents, now)?;
                edits.extend(self.whose_it_is(contents.form.key(), &edits)?);
                Ok((self.new_record_id(now)?, edits))
            }
            Some(record) => {
                let mut edits = self.editing(record, contents, now)?;
                edits.extend(self.where_it_is_now(&self.head(record)?, &edits)?);
                Ok((record, edits))
            }
        }
    }

    fn unwritten_draft(&mut self, form: &Form, record: Option<RecordId>, now: Reading) -> Result<DraftRow> {
        Ok(DraftRow {
            id: self.random_row()?,
            form: form.key().to_owned(),
            form_version: form.version(),
            begun_on: None,
            record,
            started_ms: now.wall_ms,
            saved_ms: now.wall_ms,
        })
    }

    fn take_photos(&mut self, contents: &mut Contents, photos: &[NewPhoto], now: Reading) -> Result<()> {
        let first = contents
            .form
            .questions()
            .iter()
            .find(|question| matches!(question.kind, QuestionKind::Image { .. }));
        let first = first.map(|question| FieldKey::new(question.path.as_str()));
        for NewPhoto { field, bytes, from } in photos {
            let field = field
                .clone()
                .or_else(|| first.clone())
                .ok_or_else(|| Problem::new(Code::NotFound, "This form asks for no photo"))?;
            let kept = self.keep_photo(bytes, &Origin::from(*from), now)?;
            contents.photos.push((field, kept.sha256, kept.facts));
        }
        contents.show_photos();
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
        let older = match row.begun_on {
            Some(version) => Some(self.form_for(&row.form, version)?),
            None => None,
        };
        let mut contents = contents_of(row, (form, older), seen, typed);
        contents.photos = self
            .store
            .draft_photos(id)?
            .into_iter()
            .map(|(field, sha256, facts, _)| (key(&field), sha256, facts))
            .collect();
        contents.show_photos();
        Ok(contents)
    }

    /// How long and how fine the question wants the copy that screens show.
    fn look_of(&self, row: &DraftRow, field: &FieldKey) -> Result<Look> {
        let form = self.form_for(&row.form, row.form_version)?;
        let (asked, usual) = (form.question(&field.path), Look::default());
        let Some(QuestionKind::Image { max_pixels, quality, .. }) = asked.map(|question| &question.kind)
        else {
            return Ok(usual);
        };
        Ok(Look {
            long_edge: max_pixels.unwrap_or(usual.long_edge).clamp(LEAST_EDGE, MOST_EDGE),
            quality: quality.unwrap_or(usual.quality),
        })
    }

    fn require_draft(&self, id: RowId) -> Result<DraftRow> {
        Ok(self.store.draft(id)?.ok_or_else(|| Problem::new(Code::NotFound, "No such draft"))?)
    }

    pub(crate) fn head(&self, record: RecordId) -> Result<Record> {
        let row = self.store.record(record)?;
        match row {
            Some(row) => self.head_of(&row),
            None if self.store.is_purged(record)? => {
                Err(Problem::new(Code::RecordPurged, "The office removed the record").into())
            }
            None => Err(Problem::new(Code::NotFound, "No such record on this device").into()),
        }
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
        kind: facts.kind.clone(),
        name: facts.name.clone(),
        state: state.to_owned(),
    }
}

#[cfg(test)]
mod tests;
