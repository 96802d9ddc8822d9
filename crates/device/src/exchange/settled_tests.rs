//! Records in blocks are what their page said, and leave when they are written to.

use super::tests::{answers, office_page, vault};
use crate::clock::Reading;
use kerbside_core::ids::RecordId;
use kerbside_core::record::Record;
use serde_json::json;
use std::collections::BTreeSet;

const NOW: Reading = Reading { wall_ms: 1_773_652_400_000, monotonic_ms: 0, offset_min: 0 };

/// Fifty records of a colleague, filled into an empty vault.
fn filled() -> (crate::Vault, Vec<(RecordId, Vec<u8>)>) {
    let mut bob = vault(7, 70);
    let mut held = Vec::new();
    for at in 0..50 {
        let saved = bob.create("sighting", &answers(&format!("Mattress {at}")), &[], NOW).unwrap();
        held.push((saved.record, bob.head(saved.record).unwrap().pack()));
    }
    let mut ann = vault(1, 1);
    office_page(&mut ann, &held);
    (ann, held)
}

#[test]
fn what_a_page_brought_is_shown_listed_and_verified_as_it_came() {
    let (ann, held) = filled();
    let states = ann.states().unwrap();
    for (record, state) in &held {
        assert_eq!(states[record], (Some(state.clone()), state.clone()));
        assert_eq!(ann.head(*record).unwrap(), Record::unpack(state).unwrap());
        assert_eq!(ann.find_record("FT-000123").map(|_| ()).ok(), Some(()));
    }
    let lines = ann.list(&crate::Filter::default()).unwrap();
    assert_eq!(lines.len(), 50);
    assert!(lines.iter().all(|line| line.summary.starts_with("Mattress ")));
    assert!(lines.iter().all(|line| line.reference.as_deref().is_some_and(|text| text.starts_with("W07-"))));
    assert_eq!(ann.verify().unwrap().faults, Vec::<String>::new());
    assert_eq!(ann.store.count_blocks().unwrap(), 2);
}

#[test]
fn a_record_that_is_written_to_leaves_its_block_and_the_last_one_takes_it_along() {
    let (mut ann, held) = filled();
    for (record, _) in held.iter().take(32) {
        let edits = json!({ "where": "by the gate" }).as_object().unwrap().clone();
        ann.edit(*record, &edits, &[], NOW).unwrap();
    }
    assert_eq!(ann.verify().unwrap().faults, Vec::<String>::new());
    assert_eq!(ann.store.count_blocks().unwrap(), 1);
    let states = ann.states().unwrap();
    for (at, (record, state)) in held.iter().enumerate() {
        let (base, head) = &states[record];
        assert_eq!(base.as_ref(), Some(state));
        assert_eq!(head != state, at < 32);
    }
}

#[test]
fn a_page_that_comes_again_replaces_what_was_there_and_keeps_what_is_pending() {
    let (mut ann, held) = filled();
    let edited = held[3].0;
    let edits = json!({ "where": "by the gate" }).as_object().unwrap().clone();
    ann.edit(edited, &edits, &[], NOW).unwrap();
    office_page(&mut ann, &held);
    assert_eq!(ann.verify().unwrap().faults, Vec::<String>::new());
    let (base, head) = &ann.states().unwrap()[&edited];
    assert_eq!(base.as_ref(), Some(&held[3].1));
    assert_ne!(Some(head), base.as_ref());
}

#[test]
fn a_filling_that_brings_fewer_than_before_lets_the_others_go() {
    let (mut ann, held) = filled();
    office_page(&mut ann, &held[..20]);
    assert_eq!(ann.states().unwrap().len(), 20);
    assert_eq!(ann.verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn a_bit_that_flips_in_a_block_is_found_wherever_it_is_and_its_records_are_asked_for_anew() {
    for bit in (0..40_000).step_by(2_711) {
        let (mut ann, held) = filled();
        ann.store.flip_in_blocks(bit).unwrap();
        assert_eq!(ann.verify().unwrap().faults.len(), held.len(), "bit {bit}");
        ann.repair(NOW).unwrap();
        let wanted = ann.store.wanted_records().unwrap();
        let wanted: BTreeSet<_> = wanted.into_iter().collect();
        assert_eq!(wanted, held.iter().map(|(record, _)| *record).collect(), "bit {bit}");
        office_page(&mut ann, &held);
        assert_eq!(ann.verify().unwrap().faults, Vec::<String>::new(), "bit {bit}");
        let states = ann.states().unwrap();
        assert!(held.iter().all(|(record, state)| states[record].0.as_ref() == Some(state)), "bit {bit}");
    }
}

#[test]
fn what_is_taken_out_of_a_record_opens_its_own_block_alone() {
    let (ann, held) = filled();
    ann.store.break_blocks_with(RecordId([9; 16])).unwrap();
    assert_eq!(ann.store.count_blocks().unwrap(), 2);
    ann.store.break_blocks_with(held[40].0).unwrap();
    assert_eq!(ann.store.count_blocks().unwrap(), 1);
    assert_eq!(ann.verify().unwrap().faults, Vec::<String>::new());
    assert_eq!(ann.states().unwrap()[&held[41].0].0.as_ref(), Some(&held[41].1));
}

#[test]
fn the_block_that_a_record_left_says_nothing_of_it_once_it_is_gone_or_redacted() {
    for goes in [false, true] {
        let (mut ann, held) = filled();
        let edits = json!({ "where": "by the gate" }).as_object().unwrap().clone();
        ann.edit(held[3].0, &edits, &[], NOW).unwrap();
        assert_eq!(ann.store.count_blocks().unwrap(), 2);
        if goes {
            ann.store.delete_record(held[3].0).unwrap();
        } else {
            ann.store.break_blocks_with(held[3].0).unwrap();
        }
        assert_eq!(ann.store.count_blocks().unwrap(), 1);
        assert_eq!(ann.states().unwrap()[&held[4].0].0.as_ref(), Some(&held[4].1));
    }
}

#[test]
fn a_block_of_an_older_app_is_opened_for_whatever_is_taken_out() {
    let (mut ann, held) = filled();
    let edits = json!({ "where": "by the gate" }).as_object().unwrap().clone();
    ann.edit(held[3].0, &edits, &[], NOW).unwrap();
    ann.store.forget_who_left_blocks().unwrap();
    ann.store.break_blocks_with(RecordId([9; 16])).unwrap();
    assert_eq!(ann.store.count_blocks().unwrap(), 2);
    ann.store.break_blocks_with(held[3].0).unwrap();
    assert_eq!(ann.store.count_blocks().unwrap(), 1);
}
