//! After the log is cut nothing comes twice, no fork passes, whoever was away is filled anew and holds the same, and
//! `verify` still proves every record.

use kerbside_core::change::{Change, ChangeBytes, Context, Edit};
use kerbside_core::exchange::{Item, Push, Verdict};
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{RecordId, Sha256};
use kerbside_core::redact::Target;
use kerbside_core::value::Value;

use super::phone::{Phone, put};
use super::*;
use crate::store::connection::Driver;
use crate::store::redacting::Wish;
use crate::store::taking::LOG_CUT;

const ANN: &str = "ann@example.gov.uk";
const BOB: &str = "bob@example.gov.uk";
const HOUR: i64 = 60 * 60 * 1000;
const WORDS: &str = "the man at number nine";

/// After everything that the phones of these tests send.
const LATER: i64 = NOW + HOUR;

fn cut(store: &mut Store) -> Cut {
    let asked = store.cut(LATER, LATER, true).unwrap();
    let done = store.cut(LATER, LATER, false).unwrap();
    assert_eq!(asked, done, "what is said beforehand is what is done");
    done
}

fn says(store: &mut Store, words: &str) -> bool {
    let rows = store.connection.query("SELECT body FROM log", &[]).unwrap();
    rows.iter().any(|row| row.blob(0).unwrap().windows(words.len()).any(|part| part == words.as_bytes()))
}

/// The log says the first answer no longer, and the record says the last.
fn cut_down(store: &mut Store) -> (Phone, Phone, RecordId) {
    let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
    let record = ann.reports(WORDS);
    ann.answers(record, "where", "Mile Cross Road");
    ann.exchanges(store);
    bob.exchanges(store);
    let before = store.dump_canonical().unwrap();
    let done = cut(store);
    assert_eq!((done.records, done.changes), (1, 2));
    assert!(0 < done.bytes);
    assert!(!says(store, WORDS) && !says(store, "Mile Cross Road"));
    assert_eq!(store.dump_canonical().unwrap(), before);
    sound(store);
    (ann, bob, record)
}

fn sound(store: &mut Store) {
    let found = store.verify().unwrap();
    assert_eq!(found.integrity, "ok", "{found:?}");
}

/// The device's own act under another dot, as after a fork.
fn moved(phone: &mut Phone, change: &Change) -> Change {
    let counter = phone.own.len() as u64 + 1;
    let moved = Change { actor: phone.actor, counter, was: Some(change.dot()), ..change.clone() };
    phone.own.push(ChangeBytes::write(&moved).into_bytes());
    moved
}

#[test]
fn the_same_act_under_another_dot_is_still_known_for_one() {
    each(|store, scratch| {
        let (mut ann, _, record) = cut_down(store);
        let said: Vec<Change> =
            ann.own.iter().map(|bytes| ChangeBytes::received(bytes.clone()).read().unwrap()).collect();
        ann.retires(store);
        ann.own.clear();
        moved(&mut ann, &said[1]);
        // Another act that happens to have drawn the same bytes is another act.
        let mut other = said[1].clone();
        other.at.wall_ms += 1;
        let other = moved(&mut ann, &other);
        let reply = ann.exchanges(store);
        let verdicts = ann.receipt(store, &reply).verdicts;
        assert_eq!(verdicts, [(1, Verdict::Duplicate(said[1].dot()))], "{}", scratch.name);
        let state = store.record(record).unwrap().unwrap();
        assert!(state.holds(other.dot()));
        sound(store);
    });
}

#[test]
fn a_repeat_is_a_repeat_and_a_fork_is_a_fork() {
    each(|store, _| {
        let (ann, _, _) = cut_down(store);
        let again = ann.push(store, 1);
        let reply = store.take(LATER, ann.device, &again).unwrap();
        assert!(!reply.fork);
        assert_eq!(ann.receipt(store, &reply).through, 2);
        let mut double = ann.clone();
        double.own.pop();
        double.reports("somewhere else");
        let push = double.push(store, 1);
        assert!(store.take(LATER, double.device, &push).unwrap().fork);
        let retired = double.retires(store);
        assert_eq!(retired, [1]);
        sound(store);
    });
}

