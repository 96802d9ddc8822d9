//! A new release beside the one that stands: compared first, written in small transactions that nobody sees, and standing
//! with the last of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context, Result, ensure};
use kerbside_core::gazetteer::{Address, Block, Content, is_spelt_loosely, shortened};
use serde::Serialize;

use super::super::Store;
use super::super::connection::Connection;
use super::super::value::Sql;
use super::Staging;
use crate::values;

/// So many rows are written before others have their turn.
const AT_ONCE: usize = 2_000;
const ROWS_A_STATEMENT: usize = 64;
const READ_AT_ONCE: i64 = 10_000;
/// Devices that hold a release further back are given the whole.
const RELEASES_KEPT: u32 = 12;

/// What is brought in, and when.
#[derive(Debug, Clone)]
pub struct Bringing<'a> {
    pub area: &'a str,
    pub source: &'a str,
    pub now_ms: i64,
}

/// What became, or would become, of a file's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Brought {
    /// The one that stands afterwards.
    pub release: u32,
    pub addresses: u64,
    pub added: u64,
    pub changed: u64,
    pub gone: u64,
    pub unchanged: u64,
    /// Properties of which no address came.
    pub unwritten: u64,
}

impl Brought {
    fn changes_something(&self) -> bool {
        0 < self.added + self.changed + self.gone
    }
}

struct Standing {
    release: u32,
    content: Content,
}

/// A step from what stands to what the file says.
enum Step {
    Begin(Box<Address>),
    Change(Box<Address>, i64),
    End(u64, i64),
}

impl Store {
    /// What bringing it in would do; properties that come to nothing are told with their line.
    pub fn compare_gazetteer(
        &mut self,
        staging: &Staging,
        area: &str,
        refuse: &mut dyn FnMut(u64, &str) -> Result<()>,
    ) -> Result<Brought> {
        let standing = standing(&mut self.connection, area)?;
        let mut brought = Brought { release: standing.release, ..Brought::default() };
        walk(&mut self.connection, staging, (area, &standing), &mut brought, refuse, &mut |_, _| Ok(()))?;
        Ok(brought)
    }

    /// Makes the file's addresses the area's gazetteer. Until this returns, the old one stands whole.
    pub fn bring_gazetteer(&mut self, staging: &Staging, wanted: &Bringing<'_>) -> Result<Brought> {
        let standing = standing(&mut self.connection, wanted.area)?;
        let release = standing.release + 1;
        forget_unfinished(&mut self.connection, wanted.area, standing.release)?;
        let mut writing = Writing { area: wanted.area, release, ..Writing::default() };
        let (mut brought, mut content) = (Brought::default(), standing.content);
        let mut keep = |connection: &mut Connection, step: Step| {
            count(&mut content, &step);
            writing.steps.push(step);
            if writing.steps.len() < AT_ONCE { Ok(()) } else { writing.write(connection) }
        };
        let area = (wanted.area, &standing);
        walk(&mut self.connection, staging, area, &mut brought, &mut |_, _| Ok(()), &mut keep)?;
        writing.write(&mut self.connection)?;
        brought.release = standing.release;
        if !brought.changes_something() {
            return Ok(brought);
        }
        ensure!(content.rows == brought.addresses, "What is kept is not what was brought");
        stand(&mut self.connection, wanted, release, content)?;
        brought.release = release;
        Ok(brought)
    }
}

fn count(content: &mut Content, step: &Step) {
    match step {
        Step::Begin(address) => content.add(address.mark()),
        Step::Change(address, was) => {
            content.take(*was);
            content.add(address.mark());
        }
        Step::End(_, was) => content.take(*was),
    }
}

fn standing(connection: &mut Connection, area: &str) -> Result<Standing> {
    let row = connection.find("SELECT release, rows, sum FROM gazetteer WHERE area = $1", values![area])?;
    let Some(row) = row else { return Ok(Standing { release: 0, content: Content::default() }) };
    let content = Content { rows: u64::try_from(row.int(1)?)?, sum: row.int(2)? };
    Ok(Standing { release: row.u32(0)?, content })
}

/// What an import that broke off has left, which nobody has seen.
fn forget_unfinished(connection: &mut Connection, area: &str, release: u32) -> Result<()> {
    connection.transaction(|tx| {
        tx.execute("DELETE FROM gazetteer_address WHERE area = $1 AND since > $2", values![area, release])?;
        tx.execute(
            "UPDATE gazetteer_address SET until = NULL WHERE area = $1 AND until > $2",
            values![area, release],
        )
        .map(|_| ())
    })
}

