//! The disk under both programs: it stops half-way with them, it is full, it fails, it loses what was not synced.
//!
//! A fault happens between the program and its C library (`between.c`), at a chosen call site; the programs are the same
//! that people run.

mod backups;
mod between;
mod calls;
mod day;
mod ill;
mod kill;
mod look;
mod platter;
mod power;

pub use backups::backups;
pub use ill::{eio, full};
pub use kill::kill;
pub use power::power;

use super::{Extent, Tally, Wanted};
use crate::clock;
use crate::field::{empty, quick_folder};
use crate::program::say;
use anyhow::{Context, Result};
use between::Point;
use calls::Site;
use day::{Bench, Council};
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Runs side by side: a run mostly waits, for a program to start or for its turn to try again.
const HANDS: usize = 6;
const TELL_EVERY: u64 = 20;

/// A few of a day's many repeats of one call site, beside its first, in the check.
const MORE: usize = 5;

/// Benches that work side by side, for one part after the other.
#[derive(Debug)]
pub struct Hands {
    folder: PathBuf,
    benches: Vec<Bench>,
}

impl Hands {
    pub fn prepare() -> Result<Self> {
        let folder = quick_folder("disk");
        empty(&folder)?;
        let council = Council::load(&folder.join("council"))?;
        let places: Vec<PathBuf> = (0..HANDS).map(|hand| folder.join(format!("hand-{hand}"))).collect();
        let benches = together(&places, |place| Bench::prepare(place, &council))?;
        Ok(Hands { folder, benches })
    }

    fn first(&self) -> Result<&Bench> {
        self.benches.first().context("There is at least one hand")
    }

    /// What a part needs besides, on every bench.
    fn each<'a, B: Send>(&'a self, makes: impl Fn(&'a Bench) -> Result<B> + Sync) -> Result<Vec<B>> {
        together(&self.benches, makes)
    }

    /// Every fate, each hand taking the next. What the first that fails left behind stays to be looked at.
    fn try_all<B: Sync, F: Display + Sync>(
        &self,
        wanted: &Wanted,
        benches: &[B],
        fates: &[F],
        survives: impl Fn(&B, &F) -> Result<Tally> + Sync,
    ) -> Result<Tally> {
        let (next, told) = (AtomicUsize::new(0), AtomicU64::new(0));
        let began = clock::now();
        let done = together(benches, |bench| -> Result<Tally> {
            let mut tally = Tally::default();
            loop {
                let at = next.fetch_add(1, Ordering::SeqCst);
                let Some(fate) = fates.get(at) else { return Ok(tally) };
                wanted.goes_on()?;
                let turn = began.elapsed().as_secs() / TELL_EVERY;
                if told.fetch_max(turn, Ordering::SeqCst) < turn {
                    say(format!("    … {}: {at} of {}", wanted.part, fates.len()));
                }
                let lost = || format!("{fate}; what it left is in {}", self.folder.display());
                let survived = survives(bench, fate).with_context(lost);
                if survived.is_err() {
                    next.store(fates.len(), Ordering::SeqCst);
                }
                tally.add(survived?);
            }
        })?;
        Ok(done.into_iter().collect())
    }

    /// Everything held.
    pub fn leave(self) -> Result<()> {
        std::fs::remove_dir_all(&self.folder).context("Could not tidy up")
    }
}

/// A thread for each.
fn together<'a, T: Sync, R: Send>(all: &'a [T], does: impl Fn(&'a T) -> Result<R> + Sync) -> Result<Vec<R>> {
    std::thread::scope(|scope| {
        let hands: Vec<_> = all.iter().map(|one| scope.spawn(|| does(one))).collect();
        hands.into_iter().map(|hand| hand.join().ok().context("A hand stopped")?).collect()
    })
}

/// Numbers that follow from a seed (SplitMix64).
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn of(seed: u64) -> Self {
        Chance(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

/// Each call site once, somewhere among its calls, and then as many more as are wanted.
fn chosen(sites: &[Site], wanted: &Wanted, chance: &mut Chance) -> Vec<Point> {
    let mut points: Vec<Point> = sites.iter().map(|site| site.point(1 + chance.below(site.count))).collect();
    let mut others: Vec<Point> =
        sites.iter().flat_map(|site| (1..=site.count).map(|nth| site.point(nth))).collect();
    others.retain(|point| !points.contains(point));
    let more = match wanted.extent {
        Extent::Sample => MORE,
        Extent::Points(most) => most.saturating_sub(points.len()),
        Extent::All => others.len(),
    };
    for _ in 0..more.min(others.len()) {
        let at = chance.below(others.len());
        points.push(others.swap_remove(at));
    }
    if let Extent::Points(most) = wanted.extent {
        points.truncate(most);
    }
    points
}
