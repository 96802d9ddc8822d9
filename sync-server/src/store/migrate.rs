//! Numbered migrations, the same numbers for both databases. A released one is never edited.

use anyhow::{Context, Result, bail};
use kerbside_core::ids::RecordId;
use kerbside_core::record::Record;

use super::connection::Connection;
use super::value::Sql;
use super::{case_index, dialect, photo_index};

struct Migration {
    number: u32,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "start",
        sqlite: include_str!("../../sql/sqlite/001_start.sql"),
        postgres: include_str!("../../sql/postgres/001_start.sql"),
    },
    Migration {
        number: 2,
        name: "forms",
        sqlite: include_str!("../../sql/sqlite/002_forms.sql"),
        postgres: include_str!("../../sql/postgres/002_forms.sql"),
    },
    Migration {
        number: 3,
        name: "restore",
        sqlite: include_str!("../../sql/sqlite/003_restore.sql"),
        postgres: include_str!("../../sql/postgres/003_restore.sql"),
    },
    Migration {
        number: 4,
        name: "scopes",
        sqlite: include_str!("../../sql/sqlite/004_scopes.sql"),
        postgres: include_str!("../../sql/postgres/004_scopes.sql"),
    },
    Migration {
        number: 5,
        name: "repair",
        sqlite: include_str!("../../sql/sqlite/005_repair.sql"),
        postgres: include_str!("../../sql/postgres/005_repair.sql"),
    },
    Migration {
        number: 7,
        name: "people",
        sqlite: include_str!("../../sql/sqlite/007_people.sql"),
        postgres: include_str!("../../sql/postgres/007_people.sql"),
    },
    Migration {
        number: 8,
        name: "gone",
        sqlite: include_str!("../../sql/sqlite/008_gone.sql"),
        postgres: include_str!("../../sql/postgres/008_gone.sql"),
    },
    Migration {
        number: 9,
        name: "cut",
        sqlite: include_str!("../../sql/sqlite/009_cut.sql"),
        postgres: include_str!("../../sql/postgres/009_cut.sql"),
    },
    Migration {
        number: 10,
        name: "covers",
        sqlite: include_str!("../../sql/sqlite/010_covers.sql"),
        postgres: include_str!("../../sql/postgres/010_covers.sql"),
    },
    Migration {
        number: 11,
        name: "maps",
        sqlite: include_str!("../../sql/sqlite/011_maps.sql"),
        postgres: include_str!("../../sql/postgres/011_maps.sql"),
    },
    Migration {
        number: 12,
        name: "photo_index",
        sqlite: include_str!("../../sql/sqlite/012_photo_index.sql"),
        postgres: include_str!("../../sql/postgres/012_photo_index.sql"),
    },
    Migration {
        number: 13,
        name: "gazetteer",
        sqlite: include_str!("../../sql/sqlite/013_gazetteer.sql"),
        postgres: include_str!("../../sql/postgres/013_gazetteer.sql"),
    },
    Migration {
        number: 14,
        name: "open",
        sqlite: include_str!("../../sql/sqlite/014_open.sql"),
        postgres: include_str!("../../sql/postgres/014_open.sql"),
    },
    Migration {
        number: 15,
        name: "duplicates",
        sqlite: include_str!("../../sql/sqlite/015_duplicates.sql"),
        postgres: include_str!("../../sql/postgres/015_duplicates.sql"),
    },
    Migration {
        number: 16,
        name: "assets",
        sqlite: include_str!("../../sql/sqlite/016_assets.sql"),
        postgres: include_str!("../../sql/postgres/016_assets.sql"),
    },
];

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
    run_through(connection, newest())
}

/// Brings a new database to an older program's schema.
pub(super) fn run_to(connection: &mut Connection, last: u32) -> Result<()> {
    run_through(connection, last).map(|_| ())
}

fn run_through(connection: &mut Connection, last: u32) -> Result<Vec<String>> {
    connection.transaction(|tx| run_steps(tx, last))
}

/// The same as `run`, inside a transaction of the caller.
pub(super) fn run_within(tx: &mut Connection) -> Result<()> {
    run_steps(tx, newest()).map(|_| ())
}

fn run_steps(tx: &mut Connection, last: u32) -> Result<Vec<String>> {
    dialect::lock_migrations(tx)?;
    let names = due(tx)?;
    let present = dialect::schema_version(tx)?;
    for migration in MIGRATIONS.iter().filter(|each| present < each.number && each.number <= last) {
        let text = dialect::pick(tx, migration.sqlite, migration.postgres);
        tx.batch(text)?;
        fill(tx, migration.name)?;
        dialect::set_schema_version(tx, migration.number)?;
    }
    if !names.is_empty() {
        super::rows::sum_all(tx)?;
    }
    Ok(names)
}

/// What a migration adds beside its tables: an index that came late is made of the records that were there.
pub(super) fn fill(tx: &mut Connection, migration: &str) -> Result<()> {
    match migration {
        "photo_index" => from_records(tx, "photos_named > 0", photo_index::write),
        "open" => from_records(tx, "TRUE", case_index::write),
        _ => Ok(()),
    }
}

fn from_records(
    tx: &mut Connection,
    which: &str,
    write: fn(&mut Connection, RecordId, &Record) -> Result<()>,
) -> Result<()> {
    const PAGE: usize = 200;
    let sql = format!("SELECT id, state FROM record WHERE {which} AND id > $1 ORDER BY id LIMIT $2");
    let mut after = vec![];
    loop {
        let rows = tx.query(&sql, &[Sql::from(after), Sql::from(i64::try_from(PAGE)?)])?;
        for row in &rows {
            let record = RecordId(row.bytes(0)?);
            match Record::unpack(&row.blob(1)?) {
                Ok(state) => write(tx, record, &state)?,
                // Damage is found and told by `verify`, and must not keep the server from starting.
                Err(cause) => tracing::warn!(%record, "A record is missing from an index: {cause:#}"),
            }
        }
        match rows.last() {
            Some(last) if rows.len() == PAGE => after = last.blob(0).context("Reading a record's id")?,
            Some(_) | None => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::both;
    use crate::values;

    #[test]
    fn forms_that_were_there_before_forms_had_a_life_are_published_at_once() {
        for scratch in both() {
            let mut connection = scratch.place.connect(None).unwrap();
            run_through(&mut connection, 1).unwrap();
            for (name, version) in [("form.fly_tip", 1), ("form.fly_tip", 2), ("areas", 1)] {
                connection
                    .execute(
                        "INSERT INTO pack (name, version, sha256, body) VALUES ($1, $2, $3, $4)",
                        values![name, i64::from(version), [0_u8; 32], vec![b'{']],
                    )
                    .unwrap();
            }
            assert_eq!(due(&mut connection).unwrap().first().unwrap(), "002_forms");
            run(&mut connection).unwrap();
            let rows = connection
                .query("SELECT form, version, from_ms, withdrawn_ms FROM form_version ORDER BY version", &[])
                .unwrap();
            let lives: Vec<_> = rows
                .iter()
                .map(|row| {
                    (row.text(0).unwrap(), row.u32(1).unwrap(), row.int(2).unwrap(), row.find_int(3).unwrap())
                })
                .collect();
            let published = |version| ("fly_tip".to_owned(), version, 0, None);
            assert_eq!(lives, [published(1), published(2)], "{}", scratch.name);
        }
    }
}
