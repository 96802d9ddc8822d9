//! `kerbside-sim --seeds A..B [--rounds N] [--mutant NAME | --mutants [--late]] [--threads N] [--tell]
//! [--keep-going]`: plays seeds, and shows that mutants are caught; `--late` waits for the slow ones as well.

mod clock;
mod crowd;

use std::io::Write;
use std::ops::Range;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use kerbside_core::planted::Mutant;
use kerbside_sim::{Outcome, silently};

use crowd::{Broken, Game, Sum, repeats};

/// A million rounds.
const SEEDS: Range<u64> = 0..2_500;
const ROUNDS: u32 = 400;
/// A mutant that survives this many seeds is not caught.
const MUTANT_SEEDS: u64 = 1_000;
/// A line of a long run for so many seeds.
const LINE_EVERY: u64 = 500;
/// So many seeds are played twice, to see that they play the same.
const TWICE: u64 = 4;

struct Wanted {
    seeds: Range<u64>,
    mutants: bool,
    late: bool,
    game: Game,
}

fn aloud(what: &str) {
    // A story that cannot be written is only missed.
    writeln!(std::io::stderr().lock(), "{what}").ok();
}

fn say(what: &str) {
    // Whoever reads no more does not stop the work.
    writeln!(std::io::stdout().lock(), "{what}").ok();
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            aloud(&format!("{cause:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let wanted = arguments(std::env::args().skip(1))?;
    if wanted.mutants { catch_mutants(wanted.game, wanted.late) } else { hold(&wanted.seeds, wanted.game) }
}

/// Every seed must keep the promise, and the same seed must always be the same world.
fn hold(seeds: &Range<u64>, game: Game) -> Result<()> {
    ensure!(seeds.start < seeds.end, "No seeds to play");
    let began = clock::now();
    let told = |seed: u64, sum: &Sum, outcome: &Result<Outcome>| match outcome {
        Err(cause) if game.goes_on => say(&format!("seed {seed} broke the promise: {}", in_a_line(cause))),
        Ok(outcome) if sum.seeds.is_multiple_of(LINE_EVERY) => {
            let (seeds, rate) = (sum.seeds, per_second(sum.rounds, began.elapsed()));
            say(&format!(
                "{seeds} seeds so far, {rate} rounds a second; seed {seed}: trace {}",
                outcome.trace
            ));
        }
        Ok(_) | Err(_) => {}
    };
    let (sum, broken) = game.play_all(seeds.clone(), told);
    let all: Vec<u64> = broken.iter().map(|broken| broken.seed).collect();
    if let Some(Broken { seed, cause }) = broken.into_iter().next() {
        ensure!(!game.goes_on, "{} of {} seeds broke the promise: {all:?}", all.len(), sum.seeds);
        let again = format!("--seeds {seed}..{} --rounds {}", seed + 1, game.rounds);
        return Err(cause.context(format!("seed {seed} broke the promise; see it again with {again} --tell")));
    }
    if game.mutant.is_none() {
        (seeds.start..seeds.end.min(seeds.start + TWICE)).try_for_each(|seed| repeats(seed, game.rounds))?;
    }
    say(&format!(
        "{} seeds held: {} rounds, {} answers, {} forks, {} crashes, {} refusals; {} rounds a second on {} threads",
        sum.seeds,
        sum.rounds,
        sum.saves,
        sum.forks,
        sum.crashes,
        sum.refusals,
        per_second(sum.rounds, began.elapsed()),
        game.threads
    ));
    Ok(())
}

/// The cause without the story that led to it, and without what a message lists after its first line.
fn in_a_line(cause: &anyhow::Error) -> String {
    let parts = cause.chain().map(ToString::to_string).filter(|part| !part.starts_with("The last"));
    let firsts: Vec<String> = parts.filter_map(|part| part.lines().next().map(str::to_owned)).collect();
    firsts.join(": ")
}

fn per_second(rounds: u64, elapsed: std::time::Duration) -> u64 {
    rounds.saturating_mul(1_000) / u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1)
}

fn catch_mutants(game: Game, late: bool) -> Result<()> {
    let (mut lived, mut caught) = (Vec::new(), 0);
    for &mutant in Mutant::ALL.iter().filter(|mutant| late || !Mutant::LATE.contains(mutant)) {
        let planted = Game { mutant: Some(mutant), goes_on: false, ..game };
        let (sum, broken) = planted.play_all(0..MUTANT_SEEDS, |_, _, _| {});
        match broken.first() {
            Some(Broken { seed, cause }) => {
                caught += 1;
                say(&format!("mutant {mutant:?} caught by seed {seed}: {}", in_a_line(cause)));
            }
            None => {
                say(&format!("mutant {mutant:?} lived through {} seeds", sum.seeds));
                lived.push(mutant);
            }
        }
    }
    ensure!(lived.is_empty(), "{} mutants lived: {lived:?}", lived.len());
    say(&format!("{caught} of {} mutants caught", Mutant::ALL.len()));
    Ok(())
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Wanted> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let game = Game { rounds: ROUNDS, mutant: None, threads, tell: silently, goes_on: false };
    let mut wanted = Wanted { seeds: SEEDS, mutants: false, late: false, game };
    while let Some(name) = given.next() {
        if name == "--late" {
            wanted.late = true;
            continue;
        }
        if name == "--mutants" {
            wanted.mutants = true;
            continue;
        }
        if name == "--keep-going" {
            wanted.game.goes_on = true;
            continue;
        }
        if name == "--tell" {
            // A story is told by one voice.
            wanted.game = Game { tell: aloud, threads: 1, ..wanted.game };
            continue;
        }
        let value = given.next().with_context(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--seeds" => wanted.seeds = range(&value)?,
            "--rounds" => wanted.game.rounds = value.parse().context("--rounds takes a number")?,
            "--threads" => wanted.game.threads = value.parse().context("--threads takes a number")?,
            "--mutant" => {
                let named = Mutant::ALL.iter().find(|mutant| format!("{mutant:?}") == value);
                wanted.game.mutant = Some(*named.with_context(|| format!("no mutant is called {value}"))?);
            }
            _ => bail!(
                "kerbside-sim --seeds A..B [--rounds N] [--mutant NAME | --mutants [--late]] [--threads N] [--tell] [--keep-going]"
            ),
        }
    }
    ensure!(0 < wanted.game.threads, "--threads takes a number above 0");
    Ok(wanted)
}

fn range(text: &str) -> Result<Range<u64>> {
    let (from, to) = text.split_once("..").context("--seeds takes A..B")?;
    Ok(from.parse().context("--seeds takes A..B")?..to.parse().context("--seeds takes A..B")?)
}
