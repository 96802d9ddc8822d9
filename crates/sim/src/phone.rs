//! One phone in a hand: how it is enrolled, what it holds, and how its process ends and begins again.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use ed25519_dalek::SigningKey;
use kerbside_core::exchange::Enrol;
use kerbside_core::ids::DeviceId;
use kerbside_core::sign::PublicKey;
use kerbside_device::{COUNCIL_PACK, Identity, Vault};

use crate::ledger::{Marker, markers_in};
use crate::world::World;

#[derive(Debug)]
pub struct Phone {
    pub vault: Vault,
    pub email: String,
    pub device: DeviceId,
    /// Which life of the process: a reply to an earlier one reaches nobody.
    pub life: u32,
    pub skew_ms: i64,
    pub backup: Option<Vault>,
}

impl World {
    pub fn enrol(&mut self, email: &str) -> Result<()> {
        let officer = self.officer(email)?;
        let code = self.server.make_device_code(&officer, self.now_ms)?.code;
        let secret: [u8; 32] = std::array::from_fn(|_| self.rng.u8(..));
        let key = PublicKey::of(&SigningKey::from_bytes(&secret));
        let enrol = Enrol {
            code,
            key,
            name: "Handheld".to_owned(),
            app: "0.1.0".to_owned(),
            unlock_share: vec![0; 32],
        };
        let enrolled = self.server.enrol_device(self.now_ms, &enrol)?;
        let identity = Identity {
            server_url: String::new(),
            ca_pem: None,
            server: enrolled.server,
            server_key: enrolled.server_key.0,
            council: enrolled.council,
            device: enrolled.device,
            officer: enrolled.officer,
            officer_name: enrolled.officer_name,
            short_code: enrolled.short_code,
        };
        let seed = self.rng.u64(..);
        let vault = Vault::in_memory(&identity, enrolled.actor, enrolled.epoch, secret, seed)?;
        let skew_ms = self.rng.i64(-172_800_000..172_800_000) * i64::from(self.rng.u8(0..4) == 0);
        let phone =
            Phone { vault, email: email.to_owned(), device: enrolled.device, life: 0, skew_ms, backup: None };
        self.phones.push(phone);
        let at = self.phones.len() - 1;
        self.fetch_packs(at)
    }

    /// Documents travel by another road; here they are simply handed over.
    pub fn fetch_packs(&mut self, at: usize) -> Result<()> {
        let email = self.phones[at].email.clone();
        let officer = self.officer(&email)?;
        let form = self.server.pack("form.sighting", 1, &officer)?.context("The form is on offer")?;
        let (version, council) = self.server.council_pack(&officer)?;
        let vault = &mut self.phones[at].vault;
        vault.keep_pack("form.sighting", 1, &form)?;
        vault.keep_pack(COUNCIL_PACK, version, &council)
    }

    /// The process is gone; what was on its disk is opened again.
    pub fn reopen(&mut self, at: usize) {
        self.note(&format!("phone {at} opened again"));
        self.crashes += 1;
        let seed = self.rng.u64(..);
        let phone = &mut self.phones[at];
        phone.vault.open_again(seed);
        phone.life += 1;
    }
}

/// Everything a vault's own changes say.
pub fn markers(vault: &Vault) -> Result<BTreeSet<Marker>> {
    let mut found = BTreeSet::new();
    for own in vault.own_changes()? {
        found.extend(markers_in(&own.bytes));
    }
    Ok(found)
}
