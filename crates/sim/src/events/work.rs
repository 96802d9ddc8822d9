//! What officers do on their phones: they begin records, answer over what they see, write notes, and leave drafts open.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use kerbside_core::change::Edit;
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{RecordId, RowId};
use kerbside_device::Saved;
use serde_json::{Value as Json, json};

use crate::ledger::{Marker, markers_in};
use crate::world::{FIELDS, World, visible};

/// A form left open on a phone: it answers what it saw then.
#[derive(Debug)]
pub struct OpenDraft {
    id: RowId,
    record: RecordId,
    field: FieldKey,
    over: BTreeSet<Marker>,
}

impl World {
    /// Someone saves: a new record, an answer over what they see, or a note. The process may die on the way.
    pub fn edit(&mut self) -> Result<()> {
        let at = self.any_phone();
        let marker = self.ledger.new_marker();
        let known = self.any_record(at)?.filter(|_| self.rng.u8(0..4) != 0);
        let Some(record) = known else { return self.begin_record(at, &marker) };
        let now = self.reading(at);
        let view = self.phones[at].vault.show(record)?;
        let saved = if self.rng.u8(0..5) == 0 {
            self.tries(&marker, None, Some(record), BTreeSet::new());
            self.phone_asks(at, "noting", |world| world.phones[at].vault.note(record, &marker, now))?
        } else {
            let field = FIELDS[self.rng.usize(..FIELDS.len())];
            let key = FieldKey::new(field);
            self.tries(&marker, Some(key.clone()), Some(record), visible(&view, &key));
            let answers = object(field, &marker);
            self.phone_asks(at, "saving", |world| world.phones[at].vault.edit(record, &answers, &[], now))?
        };
        self.promises(at, &marker, saved.as_ref())
    }

    fn begin_record(&mut self, at: usize, marker: &Marker) -> Result<()> {
        let now = self.reading(at);
        self.tries(marker, Some(FieldKey::new(FIELDS[0])), None, BTreeSet::new());
        let answers = object(FIELDS[0], marker);
        let saved = self.phone_asks(at, "beginning", |world| {
            world.phones[at].vault.create("sighting", &answers, &[], now)
        })?;
        self.promises(at, marker, saved.as_ref())
    }

    /// A form is opened and left open, or one that was left open is finished.
    pub fn draft(&mut self) -> Result<()> {
        let at = self.any_phone();
        let now = self.reading(at);
        if !self.phones[at].drafts.is_empty() && self.rng.bool() {
            return self.finish_draft(at);
        }
        let Some(record) = self.any_record(at)? else { return Ok(()) };
        let field = FieldKey::new(FIELDS[self.rng.usize(..FIELDS.len())]);
        if self.phones[at].vault.drafts()?.iter().any(|draft| draft.record == Some(record)) {
            // It would be opened again as it was left, and answers what was seen then.
            return Ok(());
        }
        let over = visible(&self.phones[at].vault.show(record)?, &field);
        let draft =
            self.phone_asks(at, "opening a form", |world| world.phones[at].vault.edit_record(record, now))?;
        if let Some(draft) = draft {
            self.phones[at].drafts.push(OpenDraft { id: draft.id, record, field, over });
        }
        Ok(())
    }

    fn finish_draft(&mut self, at: usize) -> Result<()> {
        let place = self.rng.usize(..self.phones[at].drafts.len());
        let OpenDraft { id, record, field, over } = self.phones[at].drafts.swap_remove(place);
        let now = self.reading(at);
        let marker = self.ledger.new_marker();
        self.tries(&marker, Some(field.clone()), Some(record), over);
        let saved = self.phone_asks(at, "saving a draft", |world| {
            let vault = &mut world.phones[at].vault;
            vault.answer(id, &field, &json!(marker), now)?;
            vault.save_draft(id, now)
        })?;
        self.acknowledges(at, &marker, saved.as_ref())?;
        if saved.is_none() {
            // It stays on the phone if the process died; nobody comes back to it.
            self.phone_asks(at, "dropping a draft", |world| world.phones[at].vault.discard_draft(id))?;
        }
        Ok(())
    }

    /// Saves edits that no screen makes, with a note by which the change is known again.
    pub fn save_edits(
        &mut self,
        at: usize,
        record: RecordId,
        marker: &Marker,
        mut edits: Vec<Edit>,
    ) -> Result<()> {
        self.tries(marker, None, Some(record), BTreeSet::new());
        edits.push(Edit::Note { kind: "note".into(), text: marker.clone() });
        let now = self.reading(at);
        let saved = self
            .phone_asks(at, "saving edits", |world| world.phones[at].vault.save_edits(record, edits, now))?;
        self.acknowledges(at, marker, saved.as_ref())
    }

    pub fn tries(
        &mut self,
        marker: &Marker,
        field: Option<FieldKey>,
        record: Option<RecordId>,
        over: BTreeSet<Marker>,
    ) {
        self.ledger.tries(marker, field, record, over, self.now_ms);
    }

    /// What was acknowledged may not be lost from now on.
    pub fn acknowledges(&mut self, at: usize, marker: &Marker, saved: Option<&Saved>) -> Result<()> {
        let Some(saved) = saved else { return Ok(()) };
        self.note(&format!("phone {at} saved {marker} {} in {}", saved.dot, saved.record));
        self.ledger.promise(marker, saved.record);
        let Some((record, field)) = self.ledger.place_of(marker) else { return Ok(()) };
        let actor = saved.dot.split_once('.').map(|(actor, _)| actor);
        let mut earlier = BTreeSet::new();
        for own in self.phones[at].vault.own_changes()? {
            if own.record == record && actor == Some(&own.actor.to_string()) {
                earlier.extend(markers_in(&own.bytes).into_iter().filter(|of| self.ledger.is_of(of, field)));
            }
        }
        earlier.remove(marker);
        self.ledger.comes_after(marker, earlier);
        Ok(())
    }

    fn promises(&mut self, at: usize, marker: &Marker, saved: Option<&Saved>) -> Result<()> {
        self.acknowledges(at, marker, saved)?;
        saved.map_or(Ok(()), |saved| self.covers_what_was_seen(at, saved.record, marker))
    }

    /// What was just saved is shown, and an answer given with everything in view leaves itself alone in the field.
    fn covers_what_was_seen(&mut self, at: usize, record: RecordId, marker: &Marker) -> Result<()> {
        let view = self.phones[at].vault.show(record)?;
        let answers =
            view.fields.iter().flat_map(|field| &field.values).filter_map(|value| value.answer.as_str());
        let notes = view.notes.iter().map(|note| note.text.as_str());
        ensure!(answers.chain(notes).any(|said| said == marker), "{marker} was saved and is not shown");
        for field in &view.fields {
            let answers: Vec<_> =
                field.values.iter().map(|value| value.answer.as_str().unwrap_or("")).collect();
            if answers.contains(&marker.as_str()) && answers.len() != 1 {
                bail!("{marker} was given over all that was seen, and {answers:?} stand");
            }
        }
        Ok(())
    }
}

pub fn object(field: &str, marker: &str) -> serde_json::Map<String, Json> {
    [(field.to_owned(), json!(marker))].into_iter().collect()
}
