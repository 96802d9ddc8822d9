//! Two records that the office finds to be the same: joined, parted again, or kept apart from now on.

use anyhow::{Context, Result, ensure};
use kerbside_core::field::{FieldKey, LIFECYCLE};
use kerbside_core::ids::RecordId;
use kerbside_core::record::Record;
use kerbside_core::record::view::seen_text;
use kerbside_core::same::{duplicate_of, duplicates, is_apart};

use crate::world::World;

impl World {
    /// The office says of two records whether they are the same, or takes back what it said.
    pub fn join(&mut self) -> Result<()> {
        let (Some((one, here)), Some((other, there))) = (self.any_state()?, self.any_state()?) else {
            return Ok(());
        };
        if duplicate_of(&here).is_some() {
            return self.part(one, &here);
        }
        if is_apart((one, &here), (other, &there)) || self.rng.u8(0..5) == 0 {
            return self.keep_apart((one, &here), (other, &there));
        }
        let jo = self.officer("jo@example.gov.uk")?;
        let (now_ms, seen) = (self.now_ms, seen_of(one, &here));
        let done = self.server_asked("joining two records", |world| {
            world.server.office_join(now_ms, &jo, one, other, &seen)
        })?;
        if let Some(dot) = done {
            self.note(&format!("{one} joined to {other} by {dot}"));
        }
        let (closed, taken_in) = self.says(one, other)?;
        let was_taken_in = duplicates(&there).any(|closed| closed == one);
        ensure!(
            done.is_none() || (closed && taken_in),
            "{one} and {other} were joined and do not both say so"
        );
        ensure!(
            was_taken_in || closed == taken_in,
            "only one of {one} and {other} says that they were joined"
        );
        Ok(())
    }

    fn part(&mut self, record: RecordId, state: &Record) -> Result<()> {
        let jo = self.officer("jo@example.gov.uk")?;
        let (now_ms, seen) = (self.now_ms, seen_of(record, state));
        let done = self.server_asked("parting two records", |world| {
            world.server.office_part(now_ms, &jo, record, &seen)
        })?;
        if let Some(dot) = done {
            self.note(&format!("{record} a duplicate no more by {dot}"));
            ensure!(
                duplicate_of(&self.state_of(record)?).is_none(),
                "{record} was parted and is a duplicate"
            );
        }
        Ok(())
    }

    fn keep_apart(&mut self, one: (RecordId, &Record), other: (RecordId, &Record)) -> Result<()> {
        let jo = self.officer("jo@example.gov.uk")?;
        let now_ms = self.now_ms;
        let done = if is_apart(one, other) {
            self.server_asked("asking again", |world| {
                world.server.office_ask_again(now_ms, &jo, one.0, other.0).map(|()| "asked about again")
            })?
        } else {
            self.server_asked("keeping two records apart", |world| {
                world.server.office_keep_apart(now_ms, &jo, one.0, other.0).map(|_| "kept apart")
            })?
        };
        if let Some(what) = done {
            self.note(&format!("{} and {} {what}", one.0, other.0));
        }
        Ok(())
    }

    /// Whether the first says that it was closed for the second, and the second that it took the first in.
    fn says(&mut self, closed: RecordId, stays: RecordId) -> Result<(bool, bool)> {
        let is_closed = duplicate_of(&self.state_of(closed)?).is_some_and(|(into, _)| into == stays);
        Ok((is_closed, duplicates(&self.state_of(stays)?).any(|taken_in| taken_in == closed)))
    }

    fn state_of(&mut self, record: RecordId) -> Result<Record> {
        let states = self.server.states()?;
        let kept = states.into_iter().find(|kept| kept.record == record).context("A record that is kept")?;
        Ok(Record::unpack(&kept.state)?)
    }
}

fn seen_of(record: RecordId, state: &Record) -> String {
    let whole = FieldKey::new(LIFECYCLE);
    seen_text(record, &whole, &state.context(&whole))
}
