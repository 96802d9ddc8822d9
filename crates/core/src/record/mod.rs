//! One record, as the fold of every change that names it. Merging cannot fail and cannot lose an answer.
//!
//! Built on the leaf types of `crdts` alone. Its `Map` is not used: with multi-value registers inside it brings
//! superseded answers back (see `laws.rs`, where the counter-example is kept).

mod columns;
mod lifecycle;
mod pack;
mod page;
mod redact;
mod register;
mod set;
pub mod view;

#[cfg(test)]
mod laws;

use std::collections::BTreeMap;

use crdts::{CmRDT, CvRDT, VClock};

pub use lifecycle::{Lifecycle, OPEN, REASON, WITHDRAWN};
pub use pack::{Entered, Entry, Unreadable, pack_page, unpack_page};
pub use page::{Leafing, Mark, Outline, Packed, join_page, plain_page};
pub use register::{Register, Written};
pub use set::Members;

use crate::change::{Change, Context, Edit, Member, PhotoFacts};
use crate::field::{FieldKey, LIFECYCLE};
use crate::ids::{Actor, Dot, OfficerId, Sha256};
use crate::time::Hlc;
use crate::value::Value;

/// Who did something, when and under which dot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Stamp {
    pub hlc: Hlc,
    pub dot: Dot,
    pub officer: OfficerId,
    /// Corrected time, milliseconds since 1970.
    pub at_ms: i64,
}

/// Words added to a record and never edited.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    pub stamp: Stamp,
    pub kind: String,
    pub text: String,
}

/// A signature over what a served notice or an exhibit held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seal {
    pub stamp: Stamp,
    pub manifest: Sha256,
    pub signature: Vec<u8>,
}

/// A record.
#[derive(Clone, Debug, Default)]
pub struct Record {
    clock: VClock<Actor>,
    form: String,
    form_version: u32,
    created: Option<Stamp>,
    registers: BTreeMap<FieldKey, Register>,
    sets: BTreeMap<FieldKey, Members>,
    photos: BTreeMap<(FieldKey, Sha256, Dot), (Stamp, PhotoFacts)>,
    notes: BTreeMap<(Hlc, Dot, u64), Note>,
    seals: BTreeMap<Dot, Seal>,
    unknown: BTreeMap<(Dot, u64), (u64, Vec<u8>)>,
}

impl Record {
    /// Applies a change. False when the record has it already: applying twice is harmless.
    pub fn apply(&mut self, change: &Change) -> bool {
        let dot = change.dot();
        if self.holds(dot) {
            return false;
        }
        let stamp =
            Stamp { hlc: change.at.hlc, dot, officer: change.officer, at_ms: change.at.corrected_ms() };
        self.form_version = self.form_version.max(change.form_version);
        let mut adds: BTreeMap<&FieldKey, Vec<Member>> = BTreeMap::new();
        for (index, edit) in (0u64..).zip(&change.edits) {
            self.apply_edit(change, edit, stamp, index);
            match edit {
                Edit::SetAdd { field, members } => {
                    adds.entry(field).or_default().extend(members.iter().cloned());
                }
                Edit::Attach { field, photo, .. } => {
                    adds.entry(field).or_default().push(Member::Photo(*photo));
                }
                Edit::Create
                | Edit::Put { .. }
                | Edit::SetRemove { .. }
                | Edit::Note { .. }
                | Edit::Seal { .. }
                | Edit::Unknown { .. } => {}
            }
        }
        // One add per set and change: a second under the same dot would be dropped.
        for (field, members) in adds {
            self.sets.entry(field.clone()).or_default().add(dot, members);
        }
        self.clock.apply(crdts::Dot::new(dot.actor, dot.counter));
        true
    }

    fn apply_edit(&mut self, change: &Change, edit: &Edit, stamp: Stamp, index: u64) {
        match edit {
            Edit::Create => {
                self.form.clone_from(&change.form);
                self.created = Some(stamp);
            }
            Edit::Put { field, context, value } => {
                self.registers.entry(field.clone()).or_default().put(stamp, context, value.clone());
            }
            Edit::SetRemove { field, context, members } => {
                self.sets.entry(field.clone()).or_default().remove(context, members.clone());
            }
            Edit::Attach { field, photo, facts } => {
                self.photos.insert((field.clone(), *photo, stamp.dot), (stamp, facts.clone()));
            }
            Edit::Note { kind, text } => {
                let note = Note { stamp, kind: kind.clone(), text: text.clone() };
                self.notes.insert((stamp.hlc, stamp.dot, index), note);
            }
            Edit::Seal { manifest, signature } => {
                self.seals
                    .insert(stamp.dot, Seal { stamp, manifest: *manifest, signature: signature.clone() });
            }
            Edit::Unknown { tag, bytes } => {
                self.unknown.insert((stamp.dot, index), (*tag, bytes.clone()));
            }
            Edit::SetAdd { .. } => {}
        }
    }

