//! The line heals: everyone exchanges until nobody has anything more to say.

use anyhow::{Result, bail};
use kerbside_device::Budget;

use crate::world::World;

/// More exchanges than any healthy world of this size needs.
const PATIENCE: u32 = 60;

/// What the office does once the disorder is over, one line a subject.
const TIDY: &[fn(&mut World) -> Result<()>] = &[restart_everything];

pub fn settle(world: &mut World) -> Result<()> {
    for tidy in TIDY {
        tidy(world)?;
    }
    for _ in 0..PATIENCE {
        let mut is_quiet = true;
        for at in 0..world.phones.len() {
            is_quiet &= !exchange(world, at)?;
        }
        if is_quiet {
            return Ok(());
        }
    }
    bail!("after {PATIENCE} exchanges each, somebody still has something to say")
}

fn restart_everything(world: &mut World) -> Result<()> {
    world.letters.clear();
    world.server.open_again();
    (0..world.phones.len()).for_each(|at| world.reopen(at));
    Ok(())
}

/// One whole exchange. True when it brought or took anything.
fn exchange(world: &mut World, at: usize) -> Result<bool> {
    let now = world.reading(at);
    let push = world.phones[at].vault.outgoing(Budget::default(), now)?;
    let reply = world.server.take(world.now_ms, world.phones[at].device, &push)?;
    world.note_duplicates(&push, &reply)?;
    world.apply(at, &push, &reply)
}
