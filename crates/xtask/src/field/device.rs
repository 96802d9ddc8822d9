//! The real `kerbside`, a process for each thing the officer does.

use crate::program::built;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What `kerbside` answers when there is no connection.
pub const OFFLINE: i32 = 3;

#[derive(Debug)]
pub struct Device {
    pub vault: PathBuf,
    pub pin: String,
}

#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub lines: Vec<Value>,
    pub complaint: String,
}

impl Device {
    pub fn enrol(vault: &Path, server: &str, code: &str, pin: &str) -> Result<Self> {
        let device = Device { vault: vault.to_path_buf(), pin: pin.to_owned() };
        device.does(&["enrol", "--server", server, "--code", code])?;
        // The forms come with the first exchange.
        device.does(&["sync", "--until-idle", "--deadline", "60"])?;
        Ok(device)
    }

    /// One command that must go well.
    pub fn does(&self, words: &[&str]) -> Result<Vec<Value>> {
        self.given(words, None)
    }

    /// The same, with answers on standard input.
    pub fn given(&self, words: &[&str], answers: Option<&Value>) -> Result<Vec<Value>> {
        let said = self.tries(words, answers)?;
        if said.code != 0 {
            bail!("`kerbside {}` ended with {}: {}", words.join(" "), said.code, said.complaint.trim());
        }
        Ok(said.lines)
    }

    /// One command, however it ends.
    pub fn tries(&self, words: &[&str], answers: Option<&Value>) -> Result<Said> {
        let mut child = self
            .command(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("Could not start kerbside")?;
        let mut input = child.stdin.take().context("Its standard input was asked for")?;
        if let Some(answers) = answers {
            input.write_all(answers.to_string().as_bytes()).context("Could not hand over the answers")?;
        }
        drop(input);
        let output = child.wait_with_output().context("Could not wait for kerbside")?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines = printed
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("Not JSON: {line}")));
        Ok(Said {
            code: output.status.code().unwrap_or(-1),
            lines: lines.collect::<Result<_>>()?,
            complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(built("kerbside"));
        command.arg("--vault").arg(&self.vault).arg("--json").args(words).env("KERBSIDE_PIN", &self.pin);
        // A demonstration leaves nothing behind in the key store of whoever runs it.
        command.env("KERBSIDE_KEY_STORE", "file");
        command
    }
}

/// The one line of a command that prints one.
pub fn only(lines: Vec<Value>) -> Result<Value> {
    let mut lines = lines.into_iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => Ok(line),
        (first, _) => bail!("One line was expected, not {first:?} and more"),
    }
}

pub fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value.get(key).and_then(Value::as_str).with_context(|| format!("There is no `{key}` in {value}"))
}
