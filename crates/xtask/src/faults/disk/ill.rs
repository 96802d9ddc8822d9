//! A disk without room, and one that fails, once and for ever, under either program. The program says what is the matter,
//! loses nothing, acknowledges nothing that it cannot keep, and goes on when the disk is well.

use super::between::{Action, Between, Point, Rule};
use super::calls::{Kind, Site, calls, printed, sites};
use super::day::{Bench, Heard, Now, Played, undisturbed};
use super::look::{OnDevice, OnServer, settles};
use super::platter::{Left, Platter};
use super::{Chance, Hands, chosen};
use crate::faults::{Extent, Tally, Wanted};
use crate::field::device::text;
use crate::field::office::Office;
use crate::field::server::Server;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

const STORAGE_FAULT: i32 = 5;
const LATER: i32 = 3;

#[derive(Debug)]
pub struct Illness {
    on_device: bool,
    rule: Rule,
    /// Whether a sync is what fails: then the power is cut afterwards, to see whether anything relied on it.
    is_sync: bool,
}

impl std::fmt::Display for Illness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", if self.on_device { "device" } else { "server" }, self.rule)
    }
}

pub fn full(hands: &Hands, wanted: &Wanted) -> Result<Tally> {
    let fits =
        |site: &Site| may_be_full(site) && (wanted.extent != Extent::Sample || is_full_in_samples(site));
    falls_ill(hands, wanted, [Action::Full, Action::FullEver], fits)
}

pub fn eio(hands: &Hands, wanted: &Wanted) -> Result<Tally> {
    let fits =
        |site: &Site| wanted.extent != Extent::Sample || !(may_be_full(site) && is_full_in_samples(site));
    falls_ill(hands, wanted, [Action::Eio, Action::EioEver], fits)
}

fn may_be_full(site: &Site) -> bool {
    matches!(site.kind, Kind::Create | Kind::Write | Kind::Truncate | Kind::Mkdir | Kind::Rename | Kind::Sync)
}

/// A sample has each call site fall ill once: half of those that could meet a full disk do, the others one that fails.
fn is_full_in_samples(site: &Site) -> bool {
    site.site.is_multiple_of(2)
}

fn falls_ill(
    hands: &Hands,
    wanted: &Wanted,
    actions: [Action; 2],
    fits: impl Fn(&Site) -> bool,
) -> Result<Tally> {
    let (now, device, server) = undisturbed(hands.first()?, false)?;
    let mut chance = Chance::of(wanted.seed);
    let mut illnesses = Vec::new();
    for (log, root, on_device) in [(&device.log, &now.ann, true), (&server.log, &now.server, false)] {
        let mut sites = sites(&calls(log)?, root);
        sites.retain(&fits);
        for point in chosen(&sites, wanted, &mut chance) {
            let is_sync = sites.iter().any(|site| site.site == point.site && site.kind == Kind::Sync);
            // In a sample every call site falls ill once or for ever; a failing sync always once, and then the power goes.
            let which = chance.below(2);
            for (at, action) in actions.into_iter().enumerate() {
                if wanted.extent == Extent::All || at == if is_sync { 0 } else { which } {
                    let rule = Rule { point: point.clone(), action };
                    illnesses.push(Illness { on_device, rule, is_sync: is_sync && at == 0 });
                }
            }
        }
    }
    hands.try_all(wanted, &hands.benches, &illnesses, |bench, illness| {
        if illness.on_device { device_recovers(bench, illness) } else { server_recovers(bench, illness) }
    })
}

fn is_for_ever(rule: &Rule) -> bool {
    matches!(rule.action, Action::FullEver | Action::EioEver)
}

fn device_recovers(bench: &Bench, illness: &Illness) -> Result<Tally> {
    let now = bench.afresh()?;
    let disk = Platter::of(&now.ann)?;
    let device = Between::of(&now.ann)?.with_bytes().ruled(Some(&illness.rule));
    let played = bench.play(&now, &device, &Between::of(&now.server)?)?;
    let made = calls(&device.log)?;
    let fired = made.iter().any(|call| call.is_fault);
    ensure!(
        fired || played.code == 0,
        "Nothing failed, and it ended with {}: {}",
        played.code,
        played.complaint
    );
    says_what_is_the_matter(&played, &illness.rule)?;
    if is_for_ever(&illness.rule) && fired {
        is_refused_a_start(bench, &now, &illness.rule)?;
    }
    let mut heard = bench.heard(&played.lines);
    if illness.is_sync && fired {
        let mut disk = disk;
        made.iter().try_for_each(|call| disk.take(call))?;
        disk.lay_out(&now.ann, (Left::None, Left::None), &mut Chance::of(0))?;
    }
    let found = goes_on(bench, &now, &mut heard)?;
    let until = made.last().map_or(0, |call| call.at_ns);
    ensure!(printed(&made, until)?.len() == played.lines.len(), "Every printed line was recorded");
    Ok(Tally { tried: 1, fired: usize::from(fired), found })
}

/// The right exit code, and a code that has words.
fn says_what_is_the_matter(played: &Played, rule: &Rule) -> Result<()> {
    let failed: Vec<&Value> = played.lines.iter().filter_map(|line| line.get("failed")).collect();
    let Played { code, complaint, .. } = played;
    ensure!(*code == 0 || *code == STORAGE_FAULT, "The device ended with {code}: {complaint}");
    ensure!(failed.is_empty() || *code == STORAGE_FAULT, "It failed, and ended with {code}: {complaint}");
    ensure!(is_for_ever(rule) || failed.len() < 2, "One fault failed more than one act: {failed:?}");
    for line in complaint.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let code = text(&line, "code")?;
        ensure!(code == "disk_full" || code == "storage_fault", "It only said: {line}");
    }
    Ok(())
}

