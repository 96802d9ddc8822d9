//! Cutting the log: what was said before a day goes, where the records themselves hold all it came to. A few records at a
//! time, each whole or not at all, while others go on writing: it can end anywhere and be begun again.

use anyhow::{Context, Result};
use kerbside_core::cbor;
use kerbside_core::change::{Change, ChangeBytes};
use kerbside_core::ids::{RecordId, Sha256};
use kerbside_core::record::Record;
use serde::Serialize;

use super::Store;
use super::connection::Connection;
use super::cut::{self, Left};
use super::dialect;
use super::records;
use super::taking::{HELD, LOG_CHANGE};
use super::verify;
use crate::values;

/// Records cut in one transaction: nobody waits long for it.
const AT_ONCE: i64 = 20;

/// What was cut, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// The last number of the log from before the day: nothing above it is touched.
    pub through: i64,
    pub records: u64,
    pub changes: u64,
    /// Of their words, beyond what is kept in their place.
    pub bytes: u64,
    pub left_whole: LeftWhole,
}

/// Records with changes from before the day that keep them all, by why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LeftWhole {
    /// Somebody has to decide: two answers, a change in review, or one that waits for another.
    pub undecided: u64,
    /// A signature is over what its changes say.
    pub sealed: u64,
    /// Words are asked of a device that still has them.
    pub missing: u64,
    /// Its log does not make it: see `verify`.
    pub damaged: u64,
}

/// Why a record keeps its log.
enum Whole {
    Undecided,
    Sealed,
    Missing,
    Damaged,
}

impl LeftWhole {
    fn count(&mut self, why: &Whole) {
        *match why {
            Whole::Undecided => &mut self.undecided,
            Whole::Sealed => &mut self.sealed,
            Whole::Missing => &mut self.missing,
            Whole::Damaged => &mut self.damaged,
        } += 1;
    }
}

impl Store {
    /// Cuts what was received before `before_ms`. `only_asks` changes nothing and says what would be.
    pub fn cut(&mut self, now_ms: i64, before_ms: i64, only_asks: bool) -> Result<Cut> {
        let through = self.connection.snapshot(|tx| last_before(tx, before_ms))?;
        let mut done = Cut { through, ..Cut::default() };
        let mut after = Some(vec![]);
        while let Some(from) = after {
            let mut step = done;
            after = if only_asks {
                self.connection.snapshot(|tx| {
                    let due = due(tx, through, &from)?;
                    due.iter().try_for_each(|record| look(tx, *record, &mut step).map(|_| ()))?;
                    Ok(last(&due))
                })?
            } else {
                self.connection.transaction(|tx| cut_some(tx, now_ms, &from, &mut step))?
            };
            done = step;
        }
        Ok(done)
    }

    /// Gives the room of what was cut back to the disk. Nobody can write meanwhile.
    pub fn shrink(&mut self) -> Result<()> {
        dialect::shrink(&mut self.connection)
    }
}

/// The last entry before everything that was received since: a clock that once went astray holds it back.
fn last_before(tx: &mut Connection, before_ms: i64) -> Result<i64> {
    let since =
        tx.one("SELECT MIN(seq) FROM log WHERE received_at >= $1", values![before_ms])?.find_int(0)?;
    match since {
        Some(since) => Ok(since - 1),
        None => tx.one("SELECT seq FROM council WHERE id = 1", &[])?.int(0),
    }
}

/// The next records that have something to cut.
fn due(tx: &mut Connection, through: i64, after: &[u8]) -> Result<Vec<RecordId>> {
    let rows = tx.query(
        "SELECT DISTINCT record FROM log WHERE record > $1 AND kind = $2 AND seq <= $3 ORDER BY record LIMIT $4",
        values![after, LOG_CHANGE, through, AT_ONCE],
    )?;
    rows.iter().map(|row| Ok(RecordId(row.bytes(0)?))).collect()
}

fn last(due: &[RecordId]) -> Option<Vec<u8>> {
    due.last().map(|record| record.0.to_vec())
}

