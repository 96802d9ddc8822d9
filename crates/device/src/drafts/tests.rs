//! Drafts and photos in a real encrypted vault on disk.

use super::*;
use crate::photos::{BlobStore, PhotoSize};
use crate::random::Randomness;
use crate::save::Faults;
use crate::store::Store;
use crate::vault::Opened;
use kerbside_core::change::Edit;
use kerbside_core::ids::{Actor, Epoch};
use kerbside_core::value::Value;
use serde_json::json;
use std::path::Path;
use zeroize::Zeroizing;

const NOW: Reading = Reading { wall_ms: 1_773_652_364_000, monotonic_ms: 0, offset_min: 0 };

fn opened(folder: &Path) -> Opened {
    let key = Zeroizing::new([4; 32]);
    std::fs::create_dir_all(folder.join("photos")).unwrap();
    Opened {
        store: Store::open(&folder.join("vault.db"), &key).unwrap(),
        blobs: BlobStore::Folder(folder.join("photos")),
        key,
        signing: [9; 32],
        random: Randomness::seeded(1),
        lock: None,
    }
}

fn vault(folder: &Path) -> Vault {
    let mut vault =
        Vault::begin(opened(folder), &crate::exchange::tests::identity(), Actor(1), Epoch([5; 16]), &[])
            .unwrap();
    vault.keep_pack("form.sighting", 1, crate::exchange::tests::FORM.as_bytes()).unwrap();
    vault
}

fn a_photo() -> Vec<u8> {
    crate::photos::tests::with_exif(&crate::photos::tests::two_halves(800, 400), 6)
}

#[test]
fn what_was_typed_is_there_after_the_app_is_killed_even_what_the_form_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = vault(folder.path());
    let draft = ann.start_draft("sighting", NOW).unwrap();
    ann.answer(draft.id, &FieldKey::new("what"), &json!("a fri"), NOW).unwrap();
    ann.answer(draft.id, &FieldKey::new("where"), &json!(7), NOW).unwrap();
    // No destructor runs when a process is killed.
    std::mem::forget(ann);
    let again = Vault::of(opened(folder.path())).unwrap();
    let draft = again.draft(draft.id, NOW).unwrap();
    assert_eq!(draft.answers.get("what"), Some(&json!("a fri")));
    assert_eq!(draft.answers.get("where"), Some(&json!(7)));
    assert_eq!(draft.evaluation.faults.len(), 1);
    assert_eq!(again.shift().unwrap().drafts.len(), 1);
}

#[test]
fn a_draft_with_a_photo_becomes_one_change_and_its_original_comes_back_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = vault(folder.path());
    let draft = ann.start_draft("sighting", NOW).unwrap();
    let field = FieldKey::new("photos");
    let line = ann.photograph(draft.id, &field, &a_photo(), &PhotoFrom::Camera.into(), NOW).unwrap();
    assert_eq!((line.width, line.height, line.taken_at_ms), (Some(400), Some(800), Some(1_773_652_364_000)));
    let faults = ann.save_draft(draft.id, NOW).unwrap_err();
    assert_eq!(faults.downcast_ref::<Faults>().unwrap().0.len(), 1);
    ann.answer(draft.id, &FieldKey::new("what"), &json!("a fridge"), NOW).unwrap();
    let saved = ann.save_draft(draft.id, NOW).unwrap();
    assert_eq!(saved.photos, [line.sha256]);
    assert_eq!(ann.shift().unwrap().drafts.len(), 0);
    assert_eq!(*ann.photo_bytes(line.sha256, PhotoSize::Original).unwrap(), a_photo());
    let verified = ann.verify().unwrap();
    assert_eq!(
        (verified.integrity.as_str(), verified.records, verified.changes, verified.photos),
        ("ok", 1, 1, 1)
    );
    let waiting = ann.waiting().unwrap();
    assert_eq!(
        (waiting.strip.waiting, waiting.items[0].photos_total, waiting.items[0].photos_sent),
        (1, 1, 0)
    );
    for file in std::fs::read_dir(folder.path().join("photos")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.starts_with(&[0xff, 0xd8]), "a photo lies open");
    }
}

