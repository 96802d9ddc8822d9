//! The world of a story: the demonstration council's server, officers with their devices, and a post that loses,
//! repeats and reorders. The seed is printed when a story fails.

use std::collections::BTreeMap;
use std::path::Path;

use ed25519_dalek::SigningKey;
use fastrand::Rng;
use kerbside_core::exchange::{Enrol, Push, Reply};
use kerbside_core::form::{Codes, Form};
use kerbside_core::ids::RecordId;
use kerbside_core::sign::PublicKey;
use kerbside_device::clock::Reading;
use kerbside_device::{Budget, Identity, Vault, WaitingItem, WorkState};
use kerbside_server::council::Council;
use kerbside_server::store::{Case, OfficeEdit, Officer, Store};
use serde_json::{Map, Value, json};

/// Monday 16 March 2026, 09:12 in Norwich.
const MORNING_MS: i64 = 1_773_652_320_000;
/// Where it is in words: the question people disagree about.
pub const WHERE: &str = "more/where_text";

pub struct World {
    pub server: Store,
    pub rng: Rng,
    pub now_ms: i64,
    pub devices: Vec<Device>,
    letters: Vec<Letter>,
    seed: u64,
}

pub struct Device {
    pub email: String,
    pub vault: Vault,
    pub is_offline: bool,
}

/// Which device of the world.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct At(pub usize);

#[derive(Clone)]
enum Letter {
    Up(usize, Box<Push>),
    Down(usize, Box<Push>, Box<Reply>),
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            use std::io::Write;
            writeln!(std::io::stderr(), "the seed of this world was {}", self.seed).ok();
        }
    }
}

impl World {
    pub fn new(seed: u64) -> Self {
        let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas");
        let mut council = Council::read(&schemas.join("councils/demo.json"), None).unwrap();
        council.forms = council.forms.iter().map(without_needed_photos).collect();
        let mut server = Store::in_memory(seed).unwrap();
        server.establish(MORNING_MS).unwrap();
        server.load_council(&council.settings, &BTreeMap::new()).unwrap();
        council.put_documents(MORNING_MS, &mut server).unwrap();
        Self { server, rng: Rng::with_seed(seed), now_ms: MORNING_MS, devices: vec![], letters: vec![], seed }
    }

    pub fn officer(&mut self, name: &str) -> Officer {
        self.server.officer_by_email(&format!("{name}@example.gov.uk")).unwrap().unwrap().0
    }

    /// A device for an officer of the demonstration council, enrolled and with its documents.
    pub fn device(&mut self, name: &str) -> At {
        let officer = self.officer(name);
        let secret: [u8; 32] = std::array::from_fn(|_| self.rng.u8(..));
        let enrol = Enrol {
            code: self.server.make_device_code(&officer, self.now_ms).unwrap().code,
            key: PublicKey::of(&SigningKey::from_bytes(&secret)),
            name: format!("{name}'s device"),
            app: "0.1.0".into(),
            unlock_share: vec![7; 32],
            proof: None,
        };
        let enrolled = self.server.enrol_device(self.now_ms, &enrol).unwrap();
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
        let vault = Vault::in_memory(&identity, enrolled.actor, enrolled.epoch, secret, seed).unwrap();
        self.devices.push(Device { email: officer.email.clone(), vault, is_offline: false });
        let at = At(self.devices.len() - 1);
        let now = self.reading();
        let push = self.vault(at).outgoing(Budget::default(), now).unwrap();
        let reply = self.server.take(self.now_ms, enrolled.device, &push).unwrap();
        for offer in &reply.offers {
            let body = self.server.pack(&offer.name, offer.version, &officer).unwrap().unwrap();
            self.devices[at.0].vault.keep_pack(&offer.name, offer.version, &body).unwrap();
        }
        at
    }

    pub fn reading(&self) -> Reading {
        Reading::at(self.now_ms)
    }

    pub fn vault(&mut self, at: At) -> &mut Vault {
        &mut self.devices[at.0].vault
    }

    /// A fly-tip reported somewhere, with the answers of the form's own first example.
    pub fn reports(&mut self, at: At, place: &str) -> RecordId {
        self.now_ms += 60_000;
        let mut answers = example("fly_tip");
        answers.insert(WHERE.into(), json!(place));
        let now = self.reading();
        self.vault(at).create("fly_tip", &answers, &[], now).unwrap().record
    }

    /// The same at this place.
    pub fn reports_from(&mut self, at: At, place: &Value) -> RecordId {
        self.now_ms += 60_000;
        let mut answers = example("fly_tip");
        answers.insert("where".into(), place.clone());
        let now = self.reading();
        self.vault(at).create("fly_tip", &answers, &[], now).unwrap().record
    }

