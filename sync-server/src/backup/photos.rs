//! The originals of a backup, and its area packs: copied once, each under its hash, and read back.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use kerbside_core::ids::Sha256;

use super::{Damaged, sync};
use crate::photos::hash_file;

/// Where a file lies in a folder of files under their hashes.
pub fn place(folder: &Path, sha256: Sha256) -> PathBuf {
    let name = sha256.to_string();
    folder.join(name.get(..2).unwrap_or("00")).join(name)
}

/// Copies what is not there yet, and reads all of it back. Returns the bytes that were copied.
pub fn copy_all(from: &Path, to: &Path, photos: &[(Sha256, i64)]) -> Result<u64> {
    let mut copied = 0;
    for (sha256, bytes) in photos {
        let target = place(to, *sha256);
        if is_whole(&target, *sha256, *bytes) {
            continue;
        }
        copy(&place(from, *sha256), &target)?;
        copied += u64::try_from(*bytes)?;
        if hash_file(&target).ok() != Some(*sha256) {
            return Err(Damaged(format!("The file {sha256} is not what its hash says")).into());
        }
    }
    Ok(copied)
}

/// A photo that was taken out for good is in no backup any more.
pub fn remove(folder: &Path, sha256: Sha256) -> Result<()> {
    match std::fs::remove_file(place(folder, sha256)) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(cause).context("Deleting a photo that is gone")
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Reads every photo and compares it with its hash.
pub fn check_all(folder: &Path, photos: &[(Sha256, i64)]) -> Result<()> {
    for (sha256, _) in photos {
        if hash_file(&place(folder, *sha256)).ok() != Some(*sha256) {
            return Err(Damaged(format!("The file {sha256} is missing or not what its hash says")).into());
        }
    }
    Ok(())
}

/// A copy that broke off has another length: its name was not given to it before it was whole, but disks differ.
fn is_whole(path: &Path, sha256: Sha256, bytes: i64) -> bool {
    let length = std::fs::metadata(path).map(|found| found.len()).ok();
    length == u64::try_from(bytes).ok() && hash_file(path).ok() == Some(sha256)
}

pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().context("A photo has a folder")?;
    std::fs::create_dir_all(folder).context("Making a folder for photos")?;
    let part = to.with_extension("part");
    std::fs::copy(from, &part).with_context(|| format!("Copying the file {}", from.display()))?;
    File::open(&part)?.sync_all().context("Making a photo durable")?;
    std::fs::rename(&part, to).context("Putting a photo in its place")?;
    sync(folder)
}
