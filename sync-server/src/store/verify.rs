//! Proof that what is shown is what was received: every page and row of the database, every chain to its signed heads,
//! the log folded again and compared with every record. Reads only, and says all that it finds.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use kerbside_core::cbor;
use kerbside_core::chain;
use kerbside_core::change::ChangeBytes;
use kerbside_core::exchange::{Buckets, Head};
use kerbside_core::ids::{Actor, Dot, RecordId, Sha256};
use kerbside_core::record::Record;
use kerbside_core::record::view::RecordView;
use kerbside_core::sign::{Label, PublicKey, Signed};
use serde::Serialize;
use serde_json::{Value, json};

use super::Store;
use super::case_index;
use super::connection::Connection;
use super::cut;
use super::photo_index;
use super::records::{self, Derived};
use super::rows;
use super::taking::{LOG_CHANGE, LOG_CUT};
use crate::values;

/// What `verify` found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verified {
    /// `ok` or `damaged`.
    pub integrity: String,
    /// Everything that is wrong, without a word of what people wrote.
    pub faults: Vec<String>,
    pub records: u64,
    pub changes: u64,
    pub bad_records: Vec<RecordId>,
    pub bad_chains: Vec<Actor>,
    /// Changes whose bytes are not those that came.
    pub bad_changes: Vec<Dot>,
    /// Changes whose bytes are known to be gone, until their device gives them back.
    pub missing_changes: Vec<Dot>,
    pub bad_photos: Vec<Sha256>,
    /// Smaller copies of photos that are not as they were drawn.
    pub bad_copies: u32,
    pub digest: Sha256,
}

impl Verified {
    /// Says `damaged` where anything was found.
    #[must_use]
    pub fn judged(mut self) -> Self {
        let sound = self.faults.is_empty()
            && self.bad_records.is_empty()
            && self.bad_chains.is_empty()
            && self.bad_changes.is_empty()
            && self.missing_changes.is_empty()
            && self.bad_photos.is_empty()
            && self.bad_copies == 0;
        if sound { "ok" } else { "damaged" }.clone_into(&mut self.integrity);
        self
    }

    /// What is said of a database that cannot even be opened.
    #[must_use]
    pub fn unopened(cause: &anyhow::Error) -> Self {
        Self { faults: vec![format!("the database cannot be opened: {cause:#}")], ..Self::default() }.judged()
    }
}

/// Rows read at a time: none of the tables need fit memory.
const PAGE: i64 = 200;

impl Store {
    /// Looks at everything. What cannot be read is a fault like any other and stops nothing else.
    pub fn verify(&mut self) -> Result<Verified> {
        self.connection.snapshot(|tx| Ok(look(tx).judged()))
    }

    /// The merged state of everything, the same for the same changes on any machine.
    pub fn dump_canonical(&mut self) -> Result<Value> {
        self.connection.snapshot(|tx| {
            let rows = tx.query("SELECT id, state, office_reference FROM record ORDER BY id", &[])?;
            let mut records = BTreeMap::new();
            for row in &rows {
                let (id, state) = (RecordId(row.bytes(0)?), row.blob(1)?);
                let record = Record::unpack(&state).context("Reading a record")?;
                let view = RecordView::of(id, &record, Some(row.text(2)?));
                records.insert(id.to_string(), json!({"digest": Sha256::of(&state), "view": view}));
            }
            Ok(json!({"records": records}))
        })
    }

    /// One record's state.
    pub fn record(&mut self, id: RecordId) -> Result<Option<Record>> {
        Ok(records::load(&mut self.connection, id)?.map(|kept| kept.state))
    }
}

fn look(tx: &mut Connection) -> Verified {
    let mut found = Verified::default();
    let mut faults = Vec::new();
    let mut part = |what: &str, done: Result<()>| {
        if let Err(cause) = done {
            faults.push(format!("{what} cannot be read: {cause:#}"));
        }
    };
    part("the database", rows::damage(tx).map(|damage| found.faults = damage.said));
    part("the log", count(tx).map(|changes| found.changes = changes));
    part("chains", each_actor(tx, &mut found));
    part("what is missing", missing(tx).map(|missing| found.missing_changes = missing));
    part("signed heads", check_heads(tx, &mut found.faults));
    part("records", each_record(tx, &mut found));
    part("documents", check_packs(tx, &mut found.faults));
    found.faults.extend(faults);
    found
}

fn count(tx: &mut Connection) -> Result<u64> {
    let row = tx.one("SELECT COUNT(*) FROM log WHERE kind IN ($1, $2)", values![LOG_CHANGE, LOG_CUT])?;
    Ok(u64::try_from(row.int(0)?)?)
}

