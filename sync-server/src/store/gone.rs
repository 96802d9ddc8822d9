//! What was taken out for good, as everything else has to know it: what comes again is blanked before it is judged, and
//! every device is told.

use anyhow::{Context, Result};
use kerbside_core::cbor;
use kerbside_core::change::Change;
use kerbside_core::exchange::Item;
use kerbside_core::ids::{DeviceId, Dot, RecordId, Sha256};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::redact::{self, Redaction};
use minicbor::{Decode, Encode};

use super::Store;
use super::connection::Connection;
use super::taking::to_row;
use crate::values;

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Gone {
    #[n(0)]
    pub at_ms: i64,
    /// Who said so in the console; none where it was said at the command line.
    #[n(1)]
    pub by: Option<u32>,
    #[n(2)]
    pub reason: String,
    #[n(3)]
    pub record: RecordId,
    /// None where the whole record is gone.
    #[n(4)]
    pub redaction: Option<Redaction>,
}

impl Gone {
    pub fn id(&self) -> Sha256 {
        Sha256::of(&cbor::encode(self))
    }
}

impl Store {
    /// Everything that is gone, in the order it went.
    pub fn gone(&mut self) -> Result<Vec<Gone>> {
        let rows = self.connection.query("SELECT entry FROM gone ORDER BY seq, id", &[])?;
        rows.iter().map(|row| read(&row.blob(0)?)).collect()
    }

    /// Files of photos that are still to be deleted; with a device, what it had sent of one.
    pub fn photos_gone(&mut self) -> Result<Vec<(Sha256, Option<DeviceId>)>> {
        let rows =
            self.connection.query("SELECT sha256, device FROM photo_gone ORDER BY sha256, device", &[])?;
        rows.iter()
            .map(|row| Ok((Sha256(row.bytes(0)?), row.blob(1)?.try_into().ok().map(DeviceId))))
            .collect()
    }

    /// The file is on no disk any more.
    pub fn photo_is_gone(&mut self, sha256: Sha256, device: Option<DeviceId>) -> Result<()> {
        let device = device.map(|device| device.0.to_vec()).unwrap_or_default();
        self.connection.transaction(|tx| {
            tx.execute("DELETE FROM photo_gone WHERE sha256 = $1 AND device = $2", values![sha256, device])
                .map(|_| ())
        })
    }
}

fn read(entry: &[u8]) -> Result<Gone> {
    cbor::decode(entry).context("Reading what is gone")
}

pub(super) fn is_noted(tx: &mut Connection, id: Sha256) -> Result<bool> {
    Ok(tx.find("SELECT 1 FROM gone WHERE id = $1", values![id])?.is_some())
}

pub(super) fn is_purged(tx: &mut Connection, record: RecordId) -> Result<bool> {
    if planted::is(Mutant::PurgeResurrected) {
        return Ok(false);
    }
    Ok(tx.find("SELECT 1 FROM gone WHERE record = $1 AND is_purge = 1", values![record])?.is_some())
}

pub(super) fn redactions_of(tx: &mut Connection, record: RecordId) -> Result<Vec<Redaction>> {
    let rows = tx.query(
        "SELECT entry FROM gone WHERE record = $1 AND is_purge = 0 ORDER BY seq, id",
        values![record],
    )?;
    let mut redactions = Vec::new();
    for row in &rows {
        redactions.extend(read(&row.blob(0)?)?.redaction);
    }
    Ok(redactions)
}

/// What is left of a change that comes, again or late. None where nothing of it has to go.
pub(super) fn residue_of(tx: &mut Connection, change: &Change) -> Result<Option<Change>> {
    if planted::is(Mutant::ReofferBringsBack) {
        return Ok(None);
    }
    Ok(redact::residue(&redactions_of(tx, change.record)?, change))
}

/// Under which hash the bytes are kept that are left of a change.
pub(super) fn note_residue(tx: &mut Connection, dot: Dot, hash: Sha256) -> Result<()> {
    tx.execute(
        "INSERT INTO residue (actor, counter, hash) VALUES ($1, $2, $3) \
         ON CONFLICT (actor, counter) DO UPDATE SET hash = excluded.hash",
        values![dot.actor, to_row(dot.counter)?, hash],
    )
    .map(|_| ())
}

/// What the device may still have that nobody may have, of what was taken out since it was last told.
pub(super) fn items(tx: &mut Connection, device: DeviceId, told: u64, seq: u64) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let since = tx.query(
        "SELECT entry FROM gone WHERE is_purge = 0 AND seq > $1 ORDER BY seq, id",
        values![i64::try_from(told)?],
    )?;
    for row in since {
        let redaction = read(&row.blob(0)?)?.redaction;
        items.extend(redaction.map(|redaction| Item::Redact { seq, redaction }));
    }
    // What else it holds of a purged record it held in scope, and there it does not come again.
    let purged = tx.query(
        "SELECT DISTINCT g.record FROM actor a JOIN dot d ON d.actor = a.id \
         JOIN gone g ON g.record = d.record AND g.is_purge = 1 WHERE a.device = $1 ORDER BY g.record",
        values![device],
    )?;
    for row in &purged {
        items.push(Item::Purge { seq, record: RecordId(row.bytes(0)?) });
    }
    Ok(items)
}
