//! The office takes something out of a record for good, or a whole record. The ledger lies outside the server's disk, and
//! a server that starts reads it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use kerbside_core::change::{Change, ChangeBytes, Edit};
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{Cid, Dot, RecordId, Sha256};
use kerbside_core::record::Record;
use kerbside_core::redact::{self, Target};
use kerbside_server::store::{Gone, Officer, Wish};

use crate::ledger::{Marker, markers_of};
use crate::world::{FIELDS, World};

/// What was taken out, as the one who took it out knows it.
#[derive(Debug, Default)]
pub struct GoneActs {
    /// The ledger itself.
    lines: Vec<Gone>,
    redacted: BTreeSet<Marker>,
    /// By the act that said it and the record, wherever that act turns up again.
    by_act: BTreeMap<(RecordId, Cid), BTreeSet<Marker>>,
    photos: BTreeSet<(RecordId, Sha256)>,
    purged: BTreeSet<RecordId>,
}

impl GoneActs {
    pub fn is_redacted(&self, marker: &str) -> bool {
        self.redacted.contains(marker)
    }

    /// What a change said before it was blanked.
    pub fn redacted_in(&self, change: &Change) -> BTreeSet<Marker> {
        self.by_act.get(&(change.record, change.cid)).cloned().unwrap_or_default()
    }

    /// A change as it stands where all that was taken out is blanked.
    pub fn without(&self, change: &Change) -> Change {
        let redactions = self.lines.iter().filter_map(|line| line.redaction.as_ref());
        redact::residue(redactions, change).unwrap_or_else(|| change.clone())
    }

    pub fn has_lost_photo(&self, record: RecordId, photo: Sha256) -> bool {
        self.photos.contains(&(record, photo))
    }

    pub fn is_photo_redacted(&self, photo: Sha256) -> bool {
        self.photos.iter().any(|(_, gone)| *gone == photo)
    }

    pub fn is_purged(&self, record: RecordId) -> bool {
        self.purged.contains(&record)
    }

    pub fn purged(&self) -> impl Iterator<Item = RecordId> {
        self.purged.iter().copied()
    }
}

impl World {
    /// An answer, a note or a photo.
    pub fn redact(&mut self) -> Result<()> {
        let Some((record, target)) = self.any_words()? else { return Ok(()) };
        let lee = self.officer("lee@example.gov.uk")?;
        let before = self.changes_of(record)?;
        let done = self.let_go("taking something out", |world, keep| {
            let wish = Wish { by: Some(&lee), reason: "said too much", now_ms: world.now_ms };
            world.server.redact(wish, record, &target, keep)
        })?;
        let Some(redaction) = done.and_then(|gone| gone.redaction) else { return Ok(()) };
        let acts = &mut self.ledger.gone;
        for change in before {
            let Some(left) = redaction.residue(&change) else { continue };
            let stays = markers_of(&left);
            let gone: Vec<Marker> =
                markers_of(&change).into_iter().filter(|marker| !stays.contains(marker)).collect();
            acts.redacted.extend(gone.iter().cloned());
            acts.by_act.entry((record, change.cid)).or_default().extend(gone);
        }
        if let Target::Photo(photo) = target {
            acts.photos.insert((record, photo));
        }
        self.note(&format!("{target:?} is taken out of {record}"));
        self.sweep_photos()
    }

    pub fn purge(&mut self) -> Result<()> {
        let Some((record, _)) = self.any_kept()? else { return Ok(()) };
        let lee: Officer = self.officer("lee@example.gov.uk")?;
        let done = self.let_go("removing a record", |world, keep| {
            let wish = Wish { by: Some(&lee), reason: "kept long enough", now_ms: world.now_ms };
            world.server.purge(wish, record, keep)
        })?;
        if done.is_some() {
            self.ledger.gone.purged.insert(record);
            self.note(&format!("{record} is removed for good"));
            self.sweep_photos()?;
        }
        Ok(())
    }

    /// What a server does when it starts.
    pub fn replay_ledger(&mut self) -> Result<()> {
        let lines = self.ledger.gone.lines.clone();
        self.server.replay(self.now_ms, &lines)?;
        self.sweep_photos()
    }

