//! Comparing with devices: what each should hold, what it may give back to us, and the repairs it tells of.

use std::collections::BTreeSet;

use anyhow::Result;
use kerbside_core::change::ChangeBytes;
use kerbside_core::exchange::{Bucket, Buckets, Compared, DIGEST_VERSION, LIST_LIMIT, Question};
use kerbside_core::ids::{Actor, DeviceId, Dot, RecordId, Sha256};
use kerbside_core::redact::is_residue;
use serde::{Deserialize, Serialize};

use super::Store;
use super::connection::Connection;
use super::gone;
use super::identity;
use super::people::Officer;
use super::pull;
use super::taking::to_row;
use crate::values;

/// One thing a device or this server put right by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// Counted by whoever tells of it, so that telling it twice is telling it once.
    pub number: i64,
    pub at_ms: i64,
    pub kind: String,
    #[serde(default)]
    pub record: Option<RecordId>,
    #[serde(default)]
    pub photo: Option<Sha256>,
}

/// A repair as the office reads it.
#[derive(Debug, Clone, Serialize)]
pub struct RepairLine {
    /// None when the server itself was repaired.
    pub device: Option<DeviceId>,
    #[serde(flatten)]
    pub repair: Repair,
}

/// The longest name of a kind of repair, and the most told at once.
const KIND_LIMIT: usize = 40;
const TOLD_LIMIT: usize = 500;

impl Store {
    /// What this officer's device should hold, as far as it asks and can be told at one moment.
    pub fn compare(&mut self, device: DeviceId, officer: &Officer, question: &Question) -> Result<Compared> {
        self.connection.snapshot(|tx| compare(tx, device, officer, question))
    }

    /// What an officer's devices should hold, as one digest, and the number of records.
    pub fn digest(&mut self, officer: &Officer) -> Result<Compared> {
        self.connection.snapshot(|tx| {
            let (buckets, _) = digest(tx, officer, &BTreeSet::new())?;
            Ok(Compared { records: buckets.records(), digest: buckets.whole(), ..Compared::default() })
        })
    }

    /// Bytes of changes that went bad here and that the device which made them still has. True when all were wanted.
    pub fn take_back(&mut self, device: DeviceId, bodies: &[Vec<u8>]) -> Result<bool> {
        let mut records = BTreeSet::new();
        let all = self.connection.transaction(|tx| {
            let mut all = true;
            for body in bodies {
                let record = take_body_back(tx, device, body)?;
                all &= record.is_some();
                records.extend(record);
            }
            Ok(all)
        })?;
        self.refold(&records)?;
        Ok(all)
    }

    /// Keeps what a device tells of its repairs, each once.
    pub fn note_repairs(&mut self, now_ms: i64, device: DeviceId, repairs: &[Repair]) -> Result<()> {
        self.connection.transaction(|tx| {
            for repair in repairs.iter().take(TOLD_LIMIT) {
                note(tx, now_ms, &device.0, repair)?;
            }
            Ok(())
        })
    }

    /// The repairs told since a moment, newest first.
    pub fn repairs_since(&mut self, since_ms: i64, most: i64) -> Result<Vec<RepairLine>> {
        let own = self.identity()?.server;
        let rows = self.connection.query(
            "SELECT holder, number, at, kind, record, photo FROM repair WHERE received_at >= $1 \
             ORDER BY received_at DESC, holder, number DESC LIMIT $2",
            values![since_ms, most],
        )?;
        rows.iter()
            .map(|row| {
                let holder = row.bytes(0)?;
                Ok(RepairLine {
                    device: (holder != own.0).then_some(DeviceId(holder)),
                    repair: Repair {
                        number: row.int(1)?,
                        at_ms: row.int(2)?,
                        kind: row.text(3)?,
                        record: row.find_bytes(4)?.map(RecordId),
                        photo: row.find_bytes(5)?.map(Sha256),
                    },
                })
            })
            .collect()
    }
}

pub(super) fn note(tx: &mut Connection, now_ms: i64, holder: &[u8; 16], repair: &Repair) -> Result<()> {
    let kind: String = repair.kind.chars().take(KIND_LIMIT).collect();
    tx.execute(
        "INSERT INTO repair (holder, number, at, kind, record, photo, received_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (holder, number) DO NOTHING",
        values![*holder, repair.number, repair.at_ms, kind, repair.record, repair.photo, now_ms],
    )
    .map(|_| ())
}

