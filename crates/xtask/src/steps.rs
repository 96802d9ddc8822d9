//! A run of named steps: each says its name and how long it took, and the first that fails says what to do.

use crate::clock;
use crate::program::say;
use anyhow::{Context, Result};
use std::time::Instant;

#[derive(Debug)]
pub struct Steps {
    done: Vec<String>,
    began: Instant,
}

impl Steps {
    pub fn begin() -> Self {
        Steps { done: Vec::new(), began: clock::now() }
    }

    /// `remedy` is what a person should do when the step fails.
    pub fn step(&mut self, name: &str, remedy: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        say(format!("\n[{}] {name}", self.done.len() + 1));
        let began = clock::now();
        work().with_context(|| format!("{name}. {remedy}"))?;
        let line = format!("{name}: {:.1} s", began.elapsed().as_secs_f32());
        say(format!("    {line}"));
        self.done.push(line);
        Ok(())
    }

    pub fn summary(&self) {
        say(format!("\nAll steps held, in {:.0} s:", self.began.elapsed().as_secs_f32()));
        for line in &self.done {
            say(format!("    {line}"));
        }
        say(format!("{} passed, 0 failed", self.done.len()));
    }
}
