//! The barest way to put the same things on the same disk: SQLite and SQLCipher with the vault's own settings.

use std::path::Path;

use anyhow::{Context, Result, bail};
use data_encoding::HEXLOWER;
use fastrand::Rng;
use kerbside_core::ids::RecordId;
use kerbside_device::keys::VaultKey;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;
use rusqlite::{Connection, params};
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

/// A server's own database, reached without the server.
pub struct BareCases {
    connection: Connection,
}

impl BareCases {
    pub fn open(file: &Path) -> Result<Self> {
        let connection = Connection::open(file).context("Open the council's database")?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        // The sum of a whole row, which an index of each table wants; nobody checks it here.
        let flags = FunctionFlags::SQLITE_UTF8
            | FunctionFlags::SQLITE_DETERMINISTIC
            | FunctionFlags::SQLITE_INNOCUOUS;
        connection.create_scalar_function("whole", -1, flags, |_| Ok(0_i64))?;
        Ok(Self { connection })
    }

    /// Cases of one team at places all over a city, one after the other in a period as their ids are, in twenty areas.
    pub fn fill(&mut self, rng: &mut Rng, count: usize, (from, to): (i64, i64)) -> Result<()> {
        let commit = self.connection.transaction()?;
        {
            let mut case = commit.prepare(
                "INSERT INTO case_index (record, form, at, area, lat, lon, easting, northing) \
                 VALUES (?1, 'fly_tip', ?2, ?3, 0, 0, ?4, ?5)",
            )?;
            let mut team = commit.prepare("INSERT INTO record_team (record, team) VALUES (?1, 'north')")?;
            let steps = i64::try_from(count)?;
            for number in 0..steps {
                let at = from + (to - from) * number / steps;
                let mut random = [0; 10];
                rng.fill(&mut random);
                let id = RecordId::new(u64::try_from(at)?, random).0;
                // Cases gather: the sum of three draws is nearer to the middle than one.
                let mut near = |middle: i64| middle + (0..3).map(|_| rng.i64(-250_000..250_000)).sum::<i64>();
                let (easting, northing) = (near(62_289_000), near(30_850_000));
                let area = format!("E{:08}", rng.u8(0..20));
                case.execute(params![id, at, area, easting, northing])?;
                team.execute([id])?;
            }
        }
        commit.commit().context("Commit cases")
    }

    pub fn count(&self, (from, to): (i64, i64)) -> Result<usize> {
        let sql = "SELECT COUNT(*) FROM case_index WHERE at >= ?1 AND at < ?2 AND withdrawn = 0";
        let count: i64 = self.connection.query_row(sql, [from, to], |row| row.get(0))?;
        Ok(usize::try_from(count)?)
    }
}

fn column(answer: &Json) -> Value {
    match answer {
        Json::String(text) => Value::Text(text.clone()),
        Json::Number(number) => number.as_i64().map_or(Value::Null, Value::Integer),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => Value::Text(answer.to_string()),
    }
}