#[test]
fn the_form_says_how_long_and_how_fine_the_copy_for_screens_is() {
    let mut ann = crate::exchange::tests::vault(1, 1);
    let asks = crate::exchange::tests::FORM
        .replace("\"version\": 1", "\"version\": 2")
        .replace("max=3", "max=3 max-pixels=640 quality=50");
    ann.keep_pack("form.sighting", 2, asks.as_bytes()).unwrap();
    let draft = ann.start_draft("sighting", NOW).unwrap();
    let field = FieldKey::new("photos");
    let line = ann.photograph(draft.id, &field, &a_photo(), &PhotoFrom::Camera.into(), NOW).unwrap();
    let copy = ann.photo_bytes(line.sha256, PhotoSize::Display).unwrap();
    assert_eq!(image::load_from_memory(&copy).unwrap().height(), 640);
}

#[test]
fn a_photo_altered_on_disk_is_named_by_verify() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = vault(folder.path());
    let photo = NewPhoto { field: None, bytes: a_photo(), from: PhotoFrom::Gallery };
    ann.create("sighting", json!({"what": "x"}).as_object().unwrap(), &[photo], NOW).unwrap();
    for file in std::fs::read_dir(folder.path().join("photos")).unwrap() {
        let path = file.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[40] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    let verified = ann.verify().unwrap();
    assert_eq!((verified.integrity.as_str(), verified.bad_photos), ("damaged", 1));
}

#[test]
fn a_photo_that_cannot_be_taken_in_harms_nothing_else_in_the_draft() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = vault(folder.path());
    let draft = ann.start_draft("sighting", NOW).unwrap();
    ann.answer(draft.id, &FieldKey::new("what"), &json!("kept"), NOW).unwrap();
    let field = FieldKey::new("photos");
    let refused = ann.photograph(draft.id, &field, b"<html>", &PhotoFrom::Gallery.into(), NOW).unwrap_err();
    assert_eq!(refused.downcast_ref::<Problem>().unwrap().code, Code::PhotoNotAnImage);
    let line = ann.photograph(draft.id, &field, &a_photo(), &PhotoFrom::Camera.into(), NOW).unwrap();
    ann.remove_photo(draft.id, line.sha256, NOW).unwrap();
    assert!(ann.photo_bytes(line.sha256, PhotoSize::Thumb).is_err());
    assert_eq!(std::fs::read_dir(folder.path().join("photos")).unwrap().count(), 0);
    assert_eq!(ann.draft(draft.id, NOW).unwrap().answers.get("what"), Some(&json!("kept")));
    ann.discard_draft(draft.id).unwrap();
    assert_eq!(ann.unsent().unwrap(), 0);
}

#[test]
fn editing_changes_only_what_was_edited_and_clearing_is_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = vault(folder.path());
    let both = json!({"what": "a fridge", "where": "behind the shops"});
    let saved = ann.create("sighting", both.as_object().unwrap(), &[], NOW).unwrap();
    let draft = ann.edit_record(saved.record, NOW).unwrap();
    assert_eq!(ann.edit_record(saved.record, NOW).unwrap().id, draft.id);
    assert_eq!(draft.answers.get("where"), Some(&json!("behind the shops")));
    let nothing = ann.save_draft(draft.id, NOW).unwrap_err();
    assert_eq!(nothing.downcast_ref::<Problem>().unwrap().code, Code::NothingChanged);
    ann.answer(draft.id, &FieldKey::new("where"), &Json::Null, NOW).unwrap();
    ann.save_draft(draft.id, NOW).unwrap();
    let own = ann.store.changes_of(saved.record).unwrap();
    let edit = kerbside_core::change::ChangeBytes::received(own[1].bytes.clone()).read().unwrap();
    assert_eq!(edit.edits.len(), 1);
    assert!(matches!(&edit.edits[0], Edit::Put { value: Value::Null, context, .. } if !context.is_empty()));
    assert_eq!(ann.verify().unwrap().integrity, "ok");
}

