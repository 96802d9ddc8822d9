//! Photos named, sent and seen, on both databases.

use kerbside_core::exchange::{PhotoReceipt, PhotoState};
use kerbside_core::ids::Sha256;
use kerbside_core::problem::Code;
use kerbside_core::sign::{Label, PublicKey};

use super::phone::Phone;
use super::{NOW, code_of, each};
use crate::store::{PhotoAsked, Store, Upload};

const PHOTO: &[u8] = b"a photo of three bags and a mattress";
const BYTES: u64 = PHOTO.len() as u64;

fn wanted(asked: PhotoAsked) -> Upload {
    match asked {
        PhotoAsked::Wanted(upload) => upload,
        PhotoAsked::Complete(_) => panic!("complete already"),
    }
}

fn receipt(store: &mut Store, asked: PhotoAsked) -> PhotoReceipt {
    let PhotoAsked::Complete(signed) = asked else { panic!("not complete yet") };
    let key = ed25519_dalek::SigningKey::from_bytes(&store.identity().unwrap().signing);
    signed.open(Label::Photo, &PublicKey::of(&key)).unwrap()
}

#[test]
fn a_photo_is_asked_for_any_number_of_times_and_makes_one_upload() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        let photo = ann.photographs(record, PHOTO);
        let early = store.ask_photo(NOW, ann.device, record, photo, BYTES).unwrap_err();
        assert_eq!(code_of(&early), Some(Code::PhotoNotNamed), "the record goes first");
        ann.exchanges(store);
        let uploads: Vec<_> = (0..30)
            .map(|try_| wanted(store.ask_photo(NOW + try_, ann.device, record, photo, BYTES).unwrap()))
            .collect();
        assert!(uploads.windows(2).all(|pair| pair[0].capability == pair[1].capability));
        assert_eq!(store.missing_photos(ann.device, &[photo, Sha256::of(b"other")]).unwrap(), [photo]);

        let upload = store.upload(NOW, uploads[0].capability).unwrap().unwrap();
        store.complete_photo(NOW, &upload).unwrap();
        let asked = store.ask_photo(NOW, ann.device, record, photo, BYTES).unwrap();
        let receipt = receipt(store, asked);
        assert_eq!((receipt.sha256, receipt.bytes, receipt.state), (photo, BYTES, PhotoState::Complete));
        assert!(!receipt.backed_up, "no backup holds it");
        assert!(store.missing_photos(ann.device, &[photo]).unwrap().is_empty());
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn an_address_stops_working_after_a_day_and_a_new_one_is_given() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        let photo = ann.photographs(record, PHOTO);
        ann.exchanges(store);
        let first = wanted(store.ask_photo(NOW, ann.device, record, photo, BYTES).unwrap());
        let later = NOW + 25 * 60 * 60 * 1000;
        assert!(store.upload(later, first.capability).unwrap().is_none());
        let second = wanted(store.ask_photo(later, ann.device, record, photo, BYTES).unwrap());
        assert_ne!(first.capability, second.capability);
    });
}

#[test]
fn naming_a_hash_that_someone_else_sent_opens_nothing_and_receives_nothing() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let mut tom = Phone::enrols(store, "tom@example.gov.uk", 3);
        let record = ann.reports("Mile Cross Road");
        let photo = ann.photographs(record, PHOTO);
        ann.exchanges(store);
        let upload = wanted(store.ask_photo(NOW, ann.device, record, photo, BYTES).unwrap());
        store.complete_photo(NOW, &upload).unwrap();

        let own = tom.reports("Castle Meadow");
        tom.photographs(own, PHOTO);
        tom.exchanges(store);
        let (thief, _) = store.officer_by_email("tom@example.gov.uk").unwrap().unwrap();
        assert!(!store.may_see_photo(&thief, own, photo).unwrap());
        assert!(!store.may_see_photo(&thief, record, photo).unwrap());
        wanted(store.ask_photo(NOW, tom.device, own, photo, BYTES).unwrap());
        let stolen = store.ask_photo(NOW, tom.device, record, photo, BYTES).unwrap_err();
        assert_eq!(code_of(&stolen), Some(Code::PhotoNotNamed));
        let (warden, _) = store.officer_by_email("ann@example.gov.uk").unwrap().unwrap();
        assert!(store.may_see_photo(&warden, record, photo).unwrap());
    });
}

#[test]
fn the_office_sees_how_many_photos_have_come() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        let photo = ann.photographs(record, PHOTO);
        ann.photographs(record, b"another");
        ann.exchanges(store);
        let (jo, _) = store.officer_by_email("jo@example.gov.uk").unwrap().unwrap();
        let before = store.newest_seq().unwrap();
        let line = |store: &mut Store| {
            let page = store.tray(&jo, "photos_due", None, 5).unwrap();
            page.records.first().map(|line| (line.photos_received, line.photos_named))
        };
        assert_eq!(line(store), Some((0, 2)));
        let upload = wanted(store.ask_photo(NOW, ann.device, record, photo, BYTES).unwrap());
        store.complete_photo(NOW, &upload).unwrap();
        assert_eq!(line(store), Some((1, 2)));
        let case = store.case(&jo, record).unwrap();
        assert_eq!((case.photos_received, case.photos_named), (1, 2));
        assert_eq!(store.pokes_since(before).unwrap()[0].record, record, "screens are told");
        ann.exchanges(store);
        assert!(ann.told.iter().all(|item| item.seq() <= 3), "devices are not");
    });
}
