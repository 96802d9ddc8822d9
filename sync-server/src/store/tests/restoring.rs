//! Backups from either database into either, what a restored server says to devices, and what waits for what.

use kerbside_core::change::{Context, Edit};
use kerbside_core::exchange::{Asks, Lost, Push, Verdict};
use kerbside_core::field::{FieldKey, TEAM};
use kerbside_core::ids::{Actor, Dot, Sha256};
use kerbside_core::problem::Code;
use kerbside_core::sign::Signed;
use kerbside_core::value::Value;

use super::phone::{Phone, put};
use super::{NOW, Scratch, both, code_of, each};
use crate::store::{Period, Raised, Store};

const ANN: &str = "ann@example.gov.uk";
const BOB: &str = "bob@example.gov.uk";
const JO: &str = "jo@example.gov.uk";
const HOUR: i64 = 60 * 60 * 1000;

/// A backup's file and the copy in it.
fn backed_up(store: &mut Store) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kerbside.db");
    store.copy_to(&file).unwrap();
    let copy = Store::open_copy(&file).unwrap();
    (folder, copy)
}

/// The backup's server in a new life, in an empty database of this kind.
fn restored_into(copy: &mut Store, scratch: &Scratch) -> Store {
    copy.begin_new_life(NOW + HOUR, NOW, Raised::default()).unwrap();
    let mut fresh = scratch.place.open_bare().unwrap();
    fresh.fill_from(copy).unwrap();
    fresh
}

/// What the phone sends to a server whose life it does not know.
fn push_of_old(phone: &Phone, store: &mut Store, old: &Push, first: u64) -> Push {
    let mut push = phone.push(store, first);
    push.epoch = old.epoch;
    push
}

#[test]
fn a_backup_of_either_database_is_one_file_that_fills_either() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.photographs(record, b"a fridge");
        ann.exchanges(store);
        let before = store.dump_canonical().unwrap();
        let (_folder, mut copy) = backed_up(store);
        assert_eq!(copy.damage().unwrap(), Vec::<String>::new(), "{}", scratch.name);
        assert_eq!(copy.verify().unwrap().integrity, "ok");
        assert_eq!(copy.dump_canonical().unwrap(), before);
        for other in both() {
            let mut fresh = other.place.open_bare().unwrap();
            fresh.fill_from(&mut copy).unwrap();
            assert_eq!(fresh.dump_canonical().unwrap(), before, "{} into {}", scratch.name, other.name);
            assert_eq!(fresh.identity().unwrap().signing, store.identity().unwrap().signing);
            assert!(fresh.fill_from(&mut copy).is_err(), "what holds anything is not filled");
            assert!(other.place.migrations_due().unwrap().is_empty());
        }
    });
}

#[test]
fn marks_say_what_the_backup_holds_and_not_what_came_since() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        let photo = ann.photographs(record, b"a fridge");
        let reply = ann.exchanges(store);
        let receipt = ann.receipt(store, &reply);
        assert_eq!((receipt.marks[0].backed_up_through, receipt.backup_ms), (0, None));
        let upload = match store.ask_photo(NOW, ann.device, record, photo, 8).unwrap() {
            crate::store::PhotoAsked::Wanted(upload) => upload,
            crate::store::PhotoAsked::Complete(_) => panic!("nothing was sent"),
        };
        store.complete_photo(NOW, &upload).unwrap();
        let (_folder, mut copy) = backed_up(store);
        ann.reports("Aylsham Road");
        ann.exchanges(store);
        store.mark_backup(&mut copy, "monday", NOW + 5).unwrap();
        let val = store.officer_by_email("val@example.gov.uk").unwrap().unwrap().0;
        assert_eq!(store.trust(&val, Period::ALL).unwrap().backup_ms, Some(NOW + 5));
        assert_eq!(store.counts().unwrap().trust.backup_ms, Some(NOW + 5));

        let asks = Asks { photos: vec![photo, Sha256([1; 32])], held: vec![] };
        let push = Push { asks: Some(asks), ..ann.push(store, 1) };
        let reply = store.take(NOW, ann.device, &push).unwrap();
        let receipt = ann.receipt(store, &reply);
        assert_eq!((receipt.through, receipt.marks[0].backed_up_through), (3, 2));
        assert_eq!((receipt.backup_ms, receipt.safe_photos), (Some(NOW + 5), vec![photo]));
    });
}

#[test]
fn a_restored_server_passes_over_every_number_it_may_have_given_out() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, ANN, 1);
        ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let (_folder, mut copy) = backed_up(store);
        let lost_actor = Phone::enrols(store, BOB, 2).actor;
        let old = store.identity().unwrap().epoch;
        let fresh = both().into_iter().find(|other| other.name == scratch.name).unwrap();
        let mut again = restored_into(&mut copy, &fresh);
        assert_ne!(again.identity().unwrap().epoch, old);
        let mut bob = Phone::enrols(&mut again, BOB, 3);
        assert!(lost_actor.0 + 999 < bob.actor.0, "{lost_actor} and {}", bob.actor);
        let record = bob.reports("Dereham Road");
        bob.exchanges(&mut again);
        let number = bob.references[&record].strip_prefix("FT-").unwrap().parse::<u32>().unwrap();
        assert!(1_001 < number, "{number}");
    });
}