#[test]
fn a_photo_that_came_with_answers_that_will_not_do_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = vault(folder.path());
    let photo = NewPhoto { field: None, bytes: a_photo(), from: PhotoFrom::Gallery };
    assert!(ann.create("sighting", &Map::new(), &[photo], NOW).is_err());
    assert_eq!(std::fs::read_dir(folder.path().join("photos")).unwrap().count(), 0);
    assert_eq!(ann.verify().unwrap().photos, 0);
}

#[test]
fn the_pieces_of_a_photo_make_its_original_wherever_they_begin() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = vault(folder.path());
    let mut long = a_photo();
    long.extend((0..300_000_u32).map(|n| u8::try_from(n % 250).unwrap()));
    let kept = ann.keep_photo(&long, &PhotoFrom::Camera.into(), NOW).unwrap();
    for (offset, most) in
        [(0, 10), (65_535, 2), (65_536, 65_536), (1_000, 200_000), (long.len() - 1, 500), (0, 1 << 20)]
    {
        let piece = ann.photo_piece(kept.sha256, offset, most).unwrap();
        assert_eq!(piece.as_slice(), &long[offset..(offset + most).min(long.len())], "{offset} {most}");
    }
    assert!(ann.photo_piece(kept.sha256, long.len(), 10).unwrap().is_empty());
}

/// A visit form of one version or another.
fn visit(version: u32, survey: &Json) -> String {
    json!({
        "settings": {"form_id": "visit", "version": version, "form_title": {"en": "Visit"}, "service": "s", "ref_prefix": "VI"},
        "survey": survey,
        "choices": [
            {"list_name": "size", "name": "small", "label": {"en": "Small"}},
            {"list_name": "size", "name": "large", "label": {"en": "Large"}}
        ]
    })
    .to_string()
}

fn first_version() -> String {
    visit(
        1,
        &json!([
            {"type": "select_one size", "name": "size", "label": {"en": "Size"}, "default": "${last-saved#size}"},
            {"type": "text", "name": "street", "label": {"en": "Street"}},
            {"type": "integer", "name": "bags", "label": {"en": "Bags"}},
            {"type": "dateTime", "name": "named_at", "calculation": "now()", "trigger": "${street}"},
            {"type": "username", "name": "who"},
            {"type": "begin_repeat", "name": "room", "repeat_count": "${bags}"},
            {"type": "text", "name": "name", "default": "Room"},
            {"type": "end_repeat"},
            {"type": "audio", "name": "sound", "label": {"en": "Sound"}}
        ]),
    )
}

fn second_version() -> String {
    visit(
        2,
        &json!([
            {"type": "select_one size", "name": "size", "label": {"en": "Size"}},
            {"type": "integer", "name": "street", "label": {"en": "Street number"}},
            {"type": "text", "name": "why", "label": {"en": "Why"}, "required": true}
        ]),
    )
}

fn visitor(folder: &Path) -> Vault {
    let mut ann = vault(folder);
    ann.keep_pack("form.visit", 1, first_version().as_bytes()).unwrap();
    ann
}

#[test]
fn a_draft_begins_with_what_the_form_gives_and_what_was_answered_last() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = visitor(folder.path());
    let first = ann.start_draft("visit", NOW).unwrap();
    assert_eq!(first.answers, *json!({"who": "Ann Bailey"}).as_object().unwrap());
    ann.answer(first.id, &FieldKey::new("size"), &json!("large"), NOW).unwrap();
    ann.save_draft(first.id, NOW).unwrap();
    let second = ann.start_draft("visit", NOW).unwrap();
    assert_eq!(second.answers["size"], "large");
    assert_eq!(second.prefilled, [FieldKey::new("size")]);
    ann.answer(second.id, &FieldKey::new("size"), &json!("large"), NOW).unwrap();
    assert_eq!(ann.draft(second.id, NOW).unwrap().prefilled, [], "it was looked at");
}

