//! What is taken out for good is nowhere afterwards, and nothing brings it back.

use kerbside_core::change::{Context, Edit};
use kerbside_core::exchange::{Item, Lost, Push, Verdict};
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{Dot, RecordId, Sha256};
use kerbside_core::problem::Code;
use kerbside_core::redact::{Target, tombstone};
use kerbside_core::value::Value;

use super::phone::{Phone, put};
use super::{NOW, Scratch, both, code_of, each};
use crate::backup::{back_up, restore};
use crate::config::Home;
use crate::ledger::sweep_photos;
use crate::photos::Photos;
use crate::store::redacting::Wish;
use crate::store::{Gone, Officer, Place, Raised, Store};
use crate::values;

const ANN: &str = "ann@example.gov.uk";
const BOB: &str = "bob@example.gov.uk";
const LEE: &str = "lee@example.gov.uk";
const HOUR: i64 = 60 * 60 * 1000;
const WORDS: &str = "the man at number nine";

fn lee(store: &mut Store) -> Officer {
    store.officer_by_email(LEE).unwrap().unwrap().0
}

fn place() -> Target {
    Target::Field(FieldKey::new("where"))
}

/// Takes something out as the administrator does; the line that stands in the ledger from now on.
fn redacted(store: &mut Store, record: RecordId, target: &Target) -> Gone {
    let lee = lee(store);
    let wish = Wish { by: Some(&lee), reason: "said about a neighbour", now_ms: NOW };
    let mut ledger = Vec::new();
    let gone = store
        .redact(wish, record, target, &mut |gone| {
            ledger.push(gone.clone());
            Ok(())
        })
        .unwrap();
    assert_eq!(ledger, std::slice::from_ref(&gone));
    gone
}

fn purged(store: &mut Store, record: RecordId) -> Gone {
    let lee = lee(store);
    let wish = Wish { by: Some(&lee), reason: "kept for six years", now_ms: NOW };
    store.purge(wish, record, &mut |_| Ok(())).unwrap()
}

/// No row of any table says it, and on SQLite no byte of any file.
pub(super) fn require_nowhere(store: &mut Store, scratch: &Scratch, words: &str) {
    for table in ["log", "set_aside", "record", "dot", "review", "gone", "residue", "photo_named"] {
        let rows = store.connection.query(&format!("SELECT * FROM {table}"), &[]).unwrap();
        for row in rows {
            let said = format!("{:?}", row.values());
            let bytes: Vec<u8> = row.values().iter().flat_map(|value| bytes_of(value).to_vec()).collect();
            let is_there = bytes.windows(words.len()).any(|part| part == words.as_bytes());
            assert!(!is_there, "{}: {table} {said}", scratch.name);
        }
    }
    if let Place::File(file) = &scratch.place {
        for ending in ["", "-wal"] {
            let path = file.with_extension(format!("db{ending}"));
            let bytes = std::fs::read(&path).unwrap_or_default();
            assert!(
                !bytes.windows(words.len()).any(|part| part == words.as_bytes()),
                "{} says it still",
                path.display()
            );
        }
    }
}

fn bytes_of(value: &crate::store::Sql) -> &[u8] {
    match value {
        crate::store::Sql::Text(text) => text.as_bytes(),
        crate::store::Sql::Blob(bytes) => bytes,
        crate::store::Sql::Null | crate::store::Sql::Int(_) => &[],
    }
}

fn restored(copy: &mut Store, scratch: &Scratch) -> Store {
    copy.begin_new_life(NOW + HOUR, NOW, Raised::default()).unwrap();
    let fresh = both().into_iter().find(|other| other.name == scratch.name).unwrap();
    let mut again = fresh.place.open_bare().unwrap();
    again.fill_from(copy).unwrap();
    again
}

fn backed_up(store: &mut Store) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kerbside.db");
    store.copy_to(&file).unwrap();
    let copy = Store::open_copy(&file).unwrap();
    (folder, copy)
}

