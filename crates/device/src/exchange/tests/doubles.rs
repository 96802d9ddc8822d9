//! What has another name than it had: dots that were given up, and what a double wrote under the same ones.

use super::*;
use crate::NewPhoto;
use crate::photos::PhotoFrom;
use crate::store::{ChangeState, OwnChange, UploadState};
use kerbside_core::change::{Change, Edit};
use kerbside_core::value::Value;

fn read(vault: &Vault, actor: u32, counter: u64) -> Change {
    let own = vault.store.change_at(Actor(actor), counter).unwrap().unwrap();
    ChangeBytes::received(own.bytes).read().unwrap()
}

/// The office's record, entered whole.
fn entered(record: RecordId, state: &Record) -> Item {
    let page = pack_page([Entry {
        record: Some(record),
        reference: Some("SI-000001"),
        received_ms: Some(1),
        state,
    }]);
    Item::Enter { seq: 1, page }
}

fn gives_way(vault: &mut Vault, to: u32) {
    let retire = vault.retire_request().unwrap();
    let retired = Retired { actor: Actor(to), held: vec![], verdicts: Vec::new(), receipt: None };
    vault.retired(&retire, &retired, NOW).unwrap();
}

#[test]
fn an_answer_over_what_no_server_confirms_names_the_dots_it_has_now() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, "a fridge");
    let mut tom = vault(2, 2);
    let push = tom.outgoing(Budget::default(), NOW).unwrap();
    let items = vec![entered(saved.record, &ann.head(saved.record).unwrap())];
    let enter = Office { items, paging: Paging::Whole, ..Office::taking(&push) };
    tom.incoming(&push, &enter.reply(&push), NOW).unwrap();
    // Another filling brings nothing, and an open form keeps the record here.
    tom.edit_record(saved.record, NOW).unwrap();
    let push = tom.outgoing(Budget::default(), NOW).unwrap();
    let empty = Office { paging: Paging::Whole, ..Office::taking(&push) }.reply(&push);
    tom.incoming(&push, &empty, NOW).unwrap();
    assert!(tom.store.record(saved.record).unwrap().unwrap().base.is_none());

    tom.edit(saved.record, &answers("a freezer"), &[], NOW.later(1_000)).unwrap();
    gives_way(&mut tom, 50);
    tom.edit(saved.record, &answers("two freezers"), &[], NOW.later(2_000)).unwrap();
    let (moved, over) = (read(&tom, 50, 1), read(&tom, 50, 2));
    assert_eq!(moved.was, Some(Dot { actor: Actor(2), counter: 1 }));
    let Edit::Put { context, .. } = &over.edits[0] else { panic!("an answer") };
    assert_eq!((context.get(Actor(50)), context.get(Actor(2))), (1, 0), "{context:?}");
    let view = tom.show(saved.record).unwrap();
    let what = view.fields.iter().find(|field| field.path == "what").unwrap();
    assert_eq!((what.values.len(), &what.values[0].answer), (1, &json!("two freezers")));
}

/// Tom's device wrote under 2.1, and so did its double, in a record that no server confirms now: what an answer over the
/// double's names of actor 2.
fn named_over_a_double(is_elsewhere: bool, is_cleared: bool) -> u64 {
    let mut ann = vault(1, 1);
    let record = saves(&mut ann, "a fridge").record;
    let begun = ann.head(record).unwrap();
    let mut tom = vault(2, 2);
    let enters = |tom: &mut Vault, state: &Record| {
        let push = tom.outgoing(Budget::default(), NOW).unwrap();
        let chain = tom.store.progress().unwrap().chain;
        let office = Office {
            chain,
            items: vec![entered(record, state)],
            paging: Paging::Whole,
            ..Office::taking(&push)
        };
        tom.incoming(&push, &office.reply(&push), NOW).unwrap();
    };
    enters(&mut tom, &begun);
    if is_elsewhere {
        tom.create("sighting", &answers("a sofa"), &[], NOW.later(1_000)).unwrap();
        tom.edit(record, &answers("a freezer"), &[], NOW.later(1_000)).unwrap();
    } else {
        tom.edit(record, &answers("a freezer"), &[], NOW.later(1_000)).unwrap();
    }
    let mut of_double = read(&tom, 2, if is_elsewhere { 2 } else { 1 });
    gives_way(&mut tom, 50);
    of_double.counter = 1;
    of_double.cid.0 = [6; 8];
    of_double.at.wall_ms += 5_000;
    of_double.at.hlc = of_double.at.hlc.tick(NOW.later(5_000).wall_ms.try_into().unwrap());
    let mut both = begun;
    both.apply(&of_double);
    both.apply(&read(&tom, 50, if is_elsewhere { 2 } else { 1 }));
    enters(&mut tom, &both);
    if is_cleared {
        clears(&mut tom, (2, 1));
    }
    // Another filling brings nothing, and an open form keeps the record here.
    tom.edit_record(record, NOW).unwrap();
    let push = tom.outgoing(Budget::default(), NOW).unwrap();
    let chain = tom.store.progress().unwrap().chain;
    let empty = Office { chain, paging: Paging::Whole, ..Office::taking(&push) }.reply(&push);
    tom.incoming(&push, &empty, NOW).unwrap();
    assert!(tom.store.record(record).unwrap().unwrap().base.is_none());

    tom.edit(record, &answers("two freezers"), &[], NOW.later(9_000)).unwrap();
    let newest = tom.store.progress().unwrap().counter;
    let Edit::Put { context, .. } = &read(&tom, 50, newest).edits[0].clone() else { panic!("an answer") };
    context.get(Actor(2))
}

