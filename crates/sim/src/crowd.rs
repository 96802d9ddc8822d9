//! Many seeds at once: one thread a world, as many as the machine has cores. Which thread plays a seed changes nothing.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, anyhow, ensure};
use kerbside_core::planted::Mutant;
use kerbside_sim::{Outcome, plant, play, silently};

/// What many seeds came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum {
    pub seeds: u64,
    pub rounds: u64,
    pub saves: u64,
    pub forks: u64,
    pub crashes: u64,
    pub refusals: u64,
}

impl Sum {
    fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.rounds += u64::from(outcome.rounds);
        self.saves += u64::from(outcome.saves);
        self.forks += u64::from(outcome.forks);
        self.crashes += u64::from(outcome.crashes);
        self.refusals += u64::from(outcome.refusals);
    }
}

/// The first seed that broke the promise, and how.
#[derive(Debug)]
pub struct Broken {
    pub seed: u64,
    pub cause: anyhow::Error,
}

/// How to play: for how long, with what broken on purpose, and on how many threads.
#[derive(Debug, Clone, Copy)]
pub struct Game {
    pub rounds: u32,
    pub mutant: Option<Mutant>,
    pub threads: usize,
    pub tell: fn(&str),
}

impl Game {
    /// Plays all these seeds; `hear` is told of each that held, in no particular order. The seed that broke is the
    /// first of the range that does, however many threads there are.
    pub fn play_all(
        self,
        seeds: Range<u64>,
        hear: impl Fn(u64, &Sum, &Outcome) + Sync,
    ) -> Result<Sum, Broken> {
        let next = AtomicU64::new(seeds.start);
        let shared: Mutex<(Sum, Option<Broken>)> = Mutex::default();
        let work = || {
            // The rule is broken for this thread alone.
            let planted = plant(self.mutant);
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                let over =
                    |lock: &(Sum, Option<Broken>)| lock.1.as_ref().is_some_and(|broken| broken.seed < seed);
                if seeds.end <= seed || over(&shared.lock().unwrap_or_else(PoisonError::into_inner)) {
                    return;
                }
                let outcome = match &planted {
                    Ok(()) => play(seed, self.rounds, self.tell),
                    Err(cause) => Err(anyhow!("{cause:#}")),
                };
                let mut lock = shared.lock().unwrap_or_else(PoisonError::into_inner);
                match outcome {
                    Ok(outcome) => {
                        lock.0.add(&outcome);
                        hear(seed, &lock.0, &outcome);
                    }
                    Err(_) if over(&lock) => {}
                    Err(cause) => lock.1 = Some(Broken { seed, cause }),
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(work);
            }
        });
        let (sum, broken) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        broken.map_or(Ok(sum), Err)
    }
}

/// Equal seeds play equal worlds, on whatever thread and whatever was played there before.
pub fn repeats(seed: u64, rounds: u32) -> Result<()> {
    let trace = || anyhow::Ok(play(seed, rounds, silently)?.trace);
    let (one, two) = std::thread::scope(|scope| {
        let other = scope.spawn(|| play(seed ^ 1, rounds, silently).and_then(|_| trace()));
        (trace(), other.join().unwrap_or_else(|_| Err(anyhow!("A thread fell over"))))
    });
    ensure!(one? == two?, "seed {seed} did not play the same twice");
    Ok(())
}
