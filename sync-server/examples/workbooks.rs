//! Every shipped form as a workbook, with the files beside it, in a folder: what `cargo xtask pyxform` shows to another
//! reader of XLSForm.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use kerbside_core::form::{Codes, Form, FormDocument, xlsform};
use kerbside_server::workbook;

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).context("Say which folder to write to")?;
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas");
    let codes = files(&schemas.join("codes"))?;
    let codes = Codes::read(codes.iter().map(|(name, json)| (name.as_str(), json.as_str())))?;
    for (name, json) in files(&schemas.join("forms"))? {
        let form = Form::parse(&json, &codes).map_err(|faults| anyhow!("{name}: {faults:?}"))?;
        let document: FormDocument = serde_json::from_str(&form.resolved_json())?;
        let (sheets, companions) = xlsform::write(&document);
        let beside = PathBuf::from(&folder).join(form.key());
        std::fs::create_dir_all(&beside).context("Making the folder of a form")?;
        let workbook = beside.join(format!("{}.xlsx", form.key()));
        std::fs::write(workbook, workbook::build(&sheets)?).context("Writing a workbook")?;
        for (file, text) in companions {
            std::fs::write(beside.join(file), text).context("Writing a file beside a workbook")?;
        }
    }
    Ok(())
}

fn files(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).context("Looking through the schemas")? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".json") && !name.ends_with(".schema.json") {
            files.insert(name, std::fs::read_to_string(&path).context("Reading a schema")?);
        }
    }
    Ok(files)
}
