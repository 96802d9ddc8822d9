//! What a device is told: its scope record by record when it begins, and from then on the log.
//!
//! The cursor is opaque to the device: the epoch, the number it has read to, a hash of its scope, and while it is
//! being filled, where the paging stands. Paging remembers the log's number from when it began, so nothing that
//! was written meanwhile is missed. It also holds a mark of the entry at its number: a server that was put back by
//! copying its files gives the same numbers out again for other entries, and whoever read the lost ones is filled anew.

use anyhow::{Context, Result};
use kerbside_core::cbor;
use kerbside_core::exchange::{ITEM_LIMIT, Item, Paging, Push};
use kerbside_core::ids::{Actor, DeviceId, Dot, Epoch, RecordId, Sha256};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::record::{Packed, join_page};
use minicbor::{Decode, Encode};

use super::connection::Connection;
use super::gone;
use super::identity::Identity;
use super::people::Officer;
use super::taking::{LOG_CHANGE, LOG_CUT, LOG_PURGE, LOG_REDACT, LOG_SCOPE, ScopeMove, Writer};
use super::value::{Row, Sql};
use crate::values;

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
    epoch: u32,
    #[n(1)]
    seq: u64,
    #[n(2)]
    scope: u64,
    #[n(3)]
    filling: Option<Filling>,
    /// What was at `seq` when it was read.
    #[n(4)]
    mark: Option<u32>,
}

/// As much of an epoch as a cursor needs: the receipt names it whole.
fn short(epoch: Epoch) -> u32 {
    let [a, b, c, d, ..] = Sha256::of(&epoch.0).0;
    u32::from_be_bytes([a, b, c, d])
}

/// What stands in the log at a number, in four bytes. None where it was cut.
fn mark_at(tx: &mut Connection, seq: u64) -> Result<Option<u32>> {
    let found = tx.find(
        "SELECT kind, record, actor, counter, received_at FROM log WHERE seq = $1",
        values![i64::try_from(seq)?],
    )?;
    let Some(row) = found else { return Ok(None) };
    let record: [u8; 16] = row.bytes(1)?;
    // A change stays the entry it was when its words are cut.
    let kind = Some(row.int(0)?).filter(|kind| *kind != LOG_CUT).unwrap_or(LOG_CHANGE);
    let said = format!("{kind} {:?} {:?} {}", row.find_int(2)?, row.find_int(3)?, row.int(4)?);
    let [a, b, c, d, ..] = Sha256::of(&[record.as_slice(), said.as_bytes()].concat()).0;
    Ok(Some(u32::from_be_bytes([a, b, c, d])))
}

/// The last record of the page before, newest first, and whether all that is given to the officer was before it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
#[cbor(map)]
struct Filling {
    #[n(0)]
    captured_at: i64,
    #[n(1)]
    record: RecordId,
    #[n(2)]
    is_rest: bool,
}

impl Filling {
    fn start(is_rest: bool) -> Self {
        Self { captured_at: i64::MAX, record: RecordId([0; 16]), is_rest }
    }
}

pub(super) fn page(
    tx: &mut Connection,
    (identity, device): (&Identity, DeviceId),
    writer: &Writer,
    push: &Push,
) -> Result<Page> {
    let council = tx.one("SELECT seq, floor FROM council WHERE id = 1", &[])?;
    let (newest, floor) = (u64::try_from(council.int(0)?)?, u64::try_from(council.int(1)?)?);
    let scope = scope_hash(&writer.officer);
    let held: Option<Cursor> = cbor::decode(&push.cursor).ok();
    let epoch = short(identity.epoch);
    let is_ours = |cursor: &Cursor| cursor.scope == scope || planted::is(Mutant::AnyScopeCursor);
    let held = held.filter(|cursor| cursor.epoch == epoch && is_ours(cursor));
    // Below the floor there is no log to read on from.
    let held = held.filter(|cursor| (floor..=newest).contains(&cursor.seq));
    let held = match held {
        Some(cursor) if is_of_this_log(tx, &cursor)? => Some(cursor),
        _ => None,
    };
    let reader = Reader { writer, push, newest, bytes: budget(push) };
    let mut page = match held {
        Some(cursor) if cursor.filling.is_none() => reader.read_log(tx, cursor)?,
        Some(cursor) => reader.fill(tx, &cursor)?,
        None => {
            let mark = mark_at(tx, newest)?;
            let mut page = reader.fill(tx, &Cursor { epoch, seq: newest, scope, filling: None, mark })?;
            page.items.splice(0..0, gone::items(tx, device, 0, newest)?);
            page
        }
    };
    if !push.wants.records.is_empty() {
        let wanted = push.wants.records.iter().take(100);
        let again = reader.enter(tx, newest, wanted.copied())?;
        page.items.extend(again);
    }
    Ok(page)
}

