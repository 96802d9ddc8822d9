//! Changes that wait for what they build on, and an administrator's word that it will not come.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use kerbside_core::ids::{Actor, Dot, RecordId};
use serde::Serialize;

use super::Store;
use super::judge::Waits;
use super::lives;
use super::taking::{HELD, Taking};
use super::value::Row;
use crate::values;

/// A change that is held, and what for: a dot, or the beginning of its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldChange {
    pub dot: String,
    pub record: RecordId,
    pub received_ms: i64,
    pub waits_for: Option<String>,
    #[serde(skip)]
    own: Dot,
    #[serde(skip)]
    waits: Waits,
}

impl Store {
    /// Everything that is held, oldest first.
    pub fn held(&mut self) -> Result<Vec<HeldChange>> {
        let rows = self.connection.query(
            "SELECT d.actor, d.counter, d.record, d.received_at, s.waits_actor, s.waits_counter, s.waits_record \
             FROM set_aside s JOIN dot d ON d.actor = s.actor AND d.counter = s.counter WHERE d.verdict = $1 \
             ORDER BY d.received_at, d.actor, d.counter",
            values![HELD],
        )?;
        rows.iter()
            .map(|row| {
                let own = Dot { actor: Actor(row.u32(0)?), counter: u64::try_from(row.int(1)?)? };
                let record = RecordId(row.bytes(2)?);
                let waits = match (row.find_int(4)?, row.find_int(5)?) {
                    (Some(actor), Some(counter)) => Waits::Dot(Dot {
                        actor: Actor(u32::try_from(actor)?),
                        counter: u64::try_from(counter)?,
                    }),
                    _ => Waits::Record(row.find_bytes(6)?.map_or(record, RecordId)),
                };
                let waits_for = if let Waits::Dot(dot) = waits { Some(dot.to_string()) } else { None };
                Ok(HeldChange {
                    dot: own.to_string(),
                    record,
                    received_ms: row.int(3)?,
                    waits_for,
                    own,
                    waits,
                })
            })
            .collect()
    }

    /// Of each actor the newest dot that nobody waits for any longer, nor for those before it.
    pub fn given_up(&mut self) -> Result<Vec<Dot>> {
        let rows = self.connection.query("SELECT actor, counter FROM given_up ORDER BY actor", &[])?;
        let dot = |row: &Row| Ok(Dot { actor: Actor(row.u32(0)?), counter: u64::try_from(row.int(1)?)? });
        rows.iter().map(dot).collect()
    }

    /// Nobody waits any longer for this actor's dots up to here. Returns how many changes were let go.
    pub fn give_up_dots(&mut self, now_ms: i64, dot: Dot) -> Result<usize> {
        self.give_up(now_ms, Waits::Dot(dot))
    }

    /// Lets go of everything that is held, whatever it waits for.
    pub fn give_up_all(&mut self, now_ms: i64) -> Result<usize> {
        let mut released = 0;
        loop {
            let held = self.held()?;
            if held.is_empty() {
                return Ok(released);
            }
            let own: BTreeSet<Dot> = held.iter().map(|change| change.own).collect();
            // What waits for another that is held goes with it.
            let first = held.iter().find(|change| match change.waits {
                Waits::Dot(dot) => !own.contains(&dot),
                Waits::Record(_) => true,
            });
            let waits = first.context("What is held waits in a circle")?.waits;
            released += self.give_up(now_ms, waits)?;
        }
    }

    fn give_up(&mut self, now_ms: i64, waits: Waits) -> Result<usize> {
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            let mut taking = Taking::begin(tx, forms, now_ms)?;
            match waits {
                Waits::Dot(dot) => lives::give_up(taking.tx, now_ms, dot)?,
                Waits::Record(record) => lives::give_up_record(taking.tx, now_ms, record)?,
            }
            let released = taking.judge_again(waits)?;
            taking.finish()?;
            Ok(released)
        })
    }
}
