//! Records whose log was cut: one state stands for the changes that are cut, and of each of those stays when it was made
//! and which act it was, so that a repeat is still known for one. Both are under hashes of their own.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use kerbside_core::cbor;
use kerbside_core::change::{Change, ChangeBytes};
use kerbside_core::ids::{Cid, Dot, RecordId, Sha256};
use kerbside_core::mend::turn_bit_back;
use kerbside_core::planted::{self, Mutant};
use kerbside_core::record::Record;
use kerbside_core::redact::Redaction;
use kerbside_core::time::Moment;
use minicbor::{Decode, Encode};

use super::connection::Connection;
use super::redacting::Saying;
use super::taking::{LOG_CHANGE, LOG_CUT, to_row};
use super::value::Row;
use crate::values;

/// What is left of a change whose words were cut. Its dot, its act and its officer stand in tables of their own.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Left {
    #[n(0)]
    pub(super) at: Moment,
    #[n(1)]
    pub(super) was: Option<Dot>,
}

impl Left {
    pub(super) fn of(change: &Change) -> Self {
        Self { at: change.at, was: change.was }
    }

    pub(super) fn read(body: &[u8]) -> Result<Self> {
        cbor::decode(body).context("Reading what is left of a change")
    }
}

/// Whether what is left of an act under the same `cid` and record is this one. Where it cannot be read it is taken for
/// the same: nothing may be taken twice.
pub(super) fn is_of(body: &[u8], change: &Change) -> bool {
    !planted::is(Mutant::CutForgetsHashes) && Left::read(body).map_or(true, |left| left.at == change.at)
}

/// What stands for the changes of a record that were cut.
struct AtCut {
    hash: Sha256,
    left_hash: Sha256,
    state: Vec<u8>,
}

fn find(tx: &mut Connection, record: RecordId) -> Result<Option<AtCut>> {
    let sql = "SELECT c.hash, c.left_hash, CASE WHEN LENGTH(c.state) > 0 THEN c.state ELSE r.state END \
               FROM cut c LEFT JOIN record r ON r.id = c.record WHERE c.record = $1";
    let Some(row) = tx.find(sql, values![record])? else { return Ok(None) };
    Ok(Some(AtCut {
        hash: Sha256(row.bytes(0)?),
        left_hash: Sha256(row.bytes(1)?),
        state: row.find_blob(2)?.unwrap_or_default(),
    }))
}

/// The state on which the rest of a record's log is folded: nothing, where none of it was cut.
pub(super) fn state(tx: &mut Connection, record: RecordId) -> Result<Record> {
    match find(tx, record)? {
        Some(at) => Record::unpack(&at.state).context("Reading the state at a cut"),
        None => Ok(Record::default()),
    }
}

/// A record that was cut goes on: from now on its row says more than the state at the cut.
pub(super) fn keep_state(tx: &mut Connection, record: RecordId) -> Result<()> {
    tx.execute(
        "UPDATE cut SET state = (SELECT r.state FROM record r WHERE r.id = $1) WHERE record = $1 AND LENGTH(state) = 0",
        values![record],
    )
    .map(|_| ())
}

/// Notes that a record is cut: to this state, which its own row repeats where nothing follows.
pub(super) fn note(
    tx: &mut Connection,
    now_ms: i64,
    record: RecordId,
    state: &Record,
    follows: bool,
) -> Result<()> {
    let state = state.pack();
    let (hash, left_hash) = (Sha256::of(&state), sum(&left_of(tx, record)?));
    let state = if follows { state } else { Vec::new() };
    tx.execute(
        "INSERT INTO cut (record, hash, left_hash, state, cut_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (record) DO UPDATE SET hash = excluded.hash, left_hash = excluded.left_hash, \
         state = excluded.state, cut_at = excluded.cut_at",
        values![record, hash, left_hash, state, now_ms],
    )
    .map(|_| ())
}

/// The acts of a record that were cut and may have said what is to go: all of them, for what each said nobody knows, or
/// of a note those under these dots. None where nothing of it is in the state at the cut.
pub(super) fn acts_with(
    tx: &mut Connection,
    redaction: &Redaction,
    said_as: Option<&BTreeSet<Dot>>,
) -> Result<Vec<Cid>> {
    if !state(tx, redaction.record)?.redact(redaction) {
        return Ok(Vec::new());
    }
    let rows = tx.query(
        "SELECT d.cid, d.actor, d.counter FROM log l JOIN dot d ON d.actor = l.actor AND d.counter = l.counter \
         WHERE l.record = $1 AND l.kind = $2 ORDER BY l.seq",
        values![redaction.record, LOG_CUT],
    )?;
    let mut acts = Vec::new();
    for row in &rows {
        let dot = super::review::dot_at(row, 1)?;
        if said_as.is_none_or(|dots| dots.contains(&dot)) {
            acts.push(Cid(row.bytes(0)?));
        }
    }
    Ok(acts)
}

