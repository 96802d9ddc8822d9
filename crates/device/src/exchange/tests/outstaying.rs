//! Photos whose record has left: kept until a backup holds them, and no longer than anybody waits for them.

use super::*;
use crate::NewPhoto;
use crate::photos::PhotoFrom;
use kerbside_core::exchange::{PhotoReceipt, PhotoState};

fn paper() -> NewPhoto {
    NewPhoto { field: Some(FieldKey::new("photos")), bytes: b"%PDF-1.4".to_vec(), from: PhotoFrom::File }
}

fn hears(vault: &mut Vault, office: impl FnOnce(Office) -> Office) {
    let push = vault.outgoing(Budget::default(), NOW).unwrap();
    let chain = vault.store.progress().unwrap().chain;
    let office = office(Office { chain, ..Office::taking(&push) });
    vault.incoming(&push, &office.reply(&push), NOW).unwrap();
}

fn hands_receipt(vault: &mut Vault, epoch: Epoch) -> anyhow::Result<bool> {
    let upload = vault.photos_to_send().unwrap().remove(0);
    let receipt = PhotoReceipt {
        server: ServerId([1; 16]),
        council: "demo".into(),
        device: DeviceId([2; 16]),
        record: upload.record,
        sha256: upload.sha256,
        bytes: upload.bytes,
        state: PhotoState::Complete,
        epoch,
        backed_up: false,
    };
    let signed = Signed::new(Label::Photo, &receipt, &office_key());
    vault.take_photo_receipt(&upload, &kerbside_core::cbor::encode(&signed), NOW)
}

fn is_received(vault: &mut Vault) {
    assert!(hands_receipt(vault, EPOCH).unwrap());
}

#[test]
fn a_receipt_from_the_other_side_of_a_restore_settles_nothing_and_is_no_portal() {
    let mut ann = vault(1, 1);
    ann.create("sighting", &answers("a fridge"), &[paper()], NOW).unwrap();
    hears(&mut ann, |office| Office { items: vec![echo("1.1")], ..office });
    let refused = hands_receipt(&mut ann, Epoch([6; 16])).unwrap_err();
    assert_eq!(refused.downcast_ref::<Problem>().map(|problem| problem.code), Some(Code::Busy));
    assert_eq!(ann.photos_to_send().unwrap().len(), 1);
    is_received(&mut ann);
}

#[test]
fn a_photo_is_kept_until_a_backup_has_it_though_its_record_has_left() {
    let mut ann = vault(1, 1);
    let record = ann.create("sighting", &answers("a fridge"), &[paper()], NOW).unwrap().record;
    hears(&mut ann, |office| Office { items: vec![echo("1.1")], ..office });
    is_received(&mut ann);
    hears(&mut ann, |office| Office { items: vec![Item::Leave { seq: 2, record }], ..office });
    assert!(ann.store.record(record).unwrap().is_none());
    let photo = ann.photos_held().unwrap()[0];
    // There is a backup, and it was made before the photo came.
    hears(&mut ann, |office| Office { backup_ms: Some(1), ..office });
    hears(&mut ann, |office| Office { backup_ms: Some(1), ..office });
    assert_eq!(ann.photos_held().unwrap(), [photo]);
    hears(&mut ann, |office| Office { backup_ms: Some(2), ..office });
    hears(&mut ann, |office| Office { backup_ms: Some(2), safe_photos: vec![photo], ..office });
    assert_eq!((ann.photos_held().unwrap().len(), ann.uploads().unwrap().len()), (0, 0));
}

#[test]
fn a_photo_that_a_restored_server_will_not_take_waits_until_its_officer_has_put_it_away() {
    let (mut tom, mut ann) = (vault(2, 2), vault(1, 1));
    let record = saves(&mut tom, "a fridge").record;
    let page = pack_page([Entry {
        record: Some(record),
        reference: Some("SI-000001"),
        received_ms: Some(1),
        state: &tom.head(record).unwrap(),
    }]);
    hears(&mut ann, |office| Office { items: vec![Item::Enter { seq: 1, page }], ..office });
    ann.edit(record, &answers("two fridges"), &[paper()], NOW).unwrap();
    hears(&mut ann, |office| Office { items: vec![echo("1.1")], ..office });
    is_received(&mut ann);
    hears(&mut ann, |office| Office { items: vec![Item::Leave { seq: 2, record }], ..office });
    let epoch = Epoch([6; 16]);
    hears(&mut ann, |office| Office { epoch, through: 0, chain: chain::START, ..office });
    let refuses = |office: Office| {
        let verdicts = vec![(1, Verdict::Refused("sealed".into()))];
        Office { epoch, verdicts, ..office }
    };
    hears(&mut ann, refuses);
    hears(&mut ann, refuses);
    assert_eq!(ann.photos_held().unwrap().len(), 1, "its officer has still to read why");
    ann.put_away(record, NOW).unwrap();
    hears(&mut ann, refuses);
    assert_eq!((ann.photos_held().unwrap().len(), ann.uploads().unwrap().len()), (0, 0));
}
