//! Whatever is laid out comes back as it was.

use proptest::prelude::*;

use super::*;
use crate::change::tests as changes;
use crate::change::{ChangeBytes, Context, Edit};
use crate::field::FieldKey;
use crate::value::Value;

const LIMIT: usize = 1 << 22;

fn there_and_back(items: &[Vec<u8>]) -> usize {
    let slices: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
    let shredded = shred(&slices).expect("canonical items");
    assert_eq!(unshred(&shredded, LIMIT).expect("what we wrote"), items);
    assert_eq!(unshred_joined(&shredded, LIMIT).expect("what we wrote"), items.concat());
    shredded.len()
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(|number| cbor::encode(&number)),
        (0u64..40).prop_map(|number| cbor::encode(&number)),
        any::<i64>().prop_map(|number| cbor::encode(&number)),
        any::<bool>().prop_map(|flag| cbor::encode(&flag)),
        "[a-z]{0,3}-?[0-9]{0,18}".prop_map(|text| cbor::encode(&text)),
        proptest::collection::vec(any::<u8>(), 0..60)
            .prop_map(|bytes| cbor::encode(&minicbor::bytes::ByteVec::from(bytes))),
        any::<[u8; 16]>().prop_map(|id| cbor::encode(&minicbor::bytes::ByteVec::from(id.to_vec()))),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(|items| {
                let mut out = Vec::new();
                put_head(4, items.len() as u64, &mut out);
                items.iter().for_each(|item| out.extend_from_slice(item));
                out
            }),
            proptest::collection::vec(inner.clone(), 0..5).prop_map(|items| {
                let mut out = Vec::new();
                put_head(5, items.len() as u64, &mut out);
                for (key, item) in items.iter().enumerate() {
                    put_head(0, key as u64, &mut out);
                    out.extend_from_slice(item);
                }
                out
            }),
            inner.prop_map(|item| cbor::encode(&minicbor::bytes::ByteVec::from(item))),
        ]
    })
}

proptest! {
    #[test]
    fn any_items_come_back_as_they_were(items in proptest::collection::vec(value(), 0..40)) {
        there_and_back(&items);
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic(
        items in proptest::collection::vec(value(), 1..20),
        at in any::<prop::sample::Index>(),
        twist in 1u8..,
    ) {
        let slices: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
        let mut shredded = shred(&slices).expect("canonical items");
        let at = at.index(shredded.len());
        if let Some(byte) = shredded.get_mut(at) {
            *byte ^= twist;
        }
        let twisted = unshred(&shredded, LIMIT).map(|items| items.concat().len()).unwrap_or(0);
        prop_assert!(twisted <= LIMIT);
        shredded.truncate(at);
        prop_assert!(unshred(&shredded, LIMIT).is_err());
    }
}

#[test]
fn references_that_count_on_and_edits_alike_take_next_to_nothing() {
    let references: Vec<Vec<u8>> = (0..500).map(|at| cbor::encode(&format!("FT-{at:06}"))).collect();
    assert!(there_and_back(&references) < 40);
    let edits: Vec<Vec<u8>> = (1..=500)
        .map(|counter| {
            let edit = Edit::Put {
                field: FieldKey::new("size"),
                context: Context::default(),
                value: Value::code("small_van"),
            };
            let edits = vec![Edit::Create, edit];
            ChangeBytes::write(&changes::change(1, counter, edits)).into_bytes()
        })
        .collect();
    assert!(there_and_back(&edits) < 30 * edits.len());
}

#[test]
fn few_bytes_that_stand_for_too_many_are_refused() {
    let many: Vec<Vec<u8>> = vec![cbor::encode(&"x".repeat(1000)); 5000];
    let slices: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    let shredded = shred(&slices).expect("canonical items");
    assert!(shredded.len() < 1100);
    assert!(unshred(&shredded, 1 << 20).is_err());
    let mut bomb = vec![0];
    put_count(&mut bomb, usize::MAX >> 1);
    bomb.extend([2, 2, 0, 0]);
    assert!(unshred(&bomb, 1 << 20).is_err());
}

#[test]
fn what_is_not_canonical_is_not_laid_out() {
    assert_eq!(shred(&[&[0x18, 0x17], &[0x01]]), None);
    assert_eq!(shred(&[&[0x43, 0x01]]), None);
}