#[test]
fn an_answer_that_is_taken_out_is_nowhere_and_the_chains_and_folds_hold() {
    each(|store, scratch| {
        let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        let record = ann.reports("Mile Cross Road");
        ann.answers(record, "where", WORDS);
        ann.exchanges(store);
        bob.exchanges(store);
        bob.answers(record, "where", "by the bus stop");
        bob.exchanges(store);
        redacted(store, record, &place());
        require_nowhere(store, scratch, WORDS);
        require_nowhere(store, scratch, "bus stop");
        assert_eq!(store.verify().unwrap().integrity, "ok", "{}", scratch.name);
        let state = store.record(record).unwrap().unwrap();
        assert_eq!(state.answers(&FieldKey::new("where")), []);
        assert_eq!(state.registers().filter(|(field, _)| field.path == "where").count(), 1);

        bob.answers(record, "where", "behind the garages");
        for phone in [&mut ann, &mut bob] {
            phone.exchanges(store);
            assert!(phone.told.iter().any(|item| matches!(item, Item::Redact { .. })));
        }
        ann.exchanges(store);
        let state = store.record(record).unwrap().unwrap();
        assert_eq!(ann.base[&record], state);
        assert_eq!(state.answers(&FieldKey::new("where")), [Value::text("behind the garages")]);
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn only_an_administrator_with_a_reason_takes_out_what_is_there() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports(WORDS);
        ann.exchanges(store);
        let (bob, lee) = (store.officer_by_email(BOB).unwrap().unwrap().0, lee(store));
        let keep: fn(&Gone) -> anyhow::Result<()> = |_| Ok(());
        let mut refused = |by: &Officer, reason: &str, target: &Target| {
            let wish = Wish { by: Some(by), reason, now_ms: NOW };
            code_of(&store.redact(wish, record, target, &mut { keep }).unwrap_err())
        };
        assert_eq!(refused(&bob, "why not", &place()), Some(Code::NotAllowed));
        assert_eq!(refused(&lee, " ", &place()), Some(Code::ReasonMissing));
        let team = Target::Field(FieldKey::new("@team"));
        assert_eq!(refused(&lee, "why not", &team), Some(Code::Malformed));
        let other = Target::Field(FieldKey::new("plate"));
        assert_eq!(refused(&lee, "why not", &other), Some(Code::NothingChanged));
        let wish = Wish { by: Some(&bob), reason: "why not", now_ms: NOW };
        assert_eq!(code_of(&store.purge(wish, record, &mut { keep }).unwrap_err()), Some(Code::NotAllowed));
        assert_eq!(store.gone().unwrap(), []);

        let wish = Wish { by: Some(&lee), reason: "why not", now_ms: NOW };
        store
            .redact(wish, record, &place(), &mut |_| anyhow::bail!("the ledger's disk is full"))
            .unwrap_err();
        assert_eq!(store.gone().unwrap(), [], "nothing is done that the ledger does not know");
        let state = store.record(record).unwrap().unwrap();
        assert_eq!(state.answers(&FieldKey::new("where")), [Value::text(WORDS)]);
    });
}

#[test]
fn a_restored_server_does_it_again_and_what_devices_bring_back_is_blanked() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let (_folder, mut copy) = backed_up(store);
        ann.answers(record, "where", WORDS);
        let note = ann.saves(record, vec![Edit::Note { kind: "note".into(), text: WORDS.into() }]).dot();
        let receipt = ann.exchanges(store).receipt;
        let ledger = [redacted(store, record, &place()), redacted(store, record, &Target::Note(note))];

        let mut again = restored(&mut copy, scratch);
        assert_eq!(again.replay(NOW, &ledger).unwrap(), 2);
        assert_eq!(again.replay(NOW, &ledger).unwrap(), 0, "once is enough");
        assert_eq!(again.record(record).unwrap().unwrap().answers(&FieldKey::new("where")), []);
        let push = Push { proof: Some(receipt), cursor: vec![], ..ann.push(&mut again, 2) };
        let reply = again.take(NOW, ann.device, &push).unwrap();
        assert_eq!((reply.hwm, reply.fork), (3, false));
        let push = Push { cursor: vec![], ..ann.push(&mut again, 4) };
        let before = again.take(NOW, ann.device, &push).unwrap();
        assert!(before.items.is_empty(), "an actor of the old life is told nothing");
        for words in [WORDS, "Mile Cross"] {
            let rows = again.connection.query("SELECT body, actor FROM log", &[]).unwrap();
            let says = |row: &crate::store::Row| {
                row.blob(0).unwrap().windows(words.len()).any(|part| part == words.as_bytes())
            };
            assert!(!rows.iter().any(says), "{}: {words}", scratch.name);
        }
        assert_eq!(again.verify().unwrap().integrity, "ok");
        // Under another dot, by a phone that never heard of it.
        let edits = vec![put("where", Context::default(), WORDS)];
        let known = kerbside_core::change::ChangeBytes::received(ann.own[1].clone()).read().unwrap();
        let mut bob = Phone::enrols(&mut again, BOB, 3);
        let mut moved = bob.saves(record, edits);
        (moved.cid, moved.at) = (known.cid, known.at);
        bob.own[0] = kerbside_core::change::ChangeBytes::write(&moved).into_bytes();
        let first = bob.exchanges(&mut again);
        assert_eq!(first.hwm, 1);
        assert!(bob.told.iter().filter(|item| matches!(item, Item::Redact { .. })).count() == 2);
    });
}

