//! What really happened, kept beside the system under test: who wrote which answer over which.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use kerbside_core::change::{Change, ChangeBytes, Edit};
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{RecordId, Sha256};
use kerbside_core::value::Value;
use kerbside_server::store::Store;

use crate::events::cut::CutLog;
use crate::events::gone::GoneActs;
use crate::events::photos::PhotoActs;
use crate::events::sets::SetActs;
use crate::world::FIELDS;

/// One answer or note, by a text that is used once.
pub type Marker = String;

/// Every answer ever given, acknowledged or not.
#[derive(Debug, Default)]
pub struct Ledger {
    next: u32,
    acts: BTreeMap<Marker, Act>,
    /// Acknowledged, and not lost with the only phone that had it.
    promised: BTreeSet<Marker>,
    /// Sent by two doubles under two dots, and taken once.
    twice: BTreeSet<Marker>,
    /// What the office took out for good.
    pub gone: GoneActs,
    pub sets: SetActs,
    pub photos: PhotoActs,
    /// Not taken, and kept by the server until someone decides.
    in_review: BTreeSet<Marker>,
    /// Written by the office, or by phones that were put back since.
    on_server_alone: BTreeSet<Marker>,
    /// Once on a server that is gone, and not in the backup that took its place.
    gone_with_server: BTreeSet<Marker>,
}

#[derive(Debug, Clone)]
pub struct Act {
    pub record: Option<RecordId>,
    pub field: Option<FieldKey>,
    /// What its author had in view, answered over directly.
    over: BTreeSet<Marker>,
    /// What the same actor had answered before: it may be answered over by this, though nobody had it in view.
    after: BTreeSet<Marker>,
    /// When it really was.
    at_ms: i64,
}

impl Ledger {
    pub fn new_marker(&mut self) -> Marker {
        self.next += 1;
        format!("mk{}.", self.next)
    }

    /// Notes an act before it is tried, because a crash may leave it done and unanswered.
    pub fn tries(
        &mut self,
        marker: &Marker,
        field: Option<FieldKey>,
        record: Option<RecordId>,
        over: BTreeSet<Marker>,
        at_ms: i64,
    ) {
        self.acts.insert(marker.clone(), Act { record, field, over, after: BTreeSet::new(), at_ms });
    }

    /// One actor's later dot covers all its earlier ones, those that were refused and not shown among them.
    pub fn comes_after(&mut self, marker: &Marker, earlier: BTreeSet<Marker>) {
        if let Some(act) = self.acts.get_mut(marker) {
            act.after = earlier;
        }
    }

    /// The act was acknowledged: from now on it may not be lost.
    pub fn promise(&mut self, marker: &Marker, record: RecordId) {
        if let Some(act) = self.acts.get_mut(marker) {
            act.record = Some(record);
        }
        self.promised.insert(marker.clone());
    }

    /// Everyone who held it died: nobody can be asked for it any more.
    pub fn died(&mut self, marker: &Marker) {
        self.promised.remove(marker);
    }

    pub fn goes_with_server(&mut self, marker: &Marker) {
        self.gone_with_server.insert(marker.clone());
    }

    /// Nobody could prove that the lost server had it: it comes back under another dot than the one others had seen.
    pub fn comes_anew(&mut self, markers: Vec<Marker>) {
        self.twice.extend(markers.into_iter().filter(|marker| self.gone_with_server.contains(marker)));
    }

    /// No phone has it any more, and none chose to let it go.
    pub fn leaves_phones(&mut self, marker: &Marker) {
        self.on_server_alone.insert(marker.clone());
    }

    pub fn is_on_server_alone(&self, marker: &Marker) -> bool {
        self.on_server_alone.contains(marker)
    }

    pub fn arrives_twice(&mut self, markers: Vec<Marker>) {
        self.twice.extend(markers);
    }

    /// Whether an answer may show though it was answered over: the answer names the other copy's dot.
    pub fn may_show_again(&self, marker: &Marker) -> bool {
        self.twice.contains(marker)
    }

    /// The office took it out, or the whole record in which it was.
    pub fn is_gone(&self, marker: &Marker) -> bool {
        let record = self.acts.get(marker).and_then(|act| act.record);
        self.gone.is_redacted(marker) || record.is_some_and(|record| self.gone.is_purged(record))
    }