    /// Joins another copy of the same record into this one.
    pub fn merge(&mut self, other: Self) {
        let Self { clock, form, form_version, created, registers, sets, photos, notes, seals, unknown } =
            other;
        self.clock.merge(clock);
        if self.created.is_none() {
            self.created = created;
            self.form = form;
        }
        self.form_version = self.form_version.max(form_version);
        for (field, register) in registers {
            self.registers.entry(field).or_default().merge(register);
        }
        for (field, set) in sets {
            self.sets.entry(field).or_default().merge(set);
        }
        self.photos.extend(photos);
        self.notes.extend(notes);
        self.seals.extend(seals);
        self.unknown.extend(unknown);
    }

    /// Whether the change under this dot is part of the record.
    #[must_use]
    pub fn holds(&self, dot: Dot) -> bool {
        dot.counter <= self.clock.get(&dot.actor)
    }

    /// Who wrote what stands under this dot, and when. None where nothing does: two phones that were one may each have
    /// used it.
    #[must_use]
    pub fn stamp_of(&self, dot: Dot) -> Option<Stamp> {
        let written = self.registers.values().flat_map(Register::values).map(|written| written.stamp);
        let photos = self.photos.values().map(|(stamp, _)| *stamp);
        let notes = self.notes.values().map(|note| note.stamp);
        let seals = self.seals.values().map(|seal| seal.stamp);
        self.created
            .into_iter()
            .chain(written)
            .chain(photos)
            .chain(notes)
            .chain(seals)
            .find(|stamp| stamp.dot == dot)
    }

    /// The newest change of every actor that is part of the record.
    #[must_use]
    pub fn held(&self) -> Context {
        context_of(&self.clock)
    }

    /// The newest counter of this actor in the record, 0 for none.
    #[must_use]
    pub fn newest_of(&self, actor: Actor) -> u64 {
        self.clock.get(&actor)
    }

    #[must_use]
    pub fn form(&self) -> &str {
        &self.form
    }

    #[must_use]
    pub fn form_version(&self) -> u32 {
        self.form_version
    }

    /// Who began the record and when. None while its first change has not come.
    #[must_use]
    pub fn created(&self) -> Option<Stamp> {
        self.created
    }

    /// Every field that was ever answered.
    pub fn registers(&self) -> impl Iterator<Item = (&FieldKey, &Register)> {
        self.registers.iter()
    }

    pub fn sets(&self) -> impl Iterator<Item = (&FieldKey, &Members)> {
        self.sets.iter()
    }

    #[must_use]
    pub fn register(&self, field: &FieldKey) -> Option<&Register> {
        self.registers.get(field)
    }

    #[must_use]
    pub fn set(&self, field: &FieldKey) -> Option<&Members> {
        self.sets.get(field)
    }

    pub fn notes(&self) -> impl Iterator<Item = &Note> {
        self.notes.values()
    }

    pub fn seals(&self) -> impl Iterator<Item = &Seal> {
        self.seals.values()
    }

    /// The answer that lists, reports and automation go by; there may be others.
    #[must_use]
    pub fn provisional(&self, field: &FieldKey) -> Option<Value> {
        self.registers.get(field).and_then(Register::provisional).map(|written| written.value)
    }

    /// Every distinct answer to the field, the provisional one first. What was taken out answers nothing.
    #[must_use]
    pub fn answers(&self, field: &FieldKey) -> Vec<Value> {
        let standing = self.standing(field).into_iter().map(|(value, _)| value);
        standing.filter(|value| *value != Value::Redacted).collect()
    }

    /// The same with whoever gave each, and what was taken out where nobody has answered since.
    #[must_use]
    pub fn standing(&self, field: &FieldKey) -> Vec<(Value, Stamp)> {
        let mut standing: Vec<(Value, Stamp)> = Vec::new();
        for Written { value, stamp, .. } in
            self.registers.get(field).map(Register::values).unwrap_or_default()
        {
            if standing.iter().all(|(known, _)| *known != value) {
                standing.push((value, stamp));
            }
        }
        if 1 < standing.len() {
            standing.retain(|(value, _)| *value != Value::Redacted);
        }
        if field.path == LIFECYCLE {
            standing.extend(self.implied_answer());
            standing.sort_by_key(|(_, stamp)| std::cmp::Reverse(*stamp));
        }
        standing
    }

