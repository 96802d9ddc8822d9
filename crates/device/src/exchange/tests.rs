//! The device's half against an office that signs what the test says. The real
//! server meets it in the simulator and in the stories.

mod doubles;
mod gone;
mod outstaying;

use super::*;
use crate::Way;
use crate::clock::Reading;
use crate::settle::Choice;
use crate::show::WorkState;
use crate::vault::{Identity, Vault};
use crate::{Filter, Saved};
use ed25519_dalek::SigningKey;
use kerbside_core::chain;
use kerbside_core::change::ChangeBytes;
use kerbside_core::exchange::{Item, Mark, Paging, Push, Receipt, Reply, Retired, Verdict};
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{Actor, DeviceId, Dot, Epoch, OfficerId, RecordId, ServerId, Sha256};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::{Entry, Record, pack_page};
use kerbside_core::sign::{Label, PublicKey, Signed};
use serde_json::{Map, Value as Json, json};

mod telling;

const NOW: Reading = Reading { wall_ms: 1_773_652_364_000, monotonic_ms: 0, offset_min: 0 };
const EPOCH: Epoch = Epoch([5; 16]);

pub(crate) const FORM: &str = r#"{
  "settings": {"form_id": "sighting", "version": 1, "form_title": {"en": "Sighting"}, "service": "street", "ref_prefix": "SI", "instance_name": "${what}"},
  "survey": [
    {"type": "text", "name": "what", "label": {"en": "What"}, "required": true},
    {"type": "text", "name": "where", "label": {"en": "Where"}},
    {"type": "image", "name": "photos", "label": {"en": "Photos"}, "parameters": "max=3"}
  ]
}"#;

fn office_key() -> SigningKey {
    SigningKey::from_bytes(&[8; 32])
}

/// Ann Bailey's device.
pub(crate) fn identity() -> Identity {
    Identity {
        server_url: "http://127.0.0.1:1".into(),
        ca_pem: None,
        server: ServerId([1; 16]),
        server_key: PublicKey::of(&office_key()).0,
        council: "demo".into(),
        device: DeviceId([2; 16]),
        officer: OfficerId(3),
        officer_name: "Ann Bailey".into(),
        short_code: "W07".into(),
    }
}

pub(crate) fn vault(actor: u32, seed: u64) -> Vault {
    let mut vault = Vault::in_memory(&identity(), Actor(actor), EPOCH, [9; 32], seed).unwrap();
    vault.keep_pack("form.sighting", 1, FORM.as_bytes()).unwrap();
    vault
}

pub(crate) fn answers(what: &str) -> Map<String, Json> {
    json!({ "what": what }).as_object().unwrap().clone()
}

fn saves(vault: &mut Vault, what: &str) -> Saved {
    vault.create("sighting", &answers(what), &[], NOW).unwrap()
}

/// The office fills the vault with these records, and the vault takes them.
pub(super) fn office_page(vault: &mut Vault, held: &[(RecordId, Vec<u8>)]) {
    let push = vault.outgoing(Budget::default(), NOW).unwrap();
    let packed = held.iter().map(|(record, state)| kerbside_core::record::Packed {
        record: *record,
        reference: "FT-000123",
        received_ms: NOW.wall_ms,
        state,
    });
    let mut office = Office::taking(&push);
    office.paging = Paging::Whole;
    office.through = push.last();
    office.chain = vault.store.progress().unwrap().chain;
    office.items = vec![Item::Enter { seq: 1, page: kerbside_core::record::join_page(packed).unwrap() }];
    vault.incoming(&push, &office.reply(&push), NOW).unwrap();
}

/// What the office answers when it took everything that was pushed.
struct Office {
    through: u64,
    chain: Sha256,
    verdicts: Vec<(u64, Verdict)>,
    said: Vec<(u64, String)>,
    items: Vec<Item>,
    epoch: Epoch,
    safe: u64,
    backup_ms: Option<i64>,
    safe_photos: Vec<Sha256>,
    paging: Paging,
}