#[test]
fn what_an_answer_sets_off_is_told_and_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = visitor(folder.path());
    let draft = ann.start_draft("visit", NOW).unwrap().id;
    let answered = ann.answer(draft, &FieldKey::new("street"), &json!("Elm Road"), NOW).unwrap();
    assert_eq!(answered.set_off, *json!({"named_at": "2026-03-16T09:12:44Z"}).as_object().unwrap());
    let answered = ann.answer(draft, &FieldKey::new("bags"), &json!(2), NOW).unwrap();
    let rows = answered.evaluation.rows[&FieldKey::new("room")].clone();
    assert_eq!(rows.len(), 2);
    std::mem::forget(ann);
    let again = Vault::of(opened(folder.path())).unwrap();
    let kept = again.draft(draft, NOW).unwrap();
    assert_eq!(kept.answers["named_at"], "2026-03-16T09:12:44Z");
    assert_eq!(kept.answers[&format!("room/name@{}", rows[0])], "Room");
}

#[test]
fn a_draft_stays_on_its_version_until_it_is_moved_and_nothing_typed_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = visitor(folder.path());
    let draft = ann.start_draft("visit", NOW).unwrap().id;
    for (field, answer) in [("size", json!("small")), ("street", json!("Elm Road")), ("bags", json!(1))] {
        ann.answer(draft, &FieldKey::new(field), &answer, NOW).unwrap();
    }
    let sound = ann
        .photograph(draft, &FieldKey::new("sound"), b"ID3 and the rest", &PhotoFrom::File.into(), NOW)
        .unwrap();
    assert_eq!(ann.draft(draft, NOW).unwrap().newer, None);
    ann.keep_pack("form.visit", 2, second_version().as_bytes()).unwrap();
    let waiting = ann.draft(draft, NOW).unwrap();
    assert_eq!((waiting.form.version, waiting.newer), (1, Some(2)));

    let would = ann.draft_move(draft, NOW).unwrap();
    let names = |fields: &[FieldKey]| fields.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((would.from, would.to), (1, 2));
    assert_eq!(names(&would.kept), ["size"]);
    assert_eq!(names(&would.wants), ["street", "why"]);
    let bags = would.parked.iter().find(|parked| parked.field.path == "bags").unwrap();
    assert_eq!((bags.label.as_ref().unwrap().en.as_str(), &bags.answer), ("Bags", &json!(1)));
    assert_eq!(ann.draft(draft, NOW).unwrap().form.version, 1, "looking changes nothing");

    let moved = ann.move_draft(draft, NOW).unwrap();
    assert_eq!((moved.form.version, moved.newer), (2, None));
    assert_eq!(moved.answers["street"], "Elm Road", "what cannot be read is still there to be put right");
    ann.answer(draft, &FieldKey::new("street"), &json!(14), NOW).unwrap();
    ann.answer(draft, &FieldKey::new("why"), &json!("Damp"), NOW).unwrap();
    let saved = ann.save_draft(draft, NOW).unwrap();
    let head = ann.head(saved.record).unwrap();
    assert_eq!((head.form(), head.form_version()), ("visit", 2));
    assert_eq!(saved.photos, [sound.sha256], "a recording that is asked for no more goes with the record");
    assert_eq!(head.provisional(&FieldKey::new("bags")), Some(Value::Int(1)));
    assert_eq!(head.provisional(&FieldKey::new("street")), Some(Value::Int(14)));

    let again = ann.edit_record(saved.record, NOW).unwrap();
    assert!(again.parked.iter().any(|parked| parked.field.path == "bags"));
    assert_eq!(again.evaluation.faults, [], "an answer of another version stands in nobody's way");
    ann.answer(again.id, &FieldKey::new("why"), &json!("Damp and mould"), NOW).unwrap();
    ann.save_draft(again.id, NOW).unwrap();
    let head = ann.head(saved.record).unwrap();
    assert_eq!(head.provisional(&FieldKey::new("bags")), Some(Value::Int(1)));
}