    /// The distinct answers that whoever wrote with this context had in front of them. One that they had not seen was
    /// not answered over by them.
    #[must_use]
    pub fn answered_over(&self, field: &FieldKey, context: &Context) -> Vec<(Value, Stamp)> {
        let mut over = self.standing(field);
        over.retain(|(value, stamp)| {
            let same = self.registers.get(field).map(Register::values).unwrap_or_default();
            let mut dots =
                same.iter().filter(|written| written.value == *value).map(|written| written.stamp.dot);
            dots.any(|dot| dot.counter <= context.get(dot.actor))
                || stamp.dot.counter <= context.get(stamp.dot.actor)
        });
        over
    }

    /// How many fields hold more than one answer. A withdrawn record asks nothing.
    #[must_use]
    pub fn two_answers(&self) -> u32 {
        if self.is_withdrawn() {
            return 0;
        }
        u32::try_from(self.open_fields().count()).unwrap_or(u32::MAX)
    }

    /// The fields that hold more than one answer.
    pub fn open_fields(&self) -> impl Iterator<Item = &FieldKey> {
        self.registers
            .iter()
            .filter(|(field, register)| match field.path.as_str() {
                LIFECYCLE => matches!(self.lifecycle(), Lifecycle::Asked(_)),
                // Two orders of the same rows are nothing to choose between: the newer one stands.
                _ => !field.is_order() && register.is_open(),
            })
            .map(|(field, _)| field)
    }

    /// What someone looking at this field now has in front of them.
    #[must_use]
    pub fn context(&self, field: &FieldKey) -> Context {
        if field.path == LIFECYCLE {
            return self.whole_context();
        }
        self.registers.get(field).map(Register::context).unwrap_or_default()
    }

    /// The context of a removal of this member from a set: the member's own clock.
    #[must_use]
    pub fn member_context(&self, field: &FieldKey, member: &Member) -> Context {
        self.sets.get(field).map(|set| set.context(member)).unwrap_or_default()
    }

    /// The photos in the record now: still members, each with the facts it was first named with.
    #[must_use]
    pub fn photos(&self) -> Vec<(&FieldKey, Sha256, Stamp, &PhotoFacts)> {
        let mut shown: BTreeMap<(&FieldKey, Sha256), (Stamp, &PhotoFacts)> = BTreeMap::new();
        for ((field, photo, _), (stamp, facts)) in &self.photos {
            if self.sets.get(field).is_some_and(|set| set.contains(&Member::Photo(*photo))) {
                shown.entry((field, *photo)).or_insert((*stamp, facts));
            }
        }
        let mut photos: Vec<_> =
            shown.into_iter().map(|((field, photo), (stamp, facts))| (field, photo, stamp, facts)).collect();
        photos.sort_by_key(|(_, photo, stamp, _)| (*stamp, *photo));
        photos
    }

    /// Every photo ever named, removed ones included: their bytes are evidence all the same.
    pub fn photos_ever(&self) -> impl Iterator<Item = Sha256> {
        self.photos.keys().map(|(_, photo, _)| *photo)
    }

    /// The teams in whose scope the record is: every value, while there are two.
    #[must_use]
    pub fn teams(&self) -> Vec<String> {
        let mut teams = Vec::new();
        for value in self.answers(&FieldKey::new(crate::field::TEAM)) {
            match value {
                Value::Code(team) => teams.push(team),
                Value::Codes(several) => teams.extend(several),
                Value::Null
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Decimal { .. }
                | Value::Text(_)
                | Value::Date { .. }
                | Value::Time { .. }
                | Value::Instant { .. }
                | Value::Place(_)
                | Value::Path(_)
                | Value::Shape(_)
                | Value::Redacted
                | Value::Opaque { .. } => {}
            }
        }
        teams.sort_unstable();
        teams.dedup();
        teams
    }

    /// Whether any remove waits for an add it has not seen. It never may.
    #[must_use]
    pub fn has_deferred(&self) -> bool {
        self.sets.values().any(Members::has_deferred)
    }

    /// The canonical bytes of this record: equal for equal records, on every machine.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        pack_page([Entry { record: None, reference: None, received_ms: None, state: self }])
    }

    /// Reads what [`Record::pack`] wrote.
    pub fn unpack(bytes: &[u8]) -> Result<Self, Unreadable> {
        match <[Entered; 1]>::try_from(unpack_page(bytes)?) {
            Ok([entered]) => Ok(entered.state),
            Err(_) => Err(Unreadable),
        }
    }

    /// The hash of the canonical bytes.
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        Sha256::of(&self.pack())
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.pack() == other.pack()
    }
}

impl Eq for Record {}

fn clock_of(context: &Context) -> VClock<Actor> {
    let mut clock = VClock::new();
    for dot in context.iter() {
        clock.apply(crdts::Dot::new(dot.actor, dot.counter));
    }
    clock
}

fn context_of(clock: &VClock<Actor>) -> Context {
    Context::new(clock.iter().map(|dot| Dot { actor: *dot.actor, counter: dot.counter }))
}
