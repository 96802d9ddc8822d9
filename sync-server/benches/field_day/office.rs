//! A council's server and the handhelds that speak with it, in one process: everything between them is what the
//! network would carry, CBOR in zstd, and both write to disk as they do in a council.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use ed25519_dalek::SigningKey;
use kerbside_core::cbor;
use kerbside_core::exchange::{Enrol, Enrolled, Push, Reply};
use kerbside_core::form::{Codes, Form};
use kerbside_core::ids::DeviceId;
use kerbside_core::sign::PublicKey;
use kerbside_device::clock::Reading;
use kerbside_device::keys::VaultKey;
use kerbside_device::{Applied, Budget, COUNCIL_PACK, FORM_PACK, Identity, Vault};
use kerbside_server::store::{CouncilFile, Place, Store};
use serde_json::{Value as Json, json};

use crate::clock::timed;
use crate::reports::FORM;
use crate::store::Answers;

const START_MS: i64 = 1_773_652_364_000;
/// A report every so often.
const STRIDE_MS: i64 = 37_000;
const LEVEL: i32 = kerbside_core::exchange::ZSTD_LEVEL;
pub const FORM_KEY: &str = "inspection";

pub fn key() -> VaultKey {
    VaultKey::new([0x6b; 32])
}

pub fn email(name: &str) -> String {
    format!("{name}@example.gov.uk")
}

/// The server of a council, its database a file.
pub struct Office {
    server: Store,
    form: String,
    now_ms: i64,
    /// Nobody reports by the clock.
    rng: fastrand::Rng,
}

pub struct Handheld {
    pub vault: Vault,
    device: DeviceId,
}

/// One exchange, and what it cost.
pub struct Exchange {
    pub up: usize,
    pub down: usize,
    pub on_device: Duration,
    pub on_server: Duration,
    pub sent: usize,
    pub applied: Applied,
}

/// Several exchanges until there is nothing more to say.
#[derive(Default)]
pub struct Talk {
    pub up: usize,
    pub down: usize,
    pub on_device: Duration,
    pub on_server: Duration,
    /// How many changes went up with each exchange, and how many records came down.
    pub sent: Vec<usize>,
    pub received: Vec<usize>,
}

impl Talk {
    pub fn add(&mut self, other: Self) {
        self.up += other.up;
        self.down += other.down;
        self.on_device += other.on_device;
        self.on_server += other.on_server;
        self.sent.extend(other.sent);
        self.received.extend(other.received);
    }

    pub fn took(&self) -> Duration {
        self.on_device + self.on_server
    }
}

impl Office {
    /// A council whose officers are given by name and team.
    pub fn open(folder: &Path, officers: &[(String, String)]) -> Result<Self> {
        let mut server = Place::File(folder.join("council.db")).open()?;
        server.establish(START_MS)?;
        let form = Form::parse(FORM, &Codes::default()).map_err(|faults| anyhow!("{faults:?}"))?;
        let council: CouncilFile = serde_json::from_value(council(officers, form.key()))?;
        server.load_council(&council, &std::collections::BTreeMap::new())?;
        server.put_form(START_MS, &form)?;
        Ok(Self { server, form: form.key().to_owned(), now_ms: START_MS, rng: fastrand::Rng::with_seed(7) })
    }

    pub fn server(&mut self) -> &mut Store {
        &mut self.server
    }

    /// A handheld whose vault is encrypted, in this folder.
    pub fn enrol(&mut self, name: &str, folder: &Path) -> Result<Handheld> {
        let (identity, enrolled, signing) = self.meet(name)?;
        std::fs::create_dir_all(folder.join("photos")).context("Make a folder for a vault")?;
        let vault = Vault::on_disk(folder, key(), signing, &identity, (enrolled.actor, enrolled.epoch))?;
        self.hand_over(name, Handheld { vault, device: enrolled.device })
    }

    /// One that only fills the council before anything is timed.
    pub fn enrol_in_memory(&mut self, name: &str) -> Result<Handheld> {
        let (identity, enrolled, signing) = self.meet(name)?;
        let vault = Vault::in_memory(&identity, enrolled.actor, enrolled.epoch, signing, self.rng.u64(..))?;
        self.hand_over(name, Handheld { vault, device: enrolled.device })
    }

