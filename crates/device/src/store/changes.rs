//! The changes made here: outbox and archive in one table.

use super::{Store, from_row, to_row};
use anyhow::{Context, Result};
use kerbside_core::ids::{Actor, Dot, RecordId, Sha256};
use kerbside_core::problem::Code;
use rusqlite::OptionalExtension;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    Saved,
    Received,
    Held,
    Duplicate,
    Refused,
    /// Written anew under another actor after a fork.
    Redotted,
    /// The server lost it and so did this device; it was declared so.
    Missing,
}

impl ChangeState {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Saved, "saved"),
        (Self::Received, "received"),
        (Self::Held, "held"),
        (Self::Duplicate, "duplicate"),
        (Self::Refused, "refused"),
        (Self::Redotted, "redotted"),
        (Self::Missing, "missing"),
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("saved", |(_, name)| name)
    }

    fn named(name: &str) -> Self {
        Self::ALL.iter().find(|(_, known)| *known == name).map_or(Self::Saved, |(state, _)| *state)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnChange {
    pub actor: Actor,
    pub counter: u64,
    pub record: RecordId,
    pub hash: Sha256,
    pub chain: Sha256,
    pub bytes: Vec<u8>,
    pub saved_ms: i64,
    pub received_ms: Option<i64>,
    pub state: ChangeState,
    /// Head must carry it because base does not yet.
    pub pending: bool,
    pub reason: Option<String>,
    /// The officer was told of the refusal and has put it away.
    pub seen: bool,
    /// The hash of what is left of it, where something in it was taken out for good.
    pub residue: Option<Sha256>,
}

impl OwnChange {
    /// Whether the bytes are those that were saved, or all that may be left of them.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        Sha256::of(&self.bytes) == self.residue.unwrap_or(self.hash)
    }
}

const CHANGE: &str =
    "SELECT actor, counter, record, hash, chain, bytes, saved_ms, received_ms, state, pending, reason, seen, residue
    FROM own_change";

fn change_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<OwnChange> {
    Ok(OwnChange {
        actor: Actor(row.get(0)?),
        counter: from_row(row.get(1)?),
        record: RecordId(row.get(2)?),
        hash: Sha256(row.get(3)?),
        chain: Sha256(row.get(4)?),
        bytes: row.get(5)?,
        saved_ms: row.get(6)?,
        received_ms: row.get(7)?,
        state: ChangeState::named(&row.get::<_, String>(8)?),
        pending: row.get(9)?,
        reason: row.get(10)?,
        seen: row.get(11)?,
        residue: row.get::<_, Option<[u8; 32]>>(12)?.map(Sha256),
    })
}

impl Store {
    pub fn insert_change(&self, change: &OwnChange) -> Result<()> {
        let OwnChange {
            actor,
            counter,
            record,
            hash,
            chain,
            bytes,
            saved_ms,
            received_ms,
            state,
            pending,
            reason,
            seen,
            residue,
        } = change;
        self.connection
            .prepare_cached(
                "INSERT INTO own_change (actor, counter, record, hash, chain, bytes, saved_ms, received_ms, state,
                     pending, reason, seen, residue)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute((
                actor.0,
                to_row(*counter),
                record.0,
                hash.0,
                chain.0,
                bytes,
                saved_ms,
                received_ms,
                state.name(),
                pending,
                reason,
                seen,
                residue.map(|residue| residue.0),
            ))
            .context("Keep a change")?;
        Ok(())
    }

    /// From `first` on, oldest first.
    pub fn changes_from(&self, actor: Actor, first: u64, most: u32) -> Result<Vec<OwnChange>> {
        self.changes(
            &format!("{CHANGE} WHERE actor = ?1 AND counter >= ?2 ORDER BY counter LIMIT ?3"),
            (actor.0, to_row(first), most),
        )
    }

    /// Above `after`, up to `through`.
    pub fn changes_between(&self, actor: Actor, after: u64, through: u64) -> Result<Vec<OwnChange>> {
        self.changes(
            &format!("{CHANGE} WHERE actor = ?1 AND counter > ?2 AND counter <= ?3 ORDER BY counter"),
            (actor.0, to_row(after), to_row(through)),
        )
    }

    pub fn change_at(&self, actor: Actor, counter: u64) -> Result<Option<OwnChange>> {
        self.connection
            .prepare_cached(&format!("{CHANGE} WHERE actor = ?1 AND counter = ?2"))?
            .query_row((actor.0, to_row(counter)), change_row)
            .optional()
            .context("Read a change")
    }

    pub fn changes_of(&self, record: RecordId) -> Result<Vec<OwnChange>> {
        self.changes(&format!("{CHANGE} WHERE record = ?1 ORDER BY actor, counter"), [record.0])
    }

