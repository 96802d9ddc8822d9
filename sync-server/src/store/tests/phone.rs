//! A handheld as small as can be: it saves, pushes and folds what it is told, by core's types alone.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use kerbside_core::chain;
use kerbside_core::change::{Change, ChangeBytes, Context, Edit, PhotoFacts};
use kerbside_core::exchange::{ClockReading, Enrol, Head, Item, Push, Receipt, Reply, Retire, Wants};
use kerbside_core::field::{FieldKey, REFERENCE};
use kerbside_core::ids::{Actor, Cid, DeviceId, OfficerId, RecordId, Sha256};
use kerbside_core::record::{Record, unpack_page};
use kerbside_core::sign::{Label, PublicKey, Signed};
use kerbside_core::time::{Hlc, Moment, TimeSource};
use kerbside_core::value::Value;

use super::super::Store;
use super::NOW;

#[derive(Clone)]
pub(super) struct Phone {
    pub(super) device: DeviceId,
    pub(super) officer: OfficerId,
    pub(super) actor: Actor,
    pub(super) own: Vec<Vec<u8>>,
    pub(super) cursor: Vec<u8>,
    pub(super) base: BTreeMap<RecordId, Record>,
    pub(super) references: BTreeMap<RecordId, String>,
    pub(super) told: Vec<Item>,
    key: SigningKey,
    made: u8,
}

impl Phone {
    pub(super) fn enrols(store: &mut Store, email: &str, key: u8) -> Self {
        let (officer, _) = store.officer_by_email(email).unwrap().unwrap();
        let code = store.make_device_code(&officer, NOW).unwrap().code;
        let key_pair = SigningKey::from_bytes(&[key; 32]);
        let enrol = Enrol {
            code,
            key: PublicKey::of(&key_pair),
            name: "phone".into(),
            app: "0.1.0".into(),
            unlock_share: vec![],
            proof: None,
        };
        let enrolled = store.enrol_device(NOW, &enrol).unwrap();
        Self {
            device: enrolled.device,
            officer: enrolled.officer,
            actor: enrolled.actor,
            own: vec![],
            cursor: vec![],
            base: BTreeMap::new(),
            references: BTreeMap::new(),
            told: vec![],
            key: key_pair,
            made: 0,
        }
    }

    /// A phone that the office stopped after its first report. What it went on to write has been sent, and waits.
    pub(super) fn in_review<T>(
        store: &mut Store,
        writes: impl FnOnce(&mut Self, RecordId) -> T,
    ) -> (Self, RecordId, T) {
        let mut phone = Self::enrols(store, "ann@example.gov.uk", 1);
        let record = phone.reports("Mile Cross Road");
        phone.exchanges(store);
        let written = phone.is_stopped(store, |phone| writes(phone, record));
        (phone, record, written)
    }

    pub(super) fn is_stopped<T>(&mut self, store: &mut Store, writes: impl FnOnce(&mut Self) -> T) -> T {
        store.revoke_device(self.device, NOW).unwrap();
        let written = writes(self);
        self.sends(store, NOW + 1);
        written
    }

    /// A change of these edits, saved and not yet sent.
    pub(super) fn saves(&mut self, record: RecordId, edits: Vec<Edit>) -> Change {
        self.saves_with(record, 1, edits)
    }

    pub(super) fn saves_with(&mut self, record: RecordId, form_version: u32, edits: Vec<Edit>) -> Change {
        self.made += 1;
        let counter = self.own.len() as u64 + 1;
        let change = Change {
            version: 1,
            cid: Cid([
                self.key.to_bytes()[0],
                self.made,
                0,
                0,
                0,
                0,
                0,
                u8::try_from(self.actor.0 % 251).unwrap(),
            ]),
            record,
            actor: self.actor,
            counter,
            officer: self.officer,
            at: Moment {
                hlc: Hlc::at(NOW as u64 + u64::from(self.made)),
                wall_ms: NOW + i64::from(self.made),
                monotonic_ms: 0,
                boot: 1,
                server_offset_ms: Some(0),
                source: TimeSource::Device,
            },
            form: "fly_tip".into(),
            form_version,
            edits,
            was: None,
        };
        self.own.push(ChangeBytes::write(&change).into_bytes());
        change
    }

    /// A new report of something lying somewhere.
    pub(super) fn reports(&mut self, place: &str) -> RecordId {
        let record =
            RecordId::new(NOW as u64 + u64::from(self.made), [self.key.to_bytes()[0] ^ self.made; 10]);
        let reference = Value::text(&format!("P{}-{}", self.key.to_bytes()[0], self.made + 1));
        self.saves(
            record,
            vec![
                Edit::Create,
                put("where", Context::default(), place),
                Edit::Put { field: FieldKey::new(REFERENCE), context: Context::default(), value: reference },
            ],
        );
        record
    }

    /// Answers a question in the light of what the phone holds.
    pub(super) fn answers(&mut self, record: RecordId, field: &str, text: &str) -> Change {
        let context = self.head(record).context(&FieldKey::new(field));
        self.saves(record, vec![put(field, context, text)])
    }