fn stand(connection: &mut Connection, wanted: &Bringing<'_>, release: u32, content: Content) -> Result<()> {
    let oldest = release.saturating_sub(RELEASES_KEPT);
    connection.transaction(|tx| {
        tx.execute(
            "INSERT INTO gazetteer (area, release, oldest, rows, sum, source, brought_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (area) DO UPDATE SET release = excluded.release, \
             oldest = excluded.oldest, rows = excluded.rows, sum = excluded.sum, source = excluded.source, \
             brought_at = excluded.brought_at",
            values![
                wanted.area,
                release,
                oldest,
                i64::try_from(content.rows)?,
                content.sum,
                wanted.source,
                wanted.now_ms
            ],
        )?;
        tx.execute(
            "DELETE FROM gazetteer_address WHERE area = $1 AND until <= $2",
            values![wanted.area, oldest],
        )
        .map(|_| ())
    })
}

type Take<'a> = &'a mut dyn FnMut(&mut Connection, Step) -> Result<()>;

/// Goes along what stands and what the file says, both in the order of UPRNs.
fn walk(
    connection: &mut Connection,
    staging: &Staging,
    (area, standing): (&str, &Standing),
    brought: &mut Brought,
    refuse: &mut dyn FnMut(u64, &str) -> Result<()>,
    take: Take<'_>,
) -> Result<()> {
    let mut live = Live { area, release: standing.release, ..Live::default() };
    staging.each(|line, address| {
        let address = match address {
            Ok(address) => address,
            Err(why) => {
                brought.unwritten += 1;
                return refuse(line, why);
            }
        };
        while let Some((uprn, was)) = live.next_before(connection, address.uprn)? {
            brought.gone += 1;
            take(connection, Step::End(uprn, was))?;
        }
        brought.addresses += 1;
        match live.take_if(connection, address.uprn)? {
            None => {
                brought.added += 1;
                take(connection, Step::Begin(Box::new(address)))
            }
            Some(was) if was == address.mark() => {
                brought.unchanged += 1;
                Ok(())
            }
            Some(was) => {
                brought.changed += 1;
                take(connection, Step::Change(Box::new(address), was))
            }
        }
    })?;
    while let Some((uprn, was)) = live.next_before(connection, u64::MAX)? {
        brought.gone += 1;
        take(connection, Step::End(uprn, was))?;
    }
    Ok(())
}

/// The UPRNs and marks that stand, read some at a time.
#[derive(Default)]
struct Live<'a> {
    area: &'a str,
    release: u32,
    after: i64,
    ahead: VecDeque<(u64, i64)>,
    is_over: bool,
}

impl Live<'_> {
    fn peek(&mut self, connection: &mut Connection) -> Result<Option<(u64, i64)>> {
        if self.ahead.is_empty() && !self.is_over {
            let rows = connection.query(
                "SELECT uprn, mark FROM gazetteer_address WHERE uprn > $1 AND area = $2 AND since <= $3 \
                 AND (until IS NULL OR until > $4) ORDER BY uprn LIMIT $5",
                values![self.after, self.area, self.release, self.release, READ_AT_ONCE],
            )?;
            for row in &rows {
                self.ahead.push_back((u64::try_from(row.int(0)?)?, row.int(1)?));
                self.after = row.int(0)?;
            }
            self.is_over = rows.is_empty();
        }
        Ok(self.ahead.front().copied())
    }

    fn next_before(&mut self, connection: &mut Connection, uprn: u64) -> Result<Option<(u64, i64)>> {
        let next = self.peek(connection)?.filter(|(next, _)| *next < uprn);
        if next.is_some() {
            self.ahead.pop_front();
        }
        Ok(next)
    }

    fn take_if(&mut self, connection: &mut Connection, uprn: u64) -> Result<Option<i64>> {
        let next = self.peek(connection)?.filter(|(next, _)| *next == uprn);
        if next.is_some() {
            self.ahead.pop_front();
        }
        Ok(next.map(|(_, mark)| mark))
    }
}

/// Steps on their way into the database, and what was written of blocks and words already.
#[derive(Default)]
struct Writing<'a> {
    area: &'a str,
    release: u32,
    steps: Vec<Step>,
    blocks: BTreeSet<i64>,
    words: BTreeSet<String>,
}