#[test]
fn whoever_read_less_is_filled_anew_and_holds_the_same() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let mut away = Phone::enrols(store, BOB, 2);
        let first = ann.reports("Aylsham Road");
        ann.exchanges(store);
        away.exchanges(store);
        let second = ann.reports(WORDS);
        ann.answers(first, "where", "Drayton Road");
        ann.exchanges(store);
        // Written meanwhile in the light of what is cut, and not sent.
        let unsent = away.answers(first, "where", "by the bus stop");
        cut(store);
        away.told.clear();
        away.exchanges(store);
        let entered = away.told.iter().any(|item| matches!(item, Item::Enter { .. }));
        assert!(entered, "{}", scratch.name);
        ann.exchanges(store);
        for record in [first, second] {
            let state = store.record(record).unwrap().unwrap();
            assert_eq!(away.base[&record], state);
            assert_eq!(ann.base[&record], state);
        }
        let state = store.record(first).unwrap().unwrap();
        assert!(state.holds(unsent.dot()));
        assert_eq!(state.answers(&FieldKey::new("where")).len(), 2, "both answers stand");
        // Whoever had read all of it reads on.
        ann.told.clear();
        away.answers(second, "plate", "AB12 CDE");
        away.exchanges(store);
        ann.exchanges(store);
        assert!(ann.told.iter().all(|item| matches!(item, Item::Change { .. })));
        sound(store);
    });
}

#[test]
fn a_record_that_goes_on_is_folded_from_the_cut_and_can_be_cut_again() {
    each(|store, _| {
        let (mut ann, mut bob, record) = cut_down(store);
        let seen = bob.answers(record, "where", "by the bus stop");
        assert!(matches!(&seen.edits[0], Edit::Put { context, .. } if context.get(ann.actor) == 2));
        bob.exchanges(store);
        ann.exchanges(store);
        assert_eq!(ann.base[&record].answers(&FieldKey::new("where")), [Value::text("by the bus stop")]);
        sound(store);
        let done = cut(store);
        assert_eq!((done.records, done.changes), (1, 1));
        assert!(!says(store, "bus stop"));
        sound(store);
        let own = &store.connection.query("SELECT state FROM cut", &[]).unwrap()[0];
        assert!(own.blob(0).unwrap().is_empty(), "the state is kept once");
        assert_eq!(cut(store), Cut { through: done.through, ..Cut::default() });
    });
}

#[test]
fn only_what_is_older_goes_and_an_earlier_day_takes_nothing() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports(WORDS);
        ann.exchanges(store);
        ann.answers(record, "where", "Mile Cross Road");
        let push = ann.push(store, 2);
        store.take(LATER, ann.device, &push).unwrap();
        assert_eq!(store.cut(LATER, NOW, false).unwrap().changes, 0);
        let done = store.cut(LATER, LATER, false).unwrap();
        assert_eq!(done.changes, 1);
        assert!(!says(store, WORDS) && says(store, "Mile Cross Road"));
        sound(store);
        let case_of = super::ann(store);
        let case = store.case(&case_of, record).unwrap();
        let kinds: Vec<_> = case.timeline.iter().map(|line| line.kind).collect();
        assert_eq!(kinds, [Happening::Created, Happening::Changed]);
        assert_eq!(case.timeline[1].from, Some(vec![WORDS.into()]));
    });
}

#[test]
fn the_timeline_still_says_who_and_when() {
    each(|store, _| {
        let (ann, mut bob, record) = cut_down(store);
        bob.answers(record, "where", "by the bus stop");
        bob.exchanges(store);
        let officer = super::ann(store);
        let case = store.case(&officer, record).unwrap();
        let told: Vec<_> = case.timeline.iter().map(|line| (line.kind, line.officer)).collect();
        let due = [
            (Happening::Created, ann.officer),
            (Happening::Cut, ann.officer),
            (Happening::Changed, bob.officer),
        ];
        assert_eq!(told, due);
        assert_eq!(case.timeline[1].at_ms, NOW + 2);
        assert_eq!(case.timeline[2].from, Some(vec!["Mile Cross Road".into()]));
    });
}

