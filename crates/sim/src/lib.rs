//! Whole handhelds and a whole server in one thread, from one seed: letters are lost, repeated and reordered, processes
//! die between two writes, phones are cloned and put back from yesterday. Then the line heals, and everything must hold.
//!
//! Crashes and mutants exist only in a build with `--cfg kerbside_sim`, which `cargo xtask sim` makes.

#![allow(
    clippy::indexing_slicing,
    reason = "a phone that is not there is a fault of the simulator, which may fall over"
)]

mod checks;
mod disk;
mod events;
mod ledger;
mod phone;
mod settle;
mod world;

use anyhow::{Context, Result};
use kerbside_core::ids::Sha256;
use kerbside_core::planted::Mutant;

pub use world::World;

/// What one seed came to.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// The hash of everything that happened, in order: equal for equal seeds.
    pub trace: Sha256,
    pub rounds: u32,
    pub saves: u32,
    pub forks: u32,
    pub crashes: u32,
    pub refusals: u32,
}

/// Plays one seed for so many rounds, heals the line, and checks the promise. `tell` hears every event.
pub fn play(seed: u64, rounds: u32, tell: fn(&str)) -> Result<Outcome> {
    let mut world = World::new(seed, tell)?;
    let refusals = run(&mut world, rounds)
        .with_context(|| format!("The last that happened:{}\nwas followed by this", world.tail()))?;
    let ledger = &world.ledger;
    Ok(Outcome {
        trace: world.trace(),
        rounds,
        saves: ledger.saves(),
        forks: world.forks,
        crashes: world.crashes,
        refusals,
    })
}

fn run(world: &mut World, rounds: u32) -> Result<u32> {
    for round in 0..rounds {
        world.round().with_context(|| format!("in round {round}"))?;
    }
    settle::settle(world).context("while settling")?;
    checks::check_all(world).context("when all had settled")
}

/// Tells nobody.
pub fn silently(_: &str) {}

/// Breaks one rule on purpose, in a build that can.
pub fn plant(mutant: Option<Mutant>) -> Result<()> {
    #[cfg(kerbside_sim)]
    kerbside_core::planted::plant(mutant);
    #[cfg(not(kerbside_sim))]
    anyhow::ensure!(mutant.is_none(), "This build has no mutants: cargo xtask sim makes one that has");
    Ok(())
}
