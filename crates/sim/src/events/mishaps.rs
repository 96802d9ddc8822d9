//! What befalls phones: processes die, vaults are put back from a copy or cloned, new phones arrive.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::ledger::{Marker, markers_on_server};
use crate::phone::{Phone, markers};
use crate::world::World;

impl World {
    pub fn die(&mut self) -> Result<()> {
        let at = self.any_phone();
        self.reopen(at);
        Ok(())
    }

    pub fn back_up(&mut self) -> Result<()> {
        let at = self.any_phone();
        let seed = self.rng.u64(..);
        self.phones[at].backup = Some(self.phones[at].vault.copy_in_memory(seed)?);
        Ok(())
    }

    /// A phone is put back to its backup. What only it had since then died with it.
    pub fn put_back(&mut self) -> Result<()> {
        let at = self.any_phone();
        let Some(backup) = self.phones[at].backup.take() else { return Ok(()) };
        let lost: BTreeSet<Marker> = markers(&self.phones[at].vault)?;
        self.phones[at].vault = backup;
        self.phones[at].life += 1;
        let mut kept = markers_on_server(&mut self.server)?;
        for phone in &self.phones {
            kept.extend(markers(&phone.vault)?);
        }
        for marker in lost.difference(&kept) {
            self.ledger.died(marker);
        }
        self.note(&format!("phone {at} put back"));
        Ok(())
    }

    /// Two phones with one vault: neither knows.
    pub fn clone_phone(&mut self) -> Result<()> {
        if 7 <= self.phones.len() {
            return Ok(());
        }
        let at = self.any_phone();
        let seed = self.rng.u64(..);
        let phone = &self.phones[at];
        let double = Phone {
            vault: phone.vault.copy_in_memory(seed)?,
            email: phone.email.clone(),
            device: phone.device,
            life: 0,
            skew_ms: self.rng.i64(-60_000..60_000),
            backup: None,
        };
        self.phones.push(double);
        self.note(&format!("phone {at} cloned"));
        Ok(())
    }

    /// A new officer's phone, to be filled from nothing.
    pub fn arrive(&mut self) -> Result<()> {
        if 7 <= self.phones.len() {
            return Ok(());
        }
        let email = ["ann", "bob", "cat", "dee"][self.rng.usize(..4)];
        self.enrol(&format!("{email}@example.gov.uk"))
    }
}
