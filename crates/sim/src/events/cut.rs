//! The server's log is cut while everyone goes on: what was said before goes, what came of it stays.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use kerbside_core::change::{Change, ChangeBytes};
use kerbside_core::ids::Dot;
use kerbside_server::store::Store;

use crate::events::gone::GoneActs;
use crate::world::World;

const MINUTE_MS: i64 = 60 * 1000;

/// What the server said before it was cut, as somebody who had read it would remember it.
#[derive(Debug, Clone, Default)]
pub struct CutLog(BTreeMap<Dot, Change>);

impl CutLog {
    /// The log of a server, with what was cut of it as it would stand there.
    pub fn read(&self, server: &mut Store, gone: &GoneActs) -> Result<Vec<Change>> {
        let mut log = Vec::new();
        for entry in server.log_changes()? {
            if !entry.bytes.is_empty() {
                log.push(ChangeBytes::received(entry.bytes).read().context("Reading the log")?);
                continue;
            }
            let change = self.0.get(&entry.dot);
            let change = change.with_context(|| format!("{} was cut and never there", entry.dot))?;
            log.push(gone.without(change));
        }
        Ok(log)
    }
}

impl World {
    /// Everything in the server's log, in its order, cut or not.
    pub fn log(&mut self) -> Result<Vec<Change>> {
        self.cut.read(&mut self.server, &self.ledger.gone)
    }

    /// It may end after any of its transactions, and is begun again some other day.
    pub fn cut_log(&mut self) -> Result<()> {
        let before_ms = self.now_ms - [0, 20 * MINUTE_MS, 120 * MINUTE_MS][self.rng.usize(..3)];
        let log = self.log()?;
        let cut =
            self.server_risks("cutting the log", |world| world.server.cut(world.now_ms, before_ms, false))?;
        for (entry, change) in self.server.log_changes()?.into_iter().zip(log) {
            if entry.bytes.is_empty() {
                self.cut.0.insert(entry.dot, change);
            }
        }
        self.note(&format!("the log is cut: {cut:?}"));
        Ok(())
    }
}
