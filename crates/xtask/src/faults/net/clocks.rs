//! Clocks that are days off, or jump between two saves. Nothing is refused, nothing is lost, sessions go on, and the times
//! that people read are the right ones as soon as the device has met the server.

use super::{Line, Town, faked, record_of, serving};
use crate::faults::{Tally, Wanted};
use crate::field::device::{Said, only, text};
use crate::field::server::Server;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Stdio;

const AHEAD: &str = "+2d";
const BEHIND: &str = "-2d";
const LONG_AGO: &str = "@1980-01-06 09:00:00";
const TRUE: &str = "+0";
const MINUTE_MS: i64 = 60_000;

pub fn clocks(wanted: &Wanted) -> Result<Tally> {
    let mut town = Town::begin("clocks")?;
    let mut saved = BTreeSet::new();
    let mut tried = 0;
    let line = town.line("ann")?;
    for clock in [AHEAD, BEHIND, LONG_AGO] {
        wanted.goes_on()?;
        is_corrected(&line, clock, &mut saved).with_context(|| format!("The device's clock at {clock}"))?;
        tried += 1;
    }
    for jump in [[TRUE, AHEAD], [AHEAD, BEHIND], [LONG_AGO, TRUE], [BEHIND, LONG_AGO]] {
        wanted.goes_on()?;
        jumps(&line, jump, &mut saved).with_context(|| format!("The device's clock at {jump:?}"))?;
        tried += 1;
    }
    for clock in [AHEAD, BEHIND, TRUE] {
        wanted.goes_on()?;
        town.shuts()?;
        let server = Server::watch(&town.data(), &mut faked(&serving(&town.data(), town.address), clock)?)?;
        let told = || format!("The server's clock at {clock}");
        saved.insert(line.saves()?);
        line.catches_up().with_context(told)?;
        let fresh = town.line_at("ann", clock).with_context(told)?;
        saved.insert(fresh.saves()?);
        fresh.catches_up().with_context(told)?;
        nothing_is_refused(&line).with_context(told)?;
        server.stop()?;
        town.opens()?;
        line.catches_up().context("After the server's clock was put right")?;
        tried += 1;
    }
    let found = town.holds(&saved, &[&line.device])?;
    drop(line);
    town.ends()?;
    Ok(Tally { tried, fired: tried, found })
}

/// Once it has met the server, what is saved under a wrong clock bears the right time.
fn is_corrected(line: &Line, clock: &str, saved: &mut BTreeSet<String>) -> Result<()> {
    saved.insert(saves_at(line, clock)?);
    syncs_at(line, clock)?;
    let record = saves_at(line, clock)?;
    let now = now_ms()?;
    let shown = only(line.device.does(&["show", &record])?)?;
    let at = shown.get("created_at_ms").and_then(Value::as_i64).context("A record was made at some time")?;
    ensure!((at - now).abs() < MINUTE_MS, "It shows a time that is {} s off", (at - now) / 1000);
    saved.insert(record);
    syncs_at(line, clock)?;
    nothing_is_refused(line)
}

fn jumps(line: &Line, [before, after]: [&str; 2], saved: &mut BTreeSet<String>) -> Result<()> {
    syncs_at(line, before)?;
    saved.insert(saves_at(line, before)?);
    saved.insert(saves_at(line, after)?);
    syncs_at(line, after)?;
    saved.insert(saves_at(line, before)?);
    syncs_at(line, TRUE)?;
    nothing_is_refused(line)
}

fn saves_at(line: &Line, clock: &str) -> Result<String> {
    let answers = crate::demo::example(super::FORM)?;
    let file = line.folder.join("answers.json");
    std::fs::write(&file, answers.to_string()).context("Could not write the answers")?;
    let file = file.to_str().context("The folder's path is text")?;
    let words = ["create", "--form", super::FORM, "--answers", file, "--at", "52.6285,1.2920,6"];
    record_of(at(line, clock, &words)?.lines)
}

fn syncs_at(line: &Line, clock: &str) -> Result<()> {
    let report = only(at(line, clock, &["sync", "--until-idle", "--deadline", "60"])?.lines)?;
    ensure!(report.get("waiting") == Some(&json!(0)), "Something still waits: {report}");
    Ok(())
}

fn at(line: &Line, clock: &str, words: &[&str]) -> Result<Said> {
    let output = faked(&line.device.command(words), clock)?
        .stdin(Stdio::null())
        .output()
        .context("Could not start faketime")?;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "`kerbside {}` at {clock}: {complaint}", words.join(" "));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines =
        printed.lines().map(|line| serde_json::from_str(line).with_context(|| format!("Not JSON: {line}")));
    Ok(Said { code: 0, lines: lines.collect::<Result<_>>()?, complaint })
}

fn nothing_is_refused(line: &Line) -> Result<()> {
    for item in line.device.does(&["list"])? {
        let state = text(&item, "state")?;
        ensure!(state == "received" || state == "safe", "A clock was held against it: {item}");
    }
    Ok(())
}

fn now_ms() -> Result<i64> {
    let said = crate::program::read(std::process::Command::new("date").arg("+%s%3N"))?;
    said.trim().parse().context("The machine's own clock")
}
