//! The line between phones and server: letters wait in a bag, arrive in any order, twice or never.

use anyhow::{Context, Result, bail};
use kerbside_core::exchange::{Push, Receipt, Reply, Verdict};
use kerbside_core::ids::DeviceId;
use kerbside_device::{Budget, ChangeState};

use crate::events::restoring::is_unknown_device;
use crate::ledger::markers_in;
use crate::phone::Phone;
use crate::world::World;

/// More exchanges in a row than a phone of these worlds needs to be done.
const EXCHANGES: u32 = 400;

#[derive(Debug, Clone)]
pub enum Letter {
    Push { phone: usize, life: u32, device: DeviceId, push: Box<Push> },
    Reply { phone: usize, life: u32, push: Box<Push>, reply: Box<Reply> },
}

impl World {
    pub fn send(&mut self) -> Result<()> {
        let phone = self.any_phone();
        let now = self.reading(phone);
        let budget = self.any_budget();
        let pushed =
            self.phone_risks(phone, "sending", |world| world.phones[phone].vault.outgoing(budget, now))?;
        let Some(push) = pushed else { return Ok(()) };
        let (count, first, actor) = (push.changes.len(), push.first, push.actor);
        self.note(&format!("phone {phone} pushes {count} from {first} of {actor}"));
        let Phone { life, device, .. } = self.phones[phone];
        self.letters.push(Letter::Push { phone, life, device, push: Box::new(push) });
        Ok(())
    }

    /// Often so small that a filling, or a day's work, takes many exchanges.
    pub fn any_budget(&mut self) -> Budget {
        Budget {
            changes: self.rng.usize(1..8),
            bytes: [200, 900, 4_000, 400_000][self.rng.usize(..4)],
            items: self.rng.u32(1..9),
        }
    }

    /// One letter of the bag arrives, whichever it is.
    pub fn deliver(&mut self) -> Result<()> {
        if self.letters.is_empty() {
            return Ok(());
        }
        let at = self.rng.usize(..self.letters.len());
        match self.letters.swap_remove(at) {
            Letter::Push { phone, life, device, push } => self.reaches_server((phone, life, device), push),
            Letter::Reply { phone, life, push, reply } => self.reaches_phone(phone, life, &push, &reply),
        }
    }

    fn reaches_server(
        &mut self,
        (phone, life, device): (usize, u32, DeviceId),
        push: Box<Push>,
    ) -> Result<()> {
        let now_ms = self.now_ms;
        let taken =
            self.server_risks("taking a push", |world| known(world.server.take(now_ms, device, &push)))?;
        let Some(taken) = taken else { return Ok(()) };
        let Some(reply) = taken else {
            let is_still_its = self.phones[phone].device == device;
            return if is_still_its { self.enrol_again(phone) } else { Ok(()) };
        };
        self.note_duplicates(&push, &reply)?;
        self.note(&format!(
            "to phone {phone}: hwm {}, {} items, {:?}, {:?}",
            reply.hwm,
            reply.items.len(),
            reply.paging,
            verdicts(&reply)?
        ));
        self.letters.push(Letter::Reply { phone, life, push, reply: Box::new(reply) });
        Ok(())
    }

    /// Acts that arrived twice under different dots: what was answered over the second copy may show beside the first.
    pub fn note_duplicates(&mut self, push: &Push, reply: &Reply) -> Result<()> {
        for (counter, verdict) in verdicts(reply)? {
            let place = usize::try_from(counter.wrapping_sub(push.first)).unwrap_or(usize::MAX);
            if let (Verdict::Duplicate(_), Some(bytes)) = (verdict, push.changes.get(place)) {
                self.ledger.arrives_twice(markers_in(bytes));
            }
        }
        Ok(())
    }

