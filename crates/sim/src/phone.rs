//! One phone in a hand: how it is enrolled, what it holds, and how its process ends and begins again.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use ed25519_dalek::SigningKey;
use kerbside_core::exchange::{Enrol, Offer};
use kerbside_core::ids::DeviceId;
use kerbside_core::sign::PublicKey;
use kerbside_device::{COUNCIL_PACK, Identity, Vault};

use crate::events::restoring::ARCHIVE_MS;
use crate::events::work::OpenDraft;
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
    /// The least and the most it was ever off: further ahead than the whole of it nobody ever believed this phone.
    pub skews_ms: (i64, i64),
    pub backup: Option<Vault>,
    pub drafts: Vec<OpenDraft>,
}

impl World {
    pub fn enrol(&mut self, email: &str) -> Result<()> {
        // Nobody who has left is handed a phone.
        self.server.set_disabled(email, None)?;
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
            proof: None,
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
        let mut vault = Vault::in_memory(&identity, enrolled.actor, enrolled.epoch, secret, seed)?;
        vault.keep_archive_for(ARCHIVE_MS);
        let skew_ms = self.any_skew_ms();
        let phone = Phone {
            vault,
            email: email.to_owned(),
            device: enrolled.device,
            life: 0,
            skew_ms,
            skews_ms: (skew_ms.min(0), skew_ms.max(0)),
            backup: None,
            drafts: Vec::new(),
        };
        self.phones.push(phone);
        let at = self.phones.len() - 1;
        let (version, council) = self.server.council_pack(&officer)?;
        let vault = &mut self.phones[at].vault;
        vault.keep_pack(COUNCIL_PACK, version, &council)?;
        let form =
            self.server.pack("form.sighting", self.form_version, &officer)?.context("It is on offer")?;
        self.phones[at].vault.keep_pack("form.sighting", self.form_version, &form)
    }

    /// Documents travel by another road; here they are simply handed over.
    pub fn fetch_packs(&mut self, at: usize, offers: &[Offer]) -> Result<()> {
        let email = self.phones[at].email.clone();
        // What was on offer before its officer left is offered no more.
        let Some((officer, _)) = self.server.officer_by_email(&email)? else { return Ok(()) };
        for offer in offers {
            // Another version may stand there by now, and is offered in its turn.
            if let Some(body) = self.server.pack(&offer.name, offer.version, &officer)? {
                self.phones[at].vault.keep_pack(&offer.name, offer.version, &body)?;
            }
        }
        Ok(())
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
