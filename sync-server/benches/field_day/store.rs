//! The barest way to put the same things on the same disk: SQLite and SQLCipher with the vault's own settings.

use std::path::Path;

use anyhow::{Context, Result, bail};
use data_encoding::HEXLOWER;
use kerbside_device::keys::VaultKey;
use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::{Map, Value as Json};

pub type Answers = Map<String, Json>;

pub struct BareDatabase {
    connection: Connection,
}

impl BareDatabase {
    pub fn plain(file: &Path) -> Result<Self> {
        Self::prepare(Connection::open(file).context("Open a bare database")?)
    }

    pub fn sealed(file: &Path, key: &VaultKey) -> Result<Self> {
        let connection = Connection::open(file).context("Open a bare database")?;
        connection.pragma_update(None, "key", format!("x'{}'", HEXLOWER.encode(key.as_slice())))?;
        connection.pragma_update(None, "cipher_memory_security", "OFF")?;
        Self::prepare(connection)
    }

    fn prepare(connection: Connection) -> Result<Self> {
        connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))
            .context("Set WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "fullfsync", true)?;
        connection
            .execute_batch("CREATE TABLE piece (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
            .context("Lay out a bare database")?;
        Ok(Self { connection })
    }

    /// One row, one commit.
    pub fn commit(&self, body: &[u8]) -> Result<()> {
        self.connection
            .prepare_cached("INSERT INTO piece (body) VALUES (?1)")?
            .execute([body])
            .context("Insert a row")?;
        Ok(())
    }

    pub fn size(&self) -> Result<usize> {
        let pages: i64 = self.connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let page = self.connection.pragma_query_value(None, "page_size", |row| row.get::<_, Value>(0))?;
        let page = match page {
            Value::Integer(size) => size,
            Value::Text(size) => size.parse().context("Read the size of a page")?,
            Value::Null | Value::Real(_) | Value::Blob(_) => bail!("No page has such a size"),
        };
        Ok(usize::try_from(pages * page)?)
    }

    /// A table with a column for every question.
    pub fn lay_out(&self, row: &Answers) -> Result<()> {
        let columns: Vec<String> = row.keys().map(|name| format!("\"{name}\"")).collect();
        self.connection
            .execute_batch(&format!("CREATE TABLE report ({})", columns.join(", ")))
            .context("Lay out a table of reports")
    }

    /// These rows in one commit.
    pub fn insert(&mut self, rows: &[Answers]) -> Result<()> {
        let commit = self.connection.transaction()?;
        for row in rows {
            let marks = vec!["?"; row.len()].join(", ");
            commit
                .prepare_cached(&format!("INSERT INTO report VALUES ({marks})"))?
                .execute(rusqlite::params_from_iter(row.values().map(column)))
                .context("Insert a report")?;
        }
        commit.commit().context("Commit reports")
    }
}

fn column(answer: &Json) -> Value {
    match answer {
        Json::String(text) => Value::Text(text.clone()),
        Json::Number(number) => number.as_i64().map_or(Value::Null, Value::Integer),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => Value::Text(answer.to_string()),
    }
}
