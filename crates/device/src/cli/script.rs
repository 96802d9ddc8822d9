//! `run --script FILE`: many commands in one process, one JSON command a line.

use super::Usage;
use super::commands::{create_one, read_photos, say_changed, say_created, say_synced, sync_until};
use super::out::Out;
use anyhow::Result;
use kerbside_core::field::FieldKey;
use kerbside_device::clock::now;
use kerbside_device::{Choice, Filter, Vault};
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::path::{Path, PathBuf};

#[derive(Debug, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Create {
        form: String,
        answers: Map<String, Json>,
        #[serde(default)]
        photos: Vec<PathBuf>,
        at: Option<String>,
        #[serde(default = "one")]
        count: u32,
    },
    Edit {
        record: String,
        answers: Map<String, Json>,
        #[serde(default)]
        photos: Vec<PathBuf>,
    },
    Note {
        record: String,
        text: String,
    },
    Resolve {
        record: String,
        field: FieldKey,
        choice: Choice,
    },
    Sync {
        #[serde(default)]
        until_idle: bool,
        deadline: Option<u32>,
    },
    List {},
    Show {
        record: String,
    },
    Waiting {},
    Verify {},
}

fn one() -> u32 {
    1
}

/// Stops at the first line that fails, with its exit code.
pub fn run(vault: &mut Vault, script: &Path, out: &Out) -> Result<u8> {
    let text =
        std::fs::read_to_string(script).map_err(|cause| Usage(format!("{}: {cause}", script.display())))?;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let line: Line =
            serde_json::from_str(line).map_err(|cause| Usage(format!("Line {number}: {cause}")))?;
        let code = run_line(vault, line, out)?;
        if code != 0 {
            return Ok(code);
        }
    }
    Ok(0)
}

fn run_line(vault: &mut Vault, line: Line, out: &Out) -> Result<u8> {
    match line {
        Line::Create { form, answers, photos, at, count } => {
            let photos = read_photos(&photos)?;
            for _ in 0..count {
                let saved = create_one(vault, &form, answers.clone(), &photos, at.as_deref())?;
                say_created(&saved, out)?;
            }
        }
        Line::Edit { record, answers, photos } => {
            let record = vault.find_record(&record)?;
            let photos = read_photos(&photos)?;
            say_changed(&vault.edit(record, &answers, &photos, now())?, out)?;
        }
        Line::Note { record, text } => {
            let record = vault.find_record(&record)?;
            say_changed(&vault.note(record, &text, now())?, out)?;
        }
        Line::Resolve { record, field, choice } => {
            let record = vault.find_record(&record)?;
            say_changed(&vault.resolve(record, &field, &choice, now())?, out)?;
        }
        Line::Sync { until_idle, deadline } => {
            let deadline = deadline.map(|seconds| now().later(i64::from(seconds) * 1000).wall_ms);
            return say_synced(&sync_until(vault, until_idle, deadline)?, out);
        }
        Line::List {} => {
            for line in vault.list(&Filter::default())? {
                out.line(&line, |_| line.summary.clone())?;
            }
        }
        Line::Show { record } => {
            let view = vault.show(vault.find_record(&record)?)?;
            out.line(&view, |_| view.id.to_string())?;
        }
        Line::Waiting {} => {
            for item in vault.waiting()?.items {
                out.line(&item, |_| item.what.clone())?;
            }
        }
        Line::Verify {} => {
            let verified = vault.verify()?;
            out.line(&verified, |_| verified.integrity.clone())?;
            return Ok(if verified.integrity == "ok" { 0 } else { 6 });
        }
    }
    Ok(0)
}
