//! `cargo xtask faults`: the programs that people run, with the world around them failing. Each part breaks one thing at
//! points of its own and afterwards looks for what was acknowledged.

mod disk;
mod net;

use crate::clock;
use crate::install::{Need, install};
use crate::program::{cargo, run, say};
use anyhow::{Context, Result, ensure};
use std::sync::atomic::{AtomicBool, Ordering};

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
pub struct Wanted<'a> {
    pub part: &'static str,
    pub extent: Extent,
    /// Decides what a sample holds and what a power cut takes.
    pub seed: u64,
    /// The other lane's as well: what fails first stops both.
    halted: &'a AtomicBool,
}

impl Wanted<'_> {
    /// Asked before each try.
    pub fn goes_on(&self) -> Result<()> {
        ensure!(!self.halted.load(Ordering::SeqCst), "{} stops, for another part has failed", self.part);
        Ok(())
    }

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

impl FromIterator<Tally> for Tally {
    fn from_iter<T: IntoIterator<Item = Tally>>(all: T) -> Self {
        let mut sum = Tally::default();
        all.into_iter().for_each(|one| sum.add(one));
        sum
    }
}

/// Name, what happens, and the part, which is given what its lane has prepared.
type Part<P> = (&'static str, &'static str, fn(&P, &Wanted) -> Result<Tally>);

/// What these do keeps a machine busy.
const DISK: &[Part<disk::Hands>] = &[
    ("kill", "both programs killed, and the run after that too", disk::kill),
    ("full", "no room on the disk, once and for ever", disk::full),
    ("eio", "the disk fails, once and for ever", disk::eio),
    ("power", "the power cut, with what was not synced gone or torn", disk::power),
    ("backups", "a backup and a restore that break off", disk::backups),
];

/// What these do is wait, mostly: so they go on beside the others.
const NET: &[Part<()>] = &[
    ("cuts", "the line cut at a byte", |(), wanted| net::cuts(wanted)),
    ("again", "a photo whose line is cut again and again", |(), wanted| net::again(wanted)),
    ("portal", "a portal in the office's place", |(), wanted| net::portal(wanted)),
    ("busy", "an office that is busy, slow or silent", |(), wanted| net::busy(wanted)),
    ("clocks", "clocks that are wrong", |(), wanted| net::clocks(wanted)),
    ("copies", "copies of a vault and of a server", |(), wanted| net::copies(wanted)),
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
    let disk = DISK.iter().map(|(name, ..)| *name);
    let known: Vec<&str> = disk.chain(NET.iter().map(|(name, ..)| *name)).collect();
    let stranger = names.iter().find(|name| !known.contains(name));
    ensure!(stranger.is_none(), "There is no part {stranger:?}; there are {}", known.join(", "));
    parts(&names, extent, seed)
}

/// What the check can afford of every part.
pub fn sample() -> Result<()> {
    parts(&[], Extent::Sample, 0)
}

fn parts(names: &[&str], extent: Extent, seed: u64) -> Result<()> {
    let halted = AtomicBool::new(false);
    let wanted = Wanted { part: "", extent, seed, halted: &halted };
    let disk = || match named(DISK, names).as_slice() {
        [] => Ok(()),
        parts => {
            let hands = disk::Hands::prepare()?;
            one_by_one(parts, &hands, &wanted)?;
            hands.leave()
        }
    };
    let net = || one_by_one(&named(NET, names), &(), &wanted);
    side_by_side(&[&disk, &net], &halted)
}

fn named<P>(parts: &'static [Part<P>], names: &[&str]) -> Vec<&'static Part<P>> {
    parts.iter().filter(|(name, ..)| names.is_empty() || names.contains(name)).collect()
}

/// The lanes together. What fails first is what is told; the other lane stops for it.
fn side_by_side(lanes: &[&(dyn Fn() -> Result<()> + Sync)], halted: &AtomicBool) -> Result<()> {
    let told = |lane: &(dyn Fn() -> Result<()> + Sync)| match lane() {
        Err(reason) if !halted.swap(true, Ordering::SeqCst) => Err(reason),
        Ok(()) | Err(_) => Ok(()),
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = lanes.iter().map(|lane| scope.spawn(|| told(lane))).collect();
        let ended = running.into_iter().map(|lane| lane.join().ok().context("A lane stopped")?);
        ended.collect::<Vec<Result<()>>>().into_iter().collect()
    })
}

fn one_by_one<P>(parts: &[&Part<P>], prepared: &P, wanted: &Wanted) -> Result<()> {
    for (name, what, part) in parts {
        let wanted = Wanted { part: name, ..*wanted };
        wanted.goes_on()?;
        let began = clock::now();
        let Tally { tried, fired, found } = part(prepared, &wanted).with_context(|| {
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

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn what_fails_first_is_told_and_stops_the_other_lane() {
        let halted = AtomicBool::new(false);
        let wanted = Wanted { part: "kill", extent: Extent::All, seed: 0, halted: &halted };
        let fails = || bail!("It lost a photo");
        let goes_on = || -> Result<()> {
            loop {
                wanted.goes_on()?;
                std::thread::yield_now();
            }
        };
        for lanes in [[&fails as &(dyn Fn() -> Result<()> + Sync), &goes_on], [&goes_on, &fails]] {
            halted.store(false, Ordering::SeqCst);
            assert_eq!(side_by_side(&lanes, &halted).unwrap_err().to_string(), "It lost a photo");
        }
        halted.store(false, Ordering::SeqCst);
        assert!(side_by_side(&[&|| Ok(()), &|| Ok(())], &halted).is_ok());
    }
}