#[test]
fn what_somebody_has_to_decide_keeps_its_log() {
    each(|store, _| {
        let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        let (two, sealed) = (ann.reports("Aylsham Road"), ann.reports("Drayton Road"));
        ann.exchanges(store);
        bob.exchanges(store);
        ann.answers(two, "where", "one");
        bob.answers(two, "where", "other");
        ann.saves(sealed, vec![Edit::Seal { manifest: Sha256([7; 32]), signature: vec![1] }]);
        ann.exchanges(store);
        bob.exchanges(store);
        let done = cut(store);
        assert_eq!((done.records, done.changes), (0, 0));
        assert_eq!((done.left_whole.undecided, done.left_whole.sealed), (1, 1));
        assert!(says(store, "one") && says(store, "Drayton Road"));
        bob.exchanges(store);
        bob.answers(two, "where", "the other");
        bob.exchanges(store);
        assert_eq!(cut(store).changes, 4);
        let mut stopped = Phone::enrols(store, ANN, 3);
        stopped.base.clone_from(&bob.base);
        stopped.is_stopped(store, |phone| phone.answers(two, "where", "from a stopped phone"));
        let begun = bob.reports("in review meanwhile");
        bob.exchanges(store);
        let done = cut(store);
        assert_eq!((done.records, done.left_whole.undecided), (1, 0), "{begun} alone has anything to cut");
    });
}

/// Turns one bit of a row over behind the server's back, sums and all. False where there is nothing to turn over.
fn turn_over(store: &mut Store, (table, column, key): (&str, &str, &str), record: RecordId) -> bool {
    let limit = if table == "log" { "AND kind = 5 AND counter = 2" } else { "" };
    let select = format!("SELECT {column} FROM {table} WHERE {key} = $1 {limit}");
    let mut bytes = store.connection.one(&select, values![record]).unwrap().blob(0).unwrap();
    let Some(byte) = bytes.get_mut(7) else { return false };
    *byte ^= 4;
    let update = format!("UPDATE {table} SET {column} = $1 WHERE {key} = $2 {limit}");
    store
        .connection
        .transaction(|tx| {
            rows::drop_sums(tx)?;
            assert_eq!(tx.execute(&update, values![bytes, record])?, 1);
            rows::sum_all(tx)
        })
        .unwrap();
    true
}

fn flips_are_found(store: &mut Store, goes_on: bool) {
    let (_, mut bob, record) = cut_down(store);
    if goes_on {
        bob.answers(record, "where", "by the bus stop");
        bob.exchanges(store);
    }
    let whole = store.dump_canonical().unwrap();
    for place in [
        ("record", "state", "id"),
        ("cut", "state", "record"),
        ("cut", "hash", "record"),
        ("cut", "left_hash", "record"),
        ("log", "body", "record"),
    ] {
        if !turn_over(store, place, record) {
            continue;
        }
        let found = store.verify().unwrap();
        assert!(found.bad_records.contains(&record), "{place:?}: {found:?}");
        assert_eq!(store.cut(LATER, LATER, true).unwrap().records, 0, "what is damaged is not cut");
        store.mend(NOW, &found, None).unwrap();
        sound(store);
        assert_eq!(store.dump_canonical().unwrap(), whole);
    }
    purge(store, record);
}

#[test]
fn a_bit_that_flips_in_what_a_cut_left_is_found_and_turned_back() {
    for goes_on in [false, true] {
        each(|store, _| flips_are_found(store, goes_on));
    }
}

fn purge(store: &mut Store, record: RecordId) {
    let wish = Wish { by: None, reason: "kept for six years", now_ms: LATER };
    store.purge(wish, record, &mut |_| Ok(())).unwrap();
    let left = store.connection.one("SELECT COUNT(*) FROM cut", &[]).unwrap().int(0).unwrap();
    assert_eq!(left, 0);
    sound(store);
}

fn backed_up(store: &mut Store) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kerbside.db");
    store.copy_to(&file).unwrap();
    let copy = Store::open_copy(&file).unwrap();
    (folder, copy)
}

