//! Running other programs, and where things are in the tree.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Prints a line; a reader who has gone away ends the run.
pub fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}

/// The top of the tree.
pub fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.ancestors().nth(2).unwrap_or(&here).to_path_buf()
}

/// Where compiled work goes. In CI, and where somebody made the folder, all clones on a machine share it.
pub fn target() -> PathBuf {
    if let Some(given) = std::env::var_os("CARGO_TARGET_DIR") {
        return given.into();
    }
    let shared = std::env::home_dir().map(|home| home.join(".cache/kerbside/target"));
    match shared {
        Some(shared) if shared.is_dir() || in_ci() => shared,
        Some(_) | None => root().join("target"),
    }
}

pub fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// A built program of ours.
pub fn built(name: &str) -> PathBuf {
    target().join("debug").join(name)
}

pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).env("CARGO_TARGET_DIR", target());
    if in_ci() {
        // A clone that is compiled once gains nothing from it, and the shared folder would grow by gigabytes.
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

pub fn npm() -> Command {
    let mut command = Command::new("npm");
    command.current_dir(root().join("ui"));
    command
}

/// Runs it in view of the reader.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command.status().with_context(|| format!("Could not start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Runs it out of view and gives what it printed; what it said of a failure goes into the error.
pub fn read(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("Could not start `{shown}`"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` failed ({})\n{printed}{complaint}", output.status);
    }
    Ok(printed)
}

pub fn is_here(program: impl AsRef<OsStr>) -> bool {
    let program = Path::new(program.as_ref());
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
