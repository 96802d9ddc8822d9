//! One thin connection over SQLite and PostgreSQL: execute, query, transaction, and a small value enum.
//!
//! Statements are written once with `$1`, `$2` … numbered in order of first use, which binds alike in both.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, anyhow, ensure};
use kerbside_core::planted;
use postgres::fallible_iterator::FallibleIterator;

use super::packs::CouncilShelf;
pub use super::value::{Row, Sql};

/// Either database, behind the three verbs the store needs.
#[derive(Debug)]
pub struct Connection {
    driver: Driver,
    /// SQLite has one writer: waiting here is fair, waiting in its busy handler is not.
    writer: Option<Arc<Mutex<()>>>,
    /// Its commits do not wait for the disk.
    is_hasty: bool,
    /// What every exchange is offered, read once for each revision of the council.
    pub(super) councils: Arc<Mutex<CouncilShelf>>,
}

pub(super) enum Driver {
    Sqlite(rusqlite::Connection),
    Postgres(Box<Postgres>),
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "Sqlite",
            Self::Postgres(_) => "Postgres",
        })
    }
}

pub(super) struct Postgres {
    client: postgres::Client,
    statements: HashMap<String, postgres::Statement>,
}

impl Postgres {
    fn prepare(&mut self, sql: &str) -> Result<postgres::Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// What a transaction may do to the rest of the world's view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Read,
    Write,
}

impl Connection {
    pub(super) fn sqlite(connection: rusqlite::Connection, writer: Option<Arc<Mutex<()>>>) -> Result<Self> {
        connection.set_prepared_statement_cache_capacity(256);
        // Without it a statement with a bound LIMIT is parsed and planned anew each time it is run.
        connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        super::rows::teach(&connection)?;
        #[cfg(kerbside_sim)]
        let connection = let_it_die(connection);
        Ok(Self { driver: Driver::Sqlite(connection), writer, is_hasty: false, councils: Arc::default() })
    }

    pub(super) fn postgres(client: postgres::Client) -> Self {
        let postgres = Postgres { client, statements: HashMap::new() };
        Self {
            driver: Driver::Postgres(Box::new(postgres)),
            writer: None,
            is_hasty: false,
            councils: Arc::default(),
        }
    }

    pub(super) fn driver(&self) -> &Driver {
        &self.driver
    }

    pub(super) fn driver_mut(&mut self) -> &mut Driver {
        &mut self.driver
    }

