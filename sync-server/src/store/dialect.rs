//! Everything in which SQLite and PostgreSQL truly differ. Nothing else in the store may ask which one it is.

use anyhow::{Context, Result};

use super::connection::{Connection, Driver};

/// How a transaction begins: a SQLite writer takes its lock at once, so that it cannot fail half way for want of it.
pub(super) fn begin(driver: &Driver, writes: bool) -> &'static str {
    match (driver, writes) {
        (Driver::Sqlite(_), true) => "BEGIN IMMEDIATE",
        (Driver::Sqlite(_), false) => "BEGIN",
        (Driver::Postgres(_), true) => "BEGIN ISOLATION LEVEL READ COMMITTED",
        (Driver::Postgres(_), false) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    }
}

/// A commit that has returned must survive the power being cut, on both.
pub(super) fn make_durable(connection: &mut Connection) -> Result<()> {
    match connection.driver_mut() {
        Driver::Sqlite(sqlite) => {
            sqlite.busy_timeout(std::time::Duration::from_secs(10))?;
            sqlite.pragma_update(None, "foreign_keys", true)?;
            sqlite.pragma_update(None, "journal_mode", "WAL")?;
            sqlite.pragma_update(None, "synchronous", "FULL")?;
            sqlite.pragma_update(None, "trusted_schema", false)?;
            // What is deleted or written over leaves nothing of itself behind in the file.
            sqlite.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
            Ok(())
        }
        Driver::Postgres(_) => connection
            .batch("SET synchronous_commit = on; SET client_min_messages = warning")
            .context("Setting up the connection"),
    }
}

/// Whether the commits that follow wait for the disk. Those that did not are on it before the next that does, and
/// never in the database's own file before they are in its log: so NORMAL, not OFF.
pub(super) fn wait_for_disk(connection: &mut Connection, waits: bool) -> Result<()> {
    match (connection.driver_mut(), waits) {
        (Driver::Sqlite(sqlite), true) => Ok(sqlite.pragma_update(None, "synchronous", "FULL")?),
        (Driver::Sqlite(sqlite), false) => Ok(sqlite.pragma_update(None, "synchronous", "NORMAL")?),
        (Driver::Postgres(_), true) => connection.batch("SET synchronous_commit = on"),
        (Driver::Postgres(_), false) => connection.batch("SET synchronous_commit = off"),
    }
}

/// Whether a commit has to be on the disk before it returns.
#[cfg(test)]
pub(super) fn waits_for_disk(connection: &mut Connection) -> Result<bool> {
    let said = match connection.driver() {
        Driver::Sqlite(_) => connection.one("SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous", &[]),
        Driver::Postgres(_) => connection.one("SELECT current_setting('synchronous_commit')", &[]),
    };
    Ok(["2", "on"].contains(&said?.text(0)?.as_str()))
}

/// Two servers starting together would both migrate: on PostgreSQL the second waits here.
pub(super) fn lock_migrations(connection: &mut Connection) -> Result<()> {
    match connection.driver() {
        Driver::Sqlite(_) => Ok(()),
        Driver::Postgres(_) => connection.batch("SELECT pg_advisory_xact_lock(20261122)"),
    }
}

pub(super) fn schema_version(connection: &mut Connection) -> Result<u32> {
    let sql = match connection.driver() {
        Driver::Sqlite(_) => "PRAGMA user_version",
        Driver::Postgres(_) => {
            let there = connection.find("SELECT to_regclass('schema_version')::TEXT AS name", &[])?;
            if there.is_none_or(|row| row.text(0).is_err()) {
                return Ok(0);
            }
            "SELECT version FROM schema_version"
        }
    };
    connection.find(sql, &[])?.map_or(Ok(0), |row| row.u32(0))
}

pub(super) fn set_schema_version(connection: &mut Connection, version: u32) -> Result<()> {
    match connection.driver_mut() {
        Driver::Sqlite(sqlite) => Ok(sqlite.pragma_update(None, "user_version", version)?),
        Driver::Postgres(_) => {
            connection.batch("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")?;
            connection.execute("DELETE FROM schema_version", &[])?;
            connection
                .execute("INSERT INTO schema_version (version) VALUES ($1)", crate::values![version])
                .map(|_| ())
        }
    }
}

/// Which of a migration's two texts this database reads.
pub(super) fn pick(connection: &Connection, sqlite: &'static str, postgres: &'static str) -> &'static str {
    match connection.driver() {
        Driver::Sqlite(_) => sqlite,
        Driver::Postgres(_) => postgres,
    }
}

