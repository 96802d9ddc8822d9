//! A full vault opened by a process of its own, so that its memory is only that.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use kerbside_device::Vault;

use crate::clock::timed;
use crate::figures;
use crate::office;

const REPEATS: usize = 5;

/// Opens the vault in fresh processes and prints the middle one's figures.
pub fn opening(folder: &Path) -> Result<()> {
    let mut figures = Vec::new();
    for _ in 0..REPEATS {
        let mut child = Command::new(std::env::current_exe().context("Find this program")?);
        let output = child.arg("--open").arg(folder).output().context("Open a vault elsewhere")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).context("Read what it says")?;
        let mut words = text.split_whitespace().map(str::parse::<f64>);
        let mut next = || words.next().context("Two figures")?.context("A figure");
        figures.push((next()?, next()?));
    }
    figures.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (ms, kib) = figures.get(REPEATS / 2).context("There are figures")?;
    figures::print("open_20000.ready_to_save", *ms, "ms", Some(50.0))?;
    figures::print("open_20000.memory", *kib / 1024.0, "MiB", Some(40.0))
}

/// What such a process does: the vault, and the form that the next report is written on.
pub fn open_and_say() -> Result<()> {
    let folder = std::env::args().skip_while(|word| word != "--open").nth(1);
    let folder = PathBuf::from(folder.context("A folder")?);
    let (opened, took) = timed(|| -> Result<Vault> {
        let vault = Vault::on_disk_again(&folder, office::key(), [0; 32])?;
        vault.form(office::FORM_KEY, 1)?;
        Ok(vault)
    });
    let vault = opened?;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.split_whitespace().next()).unwrap_or("0");
    writeln!(std::io::stdout(), "{} {kib}", took.as_secs_f64() * 1000.0).context("Say what it took")?;
    drop(vault);
    Ok(())
}
