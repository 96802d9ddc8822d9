//! Every row under a checksum. SQLite has none of its own, so each table gets an index over a sum of its whole row,
//! which the database keeps in step by itself and its own integrity check compares with the rows. What a later
//! migration adds is covered without being told, but for gazetteers: they are large, carry a mark of their own in each
//! row, and can be brought in again. PostgreSQL sums its pages, and is asked to say so.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

use super::connection::{Connection, Driver};
use super::value::Row;

/// A 64-bit sum in which any one flipped bit shows: each step can be undone, so nothing that differs is made equal.
#[derive(Clone, Copy)]
struct Sum(u64);

impl Sum {
    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }

    fn bytes(&mut self, kind: u64, bytes: &[u8]) {
        self.word(kind);
        self.word(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        self.word(u64::from_le_bytes(last));
    }

    fn value(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.word(1),
            ValueRef::Integer(number) => {
                self.word(2);
                self.word(number.cast_unsigned());
            }
            ValueRef::Real(number) => {
                self.word(3);
                self.word(number.to_bits());
            }
            ValueRef::Text(text) => self.bytes(4, text),
            ValueRef::Blob(bytes) => self.bytes(5, bytes),
        }
    }
}

/// Teaches a SQLite connection the sum, without which it could not write a row.
pub(super) fn teach(sqlite: &rusqlite::Connection) -> Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    sqlite
        .create_scalar_function("whole", -1, flags, |values| {
            let mut sum = Sum(0x5eed_0fa5_0b51_de00);
            for at in 0..values.len() {
                sum.value(values.get_raw(at));
            }
            Ok(sum.0.cast_signed())
        })
        .context("Teaching the database to sum rows")
}

/// The index that holds a table's sums, in the order of its key so that new rows fall beside each other.
fn index_of(tx: &mut Connection, table: &str) -> Result<String> {
    let columns =
        tx.query(&format!("SELECT name, pk FROM pragma_table_info('{table}') ORDER BY cid"), &[])?;
    let mut all = Vec::new();
    let mut key = Vec::new();
    for column in &columns {
        all.push(column.text(0)?);
        if 0 < column.int(1)? {
            key.push((column.int(1)?, column.text(0)?));
        }
    }
    key.sort();
    let mut first: Vec<String> = key.into_iter().map(|(_, name)| name).collect();
    if first.is_empty() {
        first.extend(all.first().cloned());
    }
    Ok(format!("CREATE INDEX {table}_whole ON {table} ({}, whole({}))", first.join(", "), all.join(", ")))
}

fn tables(tx: &mut Connection) -> Result<Vec<String>> {
    let rows = tx.query(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
         AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'gazetteer_%' ORDER BY name",
        &[],
    )?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// Gives every table its sums, where it has none or has got another column since.
pub(super) fn sum_all(tx: &mut Connection) -> Result<()> {
    if matches!(tx.driver(), Driver::Postgres(_)) {
        return Ok(());
    }
    for table in tables(tx)? {
        let wanted = index_of(tx, &table)?;
        let present = tx.find(
            "SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = $1",
            crate::values![format!("{table}_whole")],
        )?;
        let present = present.map(|row| row.text(0)).transpose()?;
        if present.as_ref() != Some(&wanted) {
            drop_sum(tx, &table)?;
            tx.batch(&wanted).context("Summing a table's rows")?;
        }
    }
    Ok(())
}

fn drop_sum(tx: &mut Connection, table: &str) -> Result<()> {
    tx.batch(&format!("DROP INDEX IF EXISTS {table}_whole")).context("Dropping a table's sums")
}

/// Takes all sums away, so that rows that no longer fit theirs can be written.
pub(super) fn drop_sums(tx: &mut Connection) -> Result<()> {
    if matches!(tx.driver(), Driver::Postgres(_)) {
        return Ok(());
    }
    for table in tables(tx)? {
        drop_sum(tx, &table)?;
    }
    tx.batch("REINDEX").context("Making the indexes again")
}

/// A row that does not fit its sum.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BadRow {
    pub(super) table: String,
    pub(super) rowid: i64,
}

