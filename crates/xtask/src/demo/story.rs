//! What a person reads while the field day runs: what happened, and whether it held.

use crate::program::say;
use anyhow::{Result, bail};
use std::fmt::Display;

#[derive(Debug, Default)]
pub struct Story {
    held: usize,
    broken: Vec<String>,
}

impl Story {
    pub fn scene(&self, title: &str) {
        say(format!("\n{title}"));
    }

    pub fn tells(&self, what: impl Display) {
        say(format!("      {what}"));
    }

    pub fn holds(&mut self, what: impl Display, held: bool) {
        if held {
            self.held += 1;
            say(format!("  ok  {what}"));
        } else {
            say(format!("  NO  {what}"));
            self.broken.push(what.to_string());
        }
    }

    /// The last lines, and whether the whole day held.
    pub fn ends(&self) -> Result<()> {
        say(format!("\n{} passed, {} failed", self.held, self.broken.len()));
        if !self.broken.is_empty() {
            bail!("this did not hold:\n    {}", self.broken.join("\n    "));
        }
        Ok(())
    }
}