#[test]
fn what_was_typed_and_cannot_be_read_yet_is_not_replaced_by_what_the_form_gives() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = visitor(folder.path());
    let draft = ann.start_draft("visit", NOW).unwrap().id;
    let typed = FieldKey::new("named_at");
    ann.answer(draft, &typed, &json!("about nine"), NOW).unwrap();
    let answered = ann.answer(draft, &FieldKey::new("street"), &json!("Elm Road"), NOW).unwrap();
    assert!(answered.set_off.is_empty());
    assert_eq!(ann.draft(draft, NOW).unwrap().answers["named_at"], "about nine");
}

#[test]
fn a_name_that_no_version_has_is_still_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = visitor(folder.path());
    let refused = ann.create("visit", json!({"colour": "red"}).as_object().unwrap(), &[], NOW).unwrap_err();
    assert_eq!(refused.downcast_ref::<Faults>().unwrap().0[0].field, FieldKey::new("colour"));
}

#[test]
fn a_recording_is_kept_as_it_came_and_has_no_smaller_copy() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = visitor(folder.path());
    let draft = ann.start_draft("visit", NOW).unwrap().id;
    let field = FieldKey::new("sound");
    let origin = Origin { name: Some("meeting.mp3".into()), ..PhotoFrom::File.into() };
    let line = ann.photograph(draft, &field, b"ID3 and the rest", &origin, NOW).unwrap();
    assert_eq!(
        (line.kind.as_str(), line.name.as_deref(), line.width),
        ("audio/mpeg", Some("meeting.mp3"), None)
    );
    assert_eq!(*ann.photo_bytes(line.sha256, PhotoSize::Original).unwrap(), *b"ID3 and the rest");
    assert!(ann.photo_bytes(line.sha256, PhotoSize::Thumb).is_err());
    let saved = ann.save_draft(draft, NOW).unwrap();
    assert_eq!(saved.photos, [line.sha256]);
    assert_eq!(ann.verify().unwrap().integrity, "ok");
    let refused = ann.start_draft("visit", NOW).unwrap().id;
    let camera = PhotoFrom::Camera.into();
    assert!(ann.photograph(refused, &field, b"ID3", &camera, NOW).is_err(), "a camera makes pictures");
}

#[test]
fn rows_go_and_come_and_keep_the_order_they_were_given() {
    let folder = tempfile::tempdir().unwrap();
    let mut ann = vault(folder.path());
    let form = visit(
        1,
        &json!([{"type": "begin_repeat", "name": "room"}, {"type": "text", "name": "name"}, {"type": "end_repeat"}]),
    );
    ann.keep_pack("form.visit", 1, form.as_bytes()).unwrap();
    let [a, b] = ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"];
    let answers = json!({"room": [a, b], "@order/room": [b, a], format!("room/name@{a}"): "Hall"});
    let saved = ann.create("visit", answers.as_object().unwrap(), &[], NOW).unwrap();
    let draft = ann.edit_record(saved.record, NOW).unwrap();
    let order: Vec<String> =
        draft.evaluation.rows[&FieldKey::new("room")].iter().map(ToString::to_string).collect();
    assert_eq!(order, [b, a]);
    ann.answer(draft.id, &FieldKey::new("@order/room"), &json!([a, b]), NOW).unwrap();
    ann.save_draft(draft.id, NOW).unwrap();
    let head = ann.head(saved.record).unwrap();
    assert_eq!(head.provisional(&FieldKey::new("@order/room")), Some(Value::text(&format!("{a} {b}"))));
}