impl Writing<'_> {
    fn write(&mut self, connection: &mut Connection) -> Result<()> {
        let steps = std::mem::take(&mut self.steps);
        connection.transaction(|tx| {
            let mut begun = Vec::with_capacity(steps.len());
            for step in &steps {
                if let Step::End(uprn, _) = step {
                    self.end(tx, *uprn)?;
                }
                if let Step::Change(address, _) = step {
                    self.end(tx, address.uprn)?;
                }
                if let Step::Begin(address) | Step::Change(address, _) = step {
                    begun.push(&**address);
                }
            }
            self.put_blocks(tx, &begun)?;
            let rows: Vec<Vec<Sql>> = begun.iter().map(|address| self.row(address)).collect::<Result<_>>()?;
            insert(tx, ("gazetteer_address", ADDRESS_COLUMNS), &rows, "").context("Writing addresses")
        })
    }

    fn end(&self, tx: &mut Connection, uprn: u64) -> Result<()> {
        tx.execute(
            "UPDATE gazetteer_address SET until = $1 WHERE uprn = $2 AND area = $3 AND until IS NULL",
            values![self.release, i64::try_from(uprn)?, self.area],
        )
        .map(|_| ())
    }

    fn row(&self, address: &Address) -> Result<Vec<Sql>> {
        let (low, high) = address.range().unzip();
        Ok(values![
            i64::try_from(address.uprn)?,
            self.area,
            self.release,
            address.block.id(),
            &address.unit,
            &address.unit_number,
            &address.number,
            low,
            high,
            address.unit_at(),
            &address.class,
            i64::from(address.standing.number()),
            i64::from(address.lat_e7),
            i64::from(address.lon_e7),
            address.cell(),
            address.mark(),
        ]
        .to_vec())
    }

    /// The blocks that were not there, with the words they are found by.
    fn put_blocks(&mut self, tx: &mut Connection, begun: &[&Address]) -> Result<()> {
        let mut words = Vec::new();
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for address in begun {
            let id = address.block.id();
            if !self.blocks.insert(id) || !put_block(tx, id, &address.block)? {
                continue;
            }
            for word in address.block.words() {
                words.push(values![&word, id].to_vec());
                *counts.entry(word).or_default() += 1;
            }
        }
        insert(tx, ("gazetteer_word", "word, block"), &words, " ON CONFLICT DO NOTHING")?;
        for (word, count) in counts {
            self.put_term(tx, word, count)?;
        }
        Ok(())
    }

    fn put_term(&mut self, tx: &mut Connection, word: String, count: u32) -> Result<()> {
        tx.execute(
            "INSERT INTO gazetteer_term (word, blocks) VALUES ($1, $2) \
             ON CONFLICT (word) DO UPDATE SET blocks = gazetteer_term.blocks + $3",
            values![&word, count, count],
        )?;
        if is_spelt_loosely(&word) && !self.words.contains(&word) {
            let rows: Vec<Vec<Sql>> =
                shortened(&word).iter().map(|shorter| values![shorter, &word].to_vec()).collect();
            insert(tx, ("gazetteer_slip", "shortened, word"), &rows, " ON CONFLICT DO NOTHING")?;
            self.words.insert(word);
        }
        Ok(())
    }
}

const ADDRESS_COLUMNS: &str = "uprn, area, since, block, unit, unit_number, number, low, high, unit_at, class, standing, \
     lat, lon, cell, mark";

fn put_block(tx: &mut Connection, id: i64, block: &Block) -> Result<bool> {
    let put = tx.execute(
        "INSERT INTO gazetteer_block (id, usrn, organisation, name, street, locality, town, postcode) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        values![
            id,
            block.usrn,
            &block.organisation,
            &block.name,
            &block.street,
            &block.locality,
            &block.town,
            &block.postcode
        ],
    )?;
    Ok(0 < put)
}

/// Many rows in few statements, of two lengths only.
fn insert(
    tx: &mut Connection,
    (table, columns): (&str, &str),
    rows: &[Vec<Sql>],
    otherwise: &str,
) -> Result<()> {
    let mut at_once = |rows: &[Vec<Sql>]| {
        let mut place = 0;
        let mut one = |row: &Vec<Sql>| {
            let places: Vec<String> = row
                .iter()
                .map(|_| {
                    place += 1;
                    format!("${place}")
                })
                .collect();
            format!("({})", places.join(", "))
        };
        let places: Vec<String> = rows.iter().map(&mut one).collect();
        let sql = format!("INSERT INTO {table} ({columns}) VALUES {}{otherwise}", places.join(", "));
        tx.execute(&sql, &rows.concat()).map(|_| ())
    };
    let (many, rest) = rows.as_chunks::<ROWS_A_STATEMENT>();
    many.iter().try_for_each(|rows| at_once(rows))?;
    rest.chunks(1).try_for_each(at_once)
}
