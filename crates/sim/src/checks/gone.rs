//! What was taken out for good is on no disk that anyone works with, and what was removed comes back by no road.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use kerbside_core::problem::Code;
use kerbside_device::ChangeState;

use super::Settled;
use crate::events::gone::GoneActs;
use crate::world::World;

/// Every cell of every table of the server and of every phone is read.
pub fn nothing_is_said_again(world: &mut World, _: &Settled) -> Result<()> {
    let mut found = BTreeSet::new();
    let gone = &world.ledger.gone;
    world.server.each_cell(&mut |table, cell| {
        found.extend(said_in(gone, cell).map(|marker| format!("{marker} in {table} of the server")));
    })?;
    for (at, phone) in world.phones.iter().enumerate() {
        phone.vault.each_cell(&mut |table, cell| {
            found.extend(said_in(gone, cell).map(|marker| format!("{marker} in {table} of phone {at}")));
        })?;
    }
    if !found.is_empty() {
        bail!("taken out, and still there: {found:?}");
    }
    Ok(())
}

pub fn purged_stay_gone(world: &mut World, settled: &Settled) -> Result<()> {
    let states = world.server.states()?;
    for record in world.ledger.gone.purged() {
        ensure!(
            !states.iter().any(|state| state.record == record),
            "{record} was removed and is there again"
        );
        for (at, phone) in world.phones.iter().enumerate() {
            ensure!(
                !phone.vault.states()?.contains_key(&record),
                "{record} was removed and is on phone {at}"
            );
            for own in settled.own[at].iter().filter(|own| own.change.record == record) {
                let dot = format!("{}.{} of phone {at}", own.change.actor, own.change.counter);
                // What was refused before stays readable with the words it was refused with.
                let is_misled = own.change.reason.as_deref() == Some(Code::RecordUnknown.name());
                let is_refused = own.change.state == ChangeState::Refused;
                ensure!(
                    own.markers.is_empty() || (is_refused && !is_misled),
                    "{dot} says {:?} of a record that was removed, and is {:?}: {:?}",
                    own.markers,
                    own.change.state,
                    own.change.reason
                );
            }
        }
    }
    Ok(())
}

/// Marks that were taken out, in any bytes: each is `mk`, digits and a full stop.
fn said_in<'a>(gone: &'a GoneActs, cell: &'a [u8]) -> impl Iterator<Item = String> + 'a {
    let marks = cell.windows(2).enumerate().filter(|(_, pair)| *pair == b"mk");
    let read = marks.filter_map(|(at, _)| {
        let digits = cell[at + 2..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let end = at + 2 + digits;
        (cell.get(end) == Some(&b'.')).then(|| String::from_utf8_lossy(&cell[at..=end]).into_owned())
    });
    read.filter(|marker| gone.is_redacted(marker))
}
