//! What is covered on photos: who may, what is shown to whom, and that it goes and stays with its photo.

use kerbside_core::ids::{RecordId, Sha256};
use kerbside_core::problem::Code;
use kerbside_core::redact::Target;

use super::phone::Phone;
use super::{NOW, code_of, each};
use crate::backup::{back_up, restore};
use crate::config::Home;
use crate::ledger::sweep_photos;
use crate::photos::{CoverBox, Photos};
use crate::store::redacting::Wish;
use crate::store::{Cover, Covering, Gone, Officer, PhotoAsked, Store};

const PHOTO: &[u8] = b"a photo of a face and a plate";
const FACE: CoverBox = CoverBox { left: 100, top: 100, width: 900, height: 1_200 };
const PLATE: CoverBox = CoverBox { left: 5_000, top: 7_000, width: 1_500, height: 400 };

fn person(store: &mut Store, name: &str) -> Officer {
    store.officer_by_email(&format!("{name}@example.gov.uk")).unwrap().unwrap().0
}

fn photographed(store: &mut Store) -> (Phone, RecordId, Sha256) {
    let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
    let record = ann.reports("Mile Cross Road");
    let photo = ann.photographs(record, PHOTO);
    ann.exchanges(store);
    let bytes = PHOTO.len() as u64;
    let PhotoAsked::Wanted(upload) = store.ask_photo(NOW, ann.device, record, photo, bytes).unwrap() else {
        panic!("complete already");
    };
    store.complete_photo(NOW, &upload).unwrap();
    (ann, record, photo)
}

/// Draws as the route does, with a copy whose bytes are those of the boxes.
fn covers(
    store: &mut Store,
    who: &Officer,
    (record, sha256, seen): (RecordId, Sha256, u32),
    boxes: &[CoverBox],
) -> anyhow::Result<Cover> {
    let covering = Covering { officer: who, record, sha256, seen };
    let bytes = format!("{boxes:?}").into_bytes();
    let drawn = (!boxes.is_empty()).then(|| (Sha256::of(&bytes), bytes.len() as u64));
    if let Some((covered, _)) = drawn {
        store.expect_cover(covered)?;
    }
    store.cover_photo(NOW, covering, boxes, drawn)
}

