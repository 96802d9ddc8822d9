//! What one change may be, and how its bytes are kept.

use super::*;
use crate::time::{Hlc, TimeSource};

/// A moment at `ms`, by the device's own clock.
pub fn moment(ms: u64) -> Moment {
    Moment {
        hlc: Hlc::at(ms),
        wall_ms: i64::try_from(ms).expect("a small time"),
        monotonic_ms: ms,
        boot: 1,
        server_offset_ms: None,
        source: TimeSource::Device,
    }
}

/// A change with these edits.
pub fn change(actor: u32, counter: u64, edits: Vec<Edit>) -> Change {
    let mut cid = [0; 8];
    cid[..4].copy_from_slice(&actor.to_be_bytes());
    cid[4..].copy_from_slice(&u32::try_from(counter).expect("a small counter").to_be_bytes());
    Change {
        version: VERSION,
        cid: Cid(cid),
        record: RecordId([7; 16]),
        actor: Actor(actor),
        counter,
        officer: OfficerId(actor),
        at: moment(counter),
        form: "fly_tip".to_owned(),
        form_version: 1,
        edits,
        was: None,
    }
}

fn everything() -> Vec<Edit> {
    let context = Context::new([Dot { actor: Actor(3), counter: 9 }]);
    vec![
        Edit::Create,
        Edit::Put { field: FieldKey::new("size"), context: context.clone(), value: Value::code("small_van") },
        Edit::SetAdd { field: FieldKey::new("household"), members: vec![Member::Row(RowId([1; 8]))] },
        Edit::SetRemove {
            field: FieldKey::new("tags"),
            context,
            members: vec![Member::Text("urgent".to_owned())],
        },
        Edit::Attach {
            field: FieldKey::new("photos"),
            photo: Sha256([5; 32]),
            facts: PhotoFacts { bytes: 12, kind: "image/jpeg".to_owned(), ..PhotoFacts::default() },
        },
        Edit::Note { kind: "note".to_owned(), text: "Gate locked".to_owned() },
        Edit::Seal { manifest: Sha256([6; 32]), signature: vec![1, 2] },
        Edit::Unknown { tag: 40, bytes: vec![0xa1, 0x00, 0x01] },
    ]
}

#[test]
fn every_edit_reads_back_and_what_is_newer_is_kept_as_it_came() {
    let change = change(1, 1, everything());
    let written = ChangeBytes::write(&change);
    let read = written.read().expect("a good change");
    assert_eq!(read, change);
    assert_eq!(ChangeBytes::write(&read), written);
}

#[test]
fn a_change_cut_short_anywhere_is_refused_and_never_panics() {
    let written = ChangeBytes::write(&change(1, 1, everything()));
    for length in 0..written.bytes().len() {
        let cut = written.bytes()[..length].to_vec();
        assert!(ChangeBytes::received(cut).read().is_err(), "cut at {length}");
    }
}

#[test]
fn any_flipped_byte_changes_the_hash_and_never_panics() {
    let written = ChangeBytes::write(&change(1, 1, everything()));
    for at in 0..written.bytes().len() {
        let mut bytes = written.bytes().to_vec();
        bytes[at] ^= 0x41;
        let flipped = ChangeBytes::received(bytes);
        assert_ne!(flipped.hash(), written.hash());
        if let Ok(read) = flipped.read() {
            assert_eq!(ChangeBytes::write(&read).bytes().len(), flipped.bytes().len());
        }
    }
}

#[test]
fn two_answers_to_one_question_in_one_change_are_refused() {
    let put = Edit::Put { field: FieldKey::new("size"), context: Context::default(), value: Value::Null };
    assert!(ChangeBytes::write(&change(1, 1, vec![put.clone(), put])).read().is_err());
}

#[test]
fn a_change_of_sixty_five_kibibytes_is_refused() {
    let text = || Edit::Note { kind: String::new(), text: "x".repeat(TEXT_LIMIT) };
    assert!(ChangeBytes::write(&change(1, 1, vec![text(), text(), text()])).read().is_ok());
    assert!(ChangeBytes::write(&change(1, 1, vec![text(), text(), text(), text()])).read().is_err());
}
