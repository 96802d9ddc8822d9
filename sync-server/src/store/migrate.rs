//! Numbered migrations, the same numbers for both databases. A released one is never edited.

use anyhow::{Result, bail};

use super::connection::Connection;
use super::dialect;

struct Migration {
    number: u32,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const MIGRATIONS: &[Migration] = &[Migration {
    number: 1,
    name: "start",
    sqlite: include_str!("../../sql/sqlite/001_start.sql"),
    postgres: include_str!("../../sql/postgres/001_start.sql"),
}];

/// The newest number this program knows.
pub fn newest() -> u32 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}

/// The names of the migrations that are still to run.
pub(super) fn due(connection: &mut Connection) -> Result<Vec<String>> {
    let present = dialect::schema_version(connection)?;
    if present > newest() {
        bail!(
            "The database is at version {present} and this program knows only {}: a newer kerbside-server wrote it",
            newest()
        );
    }
    let waiting = MIGRATIONS.iter().filter(|migration| migration.number > present);
    Ok(waiting.map(|migration| format!("{:03}_{}", migration.number, migration.name)).collect())
}

/// Brings the database up to date in one transaction; two servers starting together do it once.
pub(super) fn run(connection: &mut Connection) -> Result<Vec<String>> {
    connection.transaction(|tx| {
        dialect::lock_migrations(tx)?;
        let names = due(tx)?;
        let present = dialect::schema_version(tx)?;
        for migration in MIGRATIONS.iter().filter(|migration| migration.number > present) {
            let text = dialect::pick(tx, migration.sqlite, migration.postgres);
            tx.batch(text)?;
            dialect::set_schema_version(tx, migration.number)?;
        }
        Ok(names)
    })
}