#[test]
fn a_note_that_was_approved_out_of_review_goes_with_what_it_was_made_of() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let (_folder, mut copy) = backed_up(store);
        let notes = |text: &str| vec![Edit::Note { kind: "note".into(), text: text.into() }];
        let (note, other) = ann.is_stopped(store, |ann| {
            (ann.saves(record, notes(WORDS)), ann.saves(record, notes("gate locked")))
        });
        let push = ann.push(store, 1);
        let jo = store.officer_by_email("jo@example.gov.uk").unwrap().unwrap().0;
        let taken = store.approve(NOW + 1, &jo, note.dot()).unwrap();
        let gone = redacted(store, record, &Target::Note(taken));
        require_nowhere(store, scratch, WORDS);
        let acts = &gone.redaction.as_ref().unwrap().acts;
        assert!(acts.contains(&note.cid) && !acts.contains(&other.cid), "{acts:?}");

        let mut again = restored(&mut copy, scratch);
        again.replay(NOW, &[gone]).unwrap();
        again.take(NOW, ann.device, &Push { cursor: vec![], ..push }).unwrap();
        require_nowhere(&mut again, scratch, WORDS);
    });
}

#[test]
fn why_something_was_declined_goes_with_what_was_declined() {
    each(|store, scratch| {
        let (mut ann, record, (named, other)) = Phone::in_review(store, |ann, record| {
            (ann.answers(record, "where", WORDS), ann.answers(record, "plate", "AB12 CDE"))
        });
        let jo = store.officer_by_email("jo@example.gov.uk").unwrap().unwrap().0;
        store.decline(NOW + 2, &jo, named.dot(), &format!("Nobody knows {WORDS}")).unwrap();
        store.decline(NOW + 2, &jo, other.dot(), "No such car").unwrap();
        let (_folder, mut copy) = backed_up(store);
        let gone = redacted(store, record, &place());
        require_nowhere(store, scratch, WORDS);
        let reply = ann.sends(store, NOW + 3);
        let receipt = ann.receipt(store, &reply);
        assert_eq!(receipt.said, [(3, "No such car".to_owned())]);
        let declined = |counter| (counter, Verdict::Refused(Code::Declined.name().to_owned()));
        assert_eq!(receipt.verdicts, [declined(2), declined(3)], "that it was declined stays");

        let mut again = restored(&mut copy, scratch);
        again.replay(NOW, &[gone]).unwrap();
        require_nowhere(&mut again, &Scratch::elsewhere(scratch.name), WORDS);
        purged(store, record);
        let reply = ann.sends(store, NOW + 4);
        assert_eq!(ann.receipt(store, &reply).said, []);
    });
}

#[test]
fn what_is_left_of_a_change_comes_under_the_hash_it_had() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports(WORDS);
        ann.exchanges(store);
        let (_folder, mut copy) = backed_up(store);
        ann.answers(record, "where", "the woman at number ten");
        let receipt = ann.exchanges(store).receipt;
        let gone = redacted(store, record, &place());
        let mut again = restored(&mut copy, scratch);
        again.replay(NOW, std::slice::from_ref(&gone)).unwrap();

        let whole = ann.push(&mut again, 2);
        let change = kerbside_core::change::ChangeBytes::received(ann.own[1].clone()).read().unwrap();
        let left = gone.redaction.unwrap().residue(&change).unwrap();
        let left = kerbside_core::change::ChangeBytes::write(&left).into_bytes();
        let lost = vec![Lost { counter: 2, hash: Sha256::of(&ann.own[1]) }];
        let forged = vec![ann.own[0].clone()];
        let push = Push { proof: Some(receipt), lost, ..whole };
        let refused = again.take(NOW, ann.device, &Push { changes: forged, ..push.clone() }).unwrap_err();
        assert_eq!(code_of(&refused), Some(Code::Malformed));
        let reply = again.take(NOW, ann.device, &Push { changes: vec![left], ..push }).unwrap();
        assert_eq!((reply.hwm, reply.fork), (2, false));
        assert_eq!(ann.receipt(&mut again, &reply).verdicts, []);
        assert_eq!(again.verify().unwrap().integrity, "ok");
        require_nowhere(&mut again, &Scratch::elsewhere(scratch.name), "number");
    });
}

