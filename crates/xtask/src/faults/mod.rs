//! `cargo xtask faults`: the programs that people run, with the world around them failing. Each part breaks one thing at
//! points of its own and afterwards looks for what was acknowledged.

mod disk;
mod net;

use crate::clock;
use crate::install::{Need, install};
use crate::program::{cargo, run, say};
use anyhow::{Context, Result, ensure};

/// How much of a part is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Each distinct call site once and a few more, for the check.
    Sample,
    Points(usize),
    All,
}

/// What a part is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub extent: Extent,
    /// Decides what a sample holds and what a power cut takes.
    pub seed: u64,
}

impl Wanted {
    /// How many of `all` points to try, where the check can afford `sample`.
    pub fn most(&self, all: usize, sample: usize) -> usize {
        match self.extent {
            Extent::Sample => all.min(sample),
            Extent::Points(points) => all.min(points),
            Extent::All => all,
        }
    }
}

/// What came of a part. A part that lost something has failed and says what; so this counts what held.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub tried: usize,
    /// Of these, how often the fault really happened.
    pub fired: usize,
    /// Acknowledged things that were looked for afterwards, and found.
    pub found: usize,
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.tried += other.tried;
        self.fired += other.fired;
        self.found += other.found;
    }
}

type Part = (&'static str, &'static str, fn(&Wanted) -> Result<Tally>);

/// Name, what happens, and the part.
const PARTS: &[Part] = &[
    ("kill", "both programs killed, and the run after that too", disk::kill),
    ("full", "no room on the disk, once and for ever", disk::full),
    ("eio", "the disk fails, once and for ever", disk::eio),
    ("power", "the power cut, with what was not synced gone or torn", disk::power),
    ("backups", "a backup and a restore that break off", disk::backups),
    ("cuts", "the line cut at a byte", net::cuts),
    ("portal", "a portal in the office's place", net::portal),
    ("busy", "an office that is busy, slow or silent", net::busy),
    ("clocks", "clocks that are wrong", net::clocks),
    ("copies", "copies of a vault and of a server", net::copies),
];

/// `faults [PART…] [--sample | --points N] [--seed S] [--built]`: all points of all parts, or of those that are named.
pub fn faults(arguments: &[String]) -> Result<()> {
    let number = |flag: &str| -> Result<Option<usize>> {
        let Some(at) = arguments.iter().position(|argument| argument == flag) else { return Ok(None) };
        let number = arguments.get(at + 1).and_then(|number| number.parse().ok());
        number.with_context(|| format!("{flag} takes a number")).map(Some)
    };
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let all = if has("--sample") { Extent::Sample } else { Extent::All };
    let extent = number("--points")?.map_or(all, Extent::Points);
    let seed = number("--seed")?.unwrap_or_default() as u64;
    if !has("--built") {
        install(Need::Everything)?;
        run(cargo().args(["build", "--workspace", "--bins"]))?;
    }
    let is_name = |word: &&String| !word.starts_with("--") && word.parse::<usize>().is_err();
    let names: Vec<&str> = arguments.iter().filter(is_name).map(String::as_str).collect();
    let known: Vec<&str> = PARTS.iter().map(|(name, ..)| *name).collect();
    let stranger = names.iter().find(|name| !known.contains(name));
    ensure!(stranger.is_none(), "There is no part {stranger:?}; there are {}", known.join(", "));
    parts(&names, &Wanted { extent, seed })
}

/// What the check can afford of every part.
pub fn sample() -> Result<()> {
    parts(&[], &Wanted { extent: Extent::Sample, seed: 0 })
}

fn parts(names: &[&str], wanted: &Wanted) -> Result<()> {
    for (name, what, part) in PARTS.iter().filter(|(name, ..)| names.is_empty() || names.contains(name)) {
        let began = clock::now();
        let Tally { tried, fired, found } = part(wanted).with_context(|| {
            format!("{name}: {what}; `cargo xtask faults {name} --seed {}` repeats it", wanted.seed)
        })?;
        say(format!(
            "    {name}: {what}: {tried} tried, {fired} fired, {found} acknowledged things found, 0 lost, in {:.0} s",
            began.elapsed().as_secs_f32()
        ));
        ensure!(tried == 0 || tried < fired * 2, "{name}: too few faults happened to show anything");
    }
    Ok(())
}
