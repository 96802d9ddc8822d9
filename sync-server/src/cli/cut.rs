//! `cut`: takes what was said before a day out of the log, where the records hold all it came to. Nothing does it by itself.

use anyhow::{Context, Result};
use clap::Args;
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;

use super::print;
use crate::clock::{ms_of_rfc3339, now_ms, rfc3339};
use crate::store::{Cut, Store};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// As long as devices keep their own copy of what is safe: whoever is away for less reads on where they stood.
const LEAST_DAYS: u32 = 30;

#[derive(Debug, Args)]
pub struct Cutting {
    #[command(flatten)]
    day: Day,
    /// Only say what would be cut.
    #[arg(long)]
    dry_run: bool,
    /// Give the room of what was cut back to the disk. Nobody can write until it is done: at night, or while nothing serves.
    #[arg(long, conflicts_with = "dry_run")]
    shrink: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Day {
    /// What was received before this day, such as 2024-04-01, by UTC.
    #[arg(long, value_parser = day)]
    before: Option<i64>,
    /// What was received longer ago than this.
    #[arg(long)]
    keep_days: Option<u32>,
}

fn day(text: &str) -> Result<i64, String> {
    ms_of_rfc3339(&format!("{text}T00:00:00Z")).map_err(|_| "a day is written 2024-04-01".to_owned())
}

impl Day {
    fn before_ms(&self, now_ms: i64) -> Result<i64> {
        let keeps = self.keep_days.map(|days| now_ms - i64::from(days) * DAY_MS);
        let before = self.before.or(keeps).context("The command line asks for one of the two")?;
        if now_ms - i64::from(LEAST_DAYS) * DAY_MS < before {
            let words = format!("the last {LEAST_DAYS} days are never cut");
            return Err(Problem::new(Code::NotAllowed, words).into());
        }
        Ok(before)
    }
}

#[derive(Serialize)]
struct Line {
    before: String,
    dry_run: bool,
    #[serde(flatten)]
    cut: Cut,
}

pub fn run(store: &mut Store, asked: &Cutting) -> Result<()> {
    let now_ms = now_ms();
    let before_ms = asked.day.before_ms(now_ms)?;
    let cut = store.cut(now_ms, before_ms, asked.dry_run)?;
    if asked.shrink {
        store.shrink()?;
    }
    print(&Line { before: rfc3339(before_ms), dry_run: asked.dry_run, cut })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_793_000_000_000;

    #[test]
    fn a_day_begins_at_midnight_and_the_last_month_is_never_cut() {
        let of = |before, keep_days| Day { before, keep_days }.before_ms(NOW);
        assert_eq!(day("2024-04-01"), Ok(1_711_929_600_000));
        assert!(day("1 April").is_err());
        assert_eq!(of(day("2024-04-01").ok(), None).unwrap(), 1_711_929_600_000);
        assert_eq!(of(None, Some(730)).unwrap(), NOW - 730 * DAY_MS);
        for refused in [of(None, Some(29)), of(Some(NOW), None)] {
            assert!(refused.unwrap_err().is::<Problem>());
        }
    }
}
