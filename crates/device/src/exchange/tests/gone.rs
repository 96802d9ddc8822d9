//! What the office takes out for good is in nothing that a vault holds, and what it offers again is what is left.

use super::*;
use crate::show::WorkState;
use crate::verify::Fault;
use kerbside_core::change::Context;
use kerbside_core::ids::Cid;
use kerbside_core::redact::{Redaction, Target};

const WORDS: &str = "the man at number nine";

fn redaction(record: RecordId, target: Target, through: u64) -> Item {
    let upto = Context::new([Dot { actor: Actor(1), counter: through }]);
    Item::Redact { seq: 9, redaction: Redaction { record, target, upto, acts: Vec::new() } }
}

fn what() -> Target {
    Target::Field(FieldKey::new("what"))
}

fn hears(vault: &mut Vault, items: Vec<Item>) -> Push {
    let push = vault.outgoing(Budget::default(), NOW).unwrap();
    let hashes = push.hashes().unwrap();
    let office = Office { items, chain: vault.store.progress().unwrap().chain, ..Office::taking(&push) };
    let through = push.first - 1 + hashes.len() as u64;
    vault.incoming(&push, &Office { through, ..office }.reply(&push), NOW).unwrap();
    push
}

fn says(vault: &Vault, words: &str) -> Vec<String> {
    let mut tables = Vec::new();
    vault
        .each_cell(&mut |table, cell| {
            if cell.windows(words.len()).any(|part| part == words.as_bytes()) {
                tables.push(table.to_owned());
            }
        })
        .unwrap();
    tables
}

#[test]
fn nothing_of_it_stays_and_the_chain_goes_on() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, WORDS);
    hears(&mut ann, vec![echo(&saved.dot)]);
    let draft = ann.edit_record(saved.record, NOW).unwrap();
    ann.answer(draft.id, &FieldKey::new("what"), &json!(format!("{WORDS}, again")), NOW).unwrap();
    assert!(!says(&ann, WORDS).is_empty());
    let hash = ann.own_changes().unwrap()[0].hash;
    hears(&mut ann, vec![redaction(saved.record, what(), 1)]);
    assert_eq!(says(&ann, WORDS), Vec::<String>::new());
    is_whole(&ann);
    let view = ann.show(saved.record).unwrap();
    let shown: Vec<&Json> =
        view.fields.iter().flat_map(|field| &field.values).map(|value| &value.answer).collect();
    assert!(shown.contains(&&json!({"redacted": true})));
    assert_eq!(ann.journal().unwrap().last().unwrap().1, "redacted");

    ann.answer(draft.id, &FieldKey::new("what"), &json!("a fridge"), NOW).unwrap();
    let again = ann.save_draft(draft.id, NOW).unwrap();
    let push = hears(&mut ann, vec![echo(&again.dot)]);
    assert_eq!((push.first, push.changes.len(), push.lost.len()), (2, 1, 0));
    assert_eq!(ann.list(&Filter::default()).unwrap()[0].summary, "a fridge");
    assert_eq!(ann.show(saved.record).unwrap().two_answers, 0, "what was taken out is no second answer");
    assert_eq!(ann.own_changes().unwrap()[0].hash, hash);
    is_whole(&ann);
}

#[test]
fn what_is_left_is_offered_again_under_the_hash_it_had() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, WORDS);
    hears(&mut ann, vec![echo(&saved.dot)]);
    let hash = ann.own_changes().unwrap()[0].hash;
    hears(&mut ann, vec![redaction(saved.record, what(), 1)]);
    ann.store.transact(|store| store.unsettle_changes(Actor(1), 0)).unwrap();
    let mut progress = ann.store.progress().unwrap();
    progress.received = 0;
    ann.store.transact(|store| store.put_progress(&progress)).unwrap();
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    assert_eq!((push.lost.len(), push.lost[0].hash), (1, hash));
    assert_eq!(push.hashes().unwrap(), [hash]);
    assert_ne!(Sha256::of(&push.changes[0]), hash);
    assert!(!push.changes[0].windows(WORDS.len()).any(|part| part == WORDS.as_bytes()));
    is_whole(&ann);
}

#[test]
fn a_flipped_bit_of_what_is_left_is_found_and_turned_back() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, WORDS);
    hears(&mut ann, vec![echo(&saved.dot), redaction(saved.record, what(), 1)]);
    let whole = ann.own_changes().unwrap().remove(0);
    let mut bad = whole.clone();
    bad.bytes[40] ^= 2;
    ann.store.transact(|store| store.mend_change(&bad)).unwrap();
    let found = ann.faults_of_records().unwrap();
    assert!(matches!(found[..], [Fault::Change { counter: 1, .. }]), "{found:?}");
    ann.repair(NOW).unwrap();
    assert_eq!(ann.own_changes().unwrap(), [whole]);
}

