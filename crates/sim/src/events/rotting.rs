//! Bits flip in what a phone keeps and in what the server holds: either finds it, and what was there is there again.

use anyhow::{Context, Result, ensure};
use kerbside_core::ids::Dot;
use kerbside_device::{Budget, ChangeState, Comparison, Rot, Vault};

use crate::events::reviewing::is_stopped;
use crate::world::World;

/// More exchanges than it takes a phone to catch up.
const CATCH_UP: u32 = 12;

impl World {
    /// A bit of a base, a head or a change flips on a phone that is up to date, or a row holds what is another's. While the record comes anew, its officer
    /// writes a note.
    pub fn rot_phone(&mut self) -> Result<()> {
        let at = self.any_phone();
        if !self.catches_up(at)? {
            return Ok(());
        }
        let before = self.phones[at].vault.states()?;
        let own = self.phones[at].vault.own_changes()?;
        let confirmed: Vec<_> =
            before.iter().filter(|(_, (base, _))| base.is_some()).map(|(record, _)| *record).collect();
        if confirmed.is_empty() {
            return Ok(());
        }
        let record = confirmed[self.rng.usize(..confirmed.len())];
        let rot = [Rot::Base, Rot::Head, Rot::Change, Rot::Misplaced][self.rng.usize(..4)];
        let bit = self.rng.usize(..);
        let now = self.reading(at);
        if !self.phones[at].vault.flip(rot, record, bit)? {
            return Ok(());
        }
        self.note(&format!("phone {at}: the {rot:?} of {record} goes bad"));
        self.phones[at].vault.repair(now)?;
        self.compares(at)?;
        let wanted = self.phones[at].vault.question()?.is_none();
        ensure!(
            wanted || !matches!(rot, Rot::Base | Rot::Misplaced),
            "a wrong base of {record} was not found"
        );
        let push = self.phones[at].vault.outgoing(Budget::default(), now)?;
        let marker = self.ledger.new_marker();
        self.tries(&marker, None, Some(record), Default::default());
        let saved = self.phones[at].vault.note(record, &marker, now)?;
        self.ledger.promise(&marker, saved.record);
        let reply = self.server.take(self.now_ms, self.phones[at].device, &push)?;
        self.apply(at, &push, &reply)?;
        let shown = self.phones[at].vault.show(record)?;
        ensure!(shown.notes.iter().any(|note| note.text == marker), "{marker} was dropped by a repair");
        let after = self.phones[at].vault.states()?;
        for (id, (base, head)) in &before {
            let (base_now, head_now) = after.get(id).context("A record is gone after a repair")?;
            ensure!(base == base_now, "the base of {id} is not what it was before a bit flipped");
            ensure!(head == head_now || *id == record, "the head of {id} is not what it was");
        }
        let own_now = self.phones[at].vault.own_changes()?;
        ensure!(own_now.starts_with(&own), "own changes are not what they were before a bit flipped");
        Ok(())
    }

    /// A bit of a record's state flips on the server, or bits of a change that a phone still has.
    pub fn rot_server(&mut self) -> Result<()> {
        let at = self.any_phone();
        if !self.catches_up(at)? {
            return Ok(());
        }
        let states = self.server.states()?;
        let log = self.server.log_changes()?;
        if states.is_empty() {
            return Ok(());
        }
        let bit = self.rng.usize(..);
        let own: Vec<Dot> = self.phones[at]
            .vault
            .own_changes()?
            .into_iter()
            .filter(|own| own.state == ChangeState::Received && !own.bytes.is_empty())
            .map(|own| Dot { actor: own.actor, counter: own.counter })
            .collect();
        if self.rng.bool() || own.is_empty() {
            let record = states[self.rng.usize(..states.len())].record;
            self.server.flip_state(record, bit)?;
            self.note(&format!("server: a bit of the state of {record} flips"));
        } else {
            let dot = own[self.rng.usize(..own.len())];
            let bits = if self.rng.bool() { 1 } else { 0b1011 };
            if !self.server.flip_body(dot, bit, bits)? {
                return Ok(());
            }
            self.note(&format!("server: bits {bits:b} of {dot} flip"));
        }
        let found = self.server.verify()?;
        ensure!(found.integrity == "damaged", "a flipped bit of the server was not found");
        self.server.mend(self.now_ms, &found, None)?;
        self.compares(at)?;
        let left = self.server.verify()?;
        ensure!(left.integrity == "ok", "the server is not whole after a repair: {left:?}");
        let bodies = |log: &[kerbside_server::store::Kept]| -> Vec<Vec<u8>> {
            log.iter().map(|kept| kept.bytes.clone()).collect()
        };
        ensure!(bodies(&log) == bodies(&self.server.log_changes()?), "the log is not what it was");
        let now = self.server.states()?;
        let same =
            states.iter().zip(&now).all(|(was, is)| (was.record, &was.state) == (is.record, &is.state));
        ensure!(same && states.len() == now.len(), "the states are not what they were");
        Ok(())
    }

    /// Whether the phone stands where the server stands, with nothing on its way.
    fn catches_up(&mut self, at: usize) -> Result<bool> {
        // With a phone that was stopped the server compares nothing.
        if is_stopped(self, at)? {
            return Ok(false);
        }
        for _ in 0..CATCH_UP {
            if !self.exchange(at, Budget::default())? {
                break;
            }
        }
        let Some(question) = self.phones[at].vault.question()? else { return Ok(false) };
        let officer = self.officer(&self.phones[at].email.clone())?;
        let answer = self.server.compare(self.phones[at].device, &officer, &question)?;
        Ok(answer.same_moment && self.compares(at)?.is_equal())
    }

    /// The phone compares with the server and notes what it is to ask for anew.
    fn compares(&mut self, at: usize) -> Result<Comparison> {
        if is_stopped(self, at)? {
            return Ok(Comparison::default());
        }
        let Some(question) = self.phones[at].vault.question()? else { return Ok(Comparison::default()) };
        let officer = self.officer(&self.phones[at].email.clone())?;
        let device = self.phones[at].device;
        let answer = self.server.compare(device, &officer, &question)?;
        let bodies = self.phones[at].vault.bodies_of(&answer.missing)?;
        self.server.take_back(device, &bodies)?;
        let Some(narrowed) = self.phones[at].vault.narrowed(&question, &answer)? else {
            return Ok(Comparison { compared: true, ..Comparison::default() });
        };
        let listed = self.server.compare(device, &officer, &narrowed)?;
        let differences = self.phones[at].vault.differences(&narrowed.list, &listed)?;
        let doubtful = Vault::doubtful(&question, &differences);
        let unknown = self.server.compare(device, &officer, &doubtful)?.unknown;
        let now = self.reading(at);
        self.phones[at].vault.take_differences(&question, &differences, &unknown, now)
    }
}
