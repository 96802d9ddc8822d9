//! A council in small: the real server and real devices as separate processes, joined by lines that can be cut.

pub mod device;
pub mod office;
pub mod relay;
pub mod server;

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// A folder that is gone when the run ends well and stays to be looked at when it does not.
pub fn fresh_folder(name: &str) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("kerbside-{name}-{}", std::process::id()));
    empty(&folder)?;
    Ok(folder)
}

pub fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("Could not empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("Could not make {}", folder.display()))
}