#[test]
fn what_one_bit_does_not_explain_is_taken_from_a_backup_of_either_time() {
    each(|store, scratch| {
        for cut_before in [false, true] {
            let mut ann = Phone::enrols(store, ANN, if cut_before { 1 } else { 2 });
            let record = ann.reports(WORDS);
            ann.exchanges(store);
            let mut taken = if cut_before { None } else { Some(backed_up(store)) };
            cut(store);
            let taken = taken.get_or_insert_with(|| backed_up(store));
            let whole = store.dump_canonical().unwrap();
            for (sql, spoilt) in [
                ("UPDATE record SET state = $1 WHERE id = $2", vec![1, 2, 3]),
                ("UPDATE log SET body = $1 WHERE record = $2 AND kind = 5", vec![1, 2, 3]),
            ] {
                store
                    .connection
                    .transaction(|tx| tx.execute(sql, values![spoilt, record]).map(|_| ()))
                    .unwrap();
                let found = store.verify().unwrap();
                assert_eq!(found.bad_records, [record], "{}", scratch.name);
                store.mend(NOW, &found, None).unwrap();
                assert_eq!(store.verify().unwrap().bad_records, [record], "nothing is made up");
                store.mend(NOW, &found, Some(&mut taken.1)).unwrap();
                sound(store);
                assert_eq!(store.dump_canonical().unwrap(), whole);
            }
        }
    });
}

#[test]
fn a_cut_record_is_redacted_and_the_act_is_known_by_it() {
    each(|store, _| {
        let (mut ann, mut bob, record) = cut_down(store);
        bob.answers(record, "plate", "AB12 CDE");
        bob.exchanges(store);
        for (field, gone) in [("where", "Mile Cross Road"), ("plate", "AB12 CDE")] {
            let wish = Wish { by: None, reason: "names a neighbour", now_ms: LATER };
            let target = Target::Field(FieldKey::new(field));
            let done = store.redact(wish, record, &target, &mut |_| Ok(())).unwrap();
            let again = store.redact(wish, record, &target, &mut |_| Ok(()));
            assert!(again.is_err(), "there is nothing left of it");
            sound(store);
            assert!(!says(store, gone));
            let acts = done.redaction.unwrap().acts;
            assert_eq!(acts.len(), if field == "where" { 2 } else { 1 });
        }
        let words = store.dump_canonical().unwrap().to_string();
        assert!(!words.contains("Mile Cross") && !words.contains("AB12"));
        // Ann's own copy under another dot says nothing of it again.
        let said = ChangeBytes::received(ann.own[1].clone()).read().unwrap();
        ann.exchanges(store);
        ann.retires(store);
        ann.own.clear();
        moved(&mut ann, &Change { cid: kerbside_core::ids::Cid([9; 8]), ..said });
        ann.exchanges(store);
        ann.exchanges(store);
        bob.exchanges(store);
        assert_eq!(ann.base[&record], store.record(record).unwrap().unwrap());
        assert_eq!(bob.base[&record], store.record(record).unwrap().unwrap());
        let gone = store.gone().unwrap();
        let (_folder, mut copy) = backed_up(store);
        assert_eq!(copy.replay(LATER, &gone).unwrap(), 0);
        sound(store);
        purge(store, record);
    });
}

#[test]
fn a_note_in_a_cut_change_is_taken_out_by_its_dot() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Aylsham Road");
        let note = ann.saves(record, vec![Edit::Note { kind: "note".into(), text: WORDS.into() }]);
        ann.exchanges(store);
        cut(store);
        let wish = Wish { by: None, reason: "names a neighbour", now_ms: LATER };
        let done = store.redact(wish, record, &Target::Note(note.dot()), &mut |_| Ok(())).unwrap();
        assert_eq!(done.redaction.unwrap().acts, [note.cid]);
        assert!(!store.dump_canonical().unwrap().to_string().contains(WORDS));
        sound(store);
    });
}

