//! What a device is told: its scope record by record when it begins, and from then on the log.
//!
//! The cursor is opaque to the device: the epoch, the number it has read to, a hash of its scope, and while it is
//! being filled, where the paging stands. Paging remembers the log's number from when it began, so nothing that
//! was written meanwhile is missed.

use anyhow::{Context, Result};
use kerbside_core::cbor;
use kerbside_core::exchange::{ITEM_LIMIT, Item, Paging, Push};
use kerbside_core::ids::{Actor, Dot, Epoch, RecordId, Sha256};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::record::{Packed, join_page};
use minicbor::{Decode, Encode};

use super::connection::Connection;
use super::identity::Identity;
use super::people::Officer;
use super::taking::{LOG_CHANGE, LOG_SCOPE, ScopeMove, Writer};
use super::value::{Row, Sql};

/// Records in one page of a filling.
const PAGE_RECORDS: i64 = 1_000;
const DEFAULT_BYTES: usize = 1024 * 1024;
const MOST_BYTES: usize = 2 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    pub(super) cursor: Vec<u8>,
    pub(super) more: bool,
    pub(super) paging: Paging,
}

#[derive(Debug, Clone, PartialEq, Encode, Decode)]
#[cbor(map)]
struct Cursor {
    #[n(0)]
    epoch: Epoch,
    #[n(1)]
    seq: u64,
    #[n(2)]
    scope: u64,
    #[n(3)]
    filling: Option<Filling>,
}

/// The last record of the page before, newest first.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
#[cbor(map)]
struct Filling {
    #[n(0)]
    captured_at: i64,
    #[n(1)]
    record: RecordId,
}

pub(super) fn page(tx: &mut Connection, identity: &Identity, writer: &Writer, push: &Push) -> Result<Page> {
    let newest = u64::try_from(tx.one("SELECT seq FROM council WHERE id = 1", &[])?.int(0)?)?;
    let scope = scope_hash(&writer.officer);
    let held: Option<Cursor> = cbor::decode(&push.cursor).ok();
    let is_ours = |cursor: &Cursor| cursor.scope == scope || planted::is(Mutant::AnyScopeCursor);
    let held = held.filter(|cursor| cursor.epoch == identity.epoch && is_ours(cursor));
    let reader = Reader { writer, push, newest, bytes: budget(push) };
    let mut page = match held {
        Some(cursor) if cursor.filling.is_none() => reader.read_log(tx, cursor)?,
        Some(cursor) => reader.fill(tx, &cursor)?,
        None => reader.fill(tx, &Cursor { epoch: identity.epoch, seq: newest, scope, filling: None })?,
    };
    if !push.wants.records.is_empty() {
        let wanted = push.wants.records.iter().take(100);
        let again = reader.enter(tx, newest, wanted.copied())?;
        page.items.extend(again);
    }
    Ok(page)
}

fn budget(push: &Push) -> usize {
    match usize::try_from(push.wants.bytes).unwrap_or(MOST_BYTES) {
        0 => DEFAULT_BYTES,
        wanted => wanted.min(MOST_BYTES),
    }
}

/// Another set of teams is another scope: the device is filled anew.
fn scope_hash(officer: &Officer) -> u64 {
    let teams: Vec<&str> = officer.teams.iter().map(String::as_str).collect();
    let [a, b, c, d, e, f, g, h, ..] = Sha256::of(teams.join("\n").as_bytes()).0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// `$n, $n+1, …` for each team, after the parameters that are there; `NULL` where the officer has no team.
pub(super) fn scope_list(officer: &Officer, values: &mut Vec<Sql>) -> String {
    if officer.teams.is_empty() {
        return "NULL".to_owned();
    }
    let mut names = Vec::new();
    for team in &officer.teams {
        values.push(Sql::from(team));
        names.push(format!("${}", values.len()));
    }
    names.join(", ")
}

struct Reader<'a> {
    writer: &'a Writer,
    push: &'a Push,
    newest: u64,
    bytes: usize,
}

