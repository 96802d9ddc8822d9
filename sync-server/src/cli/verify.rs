//! `verify`: looks at everything the server holds, and with `--repair` puts right what can be: from what it repeats
//! itself, from a backup, or by asking the devices that still have it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use kerbside_core::ids::Sha256;
use kerbside_core::problem::Problem;
use serde::Serialize;

use super::{INTEGRITY_FAULT, print};
use crate::clock::now_ms;
use crate::config::Home;
use crate::maps::Maps;
use crate::photos::Photos;
use crate::store::{Mended, Place, Store, Verified};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Put right what can be put right. Stop the server first.
    #[arg(long)]
    repair: bool,
    /// A backup's folder, from which rows, changes and photos are taken back.
    #[arg(long, requires = "repair")]
    from: Option<PathBuf>,
}

/// What was found, and where it was repaired, what was found before.
#[derive(Debug, Serialize)]
struct Outcome<'a> {
    #[serde(flatten)]
    verified: &'a Verified,
    #[serde(skip_serializing_if = "Option::is_none")]
    mended: Option<&'a Mended>,
}

pub fn run(data: &Home, arguments: &Arguments) -> Result<ExitCode> {
    let place = data.place()?;
    let mut store = match place.open() {
        Ok(store) => store,
        // A refusal is no damage: a newer program wrote this database.
        Err(cause) if cause.is::<Problem>() => return Err(cause),
        Err(cause) => return conclude(&Verified::unopened(&cause), None),
    };
    let photos = Photos::open(&data.photos()?)?;
    let maps = Maps::at(&data.maps()?);
    let found = look(&mut store, &photos, &maps)?;
    if found.integrity == "ok" || !arguments.repair {
        return conclude(&found, None);
    }
    let mended = repair(&mut store, (&photos, &data.data), &found, arguments)?;
    let left = look(&mut store, &photos, &maps)?;
    conclude(&left, Some(&mended))
}

fn look(store: &mut Store, photos: &Photos, maps: &Maps) -> Result<Verified> {
    let mut verified = store.verify()?;
    match store.photos() {
        Ok(named) => verified.bad_photos = photos.bad(&named),
        Err(cause) => verified.faults.push(format!("the list of photos cannot be read: {cause:#}")),
    }
    match store.map_files() {
        Ok(named) => verified.faults.extend(maps.bad(&named).into_iter().map(|sha256| {
            format!("the area pack {sha256} is missing or not what its hash says: import it again")
        })),
        Err(cause) => verified.faults.push(format!("the list of area packs cannot be read: {cause:#}")),
    }
    verified.bad_copies = u32::try_from(photos.bad_copies()?.len()).unwrap_or(u32::MAX);
    Ok(verified.judged())
}

/// A backup to take things back from. It is read from a copy, and stays as it is.
struct Backup {
    store: Store,
    photos: PathBuf,
    copy: PathBuf,
}

impl Backup {
    /// The folder of one backup, or a folder of backups, whose newest it is then.
    fn open(folder: &Path, data: &Path) -> Result<Self> {
        let of_one = if folder.join(DATABASE).exists() { folder.to_owned() } else { newest(folder)? };
        let beside = [of_one.join("photos"), folder.join("photos"), folder.join("../photos")];
        let photos = beside.iter().find(|photos| photos.exists()).cloned().unwrap_or_default();
        let copy = data.join("backup-looked-into.db");
        std::fs::copy(of_one.join(DATABASE), &copy).context("Reading the backup")?;
        Ok(Self { store: Place::File(copy.clone()).open()?, photos, copy })
    }
}

impl Drop for Backup {
    fn drop(&mut self) {
        if let Err(cause) = std::fs::remove_file(&self.copy) {
            tracing::warn!(%cause, "The copy of a backup's database stays behind");
        }
    }
}

const DATABASE: &str = "kerbside.db";

fn newest(folder: &Path) -> Result<PathBuf> {
    let mut backups = Vec::new();
    for entry in std::fs::read_dir(folder).context("Listing backups")? {
        let path = entry?.path();
        if path.join(DATABASE).exists() && path.join("manifest.json").exists() {
            backups.push(path);
        }
    }
    backups.sort();
    backups.pop().context("No backup lies in that folder")
}

fn repair(
    store: &mut Store,
    (photos, data): (&Photos, &Path),
    found: &Verified,
    arguments: &Arguments,
) -> Result<Mended> {
    let mut backup = arguments.from.as_deref().map(|folder| Backup::open(folder, data)).transpose()?;
    let mut mended = store.mend(now_ms(), found, backup.as_mut().map(|backup| &mut backup.store))?;
    for photo in &found.bad_photos {
        let is_back = match &backup {
            Some(backup) => photos.take_back(*photo, &backup.photos)?,
            None => false,
        };
        let is_back = is_back || is_covered_again(store, photos, *photo)?;
        if is_back {
            mended.photos.push(*photo);
        } else {
            photos.put_aside(*photo)?;
            mended.photos_asked.push(*photo);
        }
    }
    store.photos_are_missing(now_ms(), &mended.photos_asked)?;
    for copy in photos.bad_copies()? {
        std::fs::remove_file(copy)?;
        mended.copies += 1;
    }
    Ok(mended)
}

/// A covered copy is drawn once more from its original. What cannot be drawn stays what it is.
fn is_covered_again(store: &mut Store, photos: &Photos, covered: Sha256) -> Result<bool> {
    let Some((original, boxes)) = store.drawn_from(covered)? else { return Ok(false) };
    match photos.cover_again(covered, original, &boxes) {
        Ok(is_back) => Ok(is_back),
        Err(cause) => {
            tracing::warn!("A covered copy was not drawn again: {cause:#}");
            Ok(false)
        }
    }
}

/// Exit code 6 for a fault that was not repaired.
fn conclude(verified: &Verified, mended: Option<&Mended>) -> Result<ExitCode> {
    print(&Outcome { verified, mended })?;
    let waits = mended.is_some_and(|mended| !mended.photos_asked.is_empty());
    let is_sound = verified.integrity == "ok" && !waits;
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::from(INTEGRITY_FAULT) })
}
