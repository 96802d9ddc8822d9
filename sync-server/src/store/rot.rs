//! Bits that flip on purpose, in a build that simulates: what `verify` must find.

use anyhow::Result;
use kerbside_core::ids::{Dot, RecordId};

use super::Store;
use super::rows;
use super::taking::{LOG_CUT, to_row};
use crate::values;

impl Store {
    /// Flips a bit of a record's state.
    pub fn flip_state(&mut self, record: RecordId, bit: usize) -> Result<()> {
        self.connection.transaction(|tx| {
            let mut state = tx.one("SELECT state FROM record WHERE id = $1", values![record])?.blob(0)?;
            turn(&mut state, bit, 1);
            rows::drop_sums(tx)?;
            tx.execute("UPDATE record SET state = $1 WHERE id = $2", values![state, record])?;
            rows::sum_all(tx)
        })
    }

    /// Flips one bit of a change's bytes in the log, or several.
    pub fn flip_body(&mut self, dot: Dot, bit: usize, bits: u8) -> Result<bool> {
        self.connection.transaction(|tx| {
            let counter = to_row(dot.counter)?;
            let found = tx.find(
                "SELECT body, kind FROM log WHERE actor = $1 AND counter = $2",
                values![dot.actor, counter],
            )?;
            let Some(row) = found else { return Ok(false) };
            let mut body = row.blob(0)?;
            // What is left of a change that was cut nobody else has: more than one bit of it comes from a backup alone.
            turn(&mut body, bit, if row.int(1)? == LOG_CUT { 1 } else { bits });
            let update = "UPDATE log SET body = $1 WHERE actor = $2 AND counter = $3";
            tx.execute(update, values![body, dot.actor, counter])?;
            Ok(true)
        })
    }
}

fn turn(bytes: &mut [u8], bit: usize, bits: u8) {
    let at = bit / 8 % bytes.len().max(1);
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= bits.rotate_left(u32::try_from(bit % 8).unwrap_or(0));
    }
}
