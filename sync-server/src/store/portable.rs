//! The one form of a backup, whatever the store: a SQLite file of the SQLite schema, filled at one moment; and the
//! marks that are written once it has been read back.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use kerbside_core::ids::Sha256;
use kerbside_core::planted::{self, Mutant};

use super::Store;
use super::chance::Chance;
use super::connection::Connection;
use super::{dialect, identity, migrate};
use crate::values;

/// Photos marked in one transaction: nobody waits long for it.
const MARKED_AT_ONCE: usize = 500;

impl Store {
    /// Writes all of this database as it is now into a new SQLite file.
    pub fn copy_to(&mut self, file: &Path) -> Result<()> {
        if dialect::copy_into(&mut self.connection, file)? {
            let mut copy = Self::open_copy(file)?;
            return dialect::close_wal(&mut copy.connection);
        }
        let sqlite = rusqlite::Connection::open(file).context("Making a backup's file")?;
        let mut copy = Connection::sqlite(sqlite, None)?;
        self.connection.snapshot(|from| {
            let version = dialect::schema_version(from)?;
            migrate::run_to(&mut copy, version)?;
            copy.transaction(|to| copy_tables(from, to))
        })
    }

    /// A backup's file, as it is: nothing is migrated.
    pub fn open_copy(file: &Path) -> Result<Self> {
        let sqlite = rusqlite::Connection::open_with_flags(
            file,
            rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .context("Opening a backup's file")?;
        Ok(Self::over(Connection::sqlite(sqlite, None)?, Chance::System))
    }

    /// What the database itself finds wrong with a copy.
    pub fn damage(&mut self) -> Result<Vec<String>> {
        dialect::damage(&mut self.connection)
    }

    /// Brings a copy up to date, to go on living in it.
    pub fn migrate_copy(&mut self) -> Result<()> {
        migrate::run(&mut self.connection).map(|_| ())
    }

    pub fn close_copy(mut self) -> Result<()> {
        dialect::close_wal(&mut self.connection)
    }

    /// Fills an empty database with everything of a copy, all or nothing.
    pub fn fill_from(&mut self, copy: &mut Self) -> Result<()> {
        self.connection.transaction(|to| {
            ensure!(dialect::is_empty(to)?, "The database is not empty");
            migrate::run_within(to)?;
            copy_tables(&mut copy.connection, to)
        })
    }

    /// Whether there is nothing in the database at all.
    pub fn is_empty(&mut self) -> Result<bool> {
        dialect::is_empty(&mut self.connection)
    }

    /// What the copy holds and was read back from it is safe from now on. The live store's own counters say nothing
    /// here: they have moved on since.
    pub fn mark_backup(&mut self, copy: &mut Self, name: &str, made_ms: i64) -> Result<()> {
        let (live, kept) = (self.identity()?, copy.identity()?);
        ensure!(
            (live.server, live.epoch) == (kept.server, kept.epoch),
            "The backup is of another server's life"
        );
        let of =
            if planted::is(Mutant::MarksOfLiveStore) { &mut self.connection } else { &mut copy.connection };
        // No further than the first change whose bytes it lacks: a device must not clear its own.
        let marks = of.query(
            "SELECT a.id, COALESCE(MIN(m.counter) - 1, a.last_counter) FROM actor a \
             LEFT JOIN body_missing m ON m.actor = a.id WHERE a.last_counter > 0 \
             GROUP BY a.id, a.last_counter ORDER BY a.id",
            &[],
        )?;
        let photos = copy.photos()?;
        for photos in photos.chunks(MARKED_AT_ONCE) {
            self.connection.transaction(|tx| {
                for (sha256, _) in photos {
                    tx.execute(
                        "UPDATE photo SET backed_up = 1 WHERE sha256 = $1 AND backed_up = 0",
                        values![*sha256],
                    )?;
                }
                Ok(())
            })?;
        }
        let counts = copy.connection.one(
            "SELECT (SELECT COUNT(*) FROM record), (SELECT COUNT(*) FROM dot), \
             (SELECT COALESCE(SUM(bytes), 0) FROM photo)",
            &[],
        )?;
        self.connection.transaction(|tx| {
            let present = identity::read(tx)?;
            ensure!(present.epoch == kept.epoch, "The backup is of another server's life");
            for row in &marks {
                tx.execute(
                    "UPDATE actor SET backed_up_through = $1 WHERE id = $2 AND backed_up_through < $3",
                    values![row.int(1)?, row.int(0)?, row.int(1)?],
                )?;
            }
            tx.execute(
                "INSERT INTO backup (name, made_at, records, changes, photos, bytes) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (name) DO NOTHING",
                values![
                    name,
                    made_ms,
                    counts.int(0)?,
                    counts.int(1)?,
                    i64::try_from(photos.len())?,
                    counts.int(2)?
                ],
            )
            .map(|_| ())
        })
    }

    /// The photos whose files a backup has to hold, with their sizes.
    pub fn photo_files(&mut self) -> Result<Vec<(Sha256, i64)>> {
        self.photos()
    }
}

/// Everything, table by table, over what a fresh schema brings with it.
fn copy_tables(from: &mut Connection, to: &mut Connection) -> Result<()> {
    let tables = match from.driver() {
        super::connection::Driver::Sqlite(_) => dialect::tables(from)?,
        super::connection::Driver::Postgres(_) => dialect::tables(to)?,
    };
    for (table, _) in tables.iter().rev() {
        to.execute(&format!("DELETE FROM {table}"), &[])?;
    }
    for (table, columns) in &tables {
        let names = columns.join(", ");
        let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
        let insert = format!("INSERT INTO {table} ({names}) VALUES ({})", places.join(", "));
        from.each(&format!("SELECT {names} FROM {table}"), &[], |row| {
            to.execute(&insert, row.values()).map(|_| ())
        })
        .with_context(|| format!("Copying the table {table}"))?;
    }
    Ok(())
}
