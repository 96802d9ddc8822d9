//! The world: phones, a server, an office, and a bag of letters between them. One seed decides all of it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use ed25519_dalek::SigningKey;
use fastrand::Rng;
use kerbside_core::exchange::{Enrol, Push, Receipt, Reply, Verdict};
use kerbside_core::field::FieldKey;
use kerbside_core::form::{Codes, Form};
use kerbside_core::ids::{Actor, DeviceId, Epoch, RecordId, Sha256};
use kerbside_core::planted;
use kerbside_core::record::view::RecordView;
use kerbside_core::sign::PublicKey;
use kerbside_device::clock::Reading;
use kerbside_device::{Budget, COUNCIL_PACK, Identity, Vault};
use kerbside_server::store::{CouncilFile, Officer, OfficerFile, Store};
use serde_json::{Value as Json, json};

use crate::desk::Tab;
use crate::ledger::{Ledger, Marker};

const START_MS: i64 = 1_773_652_364_000;
pub const FIELDS: [&str; 3] = ["what", "where", "who"];
const FORM: &str = include_str!("sighting.json");
const COUNCIL: &str = include_str!("council.json");

/// One phone in a hand.
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

#[derive(Debug, Clone)]
enum Letter {
    Push { phone: usize, life: u32, push: Box<Push> },
    Reply { phone: usize, life: u32, push: Box<Push>, reply: Box<Reply> },
}

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
    letters: Vec<Letter>,
    trace: Sha256,
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
        let form = Form::parse(FORM, &Codes::default()).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
        server.put_form(START_MS, &form)?;
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
            tabs: Vec::new(),
            people,
            trace: Sha256::default(),
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
    }

    /// One event.
    pub fn round(&mut self) -> Result<()> {
        self.now_ms += self.rng.i64(1..90_000);
        match self.rng.u32(0..100) {
            0..26 => self.edit(),
            26..46 => self.send(),
            46..80 => self.deliver(),
            80..84 => self.lose(),
            84..86 => self.repeat(),
            86..92 => self.desk(),
            92 => self.move_record(),
            93 => self.move_officer(),
            94..96 => self.die(),
            96 => self.back_up(),
            97 => self.put_back(),
            98 => self.clone_phone(),
            _ => self.arrive(),
        }
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
        let vault = fresh_vault(&identity, enrolled.actor, enrolled.epoch, secret, seed)?;
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

    /// Someone saves: a new record, an answer over what they see, or a note. The process may die on the way.
    fn edit(&mut self) -> Result<()> {
        let at = self.any_phone();
        let marker = self.ledger.new_marker();
        let known: Vec<RecordId> = self.phones[at].vault.states()?.into_keys().collect();
        let now = self.reading(at);
        let dies = self.plan_crash();
        let done = if known.is_empty() || self.rng.u8(0..4) == 0 {
            self.ledger.tries(&marker, Some(FieldKey::new(FIELDS[0])), None, BTreeSet::new());
            let answers = object(FIELDS[0], &marker);
            self.phones[at].vault.create("sighting", &answers, &[], now)
        } else {
            let record = known[self.rng.usize(..known.len())];
            let view = self.phones[at].vault.show(record)?;
            if self.rng.u8(0..5) == 0 {
                self.ledger.tries(&marker, None, Some(record), BTreeSet::new());
                self.phones[at].vault.note(record, &marker, now)
            } else {
                let field = FIELDS[self.rng.usize(..FIELDS.len())];
                let key = FieldKey::new(field);
                self.ledger.tries(&marker, Some(key.clone()), Some(record), visible(&view, &key));
                self.phones[at].vault.edit(record, &object(field, &marker), &[], now)
            }
        };
        self.end_crash();
        match done {
            Ok(saved) => {
                self.note(&format!("phone {at} saved {marker} {} in {}", saved.dot, saved.record));
                self.ledger.promise(&marker, saved.record);
                self.covers_what_was_seen(at, saved.record, &marker)?;
            }
            Err(cause) if dies => {
                self.note(&format!("died saving {marker}: {cause}"));
            }
            Err(cause) => return Err(cause.context("Saving")),
        }
        if dies { self.reopen(at) } else { Ok(()) }
    }

    /// An answer given with everything in view leaves itself alone in the field.
    fn covers_what_was_seen(&mut self, at: usize, record: RecordId, marker: &Marker) -> Result<()> {
        let view = self.phones[at].vault.show(record)?;
        for field in &view.fields {
            let answers: Vec<_> =
                field.values.iter().map(|value| value.answer.as_str().unwrap_or("")).collect();
            if answers.contains(&marker.as_str()) && answers.len() != 1 {
                bail!("{marker} was given over all that was seen, and {answers:?} stand");
            }
        }
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
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
        if dies { self.reopen(phone) } else { Ok(()) }
    }

    fn any_budget(&mut self) -> Budget {
        Budget {
            changes: self.rng.usize(1..8),
            bytes: [200, 900, 4_000, 400_000][self.rng.usize(..4)],
            items: self.rng.u32(1..9),
        }
    }

    /// One letter of the bag arrives, whichever it is.
    fn deliver(&mut self) -> Result<()> {
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
                self.ledger.arrives_twice(crate::checks::markers_in(bytes));
            }
        }
        Ok(())
    }

    fn reaches_phone(&mut self, phone: usize, life: u32, push: &Push, reply: &Reply) -> Result<()> {
        if self.phones[phone].life != life {
            return Ok(());
        }
        let dies = self.plan_crash();
        let applied = self.apply(phone, push, reply);
        self.end_crash();
        match applied {
            Ok(_) => {}
            Err(cause) if dies => self.note(&format!("died applying: {cause}")),
            Err(cause) => return Err(cause.context("Applying a reply")),
        }
        if dies { self.reopen(phone) } else { Ok(()) }
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

    fn lose(&mut self) -> Result<()> {
        if !self.letters.is_empty() {
            let at = self.rng.usize(..self.letters.len());
            self.letters.swap_remove(at);
        }
        Ok(())
    }

    fn repeat(&mut self) -> Result<()> {
        if !self.letters.is_empty() {
            let letter = self.letters[self.rng.usize(..self.letters.len())].clone();
            self.letters.push(letter);
        }
        Ok(())
    }

    pub fn drop_all_letters(&mut self) {
        self.letters.clear();
    }

    /// Now and then the process about to work dies between two of its writes.
    pub fn plan_crash(&mut self) -> bool {
        let dies = cfg!(kerbside_sim) && self.rng.u8(0..12) == 0;
        #[cfg(kerbside_sim)]
        if dies {
            planted::crash_after(Some(self.rng.u32(0..6)));
        }
        dies
    }

    pub fn end_crash(&mut self) {
        #[cfg(kerbside_sim)]
        planted::crash_after(None);
        debug_assert!(!planted::crashes_here());
    }
}

fn fresh_vault(
    identity: &Identity,
    actor: Actor,
    epoch: Epoch,
    secret: [u8; 32],
    seed: u64,
) -> Result<Vault> {
    Vault::in_memory(identity, actor, epoch, secret, seed)
}

fn object(field: &str, marker: &str) -> serde_json::Map<String, Json> {
    [(field.to_owned(), json!(marker))].into_iter().collect()
}

fn verdicts(reply: &Reply) -> Result<Vec<(u64, Verdict)>> {
    let receipt: Receipt =
        kerbside_core::cbor::decode(&reply.receipt.payload).context("Reading a receipt")?;
    Ok(receipt.verdicts)
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

/// Everything a vault's own changes say.
pub fn markers(vault: &Vault) -> Result<BTreeSet<Marker>> {
    let mut found = BTreeSet::new();
    for own in vault.own_changes()? {
        found.extend(crate::checks::markers_in(&own.bytes));
    }
    Ok(found)
}
