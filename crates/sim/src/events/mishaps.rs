//! What befalls phones: processes die, vaults are put back from a copy or cloned, new phones arrive.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use kerbside_device::Vault;

use crate::ledger::markers_on_server;
use crate::phone::{Phone, markers};
use crate::world::World;

const TWO_DAYS_MS: i64 = 172_800_000;

impl World {
    /// Up to two days to either side, where it is wrong at all.
    pub fn any_skew_ms(&mut self) -> i64 {
        self.rng.i64(-TWO_DAYS_MS..TWO_DAYS_MS) * i64::from(self.rng.u8(0..4) == 0)
    }

    /// A phone's clock is set, by its owner or by the network, in the middle of its life.
    pub fn clock_jumps(&mut self) -> Result<()> {
        let at = self.any_phone();
        let skew_ms = self.any_skew_ms();
        let phone = &mut self.phones[at];
        phone.skew_ms = skew_ms;
        phone.skews_ms = (phone.skews_ms.0.min(skew_ms), phone.skews_ms.1.max(skew_ms));
        self.note(&format!("the clock of phone {at} is {} ms off", self.phones[at].skew_ms));
        Ok(())
    }

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
        let lost = std::mem::replace(&mut self.phones[at].vault, backup);
        // It may since have been enrolled again, which the backup knows nothing of.
        let device = self.phones[at].vault.identity().device;
        self.phones[at].device = device;
        self.phones[at].life += 1;
        self.died_with(&lost)?;
        self.note(&format!("phone {at} put back"));
        Ok(())
    }

    /// A phone falls into the canal, and its officer gets another one.
    pub fn drown(&mut self) -> Result<()> {
        if self.phones.len() < 2 {
            return Ok(());
        }
        let at = self.any_phone();
        let email = self.phones[at].email.clone();
        self.note(&format!("phone {at} drowned"));
        self.enrol(&email)?;
        let phone = self.phones.pop().context("It was just enrolled")?;
        let life = self.phones[at].life + 1;
        let lost = std::mem::replace(&mut self.phones[at], Phone { life, ..phone });
        self.died_with(&lost.vault)
    }

    /// Tells the ledger what nobody has any more.
    fn died_with(&mut self, lost: &Vault) -> Result<()> {
        let mut kept = markers_on_server(&mut self.server, &self.cut, &self.ledger.gone)?;
        for phone in &self.phones {
            kept.extend(markers(&phone.vault)?);
        }
        for marker in markers(lost)?.difference(&kept) {
            self.ledger.died(marker);
        }
        let mut on_phones = BTreeSet::new();
        for phone in &self.phones {
            on_phones.extend(markers(&phone.vault)?);
        }
        markers(lost)?.difference(&on_phones).for_each(|marker| self.ledger.leaves_phones(marker));
        self.photos_died(lost.photos_held()?)
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
            skew_ms: phone.skew_ms,
            skews_ms: phone.skews_ms,
            backup: None,
            drafts: Vec::new(),
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
        let email = format!("{email}@example.gov.uk");
        if self.server.officer_by_email(&email)?.is_none() {
            return Ok(());
        }
        self.enrol(&email)
    }
}