impl Office {
    fn taking(push: &Push) -> Self {
        Self {
            through: push.last(),
            chain: chain::through(chain::START, push.changes.iter().map(|bytes| Sha256::of(bytes))),
            verdicts: Vec::new(),
            said: Vec::new(),
            items: Vec::new(),
            epoch: EPOCH,
            safe: 0,
            backup_ms: None,
            safe_photos: Vec::new(),
            paging: Paging::Log,
        }
    }

    fn reply(self, push: &Push) -> Reply {
        let receipt = Receipt {
            server: ServerId([1; 16]),
            council: "demo".into(),
            device: DeviceId([2; 16]),
            actor: push.actor,
            through: self.through,
            chain: self.chain,
            verdicts: self.verdicts,
            epoch: self.epoch,
            marks: vec![Mark { actor: push.actor, through: self.through, backed_up_through: self.safe }],
            checkpoint: Vec::new(),
            backup_ms: self.backup_ms,
            safe_photos: self.safe_photos,
            settled: Vec::new(),
            said: self.said,
            answers: Some(push.tag()),
        };
        Reply {
            stopped: None,
            receipt: Signed::new(Label::Receipt, &receipt, &office_key()),
            hwm: self.through,
            fork: false,
            items: self.items,
            cursor: [push.cursor.as_slice(), b"+"].concat(),
            more: false,
            paging: self.paging,
            offers: Vec::new(),
            minimum_app: "0.1.0".into(),
            nonce: vec![7],
            now_ms: NOW.wall_ms,
        }
    }
}

fn echo(dot: &str) -> Item {
    let (actor, counter) = dot.split_once('.').unwrap();
    let dot = Dot { actor: Actor(actor.parse().unwrap()), counter: counter.parse().unwrap() };
    Item::Echo { seq: 1, received_ms: NOW.wall_ms, dot, reference: Some("SI-000001".into()) }
}

fn state(vault: &Vault, record: RecordId) -> WorkState {
    vault.list(&Filter::default()).unwrap().into_iter().find(|line| line.record == record).unwrap().state
}

fn is_whole(vault: &Vault) {
    assert_eq!(vault.verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn a_record_is_saved_then_received_then_safe_only_as_the_office_signs_it() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, "a fridge");
    assert_eq!(saved.reference.as_deref(), Some("W07-01"));
    assert_eq!(state(&ann, saved.record), WorkState::Saved);
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let reply = Office { items: vec![echo(&saved.dot)], ..Office::taking(&push) }.reply(&push);
    let applied = ann.incoming(&push, &reply, NOW).unwrap();
    assert_eq!((applied.sent, applied.more), (1, false));
    assert_eq!(state(&ann, saved.record), WorkState::Received);
    let view = ann.show(saved.record).unwrap();
    assert_eq!(view.office_reference.as_deref(), Some("SI-000001"));
    assert_eq!(ann.find_record("SI-000001").unwrap(), saved.record);
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    assert!(push.changes.is_empty() && push.first == 2);
    let first = ann.store.change_at(Actor(1), 1).unwrap().unwrap();
    let reply = Office { safe: 1, chain: first.chain, ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    assert_eq!(state(&ann, saved.record), WorkState::Safe);
    is_whole(&ann);
}

#[test]
fn a_reply_without_the_offices_own_signature_is_no_success() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, "a fridge");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let mut reply = Office::taking(&push).reply(&push);
    reply.receipt = Signed::new(Label::Receipt, &1_u32, &SigningKey::from_bytes(&[1; 32]));
    let refused = ann.incoming(&push, &reply, NOW).unwrap_err();
    assert_eq!(refused.downcast_ref::<Problem>().unwrap().code, Code::CaptivePortal);
    assert_eq!(state(&ann, saved.record), WorkState::Saved);
}

