//! A backup and a restore that are killed on their way, or whose disk fails. Whatever is called safe can be restored, and what
//! broke off is begun again by the same command.

use super::between::{Action, Between, Rule};
use super::calls::{Kind, Site, calls, sites};
use super::day::{Bench, Heard, KILLED, Now};
use super::look::{OnDevice, OnServer, settles};
use super::{Chance, Hands, chosen};
use crate::faults::{Extent, Tally, Wanted};
use crate::field::server::{Server, command};
use crate::program::built;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

const REFUSED: i32 = 4;
const STORAGE_FAULT: i32 = 5;

/// A council with a backup, and a day's work since.
#[derive(Debug)]
struct Depot {
    bench: Bench,
    heard: Heard,
}

#[derive(Debug)]
struct Mishap {
    /// Of the restore; otherwise of the backup.
    is_restore: bool,
    rule: Rule,
}

impl std::fmt::Display for Mishap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", if self.is_restore { "restore" } else { "backup" }, self.rule)
    }
}

pub fn backups(hands: &Hands, wanted: &Wanted) -> Result<Tally> {
    let depots = hands.each(Depot::prepare)?;
    let mishaps = depots.first().context("There is at least one hand")?.mishaps(wanted)?;
    hands.try_all(wanted, &depots, &mishaps, |depot, mishap| {
        if mishap.is_restore { depot.restore_survives(mishap) } else { depot.backup_survives(mishap) }
    })
}

/// One command under a rule, and how it ended.
struct Ended {
    code: i32,
    complaint: String,
    sites: Vec<Site>,
    fired: bool,
}

impl Depot {
    fn prepare(bench: &Bench) -> Result<Self> {
        let now = bench.afresh()?;
        let server = Server::start(&now.server, &bench.address.to_string())?;
        command(&now.server, &["backup", &text(&backups_of(bench))?])?;
        let played = bench.run_day(&now, None, 0)?;
        ensure!(played.code == 0, "The day itself failed: {}", played.complaint);
        server.stop()?;
        let before = bench.folder.join("after-the-day");
        std::fs::rename(bench.folder.join("now"), &before).context("Could not keep the day")?;
        let heard = bench.heard(&played.lines);
        Ok(Depot { bench: bench.beginning_with(before), heard })
    }

    fn mishaps(&self, wanted: &Wanted) -> Result<Vec<Mishap>> {
        let mut chance = Chance::of(wanted.seed);
        let mut mishaps = Vec::new();
        for is_restore in [false, true] {
            let now = self.bench.afresh()?;
            let ended = self.runs(&now, is_restore, None)?;
            ensure!(ended.code == 0, "Undisturbed it failed: {}", ended.complaint);
            for point in chosen(&ended.sites, wanted, &mut chance) {
                let is_write =
                    ended.sites.iter().any(|site| site.site == point.site && site.kind == Kind::Write);
                let all: &[Action] = if is_write {
                    &[Action::Kill, Action::Tear, Action::EioEver, Action::FullEver]
                } else {
                    &[Action::Kill, Action::EioEver]
                };
                let one = chance.pick(all).copied();
                let actions =
                    all.iter().filter(|action| wanted.extent == Extent::All || one == Some(**action));
                mishaps.extend(actions.map(|action| {
                    let rule = Rule { point: point.clone(), action: *action };
                    Mishap { is_restore, rule }
                }));
            }
        }
        Ok(mishaps)
    }

    fn runs(&self, now: &Now, is_restore: bool, rule: Option<&Rule>) -> Result<Ended> {
        let whole = self.bench.folder.join("now");
        let between = Between::of(&whole)?.ruled(rule);
        let (word, data) =
            if is_restore { ("restore", restored(&whole)) } else { ("backup", now.server.clone()) };
        let mut run = Command::new(built("kerbside-server"));
        run.arg(word).arg(backups_of(&self.bench)).arg("--data").arg(data);
        between.put(&mut run);
        let output = run.output().with_context(|| format!("Could not start the {word}"))?;
        let made = calls(&between.log)?;
        Ok(Ended {
            code: output.status.code().unwrap_or(KILLED),
            complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
            sites: sites(&made, &whole),
            fired: output.status.code().is_none() || made.iter().any(|call| call.is_fault),
        })
    }

    /// Made while the server serves. Whatever a device is then told is safe comes out of the folder of backups.
    fn backup_survives(&self, mishap: &Mishap) -> Result<Tally> {
        let bench = &self.bench;
        let now = bench.afresh()?;
        let server = Server::start(&now.server, &bench.address.to_string())?;
        let ended = self.runs(&now, false, Some(&mishap.rule))?;
        says_so(&ended)?;
        Bench::device(&now).does(&["sync", "--until-idle", "--deadline", "60"])?;
        server.stop()?;
        let device = OnDevice::look(bench, &now)?;
        let mut found = device.is_received_by(&OnServer::look(&now)?, bench, &now)?;
        let anew = Now { server: restored(&bench.folder.join("now")), ..now.clone() };
        self.restores(&anew)?;
        found += device.is_safe_with(&OnServer::look(&anew)?, bench, &anew)?;
        command(&now.server, &["backup", &text(&backups_of(bench))?]).context("The next backup")?;
        std::fs::remove_dir_all(&anew.server).context("Could not clear the restored server")?;
        self.restores(&anew)?;
        OnServer::look(&anew)?.holds(&self.heard.saved)?;
        found += self.heard.saved.len();
        Ok(Tally { tried: 1, fired: usize::from(ended.fired), found })
    }

    /// Begun again, it restores; and then the device brings back what the backup does not have.
    fn restore_survives(&self, mishap: &Mishap) -> Result<Tally> {
        let bench = &self.bench;
        let now = bench.afresh()?;
        let ended = self.runs(&now, true, Some(&mishap.rule))?;
        says_so(&ended)?;
        let anew = Now { server: restored(&bench.folder.join("now")), ..now };
        if ended.code != 0 {
            self.restores(&anew)?;
        }
        let found = settles(bench, &anew, &self.heard)?;
        Ok(Tally { tried: 1, fired: usize::from(ended.fired), found })
    }

    /// Where the one before got as far as to put everything in its place, there is nothing left to do.
    fn restores(&self, anew: &Now) -> Result<()> {
        let mut run = Command::new(built("kerbside-server"));
        run.arg("restore").arg(backups_of(&self.bench)).arg("--data").arg(&anew.server);
        let output = run.output().context("Could not start the restore")?;
        let code = output.status.code().unwrap_or(KILLED);
        ensure!(
            code == 0 || code == REFUSED,
            "The restore ended with {code}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

fn says_so(ended: &Ended) -> Result<()> {
    let Ended { code, complaint, fired, .. } = ended;
    ensure!(*code == 0 || *fired, "Nothing failed, and it ended with {code}: {complaint}");
    ensure!([0, KILLED, STORAGE_FAULT].contains(code), "It ended with {code}: {complaint}");
    ensure!(*code != STORAGE_FAULT || !complaint.is_empty(), "It did not say why it failed");
    Ok(())
}

fn backups_of(bench: &Bench) -> PathBuf {
    bench.folder.join("now/backups")
}

fn restored(whole: &Path) -> PathBuf {
    whole.join("anew")
}

fn text(path: &Path) -> Result<String> {
    Ok(path.to_str().context("The folder's path is text")?.to_owned())
}