/// Changes whose bytes are waited for.
pub(super) fn missing(tx: &mut Connection) -> Result<Vec<Dot>> {
    let rows = tx.query("SELECT actor, counter FROM body_missing ORDER BY actor, counter", &[])?;
    rows.iter()
        .map(|row| Ok(Dot { actor: Actor(row.u32(0)?), counter: u64::try_from(row.int(1)?)? }))
        .collect()
}

fn each_actor(tx: &mut Connection, found: &mut Verified) -> Result<()> {
    for row in tx.query("SELECT id, last_counter, chain FROM actor ORDER BY id", &[])? {
        let actor = Actor(row.u32(0)?);
        let end = (row.int(1)?, Sha256(row.bytes(2)?));
        let is_good = match walk(tx, actor, &mut found.bad_changes) {
            Ok(walked) => walked == Some(end),
            Err(cause) => {
                found.faults.push(format!("the changes of actor {actor} cannot be read: {cause:#}"));
                false
            }
        };
        if !is_good {
            found.bad_chains.push(actor);
        }
    }
    Ok(())
}

/// Walks an actor's chain to its end. None where a hash is gone or does not make its chain.
fn walk(tx: &mut Connection, actor: Actor, bad: &mut Vec<Dot>) -> Result<Option<(i64, Sha256)>> {
    let (mut last, mut counter) = (chain::START, 0);
    loop {
        let dots = tx.query(
            "SELECT d.counter, d.hash, d.chain, COALESCE(l.body, s.body), m.counter, l.actor, l.counter, l.record, \
             d.record, r.hash, l.kind FROM dot d LEFT JOIN log l ON l.seq = d.seq \
             LEFT JOIN residue r ON r.actor = d.actor AND r.counter = d.counter \
             LEFT JOIN set_aside s ON s.actor = d.actor AND s.counter = d.counter \
             LEFT JOIN body_missing m ON m.actor = d.actor AND m.counter = d.counter \
             WHERE d.actor = $1 AND d.counter > $2 ORDER BY d.counter LIMIT $3",
            values![actor, counter, PAGE],
        )?;
        for dot in &dots {
            let hash = Sha256(dot.bytes(1)?);
            last = chain::next(last, hash);
            counter += 1;
            let named = Dot { actor, counter: u64::try_from(counter)? };
            // What is left of a change that was cut is under the hash of its record's cut.
            let waits = dot.find_int(4)?.is_some() || dot.find_int(10)? == Some(LOG_CUT);
            let body = dot.find_blob(3)?;
            let as_kept = dot.find_bytes(9)?.map_or(hash, Sha256);
            if !waits && body.as_ref().is_some_and(|body| Sha256::of(body) != as_kept) {
                bad.push(named);
            }
            let of_log = (dot.find_int(5)?, dot.find_int(6)?, dot.find_bytes::<16>(7)?);
            let is_its_own = of_log == (None, None, None)
                || of_log == (Some(i64::from(actor.0)), Some(counter), dot.find_bytes(8)?);
            if dot.int(0)? != counter || Sha256(dot.bytes(2)?) != last || !is_its_own {
                return Ok(None);
            }
        }
        if i64::try_from(dots.len())? < PAGE {
            return Ok(Some((counter, last)));
        }
    }
}

/// Every head that a device signed still opens with its key and stands in the chain where it says.
fn check_heads(tx: &mut Connection, faults: &mut Vec<String>) -> Result<()> {
    let mut after = (-1, -1);
    loop {
        let heads = tx.query(
            "SELECT h.actor, h.counter, h.signed, v.public_key, d.chain FROM head h JOIN actor a ON a.id = h.actor \
             JOIN device v ON v.id = a.device LEFT JOIN dot d ON d.actor = h.actor AND d.counter = h.counter \
             WHERE h.actor > $1 OR (h.actor = $1 AND h.counter > $2) ORDER BY h.actor, h.counter LIMIT $3",
            values![after.0, after.1, PAGE],
        )?;
        for row in &heads {
            after = (row.int(0)?, row.int(1)?);
            let opened = cbor::decode::<Signed>(&row.blob(2)?)
                .ok()
                .and_then(|signed| signed.open::<Head>(Label::Head, &PublicKey(row.bytes(3).ok()?)).ok());
            let chain = row.find_bytes(4)?.map_or(chain::START, Sha256);
            let fits = opened.is_some_and(|head| {
                i64::from(head.actor.0) == after.0
                    && i64::try_from(head.counter) == Ok(after.1)
                    && head.chain == chain
            });
            if !fits {
                faults.push(format!("the signed head at {}.{} is not as it was signed", after.0, after.1));
            }
        }
        if i64::try_from(heads.len())? < PAGE {
            return Ok(());
        }
    }
}

