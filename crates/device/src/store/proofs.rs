//! What the server once signed for, actor by actor, and how much of it has come back to a restored one.

use super::{Store, from_row, to_row};
use anyhow::{Context, Result};
use kerbside_core::ids::Actor;
use rusqlite::OptionalExtension;

/// An actor whose proven work is on its way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returning {
    pub actor: Actor,
    /// The server holds it again up to here.
    pub returned: u64,
    /// And held it up to here.
    pub through: u64,
    pub receipt: Vec<u8>,
}

impl Store {
    /// A receipt that reaches as far as any before it takes their place.
    pub fn put_proof(&self, actor: Actor, through: u64, receipt: &[u8]) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO proof (actor, through, receipt) VALUES (?1, ?2, ?3)
                 ON CONFLICT (actor) DO UPDATE SET through = excluded.through, receipt = excluded.receipt
                 WHERE proof.through <= excluded.through AND proof.returned IS NULL
                     AND proof.receipt <> excluded.receipt",
            )?
            .execute((actor.0, to_row(through), receipt))
            .context("Keep a receipt")?;
        Ok(())
    }

    /// Every actor with a receipt, and how far it reaches.
    pub fn proofs(&self) -> Result<Vec<(Actor, u64)>> {
        self.connection
            .prepare_cached("SELECT actor, through FROM proof ORDER BY actor")?
            .query_map((), |row| Ok((Actor(row.get(0)?), from_row(row.get(1)?))))?
            .collect::<Result<_, _>>()
            .context("List receipts")
    }

    pub fn proof_of(&self, actor: Actor) -> Result<Option<Vec<u8>>> {
        self.connection
            .prepare_cached("SELECT receipt FROM proof WHERE actor = ?1")?
            .query_row([actor.0], |row| row.get(0))
            .optional()
            .context("Read a kept receipt")
    }

    /// How far the server holds an actor again. None: nothing more is to come back.
    pub fn set_returned(&self, actor: Actor, returned: Option<u64>) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE proof SET returned = ?2 WHERE actor = ?1")?
            .execute((actor.0, returned.map(to_row)))
            .context("Note what came back")?;
        Ok(())
    }

    /// The first actor whose work has to come back.
    pub fn returning(&self) -> Result<Option<Returning>> {
        self.connection
            .prepare_cached(
                "SELECT actor, returned, through, receipt FROM proof WHERE returned IS NOT NULL ORDER BY actor LIMIT 1",
            )?
            .query_row((), |row| {
                Ok(Returning {
                    actor: Actor(row.get(0)?),
                    returned: from_row(row.get(1)?),
                    through: from_row(row.get(2)?),
                    receipt: row.get(3)?,
                })
            })
            .optional()
            .context("Look for what has to come back")
    }

    /// The newest receipt of any actor: what shows a server that lost this device who it was.
    pub fn newest_proof(&self) -> Result<Option<Vec<u8>>> {
        self.connection
            .prepare_cached("SELECT receipt FROM proof ORDER BY actor DESC LIMIT 1")?
            .query_row((), |row| row.get(0))
            .optional()
            .context("Look for the newest receipt")
    }
}
