//! What the office took out of a record for good, and records that are gone: blanked in what is shown and in what is
//! kept to be sent again, so that neither this vault nor a copy of it brings it back.

use super::items::{Intake, readable};
use crate::clock::Reading;
use crate::store::{ChangeState, OwnChange, Seen, Store};
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::change::{Change, ChangeBytes};
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{RecordId, Sha256};
use kerbside_core::mend::turn_bit_back;
use kerbside_core::planted::{self, Mutant};
use kerbside_core::problem::Code;
use kerbside_core::redact::{Redaction, Target, tombstone};
use serde_json::Value as Json;

/// What a draft has seen where there was no answer.
const UNANSWERED: &str = "null";

impl Vault {
    /// What its officer had still to read of a record that was removed goes as well. The photos that went with it.
    pub(crate) fn purge_again(&self, store: &Store, record: RecordId, now: Reading) -> Result<Vec<Sha256>> {
        let mut intake = Intake::new(self, store, now);
        intake.purge(record)?;
        Ok(intake.photos_gone)
    }
}

impl Intake<'_> {
    /// Takes something out of a record, here or not: what was written in it may be.
    pub(super) fn redact(&mut self, redaction: &Redaction) -> Result<u64> {
        let record = redaction.record;
        self.store.break_blocks_with(record)?;
        let mut is_touched = self.blank_own(record, |change| redaction.residue(change))?;
        self.forget_said(redaction)?;
        is_touched |= self.blank_drafts(record, |field| redaction.target.is_field(field))?;
        if let Target::Photo(photo) = &redaction.target {
            is_touched |= self.store.take_photo_out(record, *photo)?;
            self.forget_photo(*photo)?;
        }
        self.forget_outcomes(redaction)?;
        let touched = self.touched(record)?;
        touched.redactions.push(redaction.clone());
        is_touched |= touched.base.as_mut().is_some_and(|base| base.redact(redaction));
        if !is_touched {
            return Ok(0);
        }
        self.store.note_in_journal(self.now.wall_ms, "redacted", &record.to_string())?;
        Ok(1)
    }

    /// Removes a record with all that was received of it, and what the office said of it. What its officer saved
    /// meanwhile goes to the office all the same, is refused there, and stays readable until it is put away.
    pub(super) fn purge(&mut self, record: RecordId) -> Result<u64> {
        self.touched.remove(&record);
        self.store.break_blocks_with(record)?;
        let (kept, gone): (Vec<OwnChange>, Vec<OwnChange>) =
            self.store.changes_of(record)?.into_iter().partition(needs_its_officer);
        let mut is_touched = self.store.record(record)?.is_some();
        for own in gone.iter().filter(|own| own.residue.is_none() || !own.bytes.is_empty()) {
            is_touched |= self.blank(own, |change| Some(tombstone(change)))?;
        }
        is_touched |= self.blank_drafts(record, |_| true)?;
        is_touched |= self.store.forget_said_in(record)?;
        self.store.delete_record(record)?;
        self.store.nothing_pending_in(record)?;
        let still_named: Vec<Sha256> = kept
            .iter()
            .filter_map(readable)
            .flat_map(|change| change.photos().map(|(_, photo, _)| photo).collect::<Vec<_>>())
            .collect();
        for upload in self.store.uploads_of(record)? {
            if still_named.contains(&upload.sha256) {
                self.store.refuse_upload(record, upload.sha256, Code::RecordPurged.name())?;
            } else {
                self.store.take_photo_out(record, upload.sha256)?;
                self.forget_photo(upload.sha256)?;
            }
        }
        // What its officer saved meanwhile has to be known for what it is, whoever it is that offers it in the end.
        if (is_touched || !kept.is_empty()) && !self.store.is_purged(record)? {
            self.store.note_in_journal(self.now.wall_ms, "purged", &record.to_string())?;
        }
        Ok(u64::from(is_touched))
    }

    /// What is in good hands after all says nothing more of a record that was removed meanwhile.
    pub(super) fn forget_if_purged(&mut self, own: &OwnChange) -> Result<()> {
        if own.residue.is_none()
            && self.store.record(own.record)?.is_none()
            && self.store.is_purged(own.record)?
        {
            self.blank(own, |change| Some(tombstone(change)))?;
        }
        Ok(())
    }

    fn blank_own(&mut self, record: RecordId, left: impl Fn(&Change) -> Option<Change>) -> Result<bool> {
        if planted::is(Mutant::OutboxKeepsRedacted) {
            return Ok(false);
        }
        let mut is_touched = false;
        for own in self.store.changes_of(record)? {
            is_touched |= self.blank(&own, &left)?;
        }
        Ok(is_touched)
    }

    fn blank(&self, own: &OwnChange, left: impl Fn(&Change) -> Option<Change>) -> Result<bool> {
        if own.bytes.is_empty() {
            return Ok(false);
        }
        let Some(change) = readable(own).or_else(|| mended(own)) else {
            // What went bad and is in good hands elsewhere is not worth keeping with what it may say.
            let is_elsewhere =
                !matches!(own.state, ChangeState::Saved | ChangeState::Held | ChangeState::Refused);
            if is_elsewhere {
                self.store.mend_change(&OwnChange { bytes: Vec::new(), ..own.clone() })?;
            }
            self.store.forget_said((own.actor, own.counter))?;
            return Ok(is_elsewhere);
        };
        match left(&change) {
            Some(left) => self.store.blank_change(own, &ChangeBytes::write(&left)).map(|()| true),
            None => Ok(false),
        }
    }

    /// A reply from before it was taken out may have come since the change was blanked, and said it again.
    fn forget_said(&self, redaction: &Redaction) -> Result<()> {
        if planted::is(Mutant::SaidOutlivesWords) {
            return Ok(());
        }
        for own in self.store.changes_of(redaction.record)? {
            if readable(&own).is_some_and(|change| redaction.concerns(&change)) {
                self.store.forget_said((own.actor, own.counter))?;
            }
        }
        Ok(())
    }

    /// What a form that is open shows of it goes, and what was typed only if it repeats that.
    fn blank_drafts(&self, record: RecordId, is_meant: impl Fn(&FieldKey) -> bool) -> Result<bool> {
        let mut is_touched = false;
        for draft in self.store.drafts()?.into_iter().filter(|draft| draft.record == Some(record)) {
            let typed = self.store.draft_answers(draft.id)?;
            for Seen { field, answer, .. } in self.store.draft_seen(draft.id)? {
                let is_blank = answer == UNANSWERED;
                if is_blank || !field.parse().is_ok_and(|field| is_meant(&field)) {
                    continue;
                }
                is_touched = true;
                self.store.blank_draft_seen(draft.id, &field)?;
                if typed.iter().any(|(of, typed)| *of == field && repeats(typed, &answer)) {
                    self.store.delete_draft_answer(draft.id, &field)?;
                }
            }
        }
        Ok(is_touched)
    }

    fn forget_outcomes(&mut self, redaction: &Redaction) -> Result<()> {
        let record = redaction.record;
        for outcome in self.store.outcomes_of(record)? {
            if outcome.field.parse().is_ok_and(|field| redaction.target.is_field(&field)) {
                self.store.delete_outcome(record, &outcome.field)?;
            }
        }
        let is_meant = |field: &str| field.parse().is_ok_and(|field| redaction.target.is_field(&field));
        self.touched(record)?.outcomes.retain(|outcome| !is_meant(&outcome.field));
        Ok(())
    }

    fn forget_photo(&mut self, photo: Sha256) -> Result<()> {
        if self.store.photo(photo)?.is_some() && !self.store.photo_is_named(photo)? {
            self.store.delete_photo(photo)?;
            self.photos_gone.push(photo);
        }
        Ok(())
    }
}

/// Whether its officer has still to hear what became of it, or to say what becomes of it.
fn needs_its_officer(own: &OwnChange) -> bool {
    match own.state {
        ChangeState::Saved | ChangeState::Held => own.residue.is_none(),
        ChangeState::Refused => own.residue.is_none() && !own.seen,
        ChangeState::Received | ChangeState::Duplicate | ChangeState::Redotted | ChangeState::Missing => {
            false
        }
    }
}

fn mended(own: &OwnChange) -> Option<Change> {
    let hash = own.residue.unwrap_or(own.hash);
    let whole = turn_bit_back(&own.bytes, |tried| Sha256::of(tried) == hash)?;
    ChangeBytes::received(whole).read().ok()
}

/// Whether what was typed is what was seen, or has it within.
fn repeats(typed: &str, seen: &str) -> bool {
    let text = |json: &str| serde_json::from_str::<Json>(json).ok();
    match (text(typed), text(seen)) {
        (Some(Json::String(typed)), Some(Json::String(seen))) => typed.contains(&seen),
        (typed, seen) => typed == seen,
    }
}