    fn meet(&mut self, name: &str) -> Result<(Identity, Enrolled, [u8; 32])> {
        let officer = self.server.officer_by_email(&email(name))?.context("A known officer")?.0;
        let code = self.server.make_device_code(&officer, self.now_ms)?.code;
        let signing = kerbside_device::random::system_bytes::<32>()?;
        let enrol = Enrol {
            code,
            key: PublicKey::of(&SigningKey::from_bytes(&signing)),
            name: "Handheld".to_owned(),
            app: env!("CARGO_PKG_VERSION").to_owned(),
            unlock_share: vec![0; 32],
            proof: None,
        };
        let enrolled = self.server.enrol_device(self.now_ms, &enrol)?;
        let identity = Identity {
            server_url: String::new(),
            ca_pem: None,
            server: enrolled.server,
            server_key: enrolled.server_key.0,
            council: enrolled.council.clone(),
            device: enrolled.device,
            officer: enrolled.officer,
            officer_name: enrolled.officer_name.clone(),
            short_code: enrolled.short_code.clone(),
        };
        Ok((identity, enrolled, signing))
    }

    /// Documents travel by a road of their own, once, and are not timed.
    fn hand_over(&mut self, name: &str, mut handheld: Handheld) -> Result<Handheld> {
        let officer = self.server.officer_by_email(&email(name))?.context("A known officer")?.0;
        let form = format!("{FORM_PACK}{}", self.form);
        let body = self.server.pack(&form, 1, &officer)?.context("The form is on offer")?;
        let (version, council) = self.server.council_pack(&officer)?;
        handheld.vault.keep_pack(&form, 1, &body)?;
        handheld.vault.keep_pack(COUNCIL_PACK, version, &council)?;
        Ok(handheld)
    }

    /// Time goes on.
    pub fn later(&mut self) -> i64 {
        self.now_ms += STRIDE_MS + i64::from(self.rng.u16(..));
        self.now_ms
    }

    /// Saves one report and says how long the officer waited.
    pub fn save(&mut self, handheld: &mut Handheld, report: &Answers) -> Result<Duration> {
        let now = Reading::at(self.later());
        let (saved, took) = timed(|| handheld.vault.create(&self.form, report, &[], now));
        saved.context("Save a report")?;
        Ok(took)
    }

    pub fn exchange(&mut self, handheld: &mut Handheld) -> Result<Exchange> {
        self.now_ms += 1000;
        let now = Reading::at(self.now_ms);
        let (said, outgoing) = timed(|| -> Result<_> {
            let push = handheld.vault.outgoing(Budget::default(), now)?;
            let body = zstd::bulk::compress(&cbor::encode(&push), LEVEL)?;
            Ok((push, body))
        });
        let (push, up) = said?;
        let (answered, on_server) = timed(|| -> Result<_> {
            let push: Push = cbor::decode(&zstd::decode_all(up.as_slice())?)?;
            let reply = self.server.take(self.now_ms, handheld.device, &push)?;
            Ok(zstd::bulk::compress(&cbor::encode(&reply), LEVEL)?)
        });
        let down = answered?;
        let (applied, incoming) = timed(|| -> Result<_> {
            let reply: Reply = cbor::decode(&zstd::decode_all(down.as_slice())?)?;
            handheld.vault.incoming(&push, &reply, now)
        });
        Ok(Exchange {
            up: up.len(),
            down: down.len(),
            on_device: outgoing + incoming,
            on_server,
            sent: push.changes.len(),
            applied: applied?,
        })
    }

    /// Exchanges until there is nothing more.
    pub fn talk(&mut self, handheld: &mut Handheld) -> Result<Talk> {
        let mut talk = Talk::default();
        loop {
            let exchange = self.exchange(handheld)?;
            talk.up += exchange.up;
            talk.down += exchange.down;
            talk.on_device += exchange.on_device;
            talk.on_server += exchange.on_server;
            talk.sent.push(exchange.sent);
            talk.received.push(usize::try_from(exchange.applied.received)?);
            if !exchange.applied.more {
                return Ok(talk);
            }
        }
    }
}

fn council(officers: &[(String, String)], form: &str) -> Json {
    let mut names: Vec<&String> = officers.iter().map(|(_, team)| team).collect();
    names.dedup();
    let teams: Vec<Json> = names
        .into_iter()
        .map(|team| {
            json!({"key": team, "name": {"en": team, "cy": team}, "service": "street", "forms": [form]})
        })
        .collect();
    let people: Vec<Json> = officers
        .iter()
        .enumerate()
        .map(|(at, (name, team))| {
            json!({"email": email(name), "name": name, "role": "officer", "teams": [team],
                "short_code": format!("B{at:02}")})
        })
        .collect();
    json!({"key": "bench", "name": "A council", "teams": teams, "officers": people})
}
