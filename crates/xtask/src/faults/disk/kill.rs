//! Both programs killed at a call, before it or half-way through what it writes; and the first run after that killed too.

use super::between::{Action, Between, Rule};
use super::calls::{Kind, Site, calls, sites};
use super::day::{Bench, KILLED, Now, undisturbed};
use super::look::{OnDevice, OnServer, settles};
use super::{Chance, Hands, chosen};
use crate::faults::{Extent, Tally, Wanted};
use crate::field::server::Server;
use anyhow::{Context, Result};

/// Where the programs of one run are killed, each at a point of its own.
#[derive(Clone, Debug, Default)]
pub struct Fate {
    device: Option<Rule>,
    server: Option<Rule>,
    device_again: Option<Rule>,
    server_again: Option<Rule>,
}

impl std::fmt::Display for Fate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |who: &str, rule: &Option<Rule>| rule.as_ref().map(|rule| format!("{who}: {rule}"));
        let parts = [
            of("device", &self.device),
            of("server", &self.server),
            of("device, recovering", &self.device_again),
            of("server, recovering", &self.server_again),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}

/// What there is to be killed at: of the day, and of the first run after a death in the middle of it.
#[derive(Debug)]
struct Places {
    device: Vec<Site>,
    server: Vec<Site>,
    device_again: Vec<Site>,
    server_again: Vec<Site>,
}

pub fn kill(hands: &Hands, wanted: &Wanted) -> Result<Tally> {
    let places = Places::count(hands.first()?)?;
    let fates = fates(&places, wanted);
    hands.try_all(wanted, &hands.benches, &fates, survives)
}

impl Places {
    fn count(bench: &Bench) -> Result<Self> {
        let (now, device, server) = undisturbed(bench, false)?;
        let device = sites(&calls(&device.log)?, &now.ann);
        let server = sites(&calls(&server.log)?, &now.server);
        let middle = |sites: &[Site]| {
            let busiest = sites.iter().max_by_key(|site| site.count)?;
            Some(Rule { point: busiest.point(busiest.count / 2 + 1), action: Action::Kill })
        };
        let fate = Fate { device: middle(&device), server: middle(&server), ..Fate::default() };
        let now = bench.afresh()?;
        dies(bench, &now, &fate)?;
        let (again_device, again_server) = (Between::of(&now.ann)?, Between::of(&now.server)?);
        recovers(bench, &now, &again_device, &again_server)?;
        let device_again = sites(&calls(&again_device.log)?, &now.ann);
        let server_again = sites(&calls(&again_server.log)?, &now.server);
        Ok(Places { device, server, device_again, server_again })
    }
}

fn fates(places: &Places, wanted: &Wanted) -> Vec<Fate> {
    let mut chance = Chance::of(wanted.seed);
    let device = rules(&places.device, wanted, &mut chance);
    let server = rules(&places.server, wanted, &mut chance);
    let mut device_again = rules(&places.device_again, wanted, &mut chance);
    let mut server_again = rules(&places.server_again, wanted, &mut chance);
    let mut fates: Vec<Fate> = Vec::new();
    for rule in &device {
        fates.push(Fate { device: Some(rule.clone()), device_again: device_again.pop(), ..Fate::default() });
    }
    for rule in &server {
        fates.push(Fate { server: Some(rule.clone()), server_again: server_again.pop(), ..Fate::default() });
    }
    for again in device_again.into_iter().map(Some) {
        let first = chance.pick(&device).cloned();
        fates.push(Fate { device: first, device_again: again, ..Fate::default() });
    }
    for again in server_again.into_iter().map(Some) {
        let first = chance.pick(&server).cloned();
        fates.push(Fate { server: first, server_again: again, ..Fate::default() });
    }
    fates
}

/// Before the call or, where it writes, half-way through it: in a sample one of them, otherwise both.
fn rules(sites: &[Site], wanted: &Wanted, chance: &mut Chance) -> Vec<Rule> {
    let mut rules = Vec::new();
    for point in chosen(sites, wanted, chance) {
        let writes = sites.iter().any(|site| site.site == point.site && site.kind == Kind::Write);
        let tears = writes && (wanted.extent != Extent::Sample || chance.below(2) == 1);
        if !tears || wanted.extent != Extent::Sample {
            rules.push(Rule { point: point.clone(), action: Action::Kill });
        }
        if tears {
            rules.push(Rule { point, action: Action::Tear });
        }
    }
    rules
}

fn dies(bench: &Bench, now: &Now, fate: &Fate) -> Result<(super::day::Played, usize)> {
    let device = Between::of(&now.ann)?.ruled(fate.device.as_ref());
    let server = Between::of(&now.server)?.ruled(fate.server.as_ref());
    let played = bench.play(now, &device, &server)?;
    let fired = usize::from(played.code == KILLED) + usize::from(played.server_died);
    Ok((played, fired))
}

/// The first run of both programs after a death. Says how many of them died of it.
pub fn recovers(bench: &Bench, now: &Now, device: &Between, server: &Between) -> Result<usize> {
    let mut serve = bench.serve(now);
    server.put(&mut serve);
    let running = Server::watch(&now.server, &mut serve);
    let mut sync = Bench::device(now).command(&["sync", "--until-idle", "--deadline", "2"]);
    device.put(&mut sync);
    let synced = sync.output().context("Could not start kerbside")?;
    let device_died = synced.status.code().is_none();
    let server_died = match running {
        Ok(running) => running.stop().is_err(),
        Err(_) => true,
    };
    Ok(usize::from(device_died) + usize::from(server_died))
}

fn survives(bench: &Bench, fate: &Fate) -> Result<Tally> {
    let now = bench.afresh()?;
    let (played, mut fired) = dies(bench, &now, fate)?;
    let heard = bench.heard(&played.lines);
    if fate.device_again.is_some() || fate.server_again.is_some() {
        let device = Between::of(&now.ann)?.ruled(fate.device_again.as_ref());
        let server = Between::of(&now.server)?.ruled(fate.server_again.as_ref());
        fired += recovers(bench, &now, &device, &server)?;
    }
    let device = OnDevice::look(bench, &now)?;
    let mut found = device.holds(bench, &heard)?;
    let server = OnServer::look(&now)?;
    found += device.is_received_by(&server, bench, &now)?;
    found += settles(bench, &now, &heard)?;
    let rules = [&fate.device, &fate.server, &fate.device_again, &fate.server_again];
    Ok(Tally { tried: rules.into_iter().flatten().count(), fired, found })
}
