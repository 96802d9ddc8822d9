//! The council's addresses on this device: in a file of their own beside the vault's, under a key of their own. All of it
//! came from the office and can be fetched again, so that a damaged one is thrown away, and nobody's work waits for it.

mod search;
mod taking;

use super::give_key;
use crate::keys::VaultKey;
use anyhow::{Context, Result};
use rusqlite::Connection;
use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const SCHEMA: &str = include_str!("001_first.sql");
const VERSION: i64 = 1;

/// Opened when it is first needed.
pub struct Gazetteers {
    /// None in memory.
    place: Option<(PathBuf, VaultKey)>,
    connection: OnceCell<Connection>,
}

impl std::fmt::Debug for Gazetteers {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Gazetteers")
    }
}

impl Gazetteers {
    #[must_use]
    pub fn at(place: Option<(PathBuf, VaultKey)>) -> Self {
        Self { place, connection: OnceCell::new() }
    }

    /// Whether there can be anything in it.
    fn is_begun(&self) -> bool {
        self.connection.get().is_some() || self.place.as_ref().is_some_and(|(file, _)| file.exists())
    }

    fn open(&self) -> Result<&Connection> {
        if let Some(open) = self.connection.get() {
            return Ok(open);
        }
        let opened = match &self.place {
            None => prepared(Connection::open_in_memory().context("Open a gazetteer in memory")?)?,
            Some((file, key)) => match open_file(file, key) {
                Ok(opened) => opened,
                Err(cause) => {
                    tracing::warn!(%cause, "The gazetteer cannot be read and is fetched again");
                    remove(file)?;
                    open_file(file, key)?
                }
            },
        };
        Ok(self.connection.get_or_init(|| opened))
    }

    fn transact<T>(&self, act: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let connection = self.open()?;
        let tx = connection.unchecked_transaction().context("Begin with the gazetteer")?;
        let done = act(connection)?;
        tx.commit().context("Keep addresses")?;
        Ok(done)
    }
}

fn open_file(file: &Path, key: &VaultKey) -> Result<Connection> {
    let connection = Connection::open(file).context("Open the gazetteer")?;
    give_key(&connection, key)?;
    prepared(connection)
}

fn prepared(connection: Connection) -> Result<Connection> {
    connection.busy_timeout(Duration::from_secs(5)).context("Set the time to wait")?;
    connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))
        .context("Set WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL").context("Set synchronous")?;
    // Words are looked up all over the file.
    connection.pragma_update(None, "cache_size", -16_384).context("Set the cache")?;
    connection.set_prepared_statement_cache_capacity(64);
    let version: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .context("Read the gazetteer's version")?;
    if version == 0 {
        connection.execute_batch(SCHEMA).context("Lay the gazetteer out")?;
        connection.pragma_update(None, "user_version", VERSION).context("Lay the gazetteer out")?;
    }
    anyhow::ensure!(version <= VERSION, "The gazetteer was written by a newer version");
    Ok(connection)
}

fn remove(file: &Path) -> Result<()> {
    for ending in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        match fs::remove_file(PathBuf::from(name)) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(cause).context("Throw the gazetteer away");
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