    pub(super) fn photographs(&mut self, record: RecordId, photo: &[u8]) -> Sha256 {
        let facts =
            PhotoFacts { bytes: photo.len() as u64, kind: "image/jpeg".into(), ..PhotoFacts::default() };
        let sha256 = Sha256::of(photo);
        self.saves(record, vec![Edit::Attach { field: FieldKey::new("photos"), photo: sha256, facts }]);
        sha256
    }

    /// What it shows: what the server confirmed, and its own on top.
    pub(super) fn head(&self, record: RecordId) -> Record {
        let mut head = self.base.get(&record).cloned().unwrap_or_default();
        for bytes in &self.own {
            if let Ok(change) = ChangeBytes::received(bytes.clone()).read()
                && change.record == record
            {
                head.apply(&change);
            }
        }
        head
    }

    /// Everything it has made from `first` on, as it would send it.
    pub(super) fn push(&self, store: &mut Store, first: u64) -> Push {
        let identity = store.identity().unwrap();
        let changes: Vec<_> = self.own.iter().skip(usize::try_from(first - 1).unwrap()).cloned().collect();
        let head = Head {
            server: identity.server,
            council: identity.council,
            device: self.device,
            actor: self.actor,
            counter: self.own.len() as u64,
            chain: chain::through(chain::START, self.own.iter().map(|bytes| Sha256::of(bytes))),
        };
        Push {
            actor: self.actor,
            first,
            changes,
            cursor: self.cursor.clone(),
            epoch: identity.epoch,
            acked: 0,
            wants: Wants::default(),
            clock: ClockReading { wall_ms: NOW, monotonic_ms: 0, boot: 1 },
            app: "0.1.0".into(),
            capabilities: vec![],
            lost: vec![],
            asks: None,
            proof: None,
            known: vec![],
            head: Signed::new(Label::Head, &head, &self.key),
            oldest_unsent_ms: None,
            unsent: None,
        }
    }

    /// A push that brings nothing, from a phone that holds receipts for all below `first`.
    pub(super) fn push_from(&self, store: &mut Store, first: u64) -> Push {
        Push { changes: vec![], first, ..self.push(store, first) }
    }

    /// Sends all it has at this moment, and hears what is said to it.
    pub(super) fn sends(&mut self, store: &mut Store, now_ms: i64) -> Reply {
        let push = self.push(store, 1);
        let reply = store.take(now_ms, self.device, &push).unwrap();
        self.hears(&reply);
        reply
    }

    /// Sends all it has, hears all there is.
    pub(super) fn exchanges(&mut self, store: &mut Store) -> Reply {
        loop {
            let reply = self.sends(store, NOW + 1_000);
            if !reply.more || reply.fork {
                return reply;
            }
        }
    }

    pub(super) fn hears(&mut self, reply: &Reply) {
        for item in reply.items.clone() {
            match item.clone() {
                Item::Change { bytes, reference, .. } => self.folds(bytes, reference),
                Item::Echo { dot, reference, .. } => {
                    let own = self.own[usize::try_from(dot.counter - 1).unwrap()].clone();
                    self.folds(own, reference);
                }
                Item::Enter { page, .. } => {
                    for entered in unpack_page(&page).unwrap() {
                        let record = entered.record.unwrap();
                        self.references.extend(entered.reference.map(|reference| (record, reference)));
                        self.base.insert(record, entered.state);
                    }
                }
                Item::Redact { redaction, .. } => {
                    if let Some(base) = self.base.get_mut(&redaction.record) {
                        base.redact(&redaction);
                    }
                }
                Item::Leave { record, .. } | Item::Purge { record, .. } => {
                    self.base.remove(&record);
                }
                Item::Unknown { .. } => panic!("an item of an unknown kind"),
            }
            self.told.push(item);
        }
        if !reply.cursor.is_empty() {
            self.cursor.clone_from(&reply.cursor);
        }
    }

    fn folds(&mut self, bytes: Vec<u8>, reference: Option<String>) {
        let change = ChangeBytes::received(bytes).read().unwrap();
        self.references.extend(reference.map(|reference| (change.record, reference)));
        self.base.entry(change.record).or_default().apply(&change);
    }

    pub(super) fn public_key(&self) -> PublicKey {
        PublicKey::of(&self.key)
    }

    pub(super) fn retires(&mut self, store: &mut Store) -> Vec<u64> {
        let offered = (1..)
            .zip(&self.own)
            .map(|(counter, bytes)| kerbside_core::exchange::Offered { counter, hash: Sha256::of(bytes) });
        let retire = Retire { actor: self.actor, offered: offered.collect() };
        let retired = store.retire(NOW, self.device, &retire).unwrap();
        self.actor = retired.actor;
        retired.held
    }

    pub(super) fn receipt(&self, store: &mut Store, reply: &Reply) -> Receipt {
        let key = SigningKey::from_bytes(&store.identity().unwrap().signing);
        reply.receipt.open(Label::Receipt, &PublicKey::of(&key)).unwrap()
    }
}

pub(super) fn put(field: &str, context: Context, text: &str) -> Edit {
    Edit::Put { field: FieldKey::new(field), context, value: Value::text(text) }
}
