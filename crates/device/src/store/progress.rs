//! How far this actor and its exchange have come.

use super::{Store, from_row, to_row};
use anyhow::{Context, Result};
use kerbside_core::ids::{Actor, Epoch, Sha256};
use kerbside_core::time::Hlc;
use rusqlite::named_params;
use std::collections::BTreeMap;

/// The one row of `progress`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub actor: Actor,
    /// The newest counter this actor has given out, and the chain's value there.
    pub counter: u64,
    pub chain: Sha256,
    /// The newest counter ever offered to the server.
    pub pushed: u64,
    /// The newest counter the server holds by its signed receipt.
    pub received: u64,
    /// Verdicts are known up to here.
    pub acked: u64,
    pub cursor: Option<Vec<u8>>,
    pub epoch: Epoch,
    pub nonce: Option<Vec<u8>>,
    pub hlc: Hlc,
    pub boot: u32,
    pub server_offset_ms: Option<i64>,
    /// The number of the last reference given, as in `W07-14`.
    pub reference: u32,
    pub forked: bool,
    pub failures: u32,
    pub next_try_ms: Option<i64>,
    pub why: String,
    pub last_received_ms: Option<i64>,
    /// The last receipt, as signed: the proof if a server loses what it said it had.
    pub receipt: Option<Vec<u8>>,
    /// When the newest backup was made that the server said was read back.
    pub backup_ms: Option<i64>,
}

impl Progress {
    #[must_use]
    pub fn begin(actor: Actor, epoch: Epoch) -> Self {
        Self {
            actor,
            counter: 0,
            chain: Sha256([0; 32]),
            pushed: 0,
            received: 0,
            acked: 0,
            cursor: None,
            epoch,
            nonce: None,
            hlc: Hlc::default(),
            boot: 0,
            server_offset_ms: None,
            reference: 0,
            forked: false,
            failures: 0,
            next_try_ms: None,
            why: "none".into(),
            last_received_ms: None,
            receipt: None,
            backup_ms: None,
        }
    }
}

impl Store {
    pub fn progress(&self) -> Result<Progress> {
        self.connection
            .prepare_cached(
                "SELECT actor, counter, chain, pushed, received, acked, cursor, epoch, nonce, hlc, boot,
                        server_offset_ms, reference, forked, failures, next_try_ms, why, last_received_ms, receipt,
                        backup_ms
                 FROM progress WHERE one = 1",
            )?
            .query_row((), |row| {
                Ok(Progress {
                    actor: Actor(row.get(0)?),
                    counter: from_row(row.get(1)?),
                    chain: Sha256(row.get(2)?),
                    pushed: from_row(row.get(3)?),
                    received: from_row(row.get(4)?),
                    acked: from_row(row.get(5)?),
                    cursor: row.get(6)?,
                    epoch: Epoch(row.get(7)?),
                    nonce: row.get(8)?,
                    hlc: Hlc(from_row(row.get(9)?)),
                    boot: row.get(10)?,
                    server_offset_ms: row.get(11)?,
                    reference: row.get(12)?,
                    forked: row.get(13)?,
                    failures: row.get(14)?,
                    next_try_ms: row.get(15)?,
                    why: row.get(16)?,
                    last_received_ms: row.get(17)?,
                    receipt: row.get(18)?,
                    backup_ms: row.get(19)?,
                })
            })
            .context("Read how far the exchange has come")
    }

    pub fn put_progress(&self, progress: &Progress) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO progress (one, actor, counter, chain, pushed, received, acked, cursor,
                     epoch, nonce, hlc, boot, server_offset_ms, reference, forked, failures, next_try_ms, why,
                     last_received_ms, receipt, backup_ms)
                 VALUES (1, :actor, :counter, :chain, :pushed, :received, :acked, :cursor, :epoch, :nonce,
                     :hlc, :boot, :server_offset_ms, :reference, :forked, :failures, :next_try_ms, :why,
                     :last_received_ms, :receipt, :backup_ms)",
            )?
            .execute(named_params! {
                ":actor": progress.actor.0,
                ":counter": to_row(progress.counter),
                ":chain": progress.chain.0,
                ":pushed": to_row(progress.pushed),
                ":received": to_row(progress.received),
                ":acked": to_row(progress.acked),
                ":cursor": progress.cursor,
                ":epoch": progress.epoch.0,
                ":nonce": progress.nonce,
                ":hlc": to_row(progress.hlc.0),
                ":boot": progress.boot,
                ":server_offset_ms": progress.server_offset_ms,
                ":reference": progress.reference,
                ":forked": progress.forked,
                ":failures": progress.failures,
                ":next_try_ms": progress.next_try_ms,
                ":why": progress.why,
                ":last_received_ms": progress.last_received_ms,
                ":receipt": progress.receipt,
                ":backup_ms": progress.backup_ms,
            })
            .context("Write how far the exchange has come")?;
        Ok(())
    }

    pub fn put_mark(&self, actor: Actor, safe: u64) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO mark (actor, safe) VALUES (?1, ?2)
                 ON CONFLICT (actor) DO UPDATE SET safe = excluded.safe WHERE mark.safe <> excluded.safe",
            )?
            .execute((actor.0, to_row(safe)))
            .context("Write how far a backup reaches")?;
        Ok(())
    }

    pub fn marks(&self) -> Result<BTreeMap<Actor, u64>> {
        self.connection
            .prepare_cached("SELECT actor, safe FROM mark")?
            .query_map((), |row| Ok((Actor(row.get(0)?), from_row(row.get(1)?))))?
            .collect::<Result<_, _>>()
            .context("Read how far backups reach")
    }

    pub fn put_identity(&self, body: &[u8]) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO identity (one, body) VALUES (1, ?1)")?
            .execute([body])
            .context("Keep who this vault belongs to")?;
        Ok(())
    }

    pub fn identity(&self) -> Result<Vec<u8>> {
        self.connection
            .prepare_cached("SELECT body FROM identity WHERE one = 1")?
            .query_row((), |row| row.get(0))
            .context("Read who this vault belongs to")
    }
}
