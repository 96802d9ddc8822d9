//! `run --script FILE`: many commands in one process, one JSON command a line.

use super::commands::{
    create_one, drafts, dump, read_photos, say_changed, say_created, say_synced, sync_until,
};
use super::out::Out;
use super::{Usage, exit_code, problem_in};
use anyhow::Result;
use kerbside_core::field::FieldKey;
use kerbside_core::problem::Code;
use kerbside_device::clock::now;
use kerbside_device::{Choice, Filter, Vault};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
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
    /// Answers given one by one into a draft, as a person types them, and left there.
    Type {
        form: String,
        answers: Map<String, Json>,
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
    Drafts {},
    Dump {},
    Verify {},
}

fn one() -> u32 {
    1
}

/// Stops at the first line that fails, with its exit code; or says so in its place and goes on.
pub fn run(vault: &mut Vault, script: &Path, keep_going: bool, out: &Out) -> Result<u8> {
    let text =
        std::fs::read_to_string(script).map_err(|cause| Usage(format!("{}: {cause}", script.display())))?;
    let mut last_failure = 0;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let line: Line =
            serde_json::from_str(line).map_err(|cause| Usage(format!("Line {number}: {cause}")))?;
        let code = match run_line(vault, line, out) {
            Err(cause) if keep_going => {
                out.complain(&cause);
                let code = problem_in(&cause).map_or(Code::Internal, |problem| problem.code);
                out.line(&json!({ "failed": code, "line": number }), |_| code.name().to_owned())?;
                exit_code(&cause)
            }
            outcome => outcome?,
        };
        if code != 0 && !keep_going {
            return Ok(code);
        }
        last_failure = if code == 0 { last_failure } else { code };
    }
    Ok(last_failure)
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
        Line::Type { form, answers } => type_into_a_draft(vault, &form, &answers, out)?,
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
        Line::Drafts {} => return drafts(vault, out),
        Line::Dump {} => return dump(vault, out),
        Line::Verify {} => {
            let verified = vault.verify()?;
            out.line(&verified, |_| verified.integrity.clone())?;
            return Ok(if verified.integrity == "ok" { 0 } else { 6 });
        }
    }
    Ok(0)
}

fn type_into_a_draft(vault: &mut Vault, form: &str, answers: &Map<String, Json>, out: &Out) -> Result<()> {
    let draft = vault.start_draft(form, now())?.id;
    for (field, answer) in answers {
        let key: FieldKey = field.parse().map_err(|_| Usage(format!("{field} is no field")))?;
        vault.answer(draft, &key, answer, now())?;
        out.line(&json!({ "draft": draft, "field": field }), |_| field.clone())?;
    }
    Ok(())
}
