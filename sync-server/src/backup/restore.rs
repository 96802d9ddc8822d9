//! Restoring to an empty host: verified first, raised past everything the lost server may have given out, and put in
//! its place last, so that what broke off can be begun again.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use kerbside_core::ids::Epoch;
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;

use super::{
    DATABASE, Damaged, FORMAT, MANIFEST, MAPS, Manifest, PHOTOS, RESTORES, newest, photos, require_whole,
    sync, write_durably,
};
use crate::clock::tick;
use crate::config::Home;
use crate::ledger::{LEDGER, Ledger};
use crate::photos::hash_file;
use crate::store::{Place, Raised, Store};

/// Where a restore is made ready.
const RESTORING: &str = ".restoring";

/// What a server was restored to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Restored {
    pub restored: String,
    pub epoch: Epoch,
    pub made_ms: i64,
    pub records: u64,
    pub changes: u64,
    pub photos: u64,
    pub raised: Raised,
    pub seconds: f64,
}

/// Makes this empty host what the backup was, with a new life of its own.
pub fn restore(data: &Home, folder: &Path, now_ms: i64) -> Result<Restored> {
    let began = tick();
    let place = data.place()?;
    require_empty(data, &place)?;
    let backup = newest(folder)?;
    let root = if backup == folder { backup.parent().unwrap_or(folder) } else { folder };
    let manifest = read_manifest(&backup)?;
    let ready = data.data.join(RESTORING);
    if ready.exists() {
        fs::remove_dir_all(&ready).context("Clearing away a restore that broke off")?;
    }
    fs::create_dir_all(&ready).context("Making room for a restore")?;
    let file = ready.join(DATABASE);
    fs::copy(backup.join(DATABASE), &file).context("Copying the backup's database")?;
    if hash_file(&file)? != manifest.database {
        return Err(Damaged("The database is not the one the manifest names".into()).into());
    }
    let mut copy = Store::open_copy(&file)?;
    // An older program's backup is brought up to date before it is compared with what this one writes.
    copy.migrate_copy()?;
    require_whole(&copy.damage()?, &copy.verify()?)?;
    let raised = copy.begin_new_life(now_ms, manifest.made_ms, earlier(root)?)?;
    let ledger = data.ledger();
    ledger.add(&Ledger::at(&root.join(LEDGER)).read()?)?;
    copy.replay(now_ms, &ledger.read()?)?;
    // Photos that were taken out since the backup was made are not brought back.
    let named = copy.photo_files()?;
    photos::check_all(&root.join(PHOTOS), &named)?;
    photos::copy_all(&root.join(PHOTOS), &ready.join(PHOTOS), &named)?;
    photos::copy_all(&root.join(MAPS), &ready.join(MAPS), &copy.map_files()?)?;
    note_raised(root, raised)?;
    let epoch = copy.identity()?.epoch;
    put_in_place(data, &place, copy)?;
    Ok(Restored {
        restored: backup.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        epoch,
        made_ms: manifest.made_ms,
        records: manifest.records,
        changes: manifest.changes,
        photos: manifest.photos,
        raised,
        seconds: began.elapsed().as_secs_f64(),
    })
}

/// A host that holds anything is not restored over: what it has may be all there is.
fn require_empty(data: &Home, place: &Place) -> Result<()> {
    let taken = |what: &str| Problem::new(Code::NotAllowed, format!("this host already holds {what}"));
    let broke_off = data.data.join(RESTORING).exists();
    if data.data.join(DATABASE).exists() || (data.data.join(PHOTOS).exists() && !broke_off) {
        return Err(taken("a server's data").into());
    }
    if let Place::Postgres(_) = place
        && !place.open_bare()?.is_empty()?
    {
        return Err(taken("a database").into());
    }
    Ok(())
}

fn read_manifest(backup: &Path) -> Result<Manifest> {
    let bytes = fs::read(backup.join(MANIFEST)).context("Reading the backup's manifest")?;
    let manifest: Manifest = serde_json::from_slice(&bytes).context("Reading the backup's manifest")?;
    if manifest.format != FORMAT {
        return Err(Damaged("The backup was made by a newer kerbside-server".into()).into());
    }
    Ok(manifest)
}

/// What earlier restores from this folder were raised to: this one goes past them all.
fn earlier(root: &Path) -> Result<Raised> {
    match fs::read(root.join(RESTORES)) {
        Ok(bytes) => serde_json::from_slice(&bytes).context("Reading what restores were raised to"),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(Raised::default()),
        Err(cause) => Err(cause).context("Reading what restores were raised to"),
    }
}

/// Written before the restored server can give anything out.
fn note_raised(root: &Path, raised: Raised) -> Result<()> {
    let part = root.join(".restores.part");
    write_durably(&part, &serde_json::to_vec(&raised)?)?;
    fs::rename(&part, root.join(RESTORES)).context("Noting what this restore was raised to")?;
    sync(root)
}

fn put_in_place(data: &Home, place: &Place, mut copy: Store) -> Result<()> {
    let ready = data.data.join(RESTORING);
    for files in [PHOTOS, MAPS] {
        let to = data.data.join(files);
        if to.exists() {
            fs::remove_dir_all(&to).context("Clearing away a restore that broke off")?;
        }
        fs::create_dir_all(ready.join(files))?;
        fs::rename(ready.join(files), &to).context("Putting photos and maps in their place")?;
    }
    match place {
        Place::File(file) => {
            copy.close_copy()?;
            sync(&ready.join(DATABASE))?;
            fs::rename(ready.join(DATABASE), file).context("Putting the database in its place")?;
        }
        Place::Postgres(_) => {
            place.open_bare()?.fill_from(&mut copy)?;
            copy.close_copy()?;
        }
    }
    sync(&data.data)?;
    fs::remove_dir_all(&ready).context("Clearing up after a restore")
}
