//! Every phone holds exactly its scope, byte for byte, with nothing on its way.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use kerbside_core::ids::RecordId;
use kerbside_core::record::Record;
use kerbside_core::record::view::RecordView;
use kerbside_device::ChangeState;

use super::Settled;
use crate::events::reviewing::is_stopped;
use crate::phone::Phone;
use crate::world::World;

pub fn no_queue_is_stuck(world: &mut World, settled: &Settled) -> Result<()> {
    for (at, own) in settled.own.iter().enumerate() {
        let stays = stays_for_a_photo(&world.phones[at])?;
        for own in own {
            let (change, said) = (&own.change, &own.markers);
            let (record, state) = (change.record, change.state);
            let name = format!("{}.{} in {record} on phone {at}", change.actor, change.counter);
            match state {
                ChangeState::Saved => bail!("{name} never left: {said:?}"),
                ChangeState::Held => bail!("{name} is still held"),
                ChangeState::Received
                | ChangeState::Refused
                | ChangeState::Duplicate
                | ChangeState::Redotted
                | ChangeState::Missing => {}
            }
            ensure!(!change.pending || stays.contains(&record), "{name} is {state:?} and still pending");
        }
    }
    Ok(())
}

pub fn scope_is_held(world: &mut World, _: &Settled) -> Result<()> {
    let states = world.server.states()?;
    for at in 0..world.phones.len() {
        let email = world.phones[at].email.clone();
        if is_stopped(world, at)? {
            let mut left = world.phones[at].vault.states()?;
            let stays = stays_for_a_photo(&world.phones[at])?;
            left.retain(|record, _| !stays.contains(record));
            ensure!(left.is_empty(), "phone {at} was stopped and holds {:?}", left.keys());
            continue;
        }
        let officer = world.officer(&email)?;
        let mut scope: BTreeMap<RecordId, &[u8]> = states
            .iter()
            .filter(|state| officer.reaches_any(&state.keys))
            .map(|state| (state.record, &state.state[..]))
            .collect();
        let stays = stays_for_a_photo(&world.phones[at])?;
        for (record, (base, head)) in world.phones[at].vault.states()? {
            let Some(base) = base else { continue };
            let Some(due) = scope.remove(&record) else {
                ensure!(stays.contains(&record), "{record} is out of scope and on phone {at}");
                continue;
            };
            ensure!(head == base, "head and base of {record} differ on phone {at}");
            if base != due {
                let (here, there) = (shown(record, &base)?, shown(record, due)?);
                bail!("{record} on phone {at} differs from the server's:\n{here}\n{there}");
            }
        }
        ensure!(scope.is_empty(), "{:?} are in scope and not on phone {at}", scope.keys());
    }
    Ok(())
}

/// A photo of a refused answer was sent to nobody: its record stays until the officer has done with it, in scope or not.
pub fn stays_for_a_photo(phone: &Phone) -> Result<BTreeSet<RecordId>> {
    let uploads = phone.vault.uploads()?.into_iter();
    Ok(uploads.filter(|upload| !upload.state.arrived()).map(|upload| upload.record).collect())
}

pub fn vaults_verify(world: &mut World, _: &Settled) -> Result<()> {
    for (at, phone) in world.phones.iter().enumerate() {
        let damage = phone.vault.verify()?;
        ensure!(damage.integrity == "ok", "phone {at}: {:?}", damage.faults);
    }
    Ok(())
}

/// A state as a person would read it, for a message.
fn shown(record: RecordId, state: &[u8]) -> Result<String> {
    let read = Record::unpack(state).context("Reading a state")?;
    Ok(serde_json::to_string(&RecordView::of(record, &read, None))?)
}