#[test]
fn a_reply_that_comes_twice_or_late_changes_nothing_more() {
    let mut ann = vault(1, 1);
    let first = saves(&mut ann, "one");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let reply = Office { items: vec![echo(&first.dot)], ..Office::taking(&push) }.reply(&push);
    saves(&mut ann, "two");
    ann.incoming(&push, &reply, NOW).unwrap();
    let before = ann.states().unwrap();
    let again = ann.incoming(&push, &reply, NOW).unwrap();
    assert_eq!((again.sent, again.received), (0, 0));
    assert_eq!(ann.states().unwrap(), before);
    assert_eq!(ann.outgoing(Budget::default(), NOW).unwrap().first, 2);
    is_whole(&ann);
}

#[test]
fn a_refused_change_is_undone_in_the_record_and_stays_readable_with_its_reason() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, "a fridge");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let reply = Office { items: vec![echo(&saved.dot)], ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    ann.edit(saved.record, &answers("two fridges"), &[], NOW).unwrap();
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let own = ann.store.change_at(Actor(1), 2).unwrap().unwrap();
    let verdicts = vec![(2, Verdict::Refused("not_your_team".into()))];
    let reply = Office { chain: own.chain, verdicts, ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    let view = ann.show(saved.record).unwrap();
    assert_eq!(view.fields.iter().find(|field| field.path == "what").unwrap().values[0].answer, "a fridge");
    let waiting = ann.waiting().unwrap();
    assert_eq!(waiting.strip.needs_you, 1);
    assert_eq!(waiting.items[0].reason_code.as_deref(), Some("not_your_team"));
    assert_eq!(ann.unsent().unwrap(), 0);
    is_whole(&ann);
    ann.put_away(saved.record, NOW).unwrap();
    assert_eq!(ann.waiting().unwrap().strip.needs_you, 0);
}

#[test]
fn a_refused_answer_comes_back_as_a_draft_to_put_right() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, "a fridge");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let reply = Office { items: vec![echo(&saved.dot)], ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    ann.edit(saved.record, &answers("two fridges"), &[], NOW).unwrap();
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let own = ann.store.change_at(Actor(1), 2).unwrap().unwrap();
    let verdicts = vec![(2, Verdict::Refused("bad_context".into()))];
    let reply = Office { chain: own.chain, verdicts, ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    assert_eq!(ann.waiting().unwrap().items[0].ways, [Way::AnswerAgain, Way::LeaveToOffice]);
    let draft = ann.answer_again(saved.record, NOW).unwrap();
    assert_eq!((draft.record, &draft.answers["what"]), (Some(saved.record), &"two fridges".into()));
    assert_eq!(ann.waiting().unwrap().strip.needs_you, 0, "it is a draft now");
    let refused = ann.refused(saved.record).unwrap();
    assert_eq!((refused.len(), &refused[0].answer), (1, &"two fridges".into()), "it stays readable");
    ann.save_draft(draft.id, NOW.later(1)).unwrap();
    let view = ann.show(saved.record).unwrap();
    assert_eq!(
        view.fields.iter().find(|field| field.path == "what").unwrap().values[0].answer,
        "two fridges"
    );
    is_whole(&ann);
}

#[test]
fn what_the_office_is_looking_at_asks_nothing_of_its_officer() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, "a fridge");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let verdicts = vec![(1, Verdict::Refused("in_review".into()))];
    let reply = Office { verdicts, ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    let waiting = ann.waiting().unwrap();
    assert_eq!(waiting.strip.needs_you, 0);
    assert_eq!((waiting.items[0].record, waiting.items[0].state), (Some(saved.record), WorkState::Received));
    assert_eq!(waiting.items[0].reason_code.as_deref(), Some("in_review"));
    assert!(waiting.items[0].ways.is_empty());
    is_whole(&ann);
}

#[test]
fn why_the_office_declined_is_said_in_its_own_words() {
    let mut ann = vault(1, 1);
    saves(&mut ann, "a fridge");
    for (code, words) in [("in_review", None), ("declined", Some("The tenant had moved out"))] {
        let push = ann.outgoing(Budget::default(), NOW).unwrap();
        let verdicts = vec![(1, Verdict::Refused(code.into()))];
        let said = words.iter().map(|text| (1, (*text).to_owned())).collect();
        let mut office = Office { verdicts, said, ..Office::taking(&push) };
        (office.through, office.chain) = (1, ann.store.progress().unwrap().chain);
        ann.incoming(&push, &office.reply(&push), NOW).unwrap();
        let waiting = ann.waiting().unwrap();
        assert_eq!(
            (waiting.items[0].reason_code.as_deref(), waiting.items[0].said.as_deref()),
            (Some(code), words)
        );
    }
    is_whole(&ann);
}

