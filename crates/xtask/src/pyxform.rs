//! `cargo xtask pyxform`: every shipped form, exported as a workbook, has to be an XLSForm to pyxform too, the reader that
//! ODK and its kin use.

use crate::program::{cargo, run, say, target};
use crate::python;
use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::Command;

const PYXFORM: &str = "pyxform==4.5.0";
/// What it answers where it has nothing at all to say.
const WELL: u64 = 100;

pub fn pyxform() -> Result<()> {
    let home = target().join("pyxform");
    let reader = python::having(PYXFORM)?.join("xls2xform");
    let forms = home.join("forms");
    if forms.is_dir() {
        std::fs::remove_dir_all(&forms).context("Clearing the workbooks of the last run")?;
    }
    run(cargo()
        .args(["run", "--quiet", "--package", "kerbside-server", "--example", "workbooks", "--"])
        .arg(&forms))?;
    let mut complaints = Vec::new();
    let mut read = 0;
    for workbook in workbooks(&forms)? {
        complaints.extend(complaints_about(&reader, &workbook)?);
        read += 1;
    }
    ensure!(0 < read, "No form was exported");
    ensure!(complaints.is_empty(), "pyxform says:\n{}", complaints.join("\n"));
    say(format!("{PYXFORM} reads {read} forms without a warning"));
    Ok(())
}

fn workbooks(forms: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in std::fs::read_dir(forms).context("Looking through the exported forms")? {
        for file in std::fs::read_dir(folder?.path()).context("Looking through an exported form")? {
            let path = file?.path();
            if path.extension().is_some_and(|ending| ending == "xlsx") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn complaints_about(reader: &Path, workbook: &Path) -> Result<Vec<String>> {
    let mut command = Command::new(reader);
    command.args(["--json", "--skip_validate"]).arg(workbook).arg(workbook.with_extension("xml"));
    // It answers on standard error.
    let output = command.output().context("Could not start pyxform")?;
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    let answer: Json = serde_json::from_str(&printed).with_context(|| format!("Reading “{printed}”"))?;
    let name = workbook.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let warnings = answer.get("warnings").and_then(Json::as_array).cloned().unwrap_or_default();
    let mut complaints: Vec<String> = warnings.iter().map(|warning| format!("{name}: {warning}")).collect();
    if answer.get("code").and_then(Json::as_u64) != Some(WELL) && complaints.is_empty() {
        complaints.push(format!("{name}: {printed}"));
    }
    Ok(complaints)
}