#[test]
fn a_record_that_is_gone_leaves_only_what_its_officer_has_still_to_read() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, "a fridge");
    hears(&mut ann, vec![echo(&saved.dot)]);
    ann.edit(saved.record, &answers("by the bus stop"), &[], NOW).unwrap();
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let refused = vec![(2, Verdict::Refused("record_purged".into()))];
    let items = vec![Item::Purge { seq: 4, record: saved.record }];
    let chain = ann.store.progress().unwrap().chain;
    let reply = Office { verdicts: refused, items, chain, ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    assert_eq!(says(&ann, "fridge"), Vec::<String>::new());
    assert!(ann.list(&Filter::default()).unwrap().is_empty());
    let waiting = ann.waiting().unwrap();
    assert_eq!(waiting.items.len(), 1);
    assert_eq!(waiting.items[0].state, WorkState::NeedsYou);
    assert_eq!(waiting.items[0].reason_code.as_deref(), Some("record_purged"));
    assert_eq!(waiting.items[0].ways, [Way::PutAway]);
    assert_eq!(ann.refused(saved.record).unwrap()[0].answer, json!("by the bus stop"));
    assert_eq!(ann.journal().unwrap().last().unwrap().1, "purged");
    let shown = ann.edit(saved.record, &answers("again"), &[], NOW).unwrap_err();
    assert_eq!(shown.downcast_ref::<Problem>().map(|problem| problem.code), Some(Code::RecordPurged));
    is_whole(&ann);
    ann.put_away(saved.record, NOW).unwrap();
    assert_eq!(says(&ann, "bus stop"), Vec::<String>::new());
    assert!(ann.waiting().unwrap().items.is_empty());
    is_whole(&ann);
}

/// The record, and what the office said when it declined the answer that the device gave to it.
fn declined(vault: &mut Vault) -> RecordId {
    let record = saves(vault, "a fridge").record;
    hears(vault, vec![echo("1.1")]);
    vault.edit(record, &answers(WORDS), &[], NOW).unwrap();
    hears_declined(vault, vec![]);
    assert_eq!(says(vault, WORDS), ["own_change", "said"]);
    record
}

/// A receipt that says it, as it comes for as long as an earlier verdict is open.
fn hears_declined(vault: &mut Vault, items: Vec<Item>) {
    let push = vault.outgoing(Budget::default(), NOW).unwrap();
    let reply = says_declined(vault, items).reply(&push);
    vault.incoming(&push, &reply, NOW).unwrap();
    hears(vault, vec![]);
}

fn says_declined(vault: &Vault, items: Vec<Item>) -> Office {
    Office {
        items,
        through: 2,
        chain: vault.store.progress().unwrap().chain,
        verdicts: vec![(2, Verdict::Refused("declined".into()))],
        said: vec![(2, format!("Nobody knows {WORDS}"))],
        epoch: EPOCH,
        safe: 0,
        backup_ms: None,
        safe_photos: Vec::new(),
        paging: Paging::Log,
    }
}

/// An answer, and a push of it that was sent twice, so that two replies are on their way.
fn asks_twice(vault: &mut Vault) -> (RecordId, Push) {
    let record = saves(vault, "a fridge").record;
    hears(vault, vec![echo("1.1")]);
    vault.edit(record, &answers(WORDS), &[], NOW).unwrap();
    (record, vault.outgoing(Budget::default(), NOW).unwrap())
}

#[test]
fn what_the_office_said_of_a_change_goes_with_what_is_taken_out_of_it() {
    let mut ann = vault(1, 1);
    let record = declined(&mut ann);
    hears(&mut ann, vec![redaction(record, Target::Field(FieldKey::new("number")), 2)]);
    assert_eq!(says(&ann, WORDS), ["own_change", "said"], "it is about another answer");
    hears(&mut ann, vec![redaction(record, what(), 2)]);
    assert_eq!(says(&ann, WORDS), Vec::<String>::new());
    let item = ann.waiting().unwrap().items.remove(0);
    assert_eq!((item.reason_code.as_deref(), item.said), (Some("declined"), None));
    is_whole(&ann);
}

