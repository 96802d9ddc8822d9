//! Making a backup: under a name of its own until it was read back, and only then are marks written.

use std::collections::BTreeSet;
use std::fs::{self, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use kerbside_core::ids::Sha256;
use kerbside_core::redact::Target;
use serde::Serialize;

use super::{
    DATABASE, FORMAT, MANIFEST, MAPS, Manifest, PHOTOS, UNFINISHED, photos, require_whole, sync,
    write_durably,
};
use crate::clock::{rfc3339, tick};
use crate::config::Home;
use crate::ledger::{LEDGER, Ledger};
use crate::photos::hash_file;
use crate::store::Store;

/// What was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Made {
    pub backup: String,
    pub records: u64,
    pub changes: u64,
    pub photos: u64,
    /// Of the database, and of the photos that no former backup had.
    pub bytes: u64,
    pub seconds: f64,
}

/// Makes one backup in the folder, reads it back, and says in the live store what is safe from now on.
pub fn back_up(data: &Home, live: &mut Store, folder: &Path, now_ms: i64) -> Result<Made> {
    let began = tick();
    fs::create_dir_all(folder).context("Making the folder of backups")?;
    let _turn = take_turn(folder)?;
    clear_unfinished(folder)?;
    let name = format!("{}-{:03}", rfc3339(now_ms).replace(':', "-"), now_ms.rem_euclid(1000));
    let making = folder.join(format!("{UNFINISHED}{name}"));
    fs::create_dir(&making).context("Beginning a backup")?;
    let file = making.join(DATABASE);
    live.copy_to(&file)?;
    sync(&file)?;
    let mut copy = Store::open_copy(&file)?;
    let photo_bytes = photos::copy_all(&data.photos()?, &folder.join(PHOTOS), &copy.photo_files()?)?;
    photos::copy_all(&data.maps()?, &folder.join(MAPS), &copy.map_files()?)?;
    let manifest = read_back(&mut copy, &file, now_ms)?;
    copy.close_copy()?;
    write_durably(&making.join(MANIFEST), &serde_json::to_vec_pretty(&manifest)?)?;
    keep_ledger(data, live, folder)?;
    sync(&making)?;
    let place = settle(&making, folder, &name)?;
    // From here on the backup counts; before, nothing in the live store said so.
    live.mark_backup(&mut Store::open_copy(&place.join(DATABASE))?, &name, now_ms)?;
    Ok(Made {
        backup: name,
        records: manifest.records,
        changes: manifest.changes,
        photos: manifest.photos,
        bytes: photo_bytes + fs::metadata(place.join(DATABASE))?.len(),
        seconds: began.elapsed().as_secs_f64(),
    })
}

/// Reads the copy from its beginning to its end and says what it holds.
fn read_back(copy: &mut Store, file: &Path, made_ms: i64) -> Result<Manifest> {
    let damage = copy.damage()?;
    let verified = copy.verify()?;
    require_whole(&damage, &verified)?;
    let identity = copy.identity()?;
    let photos = copy.photo_files()?;
    let photo_bytes = photos.iter().map(|(_, bytes)| u64::try_from(*bytes).unwrap_or(0)).sum();
    Ok(Manifest {
        format: FORMAT,
        made_ms,
        server: identity.server,
        council: identity.council,
        epoch: identity.epoch,
        database: hash_file(file)?,
        records: verified.records,
        changes: verified.changes,
        photos: photos.len() as u64,
        photo_bytes,
        missing_changes: verified.missing_changes.len() as u64,
        digest: verified.digest,
    })
}

/// Two backups into one folder at once would each clear the other's away.
fn take_turn(folder: &Path) -> Result<fs::File> {
    let lock = fs::File::create(folder.join(".lock")).context("Taking a turn at the folder of backups")?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!("Another backup into this folder is under way"),
        Err(TryLockError::Error(cause)) => Err(cause).context("Taking a turn at the folder of backups"),
    }
}

fn clear_unfinished(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_dir_all(entry.path()).context("Clearing away a backup that broke off")?;
        }
    }
    Ok(())
}

fn settle(making: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    let place = folder.join(name);
    fs::rename(making, &place).context("Giving the backup its name")?;
    sync(folder)?;
    Ok(place)
}

/// What was taken out must stay out whatever backup is restored: one ledger serves all of them, and the originals of
/// photos that are gone go from the folder they share.
fn keep_ledger(data: &Home, live: &mut Store, folder: &Path) -> Result<()> {
    let ledger = data.ledger();
    ledger.add(&live.gone()?)?;
    let lines = ledger.read()?;
    Ledger::at(&folder.join(LEDGER)).add(&lines)?;
    let named: BTreeSet<Sha256> = live.photo_files()?.into_iter().map(|(sha256, _)| sha256).collect();
    let redacted = lines.iter().filter_map(|gone| match gone.redaction.as_ref()?.target {
        Target::Photo(photo) => Some(photo),
        Target::Field(_) | Target::Note(_) => None,
    });
    let gone = redacted.chain(live.covers_gone()?);
    for photo in gone.filter(|photo| !named.contains(photo)) {
        photos::remove(&folder.join(PHOTOS), photo)?;
    }
    Ok(())
}