impl Reader<'_> {
    /// The next page of everything in scope, newest first.
    fn fill(&self, tx: &mut Connection, cursor: &Cursor) -> Result<Page> {
        let after = cursor.filling.as_ref();
        let mut values = vec![
            Sql::from(after.map_or(i64::MAX, |last| last.captured_at)),
            Sql::from(after.map_or([0; 16], |last| last.record.0)),
        ];
        let teams = scope_list(&self.writer.officer, &mut values);
        values.push(Sql::from(PAGE_RECORDS));
        let limit = values.len();
        let sql = format!(
            "SELECT r.id, r.state, r.office_reference, r.received_at, r.captured_at FROM record r \
             WHERE (r.captured_at < $1 OR (r.captured_at = $1 AND r.id > $2)) AND EXISTS (SELECT 1 FROM record_team t \
             WHERE t.record = r.id AND t.until_seq IS NULL AND t.team IN ({teams})) \
             ORDER BY r.captured_at DESC, r.id LIMIT ${limit}"
        );
        let rows = tx.query(&sql, &values)?;
        let is_first = after.is_none();
        let mut taken: Vec<&Row> = Vec::new();
        let mut size = 0;
        for row in &rows {
            size += row.blob(1)?.len();
            if self.bytes < size && !taken.is_empty() {
                break;
            }
            taken.push(row);
        }
        let is_last = taken.len() == rows.len() && i64::try_from(rows.len())? < PAGE_RECORDS;
        let filling = match taken.last() {
            Some(row) if !is_last => {
                Some(Filling { captured_at: row.int(4)?, record: RecordId(row.bytes(0)?) })
            }
            _ => None,
        };
        let items = if taken.is_empty() {
            vec![]
        } else {
            vec![Item::Enter { seq: cursor.seq, page: pack(&taken)? }]
        };
        let paging = match (is_first, is_last) {
            (true, true) => Paging::Whole,
            (true, false) => Paging::First,
            (false, false) => Paging::Middle,
            (false, true) => Paging::Last,
        };
        let seq = if is_last && planted::is(Mutant::SnapshotWithoutTail) { self.newest } else { cursor.seq };
        let more = !is_last || seq < self.newest;
        Ok(Page { items, cursor: cbor::encode(&Cursor { filling, seq, ..cursor.clone() }), more, paging })
    }

    /// Everything in scope that was written after the cursor, as far as the budget goes.
    fn read_log(&self, tx: &mut Connection, cursor: Cursor) -> Result<Page> {
        let limit = match self.push.wants.items {
            0 => ITEM_LIMIT,
            wanted => wanted.min(ITEM_LIMIT),
        };
        let rows = if cursor.seq < self.newest { self.log_rows(tx, cursor.seq, limit)? } else { vec![] };
        let is_whole = rows.len() < usize::try_from(limit)?;
        let mut items = Vec::new();
        let mut size = 0;
        let mut reached = cursor.seq;
        for row in &rows {
            size += row.blob(6)?.len();
            if self.bytes < size && !items.is_empty() {
                return Ok(Page {
                    items,
                    cursor: cbor::encode(&Cursor { seq: reached, ..cursor }),
                    more: true,
                    paging: Paging::Log,
                });
            }
            items.extend(self.item(tx, row)?);
            reached = u64::try_from(row.int(0)?)?;
        }
        if is_whole {
            reached = self.newest;
        }
        let more = reached < self.newest;
        Ok(Page {
            items,
            cursor: cbor::encode(&Cursor { seq: reached, ..cursor }),
            more,
            paging: Paging::Log,
        })
    }

    fn log_rows(&self, tx: &mut Connection, after: u64, limit: u32) -> Result<Vec<Row>> {
        let mut values = vec![
            Sql::from(i64::try_from(after)?),
            Sql::from(i64::try_from(self.newest)?),
            Sql::from(LOG_SCOPE),
            Sql::from(LOG_CHANGE),
        ];
        let teams = scope_list(&self.writer.officer, &mut values);
        values.push(Sql::from(limit));
        let at = values.len();
        let sql = format!(
            "SELECT l.seq, l.kind, l.record, l.actor, l.counter, l.received_at, l.body, r.office_reference, r.first_seq \
             FROM log l JOIN record r ON r.id = l.record \
             WHERE l.seq > $1 AND l.seq <= $2 AND (l.kind = $3 OR (l.kind = $4 AND EXISTS (SELECT 1 \
             FROM record_team t WHERE t.record = l.record AND t.until_seq IS NULL AND t.since_seq <= l.seq \
             AND t.team IN ({teams})))) \
             ORDER BY l.seq LIMIT ${at}"
        );
        tx.query(&sql, &values)
    }

    fn item(&self, tx: &mut Connection, row: &Row) -> Result<Option<Item>> {
        let seq = u64::try_from(row.int(0)?)?;
        let record = RecordId(row.bytes(2)?);
        if row.int(1)? == LOG_SCOPE {
            return self.moved(tx, seq, record, &row.blob(6)?);
        }
        let dot = Dot { actor: Actor(row.u32(3)?), counter: u64::try_from(row.int(4)?)? };
        let received_ms = row.int(5)?;
        let reference = if row.int(0)? == row.int(8)? { Some(row.text(7)?) } else { None };
        let is_own = dot.actor == self.push.actor && dot.counter <= self.push.last();
        Ok(Some(if is_own {
            Item::Echo { seq, received_ms, dot, reference }
        } else {
            Item::Change { seq, received_ms, bytes: row.blob(6)?, reference }
        }))
    }

    /// A record that came into scope enters as it stands; one that went leaves. What came back since does neither.
    fn moved(&self, tx: &mut Connection, seq: u64, record: RecordId, body: &[u8]) -> Result<Option<Item>> {
        let moved: ScopeMove = cbor::decode(body).context("Reading a scope move")?;
        let ours = |teams: &[String]| teams.iter().any(|team| self.writer.officer.teams.contains(team));
        let is_in = super::records::teams_now(tx, record)?
            .iter()
            .any(|team| self.writer.officer.teams.contains(team));
        // Entered even where it was in another of our teams before: what was written under that one is no longer told.
        match (is_in, ours(&moved.from), ours(&moved.to)) {
            (true, _, true) => Ok(self.enter(tx, seq, [record])?.into_iter().next()),
            (false, true, _) => Ok(Some(Item::Leave { seq, record })),
            _ => Ok(None),
        }
    }

    /// These records as they stand, those of them that are in scope.
    fn enter(
        &self,
        tx: &mut Connection,
        seq: u64,
        records: impl IntoIterator<Item = RecordId>,
    ) -> Result<Option<Item>> {
        let mut found = Vec::new();
        for record in records {
            let mut values = vec![Sql::from(record)];
            let teams = scope_list(&self.writer.officer, &mut values);
            let sql = format!(
                "SELECT r.id, r.state, r.office_reference, r.received_at, r.captured_at FROM record r \
                 WHERE r.id = $1 AND EXISTS (SELECT 1 FROM record_team t WHERE t.record = r.id \
                 AND t.until_seq IS NULL AND t.team IN ({teams}))"
            );
            found.extend(tx.find(&sql, &values)?);
        }
        if found.is_empty() {
            return Ok(None);
        }
        Ok(Some(Item::Enter { seq, page: pack(&found.iter().collect::<Vec<_>>())? }))
    }
}

fn pack(rows: &[&Row]) -> Result<Vec<u8>> {
    let read = |row: &&Row| -> Result<(RecordId, Vec<u8>, String, i64)> {
        Ok((RecordId(row.bytes(0)?), row.blob(1)?, row.text(2)?, row.int(3)?))
    };
    let states = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    join_page(states.iter().map(|(record, state, reference, received_ms)| Packed {
        record: *record,
        reference,
        received_ms: *received_ms,
        state,
    }))
    .context("Joining records to a page")
}

/// How many records and which digest each device of this scope should hold, for tests and the digest route.
pub(super) fn scope_of(tx: &mut Connection, officer: &Officer) -> Result<Vec<(RecordId, Sha256)>> {
    let mut values = vec![];
    let teams = scope_list(officer, &mut values);
    let sql = format!(
        "SELECT r.id, r.state FROM record r WHERE EXISTS (SELECT 1 FROM record_team t WHERE t.record = r.id \
         AND t.until_seq IS NULL AND t.team IN ({teams})) ORDER BY r.id"
    );
    let rows = tx.query(&sql, &values)?;
    rows.iter().map(|row| Ok((RecordId(row.bytes(0)?), Sha256::of(&row.blob(1)?)))).collect()
}
