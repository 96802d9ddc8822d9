//! One photo of four mebibytes whose line breaks again and again in the middle of it. It goes on from the byte that the
//! office has, so that next to nothing goes twice, and one file comes of it.

use super::Town;
use super::proxy::Trick;
use crate::faults::{Tally, Wanted};
use crate::program::say;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::path::Path;

const PHOTO: usize = 4 * 1024 * 1024;
const CUTS: usize = 64;
const SAMPLE: usize = 12;
const UPLOADS: &str = "/v1/uploads";
/// Bytes that may go twice: one in so many.
const SHARE: usize = 20;

pub fn again(wanted: &Wanted) -> Result<Tally> {
    let cuts = wanted.most(CUTS, SAMPLE);
    let town = Town::begin("again")?;
    let line = town.line("ann")?;
    let (record, size) = line.saves_photo(770_000, PHOTO)?;
    line.proxy.counts_anew();
    let mut fired = 0;
    for nth in 1..=cuts {
        wanted.goes_on()?;
        line.proxy.plays(UPLOADS, Trick::CutUpload(size / (cuts + 1) * nth));
        line.tries()?;
        fired += usize::from(line.proxy.left() == 0);
    }
    line.proxy.is_honest_again();
    line.catches_up()?;
    let sent = line.proxy.uploaded();
    ensure!(size <= sent, "Only {sent} bytes of {size} went to the server");
    let extra = sent - size;
    ensure!(extra <= size / SHARE, "{extra} bytes of {size} went twice in {cuts} cuts");
    let kept = files_below(&town.data().join("photos"))?;
    ensure!(kept == 1, "{kept} files came of one photo");
    let found = town.holds(&BTreeSet::from([record]), &[&line.device])?;
    let in_thousand = extra * 1000 / size;
    say(format!(
        "    again: {size} bytes, cut {fired} times: {extra} went twice, {in_thousand} in a thousand"
    ));
    drop(line);
    town.ends()?;
    Ok(Tally { tried: cuts, fired, found: found + kept })
}

/// Originals, and what is left of uploads; copies for screens are drawn from them and do not count.
fn files_below(folder: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).context("Could not look at the server's photos")? {
        let path = entry.context("Could not look at the server's photos")?.path();
        let is_copy = path.file_name().is_some_and(|name| name == "derived");
        if path.is_dir() && !is_copy {
            count += files_below(&path)?;
        } else if path.is_file() {
            count += 1;
        }
    }
    Ok(count)
}
