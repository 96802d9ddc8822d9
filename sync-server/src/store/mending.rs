//! Putting the server's memory right: from what it repeats itself, from a backup, or by asking the devices. The log is
//! the truth, so states and lists are made from it again; nothing is deleted, and each repair is noted.

use std::collections::BTreeSet;

use anyhow::Result;
use kerbside_core::chain;
use kerbside_core::ids::{Actor, Dot, RecordId, Sha256};
use kerbside_core::mend::turn_bit_back;
use serde::Serialize;

use super::Store;
use super::compare::{self, Repair};
use super::connection::Connection;
use super::cut;
use super::packs::FormShelf;
use super::records::{self, Kept};
use super::rows::{self, BadRow};
use super::taking::{LOG_CHANGE, LOG_CUT, to_row};
use super::value::Sql;
use super::verify::{self, Verified};
use crate::values;

/// What was put right, and what now waits for a device.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Mended {
    /// Records made again from the log.
    pub records: Vec<RecordId>,
    /// Changes whose bytes are as they were hashed again.
    pub changes: Vec<Dot>,
    /// Changes whose bytes are asked of the devices that made them.
    pub asked: Vec<Dot>,
    /// Rows taken back from a backup, by table.
    pub rows: Vec<String>,
    /// Photos taken back from a backup.
    pub photos: Vec<Sha256>,
    /// Photos asked of the devices that took them.
    pub photos_asked: Vec<Sha256>,
    /// Smaller copies that are drawn again when they are next looked at.
    pub copies: u32,
}

impl Store {
    /// Repairs what `verified` found, in one transaction.
    pub fn mend(
        &mut self,
        now_ms: i64,
        verified: &Verified,
        mut backup: Option<&mut Self>,
    ) -> Result<Mended> {
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            let mut mended = Mended::default();
            let bad = rows::damage(tx)?.rows;
            rows::drop_sums(tx)?;
            for row in &bad {
                if let Some(backup) = backup.as_deref_mut()
                    && take_row_back(tx, &mut backup.connection, row)?
                {
                    mended.rows.push(row.table.clone());
                }
            }
            for actor in &verified.bad_chains {
                mend_chain(tx, *actor)?;
            }
            for dot in verified.bad_changes.iter().chain(&verified.missing_changes) {
                mend_body(tx, backup.as_deref_mut(), *dot, now_ms, &mut mended)?;
            }
            for record in records_to_make_again(tx, verified, &bad)? {
                let backup = backup.as_deref_mut().map(|backup| &mut backup.connection);
                if cut::mend(tx, backup, record)? && !verify::is_waiting(tx, record)? {
                    make_again(tx, forms, record)?;
                    mended.records.push(record);
                }
            }
            rows::sum_all(tx)?;
            note(tx, now_ms, &mended)?;
            Ok(mended)
        })
    }

    /// Photos whose bytes are gone: their records say so, and the devices that have them are asked.
    pub fn photos_are_missing(&mut self, now_ms: i64, photos: &[Sha256]) -> Result<()> {
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            lock_log(tx)?;
            for photo in photos {
                tx.execute("DELETE FROM photo WHERE sha256 = $1", values![*photo])?;
                tx.execute("UPDATE photo_named SET sent_at = NULL WHERE sha256 = $1", values![*photo])?;
                tx.execute("UPDATE upload SET completed_at = NULL WHERE sha256 = $1", values![*photo])?;
                let named =
                    tx.query("SELECT DISTINCT record FROM photo_named WHERE sha256 = $1", values![*photo])?;
                for row in named {
                    make_again(tx, forms, RecordId(row.bytes(0)?))?;
                }
                tell(tx, now_ms, "photo_asked", None, Some(*photo))?;
            }
            Ok(())
        })
    }

    /// Records are made anew once the bytes that were waited for are back.
    pub(super) fn refold(&mut self, records: &BTreeSet<RecordId>) -> Result<()> {
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            lock_log(tx)?;
            for record in records {
                if !verify::is_waiting(tx, *record)? {
                    make_again(tx, forms, *record)?;
                }
            }
            Ok(())
        })
    }
}

/// Nobody may fold a change into a record while it is made again from its log.
fn lock_log(tx: &mut Connection) -> Result<()> {
    tx.execute("UPDATE council SET seq = seq WHERE id = 1", &[]).map(|_| ())
}