#[test]
fn nobody_uncovers_what_they_may_not_see_and_every_drawing_is_kept() {
    each(|store, _| {
        let (_, record, photo) = photographed(store);
        let (ann, jo, val, tom) =
            (person(store, "ann"), person(store, "jo"), person(store, "val"), person(store, "tom"));
        let first = covers(store, &ann, (record, photo, 0), &[FACE]).unwrap();
        let more = covers(store, &ann, (record, photo, 1), &[FACE, PLATE]).unwrap();
        assert_eq!((first.number, more.number), (1, 2));
        let refused = |store: &mut Store, who: &Officer, seen: u32, boxes: &[CoverBox]| {
            code_of(&covers(store, who, (record, photo, seen), boxes).unwrap_err())
        };
        assert_eq!(refused(store, &ann, 2, &[PLATE]), Some(Code::NotAllowed));
        assert_eq!(refused(store, &ann, 2, &[]), Some(Code::NotAllowed));
        assert_eq!(
            refused(store, &val, 2, &[]),
            Some(Code::NotAllowed),
            "an auditor looks and changes nothing"
        );
        assert_eq!(refused(store, &tom, 2, &[]), Some(Code::NotFound));
        assert_eq!(refused(store, &jo, 1, &[]), Some(Code::NewerAnswer));
        assert_eq!(refused(store, &jo, 2, &[FACE, PLATE]), Some(Code::NothingChanged));

        let shown = |store: &mut Store, who: &Officer| store.shown_photo(who, record, photo).unwrap();
        let to_ann = shown(store, &ann).unwrap();
        assert_eq!((to_ann.by_default(), to_ann.may_uncover), (more.covered.unwrap(), false));
        assert!(shown(store, &jo).unwrap().may_uncover && shown(store, &val).unwrap().may_uncover);
        assert_eq!(shown(store, &tom), None);

        covers(store, &jo, (record, photo, 2), &[]).unwrap();
        assert_eq!(shown(store, &ann).unwrap().by_default(), photo);
        let case = store.case(&jo, record).unwrap();
        let drawn: Vec<_> = case.covers.iter().map(|cover| cover.boxes.len()).collect();
        assert_eq!(drawn, [1, 2, 0]);
        assert!(case.may_cover && case.may_uncover);
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn a_copy_that_was_written_and_never_noted_is_swept_away() {
    each(|store, _| {
        let (_, record, photo) = photographed(store);
        let jo = person(store, "jo");
        let lost = Sha256::of(b"drawn, and then the power went");
        store.expect_cover(lost).unwrap();
        let kept = covers(store, &jo, (record, photo, 0), &[FACE]).unwrap().covered.unwrap();
        store.expect_cover(kept).unwrap();
        assert_eq!(store.photos_gone().unwrap(), [(lost, None)]);
        store.photo_is_gone(lost, None).unwrap();
        let covering = Covering { officer: &jo, record, sha256: photo, seen: 1 };
        let late = store.cover_photo(NOW, covering, &[PLATE], Some((lost, 1))).unwrap_err();
        assert_eq!(code_of(&late), Some(Code::Busy));
    });
}

#[test]
fn covered_copies_go_with_their_photo() {
    each(|store, _| {
        let (_, record, photo) = photographed(store);
        let (jo, lee) = (person(store, "jo"), person(store, "lee"));
        let copies: Vec<_> = [vec![FACE], vec![FACE, PLATE]]
            .iter()
            .zip(0..)
            .map(|(boxes, seen)| covers(store, &jo, (record, photo, seen), boxes).unwrap().covered.unwrap())
            .collect();
        assert_eq!(store.photos().unwrap().len(), 3);
        let wish = Wish { by: Some(&lee), reason: "said so", now_ms: NOW };
        store.redact(wish, record, &Target::Photo(photo), &mut |_| Ok(())).unwrap();
        let gone: Vec<_> = store.photos_gone().unwrap().into_iter().map(|(sha256, _)| sha256).collect();
        assert!(copies.iter().chain([&photo]).all(|copy| gone.contains(copy)));
        assert_eq!(store.photos().unwrap(), []);
        assert_eq!(store.case(&jo, record).unwrap().covers, []);
        assert_eq!(store.covers_gone().unwrap().len(), 2);
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn a_backup_holds_covered_copies_and_none_of_a_photo_that_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old", "new"].map(|name| {
        let data = folder.path().join(name);
        std::fs::create_dir_all(&data).unwrap();
        Home { data, database: None, ledger: None }
    });
    let backups = folder.path().join("backups");
    let mut store = old.place().unwrap().open().unwrap();
    store.establish(NOW).unwrap();
    store.load_council(&super::council(), &std::collections::BTreeMap::new()).unwrap();
    store.put_form(NOW, &super::form(1)).unwrap();
    let (_, record, photo) = photographed(&mut store);
    let photos = Photos::open(&old.photos().unwrap()).unwrap();
    photos.keep(PHOTO).unwrap();
    let (jo, lee) = (person(&mut store, "jo"), person(&mut store, "lee"));
    let covered = covers(&mut store, &jo, (record, photo, 0), &[FACE]).unwrap().covered.unwrap();
    photos.keep(format!("{:?}", [FACE]).as_bytes()).unwrap();
    let made = back_up(&old, &mut store, &backups, NOW).unwrap();
    assert_eq!(made.photos, 2);
    restore(&new, &backups, NOW + 1).unwrap();
    let mut again = new.place().unwrap().open().unwrap();
    assert_eq!(again.shown_photo(&jo, record, photo).unwrap().unwrap().covered, Some(covered));
    assert!(Photos::open(&new.photos().unwrap()).unwrap().path(covered).exists());

    let ledger = old.ledger();
    let wish = Wish { by: Some(&lee), reason: "said so", now_ms: NOW };
    let mut keep = |gone: &Gone| ledger.add(std::slice::from_ref(gone));
    store.redact(wish, record, &Target::Photo(photo), &mut keep).unwrap();
    sweep_photos(&mut store, &photos).unwrap();
    assert!(!photos.path(covered).exists());
    back_up(&old, &mut store, &backups, NOW + 2).unwrap();
    for gone in [photo, covered] {
        let name = gone.to_string();
        assert!(!backups.join("photos").join(name.split_at(2).0).join(name).exists());
    }
}
