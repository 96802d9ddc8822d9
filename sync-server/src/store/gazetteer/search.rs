//! Looking addresses up for the search, which lies in the core.

use anyhow::Result;
use kerbside_core::gazetteer::{self, Address, AddressesFound, Block, Hit, Near, Shelf, Term};

use super::super::Store;
use super::super::connection::Connection;
use super::super::value::{Row, Sql};
use super::{ADDRESS, BLOCK, address_of, bind_all, block_of, padded, places};
use crate::values;

const STANDS: &str = "g.area = a.area AND a.since <= g.release AND (a.until IS NULL OR g.release < a.until)";
/// Comes after every word that begins with what it is put behind.
const LAST: char = '\u{10FFFF}';

impl Store {
    /// The best addresses and streets of what was typed.
    pub fn search_addresses(&mut self, typed: &str, limit: usize) -> Result<Vec<Hit>> {
        self.connection.snapshot(|tx| gazetteer::search(&mut Rows(tx), typed, limit))
    }

    /// The same, and whether there is a gazetteer at all.
    pub fn find_addresses(&mut self, typed: &str, limit: usize) -> Result<AddressesFound> {
        let stands = self.connection.query("SELECT 1 FROM gazetteer WHERE 0 < rows LIMIT 1", &[])?;
        Ok(AddressesFound { is_here: !stands.is_empty(), hits: self.search_addresses(typed, limit)? })
    }

    pub fn nearest_address(&mut self, lat_e7: i32, lon_e7: i32) -> Result<Option<Near>> {
        self.connection.snapshot(|tx| gazetteer::nearest(&mut Rows(tx), lat_e7, lon_e7))
    }
}

struct Rows<'a>(&'a mut Connection);

impl Rows<'_> {
    fn addresses_where(&mut self, condition: &str, values: &[Sql]) -> Result<Vec<Address>> {
        let sql = format!(
            "SELECT {ADDRESS} FROM gazetteer_address a JOIN gazetteer g ON {STANDS} \
             JOIN gazetteer_block b ON b.id = a.block WHERE {condition}"
        );
        self.0.query(&sql, values)?.iter().map(address_of).collect()
    }
}

impl Shelf for Rows<'_> {
    type Fault = anyhow::Error;

    fn words_from(&mut self, start: &str, limit: usize) -> Result<Vec<Term>> {
        let rows = self.0.query(
            "SELECT word, blocks FROM gazetteer_term WHERE $1 <= word AND word < $2 \
             ORDER BY blocks DESC, word LIMIT $3",
            values![start, format!("{start}{LAST}"), i64::try_from(limit)?],
        )?;
        rows.iter().map(term_of).collect()
    }

    fn words_near(&mut self, shortened: &str, is_start: bool, limit: usize) -> Result<Vec<Term>> {
        let end = if is_start { format!("{shortened}{LAST}") } else { format!("{shortened}\u{1}") };
        let rows = self.0.query(
            "SELECT t.word, t.blocks FROM gazetteer_slip s JOIN gazetteer_term t ON t.word = s.word \
             WHERE $1 <= s.shortened AND s.shortened < $2 LIMIT $3",
            values![shortened, end, i64::try_from(limit)?],
        )?;
        rows.iter().map(term_of).collect()
    }

    fn blocks(&mut self, all_of: &[Vec<String>], limit: usize) -> Result<Vec<Block>> {
        let [first, others @ ..] = all_of else { return Ok(Vec::new()) };
        let mut values = Vec::new();
        let mut sql = format!(
            "SELECT {BLOCK} FROM gazetteer_block b WHERE b.id IN (SELECT DISTINCT w.block FROM gazetteer_word w \
             WHERE w.word IN ({})",
            places(0, first.len())
        );
        bind_all(&mut values, first);
        for set in others {
            sql += &format!(
                " AND EXISTS (SELECT 1 FROM gazetteer_word x WHERE x.block = w.block AND x.word IN ({}))",
                places(values.len(), set.len())
            );
            bind_all(&mut values, set);
        }
        values.push(Sql::from(i64::try_from(limit)?));
        sql += &format!(" LIMIT ${})", values.len());
        self.0.query(&sql, &values)?.iter().map(|row| block_of(row, 0)).collect()
    }

    fn addresses(&mut self, blocks: &[i64], numbers: &[u32], limit: usize) -> Result<Vec<Address>> {
        let mut values = Vec::new();
        let mut condition = format!("a.block IN ({})", places(0, blocks.len()));
        bind_all(&mut values, blocks);
        if !numbers.is_empty() {
            let from = values.len();
            bind_all(&mut values, numbers);
            let is_it = (from + 1..=from + padded(numbers.len()))
                .map(|at| format!("(a.low <= ${at} AND ${at} <= a.high) OR a.unit_at = ${at}"));
            condition += &format!(" AND ({})", is_it.collect::<Vec<_>>().join(" OR "));
        }
        values.push(Sql::from(i64::try_from(limit)?));
        condition += &format!(" LIMIT ${}", values.len());
        self.addresses_where(&condition, &values)
    }

    fn address(&mut self, uprn: u64) -> Result<Option<Address>> {
        Ok(self.addresses_where("a.uprn = $1 LIMIT 1", values![i64::try_from(uprn)?])?.pop())
    }

    fn street(&mut self, usrn: u32, limit: usize) -> Result<Vec<Block>> {
        let sql = format!("SELECT {BLOCK} FROM gazetteer_block b WHERE b.usrn = $1 ORDER BY b.id LIMIT $2");
        let rows = self.0.query(&sql, values![usrn, i64::try_from(limit)?])?;
        rows.iter().map(|row| block_of(row, 0)).collect()
    }

    fn in_cells(&mut self, from: i64, through: i64, limit: usize) -> Result<Vec<Address>> {
        let condition = "$1 <= a.cell AND a.cell <= $2 LIMIT $3";
        self.addresses_where(condition, values![from, through, i64::try_from(limit)?])
    }
}

fn term_of(row: &Row) -> Result<Term> {
    Ok(Term { word: row.text(0)?, blocks: row.u32(1)? })
}
