//! Things that go bad inside a vault whose database is whole: each is found, and put right as far as it can be.

use super::*;
use crate::NewPhoto;
use crate::clock::Reading;
use crate::exchange::tests::{FORM, vault};
use crate::photos::PhotoFrom;
use crate::store::RepairKind;
use serde_json::{Map, json};

const NOW: Reading = Reading { wall_ms: 1_773_652_364_000, monotonic_ms: 0, offset_min: 0 };

fn saves(vault: &mut Vault, what: &str, photos: &[NewPhoto]) -> RecordId {
    let answers: Map<_, _> = json!({ "what": what }).as_object().unwrap().clone();
    vault.create("sighting", &answers, photos, NOW).unwrap().record
}

fn kinds(vault: &Vault) -> Vec<RepairKind> {
    vault.repairs().unwrap().iter().rev().map(|repair| repair.kind).collect()
}

fn ann() -> (Vault, RecordId) {
    let mut ann = vault(1, 1);
    assert!(FORM.contains("sighting"));
    let record = saves(&mut ann, "a fridge", &[]);
    saves(&mut ann, "a sofa", &[]);
    (ann, record)
}

#[test]
fn any_bit_of_a_change_is_found_and_turned_back_and_the_same_bytes_are_sent() {
    let (ann, _) = ann();
    let whole = ann.own_changes().unwrap();
    for bit in (0..whole[0].bytes.len() * 8).step_by(37) {
        let mut ann = ann.copy_in_memory(bit as u64).unwrap();
        let mut own = whole[0].clone();
        own.bytes[bit / 8] ^= 1 << (bit % 8);
        ann.store.mend_change(&own).unwrap();
        assert_ne!(ann.verify().unwrap().integrity, "ok");
        let push = ann.outgoing(crate::Budget::default(), NOW).unwrap();
        assert!(push.changes.is_empty(), "what went bad is not sent");
        let repaired = ann.repair(NOW).unwrap();
        assert!(0 < repaired.repaired && repaired.needs_you == 0);
        assert_eq!(ann.own_changes().unwrap(), whole);
        assert_eq!(ann.verify().unwrap().faults, Vec::<String>::new());
        assert_eq!(kinds(&ann), [RepairKind::ChangeMended]);
    }
}

#[test]
fn a_hash_or_a_chain_value_or_the_counter_that_went_bad_is_made_again() {
    let (ann, _) = ann();
    let whole = ann.own_changes().unwrap();
    for part in 0..3 {
        let ann = ann.copy_in_memory(part).unwrap();
        let mut own = whole[0].clone();
        match part {
            0 => own.hash.0[7] ^= 4,
            1 => own.chain.0[7] ^= 4,
            _ => own.record.0[9] ^= 1,
        }
        ann.store.mend_change(&own).unwrap();
        let mut ann = ann;
        assert_ne!(ann.verify().unwrap().integrity, "ok", "part {part}");
        ann.repair(NOW).unwrap();
        assert_eq!(ann.own_changes().unwrap(), whole, "part {part}");
        assert_eq!(ann.verify().unwrap().faults, Vec::<String>::new());
    }
    let mut ann = ann.copy_in_memory(9).unwrap();
    let mut progress = ann.store.progress().unwrap();
    let before = progress.clone();
    progress.counter -= 1;
    ann.store.put_progress(&progress).unwrap();
    assert_ne!(ann.verify().unwrap().integrity, "ok");
    ann.repair(NOW).unwrap();
    assert_eq!(ann.store.progress().unwrap(), before);
}

