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

/// The same in memory where there is such a place: for what is written thousands of times and never waits for a disk.
pub fn quick_folder(name: &str) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
    place.join(format!("kerbside-{name}-{}", std::process::id()))
}

pub fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("Could not empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("Could not make {}", folder.display()))
}
