//! A damaged database made good: one flipped bit is turned back; where more is wrong the file is put aside, with a time
//! in its name, and every row that can still be read is carried into a new one. The damaged file is never deleted.

use super::pages::{Pages, Seals, check_file, mend_log};
use super::{Store, damage_mark};
use crate::files::write_durably;
use crate::keys::VaultKey;
use anyhow::{Context, Result};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// What came of opening a vault whose database may be damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Healed {
    /// Flipped bits turned back.
    pub bits: u32,
    /// The database was put aside; this many rows were carried over.
    pub salvaged: Option<u32>,
}

/// The order of rescue: own work first.
const FIRST: [&str; 8] =
    ["identity", "progress", "own_change", "draft", "draft_answer", "draft_seen", "photo", "draft_photo"];
/// How far to feel past pages that cannot be read: more rows than several of them hold.
const MOST_MISSES: u32 = 2_000;

impl Store {
    /// Opens a database, mending it where that is needed. `at_ms` names what is put aside.
    pub fn open_healed(file: &Path, key: &VaultKey, at_ms: i64) -> Result<(Self, Healed)> {
        let mut healed = Healed { bits: heal_log(file, key, at_ms)?, salvaged: None };
        let marked = damage_mark(file).exists();
        if !marked {
            match Self::open(file, key) {
                Ok(store) => return Ok((store, healed)),
                Err(cause) if super::is_damage(&cause) && file.exists() => {}
                Err(cause) => return Err(cause),
            }
        }
        let found = check_file(file, key).context("Look at every page of the database")?;
        healed.bits += u32::try_from(found.mended.len()).unwrap_or(u32::MAX);
        put_pages_right(file, &found, at_ms)?;
        let is_lost = !found.lost.is_empty();
        let store = match Self::open(file, key) {
            Ok(store) if !is_lost && store.damage().is_empty() => store,
            Ok(_) | Err(_) => {
                let (store, rows) = salvage(file, key, at_ms)?;
                healed.salvaged = Some(rows);
                store
            }
        };
        if marked {
            fs::remove_file(damage_mark(file)).context("Take the word of damage away")?;
        }
        Ok((store, healed))
    }
}

/// `vault.db` with a time and the word that it is damaged.
fn aside(file: &Path, at_ms: i64, ending: &str) -> PathBuf {
    let mut name = OsString::from(file.file_stem().unwrap_or_default());
    name.push(format!("-damaged-{at_ms}.db{ending}"));
    file.with_file_name(name)
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The log is looked at each time: SQLite would silently drop what comes after a frame that is wrong.
fn heal_log(file: &Path, key: &VaultKey, at_ms: i64) -> Result<u32> {
    let path = beside(file, "-wal");
    let log = match fs::read(&path) {
        Ok(log) if !log.is_empty() => log,
        Ok(_) => return Ok(0),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(cause) => return Err(cause).context("Read the database's log"),
    };
    let mut salt = vec![0; 16];
    let opened = fs::File::open(file).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut salt));
    if opened.is_err() {
        return Ok(0);
    }
    let pages = fs::metadata(file).context("Measure the database")?.len() / super::pages::PAGE as u64;
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    let Some(mended) = mend_log(&log, &Seals::of(key, &salt), pages) else { return Ok(0) };
    fs::copy(&path, aside(file, at_ms, "-wal")).context("Keep the damaged log")?;
    write_durably(&path, &mended.bytes).context("Write the mended log")?;
    forget_index(file)?;
    if 0 < mended.lost {
        fs::write(damage_mark(file), b"").context("Note that the database is damaged")?;
    }
    Ok(mended.bits)
}

/// The index over the log is made again from the log.
fn forget_index(file: &Path) -> Result<()> {
    match fs::remove_file(beside(file, "-shm")) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(cause).context("Remove the index of the log")
        }
        _ => Ok(()),
    }
}

fn put_pages_right(file: &Path, found: &Pages, at_ms: i64) -> Result<()> {
    if found.mended.is_empty() {
        return Ok(());
    }
    fs::copy(file, aside(file, at_ms, "")).context("Keep the damaged database")?;
    let mut bytes = fs::read(file).context("Read the damaged database")?;
    for (number, page) in &found.mended {
        let start = super::pages::PAGE * (*number as usize - 1);
        bytes.splice(start..start + page.len(), page.iter().copied());
    }
    write_durably(file, &bytes).context("Write the mended database")
}

