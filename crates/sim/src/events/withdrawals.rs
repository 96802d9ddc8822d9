//! Records withdrawn and opened again, on phones and from pages of the office that were left open.

use std::collections::BTreeSet;

use anyhow::Result;
use kerbside_core::field::{FieldKey, LIFECYCLE};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::Problem;
use kerbside_core::record::view::seen_text;
use kerbside_core::record::{OPEN, Record};
use kerbside_device::Choice;
use serde_json::json;

use crate::world::World;

impl World {
    /// An officer takes back a record of their own, or says of one that is withdrawn that it stays.
    pub fn withdraw(&mut self) -> Result<()> {
        let at = self.any_phone();
        let mut own: Vec<RecordId> = Vec::new();
        for record in self.phones[at].vault.states()?.into_keys() {
            if self.phones[at].vault.leave(record)?.withdraw {
                own.push(record);
            }
        }
        let Some(record) = self.rng.choice(own) else { return Ok(()) };
        let now = self.reading(at);
        let marker = self.ledger.new_marker();
        let withdrawn = self.phones[at].vault.show(record)?.withdrawal.is_some();
        let dies = self.plan_crash();
        let done = if withdrawn {
            let choice = Choice::Answer(json!(OPEN));
            self.phones[at].vault.resolve(record, &FieldKey::new(LIFECYCLE), &choice, now)
        } else {
            self.tries(&marker, None, Some(record), BTreeSet::new());
            self.phones[at].vault.withdraw(record, &marker, now)
        };
        self.end_crash();
        match done {
            Ok(saved) => {
                self.note(&format!("phone {at} {} {record} by {}", verb(withdrawn), saved.dot));
                if !withdrawn {
                    self.ledger.promise(&marker, record);
                }
            }
            Err(cause) if dies || cause.downcast_ref::<Problem>().is_some() => {
                self.note(&format!("phone {at} does not withdraw {record}: {cause}"));
            }
            Err(cause) => return Err(cause.context("Withdrawing")),
        }
        if dies {
            self.reopen(at);
        }
        Ok(())
    }

    /// The office withdraws a record as a page showed it, perhaps a while ago.
    pub fn withdraw_at_desk(&mut self) -> Result<()> {
        let states = self.server.states()?;
        if states.is_empty() {
            return Ok(());
        }
        let state = &states[self.rng.usize(..states.len())];
        let record = Record::unpack(&state.state).map_err(anyhow::Error::from)?;
        let seen =
            seen_text(state.record, &FieldKey::new(LIFECYCLE), &record.context(&FieldKey::new(LIFECYCLE)));
        let marker = self.ledger.new_marker();
        self.tries(&marker, None, Some(state.record), BTreeSet::new());
        let jo = self.officer("jo@example.gov.uk")?;
        let dies = self.plan_crash();
        let done = self.server.office_withdraw(self.now_ms, &jo, state.record, &seen, &marker);
        self.end_crash();
        match done {
            Ok(dot) => {
                self.note(&format!("office withdraws {} by {dot}", state.record));
                self.ledger.promise(&marker, state.record);
                self.ledger.leaves_phones(&marker);
                Ok(())
            }
            Err(cause) if dies || cause.downcast_ref::<Problem>().is_some() => Ok(()),
            Err(cause) => Err(cause.context("Withdrawing at a desk")),
        }
    }
}

fn verb(withdrawn: bool) -> &'static str {
    if withdrawn { "opens" } else { "withdraws" }
}
