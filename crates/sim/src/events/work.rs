//! What officers do on their phones: they begin records, answer over what they see, and write notes.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use kerbside_core::field::FieldKey;
use kerbside_core::ids::RecordId;
use serde_json::{Value as Json, json};

use crate::ledger::Marker;
use crate::world::{FIELDS, World, visible};

impl World {
    /// Someone saves: a new record, an answer over what they see, or a note. The process may die on the way.
    pub fn edit(&mut self) -> Result<()> {
        let at = self.any_phone();
        let marker = self.ledger.new_marker();
        let known: Vec<RecordId> = self.phones[at].vault.states()?.into_keys().collect();
        let now = self.reading(at);
        let dies = self.plan_crash();
        let done = if known.is_empty() || self.rng.u8(0..4) == 0 {
            self.ledger.tries(&marker, Some(FieldKey::new(FIELDS[0])), None, BTreeSet::new());
            let answers = object(FIELDS[0], &marker);
            self.phones[at].vault.create("sighting", &answers, &[], now)
        } else {
            let record = known[self.rng.usize(..known.len())];
            let view = self.phones[at].vault.show(record)?;
            if self.rng.u8(0..5) == 0 {
                self.ledger.tries(&marker, None, Some(record), BTreeSet::new());
                self.phones[at].vault.note(record, &marker, now)
            } else {
                let field = FIELDS[self.rng.usize(..FIELDS.len())];
                let key = FieldKey::new(field);
                self.ledger.tries(&marker, Some(key.clone()), Some(record), visible(&view, &key));
                self.phones[at].vault.edit(record, &object(field, &marker), &[], now)
            }
        };
        self.end_crash();
        match done {
            Ok(saved) => {
                self.note(&format!("phone {at} saved {marker} {} in {}", saved.dot, saved.record));
                self.ledger.promise(&marker, saved.record);
                self.covers_what_was_seen(at, saved.record, &marker)?;
            }
            Err(cause) if dies => {
                self.note(&format!("died saving {marker}: {cause}"));
            }
            Err(cause) => return Err(cause.context("Saving")),
        }
        if dies {
            self.reopen(at);
        }
        Ok(())
    }

    /// An answer given with everything in view leaves itself alone in the field.
    fn covers_what_was_seen(&mut self, at: usize, record: RecordId, marker: &Marker) -> Result<()> {
        let view = self.phones[at].vault.show(record)?;
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

fn object(field: &str, marker: &str) -> serde_json::Map<String, Json> {
    [(field.to_owned(), json!(marker))].into_iter().collect()
}
