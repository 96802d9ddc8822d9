//! The power cut under both programs at once: a day is recorded, and from the record every disk is built that a cut may
//! leave. Both programs must open it and hold what was acknowledged by then.

use super::between::{Action, Between, Point, Rule};
use super::calls::{Call, Kind, Site, calls, printed, sites};
use super::day::{Bench, Now};
use super::kill::recovers;
use super::look::{OnDevice, OnServer, settles};
use super::platter::{Left, Platter};
use super::{Chance, Hands, chosen};
use crate::faults::{Extent, Tally, Wanted};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::path::Path;

/// Of the rebuilt disks, one in so many is also worked on with until both sides agree.
const SETTLED: usize = 3;

/// A day's calls of both programs, from disks that had nothing unsynced.
#[derive(Debug)]
struct Timeline {
    device: (Platter, Vec<Call>),
    server: (Platter, Vec<Call>),
}

#[derive(Debug)]
struct Recorded<'a> {
    bench: &'a Bench,
    /// The day, and one on which both programs died and the next run had to make it good.
    timelines: Vec<Timeline>,
}

#[derive(Debug)]
struct Cut {
    number: usize,
    timeline: usize,
    on_device: bool,
    point: Point,
    left: (Left, Left),
    seed: u64,
}

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Point { nth, label, site } = &self.point;
        let whose = if self.on_device { "device" } else { "server" };
        let (names, bytes) = self.left;
        let day = if self.timeline == 0 { "the day" } else { "the day with a death in it" };
        write!(
            f,
            "after number {nth} of {label} ({site:x}) of the {whose} on {day}; of names {names:?}, of bytes {bytes:?} left, seed {}",
            self.seed
        )
    }
}

pub fn power(hands: &Hands, wanted: &Wanted) -> Result<Tally> {
    let recorded = hands.each(Recorded::of)?;
    let cuts = cuts(recorded.first().context("There is at least one hand")?, wanted);
    hands.try_all(wanted, &recorded, &cuts, Recorded::survives)
}

impl<'a> Recorded<'a> {
    fn of(bench: &'a Bench) -> Result<Self> {
        let whole = Timeline::record(bench, None)?;
        let busiest = |calls: &[Call], root: &Path| {
            let sites = sites(calls, root);
            let writes = sites.iter().filter(|site| site.kind == Kind::Write && site.label.ends_with("-wal"));
            let busiest = writes.max_by_key(|site| site.count)?;
            Some(Rule { point: busiest.point(busiest.count / 2 + 1), action: Action::Kill })
        };
        let now = Now::under(&bench.folder.join("now"));
        let rules = (busiest(&whole.device.1, &now.ann), busiest(&whole.server.1, &now.server));
        let broken = Timeline::record(bench, Some(&rules))?;
        Ok(Recorded { bench, timelines: vec![whole, broken] })
    }

    fn survives(&self, cut: &Cut) -> Result<Tally> {
        let Recorded { bench, timelines } = self;
        let timeline = timelines.get(cut.timeline).context("A timeline")?;
        let Some(at_ns) = timeline.moment(cut) else {
            return Ok(Tally { tried: 1, ..Tally::default() });
        };
        let chance = &mut Chance::of(cut.seed);
        let now = Now::under(&bench.folder.join("cut"));
        let device = cut_at(&timeline.device, at_ns)?;
        let server = cut_at(&timeline.server, at_ns)?;
        device.lay_out(&now.ann, cut.left, chance)?;
        server.lay_out(&now.server, cut.left, chance)?;
        let heard = bench.heard(&printed(&timeline.device.1, at_ns)?);
        let cut_device = OnDevice::look(bench, &now).context("The device")?;
        let mut found = cut_device.holds(bench, &heard).context("The device")?;
        let cut_server = OnServer::look(&now)?;
        // A device that kept its power knows of the latest receipts.
        let lucky = Now { ann: bench.folder.join("lucky/ann"), server: now.server.clone() };
        device.lay_out(&lucky.ann, (Left::All, Left::All), chance)?;
        let lucky_device = OnDevice::look(bench, &lucky).context("The device that kept its power")?;
        found += lucky_device.is_received_by(&cut_server, bench, &now)?;
        if cut.number.is_multiple_of(SETTLED) {
            found += settles(bench, &now, &heard)?;
        }
        Ok(Tally { tried: 1, fired: 1, found })
    }
}

impl Timeline {
    fn record(bench: &Bench, deaths: Option<&(Option<Rule>, Option<Rule>)>) -> Result<Self> {
        let now = bench.afresh()?;
        let (device_disk, server_disk) = (Platter::of(&now.ann)?, Platter::of(&now.server)?);
        let device =
            Between::of(&now.ann)?.with_bytes().ruled(deaths.and_then(|(device, _)| device.as_ref()));
        let server =
            Between::of(&now.server)?.with_bytes().ruled(deaths.and_then(|(_, server)| server.as_ref()));
        let played = bench.play(&now, &device, &server)?;
        match deaths {
            None => ensure!(played.code == 0, "The day itself failed: {}", played.complaint),
            Some(_) => {
                recovers(bench, &now, &device.clone().ruled(None), &server.clone().ruled(None))?;
            }
        }
        Ok(Timeline {
            device: (device_disk, calls(&device.log)?),
            server: (server_disk, calls(&server.log)?),
        })
    }

    /// When the call was made.
    fn moment(&self, cut: &Cut) -> Option<u64> {
        let calls = if cut.on_device { &self.device.1 } else { &self.server.1 };
        let at_site = calls.iter().filter(|call| call.site == cut.point.site);
        at_site.take(cut.point.nth).last().map(|call| call.at_ns)
    }
}

fn cut_at((disk, calls): &(Platter, Vec<Call>), at_ns: u64) -> Result<Platter> {
    let mut disk = disk.clone();
    calls.iter().take_while(|call| call.at_ns <= at_ns).try_for_each(|call| disk.take(call))?;
    Ok(disk)
}

fn cuts(recorded: &Recorded, wanted: &Wanted) -> Vec<Cut> {
    const LEFT: [(Left, Left); 6] = [
        (Left::None, Left::None),
        (Left::Some, Left::Some),
        (Left::All, Left::None),
        (Left::Some, Left::Some),
        (Left::None, Left::All),
        (Left::All, Left::Some),
    ];
    let mut chance = Chance::of(wanted.seed);
    let mut cuts = Vec::new();
    let mut cut_before = BTreeSet::new();
    for (timeline, Timeline { device, server }) in recorded.timelines.iter().enumerate() {
        for (calls, on_device) in [(&device.1, true), (&server.1, false)] {
            let mut sites: Vec<Site> = sites(calls, Path::new("/"));
            // What both days have in common is cut once in a sample.
            sites.retain(|site| wanted.extent == Extent::All || cut_before.insert((on_device, site.site)));
            for point in chosen(&sites, wanted, &mut chance) {
                // Every call with every way of losing when all is wanted; with one each in a sample.
                let ways = if wanted.extent == Extent::All { LEFT.len() } else { 1 };
                let first = chance.below(LEFT.len());
                for left in LEFT.iter().cycle().skip(first).take(ways) {
                    let (point, seed, number) = (point.clone(), chance.next(), cuts.len());
                    cuts.push(Cut { number, timeline, on_device, point, left: *left, seed });
                }
            }
        }
    }
    cuts
}