    fn reaches_phone(&mut self, phone: usize, life: u32, push: &Push, reply: &Reply) -> Result<()> {
        if self.phones[phone].life != life {
            return Ok(());
        }
        self.old_reply_is_no_answer(phone, push, reply)?;
        self.phone_risks(phone, "applying", |world| world.apply(phone, push, reply))?;
        Ok(())
    }

    /// Applies a reply, and gives the actor up if it has a double. True when there is more to exchange.
    pub fn apply(&mut self, phone: usize, push: &Push, reply: &Reply) -> Result<bool> {
        let now = self.reading(phone);
        let applied = self.phones[phone].vault.incoming(push, reply, now)?;
        self.note(&format!("phone {phone} applied {applied:?}"));
        if applied.fork {
            self.forks += 1;
            self.gives_way(phone)?;
            return Ok(true);
        }
        if self.is_healed || self.rng.bool() {
            self.fetch_packs(phone, &applied.missing_packs)?;
        }
        Ok(applied.more || 0 < applied.sent || 0 < applied.received)
    }

    fn gives_way(&mut self, phone: usize) -> Result<()> {
        let now = self.reading(phone);
        let retire = self.phones[phone].vault.retire_request()?;
        let retired = known(self.server.retire(self.now_ms, self.phones[phone].device, &retire))?;
        let Some(retired) = retired else { return self.enrol_again(phone) };
        self.phones[phone].vault.retired(&retire, &retired, now)?;
        for own in self.phones[phone].vault.own_changes()? {
            if own.actor == retire.actor && own.state == ChangeState::Redotted {
                self.ledger.comes_anew(markers_in(&own.bytes));
            }
        }
        let (offered, held) = (retire.offered.len(), &retired.held);
        self.note(&format!(
            "phone {phone}: {} gives way to {}, {offered} offered, {held:?} held",
            retire.actor, retired.actor
        ));
        Ok(())
    }

    /// One whole exchange with nothing lost. True when it brought or took anything.
    pub fn exchange(&mut self, at: usize, budget: Budget) -> Result<bool> {
        let now = self.reading(at);
        if self.phones[at].vault.needs_retiring()? {
            self.gives_way(at)?;
        }
        let push = self.phones[at].vault.outgoing(budget, now)?;
        let taken = known(self.server.take(self.now_ms, self.phones[at].device, &push))?;
        let Some(reply) = taken else { return self.enrol_again(at).map(|()| true) };
        self.note_duplicates(&push, &reply)?;
        self.apply(at, &push, &reply)
    }

    /// The line of one phone holds for a while, in the middle of all disorder: it must come to an end with its work.
    pub fn line_holds(&mut self) -> Result<()> {
        let at = self.any_phone();
        let budget = self.any_budget();
        self.note(&format!("the line of phone {at} holds"));
        for _ in 0..EXCHANGES {
            self.now_ms += 1_000;
            if !self.exchange(at, budget)? {
                return Ok(());
            }
        }
        bail!("phone {at} is not done after {EXCHANGES} exchanges in a row")
    }

    pub fn lose(&mut self) -> Result<()> {
        if !self.letters.is_empty() {
            let at = self.rng.usize(..self.letters.len());
            self.letters.swap_remove(at);
        }
        Ok(())
    }

    pub fn repeat(&mut self) -> Result<()> {
        if !self.letters.is_empty() {
            let letter = self.letters[self.rng.usize(..self.letters.len())].clone();
            self.letters.push(letter);
        }
        Ok(())
    }
}

fn verdicts(reply: &Reply) -> Result<Vec<(u64, Verdict)>> {
    // A receipt the device holds already brings no verdict that it has not heard.
    if reply.receipt.shown().is_some() {
        return Ok(Vec::new());
    }
    let receipt: Receipt =
        kerbside_core::cbor::decode(&reply.receipt.payload).context("Reading a receipt")?;
    Ok(receipt.verdicts)
}

/// None where a restored server does not know the device.
fn known<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Err(cause) if is_unknown_device(&cause) => Ok(None),
        answer => answer.map(Some),
    }
}