/// Puts the files aside and carries what can be read into a new database.
fn salvage(file: &Path, key: &VaultKey, at_ms: i64) -> Result<(Store, u32)> {
    let (kept, reading) = (aside(file, at_ms, ""), file.with_extension("salvage"));
    for ending in ["", "-wal"] {
        let from = beside(file, ending);
        if from.exists() {
            fs::copy(&from, beside(&reading, ending)).context("Copy what is to be salvaged")?;
            let to = beside(&kept, ending);
            if !to.exists() {
                fs::copy(&from, to).context("Put the damaged database aside")?;
            }
        }
    }
    let new = file.with_extension("new");
    remove_all(&new)?;
    let store = Store::open(&new, key)?;
    let rows = carry_over(&reading, key, &store)?;
    store.fold_log()?;
    drop(store);
    forget_index(file)?;
    remove_if_there(&beside(file, "-wal"))?;
    fs::rename(&new, file).context("Put the new database in its place")?;
    remove_all(&new)?;
    remove_all(&reading)?;
    Ok((Store::open(file, key)?, rows))
}

fn remove_all(file: &Path) -> Result<()> {
    ["", "-wal", "-shm"].into_iter().try_for_each(|ending| remove_if_there(&beside(file, ending)))
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(cause).context("Remove a file"),
        _ => Ok(()),
    }
}

impl Store {
    /// Everything into the one file, so that it can be moved.
    pub(super) fn fold_log(&self) -> Result<()> {
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
            .context("Fold the log into the database")
    }

    fn tables(&self) -> Result<Vec<String>> {
        let mut listed = self
            .connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
        let all: BTreeSet<String> = listed.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
        let first = FIRST.iter().map(|name| (*name).to_owned()).filter(|name| all.contains(name));
        let rest = all.iter().filter(|name| !FIRST.contains(&name.as_str())).cloned();
        Ok(first.chain(rest).collect())
    }

    fn columns(&self, table: &str) -> Result<Vec<String>> {
        self.connection
            .prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?
            .query_map([table], |row| row.get(0))?
            .collect::<Result<_, _>>()
            .context("List a table's columns")
    }

    fn insert_salvaged(&self, table: &str, columns: &[String], row: &[Value]) -> Result<bool> {
        let places = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT OR REPLACE INTO {table} ({}) VALUES ({places})", columns.join(", "));
        Ok(self.connection.prepare_cached(&sql)?.execute(params_from_iter(row)).is_ok())
    }

    /// Rows that name a row that was lost cannot stay: they are in the file that was put aside.
    fn drop_orphans(&self) -> Result<()> {
        let orphans: Vec<(String, i64)> = self
            .connection
            .prepare("SELECT \"table\", rowid FROM pragma_foreign_key_check")?
            .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (table, rowid) in orphans {
            self.connection
                .execute(&format!("DELETE FROM {table} WHERE rowid = ?1"), [rowid])
                .context("Leave out a row without its owner")?;
        }
        Ok(())
    }
}

fn carry_over(damaged: &Path, key: &VaultKey, new: &Store) -> Result<u32> {
    new.connection.pragma_update(None, "foreign_keys", false).context("Set foreign keys")?;
    let mut rows = 0;
    let tables = new.tables()?;
    new.transact(|new| {
        for table in &tables {
            rows += carry_table(damaged, key, new, table)?;
        }
        new.drop_orphans()
    })?;
    Ok(rows)
}

/// Reads on past every page that cannot be read, one number of a row at a time.
fn carry_table(damaged: &Path, key: &VaultKey, new: &Store, table: &str) -> Result<u32> {
    let columns = new.columns(table)?;
    let highest = format!("SELECT rowid FROM {table} ORDER BY rowid DESC LIMIT 1");
    let top: i64 = read_only(damaged, key)
        .and_then(|old| Ok(old.query_row(&highest, (), |row| row.get(0))?))
        .unwrap_or(i64::MAX);
    let select =
        format!("SELECT rowid, {} FROM {table} WHERE rowid >= ?1 ORDER BY rowid", columns.join(", "));
    let (mut rows, mut misses, mut next) = (0, 0, 1);
    while next <= top && misses < MOST_MISSES {
        // A page that fails leaves the connection in no state to go on with.
        let done = read_only(damaged, key).and_then(|old| {
            let mut read = old.prepare(&select)?;
            let mut found = read.query([next])?;
            while let Some(row) = found.next()? {
                misses = 0;
                next = row.get::<_, i64>(0)?;
                let values = (1..=columns.len()).map(|at| row.get(at)).collect::<Result<Vec<Value>, _>>()?;
                rows += u32::from(new.insert_salvaged(table, &columns, &values)?);
                next += 1;
            }
            Ok(())
        });
        if done.is_ok() {
            break;
        }
        misses += 1;
        next += 1;
    }
    Ok(rows)
}

fn read_only(file: &Path, key: &VaultKey) -> Result<Connection> {
    let connection = Connection::open(file).context("Open what is to be salvaged")?;
    super::give_key(&connection, key)?;
    Ok(connection)
}
