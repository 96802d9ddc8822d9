//! The line heals: everyone exchanges until nobody has anything more to say.

use anyhow::{Context, Result, bail};
use kerbside_device::Budget;

use crate::events::restoring::release_held;
use crate::world::World;

/// More exchanges than any healthy world of this size needs.
const PATIENCE: u32 = 60;

/// What is done once the disorder is over, one line a subject.
const TIDY: &[fn(&mut World) -> Result<()>] = &[restart_everything];

pub fn settle(world: &mut World) -> Result<()> {
    world.is_healed = true;
    for tidy in TIDY {
        tidy(world)?;
    }
    if world.rng.bool() {
        until_quiet(world).context("with forms still open")?;
    }
    drop_drafts(world)?;
    until_quiet(world)
}

fn until_quiet(world: &mut World) -> Result<()> {
    for _ in 0..PATIENCE {
        let mut is_quiet = true;
        for at in 0..world.phones.len() {
            is_quiet &= !world.exchange(at, Budget::default())?;
            is_quiet &= !world.send_all_photos(at)?;
        }
        if is_quiet && !release_held(world)? {
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

/// A form that is open keeps its record on the phone, wherever the record went.
fn drop_drafts(world: &mut World) -> Result<()> {
    for phone in &mut world.phones {
        for draft in phone.vault.drafts()? {
            phone.vault.discard_draft(draft.id)?;
        }
    }
    Ok(())
}