/// The scope of a device that is told nothing more: no hash of teams, so that it is filled anew should it go on.
const STOPPED: u64 = 0;

/// Whoever is told nothing more is still told what nobody may have: each redaction once.
pub(super) fn page_of_stopped(
    tx: &mut Connection,
    (identity, device): (&Identity, DeviceId),
    push: &Push,
) -> Result<Page> {
    let seq = u64::try_from(tx.one("SELECT seq FROM council WHERE id = 1", &[])?.int(0)?)?;
    let epoch = short(identity.epoch);
    let held: Option<Cursor> = cbor::decode(&push.cursor).ok();
    let held = held.filter(|cursor| cursor.epoch == epoch && cursor.scope == STOPPED && cursor.seq <= seq);
    let told = match held {
        Some(cursor) if is_of_this_log(tx, &cursor)? => cursor.seq,
        _ => 0,
    };
    let items = gone::items(tx, device, told, 0)?;
    let cursor = Cursor { epoch, seq, scope: STOPPED, filling: None, mark: mark_at(tx, seq)? };
    Ok(Page { items, cursor: cbor::encode(&cursor), ..Page::default() })
}

/// Whether what the device read to is still what stands there, or was cut since.
fn is_of_this_log(tx: &mut Connection, cursor: &Cursor) -> Result<bool> {
    let there = mark_at(tx, cursor.seq)?;
    Ok(there.is_none() || cursor.mark.is_none() || there == cursor.mark)
}

fn budget(push: &Push) -> usize {
    match usize::try_from(push.wants.bytes).unwrap_or(MOST_BYTES) {
        0 => DEFAULT_BYTES,
        wanted => wanted.min(MOST_BYTES),
    }
}

/// Another set of teams or areas is another scope: the device is filled anew.
fn scope_hash(officer: &Officer) -> u64 {
    let mut names: Vec<&str> = officer.teams.iter().map(String::as_str).collect();
    if !officer.areas.is_empty() {
        names.push("");
        names.extend(officer.areas.iter().map(String::as_str));
    }
    let [a, b, c, d, e, f, g, h, ..] = Sha256::of(names.join("\n").as_bytes()).0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The condition on a row `t` of `record_team` that puts its record into the officer's scope, with its values after
/// those that are there: given to them, or of one of their teams and in one of their areas or in none.
pub(super) fn scope_condition(officer: &Officer, values: &mut Vec<Sql>) -> String {
    let mut list = |names: &mut dyn Iterator<Item = String>| {
        let places: Vec<_> = names
            .map(|name| {
                values.push(Sql::from(name));
                format!("${}", values.len())
            })
            .collect();
        places.join(", ")
    };
    let teams = list(&mut std::iter::once(officer.own_key()).chain(officer.teams.iter().cloned()));
    if officer.areas.is_empty() {
        return format!("t.team IN ({teams})");
    }
    let areas = list(&mut std::iter::once(String::new()).chain(officer.areas.iter().cloned()));
    format!("t.team IN ({teams}) AND t.area IN ({areas})")
}

struct Reader<'a> {
    writer: &'a Writer,
    push: &'a Push,
    newest: u64,
    bytes: usize,
}