fn cut_some(tx: &mut Connection, now_ms: i64, after: &[u8], done: &mut Cut) -> Result<Option<Vec<u8>>> {
    // Nobody may fold a change into a record while its log is cut.
    tx.execute("UPDATE council SET seq = seq WHERE id = 1", &[])?;
    let due = due(tx, done.through, after)?;
    for record in &due {
        if let Some(found) = look(tx, *record, done)? {
            cut_record(tx, now_ms, *record, found)?;
        }
    }
    Ok(last(&due))
}

/// What there is to cut of a record, oldest first.
struct Found {
    changes: Vec<(i64, Change)>,
    /// The log goes on above.
    follows: bool,
}

/// Counts what may be cut of a record, or why it keeps its log.
fn look(tx: &mut Connection, record: RecordId, done: &mut Cut) -> Result<Option<Found>> {
    if let Some(why) = stays_whole(tx, record)? {
        done.left_whole.count(&why);
        return Ok(None);
    }
    let rows = tx.query(
        "SELECT l.seq, l.body, COALESCE(r.hash, d.hash) FROM log l \
         JOIN dot d ON d.actor = l.actor AND d.counter = l.counter \
         LEFT JOIN residue r ON r.actor = d.actor AND r.counter = d.counter \
         WHERE l.record = $1 AND l.kind = $2 ORDER BY l.seq",
        values![record, LOG_CHANGE],
    )?;
    let mut found = Found { changes: Vec::new(), follows: false };
    let mut bytes = 0;
    for row in &rows {
        let body = row.blob(1)?;
        if Sha256::of(&body) != Sha256(row.bytes(2)?) {
            done.left_whole.count(&Whole::Damaged);
            return Ok(None);
        }
        if done.through < row.int(0)? {
            found.follows = true;
            continue;
        }
        let length = body.len();
        let change = ChangeBytes::received(body).read().context("Reading the log")?;
        bytes += length.saturating_sub(cbor::encode(&Left::of(&change)).len());
        found.changes.push((row.int(0)?, change));
    }
    done.records += 1;
    done.changes += u64::try_from(found.changes.len())?;
    done.bytes += u64::try_from(bytes)?;
    Ok(Some(found))
}

fn stays_whole(tx: &mut Connection, record: RecordId) -> Result<Option<Whole>> {
    if verify::is_waiting(tx, record)? {
        return Ok(Some(Whole::Missing));
    }
    // What cannot be read is what `verify` is for: here it only has to stay.
    let Ok(Some(kept)) = records::load(tx, record) else { return Ok(Some(Whole::Damaged)) };
    let waits = tx.one(
        "SELECT (SELECT COUNT(*) FROM review WHERE record = $1 AND outcome = '') + (SELECT COUNT(*) FROM set_aside s \
         JOIN dot d ON d.actor = s.actor AND d.counter = s.counter WHERE d.record = $1 AND d.verdict = $2)",
        values![record, HELD],
    )?;
    if 0 < kept.state.two_answers() || 0 < waits.int(0)? {
        return Ok(Some(Whole::Undecided));
    }
    if kept.state.seals().next().is_some() {
        return Ok(Some(Whole::Sealed));
    }
    let is_sound = verify::is_as_folded(tx, record, &kept.state.pack()).unwrap_or(false);
    Ok((!is_sound).then_some(Whole::Damaged))
}

fn cut_record(tx: &mut Connection, now_ms: i64, record: RecordId, found: Found) -> Result<()> {
    let mut state: Record = cut::state(tx, record)?;
    let mut last = 0;
    for (seq, change) in found.changes {
        state.apply(&change);
        cut::cut_entry(tx, seq, &change)?;
        last = seq;
    }
    cut::note(tx, now_ms, record, &state, found.follows)?;
    tx.execute("UPDATE council SET floor = $1 WHERE id = 1 AND floor < $1", values![last]).map(|_| ())
}