#[test]
fn a_backup_of_either_time_is_restored_and_the_devices_end_equal() {
    each(|store, scratch| {
        let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        let record = ann.reports(WORDS);
        ann.answers(record, "where", "Mile Cross Road");
        ann.exchanges(store);
        bob.exchanges(store);
        let before = backed_up(store);
        cut(store);
        bob.answers(record, "plate", "AB12 CDE");
        let reply = bob.exchanges(store);
        ann.exchanges(store);
        let after = backed_up(store);
        for ((_folder, mut copy), is_cut) in [(before, false), (after, true)] {
            let (mut ann, mut bob) = (ann.clone(), bob.clone());
            assert_eq!(copy.verify().unwrap().integrity, "ok");
            copy.begin_new_life(LATER, NOW, Raised::default()).unwrap();
            let fresh = both().into_iter().find(|other| other.name == scratch.name).unwrap();
            let mut again = fresh.place.open_bare().unwrap();
            again.fill_from(&mut copy).unwrap();
            assert_eq!(says(&mut again, WORDS), !is_cut, "{}", scratch.name);
            let push = Push { proof: Some(reply.receipt.clone()), ..bob.push(&mut again, 1) };
            let told = again.take(LATER + 1, bob.device, &push).unwrap();
            assert!(!told.fork);
            bob.hears(&told);
            let push = ann.push_from(&mut again, 3);
            let told = again.take(LATER + 1, ann.device, &push).unwrap();
            ann.hears(&told);
            let state = again.record(record).unwrap().unwrap();
            assert_eq!(state.answers(&FieldKey::new("plate")), [Value::text("AB12 CDE")]);
            assert_eq!((&ann.base[&record], &bob.base[&record]), (&state, &state));
            assert_eq!(again.verify().unwrap().integrity, "ok");
        }
    });
}

#[test]
fn figures_count_what_was_cut_as_received() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports(WORDS);
        ann.photographs(record, b"a fridge");
        ann.exchanges(store);
        let lee = store.officer_by_email("lee@example.gov.uk").unwrap().unwrap().0;
        let before = (store.counts().unwrap().changes, store.trust(&lee, Period::ALL).unwrap());
        let seen = store.verify().unwrap().changes;
        assert_eq!(cut(store).changes, 2);
        let after = (store.counts().unwrap().changes, store.trust(&lee, Period::ALL).unwrap());
        assert_eq!(format!("{before:?}"), format!("{after:?}"));
        assert_eq!(store.verify().unwrap().changes, seen);
        let kinds = store.connection.one("SELECT COUNT(*) FROM log WHERE kind = $1", values![LOG_CUT]);
        assert_eq!(kinds.unwrap().int(0).unwrap(), 2);
        let context = Context::default();
        ann.saves(record, vec![put("where", context, "Aylsham Road")]);
        ann.exchanges(store);
        sound(store);
    });
}

/// How much room the database has taken.
fn room(store: &mut Store) -> i64 {
    let sql = match store.connection.driver() {
        Driver::Sqlite(_) => "SELECT page_count FROM pragma_page_count",
        Driver::Postgres(_) => "SELECT pg_total_relation_size('log')",
    };
    store.connection.one(sql, &[]).unwrap().int(0).unwrap()
}

#[test]
fn the_room_of_what_was_cut_is_given_back_when_that_is_asked() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("at the corner");
        for at in 0..140 {
            let story: Vec<String> = (0..2_000).map(|word: i32| format!("{:x}", word.pow(2) + at)).collect();
            ann.answers(record, "what", &story.join(" "));
        }
        ann.exchanges(store);
        assert_eq!(cut(store).records, 1);
        let (held, before) = (store.dump_canonical().unwrap(), room(store));
        // Whoever connects to PostgreSQL at that moment, to whatever database, keeps dead rows from being given back.
        let after =
            (0..20).map(|_| store.shrink().map(|()| room(store)).unwrap()).find(|after| after * 2 < before);
        let after = after.unwrap_or_else(|| room(store));
        assert!(after * 2 < before, "{}: {before} became {after}", scratch.name);
        assert_eq!(store.dump_canonical().unwrap(), held);
        sound(store);
    });
}

#[test]
fn a_note_that_was_approved_and_cut_goes_with_what_it_was_made_of() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let notes = vec![Edit::Note { kind: "note".into(), text: WORDS.into() }];
        let note = ann.is_stopped(store, |ann| ann.saves(record, notes));
        ann.push(store, 1);
        let jo = store.officer_by_email("jo@example.gov.uk").unwrap().unwrap().0;
        let taken = store.approve(NOW + 1, &jo, note.dot()).unwrap();
        cut(store);
        let wish = Wish { by: None, reason: "names a neighbour", now_ms: LATER };
        let gone = store.redact(wish, record, &Target::Note(taken), &mut |_| Ok(())).unwrap();
        assert!(gone.redaction.unwrap().acts.contains(&note.cid));
        gone::require_nowhere(store, scratch, WORDS);
        sound(store);
    });
}
