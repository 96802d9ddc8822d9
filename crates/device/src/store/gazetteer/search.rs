//! Looking addresses up for the search, which lies in the core.

use super::Gazetteers;
use anyhow::{Context, Result};
use kerbside_core::gazetteer::{Address, Block, Shelf, Standing, Term};
use rusqlite::types::{FromSqlError, Value};
use rusqlite::{Connection, Row, params_from_iter};

const ADDRESS: &str = "a.uprn, a.unit, a.unit_number, a.number, a.class, a.standing, a.lat, a.lon, \
     b.usrn, b.organisation, b.name, b.street, b.locality, b.town, b.postcode";
const BLOCK: &str = "b.usrn, b.organisation, b.name, b.street, b.locality, b.town, b.postcode";
/// Comes after every word that begins with what it is put behind.
const LAST: char = '\u{10FFFF}';

/// What stands, while it is searched.
pub(super) struct Rows<'a>(&'a Connection);

impl Gazetteers {
    pub fn search(&self, typed: &str, limit: usize) -> Result<Vec<kerbside_core::gazetteer::Hit>> {
        if !self.is_begun() {
            return Ok(Vec::new());
        }
        kerbside_core::gazetteer::search(&mut Rows(self.open()?), typed, limit)
    }

    pub fn nearest(&self, lat_e7: i32, lon_e7: i32) -> Result<Option<kerbside_core::gazetteer::Near>> {
        if !self.is_begun() {
            return Ok(None);
        }
        kerbside_core::gazetteer::nearest(&mut Rows(self.open()?), lat_e7, lon_e7)
    }

    pub fn find(&self, uprn: u64) -> Result<Option<Address>> {
        if !self.is_begun() {
            return Ok(None);
        }
        Rows(self.open()?).address(uprn)
    }

    /// An address of a street, where the street is known.
    pub fn find_in_street(&self, usrn: u32) -> Result<Option<Address>> {
        if !self.is_begun() {
            return Ok(None);
        }
        let mut rows = Rows(self.open()?);
        let blocks: Vec<i64> = rows.street(usrn, 64)?.iter().map(Block::id).collect();
        if blocks.is_empty() { Ok(None) } else { Ok(rows.addresses(&blocks, &[], 1)?.pop()) }
    }
}

impl Rows<'_> {
    fn query<T>(
        &self,
        sql: &str,
        values: Vec<Value>,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.0
            .prepare_cached(sql)?
            .query_map(params_from_iter(values), read)?
            .collect::<Result<_, _>>()
            .context("Search the gazetteer")
    }

    fn addresses_where(&self, condition: &str, values: Vec<Value>) -> Result<Vec<Address>> {
        let sql = format!(
            "SELECT {ADDRESS} FROM address a JOIN gazetteer g ON g.area = a.area AND a.release <= g.release \
             JOIN block b ON b.id = a.block WHERE {condition}"
        );
        self.query(&sql, values, address_of)
    }
}