    /// Whether the photo that came with this act was taken out of its record.
    pub fn is_photo_gone(&self, marker: &Marker, photo: Sha256) -> bool {
        let record = self.acts.get(marker).and_then(|act| act.record);
        record.is_some_and(|record| self.gone.has_lost_photo(record, photo))
    }

    /// Its writer may no longer write it: someone in the office will take it or decline it.
    pub fn waits_for_review(&mut self, marker: &Marker) {
        self.in_review.insert(marker.clone());
    }

    /// Where an act was put.
    pub fn place_of(&self, marker: &Marker) -> Option<(RecordId, &FieldKey)> {
        let act = self.acts.get(marker)?;
        Some((act.record?, act.field.as_ref()?))
    }

    pub fn is_in_review(&self, marker: &Marker) -> bool {
        self.in_review.contains(marker)
    }

    pub fn promised(&self) -> impl Iterator<Item = &Marker> {
        self.promised.iter()
    }

    pub fn saves(&self) -> u32 {
        self.next
    }

    /// When it really was, whatever the phone's clock said.
    pub fn really_at_ms(&self, marker: &Marker) -> Option<i64> {
        self.acts.get(marker).map(|act| act.at_ms)
    }

    pub fn is_known(&self, marker: &str) -> bool {
        self.acts.contains_key(marker)
    }

    /// The answers that must stand in a field, of those that were taken: nobody who saw them answered over them.
    pub fn standing(&self, field: &FieldKey, taken: &BTreeSet<Marker>) -> BTreeSet<Marker> {
        let covered = self.covered(field, taken, |act| act.over.iter());
        taken
            .iter()
            .filter(|marker| self.is_of(marker, field) && !covered.contains(*marker))
            .cloned()
            .collect()
    }

    /// The answers that need not stand, because whoever gave them has answered again since.
    pub fn answered_anew(&self, field: &FieldKey, taken: &BTreeSet<Marker>) -> BTreeSet<Marker> {
        self.covered(field, taken, |act| act.over.iter().chain(&act.after))
    }

    fn covered<'a, I: Iterator<Item = &'a Marker>>(
        &'a self,
        field: &FieldKey,
        taken: &'a BTreeSet<Marker>,
        covers: impl Fn(&'a Act) -> I,
    ) -> BTreeSet<Marker> {
        let mut covered = BTreeSet::new();
        let mut next: Vec<&Marker> = taken.iter().filter(|marker| self.is_of(marker, field)).collect();
        while let Some(act) = next.pop().and_then(|marker| self.acts.get(marker)) {
            for marker in covers(act) {
                if covered.insert(marker.clone()) {
                    next.push(marker);
                }
            }
        }
        covered
    }

    /// The acts whose authors had this answer in view.
    pub fn over(&self, marker: &Marker) -> Vec<&Marker> {
        self.acts.iter().filter(|(_, act)| act.over.contains(marker)).map(|(over, _)| over).collect()
    }

    pub fn is_of(&self, marker: &Marker, field: &FieldKey) -> bool {
        self.acts.get(marker).is_some_and(|act| act.field.as_ref() == Some(field))
    }
}

/// The texts of one change: what it answers and notes.
pub fn markers_of(change: &Change) -> Vec<Marker> {
    let text = |edit: &Edit| match edit {
        Edit::Put { field, value: Value::Text(text), .. } if FIELDS.contains(&field.path.as_str()) => {
            Some(text.clone())
        }
        Edit::Note { text, .. } => Some(text.clone()).filter(|text| !text.is_empty()),
        Edit::Create
        | Edit::Put { .. }
        | Edit::SetAdd { .. }
        | Edit::SetRemove { .. }
        | Edit::Attach { .. }
        | Edit::Seal { .. }
        | Edit::Unknown { .. } => None,
    };
    change.edits.iter().filter_map(text).collect()
}

/// The same of bytes, which say nothing if they cannot be read.
pub fn markers_in(bytes: &[u8]) -> Vec<Marker> {
    let read = ChangeBytes::received(bytes.to_vec()).read();
    read.map(|change| markers_of(&change)).unwrap_or_default()
}

/// Everything the server has taken. What it refused is the phone's to show, and goes with the phone.
pub fn markers_on_server(server: &mut Store, cut: &CutLog, gone: &GoneActs) -> Result<BTreeSet<Marker>> {
    Ok(cut.read(server, gone)?.iter().flat_map(markers_of).collect())
}
