//! The log is the truth, and the states are its fold.

use anyhow::{Context, Result, ensure};

use super::Settled;
use crate::world::World;

/// Folding the log gives the states, byte for byte, and no removal waits anywhere.
pub fn log_is_state(world: &mut World, settled: &Settled) -> Result<()> {
    let states = world.server.states()?;
    let (held, folded) = (states.len(), settled.folded.len());
    ensure!(held == folded, "{held} records, and a log of {folded}");
    for state in states {
        let record = settled.folded.get(&state.record).context("A record without a log")?;
        ensure!(record.pack() == state.state, "the state of {} is not the fold of its log", state.record);
        ensure!(!record.has_deferred(), "a removal waits in {}", state.record);
    }
    Ok(())
}