/// Hashes and chain values follow from the bytes and from each other.
fn mend_chain(tx: &mut Connection, actor: Actor) -> Result<()> {
    let dots = tx.query(
        "SELECT d.counter, d.hash, d.chain, COALESCE(l.body, s.body) FROM dot d \
         LEFT JOIN log l ON l.seq = d.seq AND l.kind = $1 \
         LEFT JOIN set_aside s ON s.actor = d.actor AND s.counter = d.counter WHERE d.actor = $2 ORDER BY d.counter",
        values![LOG_CHANGE, actor],
    )?;
    let mut last = chain::START;
    for (at, dot) in dots.iter().enumerate() {
        let (known, chain) = (Sha256(dot.bytes(1)?), Sha256(dot.bytes(2)?));
        let fits = |hash: Sha256| chain::next(last, hash) == chain;
        let mut hash = known;
        if !fits(known) {
            let made = match dot.find_blob(3)? {
                Some(body) => Some(Sha256::of(&body)).filter(|made| fits(*made)),
                None => {
                    turn_bit_back(&known.0, |bytes| bytes.try_into().is_ok_and(|bytes| fits(Sha256(bytes))))
                        .and_then(|bytes| Some(Sha256(bytes.try_into().ok()?)))
                }
            };
            hash = made.unwrap_or(known);
        }
        let goes_on = match dots.get(at + 1) {
            Some(next) => chain::next(chain, Sha256(next.bytes(1)?)) == Sha256(next.bytes(2)?),
            None => false,
        };
        // Where what follows builds on the chain value as it stands, the hash is what went bad, and stays so.
        last = if !fits(hash) && goes_on { chain } else { chain::next(last, hash) };
        if known != hash || chain != last {
            tx.execute(
                "UPDATE dot SET hash = $1, chain = $2 WHERE actor = $3 AND counter = $4",
                values![hash, last, actor, dot.int(0)?],
            )?;
        }
    }
    // The head that the device signed says whether this is the chain that came.
    tx.execute(
        "UPDATE actor SET chain = $1 WHERE id = $2 AND last_counter = $3",
        values![last, actor, i64::try_from(dots.len())?],
    )
    .map(|_| ())
}

struct Place {
    hash: Sha256,
    seq: Option<i64>,
    body: Option<Vec<u8>>,
}

fn place(tx: &mut Connection, dot: Dot) -> Result<Option<Place>> {
    let found = tx.find(
        "SELECT COALESCE(r.hash, d.hash), d.seq, COALESCE(l.body, s.body) FROM dot d \
         LEFT JOIN residue r ON r.actor = d.actor AND r.counter = d.counter LEFT JOIN log l ON l.seq = d.seq \
         LEFT JOIN set_aside s ON s.actor = d.actor AND s.counter = d.counter WHERE d.actor = $1 AND d.counter = $2",
        values![dot.actor, to_row(dot.counter)?],
    )?;
    let Some(row) = found else { return Ok(None) };
    Ok(Some(Place { hash: Sha256(row.bytes(0)?), seq: row.find_int(1)?, body: row.find_blob(2)? }))
}

/// A change's bytes: by turning one bit back, from a backup, or else from the device that made it.
fn mend_body(
    tx: &mut Connection,
    backup: Option<&mut Store>,
    dot: Dot,
    now_ms: i64,
    mended: &mut Mended,
) -> Result<()> {
    let Some(Place { hash, seq, body: Some(body) }) = place(tx, dot)? else { return Ok(()) };
    let fits = |tried: &[u8]| Sha256::of(tried) == hash;
    if fits(&body) {
        return Ok(());
    }
    let kept = match backup {
        Some(backup) => place(&mut backup.connection, dot)?.and_then(|place| place.body),
        None => None,
    };
    let whole = kept.filter(|kept| fits(kept)).or_else(|| turn_bit_back(&body, fits));
    let (actor, counter) = (dot.actor, to_row(dot.counter)?);
    let Some(whole) = whole else {
        tx.execute(
            "INSERT INTO body_missing (actor, counter, noticed_at) VALUES ($1, $2, $3) \
             ON CONFLICT (actor, counter) DO NOTHING",
            values![actor, counter, now_ms],
        )?;
        mended.asked.push(dot);
        return Ok(());
    };
    match seq {
        Some(seq) => tx.execute("UPDATE log SET body = $1 WHERE seq = $2", values![whole, seq])?,
        None => tx.execute(
            "UPDATE set_aside SET body = $1 WHERE actor = $2 AND counter = $3",
            values![whole, actor, counter],
        )?,
    };
    tx.execute("DELETE FROM body_missing WHERE actor = $1 AND counter = $2", values![actor, counter])?;
    mended.changes.push(dot);
    Ok(())
}

/// The records found wrong, and those whose row no longer fits its sum.
fn records_to_make_again(
    tx: &mut Connection,
    verified: &Verified,
    bad: &BTreeSet<BadRow>,
) -> Result<BTreeSet<RecordId>> {
    let mut records: BTreeSet<RecordId> = verified.bad_records.iter().copied().collect();
    for row in bad.iter().filter(|row| row.table == "record") {
        if let Some(found) = tx.find("SELECT id FROM record WHERE rowid = $1", values![row.rowid])? {
            records.insert(RecordId(found.bytes(0)?));
        }
    }
    for dot in verified.bad_changes.iter().chain(&verified.missing_changes) {
        let found = tx.find(
            "SELECT record FROM dot WHERE actor = $1 AND counter = $2 AND seq IS NOT NULL",
            values![dot.actor, to_row(dot.counter)?],
        )?;
        if let Some(row) = found {
            records.insert(RecordId(row.bytes(0)?));
        }
    }
    Ok(records)
}

