//! A page made of packed records says what one made of records says, and gives them back as they were.

use super::*;
use crate::change::Context;
use crate::change::tests as changes;
use crate::change::{Edit, Member, PhotoFacts};
use crate::field::FieldKey;
use crate::ids::{Actor, Dot, RowId, Sha256};
use crate::record::{Record, unpack_page};
use crate::value::Value;

fn put(path: &str, seen: &[(u32, u64)], value: Value) -> Edit {
    let dots = seen.iter().map(|(actor, counter)| Dot { actor: Actor(*actor), counter: *counter });
    Edit::Put { field: FieldKey::new(path), context: Context::new(dots), value }
}

/// Records of many kinds: plain ones, one with two answers, one with a photo, a row and a note.
fn records() -> Vec<Record> {
    let mut all: Vec<Record> = (1..=20u64)
        .map(|counter| {
            let mut record = Record::default();
            let size = if counter % 3 == 0 { "van" } else { "bag" };
            let count = put("count", &[], Value::Int(i64::try_from(counter * 37).expect("small")));
            record.apply(&changes::change(
                1,
                counter,
                vec![Edit::Create, put("size", &[], Value::code(size)), count],
            ));
            record
        })
        .collect();
    all[4].apply(&changes::change(2, 1, vec![put("size", &[], Value::code("tipper"))]));
    all[5].apply(&changes::change(2, 2, vec![put("size", &[(1, 6)], Value::Null)]));
    let photo = Edit::Attach {
        field: FieldKey::new("photos"),
        photo: Sha256([5; 32]),
        facts: PhotoFacts { bytes: 12, kind: "image/jpeg".to_owned(), ..PhotoFacts::default() },
    };
    let row = Edit::SetAdd { field: FieldKey::new("who"), members: vec![Member::Row(RowId([1; 8]))] };
    let note = Edit::Note { kind: "note".to_owned(), text: "Gate locked".to_owned() };
    all[6].apply(&changes::change(2, 3, vec![photo, row, note]));
    all
}

fn id(at: usize) -> RecordId {
    RecordId([u8::try_from(at).expect("few"); 16])
}

fn page(states: &[Vec<u8>]) -> Vec<u8> {
    let packed = states.iter().enumerate().map(|(at, state)| Packed {
        record: id(at),
        reference: "FT-000123",
        received_ms: 5,
        state,
    });
    join_page(packed).expect("sound states")
}

#[test]
fn a_joined_page_holds_the_records_it_was_made_of() {
    let records = records();
    let page = page(&records.iter().map(Record::pack).collect::<Vec<_>>());
    let entered = unpack_page(&page).expect("a page");
    assert_eq!(entered.len(), records.len());
    for (at, (entered, record)) in entered.iter().zip(&records).enumerate() {
        assert_eq!(entered.record, Some(id(at)));
        assert_eq!(entered.reference.as_deref(), Some("FT-000123"));
        assert_eq!(entered.received_ms, Some(5));
        assert_eq!(entered.state, *record);
    }
}

#[test]
fn leafing_through_a_page_gives_each_record_as_it_is_packed_by_itself() {
    let records = records();
    let states: Vec<Vec<u8>> = records.iter().map(Record::pack).collect();
    let page = page(&states);
    let plain = plain_page(&page).expect("a page");
    let mut leafing = Leafing::open(&plain).expect("a page");
    let start = leafing.mark();
    for (at, (state, record)) in states.iter().zip(&records).enumerate() {
        assert_eq!(leafing.span().expect("a page"), Some((id(at), id(states.len() - 1))), "what follows");
        let mark = leafing.mark();
        let outline = leafing.advance().expect("a page").expect("a record");
        assert_eq!(outline.record, Some(id(at)));
        assert_eq!(outline.form, record.form());
        assert_eq!(outline.created_ms, record.created().map(|stamp| stamp.at_ms));
        assert_eq!(outline.is_plain, at != 4 && at != 6, "record {at}");
        assert_eq!(leafing.state_since(&mark), *state, "record {at}");
        if at == 9 {
            let half = leafing.since(&start);
            assert_eq!(unpack_page(&half).expect("half a page").len(), 10);
        }
    }
    assert!(leafing.advance().expect("a page").is_none());
    assert_eq!(leafing.span().expect("a page"), None);
}

#[test]
fn a_damaged_page_is_an_error_and_never_a_panic() {
    let page = page(&records().iter().map(Record::pack).collect::<Vec<_>>());
    for at in 0..page.len() {
        let mut twisted = page.clone();
        twisted[at] ^= 0x15;
        if let Ok(plain) = plain_page(&twisted)
            && let Ok(mut leafing) = Leafing::open(&plain)
        {
            while let Ok(Some(_)) = leafing.advance() {}
        }
        assert!(plain_page(&page[..at]).is_err());
    }
}