impl Reader<'_> {
    /// The next page of everything in scope: what is given to the officer first, then the rest, each newest first.
    fn fill(&self, tx: &mut Connection, cursor: &Cursor) -> Result<Page> {
        let mut at = cursor.filling.clone().unwrap_or(Filling::start(false));
        let mut taken: Vec<Row> = Vec::new();
        let mut size = 0;
        let mut is_last = false;
        loop {
            let room = PAGE_RECORDS - i64::try_from(taken.len())?;
            let rows = self.part(tx, &at, cursor.seq, room)?;
            let mut is_whole = i64::try_from(rows.len())? < room;
            for row in rows {
                size += row.blob(1)?.len();
                if self.bytes < size && !taken.is_empty() {
                    is_whole = false;
                    break;
                }
                at = Filling { captured_at: row.int(4)?, record: RecordId(row.bytes(0)?), ..at };
                taken.push(row);
            }
            if !is_whole {
                break;
            }
            if at.is_rest {
                is_last = true;
                break;
            }
            at = Filling::start(true);
        }
        let items = if taken.is_empty() {
            vec![]
        } else {
            vec![Item::Enter { seq: cursor.seq, page: pack(&taken.iter().collect::<Vec<_>>())? }]
        };
        let paging = match (cursor.filling.is_none(), is_last) {
            (true, true) => Paging::Whole,
            (true, false) => Paging::First,
            (false, false) => Paging::Middle,
            (false, true) => Paging::Last,
        };
        let seq = if is_last && planted::is(Mutant::SnapshotWithoutTail) { self.newest } else { cursor.seq };
        let more = !is_last || seq < self.newest;
        let filling = if is_last { None } else { Some(at) };
        Ok(Page { items, cursor: cbor::encode(&Cursor { filling, seq, ..cursor.clone() }), more, paging })
    }

    /// Records after the one paging stands at. Which part a record is in was settled when paging began: what is given to
    /// the officer since then comes with the rest, and again from the log.
    fn part(&self, tx: &mut Connection, at: &Filling, began: u64, room: i64) -> Result<Vec<Row>> {
        let officer = &self.writer.officer;
        let mut values = vec![
            Sql::from(at.captured_at),
            Sql::from(at.record),
            Sql::from(officer.own_key()),
            Sql::from(i64::try_from(began)?),
        ];
        let given = "(SELECT g.record FROM record_team g WHERE g.team = $3 AND g.until_seq IS NULL AND g.since_seq <= $4)";
        let part = if at.is_rest {
            let scope = scope_condition(officer, &mut values);
            format!(
                "r.id NOT IN {given} AND EXISTS (SELECT 1 FROM record_team t WHERE t.record = r.id \
                 AND t.until_seq IS NULL AND {scope})"
            )
        } else {
            format!("r.id IN {given}")
        };
        values.push(Sql::from(room));
        let limit = values.len();
        let sql = format!(
            "SELECT r.id, r.state, r.office_reference, r.received_at, r.captured_at FROM record r \
             WHERE (r.captured_at < $1 OR (r.captured_at = $1 AND r.id > $2)) AND {part} \
             ORDER BY r.captured_at DESC, r.id LIMIT ${limit}"
        );
        tx.query(&sql, &values)
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
                    cursor: read_to(tx, cursor, reached)?,
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
        Ok(Page { items, cursor: read_to(tx, cursor, reached)?, more, paging: Paging::Log })
    }

    fn log_rows(&self, tx: &mut Connection, after: u64, limit: u32) -> Result<Vec<Row>> {
        let mut values = vec![
            Sql::from(i64::try_from(after)?),
            Sql::from(i64::try_from(self.newest)?),
            Sql::from(LOG_SCOPE),
            Sql::from(LOG_REDACT),
            Sql::from(LOG_PURGE),
            Sql::from(LOG_CHANGE),
        ];
        let scope = scope_condition(&self.writer.officer, &mut values);
        values.push(Sql::from(limit));
        let at = values.len();
        let sql = format!(
            "SELECT l.seq, l.kind, l.record, l.actor, l.counter, l.received_at, l.body, r.office_reference, r.first_seq \
             FROM log l LEFT JOIN record r ON r.id = l.record \
             WHERE l.seq > $1 AND l.seq <= $2 AND ((l.kind = $3 AND r.id IS NOT NULL) OR l.kind IN ($4, $5) \
             OR (l.kind = $6 AND EXISTS (SELECT 1 FROM record_team t WHERE t.record = l.record \
             AND t.until_seq IS NULL AND t.since_seq <= l.seq AND {scope}))) \
             ORDER BY l.seq LIMIT ${at}"
        );
        tx.query(&sql, &values)
    }

    fn item(&self, tx: &mut Connection, row: &Row) -> Result<Option<Item>> {
        let seq = u64::try_from(row.int(0)?)?;
        let record = RecordId(row.bytes(2)?);
        match row.int(1)? {
            LOG_SCOPE => return self.moved(tx, seq, record, &row.blob(6)?),
            LOG_REDACT => {
                let redaction = cbor::decode(&row.blob(6)?).context("Reading a redaction")?;
                return Ok(Some(Item::Redact { seq, redaction }));
            }
            LOG_PURGE => return Ok(Some(Item::Purge { seq, record })),
            _ => {}
        }
        let dot = Dot { actor: Actor(row.u32(3)?), counter: u64::try_from(row.int(4)?)? };
        let received_ms = row.int(5)?;
        let reference = if Some(row.int(0)?) == row.find_int(8)? { Some(row.text(7)?) } else { None };
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
        let officer = &self.writer.officer;
        let mut values = vec![Sql::from(record)];
        let scope = scope_condition(officer, &mut values);
        let sql = format!(
            "SELECT MIN(t.since_seq) FROM record_team t WHERE t.record = $1 AND t.until_seq IS NULL AND {scope}"
        );
        let reached_since = tx.one(&sql, &values)?.find_int(0)?;
        match reached_since {
            // The log is told from the oldest key that reaches the record now, and what was before it comes whole.
            Some(since) if since == i64::try_from(seq)? => {
                if planted::is(Mutant::AssignmentNotTold) && moved.to.contains(&officer.own_key()) {
                    return Ok(None);
                }
                Ok(self.enter(tx, seq, [record])?.into_iter().next())
            }
            Some(_) => Ok(None),
            None if officer.reaches_any(&moved.from) => Ok(Some(Item::Leave { seq, record })),
            None => Ok(None),
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
            let scope = scope_condition(&self.writer.officer, &mut values);
            let sql = format!(
                "SELECT r.id, r.state, r.office_reference, r.received_at, r.captured_at FROM record r \
                 WHERE r.id = $1 AND EXISTS (SELECT 1 FROM record_team t WHERE t.record = r.id \
                 AND t.until_seq IS NULL AND {scope})"
            );
            found.extend(tx.find(&sql, &values)?);
        }
        if found.is_empty() {
            return Ok(None);
        }
        Ok(Some(Item::Enter { seq, page: pack(&found.iter().collect::<Vec<_>>())? }))
    }
}