    /// A device hears what documents there are, and fetches what it lacks.
    pub fn fetches(&mut self, at: At) {
        let officer = self.server.officer_by_email(&self.devices[at.0].email.clone()).unwrap().unwrap().0;
        for _ in 0..2 {
            let now = self.reading();
            let device = self.devices[at.0].vault.identity().device;
            let push = self.vault(at).outgoing(Budget::default(), now).unwrap();
            let reply = self.server.take(self.now_ms, device, &push).unwrap();
            for offer in self.vault(at).incoming(&push, &reply, now).unwrap().missing_packs {
                let body = self.server.pack(&offer.name, offer.version, &officer).unwrap().unwrap();
                self.vault(at).keep_pack(&offer.name, offer.version, &body).unwrap();
            }
        }
    }

    pub fn answers(&mut self, at: At, record: RecordId, field: &str, answer: &Value) {
        self.now_ms += 60_000;
        let now = self.reading();
        let answers = Map::from_iter([(field.to_owned(), answer.clone())]);
        self.vault(at).edit(record, &answers, &[], now).unwrap();
    }

    /// Someone at a desk answers what they see on the case's page.
    pub fn desk_answers(&mut self, name: &str, record: RecordId, field: &str, answer: &Value) {
        self.now_ms += 60_000;
        let officer = self.officer(name);
        let seen = self
            .case(name, record)
            .view
            .fields
            .iter()
            .find(|shown| shown.path == field)
            .map(|shown| shown.seen.clone());
        let edit = OfficeEdit {
            field: field.parse().unwrap(),
            row: None,
            answer: answer.clone(),
            seen: Some(seen.unwrap_or_default()),
        };
        self.server.office_change(self.now_ms, &officer, record, &[edit]).unwrap();
    }

    pub fn case(&mut self, name: &str, record: RecordId) -> Case {
        let officer = self.officer(name);
        self.server.case(&officer, record).unwrap()
    }

    /// Puts what a device has to say into the post.
    pub fn posts(&mut self, at: At) {
        let now = self.reading();
        let device = &mut self.devices[at.0];
        if !device.is_offline {
            let push = device.vault.outgoing(Budget { changes: 3, ..Budget::default() }, now).unwrap();
            self.letters.push(Letter::Up(at.0, Box::new(push)));
        }
    }

    /// One letter of those under way arrives; on a bad day it is lost, or arrives and stays under way as well.
    pub fn post_delivers(&mut self) {
        if self.letters.is_empty() {
            return;
        }
        let letter = self.letters.swap_remove(self.rng.usize(..self.letters.len()));
        match self.rng.u8(0..10) {
            0..3 => return,
            3..5 => self.letters.push(letter.clone()),
            _ => {}
        }
        self.arrives(letter);
    }

    fn arrives(&mut self, letter: Letter) {
        match letter {
            Letter::Up(from, push) => {
                let device = self.devices[from].vault.identity().device;
                let reply = self.server.take(self.now_ms, device, &push).unwrap();
                self.letters.push(Letter::Down(from, push, Box::new(reply)));
            }
            Letter::Down(to, push, reply) => {
                let now = self.reading();
                let applied = self.devices[to].vault.incoming(&push, &reply, now).unwrap();
                if applied.fork {
                    let retire = self.devices[to].vault.retire_request().unwrap();
                    let device = self.devices[to].vault.identity().device;
                    let retired = self.server.retire(self.now_ms, device, &retire).unwrap();
                    self.devices[to].vault.retired(&retire, &retired, now).unwrap();
                }
            }
        }
    }

    /// The post is well again and everyone has a line: it goes on until nobody has anything to say or hear.
    pub fn settle(&mut self) {
        self.letters.clear();
        for device in &mut self.devices {
            device.is_offline = false;
        }
        for _ in 0..40 {
            for at in 0..self.devices.len() {
                self.posts(At(at));
                while let Some(letter) = self.letters.pop() {
                    self.arrives(letter);
                }
            }
        }
    }

    /// Every device holds exactly its scope, byte for byte as the server does, and the log makes all of it.
    pub fn all_agree(&mut self) {
        assert_eq!(self.server.verify().unwrap().integrity, "ok");
        for at in 0..self.devices.len() {
            let officer = self.server.officer_by_email(&self.devices[at].email.clone()).unwrap().unwrap().0;
            let there = self.server.digest(&officer).unwrap();
            let here = self.devices[at].vault.verify().unwrap();
            assert_eq!(
                (u64::from(here.records), here.digest),
                (there.records, there.digest),
                "{}",
                self.devices[at].email
            );
            let waiting = self.devices[at].vault.waiting().unwrap();
            let unsent = |item: &&WaitingItem| matches!(item.state, WorkState::Saved | WorkState::Sending);
            assert_eq!(waiting.items.iter().find(unsent), None, "{}", self.devices[at].email);
        }
    }
}

/// Photos travel by another road, which other tests go: here a report may do without.
fn without_needed_photos(form: &Form) -> Form {
    Form::parse(&form.resolved_json().replace(" min=1", ""), &Codes::default()).unwrap()
}

/// The answers of a shipped form's first example, without its photos.
pub fn example(form: &str) -> Map<String, Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../schemas/forms/{form}.json"));
    let form: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut answers = form["examples"][0]["answers"].as_object().unwrap().clone();
    answers.retain(|_, answer| answer.get(0).and_then(Value::as_str).is_none_or(|item| item.len() != 64));
    answers
}
