//! Every photo of an act that was taken ends on the server under its right hash, unless it died with its only holder;
//! and no phone goes on waiting to send one.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use kerbside_device::{OwnChange, UploadState};

use super::Settled;
use crate::world::World;

pub fn photos_have_come(world: &mut World, settled: &Settled) -> Result<()> {
    world.photos_cleared_late()?;
    let listed: BTreeSet<_> = world.server.photos()?.into_iter().map(|(sha256, _)| sha256).collect();
    let left = world.server.photos_gone()?;
    ensure!(left.is_empty(), "files of photos are still to be deleted: {left:?}");
    for sha256 in world.disk.held() {
        ensure!(
            listed.contains(&sha256) || !world.ledger.gone.is_photo_redacted(sha256),
            "{sha256} was taken out and is on the server's disk"
        );
    }
    for sha256 in &listed {
        ensure!(world.disk.holds(*sha256), "the server lists {sha256} and does not have it");
    }
    for (marker, sha256) in world.ledger.photos.promised() {
        let is_due = settled.taken.contains(marker) && !world.ledger.is_photo_gone(marker, sha256);
        ensure!(!is_due || listed.contains(&sha256), "the photo {sha256} of {marker} never came");
    }
    Ok(())
}

pub fn no_photo_waits(world: &mut World, settled: &Settled) -> Result<()> {
    for (at, phone) in world.phones.iter().enumerate() {
        if let Some(upload) = phone.vault.photos_to_send()?.first() {
            let own = settled.own[at].iter().map(|own| &own.change);
            let said: Vec<_> = own
                .filter(|own| own.record == upload.record)
                .map(|own| {
                    let OwnChange { actor, counter, state, reason, .. } = own;
                    format!("{actor}.{counter} {state:?} {reason:?} {} bytes", own.bytes.len())
                })
                .collect();
            bail!("phone {at} still sends {} of {}, where it wrote {said:?}", upload.sha256, upload.record);
        }
        for upload in phone.vault.uploads()? {
            let (sha256, state) = (upload.sha256, upload.state);
            // It goes with what its officer still reads of a record that is gone.
            let is_gone = world.ledger.gone.is_purged(upload.record);
            ensure!(
                state != UploadState::Refused || is_gone,
                "{sha256} of phone {at} was refused: {:?}",
                upload.reason
            );
            ensure!(state != UploadState::Sending, "{sha256} of phone {at} stopped on its way");
        }
    }
    Ok(())
}
