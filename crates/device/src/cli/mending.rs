//! `sync --compare` and `verify --repair`: what was found, what was put right, and what needs a person.

use super::commands::verify;
use super::exit_of;
use super::out::Out;
use anyhow::Result;
use kerbside_core::value::instant_text;
use kerbside_device::clock::now;
use kerbside_device::{Comparing, LookedAfter, RepairRow, Vault, sync_comparing};

/// Exit code of an integrity fault.
const INTEGRITY: u8 = 6;

pub fn compare(vault: &mut Vault, deadline_ms: Option<i64>, out: &Out) -> Result<u8> {
    let newest = newest(vault)?;
    let (report, found) = sync_comparing(&mut *vault, deadline_ms, Comparing::Now, &now)?;
    say(&found, out)?;
    say_repairs(vault, newest, out)?;
    Ok(report.stopped.map_or(if found.comparison.unknown == 0 { 0 } else { INTEGRITY }, exit_of))
}

/// First what can be put right from here, then with the server's help where it can be reached; then looks again.
pub fn verify_and_repair(vault: &mut Vault, out: &Out) -> Result<u8> {
    let newest = newest(vault)?;
    vault.repair(now())?;
    let (report, found) = sync_comparing(&mut *vault, None, Comparing::Now, &now)?;
    if let Some(code) = report.stopped {
        tracing::info!(code = code.name(), "The server could not be asked");
    }
    say(&found, out)?;
    say_repairs(vault, newest, out)?;
    verify(vault, out)
}

fn newest(vault: &Vault) -> Result<i64> {
    Ok(vault.repairs()?.first().map_or(0, |repair| repair.number))
}

fn say(found: &LookedAfter, out: &Out) -> Result<()> {
    let LookedAfter { comparison, .. } = found;
    out.line(found, |words| {
        let differing = comparison.differed + comparison.lacking + comparison.extra + comparison.unknown;
        let key = match (comparison.compared, differing) {
            (false, _) => "cli.not_compared",
            (true, 0) => "cli.compared_equal",
            (true, _) => "cli.compared_different",
        };
        words.say(key, &[("records", &comparison.records.to_string()), ("n", &differing.to_string())])
    })
}

fn say_repairs(vault: &Vault, after: i64, out: &Out) -> Result<()> {
    let new: Vec<RepairRow> = vault.repairs()?.into_iter().filter(|repair| after < repair.number).collect();
    for repair in new.iter().rev() {
        out.line(repair, |words| {
            let said = words.say(&format!("device.repair.{}", repair.kind.name()), &[]);
            let about = repair.record.map(|record| record.to_string());
            let about = about.or_else(|| repair.photo.map(|photo| photo.to_string())).unwrap_or_default();
            format!("{}  {said}  {about}", instant_text(repair.at_ms, 0)).trim_end().to_owned()
        })?;
    }
    Ok(())
}