#[test]
fn what_the_lost_server_signed_for_comes_back_under_its_own_dots_and_nothing_else_does() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, ANN, 1);
        ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let (_folder, mut copy) = backed_up(store);
        ann.reports("Aylsham Road");
        let signed_for = ann.exchanges(store).receipt;
        let old = ann.push(store, 1);
        ann.reports("Dereham Road");

        let fresh = both().into_iter().find(|other| other.name == scratch.name).unwrap();
        let mut again = restored_into(&mut copy, &fresh);
        let push = push_of_old(&ann, &mut again, &old, 2);
        let reply = again.take(NOW, ann.device, &push).unwrap();
        assert_eq!(
            (reply.hwm, reply.fork, reply.items.len()),
            (1, false, 0),
            "it first has to hear of this life"
        );
        let push = ann.push(&mut again, 2);
        let reply = again.take(NOW, ann.device, &push).unwrap();
        assert_eq!((reply.hwm, reply.fork), (1, true), "without proof the actor is given up");

        let unproven = ann.own.pop().unwrap();
        let push = Push { proof: Some(signed_for.clone()), ..ann.push(&mut again, 2) };
        let reply = again.take(NOW, ann.device, &push).unwrap();
        assert_eq!((reply.hwm, reply.fork), (2, false));
        ann.own.push(unproven);
        let beyond = Push { proof: Some(signed_for), ..ann.push(&mut again, 3) };
        assert_eq!(again.take(NOW, ann.device, &beyond).unwrap().hwm, 2, "no receipt reaches the third");
        assert_eq!(ann.retires(&mut again), [1, 2]);
        assert_eq!(again.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn what_neither_side_has_any_more_is_written_down_as_a_loss_and_holds_nobody_back() {
    each(|store, scratch| {
        let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let (_folder, mut copy) = backed_up(store);
        ann.answers(record, "where", "by the bus stop");
        let anns = ann.exchanges(store).receipt;
        bob.exchanges(store);
        bob.answers(record, "where", "behind the garages");
        let bobs = bob.exchanges(store).receipt;

        let fresh = both().into_iter().find(|other| other.name == scratch.name).unwrap();
        let mut again = restored_into(&mut copy, &fresh);
        let push = Push { proof: Some(bobs), ..bob.push(&mut again, 1) };
        let reply = again.take(NOW, bob.device, &push).unwrap();
        assert_eq!(bob.receipt(&mut again, &reply).verdicts, [(1, Verdict::Held)]);

        let hash = Sha256::of(&ann.own[1]);
        let mut push = Push { proof: Some(anns), ..ann.push(&mut again, 2) };
        push.changes = vec![vec![]];
        let undeclared = again.take(NOW, ann.device, &push).unwrap_err();
        assert_eq!(code_of(&undeclared), Some(Code::Malformed));
        push.lost = vec![Lost { counter: 2, hash }];
        let reply = again.take(NOW, ann.device, &push).unwrap();
        assert_eq!((reply.hwm, reply.fork), (2, false));
        assert_eq!(ann.receipt(&mut again, &reply).verdicts, [(2, Verdict::Missing)]);
        let losses =
            again.connection.query("SELECT actor, from_counter, to_counter, proof FROM loss", &[]).unwrap();
        assert_eq!((losses.len(), losses[0].int(1).unwrap(), losses[0].int(2).unwrap()), (1, 2, 2));
        assert!(kerbside_core::cbor::decode::<Signed>(&losses[0].blob(3).unwrap()).is_ok());
        assert!(again.held().unwrap().is_empty(), "a declared loss lets Bob's answer go");
        let val = again.officer_by_email("val@example.gov.uk").unwrap().unwrap().0;
        assert_eq!(again.trust(&val, Period::ALL).unwrap().missing, 1);
        let page = again.trust_lines(&val, "missing", Period::ALL, 0).unwrap();
        let [line] = page.lines.as_slice() else { panic!("{} losses", page.lines.len()) };
        let proof = line.receipt.as_ref().unwrap();
        assert_eq!((line.device.as_deref(), proof.through), (Some("W07"), 2));
        assert_eq!(
            data_encoding::BASE64.decode(proof.signed.as_bytes()).unwrap(),
            losses[0].blob(3).unwrap()
        );
        assert_eq!(again.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn what_waits_for_a_record_or_a_dot_goes_when_it_comes_or_when_an_administrator_says_so() {
    each(|store, scratch| {
        let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        let (_folder, mut copy) = backed_up(store);
        let record = ann.reports("Mile Cross Road");
        let anns = ann.exchanges(store).receipt;
        bob.exchanges(store);
        bob.saves(record, vec![Edit::Note { kind: "note".into(), text: "gate locked".into() }]);
        bob.answers(record, "where", "by the bus stop");
        let bobs = bob.exchanges(store).receipt;

        let fresh = both().into_iter().find(|other| other.name == scratch.name).unwrap();
        let mut again = restored_into(&mut copy, &fresh);
        let push = Push { proof: Some(bobs), ..bob.push(&mut again, 1) };
        again.take(NOW, bob.device, &push).unwrap();
        assert_eq!(
            again.held().unwrap().len(),
            2,
            "the note waits for its record, the answer for what it saw"
        );
        let push = Push { proof: Some(anns), ..ann.push(&mut again, 1) };
        again.take(NOW, ann.device, &push).unwrap();
        assert!(again.held().unwrap().is_empty());
        assert_eq!(again.record(record).unwrap().unwrap().notes().count(), 1);

        bob.retires(&mut again);
        bob.own.clear();
        let seen = Context::new([Dot { actor: Actor(ann.actor.0), counter: 7 }]);
        bob.saves(record, vec![put("where", seen, "nobody ever heard of")]);
        bob.exchanges(&mut again);
        assert_eq!(again.held().unwrap().len(), 1);
        assert_eq!(again.give_up_all(NOW).unwrap(), 1);
        assert!(again.held().unwrap().is_empty());
        let asks = Asks { photos: vec![], held: vec![Dot { actor: bob.actor, counter: 1 }] };
        let push = Push { asks: Some(asks), ..bob.push(&mut again, 2) };
        let reply = again.take(NOW, bob.device, &push).unwrap();
        let settled = bob.receipt(&mut again, &reply).settled;
        assert_eq!((settled.len(), &settled[0].verdict), (1, &None));
    });
}

#[test]
fn a_device_enrolled_after_the_backup_is_told_so_and_stays_itself_when_it_enrols_again() {
    each(|store, scratch| {
        let (_folder, mut copy) = backed_up(store);
        let mut ann = Phone::enrols(store, ANN, 1);
        ann.reports("Mile Cross Road");
        let receipt = ann.exchanges(store).receipt;
        let fresh = both().into_iter().find(|other| other.name == scratch.name).unwrap();
        let mut again = restored_into(&mut copy, &fresh);
        let push = ann.push(&mut again, 1);
        let refused = again.take(NOW, ann.device, &push).unwrap_err();
        assert_eq!(code_of(&refused), Some(Code::DeviceUnknown));

        let (officer, _) = again.officer_by_email(ANN).unwrap().unwrap();
        let code = again.make_device_code(&officer, NOW).unwrap().code;
        let mut enrol = super::enrol(&code, 1);
        enrol.key = ann.public_key();
        enrol.proof = Some(receipt.clone());
        let enrolled = again.enrol_device(NOW, &enrol).unwrap();
        assert_eq!(enrolled.device, ann.device);
        assert_ne!(enrolled.short_code, "W07", "the lost server may have given out any of the first letters");
        let push = Push { proof: Some(receipt), ..ann.push(&mut again, 1) };
        let reply = again.take(NOW, ann.device, &push).unwrap();
        assert_eq!((reply.hwm, reply.fork), (1, false), "the actor is known again for what it had brought");
    });
}

#[test]
fn what_only_the_office_of_the_lost_server_wrote_holds_nobody_back() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let (jo, _) = store.officer_by_email(JO).unwrap().unwrap();
        store.office_note(NOW, &jo, record, "seen").unwrap();
        let (_folder, mut copy) = backed_up(store);
        let office = store.office_note(NOW, &jo, record, "lost with the disk").unwrap();
        let seen = Context::new([office]);
        ann.saves(record, vec![put("where", seen, "by the bus stop")]);
        let receipt = ann.exchanges(store).receipt;
        let fresh = both().into_iter().find(|other| other.name == scratch.name).unwrap();
        let mut again = restored_into(&mut copy, &fresh);
        let push = Push { proof: Some(receipt), ..ann.push(&mut again, 2) };
        again.take(NOW, ann.device, &push).unwrap();
        assert!(again.held().unwrap().is_empty());
        let written = again.office_note(NOW, &jo, record, "a new life").unwrap();
        assert_ne!(written.actor, office.actor, "no office actor goes on");
    });
}

#[test]
fn nothing_waits_in_a_restored_server_for_a_record_whose_beginning_was_refused() {
    each(|store, scratch| {
        let (_folder, mut copy) = backed_up(store);
        let fresh = both().into_iter().find(|other| other.name == scratch.name).unwrap();
        let mut again = restored_into(&mut copy, &fresh);
        let mut tom = Phone::enrols(&mut again, "tom@example.gov.uk", 4);
        let team = Value::code("wardens-north".to_owned());
        let record = tom.reports("Mile Cross Road");
        tom.own.clear();
        let not_his = Edit::Put { field: FieldKey::new(TEAM), context: Context::default(), value: team };
        tom.saves(record, vec![Edit::Create, not_his]);
        tom.answers(record, "where", "by the bus stop");
        let reply = tom.exchanges(&mut again);
        let verdicts = tom.receipt(&mut again, &reply).verdicts;
        let refused = |code: Code| Verdict::Refused(code.name().to_owned());
        assert_eq!(verdicts, [(1, refused(Code::NotYourTeam)), (2, refused(Code::RecordUnknown))]);
        assert!(again.held().unwrap().is_empty(), "{}", scratch.name);
    });
}
