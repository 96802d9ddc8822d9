//! The promise, checked on everything at once when all has settled.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use kerbside_core::change::{ChangeBytes, Edit};
use kerbside_core::field::FieldKey;
use kerbside_core::ids::RecordId;
use kerbside_core::record::Record;
use kerbside_core::record::view::RecordView;
use kerbside_core::value::Value;
use kerbside_device::ChangeState;
use kerbside_server::store::Store;

use crate::ledger::Marker;
use crate::world::{FIELDS, World};

/// Checks everything and returns how many changes were refused.
pub fn check(world: &mut World) -> Result<u32> {
    let taken = log_is_state(&mut world.server)?;
    nothing_lost(world, &taken)?;
    right_answers_stand(world, &taken)?;
    let mut refused = 0;
    for at in 0..world.phones.len() {
        refused += phone_is_settled(world, at).with_context(|| format!("on phone {at}"))?;
    }
    Ok(refused)
}

/// The texts of one change.
pub fn markers_in(bytes: &[u8]) -> Vec<Marker> {
    let Ok(change) = ChangeBytes::received(bytes.to_vec()).read() else { return Vec::new() };
    change
        .edits
        .into_iter()
        .filter_map(|edit| match edit {
            Edit::Put { field, value: Value::Text(text), .. } if FIELDS.contains(&field.path.as_str()) => {
                Some(text)
            }
            Edit::Note { text, .. } => Some(text),
            Edit::Create
            | Edit::Put { .. }
            | Edit::SetAdd { .. }
            | Edit::SetRemove { .. }
            | Edit::Attach { .. }
            | Edit::Seal { .. }
            | Edit::Unknown { .. } => None,
        })
        .collect()
}

/// Everything the server has taken. What it refused is the phone's to show, and goes with the phone.
pub fn markers_on_server(server: &mut Store) -> Result<BTreeSet<Marker>> {
    Ok(server.log_changes()?.iter().flat_map(|entry| markers_in(&entry.bytes)).collect())
}

/// Folding the log gives the states, byte for byte; no act is in it twice. Returns the acts that were taken.
fn log_is_state(server: &mut Store) -> Result<BTreeSet<Marker>> {
    let mut folded: BTreeMap<RecordId, Record> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for entry in server.log_changes()? {
        let change = ChangeBytes::received(entry.bytes.clone()).read().context("Reading the log")?;
        ensure!(
            folded.entry(change.record).or_default().apply(&change),
            "{} is in the log twice",
            change.dot()
        );
        for marker in markers_in(&entry.bytes) {
            ensure!(taken.insert(marker.clone()), "{marker} arrived twice");
        }
    }
    let states = server.states()?;
    ensure!(states.len() == folded.len(), "{} records, and a log of {}", states.len(), folded.len());
    for state in states {
        let record = folded.get(&state.record).context("A record without a log")?;
        ensure!(record.pack() == state.state, "the state of {} is not the fold of its log", state.record);
        ensure!(!record.has_deferred(), "a removal waits in {}", state.record);
    }
    Ok(taken)
}

/// Every act that was acknowledged, and did not die with its only phone, is taken or shown to its officer as refused.
fn nothing_lost(world: &World, taken: &BTreeSet<Marker>) -> Result<()> {
    let mut needs_you = BTreeSet::new();
    for phone in &world.phones {
        for own in phone.vault.own_changes()? {
            if own.state == ChangeState::Refused {
                needs_you.extend(markers_in(&own.bytes));
            }
        }
    }
    for marker in world.ledger.promised() {
        if !taken.contains(marker) && !needs_you.contains(marker) {
            bail!("{marker} was acknowledged and is lost: {}", whereabouts(world, marker)?);
        }
    }
    for marker in taken {
        ensure!(world.ledger.is_known(marker), "{marker} was never written");
    }
    Ok(())
}

/// What every phone says of an act.
fn whereabouts(world: &World, marker: &Marker) -> Result<String> {
    let mut said = Vec::new();
    for (at, phone) in world.phones.iter().enumerate() {
        for own in phone.vault.own_changes()? {
            if markers_in(&own.bytes).contains(marker) {
                said.push(format!("phone {at} has {}.{} as {:?}", own.actor, own.counter, own.state));
            }
        }
    }
    Ok(said.join(", "))
}

/// Each field shows exactly the answers that nobody who saw them answered over.
fn right_answers_stand(world: &mut World, taken: &BTreeSet<Marker>) -> Result<()> {
    let mut by_record: BTreeMap<RecordId, BTreeSet<Marker>> = BTreeMap::new();
    for entry in world.server.log_changes()? {
        let change = ChangeBytes::received(entry.bytes.clone()).read().context("Reading the log")?;
        by_record.entry(change.record).or_default().extend(markers_in(&entry.bytes));
    }
    for state in world.server.states()? {
        let record = Record::unpack(&state.state).context("Reading a state")?;
        let of_record = by_record.get(&state.record).context("A record without a log")?;
        for field in FIELDS.map(FieldKey::new) {
            let shown: BTreeSet<Marker> = record
                .answers(&field)
                .into_iter()
                .filter_map(|value| if let Value::Text(text) = value { Some(text) } else { None })
                .collect();
            let due = world.ledger.standing(&field, &of_record.intersection(taken).cloned().collect());
            let spare: Vec<_> =
                shown.difference(&due).filter(|marker| !world.ledger.may_show_again(marker)).collect();
            ensure!(
                due.is_subset(&shown) && spare.is_empty(),
                "{field} of {} shows {shown:?} and should show {due:?}",
                state.record
            );
        }
    }
    Ok(())
}

/// The phone holds exactly its scope, byte for byte, with nothing on its way.
fn phone_is_settled(world: &mut World, at: usize) -> Result<u32> {
    let email = world.phones[at].email.clone();
    let officer = world.officer(&email)?;
    let mut scope: BTreeMap<RecordId, Vec<u8>> = BTreeMap::new();
    for state in world.server.states()? {
        if officer.reaches_any(&state.keys) {
            scope.insert(state.record, state.state);
        }
    }
    let mut refused = 0;
    for own in world.phones[at].vault.own_changes()? {
        match own.state {
            ChangeState::Saved => bail!("{} never left the phone: {:?}", own.counter, markers_in(&own.bytes)),
            ChangeState::Refused => refused += 1,
            ChangeState::Held => bail!("{} is still held", own.counter),
            ChangeState::Received | ChangeState::Duplicate | ChangeState::Redotted | ChangeState::Missing => {
            }
        }
        ensure!(
            !own.pending,
            "{}.{} in {} is {:?} and still pending",
            own.actor,
            own.counter,
            own.record,
            own.state
        );
    }
    for (record, (base, head)) in world.phones[at].vault.states()? {
        let Some(base) = base else { continue };
        ensure!(head == base, "head and base of {record} differ");
        let due = scope.remove(&record).with_context(|| format!("{record} is out of scope and here"))?;
        ensure!(
            base == due,
            "{record} differs from the server's:\n{}\n{}",
            shown(record, &base)?,
            shown(record, &due)?
        );
    }
    ensure!(scope.is_empty(), "{:?} are in scope and not here", scope.keys());
    let damage = world.phones[at].vault.verify()?;
    ensure!(damage.integrity == "ok", "the vault does not verify: {:?}", damage.faults);
    Ok(refused)
}

/// A state as a person would read it, for a message.
fn shown(record: RecordId, state: &[u8]) -> Result<String> {
    let read = Record::unpack(state).context("Reading a state")?;
    Ok(serde_json::to_string(&RecordView::of(record, &read, None))?)
}
