//! What the office said when it declined changes: here for as long as the words that it is about, and their officer can
//! read them.

use super::{OwnChange, Store, to_row};
use anyhow::{Context, Result};
use kerbside_core::ids::{Actor, RecordId};
use kerbside_core::problem::Code;
use rusqlite::OptionalExtension;

impl Store {
    /// A receipt says it for as long as an earlier verdict is open: what is done with is not kept again.
    pub fn keep_said(&self, actor: Actor, said: &[(u64, String)]) -> Result<()> {
        for (counter, text) in said {
            self.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO said (actor, counter, text) SELECT actor, counter, ?3 FROM own_change
                     WHERE actor = ?1 AND counter = ?2 AND state = 'refused' AND reason = ?4
                         AND (seen = 0 OR EXISTS (SELECT 1 FROM record WHERE id = own_change.record))",
                )?
                .execute((actor.0, to_row(*counter), text, Code::Declined.name()))
                .context("Keep what the office said")?;
        }
        Ok(())
    }

    /// What the office said when it declined this change.
    pub fn said_of(&self, own: &OwnChange) -> Result<Option<String>> {
        self.connection
            .prepare_cached("SELECT text FROM said WHERE actor = ?1 AND counter = ?2")?
            .query_row((own.actor.0, to_row(own.counter)), |row| row.get(0))
            .optional()
            .context("Read what the office said")
    }

    pub fn forget_said(&self, (actor, counter): (Actor, u64)) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM said WHERE actor = ?1 AND counter = ?2")?
            .execute((actor.0, to_row(counter)))
            .context("Forget what the office said")?;
        Ok(())
    }

    /// What is judged anew may be taken: the office says it again where it still does.
    pub(super) fn forget_said_after(&self, actor: Actor, after: u64) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM said WHERE actor = ?1 AND counter > ?2")?
            .execute((actor.0, to_row(after)))
            .context("Forget what the office said")?;
        Ok(())
    }

    /// Of a record that goes for good, whether or not its officer has read it. Whether there was anything.
    pub fn forget_said_in(&self, record: RecordId) -> Result<bool> {
        let forgotten = self
            .connection
            .prepare_cached(
                "DELETE FROM said WHERE (actor, counter) IN (SELECT actor, counter FROM own_change WHERE record = ?1)",
            )?
            .execute([record.0])
            .context("Forget what the office said of a record")?;
        Ok(0 < forgotten)
    }

    /// Of a record that is not here, where its officer has put it away: there is no screen left that shows it.
    pub fn forget_said_if_read(&self, record: RecordId) -> Result<()> {
        self.connection
            .prepare_cached(
                "DELETE FROM said WHERE (actor, counter) IN (
                     SELECT actor, counter FROM own_change WHERE record = ?1 AND seen = 1)",
            )?
            .execute([record.0])
            .context("Forget what was read")?;
        Ok(())
    }
}
