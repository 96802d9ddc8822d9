//! Proof that what is shown is what was received: the log folded again, and the canonical dump.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use kerbside_core::chain;
use kerbside_core::change::ChangeBytes;
use kerbside_core::ids::{Actor, RecordId, Sha256};
use kerbside_core::record::Record;
use kerbside_core::record::view::RecordView;
use serde::Serialize;
use serde_json::{Value, json};

use super::Store;
use super::connection::Connection;
use super::people::Officer;
use super::pull::scope_of;
use super::taking::LOG_CHANGE;
use crate::values;

/// What `verify` found.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// `ok`, or what is wrong first.
    pub integrity: String,
    pub records: u64,
    pub changes: u64,
    pub bad_records: Vec<RecordId>,
    pub bad_chains: Vec<Actor>,
    pub bad_photos: Vec<Sha256>,
    pub digest: Sha256,
}

/// What a device of one scope should hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Digest {
    pub seq: i64,
    pub records: u64,
    pub digest: Sha256,
}

impl Store {
    /// Folds the whole log again and compares it with every record; walks every actor's chain.
    pub fn verify(&mut self) -> Result<Verified> {
        self.connection.snapshot(|tx| {
            let changes = u64::try_from(
                tx.one("SELECT COUNT(*) FROM log WHERE kind = $1", values![LOG_CHANGE])?.int(0)?,
            )?;
            let rows = tx.query("SELECT id, state FROM record ORDER BY id", &[])?;
            let mut bad_records = Vec::new();
            let mut all = Vec::new();
            for row in &rows {
                let (id, state) = (RecordId(row.bytes(0)?), row.blob(1)?);
                if fold(tx, id)?.pack() != state {
                    bad_records.push(id);
                }
                all.extend_from_slice(&id.0);
                all.extend_from_slice(&Sha256::of(&state).0);
            }
            let bad_chains = bad_chains(tx)?;
            let integrity = if bad_records.is_empty() && bad_chains.is_empty() { "ok" } else { "damaged" };
            Ok(Verified {
                integrity: integrity.to_owned(),
                records: rows.len() as u64,
                changes,
                bad_records,
                bad_chains,
                bad_photos: Vec::new(),
                digest: Sha256::of(&all),
            })
        })
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

    /// Everything this officer's devices should hold, as one hash.
    pub fn digest(&mut self, officer: &Officer) -> Result<Digest> {
        self.connection.snapshot(|tx| {
            let held = scope_of(tx, officer)?;
            let mut all = Vec::new();
            for (record, digest) in &held {
                all.extend_from_slice(&record.0);
                all.extend_from_slice(&digest.0);
            }
            let seq = tx.one("SELECT seq FROM council WHERE id = 1", &[])?.int(0)?;
            Ok(Digest { seq, records: held.len() as u64, digest: Sha256::of(&all) })
        })
    }

    /// The records of an officer's scope with the digest of each, for a simulator's comparison.
    pub fn scope(&mut self, officer: &Officer) -> Result<Vec<(RecordId, Sha256)>> {
        self.connection.snapshot(|tx| scope_of(tx, officer))
    }

    /// One record's state.
    pub fn record(&mut self, id: RecordId) -> Result<Option<Record>> {
        Ok(super::records::load(&mut self.connection, id)?.map(|kept| kept.state))
    }
}

fn fold(tx: &mut Connection, id: RecordId) -> Result<Record> {
    let rows = tx.query(
        "SELECT body FROM log WHERE record = $1 AND kind = $2 ORDER BY seq",
        values![id, LOG_CHANGE],
    )?;
    let mut state = Record::default();
    for row in rows {
        state.apply(&ChangeBytes::received(row.blob(0)?).read().context("Reading the log")?);
    }
    Ok(state)
}

/// Actors whose hashes have a gap, do not make their chain, or are not those of the bytes in the log.
fn bad_chains(tx: &mut Connection) -> Result<Vec<Actor>> {
    let actors = tx.query("SELECT id, last_counter, chain FROM actor ORDER BY id", &[])?;
    let mut bad = Vec::new();
    for row in actors {
        let actor = row.u32(0)?;
        let dots = tx.query(
            "SELECT d.counter, d.hash, d.chain, COALESCE(l.body, s.body) FROM dot d \
             LEFT JOIN log l ON l.seq = d.seq LEFT JOIN set_aside s ON s.actor = d.actor AND s.counter = d.counter \
             WHERE d.actor = $1 ORDER BY d.counter",
            values![actor],
        )?;
        let (mut last, mut expected) = (chain::START, 1);
        let mut is_good = true;
        for dot in &dots {
            let hash = Sha256(dot.bytes(1)?);
            last = chain::next(last, hash);
            let body = dot.find_blob(3)?;
            is_good &= dot.int(0)? == expected
                && Sha256(dot.bytes(2)?) == last
                && body.is_none_or(|body| Sha256::of(&body) == hash);
            expected += 1;
        }
        if !is_good || row.int(1)? != expected - 1 || Sha256(row.bytes(2)?) != last {
            bad.push(Actor(actor));
        }
    }
    Ok(bad)
}