#[test]
fn an_answer_over_what_a_double_wrote_under_the_same_dot_names_what_the_double_wrote() {
    for (is_elsewhere, is_cleared) in [(false, false), (false, true), (true, false), (true, true)] {
        assert_eq!(named_over_a_double(is_elsewhere, is_cleared), 1, "{is_elsewhere} {is_cleared}");
    }
}

#[test]
fn what_a_restored_server_does_not_take_back_under_an_old_actor_goes_on_under_the_next() {
    let mut ann = vault(1, 1);
    let first = saves(&mut ann, "a fridge");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let reply = Office { items: vec![echo(&first.dot)], ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    let retire = ann.retire_request().unwrap();
    let retired = Retired { actor: Actor(50), held: vec![1], verdicts: Vec::new(), receipt: None };
    ann.retired(&retire, &retired, NOW).unwrap();
    let second = ann.edit(first.record, &answers("two fridges"), &[], NOW.later(1_000)).unwrap();
    assert_eq!(second.dot, "50.1");

    let lost_all = |push: &Push, fork| {
        let office =
            Office { through: 0, chain: chain::START, epoch: Epoch([6; 16]), ..Office::taking(push) };
        Reply { fork, ..office.reply(push) }
    };
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    assert!(ann.incoming(&push, &lost_all(&push, false), NOW).unwrap().new_epoch);
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    assert_eq!((push.actor, push.changes.len()), (Actor(1), 1), "what was signed for comes back as it was");
    ann.incoming(&push, &lost_all(&push, true), NOW).unwrap();
    assert_eq!(ann.store.change_at(Actor(1), 1).unwrap().unwrap().state, ChangeState::Saved);

    gives_way(&mut ann, 60);
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    assert_eq!((push.actor, push.changes.len()), (Actor(60), 2));
    let (older, newer) = (read(&ann, 60, 1), read(&ann, 60, 2));
    assert_eq!(
        (older.was, newer.was),
        (Some(Dot { actor: Actor(1), counter: 1 }), Some(Dot { actor: Actor(50), counter: 1 }))
    );
    let Edit::Put { context, .. } = &newer.edits[0] else { panic!("an answer") };
    assert_eq!((context.get(Actor(60)), context.get(Actor(1))), (1, 0), "{context:?}");
    let states: Vec<ChangeState> = ann.own_changes().unwrap().iter().map(|own| own.state).collect();
    assert_eq!(
        states,
        [ChangeState::Redotted, ChangeState::Redotted, ChangeState::Saved, ChangeState::Saved]
    );
    is_whole(&ann);
}

/// A record that was received, and a second answer that was refused.
fn refused(vault: &mut Vault, what: &str, code: &str) -> RecordId {
    let saved = saves(vault, "a fridge");
    let push = vault.outgoing(Budget::default(), NOW).unwrap();
    let reply = Office { items: vec![echo(&saved.dot)], ..Office::taking(&push) }.reply(&push);
    vault.incoming(&push, &reply, NOW).unwrap();
    vault.edit(saved.record, &answers(what), &[], NOW.later(1_000)).unwrap();
    let push = vault.outgoing(Budget::default(), NOW).unwrap();
    let chain = vault.store.change_at(Actor(1), 2).unwrap().unwrap().chain;
    let verdicts = vec![(2, Verdict::Refused(code.into()))];
    vault.incoming(&push, &Office { chain, verdicts, ..Office::taking(&push) }.reply(&push), NOW).unwrap();
    saved.record
}

fn hears(vault: &mut Vault, change: &Change, code: &str) {
    let push = vault.outgoing(Budget::default(), NOW).unwrap();
    let chain = vault.store.change_at(Actor(1), 2).unwrap().unwrap().chain;
    let bytes = ChangeBytes::write(change).into_bytes();
    let items = vec![Item::Change { seq: 9, received_ms: 1, bytes, reference: None }];
    let verdicts = vec![(2, Verdict::Refused(code.into()))];
    let office = Office { through: 2, chain, items, verdicts, ..Office::taking(&push) };
    vault.incoming(&push, &office.reply(&push), NOW).unwrap();
}

#[test]
fn what_a_double_wrote_under_the_same_dot_does_not_settle_what_was_refused_here() {
    let mut ann = vault(1, 1);
    let record = refused(&mut ann, "two fridges", "sealed");
    let mut theirs = read(&ann, 1, 2);
    theirs.was = Some(theirs.dot());
    (theirs.actor, theirs.counter, theirs.cid.0) = (Actor(60), 1, [6; 8]);
    let Edit::Put { value, .. } = &mut theirs.edits[0] else { panic!("an answer") };
    *value = Value::text("a bath");
    hears(&mut ann, &theirs, "sealed");
    assert_eq!(ann.store.change_at(Actor(1), 2).unwrap().unwrap().state, ChangeState::Refused);
    assert_eq!(ann.waiting().unwrap().strip.needs_you, 1);
    assert_eq!(state(&ann, record), WorkState::NeedsYou);
}

#[test]
fn what_the_office_took_out_of_review_settles_what_it_was_made_of() {
    let mut ann = vault(1, 1);
    refused(&mut ann, "two fridges", "in_review");
    let mut taken = read(&ann, 1, 2);
    taken.was = Some(taken.dot());
    (taken.actor, taken.counter, taken.cid.0, taken.officer) = (Actor(60), 1, [6; 8], OfficerId(9));
    hears(&mut ann, &taken, "in_review");
    assert_eq!(ann.store.change_at(Actor(1), 2).unwrap().unwrap().state, ChangeState::Duplicate);
}

#[test]
fn a_photo_half_sent_is_not_on_its_way_once_its_words_are_declined() {
    let mut ann = vault(1, 1);
    let paper =
        NewPhoto { field: Some(FieldKey::new("photos")), bytes: b"%PDF-1.4".to_vec(), from: PhotoFrom::File };
    ann.create("sighting", &answers("a fridge"), &[paper], NOW).unwrap();
    for code in ["in_review", "declined"] {
        let push = ann.outgoing(Budget::default(), NOW).unwrap();
        let chain = ann.store.change_at(Actor(1), 1).unwrap().unwrap().chain;
        let verdicts = vec![(1, Verdict::Refused(code.into()))];
        let office = Office { through: 1, chain, verdicts, ..Office::taking(&push) };
        ann.incoming(&push, &office.reply(&push), NOW).unwrap();
        if let Some(upload) = ann.photos_to_send().unwrap().first().cloned() {
            ann.photo_goes_to(&upload, "/v1/uploads/1").unwrap();
            ann.photo_reached(&upload, 4).unwrap();
            assert_eq!(ann.uploads().unwrap()[0].state, UploadState::Sending);
        }
    }
    assert!(ann.photos_to_send().unwrap().is_empty());
    let upload = ann.uploads().unwrap().remove(0);
    assert_eq!((upload.state, upload.sent), (UploadState::Saved, 4));
}

#[test]
fn a_device_that_was_stopped_waits_for_no_echo_in_a_record_that_is_gone() {
    let mut ann = vault(1, 1);
    let saved = saves(&mut ann, "a fridge");
    ann.store.delete_record(saved.record).unwrap();
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let reply = Reply { stopped: Some("device_revoked".into()), ..Office::taking(&push).reply(&push) };
    ann.incoming(&push, &reply, NOW).unwrap();
    let own = ann.store.change_at(Actor(1), 1).unwrap().unwrap();
    assert_eq!((own.state, own.pending), (ChangeState::Received, false));
}

#[test]
fn a_photo_waits_no_longer_for_words_that_a_restored_server_decided_otherwise() {
    for (before, now, waits) in [("in_review", "sealed", false), ("declined", "in_review", true)] {
        let mut ann = vault(1, 1);
        let paper = NewPhoto {
            field: Some(FieldKey::new("photos")),
            bytes: b"%PDF-1.4".to_vec(),
            from: PhotoFrom::File,
        };
        ann.create("sighting", &answers("a fridge"), &[paper], NOW).unwrap();
        let push = ann.outgoing(Budget::default(), NOW).unwrap();
        let chain = ann.store.change_at(Actor(1), 1).unwrap().unwrap().chain;
        let verdicts = vec![(1, Verdict::Refused(before.into()))];
        let office = Office { through: 1, chain, verdicts, ..Office::taking(&push) };
        ann.incoming(&push, &office.reply(&push), NOW).unwrap();
        assert_eq!(ann.photos_to_send().unwrap().is_empty(), waits);

        let retire = ann.retire_request().unwrap();
        let verdicts = vec![(1, Verdict::Refused(now.into()))];
        let retired = Retired { actor: Actor(50), held: vec![1], verdicts, receipt: None };
        ann.retired(&retire, &retired, NOW).unwrap();
        let own = ann.store.change_at(Actor(1), 1).unwrap().unwrap();
        assert_eq!((own.state, own.reason.as_deref()), (ChangeState::Refused, Some(now)));
        assert_eq!(ann.photos_to_send().unwrap().is_empty(), !waits);
    }
}

#[test]
fn a_device_that_was_stopped_says_how_much_of_what_was_taken_out_it_was_told() {
    let mut ann = vault(1, 1);
    saves(&mut ann, "a fridge");
    for (cursor, due) in [(vec![7; 9], vec![7; 9]), (vec![], vec![])] {
        let push = ann.outgoing(Budget::default(), NOW).unwrap();
        let chain = ann.store.progress().unwrap().chain;
        let office = Office { chain, ..Office::taking(&push) };
        let reply = Reply { stopped: Some("device_revoked".into()), cursor, ..office.reply(&push) };
        ann.incoming(&push, &reply, NOW).unwrap();
        assert_eq!(ann.outgoing(Budget::default(), NOW).unwrap().cursor, due);
    }
}

/// A backup has it: what is left here is its hash.
fn clears(vault: &mut Vault, (actor, counter): (u32, u64)) {
    let own = vault.store.change_at(Actor(actor), counter).unwrap().unwrap();
    vault.store.mend_change(&OwnChange { bytes: Vec::new(), ..own }).unwrap();
}

#[test]
fn what_was_cleared_and_the_server_holds_is_still_seen_by_what_goes_on() {
    let mut ann = vault(1, 1);
    let record = saves(&mut ann, "a fridge").record;
    ann.edit(record, &answers("two fridges"), &[], NOW.later(1_000)).unwrap();
    clears(&mut ann, (1, 1));
    let retire = ann.retire_request().unwrap();
    let retired = Retired { actor: Actor(50), held: vec![1], verdicts: Vec::new(), receipt: None };
    ann.retired(&retire, &retired, NOW).unwrap();
    let over = read(&ann, 50, 1);
    let Edit::Put { context, .. } = &over.edits[0] else { panic!("an answer") };
    assert_eq!(context.get(Actor(1)), 1);
}

#[test]
fn what_nobody_has_any_more_leaves_no_gap_among_the_numbers_of_the_next_actor() {
    let mut ann = vault(1, 1);
    saves(&mut ann, "a fridge");
    saves(&mut ann, "two fridges");
    saves(&mut ann, "a freezer");
    clears(&mut ann, (1, 2));
    gives_way(&mut ann, 50);
    let was = |counter| read(&ann, 50, counter).was.unwrap().counter;
    assert_eq!((was(1), was(2)), (1, 3));
    assert!(ann.store.change_at(Actor(50), 3).unwrap().is_none());
    assert_eq!(ann.store.change_at(Actor(1), 2).unwrap().unwrap().state, ChangeState::Missing);
    assert_eq!(ann.verify().unwrap().integrity, "ok");
}

#[test]
fn of_what_was_moved_no_more_is_kept_than_of_what_it_was_moved_to() {
    let mut ann = vault(1, 1);
    saves(&mut ann, "a fridge");
    gives_way(&mut ann, 50);
    let kept =
        |vault: &Vault| vault.own_changes().unwrap().iter().filter(|own| !own.bytes.is_empty()).count();
    ann.store.clear_moved_changes().unwrap();
    assert_eq!(kept(&ann), 2, "what is not safe yet stays as it is");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    ann.incoming(&push, &Office::taking(&push).reply(&push), NOW).unwrap();
    ann.store.clear_safe_changes(Actor(50), 1, NOW.wall_ms + 1).unwrap();
    ann.store.clear_moved_changes().unwrap();
    assert_eq!(kept(&ann), 0);
    is_whole(&ann);
}
