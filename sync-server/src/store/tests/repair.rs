//! Comparing with devices, finding what went bad in each kind of row, and putting it right.

use std::collections::BTreeSet;

use kerbside_core::exchange::{Bucket, DIGEST_VERSION, Question};
use kerbside_core::ids::{RecordId, Sha256};

use super::phone::Phone;
use super::*;

fn question(phone: &Phone) -> Question {
    Question { version: DIGEST_VERSION, cursor: phone.cursor.clone(), ..Question::default() }
}

fn filled(store: &mut Store) -> (Phone, Vec<RecordId>) {
    let mut phone = Phone::enrols(store, "ann@example.gov.uk", 1);
    let records: Vec<_> = (0..3).map(|n| phone.reports(&format!("corner {n}"))).collect();
    phone.exchanges(store);
    phone.answers(records[1], "where", "the other corner");
    phone.photographs(records[2], b"a photo");
    phone.exchanges(store);
    (phone, records)
}

#[test]
fn a_device_that_has_read_everything_compares_equal_to_the_record_and_one_that_has_not_compares_nothing() {
    each(|store, scratch| {
        let (mut phone, records) = filled(store);
        let ann = ann(store);
        let told = store.compare(phone.device, &ann, &question(&phone)).unwrap();
        assert!(told.same_moment, "{}", scratch.name);
        let mut own = kerbside_core::exchange::Buckets::default();
        phone.base.iter().for_each(|(record, state)| own.add(*record, state.digest()));
        assert!(own.unequal(&told.buckets).is_empty());
        assert_eq!((told.records, told.digest), (3, own.whole()));

        let list = BTreeSet::from([Bucket::of(records[0])]);
        let stranger = RecordId([9; 16]);
        let known = vec![records[0], stranger];
        let asked = Question { list, known, ..question(&phone) };
        let told = store.compare(phone.device, &ann, &asked).unwrap();
        assert_eq!(told.listed.get(&records[0]), Some(&phone.base[&records[0]].digest()));
        assert!(told.listed.keys().all(|record| Bucket::of(*record) == Bucket::of(records[0])));
        assert_eq!(told.unknown, BTreeSet::from([stranger]));

        let older = Question { version: DIGEST_VERSION + 1, ..question(&phone) };
        assert!(!store.compare(phone.device, &ann, &older).unwrap().same_moment);
        let before = question(&phone);
        phone.reports("somewhere new");
        phone.exchanges(store);
        let late = store.compare(phone.device, &ann, &before).unwrap();
        assert!(!late.same_moment && late.buckets.is_empty());
        assert!(store.compare(phone.device, &ann, &question(&phone)).unwrap().same_moment);
    });
}

#[test]
fn repairs_that_a_device_tells_twice_are_noted_once() {
    each(|store, _| {
        let phone = Phone::enrols(store, "ann@example.gov.uk", 1);
        let repair = Repair {
            number: NOW,
            at_ms: NOW,
            kind: "record_differed".to_owned(),
            record: Some(RecordId([3; 16])),
            photo: None,
        };
        for _ in 0..2 {
            store.note_repairs(NOW, phone.device, std::slice::from_ref(&repair)).unwrap();
        }
        let lines = store.repairs_since(NOW, 10).unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].device, &lines[0].repair), (Some(phone.device), &repair));
        assert!(store.repairs_since(NOW + 1, 10).unwrap().is_empty());
    });
}

/// Spoils one value behind the server's back, sums and all.
fn spoil(store: &mut Store, sql: &str, row: &[Sql]) {
    store
        .connection
        .transaction(|tx| {
            rows::drop_sums(tx)?;
            assert_eq!(tx.execute(sql, row)?, 1, "{sql}");
            rows::sum_all(tx)
        })
        .unwrap();
}

#[test]
fn whatever_repeats_the_log_is_found_wrong_and_made_from_it_again() {
    each(|store, scratch| {
        let (phone, records) = filled(store);
        let sound = store.dump_canonical().unwrap();
        assert_eq!(store.verify().unwrap().integrity, "ok", "{}", scratch.name);
        let mut state = store.states().unwrap().remove(0).state;
        *state.last_mut().unwrap() ^= 1;
        let record = records[0];
        let spoilt: Vec<(&str, Vec<Sql>)> = vec![
            ("UPDATE record SET state = $1 WHERE id = $2", values![state, record].to_vec()),
            ("UPDATE record SET two_answers = 4 WHERE id = $1", values![record].to_vec()),
            ("UPDATE record SET photos_received = 1 WHERE id = $1", values![record].to_vec()),
            ("UPDATE record SET reference = 'X' WHERE id = $1", values![record].to_vec()),
            ("UPDATE record SET captured_at = captured_at + 1 WHERE id = $1", values![record].to_vec()),
            ("UPDATE record SET first_seq = first_seq + 1 WHERE id = $1", values![record].to_vec()),
            ("DELETE FROM record WHERE id = $1", values![record].to_vec()),
            (
                "UPDATE dot SET hash = $1 WHERE actor = $2 AND counter = 2",
                values![[7; 32], phone.actor].to_vec(),
            ),
            (
                "UPDATE dot SET chain = $1 WHERE actor = $2 AND counter = 2",
                values![[7; 32], phone.actor].to_vec(),
            ),
            ("UPDATE actor SET chain = $1 WHERE id = $2", values![[7; 32], phone.actor].to_vec()),
        ];
        for (sql, row) in spoilt {
            spoil(store, sql, &row);
            let found = store.verify().unwrap();
            assert_eq!(found.integrity, "damaged", "{}: {sql}", scratch.name);
            store.mend(NOW, &found, None).unwrap();
            let left = store.verify().unwrap();
            assert_eq!(left.integrity, "ok", "{}: {sql}: {left:?}", scratch.name);
            assert_eq!(store.states().unwrap().len(), 3);
        }
        let kinds: Vec<_> = store
            .repairs_since(0, 100)
            .unwrap()
            .into_iter()
            .map(|line| (line.device, line.repair.kind))
            .collect();
        assert!(kinds.contains(&(None, "record_refolded".to_owned())), "{kinds:?}");
        let after = store.dump_canonical().unwrap();
        for (id, record) in sound["records"].as_object().unwrap() {
            assert_eq!(after["records"][id]["digest"], record["digest"]);
        }
    });
}

