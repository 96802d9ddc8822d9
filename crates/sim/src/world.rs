//! The world: phones, a server, an office, and a bag of letters between them. One seed decides all of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context, Result};
use fastrand::Rng;
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{RecordId, Sha256};
use kerbside_core::record::view::RecordView;
use kerbside_device::clock::Reading;
use kerbside_server::store::{CouncilFile, Officer, OfficerFile, Raised, Store};

use crate::disk::Disk;
use crate::events;
use crate::events::cut::CutLog;
use crate::events::desk::Tab;
use crate::events::line::Letter;
use crate::events::restoring::ServerBackup;
use crate::events::upgrades::form_of;
use crate::ledger::{Ledger, Marker};
use crate::phone::Phone;

/// How many of the last happenings a failure shows.
const TAIL: usize = 40;

const START_MS: i64 = 1_773_652_364_000;
/// The last is asked only by newer versions of the form.
pub const FIELDS: [&str; 4] = ["what", "where", "who", "extra"];
const COUNCIL: &str = include_str!("council.json");

#[derive(Debug)]
pub struct World {
    pub rng: Rng,
    pub server: Store,
    pub phones: Vec<Phone>,
    pub ledger: Ledger,
    pub now_ms: i64,
    pub forks: u32,
    pub crashes: u32,
    pub tabs: Vec<Tab>,
    pub people: BTreeMap<String, OfficerFile>,
    pub letters: Vec<Letter>,
    pub disk: Disk,
    pub form_version: u32,
    /// The disorder is over: nothing is lost or put off any more.
    pub is_healed: bool,
    pub backups: Vec<ServerBackup>,
    pub restores: u32,
    /// What the restores from the one folder of backups were raised to.
    pub raised: Raised,
    pub cut: CutLog,
    trace: Sha256,
    tail: VecDeque<String>,
    tell: fn(&str),
}

impl World {
    /// A world from a seed; `tell` hears every event.
    pub fn new(seed: u64, tell: fn(&str)) -> Result<Self> {
        let mut rng = Rng::with_seed(seed);
        let mut server = Store::in_memory(rng.u64(..))?;
        server.establish(START_MS)?;
        let council: CouncilFile = serde_json::from_str(COUNCIL).context("Reading the council")?;
        server.load_council(&council, &BTreeMap::new())?;
        server.put_form(START_MS, &form_of(1)?)?;
        let people =
            council.officers.iter().map(|officer| (officer.email.clone(), officer.clone())).collect();
        let mut world = Self {
            rng,
            server,
            phones: Vec::new(),
            ledger: Ledger::default(),
            now_ms: START_MS,
            forks: 0,
            crashes: 0,
            letters: Vec::new(),
            disk: Disk::default(),
            form_version: 1,
            is_healed: false,
            backups: Vec::new(),
            restores: 0,
            raised: Raised::default(),
            cut: CutLog::default(),
            tabs: Vec::new(),
            people,
            trace: Sha256::default(),
            tail: VecDeque::new(),
            tell,
        };
        for email in ["ann", "bob", "cat", "dee"] {
            world.enrol(&format!("{email}@example.gov.uk"))?;
        }
        Ok(world)
    }

    pub fn trace(&self) -> Sha256 {
        self.trace
    }

    pub fn note(&mut self, what: &str) {
        (self.tell)(what);
        let line = [&self.trace.0[..], what.as_bytes()].concat();
        self.trace = Sha256::of(&line);
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(what.to_owned());
    }

    /// What happened last, for whoever looks into a failure.
    pub fn tail(&self) -> String {
        self.tail.iter().fold(String::new(), |told, line| told + "\n    " + line)
    }

    /// One event.
    pub fn round(&mut self) -> Result<()> {
        self.now_ms += self.rng.i64(1..90_000);
        let event = events::any(&mut self.rng);
        (event.act)(self).with_context(|| format!("at the event \"{}\"", event.name))
    }

    /// A record that this phone holds.
    pub fn any_record(&mut self, at: usize) -> Result<Option<RecordId>> {
        let known: Vec<RecordId> = self.phones[at].vault.states()?.into_keys().collect();
        Ok(if known.is_empty() { None } else { Some(known[self.rng.usize(..known.len())]) })
    }

    pub fn any_phone(&mut self) -> usize {
        self.rng.usize(..self.phones.len())
    }

    pub fn reading(&self, phone: usize) -> Reading {
        Reading::at(self.now_ms + self.phones.get(phone).map_or(0, |phone| phone.skew_ms))
    }

    pub fn officer(&mut self, email: &str) -> Result<Officer> {
        Ok(self.server.officer_by_email(email)?.context("A known officer")?.0)
    }
}

/// The answers someone looking at the field has in view.
pub fn visible(view: &RecordView, field: &FieldKey) -> BTreeSet<Marker> {
    view.fields
        .iter()
        .filter(|shown| shown.field == *field)
        .flat_map(|shown| &shown.values)
        .filter_map(|value| value.answer.as_str())
        .map(str::to_owned)
        .collect()
}