#[test]
fn a_photo_that_is_taken_out_is_asked_of_nobody_and_its_file_goes() {
    each(|store, _| {
        let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        let (one, other) = (ann.reports("Mile Cross Road"), ann.reports("Aylsham Road"));
        let photo = ann.photographs(one, b"a face");
        ann.photographs(other, b"a face");
        ann.exchanges(store);
        bob.exchanges(store);
        let crate::store::PhotoAsked::Wanted(upload) =
            store.ask_photo(NOW, ann.device, one, photo, 6).unwrap()
        else {
            panic!("nothing was sent")
        };
        store.complete_photo(NOW, &upload).unwrap();
        redacted(store, one, &Target::Photo(photo));
        assert_eq!(store.photos_gone().unwrap(), [], "another record still has it");
        redacted(store, other, &Target::Photo(photo));
        assert_eq!(store.photos().unwrap(), []);
        assert_eq!(store.photos_gone().unwrap(), [(photo, None)]);
        store.photo_is_gone(photo, None).unwrap();
        assert_eq!(store.photos_gone().unwrap(), []);
        assert_eq!(store.verify().unwrap().integrity, "ok");
        bob.photographs(one, b"a face");
        bob.exchanges(store);
        let refused = store.ask_photo(NOW, bob.device, one, photo, 6).unwrap_err();
        assert_eq!(code_of(&refused), Some(Code::PhotoNotNamed));
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn a_record_that_is_gone_stays_gone_and_whoever_was_away_is_told() {
    each(|store, scratch| {
        let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        let record = ann.reports(WORDS);
        ann.exchanges(store);
        let (_folder, mut copy) = backed_up(store);
        bob.exchanges(store);
        bob.answers(record, "where", "the woman at number ten");
        let gone = purged(store, record);
        require_nowhere(store, scratch, WORDS);
        let reply = bob.exchanges(store);
        let told = Verdict::Refused("record_purged".to_owned());
        assert_eq!(bob.receipt(store, &reply).verdicts, [(1, told.clone())]);
        assert!(!bob.base.contains_key(&record));
        require_nowhere(store, scratch, "number ten");
        assert!(store.record(record).unwrap().is_none());
        let lee = lee(store);
        let wish = Wish { by: Some(&lee), reason: "again", now_ms: NOW };
        let twice = store.purge(wish, record, &mut |_| Ok(())).unwrap_err();
        assert_eq!(code_of(&twice), Some(Code::RecordPurged));
        assert_eq!(store.verify().unwrap().integrity, "ok");

        let receipt = ann.exchanges(store).receipt;
        let mut again = restored(&mut copy, scratch);
        again.replay(NOW, std::slice::from_ref(&gone)).unwrap();
        assert!(again.record(record).unwrap().is_none());
        let change = kerbside_core::change::ChangeBytes::received(ann.own[0].clone()).read().unwrap();
        let stone = kerbside_core::change::ChangeBytes::write(&tombstone(&change)).into_bytes();
        ann.cursor.clear();
        let push = Push { proof: Some(receipt), ..ann.push(&mut again, 1) };
        let lost = vec![Lost { counter: 1, hash: Sha256::of(&ann.own[0]) }];
        let reply = again.take(NOW, ann.device, &Push { changes: vec![stone], lost, ..push }).unwrap();
        assert_eq!((reply.hwm, reply.fork), (1, false), "held already");
        let edits = vec![Edit::Create, put("where", Context::default(), WORDS)];
        let mut eve = Phone::enrols(&mut again, BOB, 5);
        eve.saves(record, edits);
        let reply = eve.exchanges(&mut again);
        assert_eq!(eve.receipt(&mut again, &reply).verdicts, [(1, told)]);
        assert_eq!(again.verify().unwrap().integrity, "ok");
        let kept = again.connection.query("SELECT hash FROM dot WHERE record = $1", values![record]).unwrap();
        assert_eq!(kept.len(), 2, "its hashes stay, and the latecomer's");
        let dot = Dot { actor: ann.actor, counter: 1 };
        assert_ne!(eve.actor, dot.actor);
    });
}

#[test]
fn a_backup_from_before_is_restored_without_what_was_taken_out_since() {
    let folder = tempfile::tempdir().unwrap();
    let home = |name: &str| Home { data: folder.path().join(name), database: None, ledger: None };
    let (old, new, backups) = (home("old"), home("new"), folder.path().join("backups"));
    let mut store = old.place().unwrap().open().unwrap();
    store.establish(NOW).unwrap();
    store.load_council(&super::council(), &std::collections::BTreeMap::new()).unwrap();
    store.put_form(NOW, &super::form(1)).unwrap();
    let mut ann = Phone::enrols(&mut store, ANN, 1);
    let (one, other) = (ann.reports(WORDS), ann.reports("Aylsham Road"));
    let photo = ann.photographs(other, b"a face");
    ann.exchanges(&mut store);
    let crate::store::PhotoAsked::Wanted(upload) = store.ask_photo(NOW, ann.device, other, photo, 6).unwrap()
    else {
        panic!("nothing was sent")
    };
    let photos = Photos::open(&old.photos().unwrap()).unwrap();
    let file = photos.path(photo);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, b"a face").unwrap();
    store.complete_photo(NOW, &upload).unwrap();
    back_up(&old, &mut store, &backups, NOW).unwrap();

    let lee = lee(&mut store);
    let ledger = old.ledger();
    let wish = Wish { by: Some(&lee), reason: "said too much", now_ms: NOW };
    let mut keep = |gone: &Gone| ledger.add(std::slice::from_ref(gone));
    store.redact(wish, one, &place(), &mut keep).unwrap();
    store.redact(wish, other, &Target::Photo(photo), &mut keep).unwrap();
    sweep_photos(&mut store, &photos).unwrap();
    assert!(!file.exists());
    let mut entries = std::fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().path());
    let first = entries.find(|path| path.join("manifest.json").is_file()).unwrap();
    back_up(&old, &mut store, &backups, NOW + HOUR).unwrap();
    drop(store);

    restore(&new, &first, NOW + HOUR).unwrap();
    let mut again = new.place().unwrap().open().unwrap();
    assert_eq!(again.gone().unwrap().len(), 2);
    assert_eq!(again.record(one).unwrap().unwrap().answers(&FieldKey::new("where")), []);
    assert_eq!(again.photos().unwrap(), []);
    assert_eq!(again.verify().unwrap().integrity, "ok");
    assert!(!Photos::open(&new.photos().unwrap()).unwrap().path(photo).exists());
    again.close_copy().unwrap();
    let bytes = std::fs::read(new.data.join("kerbside.db")).unwrap();
    assert!(!bytes.windows(WORDS.len()).any(|part| part == WORDS.as_bytes()));
}

#[test]
fn a_device_that_is_stopped_is_told_of_each_redaction_once() {
    each(|store, _| {
        let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        let (one, other) = (ann.reports(WORDS), ann.reports("Aylsham Road"));
        ann.exchanges(store);
        bob.exchanges(store);
        redacted(store, one, &place());
        store.revoke_device(bob.device, NOW).unwrap();
        let hears = |store: &mut Store, phone: &mut Phone| {
            let push = phone.push_from(store, phone.own.len() as u64 + 1);
            let reply = store.take(NOW + 1, phone.device, &push).unwrap();
            assert!(reply.stopped.is_some() && !reply.cursor.is_empty());
            phone.hears(&reply);
            reply.items.len()
        };
        let old = bob.clone();
        assert_eq!((hears(store, &mut bob), hears(store, &mut bob)), (1, 0));
        redacted(store, other, &place());
        ann.reports("somewhere else");
        ann.exchanges(store);
        assert_eq!((hears(store, &mut bob), hears(store, &mut bob)), (1, 0));
        assert_eq!(hears(store, &mut old.clone()), 2, "a vault that was put back hears all of it");
        // Should it go on after all, it is filled anew.
        store.connection.execute("UPDATE device SET revoked_at = NULL", &[]).unwrap();
        bob.told.clear();
        bob.exchanges(store);
        assert!(bob.told.iter().any(|item| matches!(item, Item::Enter { .. })));
    });
}
