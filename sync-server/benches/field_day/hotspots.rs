//! Where a million cases gather, in half of them the period that is asked for and in half the one before. The floor is
//! counting the same rows of the same index in the same database, and nothing else.

use std::path::Path;

use anyhow::{Result, ensure};
use fastrand::Rng;
use kerbside_server::store::{HotspotWish, Place};
use serde_json::json;

use crate::clock::timed;
use crate::figures::{self, median};
use crate::store::BareCases;

const CASES: usize = 1_000_000;
const REPEATS: usize = 5;
const NOW_MS: i64 = 1_793_000_000_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

pub fn hotspots(folder: &Path, rng: &mut Rng) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let file = folder.join("council.db");
    let mut store = Place::File(file.clone()).open()?;
    store.establish(NOW_MS)?;
    let council = json!({
        "key": "bench", "name": "Bench",
        "teams": [{"key": "north", "name": {"en": "North"}, "service": "street"}],
        "officers": [{"email": "sam@example.gov.uk", "name": "Sam", "role": "supervisor", "teams": ["north"]}]
    });
    store.load_council(&serde_json::from_value(council)?, &std::collections::BTreeMap::new())?;
    let mut cases = BareCases::open(&file)?;
    cases.fill(rng, CASES, (NOW_MS - 60 * DAY_MS, NOW_MS))?;
    let middle = NOW_MS - 30 * DAY_MS;
    let wish = HotspotWish {
        form: None,
        now_ms: (middle, NOW_MS),
        before_ms: (NOW_MS - 60 * DAY_MS, middle),
        side_m: 250,
    };
    let sam = store.officer_by_email("sam@example.gov.uk")?.map(|(officer, _)| officer);
    let sam = sam.ok_or_else(|| anyhow::anyhow!("The supervisor is there"))?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    let mut hexes = 0;
    for _ in 0..REPEATS {
        let (found, took) = timed(|| store.hotspots(&sam, &wish, NOW_MS));
        let found = found?;
        let told = found.total.unwrap_or_default() + found.total_before.unwrap_or_default();
        ensure!(told == CASES as u64, "Not every case was counted");
        hexes = found.hexes.len();
        ours.push(took);
        let (counted, took) = timed(|| cases.count((NOW_MS - 60 * DAY_MS, NOW_MS)));
        ensure!(counted? == CASES, "The floor counts other cases");
        bare.push(took);
    }
    figures::ms("hotspots_1000000.time", median(&ours)?, Some(median(&bare)?))?;
    figures::count("hotspots_1000000.hexagons", hexes, None)
}