fn each_record(tx: &mut Connection, found: &mut Verified) -> Result<()> {
    let mut buckets = Buckets::default();
    let mut after = vec![];
    loop {
        let rows = tx
            .query("SELECT id, state FROM record WHERE id > $1 ORDER BY id LIMIT $2", values![after, PAGE])?;
        for row in &rows {
            let id = RecordId(row.bytes(0)?);
            let state = row.blob(1)?;
            buckets.add(id, Sha256::of(&state));
            match is_as_folded(tx, id, &state) {
                Ok(true) => {}
                Ok(false) => found.bad_records.push(id),
                Err(cause) => {
                    found.faults.push(format!("record {id} cannot be read: {cause:#}"));
                    found.bad_records.push(id);
                }
            }
        }
        match rows.last() {
            Some(last) if i64::try_from(rows.len())? == PAGE => after = last.blob(0)?,
            _ => break,
        }
    }
    found.records = buckets.records();
    found.digest = buckets.whole();
    let lost = tx.query(
        "SELECT DISTINCT l.record FROM log l WHERE l.kind IN ($1, $2) \
         AND NOT EXISTS (SELECT 1 FROM record r WHERE r.id = l.record) ORDER BY l.record",
        values![LOG_CHANGE, LOG_CUT],
    )?;
    for row in lost {
        found.bad_records.push(RecordId(row.bytes(0)?));
    }
    Ok(())
}

/// Whether a record is what its log makes, and its row repeats it rightly.
pub(super) fn is_as_folded(tx: &mut Connection, id: RecordId, state: &[u8]) -> Result<bool> {
    if is_waiting(tx, id)? {
        return Ok(true);
    }
    if !cut::is_whole(tx, id)? {
        return Ok(false);
    }
    let folded = fold(tx, id)?;
    let is_found =
        photo_index::read(tx, id)? == photo_index::of(&folded) && case_index::is_right(tx, id, &folded)?;
    Ok(folded.pack() == state && is_found && repeats(tx, id)? == (records::derived(tx, id, &folded)?, true))
}

/// A record some of whose bytes are waited for: it stands as it was folded when they were here.
pub(super) fn is_waiting(tx: &mut Connection, id: RecordId) -> Result<bool> {
    let row = tx.one(
        "SELECT COUNT(*) FROM body_missing m JOIN dot d ON d.actor = m.actor AND d.counter = m.counter \
         WHERE d.record = $1",
        values![id],
    )?;
    Ok(0 < row.int(0)?)
}

/// What a record's row says of its state, and whether its numbers are those of its log.
fn repeats(tx: &mut Connection, id: RecordId) -> Result<(Derived, bool)> {
    let row = tx.one(
        "SELECT form, form_version, reference, status, created_by, created_actor, captured_at, two_answers, \
         photos_named, photos_received, first_seq, last_seq, (SELECT MIN(l.seq) FROM log l WHERE l.record = r.id \
         AND l.kind IN ($1, $2)), (SELECT COUNT(*) FROM log l WHERE l.record = r.id AND l.seq = r.last_seq) \
         FROM record r WHERE r.id = $3",
        values![LOG_CHANGE, LOG_CUT, id],
    )?;
    let derived = Derived {
        form: row.text(0)?,
        form_version: row.u32(1)?,
        reference: row.text(2)?,
        status: row.text(3)?,
        created_by: row.u32(4)?,
        created_actor: row.u32(5)?,
        captured_at: row.int(6)?,
        two_answers: row.u32(7)?,
        photos_named: row.int(8)?,
        photos_received: row.int(9)?,
    };
    Ok((derived, row.find_int(10)? == row.find_int(12)? && row.int(13)? == 1))
}

/// The log, folded on top of what stands for what was cut of it.
pub(super) fn fold(tx: &mut Connection, id: RecordId) -> Result<Record> {
    let rows = tx.query(
        "SELECT body FROM log WHERE record = $1 AND kind = $2 ORDER BY seq",
        values![id, LOG_CHANGE],
    )?;
    let mut state = cut::state(tx, id)?;
    for row in rows {
        state.apply(&ChangeBytes::received(row.blob(0)?).read().context("Reading the log")?);
    }
    Ok(state)
}

fn check_packs(tx: &mut Connection, faults: &mut Vec<String>) -> Result<()> {
    for row in tx.query("SELECT name, version, sha256, body FROM pack ORDER BY name, version", &[])? {
        if Sha256::of(&row.blob(3)?) != Sha256(row.bytes(2)?) {
            faults.push(format!("{} version {} is not what its hash says", row.text(0)?, row.int(1)?));
        }
    }
    Ok(())
}
