//! The lives of a server: each restore from a backup begins a new one, under a new epoch.
//!
//! Before a restored server serves, every number it could have given out since the backup is passed over, and every
//! actor is retired. What the old life held comes back from the devices, in any order, and what builds on it waits.

use anyhow::Result;
use kerbside_core::ids::{Dot, Epoch, RecordId};
use kerbside_core::planted::{self, Mutant};
use serde::{Deserialize, Serialize};

use super::Store;
use super::connection::Connection;
use super::taking::to_row;
use crate::values;

/// Numbers passed over at the least: more than a council gives out in a day.
const LEAST: i64 = 1_000;
/// And one more for each of these since the backup was made.
const ONE_EACH_MS: i64 = 60_000;
/// The log's own numbers are given out by the second, not by the minute.
const SEQ_EACH_MS: i64 = 100;

/// The newest number of each kind that a server may ever have given out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Raised {
    pub actor: i64,
    pub officer: i64,
    pub seq: i64,
    /// By how much every series of references was moved on.
    pub references: i64,
}

/// Whether a dot that is not here may still come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prospect {
    NeverAllotted,
    MayCome,
    /// Nobody has it, or nobody waits for it any longer.
    GivenUp,
}

impl Store {
    /// Begins the life of a server restored from a backup that was made at `backup_ms`. `before` is what earlier
    /// restores of the same backup were raised to.
    pub fn begin_new_life(&mut self, now_ms: i64, backup_ms: i64, before: Raised) -> Result<Raised> {
        let epoch = Epoch(uuid::Builder::from_random_bytes(self.chance.bytes()?).into_uuid().into_bytes());
        self.connection.transaction(|tx| {
            let raised = raise(tx, now_ms, backup_ms, before)?;
            let numbers = tx.one("SELECT COALESCE(MAX(numbers_from), 0) FROM life", &[])?.int(0)?;
            tx.execute(
                "INSERT INTO life (epoch, began_at, backup_at, numbers_from) VALUES ($1, $2, $3, $4)",
                values![epoch, now_ms, backup_ms, numbers + raised.references],
            )?;
            if !planted::is(Mutant::RestoreInOldEpoch) {
                tx.execute("UPDATE council SET epoch = $1 WHERE id = 1", values![epoch])?;
                tx.execute("UPDATE actor SET retired_at = $1 WHERE retired_at IS NULL", values![now_ms])?;
            }
            // What this server begins with is what the backup holds.
            tx.execute("UPDATE actor SET backed_up_through = last_counter", &[])?;
            tx.execute("UPDATE photo SET backed_up = 1", &[])?;
            tx.execute("DELETE FROM session", &[])?;
            tx.execute("DELETE FROM enrol_code", &[])?;
            tx.execute("DELETE FROM upload", &[])?;
            tx.execute("DELETE FROM sign_in_try", &[])?;
            Ok(raised)
        })
    }
}

/// Passes over every number that may have been given out since the backup, and returns the newest of each kind.
fn raise(tx: &mut Connection, now_ms: i64, backup_ms: i64, before: Raised) -> Result<Raised> {
    let row = tx.one("SELECT last_actor, last_officer, seq, hlc FROM council WHERE id = 1", &[])?;
    let since = (now_ms - backup_ms).max(0);
    let margin = LEAST + since / ONE_EACH_MS;
    let raised = Raised {
        actor: row.int(0)?.max(before.actor) + margin,
        officer: row.int(1)?.max(before.officer) + margin,
        seq: row.int(2)?.max(before.seq) + LEAST + since / SEQ_EACH_MS,
        references: before.references + margin,
    };
    if planted::is(Mutant::RestoreWithoutRaise) {
        return Ok(raised);
    }
    let hlc = kerbside_core::time::Hlc(u64::try_from(row.int(3)?)?).tick(u64::try_from(now_ms)?);
    tx.execute(
        "UPDATE council SET last_actor = $1, last_officer = $2, seq = $3, hlc = $4 WHERE id = 1",
        values![raised.actor, raised.officer, raised.seq, i64::try_from(hlc.0)?],
    )?;
    tx.execute("UPDATE number_row SET last = last + $1", values![raised.references])?;
    Ok(raised)
}

/// Nobody waits for this actor's dots up to here: they are somewhere else now, or nowhere.
pub(super) fn give_up(tx: &mut Connection, now_ms: i64, dot: Dot) -> Result<()> {
    tx.execute(
        "INSERT INTO given_up (actor, counter, noted_at) VALUES ($1, $2, $3) ON CONFLICT (actor) DO UPDATE \
         SET counter = excluded.counter, noted_at = excluded.noted_at WHERE given_up.counter < excluded.counter",
        values![dot.actor, to_row(dot.counter)?, now_ms],
    )
    .map(|_| ())
}

/// What to expect of a dot that is not here.
pub(super) fn prospect(tx: &mut Connection, dot: Dot) -> Result<Prospect> {
    let given_up = tx.find(
        "SELECT counter FROM given_up WHERE actor = $1 AND counter >= $2",
        values![dot.actor, to_row(dot.counter)?],
    )?;
    if given_up.is_some() {
        return Ok(Prospect::GivenUp);
    }
    let actor = tx.find("SELECT device, retired_at FROM actor WHERE id = $1", values![dot.actor])?;
    let Some(row) = actor else {
        let last = tx.one("SELECT last_actor FROM council WHERE id = 1", &[])?;
        let is_allotted = i64::from(dot.actor.0) <= last.int(0)?;
        return Ok(if is_allotted { Prospect::MayCome } else { Prospect::NeverAllotted });
    };
    // What the office wrote in an earlier life lay on that server alone: nobody can bring it back.
    let is_past_office = row.find_blob(0)?.is_none() && row.find_int(1)?.is_some();
    Ok(if is_past_office { Prospect::GivenUp } else { Prospect::MayCome })
}

/// Whether a record that is not here may have been in an earlier life of this server, and may still come back.
pub(super) fn may_yet_come(tx: &mut Connection, record: RecordId) -> Result<bool> {
    let row = tx.one(
        "SELECT (SELECT COUNT(*) FROM life), (SELECT COUNT(*) FROM given_up_record WHERE record = $1)",
        values![record],
    )?;
    Ok(0 < row.int(0)? && row.int(1)? == 0)
}