/// What the cut changes of a record noted, which its state still says.
pub(super) fn notes_left(tx: &mut Connection, record: RecordId) -> Result<Vec<Saying>> {
    let state = state(tx, record)?;
    let rows = tx.query(
        "SELECT actor, counter, body FROM log WHERE record = $1 AND kind = $2 ORDER BY seq",
        values![record, LOG_CUT],
    )?;
    let mut saying = Vec::new();
    for row in &rows {
        let dot = super::review::dot_at(row, 0)?;
        let notes = state.notes().filter(|note| note.stamp.dot == dot);
        let notes = notes.map(|note| (note.kind.clone(), note.text.clone())).collect();
        // Of one that cannot be read `verify` says so; what it was made of is not known.
        let was = Left::read(&row.blob(2)?).ok().and_then(|left| left.was);
        saying.push(Saying { dot, was, notes });
    }
    Ok(saying)
}

/// Takes something out of the state at the cut as well. Before the record's own row is written.
pub(super) fn redact(tx: &mut Connection, redaction: &Redaction) -> Result<()> {
    let record = redaction.record;
    if find(tx, record)?.is_none() {
        return Ok(());
    }
    let mut state = state(tx, record)?;
    if !state.redact(redaction) {
        return Ok(());
    }
    let state = state.pack();
    tx.execute("UPDATE cut SET hash = $1 WHERE record = $2", values![Sha256::of(&state), record])?;
    tx.execute("UPDATE cut SET state = $1 WHERE record = $2 AND LENGTH(state) > 0", values![state, record])
        .map(|_| ())
}

/// What is left of one change, with what its row says of it.
struct Entry {
    seq: i64,
    place: Vec<u8>,
    body: Vec<u8>,
}

impl Entry {
    fn of(row: &Row) -> Result<Self> {
        let seq = row.int(0)?;
        let place = [seq, row.int(1)?, row.int(2)?, row.int(3)?].map(i64::to_be_bytes).concat();
        Ok(Self { seq, place, body: row.blob(4)? })
    }

    fn hash(&self, body: &[u8]) -> Sha256 {
        Sha256::of(&[&self.place, body].concat())
    }
}

fn left_of(tx: &mut Connection, record: RecordId) -> Result<Vec<Entry>> {
    let rows = tx.query(
        "SELECT seq, actor, counter, received_at, body FROM log WHERE record = $1 AND kind = $2 ORDER BY seq",
        values![record, LOG_CUT],
    )?;
    rows.iter().map(Entry::of).collect()
}

/// One sum of all their hashes, from which that of any one follows by the others.
fn sum(left: &[Entry]) -> Sha256 {
    left.iter().fold(Sha256::default(), |sum, entry| xor(sum, entry.hash(&entry.body)))
}

fn xor(one: Sha256, other: Sha256) -> Sha256 {
    let mut sum = one.0;
    sum.iter_mut().zip(other.0).for_each(|(byte, other)| *byte ^= other);
    Sha256(sum)
}

/// Whether the state at the cut, and what is left of each change, are as they were hashed.
pub(super) fn is_whole(tx: &mut Connection, record: RecordId) -> Result<bool> {
    let left = left_of(tx, record)?;
    Ok(match find(tx, record)? {
        Some(at) => Sha256::of(&at.state) == at.hash && sum(&left) == at.left_hash,
        None => left.is_empty(),
    })
}

/// Puts right what went bad of a cut: one bit turned back, or from a backup. False where neither helps: then the record
/// must be left as it is, for its log does not make it.
pub(super) fn mend(
    tx: &mut Connection,
    mut backup: Option<&mut Connection>,
    record: RecordId,
) -> Result<bool> {
    let Some(at) = find(tx, record)? else { return is_whole(tx, record) };
    mend_state(tx, backup.as_deref_mut(), record, &at)?;
    mend_left(tx, backup, record, at.left_hash)?;
    is_whole(tx, record)
}

