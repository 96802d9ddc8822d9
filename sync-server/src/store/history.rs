//! Everything the server holds, plainly: for evidence, for the simulator's checks, and for whoever wants to prove us wrong.

use std::collections::BTreeSet;

use anyhow::Result;
use kerbside_core::ids::{Actor, Dot, RecordId};

use super::Store;
use super::dialect;
use super::packs;
use super::people::Officer;
use super::records;
use super::taking::{LOG_CHANGE, LOG_CUT};
use super::value::Sql;
use crate::values;

/// A change as it was first written, and its number in the log (none while it is set aside).
#[derive(Debug, Clone)]
pub struct Kept {
    pub seq: Option<i64>,
    pub dot: Dot,
    /// Nothing, where its words were cut.
    pub bytes: Vec<u8>,
}

/// A record as it stands.
#[derive(Debug, Clone)]
pub struct State {
    pub record: RecordId,
    pub keys: BTreeSet<String>,
    pub state: Vec<u8>,
}

impl Store {
    /// Every change that was taken, in the order of the log.
    pub fn log_changes(&mut self) -> Result<Vec<Kept>> {
        let rows = self.connection.query(
            "SELECT actor, counter, body, seq, kind FROM log WHERE kind IN ($1, $2) ORDER BY seq",
            values![LOG_CHANGE, LOG_CUT],
        )?;
        rows.iter()
            .map(|row| {
                let dot = Dot { actor: Actor(row.u32(0)?), counter: u64::try_from(row.int(1)?)? };
                let bytes = if row.int(4)? == LOG_CUT { Vec::new() } else { row.blob(2)? };
                Ok(Kept { seq: Some(row.int(3)?), dot, bytes })
            })
            .collect()
    }

    /// Every change that is held or was refused.
    pub fn set_aside_changes(&mut self) -> Result<Vec<Kept>> {
        let rows = self
            .connection
            .query("SELECT actor, counter, body FROM set_aside ORDER BY actor, counter", &[])?;
        rows.iter()
            .map(|row| {
                let dot = Dot { actor: Actor(row.u32(0)?), counter: u64::try_from(row.int(1)?)? };
                Ok(Kept { seq: None, dot, bytes: row.blob(2)? })
            })
            .collect()
    }

    /// Every change that was ever put into review, and what was decided: `approved`, `declined`, or nothing yet.
    pub fn reviews(&mut self) -> Result<Vec<(Dot, String)>> {
        let rows = self
            .connection
            .query("SELECT actor, counter, outcome FROM review ORDER BY actor, counter", &[])?;
        rows.iter().map(|row| Ok((super::review::dot_at(row, 0)?, row.text(2)?))).collect()
    }

    /// Every text and every run of bytes in every table.
    pub fn each_cell(&mut self, look: &mut dyn FnMut(&str, &[u8])) -> Result<()> {
        for (table, columns) in dialect::tables(&mut self.connection)? {
            self.connection.each(&format!("SELECT {} FROM {table}", columns.join(", ")), &[], |row| {
                for cell in row.values() {
                    match cell {
                        Sql::Text(text) => look(&table, text.as_bytes()),
                        Sql::Blob(bytes) => look(&table, bytes),
                        Sql::Null | Sql::Int(_) => {}
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Every record with the keys under which it is found.
    pub fn states(&mut self) -> Result<Vec<State>> {
        let rows = self.connection.query("SELECT id, state FROM record ORDER BY id", &[])?;
        rows.iter()
            .map(|row| {
                let record = RecordId(row.bytes(0)?);
                let keys = records::keys_now(&mut self.connection, record)?;
                Ok(State { record, keys, state: row.blob(1)? })
            })
            .collect()
    }

    /// The council's names as this officer's device is offered them, with their version.
    pub fn council_pack(&mut self, officer: &Officer) -> Result<(u32, Vec<u8>)> {
        packs::council_pack(&mut self.connection, officer)
    }
}