#[test]
fn a_reply_from_before_it_was_taken_out_does_not_say_it_again() {
    let mut ann = vault(1, 1);
    let (record, push) = asks_twice(&mut ann);
    let late = says_declined(&ann, vec![]).reply(&push);
    let items = vec![redaction(record, what(), 2)];
    let told = Office { said: Vec::new(), ..says_declined(&ann, items) }.reply(&push);
    ann.incoming(&push, &told, NOW).unwrap();
    ann.incoming(&push, &late, NOW).unwrap();
    hears(&mut ann, vec![]);
    assert_eq!(says(&ann, WORDS), Vec::<String>::new());
    is_whole(&ann);
}

#[test]
fn what_the_office_said_in_a_late_reply_is_asked_for_again() {
    let mut ann = vault(1, 1);
    let (_, push) = asks_twice(&mut ann);
    let late = says_declined(&ann, vec![]).reply(&push);
    let verdicts = vec![(2, Verdict::Refused("in_review".into()))];
    let told = Office { said: Vec::new(), verdicts, ..says_declined(&ann, vec![]) }.reply(&push);
    ann.incoming(&push, &told, NOW).unwrap();
    ann.incoming(&push, &late, NOW).unwrap();
    assert_eq!(ann.outgoing(Budget::default(), NOW).unwrap().acked, 1);
    hears_declined(&mut ann, vec![]);
    assert_eq!(says(&ann, WORDS), ["own_change", "said"]);
    assert_eq!(ann.outgoing(Budget::default(), NOW).unwrap().acked, 2);
    is_whole(&ann);
}

#[test]
fn what_was_said_again_goes_when_it_is_told_again_and_what_is_said_with_that_stays() {
    let mut ann = vault(1, 1);
    let record = declined(&mut ann);
    hears(&mut ann, vec![redaction(record, what(), 2)]);
    hears_declined(&mut ann, vec![]);
    assert_eq!(says(&ann, WORDS), ["said"]);
    hears(&mut ann, vec![redaction(record, what(), 2)]);
    assert_eq!(says(&ann, WORDS), Vec::<String>::new());
    hears_declined(&mut ann, vec![redaction(record, what(), 2)]);
    assert_eq!(says(&ann, WORDS), ["said"], "the office says it of what is left");
    is_whole(&ann);
}

#[test]
fn what_the_office_said_goes_at_once_with_a_record_that_is_removed() {
    let mut ann = vault(1, 1);
    let record = declined(&mut ann);
    hears(&mut ann, vec![Item::Purge { seq: 4, record }]);
    assert_eq!(says(&ann, WORDS), ["own_change"], "its officer has still to read what they wrote");
    assert_eq!(ann.refused(record).unwrap()[0].answer, json!(WORDS));
    ann.put_away(record, NOW).unwrap();
    assert_eq!(says(&ann, WORDS), Vec::<String>::new());
    is_whole(&ann);
}

#[test]
fn what_the_office_said_leaves_with_the_record_once_it_was_read() {
    let leave = |record| vec![Item::Leave { seq: 4, record }];
    let mut ann = vault(1, 1);
    let record = declined(&mut ann);
    ann.put_away(record, NOW).unwrap();
    let said = ann.refused(record).unwrap().remove(0).said;
    assert_eq!(said, Some(format!("Nobody knows {WORDS}")), "the record shows it still");
    hears(&mut ann, leave(record));
    assert_eq!(says(&ann, "Nobody knows"), Vec::<String>::new());
    let mut tom = vault(1, 1);
    let record = declined(&mut tom);
    hears(&mut tom, leave(record));
    let said = tom.waiting().unwrap().items.remove(0).said;
    assert_eq!(said, Some(format!("Nobody knows {WORDS}")), "nobody has read it yet");
    tom.put_away(record, NOW).unwrap();
    hears_declined(&mut tom, vec![]);
    assert_eq!(says(&tom, "Nobody knows"), Vec::<String>::new());
    is_whole(&tom);
}

#[test]
fn an_act_under_another_dot_is_known_by_its_cid() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, WORDS);
    let own = ann.own_changes().unwrap().remove(0);
    let cid: Cid = ChangeBytes::received(own.bytes).read().unwrap().cid;
    let redaction =
        Redaction { record: saved.record, target: what(), upto: Context::default(), acts: vec![cid] };
    hears(&mut ann, vec![Item::Redact { seq: 9, redaction }]);
    assert_eq!(says(&ann, WORDS), Vec::<String>::new());
    is_whole(&ann);
}