fn mend_state(
    tx: &mut Connection,
    backup: Option<&mut Connection>,
    record: RecordId,
    at: &AtCut,
) -> Result<()> {
    let of = |tried: &[u8]| Sha256::of(tried) == at.hash;
    if of(&at.state) {
        return Ok(());
    }
    if let Some(hash) = turn_bit_back(&at.hash.0, |tried| tried == Sha256::of(&at.state).0) {
        return tx.execute("UPDATE cut SET hash = $1 WHERE record = $2", values![hash, record]).map(|_| ());
    }
    let mut state = turn_bit_back(&at.state, of);
    if let (None, Some(backup)) = (&state, backup) {
        state = states_in(backup, record, last_cut(tx, record)?)?.into_iter().find(|kept| of(kept));
    }
    if let Some(state) = state {
        tx.execute("UPDATE cut SET state = $1 WHERE record = $2", values![state, record])?;
    }
    Ok(())
}

fn last_cut(tx: &mut Connection, record: RecordId) -> Result<i64> {
    let last = tx
        .one("SELECT MAX(seq) FROM log WHERE record = $1 AND kind = $2", values![record, LOG_CUT])?
        .find_int(0)?;
    Ok(last.unwrap_or(0))
}

/// Every state that a backup may have kept of the moment of a cut: cut there too, or not yet.
fn states_in(backup: &mut Connection, record: RecordId, last: i64) -> Result<Vec<Vec<u8>>> {
    let mut folded = state(backup, record)?;
    let mut states = vec![folded.pack()];
    let rows = backup.query(
        "SELECT body FROM log WHERE record = $1 AND kind = $2 AND seq <= $3 ORDER BY seq",
        values![record, LOG_CHANGE, last],
    )?;
    for row in rows {
        folded.apply(&ChangeBytes::received(row.blob(0)?).read().context("Reading a backup's log")?);
    }
    states.push(folded.pack());
    Ok(states)
}

fn mend_left(
    tx: &mut Connection,
    backup: Option<&mut Connection>,
    record: RecordId,
    due: Sha256,
) -> Result<()> {
    let mut left = left_of(tx, record)?;
    let wrong = xor(sum(&left), due);
    if wrong == Sha256::default() {
        return Ok(());
    }
    for entry in &left {
        // What the hash of this one would have to be, if it alone is wrong.
        let hash = xor(entry.hash(&entry.body), wrong);
        if let Some(body) = turn_bit_back(&entry.body, |tried| entry.hash(tried) == hash) {
            return write(tx, entry.seq, &body);
        }
    }
    let found = sum(&left);
    if turn_bit_back(&due.0, |tried| tried == found.0).is_some() {
        return tx
            .execute("UPDATE cut SET left_hash = $1 WHERE record = $2", values![found, record])
            .map(|_| ());
    }
    let Some(backup) = backup else { return Ok(()) };
    for entry in &mut left {
        if let Some(body) = left_in(backup, record, entry.seq)? {
            entry.body = body;
        }
    }
    if sum(&left) == due {
        for entry in &left {
            write(tx, entry.seq, &entry.body)?;
        }
    }
    Ok(())
}

fn left_in(backup: &mut Connection, record: RecordId, seq: i64) -> Result<Option<Vec<u8>>> {
    let found =
        backup.find("SELECT kind, body FROM log WHERE seq = $1 AND record = $2", values![seq, record])?;
    let Some(row) = found else { return Ok(None) };
    let body = row.blob(1)?;
    if row.int(0)? == LOG_CUT {
        return Ok(Some(body));
    }
    Ok(ChangeBytes::received(body).read().ok().map(|change| cbor::encode(&Left::of(&change))))
}

fn write(tx: &mut Connection, seq: i64, body: &[u8]) -> Result<()> {
    tx.execute("UPDATE log SET body = $1 WHERE seq = $2", values![body, seq]).map(|_| ())
}

/// Puts what is left of a change in its place.
pub(super) fn cut_entry(tx: &mut Connection, seq: i64, change: &Change) -> Result<usize> {
    let left = cbor::encode(&Left::of(change));
    tx.execute("UPDATE log SET kind = $1, body = $2 WHERE seq = $3", values![LOG_CUT, &*left, seq])?;
    tx.execute(
        "DELETE FROM residue WHERE actor = $1 AND counter = $2",
        values![change.actor, to_row(change.counter)?],
    )?;
    Ok(left.len())
}
