//! Where lines go: JSON or words on standard output, complaints on standard error.

use super::problem_in;
use super::words::Words;
use anyhow::{Context, Result};
use kerbside_device::Faults;
use serde::Serialize;
use serde_json::Value as Json;
use std::io::Write;

#[derive(Debug)]
pub struct Out {
    json: bool,
    pub words: Words,
}

impl Out {
    pub fn new(json: bool, words: Words) -> Self {
        Self { json, words }
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    /// One line, on its way before the next command begins.
    pub fn line<T: Serialize>(&self, value: &T, words: impl FnOnce(&Words) -> String) -> Result<()> {
        let text =
            if self.json { serde_json::to_string(value).context("Write JSON")? } else { words(&self.words) };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush()).context("Write a line")
    }

    pub fn complain(&self, cause: &anyhow::Error) {
        let mut lines = Vec::new();
        let mut json = serde_json::Map::new();
        if let Some(Faults(faults)) = cause.downcast_ref::<Faults>() {
            json.insert("code".into(), Json::from("faults"));
            json.insert("faults".into(), serde_json::to_value(faults).unwrap_or_default());
            lines.push(self.words.say("code.faults", &[]));
            lines
                .extend(faults.iter().map(|fault| format!("  {}: {}", fault.field, self.words.fault(fault))));
        } else if let Some(problem) = problem_in(cause) {
            json.insert("code".into(), Json::from(problem.code.name()));
            json.insert("detail".into(), Json::from(problem.detail.as_str()));
            let key = format!("code.{}", problem.code.name());
            let seconds: String = problem.detail.chars().filter(char::is_ascii_digit).collect();
            lines.push(self.words.say(&key, &[("seconds", &seconds)]));
        } else {
            json.insert("code".into(), Json::from("internal"));
            json.insert("detail".into(), Json::from(format!("{cause:#}")));
            lines.push(format!("{cause:#}"));
        }
        let text = if self.json { Json::Object(json).to_string() } else { lines.join("\n") };
        if let Err(lost) = writeln!(std::io::stderr().lock(), "{text}") {
            tracing::debug!(%lost, "Nobody reads standard error");
        }
    }
}