fn compare(
    tx: &mut Connection,
    device: DeviceId,
    officer: &Officer,
    question: &Question,
) -> Result<Compared> {
    let identity = identity::read(tx)?;
    let seq = tx.one("SELECT seq FROM council WHERE id = 1", &[])?.int(0)?;
    let missing = missing_of(tx, device)?;
    let same_moment =
        question.version == DIGEST_VERSION && pull::stands_at(&identity, officer, &question.cursor, seq);
    let told = Compared { version: DIGEST_VERSION, seq, missing, ..Compared::default() };
    if !same_moment {
        return Ok(told);
    }
    let (buckets, listed) = digest(tx, officer, &question.list)?;
    let mut unknown = BTreeSet::new();
    for record in question.known.iter().take(LIST_LIMIT) {
        if tx.find("SELECT 1 FROM record WHERE id = $1", values![*record])?.is_none() {
            unknown.insert(*record);
        }
    }
    Ok(Compared {
        same_moment,
        records: buckets.records(),
        digest: buckets.whole(),
        buckets: buckets.parts(),
        listed: listed.into_iter().collect(),
        unknown,
        ..told
    })
}

/// Digests of all parts, and the records of those that were asked for.
fn digest(
    tx: &mut Connection,
    officer: &Officer,
    list: &BTreeSet<Bucket>,
) -> Result<(Buckets, Vec<(RecordId, Sha256)>)> {
    let mut buckets = Buckets::default();
    let mut listed = Vec::new();
    pull::each_in_scope(tx, officer, |record, state| {
        let state = Sha256::of(state);
        buckets.add(record, state);
        if list.contains(&Bucket::of(record)) {
            listed.push((record, state));
        }
    })?;
    Ok((buckets, listed))
}

fn missing_of(tx: &mut Connection, device: DeviceId) -> Result<Vec<Dot>> {
    let rows = tx.query(
        "SELECT m.actor, m.counter FROM body_missing m JOIN actor a ON a.id = m.actor WHERE a.device = $1 \
         ORDER BY m.actor, m.counter",
        values![device],
    )?;
    rows.iter()
        .map(|row| Ok(Dot { actor: Actor(row.u32(0)?), counter: u64::try_from(row.int(1)?)? }))
        .collect()
}

/// Puts a change's bytes back where they went bad: only the very bytes that were hashed when they came, or what is left
/// of them.
fn take_body_back(tx: &mut Connection, device: DeviceId, body: &[u8]) -> Result<Option<RecordId>> {
    let bytes = ChangeBytes::received(body.to_vec());
    let Ok(change) = bytes.read() else { return Ok(None) };
    let (actor, counter) = (change.actor, to_row(change.counter)?);
    let found = tx.find(
        "SELECT d.hash, d.seq FROM body_missing m JOIN dot d ON d.actor = m.actor AND d.counter = m.counter \
         JOIN actor a ON a.id = m.actor WHERE m.actor = $1 AND m.counter = $2 AND a.device = $3",
        values![actor, counter, device],
    )?;
    let Some(row) = found else { return Ok(None) };
    let hash = Sha256(row.bytes(0)?);
    if hash != bytes.hash() && !is_residue(&change) {
        return Ok(None);
    }
    let left = gone::residue_of(tx, &change)?.map_or(bytes, |left| ChangeBytes::write(&left));
    if left.hash() != hash {
        gone::note_residue(tx, change.dot(), left.hash())?;
    }
    let body = left.bytes();
    match row.find_int(1)? {
        Some(seq) => tx.execute("UPDATE log SET body = $1 WHERE seq = $2", values![body, seq])?,
        None => tx.execute(
            "UPDATE set_aside SET body = $1 WHERE actor = $2 AND counter = $3",
            values![body, actor, counter],
        )?,
    };
    tx.execute("DELETE FROM body_missing WHERE actor = $1 AND counter = $2", values![actor, counter])?;
    Ok(Some(change.record))
}