/// What the database finds wrong with itself, page by page and row by row.
#[derive(Debug, Default)]
pub(super) struct Damage {
    pub(super) said: Vec<String>,
    pub(super) rows: BTreeSet<BadRow>,
}

/// The most complaints that are listed: a page that is lost makes one for each of its rows.
const MOST_COMPLAINTS: u32 = 10_000;

pub(super) fn damage(tx: &mut Connection) -> Result<Damage> {
    match tx.driver() {
        Driver::Sqlite(_) => sqlite_damage(tx),
        Driver::Postgres(_) => postgres_damage(tx),
    }
}

fn sqlite_damage(tx: &mut Connection) -> Result<Damage> {
    let mut found = Damage::default();
    for row in tx.query(&format!("PRAGMA integrity_check({MOST_COMPLAINTS})"), &[])? {
        let said = row.text(0)?;
        if said != "ok" {
            found.rows.extend(bad_row(&said));
            found.said.push(said);
        }
    }
    for row in tx.query("PRAGMA foreign_key_check", &[])? {
        found.said.push(format!(
            "a row of {} names a row of {} that is not there",
            row.text(0)?,
            row.text(2)?
        ));
    }
    let mut fresh = super::Store::in_memory(0)?;
    if schema(tx)? != schema(&mut fresh.connection)? {
        found.said.push("the tables are not as this program lays them out".to_owned());
    }
    for pragma in ["user_version", "application_id", "encoding", "auto_vacuum"] {
        let ask = format!("PRAGMA {pragma}");
        if value(tx, &ask)? != value(&mut fresh.connection, &ask)? {
            found.said.push(format!("the database's {pragma} is not as this program writes it"));
        }
    }
    Ok(found)
}

/// `row 12 missing from index log_whole`, as SQLite says it.
fn bad_row(said: &str) -> Option<BadRow> {
    let (rowid, index) = said.strip_prefix("row ")?.split_once(" missing from index ")?;
    let table = index.strip_suffix("_whole")?;
    Some(BadRow { table: table.to_owned(), rowid: rowid.parse().ok()? })
}

fn value(tx: &mut Connection, sql: &str) -> Result<Option<String>> {
    Ok(tx.find(sql, &[])?.map(|row| format!("{row:?}")))
}

fn schema(tx: &mut Connection) -> Result<Vec<String>> {
    let rows = tx.query(
        "SELECT type, name, tbl_name, COALESCE(sql, '') FROM sqlite_schema ORDER BY type, name",
        &[],
    )?;
    Ok(rows.iter().map(|row: &Row| format!("{row:?}")).collect())
}

/// Reads every row of every table: a page whose sum is wrong stops the reading.
fn postgres_damage(tx: &mut Connection) -> Result<Damage> {
    let sums = tx.one("SELECT current_setting('data_checksums')", &[])?.text(0)?;
    if sums != "on" {
        tracing::warn!("PostgreSQL keeps no sums of its pages: stop it and run pg_checksums --enable");
    }
    let names = tx.query(
        "SELECT table_name::TEXT FROM information_schema.tables WHERE table_schema = current_schema() \
         AND table_type = 'BASE TABLE' ORDER BY 1",
        &[],
    )?;
    for name in &names {
        let table = name.text(0)?;
        // Every column is read in full, also what is kept apart from its row.
        tx.one(&format!("SELECT COALESCE(SUM(LENGTH(t::TEXT)), 0)::BIGINT FROM \"{table}\" t"), &[])?;
    }
    Ok(Damage::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_one_flipped_bit_changes_the_sum() {
        let of = |bytes: &[u8], number: i64| {
            let mut sum = Sum(1);
            sum.value(ValueRef::Blob(bytes));
            sum.value(ValueRef::Integer(number));
            sum.0
        };
        let bytes: Vec<u8> = (0..37).collect();
        let whole = of(&bytes, 9);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(of(&flipped, 9), whole);
        }
        assert!((0..64).all(|bit| of(&bytes, 9 ^ (1 << bit)) != whole));
        assert_ne!(of(&bytes[..36], 9), whole);
    }
}