    /// What stands in the ledger counts, whether or not the server lived to commit it.
    fn let_go(
        &mut self,
        what: &str,
        act: impl FnOnce(&mut Self, &mut dyn FnMut(&Gone) -> Result<()>) -> Result<Gone>,
    ) -> Result<Option<Gone>> {
        let mut line = None;
        self.server_asked(what, |world| {
            act(world, &mut |gone: &Gone| {
                line = Some(gone.clone());
                Ok(())
            })
        })?;
        if let Some(line) = &line {
            self.ledger.gone.lines.push(line.clone());
            self.replay_ledger()?;
        }
        Ok(line)
    }

    fn any_kept(&mut self) -> Result<Option<(RecordId, Record)>> {
        let states = self.server.states()?;
        if states.is_empty() {
            return Ok(None);
        }
        let state = &states[self.rng.usize(..states.len())];
        Ok(Some((state.record, Record::unpack(&state.state).map_err(anyhow::Error::from)?)))
    }

    /// Something to take out: of a record, or of what was declined.
    fn any_words(&mut self) -> Result<Option<(RecordId, Target)>> {
        if self.rng.bool()
            && let Some(found) = self.any_declined()?
        {
            return Ok(Some(found));
        }
        let Some((record, state)) = self.any_kept()? else { return Ok(None) };
        Ok(self.any_target(&state).map(|target| (record, target)))
    }

    fn any_declined(&mut self) -> Result<Option<(RecordId, Target)>> {
        let outcomes = self.server.reviews()?.into_iter();
        let declined: BTreeSet<Dot> =
            outcomes.filter(|(_, outcome)| outcome == "declined").map(|(dot, _)| dot).collect();
        let aside = self.server.set_aside_changes()?.into_iter();
        let aside = aside.filter(|kept| declined.contains(&kept.dot));
        let changes: Vec<Change> =
            aside.filter_map(|kept| ChangeBytes::received(kept.bytes).read().ok()).collect();
        let here: BTreeSet<RecordId> = self.server.states()?.into_iter().map(|state| state.record).collect();
        let words = changes.iter().filter(|change| here.contains(&change.record)).flat_map(|change| {
            change.edits.iter().filter_map(|edit| {
                let target = match edit {
                    Edit::Put { field, .. } if FIELDS.contains(&field.path.as_str()) => {
                        Target::Field(field.clone())
                    }
                    Edit::Note { .. } => Target::Note(change.dot()),
                    Edit::Put { .. }
                    | Edit::Create
                    | Edit::SetAdd { .. }
                    | Edit::SetRemove { .. }
                    | Edit::Attach { .. }
                    | Edit::Seal { .. }
                    | Edit::Unknown { .. } => return None,
                };
                Some((change.record, target))
            })
        });
        Ok(self.rng.choice(words.collect::<Vec<_>>()))
    }

    fn any_target(&mut self, state: &Record) -> Option<Target> {
        let notes: Vec<Dot> = state.notes().map(|note| note.stamp.dot).collect();
        let photos: Vec<Sha256> = state.photos_ever().collect();
        match self.rng.u8(0..4) {
            0 => self.rng.choice(notes).map(Target::Note),
            1 => self.rng.choice(photos).map(Target::Photo),
            _ => Some(Target::Field(FieldKey::new(FIELDS[self.rng.usize(..FIELDS.len())]))),
        }
    }

    /// All that the server holds of a record, taken or not.
    fn changes_of(&mut self, record: RecordId) -> Result<Vec<Change>> {
        let aside = self.server.set_aside_changes()?.into_iter();
        let aside = aside.filter_map(|kept| ChangeBytes::received(kept.bytes).read().ok());
        let changes = self.log()?.into_iter().chain(aside);
        Ok(changes.filter(|change| change.record == record).collect())
    }

    fn sweep_photos(&mut self) -> Result<()> {
        for (photo, device) in self.server.photos_gone()? {
            self.disk.remove(photo);
            self.server.photo_is_gone(photo, device)?;
        }
        Ok(())
    }
}