fn read_to(tx: &mut Connection, cursor: Cursor, reached: u64) -> Result<Vec<u8>> {
    let mark = if reached == cursor.seq { cursor.mark } else { mark_at(tx, reached)? };
    Ok(cbor::encode(&Cursor { seq: reached, mark, ..cursor }))
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

/// Whether a device has read the log to exactly where it stands, in the scope its officer has now.
pub(super) fn stands_at(identity: &Identity, officer: &Officer, cursor: &[u8], seq: i64) -> bool {
    let Ok(cursor) = cbor::decode::<Cursor>(cursor) else { return false };
    cursor.epoch == short(identity.epoch)
        && cursor.scope == scope_hash(officer)
        && cursor.filling.is_none()
        && i64::try_from(cursor.seq) == Ok(seq)
}

/// Records read at a time when all of a scope are looked at.
const SCOPE_PAGE: i64 = 200;

/// Everything in an officer's scope with its state, in the order of ids and never much of it in memory.
pub(super) fn each_in_scope(
    tx: &mut Connection,
    officer: &Officer,
    mut look: impl FnMut(RecordId, &[u8]),
) -> Result<()> {
    let mut after = vec![];
    loop {
        let mut values = vec![Sql::from(after.clone())];
        let scope = scope_condition(officer, &mut values);
        values.push(Sql::from(SCOPE_PAGE));
        let limit = values.len();
        let sql = format!(
            "SELECT r.id, r.state FROM record r WHERE r.id > $1 AND EXISTS (SELECT 1 FROM record_team t \
             WHERE t.record = r.id AND t.until_seq IS NULL AND {scope}) ORDER BY r.id LIMIT ${limit}"
        );
        let rows = tx.query(&sql, &values)?;
        for row in &rows {
            look(RecordId(row.bytes(0)?), &row.blob(1)?);
        }
        match rows.last() {
            Some(last) if i64::try_from(rows.len())? == SCOPE_PAGE => after = last.blob(0)?,
            _ => return Ok(()),
        }
    }
}