#[test]
fn a_signed_head_or_a_document_that_went_bad_is_named() {
    each(|store, _| {
        filled(store);
        for sql in [
            "UPDATE head SET counter = counter + 900 WHERE counter = 3",
            "UPDATE pack SET body = $1 WHERE name = 'form.fly_tip'",
        ] {
            let row = if sql.contains("$1") { values![vec![b'{']].to_vec() } else { vec![] };
            spoil(store, sql, &row);
            let found = store.verify().unwrap();
            assert_eq!((found.integrity.as_str(), found.faults.len()), ("damaged", 1), "{:?}", found.faults);
            store.connection.execute("DELETE FROM head WHERE counter > 900", &[]).unwrap();
        }
    });
}

#[test]
fn a_change_with_one_bad_bit_is_turned_back_and_one_with_more_comes_from_a_backup_or_its_device() {
    each(|store, scratch| {
        let (phone, _) = filled(store);
        let whole = store.log_changes().unwrap();
        let damage = |store: &mut Store, at: usize, bits: u8| {
            let mut body = whole[at].bytes.clone();
            body[40] ^= bits;
            spoil(store, "UPDATE log SET body = $1 WHERE seq = $2", values![body, whole[at].seq]);
            let found = store.verify().unwrap();
            assert_eq!(found.bad_changes, [whole[at].dot], "{}", scratch.name);
            found
        };
        let bodies = |store: &mut Store| -> Vec<Vec<u8>> {
            store.log_changes().unwrap().into_iter().map(|kept| kept.bytes).collect()
        };
        let right = bodies(store);

        let found = damage(store, 1, 4);
        assert_eq!(store.mend(NOW, &found, None).unwrap().changes, [whole[1].dot]);
        assert_eq!(bodies(store), right);

        let mut backup = if scratch.name == "SQLite" { Some(store.copy().unwrap()) } else { None };
        if backup.is_some() {
            let found = damage(store, 2, 0xff);
            store.mend(NOW, &found, backup.as_mut()).unwrap();
            assert_eq!(bodies(store), right);
        }

        let found = damage(store, 3, 0xff);
        let mended = store.mend(NOW, &found, None).unwrap();
        assert_eq!(mended.asked, [whole[3].dot]);
        assert_eq!(store.verify().unwrap().missing_changes, [whole[3].dot]);
        let ann = ann(store);
        let told = store.compare(phone.device, &ann, &question(&phone)).unwrap();
        assert_eq!(told.missing, [whole[3].dot]);
        assert!(!store.take_back(phone.device, &[right[2].clone()]).unwrap(), "nobody asked for that one");
        let other = Phone::enrols(store, "bob@example.gov.uk", 2);
        assert!(!store.take_back(other.device, &[right[3].clone()]).unwrap(), "only from its own device");
        assert!(store.take_back(phone.device, &[right[3].clone()]).unwrap());
        assert_eq!(bodies(store), right);
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn a_photo_that_is_gone_is_asked_of_the_device_that_took_it() {
    each(|store, _| {
        let (phone, records) = filled(store);
        let sha256 = Sha256::of(b"a photo");
        let asked = store.ask_photo(NOW, phone.device, records[2], sha256, 7).unwrap();
        let PhotoAsked::Wanted(upload) = asked else { panic!("it has not been sent") };
        store.complete_photo(NOW, &upload).unwrap();
        assert!(store.missing_photos(phone.device, &[sha256]).unwrap().is_empty());
        store.photos_are_missing(NOW, &[sha256]).unwrap();
        assert_eq!(store.missing_photos(phone.device, &[sha256]).unwrap(), [sha256]);
        assert_eq!(store.verify().unwrap().integrity, "ok");
        let PhotoAsked::Wanted(upload) = store.ask_photo(NOW, phone.device, records[2], sha256, 7).unwrap()
        else {
            panic!("it is wanted again")
        };
        store.complete_photo(NOW, &upload).unwrap();
        assert_eq!(store.photos().unwrap().len(), 1);
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}