#[test]
fn a_push_says_what_is_still_here_when_it_has_been_taken() {
    let mut ann = vault(1, 1);
    for what in ["a fridge", "a sofa", "a bath"] {
        saves(&mut ann, what);
    }
    let one = Budget { changes: 1, ..Budget::default() };
    let push = ann.outgoing(one, NOW).unwrap();
    assert_eq!((push.unsent, push.oldest_unsent_ms), (Some(2), Some(NOW.wall_ms)));
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    assert_eq!((push.unsent, push.oldest_unsent_ms), (None, None));
}

#[test]
fn a_colleagues_answer_given_unseen_stands_beside_ours_until_one_is_chosen() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, "a fridge");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let reply = Office { items: vec![echo(&saved.dot)], ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    // A colleague whose device holds the same record, entered whole.
    let mut tom = vault(2, 2);
    let page = pack_page([Entry {
        record: Some(saved.record),
        reference: Some("SI-000001"),
        received_ms: Some(1),
        state: &ann.head(saved.record).unwrap(),
    }]);
    let push = tom.outgoing(Budget::default(), NOW).unwrap();
    let enter =
        Office { items: vec![Item::Enter { seq: 1, page }], paging: Paging::Whole, ..Office::taking(&push) };
    assert_eq!(tom.incoming(&push, &enter.reply(&push), NOW).unwrap().received, 1);
    tom.edit(saved.record, &answers("a freezer"), &[], NOW.later(5_000)).unwrap();
    let theirs = tom.store.change_at(Actor(2), 1).unwrap().unwrap();
    ann.edit(saved.record, &answers("a white fridge"), &[], NOW.later(9_000)).unwrap();
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let own = ann.store.change_at(Actor(1), 2).unwrap().unwrap();
    let items =
        vec![Item::Change { seq: 2, received_ms: 1, bytes: theirs.bytes, reference: None }, echo("1.2")];
    let reply = Office { chain: own.chain, items, ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    assert_eq!(ann.show(saved.record).unwrap().two_answers, 1);
    assert_eq!(state(&ann, saved.record), WorkState::NeedsYou);
    ann.resolve(saved.record, &FieldKey::new("what"), &Choice::Keep(1), NOW.later(20_000)).unwrap();
    let view = ann.show(saved.record).unwrap();
    assert_eq!(view.two_answers, 0);
    assert_eq!(view.fields.iter().find(|field| field.path == "what").unwrap().values[0].answer, "a freezer");
    is_whole(&ann);
}

#[test]
fn a_vault_put_back_from_yesterday_is_found_out_and_goes_on_under_another_actor() {
    let mut ann = vault(1, 1);
    saves(&mut ann, "kept");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let reply = Office::taking(&push).reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    let mut restored = ann.copy_in_memory(77).unwrap();
    saves(&mut ann, "sent after the backup");
    let lost = ann.outgoing(Budget::default(), NOW).unwrap();
    let own = ann.store.change_at(Actor(1), 2).unwrap().unwrap();
    let offline = saves(&mut restored, "made on the restored phone");
    let push = restored.outgoing(Budget::default(), NOW).unwrap();
    // The server holds the first phone's second change, not this one's.
    let reply = Office { through: lost.last(), chain: own.chain, ..Office::taking(&push) }.reply(&push);
    assert!(restored.incoming(&push, &reply, NOW).unwrap().fork);
    assert!(restored.needs_retiring().unwrap());
    let retire = restored.retire_request().unwrap();
    assert_eq!(retire.offered.len(), 2);
    restored
        .retired(
            &retire,
            &Retired { actor: Actor(50), held: vec![1], verdicts: Vec::new(), receipt: None },
            NOW,
        )
        .unwrap();
    let push = restored.outgoing(Budget::default(), NOW).unwrap();
    assert_eq!((push.actor, push.first, push.changes.len()), (Actor(50), 1, 1));
    let moved = ChangeBytes::received(push.changes[0].clone()).read().unwrap();
    assert_eq!(moved.was, Some(Dot { actor: Actor(1), counter: 2 }));
    assert_eq!(moved.record, offline.record);
    is_whole(&restored);
}

#[test]
fn after_the_server_is_restored_everything_it_lost_is_offered_again() {
    let mut ann = vault(1, 1);
    let one = saves(&mut ann, "one");
    let two = saves(&mut ann, "two");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let reply = Office { items: vec![echo(&one.dot), echo(&two.dot)], ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    let three = saves(&mut ann, "three");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let first = ann.store.change_at(Actor(1), 1).unwrap().unwrap();
    let restored = Office { through: 1, chain: first.chain, epoch: Epoch([6; 16]), ..Office::taking(&push) };
    let applied = ann.incoming(&push, &restored.reply(&push), NOW).unwrap();
    assert!(applied.new_epoch && applied.more && !applied.fork);
    assert_eq!(state(&ann, two.record), WorkState::Saved);
    is_whole(&ann);

    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    assert_eq!((push.first, push.changes.len(), push.epoch), (2, 1, Epoch([6; 16])));
    assert!(push.proof.is_some(), "what the old server signed for comes back under the dot it had");
    let chain = ann.store.change_at(Actor(1), 2).unwrap().unwrap().chain;
    let back = Office { chain, epoch: Epoch([6; 16]), ..Office::taking(&push) };
    let applied = ann.incoming(&push, &back.reply(&push), NOW).unwrap();
    assert!(applied.fork && ann.needs_retiring().unwrap());

    let retire = ann.retire_request().unwrap();
    let retired = Retired { actor: Actor(50), held: vec![1, 2], verdicts: Vec::new(), receipt: None };
    ann.retired(&retire, &retired, NOW).unwrap();
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    assert_eq!((push.actor, push.first, push.changes.len()), (Actor(50), 1, 1));
    let moved = ChangeBytes::received(push.changes[0].clone()).read().unwrap();
    assert_eq!((moved.record, moved.was), (three.record, Some(Dot { actor: Actor(1), counter: 3 })));
    is_whole(&ann);
}

#[test]
fn a_record_that_leaves_goes_only_when_nothing_of_ours_is_on_its_way() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, "a fridge");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let reply = Office { items: vec![echo(&saved.dot)], ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    ann.note(saved.record, "still here", NOW).unwrap();
    let chain = ann.store.change_at(Actor(1), 1).unwrap().unwrap().chain;
    let leave = vec![Item::Leave { seq: 2, record: saved.record }];
    let reply = Office { chain, items: leave, ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    assert!(ann.store.record(saved.record).unwrap().is_some());
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let chain = ann.store.change_at(Actor(1), 2).unwrap().unwrap().chain;
    let verdicts = vec![(2, Verdict::Refused("not_your_team".into()))];
    let reply = Office { chain, verdicts, ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    assert!(ann.store.record(saved.record).unwrap().is_none());
    assert!(ann.journal().unwrap().iter().any(|(_, kind, _)| kind == "left"));
}

#[test]
fn an_old_draft_under_which_the_officer_answered_since_is_shown_the_newer_answer() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, "a fridge");
    let draft = ann.edit_record(saved.record, NOW).unwrap();
    ann.answer(draft.id, &FieldKey::new("what"), &json!("old draft"), NOW).unwrap();
    ann.edit(saved.record, &answers("newer"), &[], NOW.later(1)).unwrap();
    let refused = ann.save_draft(draft.id, NOW.later(2)).unwrap_err();
    assert_eq!(refused.downcast_ref::<Problem>().unwrap().code, Code::NewerAnswer);
    assert_eq!(ann.head(saved.record).map(|head: Record| head.two_answers()).unwrap(), 0);
}

#[test]
fn an_answer_given_once_is_not_given_again() {
    let mut ann = vault(1, 1);
    let once = FORM
        .replace(r#""name": "where","#, r#""name": "where", "merge": "once","#)
        .replace("\"version\": 1", "\"version\": 2");
    ann.keep_pack("form.sighting", 2, once.as_bytes()).unwrap();
    let both = json!({"what": "a van", "where": "AB12 CDE"});
    let saved = ann.create("sighting", both.as_object().unwrap(), &[], NOW).unwrap();
    let again = json!({"where": "XY34 ZZZ"});
    let refused = ann.edit(saved.record, again.as_object().unwrap(), &[], NOW).unwrap_err();
    let faults = &refused.downcast_ref::<crate::Faults>().unwrap().0;
    assert_eq!(faults[0].code, kerbside_core::form::FaultCode::AlreadyAnswered);
}

#[test]
fn a_form_of_a_newer_kind_is_not_kept_and_the_old_one_stays_on_offer() {
    let mut ann = vault(1, 1);
    let newer = FORM.replace("\"type\": \"text\"", "\"type\": \"hologram\"");
    let refused = ann.keep_pack("form.sighting", 2, newer.as_bytes()).unwrap_err();
    assert_eq!(refused.downcast_ref::<Problem>().unwrap().code, Code::NeedsNewerVersion);
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let mut reply = Office::taking(&push).reply(&push);
    let sha256 = Sha256::of(newer.as_bytes());
    reply.offers =
        vec![kerbside_core::exchange::Offer { name: "form.sighting".into(), version: 2, sha256, bytes: 1 }];
    assert_eq!(ann.incoming(&push, &reply, NOW).unwrap().missing_packs.len(), 1);
    assert_eq!(ann.forms().unwrap()[0].version, 1);
    assert!(ann.start_draft("sighting", NOW).is_ok());
}

#[test]
fn a_reply_that_says_nothing_new_is_taken_without_a_write() {
    let mut ann = vault(1, 1);
    saves(&mut ann, "A van");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    assert!(push.head.shown().is_none() && push.known.is_empty());
    let reply = Office::taking(&push).reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    let idle = ann.outgoing(Budget::default(), NOW).unwrap();
    let receipt: Receipt = kerbside_core::cbor::decode(&reply.receipt.payload).unwrap();
    assert_eq!(idle.known[..8], receipt.mark().0[..8]);
    assert_eq!(idle.head.shown(), Some(&ann.store.progress().unwrap().chain.0[..16]));
    let nothing = Reply {
        receipt: Signed::known(&receipt.shown(&idle)),
        items: Vec::new(),
        cursor: Vec::new(),
        ..reply.clone()
    };
    let before = ann.store.progress().unwrap();
    let writes = ann.store.writes();
    let applied = ann.incoming(&idle, &nothing, NOW).unwrap();
    assert_eq!(applied, Applied::default());
    assert_eq!((ann.store.writes(), ann.store.progress().unwrap()), (writes, before));
    let twisted = Reply { receipt: Signed::known(&receipt.shown(&push)), ..nothing };
    let refused = ann.incoming(&idle, &twisted, NOW).unwrap_err();
    assert_eq!(refused.downcast_ref::<Problem>().map(|problem| problem.code), Some(Code::CaptivePortal));
}

#[test]
fn a_reply_to_an_earlier_push_is_no_answer_to_this_one() {
    let mut ann = vault(1, 1);
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let old = Office::taking(&push).reply(&push);
    ann.incoming(&push, &old, NOW).unwrap();
    let saved = saves(&mut ann, "a fridge");
    let push = ann.outgoing(Budget::default(), NOW.later(1)).unwrap();
    let refused = ann.incoming(&push, &old, NOW.later(1)).unwrap_err();
    assert_eq!(refused.downcast_ref::<Problem>().unwrap().code, Code::CaptivePortal);
    assert_eq!(state(&ann, saved.record), WorkState::Saved);
    let reply = Office::taking(&push).reply(&push);
    assert_eq!(ann.incoming(&push, &reply, NOW.later(2)).unwrap().sent, 1);
}