/// Folds a record's log and writes its row from it. What the log does not say is kept.
fn make_again(tx: &mut Connection, forms: &mut FormShelf, record: RecordId) -> Result<()> {
    let first = tx.find(
        "SELECT seq, received_at FROM log WHERE record = $1 AND kind IN ($2, $3) ORDER BY seq LIMIT 1",
        values![record, LOG_CHANGE, LOG_CUT],
    )?;
    let Some(first) = first else { return Ok(()) };
    let last = tx.one(
        "SELECT MAX(seq) FROM log WHERE record = $1 AND kind IN ($2, $3)",
        values![record, LOG_CHANGE, LOG_CUT],
    )?;
    let state = verify::fold(tx, record)?;
    let form = forms.nearest(tx, state.form(), state.form_version())?;
    let there = tx.find("SELECT office_reference FROM record WHERE id = $1", values![record])?;
    let office_reference = match there {
        Some(row) => row.text(0)?,
        None => records::next_reference(
            tx,
            form.as_deref().map_or("R", |form| form.settings().ref_prefix.as_str()),
        )?,
    };
    let kept = Kept { state, office_reference, first_seq: first.int(0)?, received_at: first.int(1)? };
    records::save(tx, record, &kept, last.int(0)?, form.as_deref())?;
    let derived = records::derived(tx, record, &kept.state)?;
    tx.execute(
        "UPDATE record SET form = $1, created_by = $2, created_actor = $3, captured_at = $4, received_at = $5, \
         first_seq = $6 WHERE id = $7",
        values![
            derived.form,
            derived.created_by,
            derived.created_actor,
            derived.captured_at,
            kept.received_at,
            kept.first_seq,
            record
        ],
    )
    .map(|_| ())
}

/// A row as a backup has it, where the two differ by one bit: then it is the backup's that is right.
fn take_row_back(tx: &mut Connection, backup: &mut Connection, bad: &BadRow) -> Result<bool> {
    let all = format!("SELECT name FROM pragma_table_info('{}') ORDER BY cid", bad.table);
    let columns: Vec<String> = tx.query(&all, &[])?.iter().map(|row| row.text(0)).collect::<Result<_>>()?;
    let select = format!("SELECT {} FROM {} WHERE rowid = $1", columns.join(", "), bad.table);
    let here = tx.find(&select, values![bad.rowid])?;
    let (Some(here), Some(there)) = (here, backup.find(&select, values![bad.rowid])?) else {
        return Ok(false);
    };
    let differing: Vec<(usize, &Sql, &Sql)> = here
        .values()
        .iter()
        .zip(there.values())
        .enumerate()
        .filter(|(_, (here, there))| here != there)
        .map(|(at, (here, there))| (at, here, there))
        .collect();
    let [(at, here, right)] = differing.as_slice() else { return Ok(false) };
    let Some(column) = columns.get(*at).filter(|_| is_one_bit(here, right)) else { return Ok(false) };
    let update = format!("UPDATE {} SET {column} = $1 WHERE rowid = $2", bad.table);
    tx.execute(&update, &[(*right).clone(), Sql::from(bad.rowid)])?;
    Ok(true)
}

fn is_one_bit(one: &Sql, other: &Sql) -> bool {
    let bits = |one: &[u8], other: &[u8]| {
        one.len() == other.len()
            && one.iter().zip(other).map(|(one, other)| (one ^ other).count_ones()).sum::<u32>() == 1
    };
    match (one, other) {
        (Sql::Int(one), Sql::Int(other)) => (one ^ other).count_ones() == 1,
        (Sql::Text(one), Sql::Text(other)) => bits(one.as_bytes(), other.as_bytes()),
        (Sql::Blob(one), Sql::Blob(other)) => bits(one, other),
        (Sql::Null | Sql::Int(_) | Sql::Text(_) | Sql::Blob(_), _) => false,
    }
}

fn note(tx: &mut Connection, now_ms: i64, mended: &Mended) -> Result<()> {
    for record in &mended.records {
        tell(tx, now_ms, "record_refolded", Some(*record), None)?;
    }
    for (kind, dots) in [("change_mended", &mended.changes), ("change_asked", &mended.asked)] {
        for dot in dots {
            let row = tx.find(
                "SELECT record FROM dot WHERE actor = $1 AND counter = $2",
                values![dot.actor, to_row(dot.counter)?],
            )?;
            let record = row.map(|row| row.bytes(0)).transpose()?.map(RecordId);
            tell(tx, now_ms, kind, record, None)?;
        }
    }
    for _ in &mended.rows {
        tell(tx, now_ms, "row_taken_back", None, None)?;
    }
    Ok(())
}

/// One line of the server's own repairs.
fn tell(
    tx: &mut Connection,
    now_ms: i64,
    kind: &str,
    record: Option<RecordId>,
    photo: Option<Sha256>,
) -> Result<()> {
    let server = super::identity::read(tx)?.server.0;
    let last = tx.one("SELECT COALESCE(MAX(number), 0) FROM repair WHERE holder = $1", values![server])?;
    let repair = Repair { number: last.int(0)? + 1, at_ms: now_ms, kind: kind.to_owned(), record, photo };
    compare::note(tx, now_ms, &server, &repair)
}