    /// Runs one statement and says how many rows it touched.
    pub fn execute(&mut self, sql: &str, values: &[Sql]) -> Result<u64> {
        match &mut self.driver {
            Driver::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql).with_context(|| at(sql))?;
                let touched =
                    statement.execute(rusqlite::params_from_iter(values)).with_context(|| at(sql))?;
                Ok(u64::try_from(touched)?)
            }
            Driver::Postgres(postgres) => {
                let statement = postgres.prepare(sql).with_context(|| at(sql))?;
                postgres.client.execute(&statement, &bound(values)).with_context(|| at(sql))
            }
        }
    }

    /// Runs one statement and hands back its rows.
    pub fn query(&mut self, sql: &str, values: &[Sql]) -> Result<Vec<Row>> {
        match &mut self.driver {
            Driver::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql).with_context(|| at(sql))?;
                let columns = statement.column_count();
                let mut rows =
                    statement.query(rusqlite::params_from_iter(values)).with_context(|| at(sql))?;
                let mut found = Vec::new();
                while let Some(row) = rows.next().with_context(|| at(sql))? {
                    found.push(Row::from_sqlite(row, columns)?);
                }
                Ok(found)
            }
            Driver::Postgres(postgres) => {
                let statement = postgres.prepare(sql).with_context(|| at(sql))?;
                let rows = postgres.client.query(&statement, &bound(values)).with_context(|| at(sql))?;
                rows.iter().map(Row::from_postgres).collect()
            }
        }
    }

    /// Hands each row on as it comes, so that a table of any size passes through.
    pub(super) fn each(
        &mut self,
        sql: &str,
        values: &[Sql],
        mut take: impl FnMut(Row) -> Result<()>,
    ) -> Result<()> {
        match &mut self.driver {
            Driver::Sqlite(connection) => {
                let mut statement = connection.prepare(sql).with_context(|| at(sql))?;
                let columns = statement.column_count();
                let mut rows =
                    statement.query(rusqlite::params_from_iter(values)).with_context(|| at(sql))?;
                while let Some(row) = rows.next().with_context(|| at(sql))? {
                    take(Row::from_sqlite(row, columns)?)?;
                }
            }
            Driver::Postgres(postgres) => {
                let mut rows = postgres.client.query_raw(sql, bound(values)).with_context(|| at(sql))?;
                while let Some(row) = rows.next().with_context(|| at(sql))? {
                    take(Row::from_postgres(&row)?)?;
                }
            }
        }
        Ok(())
    }

    /// The first row, if there is one.
    pub fn find(&mut self, sql: &str, values: &[Sql]) -> Result<Option<Row>> {
        Ok(self.query(sql, values)?.into_iter().next())
    }

    /// The row a statement must give.
    pub fn one(&mut self, sql: &str, values: &[Sql]) -> Result<Row> {
        self.find(sql, values)?.ok_or_else(|| anyhow!("No row from: {}", at(sql)))
    }

    /// Several statements without parameters, for migrations.
    pub(super) fn batch(&mut self, sql: &str) -> Result<()> {
        match &mut self.driver {
            Driver::Sqlite(connection) => connection.execute_batch(sql)?,
            Driver::Postgres(postgres) => postgres.client.batch_execute(sql)?,
        }
        Ok(())
    }

    /// All of `work` or none of it, durable once this returns.
    pub fn transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.within(Mode::Write, work)
    }

    /// A write that may be lost with the power: nobody is told that it was made.
    pub fn jotting<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.is_hasty = true;
        let haste = Haste(self);
        super::dialect::wait_for_disk(haste.0, false)?;
        haste.0.transaction(work)
    }

    /// Several reads of one moment.
    pub fn snapshot<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.within(Mode::Read, work)
    }

    fn within<T>(&mut self, mode: Mode, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let writer = self.writer.clone().filter(|_| mode == Mode::Write);
        let _turn: Option<MutexGuard<'_, ()>> =
            writer.as_ref().map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.batch(super::dialect::begin(&self.driver, mode == Mode::Write))
            .context("Beginning a transaction")?;
        let begun = Begun(self);
        let done = work(begun.0).and_then(|done| {
            ensure!(mode == Mode::Read || !planted::crashes_here(), "The process died before a commit");
            begun.0.batch("COMMIT").context("Committing")?;
            Ok(done)
        });
        drop(begun);
        match done {
            Ok(done) => {
                ensure!(mode == Mode::Read || !planted::crashes_here(), "The process died after a commit");
                Ok(done)
            }
            Err(fault) if self.has_ended() => Err(fault),
            Err(fault) => match self.batch("ROLLBACK") {
                Ok(()) => Err(fault),
                Err(second) => Err(fault.context(format!("Rolling back failed as well: {second}"))),
            },
        }
    }

    /// Whether SQLite has already left the transaction by itself, as it does when the disk is full.
    fn has_ended(&self) -> bool {
        match &self.driver {
            Driver::Sqlite(connection) => connection.is_autocommit(),
            Driver::Postgres(_) => false,
        }
    }

    /// False when this connection must not be used again: closed, left inside a transaction, or in haste for good.
    pub(super) fn is_sound(&self) -> bool {
        let is_usable = match &self.driver {
            Driver::Sqlite(connection) => connection.is_autocommit(),
            Driver::Postgres(postgres) => !postgres.client.is_closed(),
        };
        is_usable && !self.is_hasty
    }
}

/// A transaction that has begun: a panic in its work takes it back, so that the connection is not left inside it.
struct Begun<'a>(&'a mut Connection);

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && !self.0.has_ended()
            && let Err(cause) = self.0.batch("ROLLBACK")
        {
            tracing::warn!("A transaction that broke off was not rolled back: {cause:#}");
        }
    }
}

/// Commits do not wait for the disk for as long as this lives, whatever becomes of the work.
struct Haste<'a>(&'a mut Connection);

impl Drop for Haste<'_> {
    fn drop(&mut self) {
        match super::dialect::wait_for_disk(self.0, true) {
            Ok(()) => self.0.is_hasty = false,
            Err(cause) => tracing::warn!("A connection that waits for no disk is given up: {cause:#}"),
        }
    }
}

/// In a simulation every row that is written is a place to die, and nothing is committed after that.
#[cfg(kerbside_sim)]
fn let_it_die(mut connection: rusqlite::Connection) -> rusqlite::Connection {
    fn writes(_: rusqlite::hooks::Action, _: &str, _: &str, _: i64) {
        planted::count_write();
    }
    connection.update_hook(Some(writes)).expect("one's own connection takes a hook");
    connection.commit_hook(Some(planted::is_dead)).expect("one's own connection takes a hook");
    connection
}

fn bound(values: &[Sql]) -> Vec<&(dyn postgres::types::ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn postgres::types::ToSql + Sync)).collect()
}

/// The statement's opening for a log line; statements hold no personal data, values are never shown.
fn at(sql: &str) -> String {
    let flat = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    flat.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_with_a_bound_limit_is_planned_once() {
        let connection = Connection::sqlite(rusqlite::Connection::open_in_memory().unwrap(), None).unwrap();
        let Driver::Sqlite(sqlite) = connection.driver() else { panic!("It is SQLite") };
        let mut statement = sqlite.prepare("SELECT name FROM sqlite_master LIMIT ?1").unwrap();
        for most in 1..4 {
            assert!(!statement.exists([most]).unwrap());
        }
        assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
    }
}
