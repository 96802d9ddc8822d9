//! The line between phones and server: letters wait in a bag, arrive in any order, twice or never.

use anyhow::{Context, Result};
use kerbside_core::exchange::{Push, Receipt, Reply, Verdict};
use kerbside_device::Budget;

use crate::ledger::markers_in;
use crate::world::World;

#[derive(Debug, Clone)]
pub enum Letter {
    Push { phone: usize, life: u32, push: Box<Push> },
    Reply { phone: usize, life: u32, push: Box<Push>, reply: Box<Reply> },
}

impl World {
    pub fn send(&mut self) -> Result<()> {
        let phone = self.any_phone();
        let now = self.reading(phone);
        let budget = self.any_budget();
        let dies = self.plan_crash();
        let pushed = self.phones[phone].vault.outgoing(budget, now);
        self.end_crash();
        match pushed {
            Ok(push) => {
                self.note(&format!(
                    "phone {phone} pushes {} from {} of {}",
                    push.changes.len(),
                    push.first,
                    push.actor
                ));
                let life = self.phones[phone].life;
                self.letters.push(Letter::Push { phone, life, push: Box::new(push) });
            }
            Err(cause) if dies => self.note(&format!("died sending: {cause}")),
            Err(cause) => return Err(cause.context("Sending")),
        }
        if dies {
            self.reopen(phone);
        }
        Ok(())
    }

    fn any_budget(&mut self) -> Budget {
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
            Letter::Push { phone, life, push } => self.reaches_server(phone, life, push),
            Letter::Reply { phone, life, push, reply } => self.reaches_phone(phone, life, &push, &reply),
        }
    }

    fn reaches_server(&mut self, phone: usize, life: u32, push: Box<Push>) -> Result<()> {
        let device = self.phones[phone].device;
        let dies = self.plan_crash();
        let taken = self.server.take(self.now_ms, device, &push);
        self.end_crash();
        match taken {
            Ok(reply) => {
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
            Err(cause) if dies => {
                self.note(&format!("server died: {cause}"));
                self.server.open_again();
                Ok(())
            }
            Err(cause) => Err(cause.context("Taking a push")),
        }
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
        let dies = self.plan_crash();
        let applied = self.apply(phone, push, reply);
        self.end_crash();
        match applied {
            Ok(_) => {}
            Err(cause) if dies => self.note(&format!("died applying: {cause}")),
            Err(cause) => return Err(cause.context("Applying a reply")),
        }
        if dies {
            self.reopen(phone);
        }
        Ok(())
    }

    /// Applies a reply, and gives the actor up if it has a double. True when there is more to exchange.
    pub fn apply(&mut self, phone: usize, push: &Push, reply: &Reply) -> Result<bool> {
        let now = self.reading(phone);
        let applied = self.phones[phone].vault.incoming(push, reply, now)?;
        self.note(&format!("phone {phone} applied {applied:?}"));
        if applied.fork {
            self.forks += 1;
            let retire = self.phones[phone].vault.retire_request()?;
            let retired = self.server.retire(self.now_ms, self.phones[phone].device, &retire)?;
            self.phones[phone].vault.retired(&retire, &retired, now)?;
            let (offered, held) = (retire.offered.len(), &retired.held);
            self.note(&format!(
                "phone {phone}: {} gives way to {}, {offered} offered, {held:?} held",
                retire.actor, retired.actor
            ));
            return Ok(true);
        }
        if !applied.missing_packs.is_empty() {
            self.fetch_packs(phone)?;
        }
        Ok(applied.more || 0 < applied.sent || 0 < applied.received)
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
