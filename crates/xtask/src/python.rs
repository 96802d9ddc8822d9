//! Other people's programs in Python, against which ours are tried. Each lives in a folder of its own below `target` and is
//! no part of the product.

use crate::program::{is_here, run, target};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// The programs that come with a package such as `pyxform==4.5.0`, Python itself among them. It is installed once.
pub fn having(package: &str) -> Result<PathBuf> {
    let home = target().join(package.split("==").next().unwrap_or(package));
    let bin = home.join("bin");
    let mark = home.join(format!("{package}.installed"));
    if !mark.is_file() {
        if !is_here("python3") {
            bail!("python3 is not on this machine; install it with its venv module");
        }
        run(Command::new("python3").args(["-m", "venv"]).arg(&home))
            .context("On Debian, install python3-venv")?;
        run(Command::new(bin.join("pip")).args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            package,
        ]))?;
        std::fs::write(&mark, "").context("Noting what was installed")?;
    }
    Ok(bin)
}
