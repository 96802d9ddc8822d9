//! Records that leave, when nothing of ours is on its way in them any more, and photos that outstay them.

use super::items::readable;
use crate::clock::Reading;
use crate::store::{ChangeState, OwnChange, Store, UploadRow};
use crate::vault::Vault;
use crate::ways::is_in_review;
use anyhow::Result;
use kerbside_core::ids::Sha256;
use kerbside_core::planted::{self, Mutant};

impl Vault {
    /// Records that left go once nothing of ours is on its way to them, and their photos with them.
    pub(super) fn sweep_leaving(&mut self, now: Reading) -> Result<()> {
        for record in self.store.leaving_records()? {
            let is_hopeless =
                self.store.changes_of(record)?.iter().all(|own| own.state == ChangeState::Missing);
            let mut sending = false;
            for upload in self.store.uploads_of(record)? {
                sending |= !is_hopeless && !upload.state.arrived() && !is_done_with(&self.store, &upload)?;
            }
            let open = self.store.draft_of_record(record)?.is_some();
            let unsent = self.store.pending_of(record)?.iter().any(|own| own.state == ChangeState::Saved);
            if planted::is(Mutant::LeaveBeforeSent) && unsent {
                self.store.transact(|store| store.drop_unsent_in(record))?;
            } else if sending || open || unsent {
                continue;
            }
            let gone = self.store.transact(|store| {
                store.delete_record(record)?;
                store.nothing_pending_in(record)?;
                store.note_in_journal(now.wall_ms, "left", &record.to_string())?;
                unnamed(store, store.delete_uploads_of(record)?)
            })?;
            // Without its row no key opens a photo, so a crash here leaves only noise.
            gone.into_iter().try_for_each(|photo| self.remove_blobs(photo))?;
        }
        let gone = self.store.transact(|store| {
            let mut gone = let_go_of_outstayed(store)?;
            gone.extend(store.delete_outstayed_uploads()?);
            unnamed(store, gone)
        })?;
        gone.into_iter().try_for_each(|photo| self.remove_blobs(photo))
    }
}

/// Of these photos those that nothing names any more. Their rows go.
fn unnamed(store: &Store, mut gone: Vec<Sha256>) -> Result<Vec<Sha256>> {
    gone.retain(|photo| store.photo_is_named(*photo).is_ok_and(|named| !named));
    gone.iter().try_for_each(|photo| store.delete_photo(*photo))?;
    Ok(gone)
}

/// Photos that outstayed their record, and that no server waits for, nor their officer.
fn let_go_of_outstayed(store: &Store) -> Result<Vec<Sha256>> {
    let mut gone = Vec::new();
    for upload in store.uploads()? {
        if store.record(upload.record)?.is_none() && is_done_with(store, &upload)? {
            store.delete_upload(upload.record, upload.sha256)?;
            gone.push(upload.sha256);
        }
    }
    Ok(gone)
}

/// Whether what names the photo was refused for good and its officer has put that away, or nobody has it any more: such a
/// photo is waited for by nobody, and keeps no record here.
fn is_done_with(store: &Store, upload: &UploadRow) -> Result<bool> {
    if upload.state.arrived() {
        return Ok(false);
    }
    let mut own = store.changes_of(upload.record)?;
    own.retain(|own| own.state != ChangeState::Redotted);
    let names = |own: &OwnChange| {
        readable(own).is_some_and(|change| change.photos().any(|(_, photo, _)| photo == upload.sha256))
    };
    if own.iter().any(names) {
        own.retain(names);
    }
    let is_over = |own: &OwnChange| match own.state {
        ChangeState::Refused => own.seen && !is_in_review(own),
        ChangeState::Missing => true,
        ChangeState::Saved
        | ChangeState::Held
        | ChangeState::Received
        | ChangeState::Duplicate
        | ChangeState::Redotted => false,
    };
    Ok(!own.is_empty() && own.iter().all(is_over))
}