/// With its disk ill from the start, the program says so and nothing more comes of it.
fn is_refused_a_start(bench: &Bench, now: &Now, rule: &Rule) -> Result<()> {
    let point = Point { site: 0, nth: 0, label: "the start".to_owned() };
    let between = Between::of(&now.ann)?.ruled(Some(&Rule { point, action: rule.action }));
    let played = bench.run_day(now, Some(&between), 0)?;
    ensure!(played.code == STORAGE_FAULT && played.lines.is_empty(), "It went on: {played:?}");
    ensure!(played.complaint.contains("\"code\":"), "It did not say why: {}", played.complaint);
    says_what_is_the_matter(&played, rule)
}

/// Nothing is lost, and the next piece of work goes through on a disk that is well.
fn goes_on(bench: &Bench, now: &Now, heard: &mut Heard) -> Result<usize> {
    let device = OnDevice::look(bench, now)?;
    let mut found = device.holds(bench, heard)?;
    found += device.is_received_by(&OnServer::look(now)?, bench, now)?;
    heard.saved.push(bench.one_more(now)?);
    found += settles(bench, now, heard)?;
    Ok(found)
}

fn server_recovers(bench: &Bench, illness: &Illness) -> Result<Tally> {
    let now = bench.afresh()?;
    let disk = Platter::of(&now.server)?;
    let server = Between::of(&now.server)?.with_bytes().ruled(Some(&illness.rule));
    let mut serve = bench.serve(&now);
    server.put(&mut serve);
    let (running, is_ill) = match Server::watch(&now.server, &mut serve) {
        Ok(running) => (running, is_for_ever(&illness.rule)),
        Err(_) => {
            does_not_start(&serve)?;
            // Recorded as well: the disk is rebuilt from everything that was written.
            let mut again = bench.serve(&now);
            server.put(&mut again);
            again.env_remove("KF_RULE");
            (Server::watch(&now.server, &mut again)?, false)
        }
    };
    let played = bench.run_day(&now, None, 0)?;
    let Played { code, complaint, .. } = &played;
    ensure!(*code == 0 || *code == LATER, "The device ended with {code}: {complaint}");
    if is_ill && calls(&server.log)?.iter().any(|call| call.is_fault) {
        ill_servers_say_so(bench, &illness.rule)?;
    }
    server.heal()?;
    is_ready_again(bench)?;
    nothing_was_its_own_fault(bench)?;
    let stopped = running.stop();
    let made = calls(&server.log)?;
    let fired = made.iter().any(|call| call.is_fault);
    ensure!(stopped.is_ok() || fired, "The server did not stop: {stopped:?}");
    let mut heard = bench.heard(&played.lines);
    if illness.is_sync && fired {
        let mut disk = disk;
        made.iter().try_for_each(|call| disk.take(call))?;
        disk.lay_out(&now.server, (Left::None, Left::None), &mut Chance::of(0))?;
    }
    let found = goes_on(bench, &now, &mut heard)?;
    Ok(Tally { tried: 1, fired: usize::from(fired), found })
}

/// A server that cannot even open its store ends with the code for that, and says why.
fn does_not_start(serve: &Command) -> Result<()> {
    let mut again = Command::new("timeout");
    again.arg("10").arg(serve.get_program()).args(serve.get_args());
    again.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = again.output().context("Could not start kerbside-server")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code();
    ensure!(code == Some(STORAGE_FAULT), "A server without a disk ended with {code:?}: {complaint}");
    ensure!(complaint.contains("ERROR"), "It did not say why: {complaint}");
    Ok(())
}

fn ill_servers_say_so(bench: &Bench, rule: &Rule) -> Result<()> {
    let answer = Office::nobody(bench.address).ask("GET", "/readyz", None)?;
    let code = answer.json().ok().and_then(|body| text(&body, "code").ok().map(str::to_owned));
    let expected = if rule.action == Action::FullEver { (507, "disk_full") } else { (503, "busy") };
    let said = (answer.status, code.as_deref().unwrap_or_default());
    ensure!(said == expected, "An ill server called itself {said:?}");
    Ok(())
}

fn is_ready_again(bench: &Bench) -> Result<()> {
    for _ in 0..50 {
        if Office::nobody(bench.address).ask("GET", "/readyz", None)?.status == 200 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("The disk is well, and the server is not ready")
}

/// No answer was a 500, and nothing panicked.
fn nothing_was_its_own_fault(bench: &Bench) -> Result<()> {
    let answer = Office::nobody(bench.address).ask("GET", "/metrics", None)?;
    let page = String::from_utf8_lossy(&answer.body).into_owned();
    ensure!(answer.status == 200 && page.contains("kerbside_panics_total 0"), "The server panicked: {page}");
    ensure!(!page.contains("code=\"internal\""), "The server called it its own fault: {page}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_fault_without_words_is_noticed() {
        let rule = Rule { point: Point { site: 1, nth: 1, label: String::new() }, action: Action::Full };
        let played = |code, said: Value| Played {
            code,
            lines: vec![json!({ "failed": "disk_full", "line": 1 })],
            complaint: said.to_string(),
            server_died: false,
        };
        assert!(says_what_is_the_matter(&played(5, json!({ "code": "disk_full" })), &rule).is_ok());
        assert!(says_what_is_the_matter(&played(5, json!({ "code": "internal" })), &rule).is_err());
        assert!(says_what_is_the_matter(&played(0, json!({ "code": "disk_full" })), &rule).is_err());
    }
}