    /// What head carries over base, in the order it was made.
    pub fn pending_of(&self, record: RecordId) -> Result<Vec<OwnChange>> {
        self.changes(
            &format!("{CHANGE} WHERE record = ?1 AND pending = 1 ORDER BY actor, counter"),
            [record.0],
        )
    }

    /// Whether head carries anything over base, in whichever record.
    pub fn has_pending(&self) -> Result<bool> {
        self.connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM own_change WHERE state IN ('saved', 'refused', 'held'))
                     OR EXISTS (SELECT 1 FROM own_change WHERE pending = 1 AND state = 'received')",
            )?
            .query_row((), |row| row.get(0))
            .context("Look for what is pending")
    }

    pub fn all_changes(&self) -> Result<Vec<OwnChange>> {
        self.changes(&format!("{CHANGE} ORDER BY actor, counter"), ())
    }

    /// Every one, by actor and counter, one at a time.
    pub fn each_change(&self, mut look: impl FnMut(OwnChange) -> Result<()>) -> Result<()> {
        let mut read = self.connection.prepare_cached(&format!("{CHANGE} ORDER BY actor, counter"))?;
        let mut rows = read.query(())?;
        while let Some(row) = rows.next().context("Read changes")? {
            look(change_row(row).context("Read a change")?)?;
        }
        Ok(())
    }

    pub fn count_changes(&self) -> Result<u32> {
        self.connection
            .prepare_cached("SELECT COUNT(*) FROM own_change")?
            .query_row((), |row| row.get(0))
            .context("Count changes")
    }

    /// Writes a change as it was before something in it went bad. Its dot and state stay.
    pub fn mend_change(&self, own: &OwnChange) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE own_change SET record = ?3, hash = ?4, chain = ?5, bytes = ?6, reason = ?7
                 WHERE actor = ?1 AND counter = ?2",
            )?
            .execute((
                own.actor.0,
                to_row(own.counter),
                own.record.0,
                own.hash.0,
                own.chain.0,
                &own.bytes,
                &own.reason,
            ))
            .context("Mend a change")?;
        Ok(())
    }

    /// What the server holds and has not yet told us again.
    pub fn unechoed_changes(&self) -> Result<Vec<OwnChange>> {
        self.changes(
            &format!("{CHANGE} WHERE pending = 1 AND state = 'received' ORDER BY actor, counter"),
            (),
        )
    }

    /// What no server holds yet, or holds and refuses.
    pub fn unsettled_changes(&self) -> Result<Vec<OwnChange>> {
        self.changes(
            &format!(
                "{CHANGE} WHERE state IN ('saved', 'refused', 'held') ORDER BY saved_ms, actor, counter"
            ),
            (),
        )
    }

    /// The oldest saved thing and how many there are, besides the changes of this actor up to a counter.
    pub fn saved_behind(&self, actor: Actor, through: u64) -> Result<(Option<i64>, u32)> {
        self.connection
            .prepare_cached(
                "SELECT MIN(saved_ms), COUNT(*) FROM (
                     SELECT saved_ms FROM own_change
                         WHERE state = 'saved' AND state IN ('saved', 'refused', 'held')
                         AND NOT (actor = ?1 AND counter <= ?2)
                     UNION ALL SELECT since_ms FROM upload WHERE state IN ('saved', 'sending'))",
            )?
            .query_row((actor.0, to_row(through)), |row| Ok((row.get(0)?, row.get(1)?)))
            .context("Count what is still here")
    }

    /// Changes that neither the server nor this device has any more.
    pub fn missing_changes(&self) -> Result<u32> {
        self.connection
            .prepare_cached("SELECT COUNT(*) FROM own_change WHERE state = 'missing'")?
            .query_row((), |row| row.get(0))
            .context("Count what is lost")
    }

    pub fn settle_change(
        &self,
        (actor, counter): (Actor, u64),
        state: ChangeState,
        pending: bool,
        reason: Option<&str>,
        at_ms: i64,
    ) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE own_change SET seen = CASE WHEN reason IS ?5 THEN seen ELSE 0 END,
                     state = ?3, pending = ?4, reason = ?5, received_ms = COALESCE(received_ms, ?6)
                 WHERE actor = ?1 AND counter = ?2",
            )?
            .execute((actor.0, to_row(counter), state.name(), pending, reason, at_ms))
            .context("Settle a change")?;
        if reason == Some(Code::Declined.name()) { Ok(()) } else { self.forget_said((actor, counter)) }
    }

    pub fn set_pending(&self, actor: Actor, counter: u64, pending: bool) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE own_change SET pending = ?3 WHERE actor = ?1 AND counter = ?2")?
            .execute((actor.0, to_row(counter), pending))
            .context("Mark what head carries")?;
        Ok(())
    }

    /// After a restore the server has these no longer: they are on their way again.
    pub fn unsettle_changes(&self, actor: Actor, after: u64) -> Result<Vec<RecordId>> {
        self.forget_said_after(actor, after)?;
        self.connection
            .prepare_cached(
                "UPDATE own_change SET state = 'saved', pending = bytes <> x'', received_ms = NULL, reason = NULL
                 WHERE actor = ?1 AND counter > ?2 AND state <> 'redotted' RETURNING record",
            )?
            .query_map((actor.0, to_row(after)), |row| row.get(0).map(RecordId))?
            .collect::<Result<_, _>>()
            .context("Send changes again")
    }

    /// Empties acknowledged changes of long ago that a backup holds, photos and all. Counter, hash and chain stay.
    pub fn clear_safe_changes(&self, actor: Actor, through: u64, before_ms: i64) -> Result<usize> {
        self.connection
            .prepare_cached(
                "UPDATE own_change SET bytes = x'' WHERE actor = ?1 AND counter <= ?2 AND received_ms < ?3
                     AND pending = 0 AND state IN ('received', 'duplicate') AND bytes <> x''
                     AND NOT EXISTS (SELECT 1 FROM upload WHERE upload.record = own_change.record
                         AND upload.state <> 'safe')",
            )?
            .execute((actor.0, to_row(through), before_ms))
            .context("Clear the archive")
    }

    /// Empties what goes on under other dots, where nothing of that is kept either: a copy that nothing sends again.
    pub fn clear_moved_changes(&self) -> Result<usize> {
        self.connection
            .prepare_cached(
                "UPDATE own_change SET bytes = x'' WHERE state = 'redotted' AND bytes <> x''
                     AND NOT EXISTS (SELECT 1 FROM own_change other WHERE other.record = own_change.record
                         AND other.state <> 'redotted' AND other.bytes <> x'')",
            )?
            .execute(())
            .context("Clear the archive of what was moved")
    }

    /// The first of an actor's changes, up to here, that no server is known to hold.
    pub fn first_saved(&self, actor: Actor, through: u64) -> Result<Option<u64>> {
        let first: Option<i64> = self
            .connection
            .prepare_cached(
                "SELECT MIN(counter) FROM own_change WHERE actor = ?1 AND counter <= ?2 AND state = 'saved'",
            )?
            .query_row((actor.0, to_row(through)), |row| row.get(0))
            .context("Look for what is not settled")?;
        Ok(first.map(from_row))
    }

    /// Actors that were given up, with changes that no server holds and that are not on their way back to one.
    pub fn actors_left_behind(&self, present: Actor) -> Result<Vec<Actor>> {
        self.connection
            .prepare_cached(
                "SELECT DISTINCT actor FROM own_change WHERE state = 'saved' AND state IN ('saved', 'refused', 'held')
                     AND actor <> ?1 AND actor NOT IN (SELECT actor FROM proof WHERE returned IS NOT NULL)
                 ORDER BY actor",
            )?
            .query_map([present.0], |row| row.get(0).map(Actor))?
            .collect::<Result<_, _>>()
            .context("List actors with something to send")
    }

    /// Held changes of actors that were given up: nothing else tells what became of them.
    pub fn held_of_others(&self, present: Actor, most: u32) -> Result<Vec<Dot>> {
        self.connection
            .prepare_cached(
                "SELECT actor, counter FROM own_change WHERE state = 'held' AND actor <> ?1
                 ORDER BY actor, counter LIMIT ?2",
            )?
            .query_map((present.0, most), |row| {
                Ok(Dot { actor: Actor(row.get(0)?), counter: from_row(row.get(1)?) })
            })?
            .collect::<Result<_, _>>()
            .context("List what is held")
    }

    /// A record left: nothing of it is shown, so nothing of ours is pending in it.
    pub fn nothing_pending_in(&self, record: RecordId) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE own_change SET pending = 0 WHERE record = ?1 AND state <> 'saved'")?
            .execute([record.0])
            .context("Clear what was pending in a record")?;
        Ok(())
    }

    /// What a broken rule would lose; see `Mutant::LeaveBeforeSent`.
    pub fn drop_unsent_in(&self, record: RecordId) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM own_change WHERE record = ?1 AND state = 'saved'")?
            .execute([record.0])
            .context("Drop what was not sent")?;
        Ok(())
    }

    pub fn put_away_refused(&self, record: RecordId) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE own_change SET seen = 1 WHERE record = ?1 AND state = 'refused'")?
            .execute([record.0])
            .context("Put a refusal away")?;
        Ok(())
    }

    fn changes(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<OwnChange>> {
        self.connection
            .prepare_cached(sql)?
            .query_map(parameters, change_row)?
            .collect::<Result<_, _>>()
            .context("Read changes")
    }
}