#[test]
fn a_change_with_more_than_one_bad_bit_waits_for_a_person_and_is_never_deleted_or_sent() {
    let (mut ann, _) = ann();
    let mut own = ann.own_changes().unwrap()[1].clone();
    own.bytes[20] ^= 0xff;
    ann.store.mend_change(&own).unwrap();
    let repaired = ann.repair(NOW).unwrap();
    assert_eq!(repaired.needs_you, 1);
    ann.repair(NOW).unwrap();
    assert_eq!(kinds(&ann), [RepairKind::ChangeDamaged], "said once");
    let kept = ann.own_changes().unwrap()[1].clone();
    assert_eq!((&kept.bytes, kept.reason.as_deref()), (&own.bytes, Some("change_damaged")));
    assert_eq!((kept.state, kept.pending), (crate::ChangeState::Refused, false));
    assert_eq!(ann.verify().unwrap().faults, Vec::<String>::new(), "it is known");
    assert_eq!(ann.waiting().unwrap().strip.needs_you, 1);
    assert!(ann.needs_retiring().unwrap(), "what was saved after it goes on");
    assert_eq!(ann.outgoing(crate::Budget::default(), NOW).unwrap().changes.len(), 1);
}

#[test]
fn a_record_shown_wrongly_is_put_together_again_from_what_was_saved() {
    let (mut ann, record) = ann();
    let right = ann.store.record(record).unwrap().unwrap();
    for at in [0, right.head.len() / 2, right.head.len() - 1] {
        let mut wrong = right.clone();
        wrong.head[at] ^= 2;
        ann.store.put_record(&wrong).unwrap();
        assert!(ann.show(record).is_ok(), "it can still be opened");
        assert_ne!(ann.verify().unwrap().integrity, "ok");
        ann.repair(NOW).unwrap();
        assert_eq!(ann.store.record(record).unwrap().unwrap().head, right.head);
    }
    assert_eq!(kinds(&ann), [RepairKind::HeadRebuilt; 3]);
    assert_eq!(ann.verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn what_was_confirmed_and_cannot_be_read_is_asked_for_anew_and_what_is_pending_stays() {
    let (mut ann, record) = ann();
    let mut row = ann.store.record(record).unwrap().unwrap();
    row.base = Some(vec![0xff; 9]);
    ann.store.put_record(&row).unwrap();
    ann.repair(NOW).unwrap();
    let push = ann.outgoing(crate::Budget::default(), NOW).unwrap();
    assert_eq!(push.wants.records, [record]);
    assert_eq!(ann.store.pending_of(record).unwrap().len(), 1);
    assert!(ann.show(record).unwrap().fields.iter().any(|field| field.path == "what"));
}

#[test]
fn any_file_of_a_photo_is_found_and_mended_or_drawn_again_or_named_to_a_person() {
    let mut ann = vault(1, 1);
    let bytes = crate::photos::tests::with_exif(&crate::photos::tests::two_halves(120, 80), 1);
    let photo = NewPhoto { field: None, bytes: bytes.clone(), from: PhotoFrom::Gallery };
    saves(&mut ann, "a fridge", &[photo]);
    let sha256 = Sha256::of(&bytes);
    for size in PhotoSize::ALL {
        let name = ann.blob_name(sha256, size);
        let whole = ann.blobs.read(&name).unwrap();
        for at in [0, 9, 30, whole.len() / 2, whole.len() - 1] {
            let mut flipped = whole.clone();
            flipped[at] ^= 16;
            ann.blobs.put(&name, flipped).unwrap();
            assert_eq!(ann.verify().unwrap().damaged_photos, [sha256], "byte {at}");
            ann.repair(NOW).unwrap();
            assert_eq!(ann.verify().unwrap().faults, Vec::<String>::new(), "byte {at}");
            assert_eq!(*ann.photo_bytes(sha256, PhotoSize::Original).unwrap(), bytes);
        }
    }
    let name = ann.blob_name(sha256, PhotoSize::Original);
    ann.blobs.put(&name, vec![1; 90]).unwrap();
    let repaired = ann.repair(NOW).unwrap();
    assert_eq!((repaired.needs_you, repaired.photos_to_fetch.len()), (1, 0), "nobody else has it");
}
