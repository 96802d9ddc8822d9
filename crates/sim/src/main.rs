//! `kerbside-sim --seeds A..B [--rounds N] [--mutant NAME | --mutants] [--tell]`: plays seeds, and shows that mutants are caught.

use std::io::Write;
use std::ops::Range;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use kerbside_core::planted::Mutant;
use kerbside_sim::{plant, play, silently};

/// A mutant that survives this many seeds is not caught.
const MUTANT_SEEDS: u64 = 1_000;

struct Wanted {
    seeds: Range<u64>,
    rounds: u32,
    mutant: Option<Mutant>,
    mutants: bool,
    tell: fn(&str),
}

fn aloud(what: &str) {
    // A story that cannot be written is only missed.
    writeln!(std::io::stderr().lock(), "{what}").ok();
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            // Nothing is left to do if even this cannot be written.
            writeln!(std::io::stderr().lock(), "{cause:#}").ok();
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let wanted = arguments(std::env::args().skip(1))?;
    let mut out = std::io::stdout().lock();
    if wanted.mutants {
        for mutant in Mutant::ALL {
            let seed = hunt(mutant, wanted.rounds)?;
            writeln!(out, "mutant {mutant:?} caught by seed {seed}")?;
        }
        return Ok(());
    }
    plant(wanted.mutant)?;
    let (mut rounds, mut saves, mut forks, mut crashes, mut refusals) = (0u64, 0u64, 0u64, 0u64, 0u64);
    for seed in wanted.seeds.clone() {
        let outcome = play(seed, wanted.rounds, wanted.tell).with_context(|| {
            format!("seed {seed} broke the promise; see it again with --seeds {seed}..{}", seed + 1)
        })?;
        rounds += u64::from(outcome.rounds);
        saves += u64::from(outcome.saves);
        forks += u64::from(outcome.forks);
        crashes += u64::from(outcome.crashes);
        refusals += u64::from(outcome.refusals);
        if seed % 50 == 0 {
            writeln!(out, "seed {seed}: trace {}", outcome.trace)?;
        }
    }
    let first = wanted.seeds.start;
    if play(first, wanted.rounds, silently)?.trace != play(first, wanted.rounds, silently)?.trace {
        bail!("seed {first} did not play the same twice");
    }
    writeln!(
        out,
        "{} seeds held: {rounds} rounds, {saves} answers, {forks} forks, {crashes} crashes, {refusals} refusals",
        wanted.seeds.end - first
    )?;
    Ok(())
}

/// The first seed that notices the broken rule.
fn hunt(mutant: Mutant, rounds: u32) -> Result<u64> {
    plant(Some(mutant))?;
    let caught = (0..MUTANT_SEEDS).find(|seed| play(*seed, rounds, silently).is_err());
    plant(None)?;
    caught.with_context(|| format!("mutant {mutant:?} lived through {MUTANT_SEEDS} seeds"))
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Wanted> {
    let mut wanted = Wanted { seeds: 0..200, rounds: 250, mutant: None, mutants: false, tell: silently };
    while let Some(name) = given.next() {
        if name == "--mutants" {
            wanted.mutants = true;
            continue;
        }
        if name == "--tell" {
            wanted.tell = aloud;
            continue;
        }
        let value = given.next().with_context(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--seeds" => wanted.seeds = range(&value)?,
            "--rounds" => wanted.rounds = value.parse().context("--rounds takes a number")?,
            "--mutant" => {
                let named = Mutant::ALL.into_iter().find(|mutant| format!("{mutant:?}") == value);
                wanted.mutant = Some(named.with_context(|| format!("no mutant is called {value}"))?);
            }
            _ => bail!("kerbside-sim --seeds A..B [--rounds N] [--mutant NAME | --mutants] [--tell]"),
        }
    }
    Ok(wanted)
}

fn range(text: &str) -> Result<Range<u64>> {
    let (from, to) = text.split_once("..").context("--seeds takes A..B")?;
    Ok(from.parse().context("--seeds takes A..B")?..to.parse().context("--seeds takes A..B")?)
}
