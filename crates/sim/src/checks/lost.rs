//! Nothing acknowledged is lost, and nothing is there that nobody wrote.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use kerbside_device::ChangeState;

use super::Settled;
use crate::ledger::Marker;
use crate::world::World;

/// Every act that was acknowledged, and did not die with its only holder, is taken, waits for someone to decide, or is
/// shown to its officer as refused.
pub fn nothing_lost(world: &mut World, settled: &Settled) -> Result<()> {
    let needs_you: BTreeSet<&Marker> = settled
        .own
        .iter()
        .flatten()
        .filter(|own| own.change.state == ChangeState::Refused)
        .flat_map(|own| &own.markers)
        .collect();
    for marker in world.ledger.promised() {
        let is_kept = settled.taken.contains(marker)
            || needs_you.contains(marker)
            || world.ledger.is_in_review(marker)
            || world.ledger.is_gone(marker);
        if !is_kept {
            bail!("{marker} was acknowledged and is lost: {}", whereabouts(settled, marker));
        }
    }
    Ok(())
}

pub fn nothing_made_up(world: &mut World, settled: &Settled) -> Result<()> {
    for marker in &settled.taken {
        ensure!(world.ledger.is_known(marker), "{marker} was never written");
    }
    Ok(())
}

/// What every phone says of an act.
fn whereabouts(settled: &Settled, marker: &Marker) -> String {
    let mut said = Vec::new();
    for (at, own) in settled.own.iter().enumerate() {
        for own in own.iter().filter(|own| own.markers.contains(marker)) {
            let (actor, counter, state) = (own.change.actor, own.change.counter, own.change.state);
            said.push(format!("phone {at} has {actor}.{counter} as {state:?}"));
        }
    }
    said.join(", ")
}
