//! Backups: made while the server serves, read back before anything counts on them, restored by one command.
//!
//! In the folder of backups: `photos/` with every original under its hash, shared by all of them; one folder a backup
//! with the database as a SQLite file and a manifest; `restores.json`, what restores were raised to.

mod make;
mod photos;
mod restore;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use kerbside_core::ids::{Epoch, ServerId, Sha256};
use serde::{Deserialize, Serialize};

use crate::store::Verified;

pub use photos::{copy as copy_in, place};

pub use make::{Made, back_up};
pub use restore::{Restored, restore};

const DATABASE: &str = "kerbside.db";
const MANIFEST: &str = "manifest.json";
const PHOTOS: &str = "photos";
/// Area packs, each under its hash as photos are.
pub const MAPS: &str = "maps";
const RESTORES: &str = "restores.json";
/// What is being made; whoever finds one finds the rest of a backup that broke off.
const UNFINISHED: &str = ".making-";
const FORMAT: u32 = 1;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub made_ms: i64,
    pub server: ServerId,
    pub council: String,
    pub epoch: Epoch,
    pub database: Sha256,
    pub records: u64,
    pub changes: u64,
    pub photos: u64,
    pub photo_bytes: u64,
    /// Changes whose bytes the server had lost when it was made: they come back from their devices or not at all.
    #[serde(default)]
    pub missing_changes: u64,
    /// One hash over every record.
    pub digest: Sha256,
}

/// The backup is not what it says it is.
#[derive(Debug)]
pub struct Damaged(pub String);

impl std::fmt::Display for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Damaged {}

pub(crate) fn require_whole(damage: &[String], verified: &Verified) -> Result<()> {
    if let Some(first) = damage.first() {
        return Err(Damaged(format!("The database is damaged: {first}")).into());
    }
    // What is known to be gone keeps nothing else from being safe.
    let rest = Verified { missing_changes: Vec::new(), ..verified.clone() }.judged();
    if rest.integrity != "ok" {
        let (records, chains) = (verified.bad_records.len(), verified.bad_chains.len());
        return Err(
            Damaged(format!("{records} records and {chains} chains are not what the log makes")).into()
        );
    }
    Ok(())
}

fn write_durably(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = File::create(path).with_context(|| format!("Making {}", path.display()))?;
    file.write_all(bytes)?;
    file.sync_all().context("Making a file durable")
}

fn sync(path: &Path) -> Result<()> {
    File::open(path)?.sync_all().with_context(|| format!("Making {} durable", path.display()))
}

/// The newest finished backup of a folder, or the folder itself where it is one.
fn newest(folder: &Path) -> Result<PathBuf> {
    if folder.join(MANIFEST).is_file() {
        return Ok(folder.to_owned());
    }
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).context("Looking for backups")? {
        let path = entry?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !is_hidden && path.join(MANIFEST).is_file() {
            found.push(path);
        }
    }
    found.sort();
    found.pop().context("There is no finished backup in this folder")
}
