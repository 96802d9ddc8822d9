//! Real bits flipped in the files of a real vault with unsent work: each is found, and turned back or salvaged around.

use super::pages::PAGE;
use super::salvage::Healed;
use super::*;
use crate::clock::Reading;
use crate::photos::{BlobStore, PhotoFrom};
use crate::random::Randomness;
use crate::vault::{Opened, Vault};
use crate::{NewPhoto, OwnChange, RepairKind};
use fastrand::Rng;
use kerbside_core::ids::{Actor, Epoch};
use serde_json::{Map, json};
use std::fs;

const SEED: u64 = 20_261_126;
const NOW: Reading = Reading { wall_ms: 1_773_652_364_000, monotonic_ms: 0, offset_min: 0 };

fn key() -> VaultKey {
    Zeroizing::new([4; 32])
}

fn opened(folder: &Path, store: Store) -> Opened {
    Opened {
        store,
        blobs: BlobStore::Folder(folder.join("photos")),
        key: key(),
        signing: [9; 32],
        random: Randomness::seeded(1),
        lock: None,
    }
}

/// A vault with work that nobody else has: records, edits, a draft and a photo. Left as a killed process leaves it.
fn with_unsent_work(folder: &Path, records: usize) -> Vec<OwnChange> {
    fs::create_dir_all(folder.join("photos")).unwrap();
    let store = Store::open(&folder.join("vault.db"), &key()).unwrap();
    let mut ann = Vault::begin(
        opened(folder, store),
        &crate::exchange::tests::identity(),
        Actor(1),
        Epoch([5; 16]),
        &[],
    )
    .unwrap();
    ann.keep_pack("form.sighting", 1, crate::exchange::tests::FORM.as_bytes()).unwrap();
    let bytes = crate::photos::tests::with_exif(&crate::photos::tests::two_halves(60, 40), 1);
    for n in 0..records {
        let answers: Map<_, _> =
            json!({ "what": format!("{n} {}", "bags ".repeat(40)) }).as_object().unwrap().clone();
        let photo = NewPhoto { field: None, bytes: bytes.clone(), from: PhotoFrom::Gallery };
        let photos = if n == 0 { vec![photo] } else { vec![] };
        ann.create("sighting", &answers, &photos, NOW).unwrap();
    }
    let draft = ann.start_draft("sighting", NOW).unwrap();
    ann.answer(draft.id, &"what".parse().unwrap(), &json!("half typed"), NOW).unwrap();
    let own = ann.own_changes().unwrap();
    std::mem::forget(ann);
    own
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

fn heal(folder: &Path) -> (Vault, Healed) {
    let (store, healed) = Store::open_healed(&folder.join("vault.db"), &key(), NOW.wall_ms).unwrap();
    let mut vault = Vault::of(opened(folder, store)).unwrap();
    vault.note_healed(healed, NOW).unwrap();
    (vault, healed)
}

/// The same vault with everything in the one file.
fn closed(folder: &Path) {
    Store::open(&folder.join("vault.db"), &key()).unwrap().fold_log().unwrap();
    assert_eq!(fs::metadata(folder.join("vault.db-wal")).unwrap().len(), 0);
}

#[test]
fn one_flipped_bit_anywhere_in_the_database_is_found_and_turned_back() {
    let source = tempfile::tempdir().unwrap();
    let own = with_unsent_work(source.path(), 12);
    closed(source.path());
    let whole = fs::read(source.path().join("vault.db")).unwrap();
    let mut rng = Rng::with_seed(SEED);
    let pages = whole.len() / PAGE;
    let mut places: Vec<usize> = (0..16).step_by(5).collect();
    places.extend((0..pages).step_by(3).map(|page| page * PAGE + rng.usize(..PAGE)));
    for at in places {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vault.db");
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << rng.u8(..8);
        fs::write(&file, &flipped).unwrap();
        let found = match Store::open(&file, &key()) {
            Ok(store) => !store.damage().is_empty(),
            Err(cause) => is_damage(&cause),
        };
        assert!(found, "seed {SEED}: byte {at} was not found");
        fs::write(damage_mark(&file), b"").unwrap();
        let (vault, healed) = heal(folder.path());
        assert_eq!(healed, Healed { bits: 1, salvaged: None }, "byte {at}");
        assert_eq!(vault.own_changes().unwrap(), own, "byte {at}");
        assert_eq!(vault.repairs().unwrap()[0].kind, RepairKind::VaultMended);
        let aside = folder.path().join(format!("vault-damaged-{}.db", NOW.wall_ms));
        assert_eq!(fs::read(aside).unwrap(), flipped, "the damaged file is kept");
        assert!(!damage_mark(&file).exists());
    }
}

#[test]
fn one_flipped_bit_anywhere_in_the_log_loses_nothing_that_was_saved() {
    let source = tempfile::tempdir().unwrap();
    let own = with_unsent_work(source.path(), 6);
    let log = fs::read(source.path().join("vault.db-wal")).unwrap();
    let mut rng = Rng::with_seed(SEED);
    let frames = (log.len() - 32) / (PAGE + 24);
    let mut places: Vec<usize> = (0..32).step_by(3).collect();
    places.extend((0..frames).step_by(5).map(|frame| 32 + frame * (PAGE + 24) + rng.usize(..24)));
    places.extend((0..frames).step_by(9).map(|frame| 32 + frame * (PAGE + 24) + 24 + rng.usize(..PAGE)));
    places.push(log.len() - 1);
    for at in places {
        let folder = tempfile::tempdir().unwrap();
        copy(source.path(), folder.path());
        fs::remove_file(folder.path().join("vault.db-shm")).unwrap();
        let mut flipped = log.clone();
        flipped[at] ^= 1 << rng.u8(..8);
        fs::write(folder.path().join("vault.db-wal"), &flipped).unwrap();
        let (vault, healed) = heal(folder.path());
        assert_eq!(healed, Healed { bits: 1, salvaged: None }, "seed {SEED}: byte {at} of the log");
        assert_eq!(vault.own_changes().unwrap(), own, "byte {at} of the log");
        assert!(vault.store.damage().is_empty());
        assert_eq!(vault.drafts().unwrap().len(), 1, "byte {at} of the log");
    }
}

#[test]
fn a_log_that_was_being_written_when_the_power_failed_is_no_damage() {
    let source = tempfile::tempdir().unwrap();
    let own = with_unsent_work(source.path(), 3);
    let log = fs::read(source.path().join("vault.db-wal")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    copy(source.path(), folder.path());
    fs::remove_file(folder.path().join("vault.db-shm")).unwrap();
    let mut torn = log.clone();
    let last = log.len() - (PAGE + 24);
    torn[last + 600..].fill(0);
    fs::write(folder.path().join("vault.db-wal"), &torn).unwrap();
    let (vault, healed) = heal(folder.path());
    assert_eq!(healed, Healed::default());
    assert!(own.starts_with(&vault.own_changes().unwrap()));
}

/// A folder with a vault that was found damaged: this page of it is nothing. And its bytes.
fn torn_at(whole: &[u8], page: usize) -> (tempfile::TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vault.db");
    let mut torn = whole.to_vec();
    torn[page * PAGE..(page + 1) * PAGE].fill(0xee);
    fs::write(&file, &torn).unwrap();
    fs::write(damage_mark(&file), b"").unwrap();
    (folder, torn)
}

#[test]
fn where_whole_pages_are_gone_everything_else_is_carried_into_a_new_vault() {
    let source = tempfile::tempdir().unwrap();
    let own = with_unsent_work(source.path(), 30);
    closed(source.path());
    let whole = fs::read(source.path().join("vault.db")).unwrap();
    let mut saved = 0;
    let mut lost = 0;
    for page in (2..whole.len() / PAGE).step_by(11) {
        let (folder, torn) = torn_at(&whole, page);
        let Ok((store, healed)) = Store::open_healed(&folder.path().join("vault.db"), &key(), NOW.wall_ms)
        else {
            panic!("page {page}: the vault does not open")
        };
        assert!(healed.salvaged.is_some(), "page {page}");
        assert!(store.damage().is_empty());
        let aside = folder.path().join(format!("vault-damaged-{}.db", NOW.wall_ms));
        assert_eq!(fs::read(aside).unwrap(), torn, "the damaged file is kept as it was");
        // Who the vault belongs to and how far it has come are one row each: without them only the server can help.
        let Ok(mut vault) = Vault::of(opened(folder.path(), store)) else { continue };
        if vault.store.progress().is_err() {
            continue;
        }
        vault.note_healed(healed, NOW).unwrap();
        let there = vault.own_changes().unwrap();
        assert!(there.iter().all(|change| own.contains(change) || change.reason.is_some()), "page {page}");
        saved += there.len();
        lost += own.len() - there.len();
        assert!(vault.needs_retiring().unwrap(), "what may be missing stands in nobody's way");
        assert_eq!(vault.repairs().unwrap()[0].kind, RepairKind::VaultSalvaged);
    }
    assert!(lost * 10 < saved, "{lost} lost and {saved} saved: one page holds few");
}

#[test]
fn what_the_office_said_is_carried_over_as_well() {
    const SAID: &str = "The tenant had moved out";
    let says = |store: &Store| {
        let mut is_there = false;
        store.each_cell(&mut |table, cell| is_there |= table == "said" && cell == SAID.as_bytes()).unwrap();
        is_there
    };
    let source = tempfile::tempdir().unwrap();
    with_unsent_work(source.path(), 6);
    let store = Store::open(&source.path().join("vault.db"), &key()).unwrap();
    store.settle_change((Actor(1), 1), ChangeState::Refused, false, Some("declined"), NOW.wall_ms).unwrap();
    store.keep_said(Actor(1), &[(1, SAID.to_owned())]).unwrap();
    assert!(says(&store));
    drop(store);
    closed(source.path());
    let whole = fs::read(source.path().join("vault.db")).unwrap();
    let (mut salvaged, mut carried) = (0, 0);
    for page in (2..whole.len() / PAGE).step_by(9) {
        let (folder, _) = torn_at(&whole, page);
        let (store, healed) =
            Store::open_healed(&folder.path().join("vault.db"), &key(), NOW.wall_ms).unwrap();
        salvaged += u32::from(healed.salvaged.is_some());
        carried += u32::from(says(&store));
    }
    assert!(3 < salvaged && salvaged <= carried + 1, "{carried} of {salvaged}: it lies on one page");
}
