use super::*;
use crate::exchange::tests::vault;
use crate::photos::tests::two_halves;
use crate::store::PhotoRow;
use kerbside_core::ids::Sha256;

const MARCH: Reading = Reading { wall_ms: 1_773_652_364_000, monotonic_ms: 0, offset_min: 0 };

fn upload(record: u8, photo: u8, bytes: u64, sent: u64) -> UploadRow {
    UploadRow {
        record: RecordId([record; 16]),
        sha256: Sha256([photo; 32]),
        bytes,
        url: None,
        sent,
        state: UploadState::Saved,
        reason: None,
        since_ms: 0,
        received_ms: None,
        doubted: false,
        seen: false,
        let_go: false,
    }
}

/// A vault that holds a picture and a recording.
fn ann() -> (Vault, UploadRow, UploadRow) {
    let mut ann = vault(1, 1);
    let picture =
        ann.keep_photo(&two_halves(64, 48), &crate::photos::PhotoFrom::Camera.into(), MARCH).unwrap();
    let recording = Sha256([9; 32]);
    let row = PhotoRow {
        sha256: recording,
        key: [0; 32],
        bytes: 3_000_000,
        kind: "audio/mpeg".into(),
        width: 0,
        height: 0,
        added_ms: 0,
    };
    ann.store.transact(|store| store.insert_photo(&row)).unwrap();
    let mut sound = upload(2, 9, 3_000_000, 0);
    sound.sha256 = recording;
    let mut photo = upload(1, 1, 2_000_000, 0);
    photo.sha256 = picture.sha256;
    (ann, photo, sound)
}

#[test]
fn over_wifi_only_holds_a_class_back_on_mobile_data_and_on_nothing_else() {
    let (mut ann, photo, sound) = ann();
    let rules = PhotoRules { files: Over::Wifi, ..PhotoRules::default() };
    for (network, wanted) in
        [(Network::Metered, Some(Why::WifiOnly)), (Network::Free, None), (Network::Unknown, None)]
    {
        ann.network_is(network);
        assert_eq!(ann.hold(&photo, rules, 0).unwrap(), None, "{network:?}");
        assert_eq!(ann.hold(&sound, rules, 0).unwrap(), wanted, "{network:?}");
    }
    ann.network_is(Network::Metered);
    let let_go = UploadRow { let_go: true, ..sound };
    assert_eq!(ann.hold(&let_go, rules, 0).unwrap(), None);
}

#[test]
fn a_budget_is_never_gone_beyond_and_counts_nothing_that_is_free() {
    let (mut ann, photo, _) = ann();
    let rules = PhotoRules { budget_mb: Some(10), ..PhotoRules::default() };
    assert_eq!(ann.hold(&photo, rules, 8_000_000).unwrap(), None);
    assert_eq!(ann.hold(&photo, rules, 8_000_001).unwrap(), Some(Why::BudgetSpent));
    let half_there = UploadRow { sent: 1_000_000, ..photo.clone() };
    assert_eq!(ann.hold(&half_there, rules, 9_000_000).unwrap(), None, "only the rest of it costs");
    ann.photo_piece_went(&photo, (600_000, Some(600_000)), MARCH).unwrap();
    ann.photo_piece_went(&photo, (300_000, None), MARCH).unwrap();
    ann.network_is(Network::Free);
    ann.photo_piece_went(&photo, (5_000_000, Some(1_200_000)), MARCH).unwrap();
    assert_eq!(ann.data_use(MARCH).unwrap().used, 900_000, "a piece that was cut may have gone all the same");
    assert_eq!(ann.hold(&photo, rules, 99_000_000).unwrap(), None);
}

#[test]
fn a_month_is_the_officers_own_and_the_next_begins_at_nothing() {
    let (mut ann, photo, _) = ann();
    let last_minute = Reading { wall_ms: 1_775_001_540_000, monotonic_ms: 0, offset_min: 0 };
    let on_british_summer_time = Reading { offset_min: 60, ..last_minute };
    assert_eq!(month_of(last_minute), "2026-03");
    assert_eq!(month_of(on_british_summer_time), "2026-04");
    ann.photo_piece_went(&photo, (700, Some(700)), last_minute).unwrap();
    assert_eq!(ann.data_use(last_minute).unwrap().used, 700);
    assert_eq!(ann.data_use(on_british_summer_time).unwrap().used, 0);
}

#[test]
fn what_was_chosen_is_there_after_a_restart() {
    let (mut ann, ..) = ann();
    let rules = PhotoRules { photos: Over::Wifi, files: Over::Wifi, budget_mb: Some(250) };
    ann.choose_photo_rules(rules).unwrap();
    ann.open_again(2);
    assert_eq!(ann.data_use(MARCH).unwrap().rules, rules);
}

#[test]
fn each_record_shows_its_smallest_photo_before_any_shows_two() {
    let order = smallest_first(vec![
        upload(1, 1, 900, 0),
        upload(1, 2, 100, 0),
        upload(2, 3, 800, 0),
        upload(3, 4, 500, 20),
        upload(2, 5, 300, 0),
    ]);
    let photos: Vec<u8> = order.iter().map(|upload| upload.sha256.0[0]).collect();
    assert_eq!(photos, [4, 2, 5, 3, 1], "what is under way first, then the first of each record");
}