impl Shelf for Rows<'_> {
    type Fault = anyhow::Error;

    fn words_from(&mut self, start: &str, limit: usize) -> Result<Vec<Term>> {
        self.query(
            "SELECT word, blocks FROM term WHERE ?1 <= word AND word < ?2 ORDER BY blocks DESC, word LIMIT ?3",
            vec![text(start), Value::Text(format!("{start}{LAST}")), count(limit)],
            term_of,
        )
    }

    fn words_near(&mut self, shortened: &str, is_start: bool, limit: usize) -> Result<Vec<Term>> {
        let end = if is_start { format!("{shortened}{LAST}") } else { format!("{shortened}\u{1}") };
        self.query(
            "SELECT t.word, t.blocks FROM slip s JOIN term t ON t.word = s.word \
             WHERE ?1 <= s.shortened AND s.shortened < ?2 LIMIT ?3",
            vec![text(shortened), Value::Text(end), count(limit)],
            term_of,
        )
    }

    fn blocks(&mut self, all_of: &[Vec<String>], limit: usize) -> Result<Vec<Block>> {
        let [first, others @ ..] = all_of else { return Ok(Vec::new()) };
        let mut values: Vec<Value> = Vec::new();
        let places = bound(&mut values, first.iter().map(|word| text(word)));
        let mut sql = format!(
            "SELECT {BLOCK} FROM block b WHERE b.id IN (SELECT DISTINCT w.block FROM word w WHERE w.word IN ({places})"
        );
        for set in others {
            let places = bound(&mut values, set.iter().map(|word| text(word)));
            sql += &format!(
                " AND EXISTS (SELECT 1 FROM word x WHERE x.block = w.block AND x.word IN ({places}))"
            );
        }
        values.push(count(limit));
        sql += &format!(" LIMIT ?{})", values.len());
        self.query(&sql, values, |row| block_of(row, 0))
    }

    fn addresses(&mut self, blocks: &[i64], numbers: &[u32], limit: usize) -> Result<Vec<Address>> {
        let mut values: Vec<Value> = Vec::new();
        let places = bound(&mut values, blocks.iter().map(|block| Value::Integer(*block)));
        let mut condition = format!("a.block IN ({places})");
        if !numbers.is_empty() {
            let is_it: Vec<String> = numbers
                .iter()
                .map(|number| {
                    values.push(Value::Integer((*number).into()));
                    let at = values.len();
                    format!("(a.low <= ?{at} AND ?{at} <= a.high) OR a.unit_at = ?{at}")
                })
                .collect();
            condition += &format!(" AND ({})", is_it.join(" OR "));
        }
        values.push(count(limit));
        condition += &format!(" LIMIT ?{}", values.len());
        self.addresses_where(&condition, values)
    }

    fn address(&mut self, uprn: u64) -> Result<Option<Address>> {
        let Ok(uprn) = i64::try_from(uprn) else { return Ok(None) };
        Ok(self
            .addresses_where("a.uprn = ?1 ORDER BY a.release DESC LIMIT 1", vec![Value::Integer(uprn)])?
            .pop())
    }

    fn street(&mut self, usrn: u32, limit: usize) -> Result<Vec<Block>> {
        let sql = format!("SELECT {BLOCK} FROM block b WHERE b.usrn = ?1 ORDER BY b.id LIMIT ?2");
        self.query(&sql, vec![Value::Integer(usrn.into()), count(limit)], |row| block_of(row, 0))
    }

    fn in_cells(&mut self, from: i64, through: i64, limit: usize) -> Result<Vec<Address>> {
        let values = vec![Value::Integer(from), Value::Integer(through), count(limit)];
        self.addresses_where("?1 <= a.cell AND a.cell <= ?2 LIMIT ?3", values)
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn count(limit: usize) -> Value {
    Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX))
}

/// Binds them and names their places. The last is said again until the count is a power of two, so that few statements
/// are ever prepared.
fn bound(values: &mut Vec<Value>, more: impl Iterator<Item = Value>) -> String {
    let before = values.len();
    values.extend(more);
    let added = values.len() - before;
    if let Some(last) = values.last().cloned() {
        values.resize(before + added.next_power_of_two(), last);
    }
    (before + 1..=values.len()).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ")
}

fn term_of(row: &Row<'_>) -> rusqlite::Result<Term> {
    Ok(Term { word: row.get(0)?, blocks: row.get(1)? })
}

fn address_of(row: &Row<'_>) -> rusqlite::Result<Address> {
    let standing: u8 = row.get(5)?;
    let unknown = || rusqlite::Error::from(FromSqlError::OutOfRange(standing.into()));
    Ok(Address {
        uprn: row.get::<_, i64>(0)?.cast_unsigned(),
        unit: row.get(1)?,
        unit_number: row.get(2)?,
        number: row.get(3)?,
        class: row.get(4)?,
        standing: Standing::of(standing).ok_or_else(unknown)?,
        lat_e7: row.get(6)?,
        lon_e7: row.get(7)?,
        block: block_of(row, 8)?,
    })
}

fn block_of(row: &Row<'_>, from: usize) -> rusqlite::Result<Block> {
    Ok(Block {
        usrn: row.get(from)?,
        organisation: row.get(from + 1)?,
        name: row.get(from + 2)?,
        street: row.get(from + 3)?,
        locality: row.get(from + 4)?,
        town: row.get(from + 5)?,
        postcode: row.get(from + 6)?,
    })
}
