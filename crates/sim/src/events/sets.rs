//! Sets: what a record is tagged with, and rows of a repeat. An add beats a removal that did not see it, and a removal
//! takes out what its writer saw and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use kerbside_core::change::{Edit, Member};
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{RecordId, RowId};
use kerbside_core::record::Record;
use kerbside_device::Budget;

use crate::ledger::Marker;
use crate::world::World;

pub const SETS: [&str; 2] = ["tags", "rows"];
/// More exchanges than it takes to catch up.
const TALKS: u32 = 12;
const TAGS: [&str; 3] = ["ann", "bob", "cat"];

/// One member, in one set of one record.
type Add = (RecordId, &'static str, Member);

/// What was done to sets, by the note that came with it.
#[derive(Debug, Default)]
pub struct SetActs {
    adds: BTreeMap<Marker, Add>,
    /// What a removal took out: the adds that its writer had in view.
    removals: BTreeMap<Marker, BTreeSet<Marker>>,
}

impl SetActs {
    /// The members that must be in a set, of those whose adds were taken: nobody who saw the add took them out.
    pub fn standing(&self, set: &str, taken: &BTreeSet<Marker>) -> BTreeSet<Member> {
        let gone: BTreeSet<&Marker> =
            taken.iter().filter_map(|marker| self.removals.get(marker)).flatten().collect();
        let adds = taken.iter().filter(|marker| !gone.contains(marker));
        let adds = adds.filter_map(|marker| self.adds.get(marker));
        adds.filter(|(_, of, _)| *of == set).map(|(_, _, member)| member.clone()).collect()
    }

    /// Every add of this member to this record, taken or not.
    pub fn adds_of<'a>(
        &'a self,
        record: RecordId,
        set: &'a str,
        member: &'a Member,
    ) -> impl Iterator<Item = &'a Marker> {
        let is_of =
            move |(_, (of, there, added)): &(&Marker, &Add)| (*of, *there, added) == (record, set, member);
        self.adds.iter().filter(is_of).map(|(marker, _)| marker)
    }
}

impl World {
    /// Somebody is assigned or a row is added or touched, which adds it anew; or one is taken out.
    pub fn change_set(&mut self) -> Result<()> {
        let at = self.any_phone();
        // Mostly the oldest record, so that several do it at once.
        let oldest = self.phones[at].vault.states()?.into_keys().next().filter(|_| self.rng.u8(0..4) != 0);
        let Some(record) = oldest.or(self.any_record(at)?) else { return Ok(()) };
        let (_, head) = self.phones[at].vault.states()?.remove(&record).context("It was there just now")?;
        let head = Record::unpack(&head).context("Reading a head")?;
        let set = SETS[self.rng.usize(..SETS.len())];
        let field = FieldKey::new(set);
        let members = head.set(&field).map(|members| members.members()).unwrap_or_default();
        if !members.is_empty() && self.rng.bool() {
            let member = members[self.rng.usize(..members.len())].clone();
            return self.take_out((at, record), &head, set, member);
        }
        let member = match set {
            "rows" if members.is_empty() || self.rng.bool() => {
                Member::Row(RowId(self.rng.u64(..).to_be_bytes()))
            }
            "rows" => members[self.rng.usize(..members.len())].clone(),
            _ => Member::Text(TAGS[self.rng.usize(..TAGS.len())].to_owned()),
        };
        let add = Edit::SetAdd { field, members: vec![member.clone()] };
        let marker = self.ledger.new_marker();
        self.ledger.sets.adds.insert(marker.clone(), (record, set, member));
        self.save_edits(at, record, &marker, vec![add])
    }

    fn take_out(
        &mut self,
        (at, record): (usize, RecordId),
        head: &Record,
        set: &'static str,
        member: Member,
    ) -> Result<()> {
        let field = FieldKey::new(set);
        let here: BTreeSet<&str> = head.notes().map(|note| note.text.as_str()).collect();
        let adds = self.ledger.sets.adds_of(record, set, &member);
        let seen = adds.filter(|marker| here.contains(marker.as_str())).cloned().collect();
        let context = head.member_context(&field, &member);
        let remove = Edit::SetRemove { field, context, members: vec![member] };
        let marker = self.ledger.new_marker();
        self.ledger.sets.removals.insert(marker.clone(), seen);
        self.save_edits(at, record, &marker, vec![remove])
    }

    /// Two work on one set, and the server that heard of both is lost: whoever comes first to the one in its place may have
    /// taken out what it does not know yet.
    pub fn a_set_changes_before_a_loss(&mut self) -> Result<()> {
        let (one, other) = (self.any_phone(), self.any_phone());
        if one == other || self.backups.is_empty() {
            return Ok(());
        }
        self.talks(one)?;
        self.talks(other)?;
        let there = self.phones[other].vault.states()?;
        let here = self.phones[one].vault.states()?;
        let Some(record) = here.into_keys().find(|record| there.contains_key(record)) else { return Ok(()) };
        let (set, member) = (SETS[0], Member::Text("dee".to_owned()));
        let add = Edit::SetAdd { field: FieldKey::new(set), members: vec![member.clone()] };
        let marker = self.ledger.new_marker();
        self.ledger.sets.adds.insert(marker.clone(), (record, set, member.clone()));
        self.save_edits(one, record, &marker, vec![add])?;
        self.talks(one)?;
        self.talks(other)?;
        if let Some((_, head)) = self.phones[other].vault.states()?.remove(&record) {
            let head = Record::unpack(&head).context("Reading a head")?;
            if head.set(&FieldKey::new(set)).is_some_and(|members| members.contains(&member)) {
                self.take_out((other, record), &head, set, member)?;
                self.talks(other)?;
            }
        }
        self.restore_server()
    }

    fn talks(&mut self, at: usize) -> Result<()> {
        for _ in 0..TALKS {
            if !self.exchange(at, Budget::default())? {
                break;
            }
        }
        Ok(())
    }
}