/// Whether a fault, of the database or of a file, is a disk that does not do what it is told: no fault of the request's,
/// nor of this program's.
pub fn is_disk_failing(error: &anyhow::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, ReadOnly, SystemIoFailure};
    error.chain().any(|cause| {
        let sqlite = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        let postgres = cause.downcast_ref::<postgres::Error>().and_then(postgres::Error::code);
        cause.is::<std::io::Error>()
            || cause.is::<object_store::Error>()
            || matches!(sqlite, Some(SystemIoFailure | CannotOpen | ReadOnly))
            || postgres == Some(&postgres::error::SqlState::IO_ERROR)
    })
}

/// All of the database as it is at one moment in a new SQLite file, while others go on writing.
pub(super) fn copy_into(connection: &mut Connection, file: &std::path::Path) -> Result<bool> {
    let path = file.to_str().context("A path that is not text")?;
    match connection.driver() {
        Driver::Sqlite(_) => {
            connection.execute("VACUUM INTO $1", crate::values![path])?;
            Ok(true)
        }
        Driver::Postgres(_) => Ok(false),
    }
}

/// The tables and their columns, each after those it refers to.
pub(super) fn tables(connection: &mut Connection) -> Result<Vec<(String, Vec<String>)>> {
    let names = connection.query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
        &[],
    )?;
    let mut tables = Vec::new();
    for name in names {
        let name = name.text(0)?;
        let columns =
            connection.query("SELECT name FROM pragma_table_info($1) ORDER BY cid", crate::values![&name])?;
        tables.push((name, columns.iter().map(|row| row.text(0)).collect::<Result<_>>()?));
    }
    Ok(tables)
}

/// Whether there is nothing in it, not so much as a table.
pub(super) fn is_empty(connection: &mut Connection) -> Result<bool> {
    let sql = match connection.driver() {
        Driver::Sqlite(_) => "SELECT COUNT(*) FROM sqlite_master",
        Driver::Postgres(_) => {
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema()"
        }
    };
    Ok(connection.one(sql, &[])?.int(0)? == 0)
}

/// What SQLite itself finds wrong with a file, nothing where all is well.
pub(super) fn damage(connection: &mut Connection) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for row in connection.query("PRAGMA integrity_check", &[])? {
        found.push(row.text(0)?);
    }
    found.retain(|line| line != "ok");
    for row in connection.query("PRAGMA foreign_key_check", &[])? {
        found.push(format!("a row of {} refers to nothing", row.text(0)?));
    }
    Ok(found)
}

/// Leaves nothing behind of rows that were written over: not in SQLite's log, nor in PostgreSQL's dead rows.
pub(super) fn wipe(connection: &mut Connection) -> Result<()> {
    match connection.driver() {
        Driver::Sqlite(_) => {
            let row = connection.one("PRAGMA wal_checkpoint(TRUNCATE)", &[])?;
            if row.int(0)? != 0 {
                tracing::warn!(
                    "Someone reads: what was written over stays in the log until the next checkpoint"
                );
            }
            Ok(())
        }
        Driver::Postgres(_) => ["log", "set_aside", "record", "review"]
            .iter()
            .try_for_each(|table| connection.batch(&format!("VACUUM (FULL) {table}")))
            .context("Rewriting what held what is gone"),
    }
}

/// Writes what holds the log anew, so that the room of rows that became shorter is given back. Others wait meanwhile.
pub(super) fn shrink(connection: &mut Connection) -> Result<()> {
    let sql = match connection.driver() {
        Driver::Sqlite(_) => "VACUUM",
        Driver::Postgres(_) => "VACUUM (FULL) log",
    };
    connection.batch(sql).context("Giving room back")
}

/// One file and nothing beside it, for a database that is not written to any more.
pub(super) fn close_wal(connection: &mut Connection) -> Result<()> {
    connection.query("PRAGMA journal_mode = DELETE", &[]).map(|_| ())
}

/// Whether a fault, of the database or of a file, is a disk without room.
pub fn is_disk_full(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let file = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        let sqlite = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        let postgres = cause.downcast_ref::<postgres::Error>().and_then(postgres::Error::code);
        file == Some(std::io::ErrorKind::StorageFull)
            || sqlite == Some(rusqlite::ErrorCode::DiskFull)
            || postgres == Some(&postgres::error::SqlState::DISK_FULL)
    })
}
