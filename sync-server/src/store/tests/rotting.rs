//! One bit of the database's file flips, anywhere: it is found, or nothing that can be read has changed.

use fastrand::Rng;

use super::phone::Phone;
use super::*;

const SEED: u64 = 20_261_126;
/// Seeded places over the whole file, besides every byte of its header and the first and last bytes of every page.
const ANYWHERE: usize = 500;
const PAGE: usize = 4096;

fn lived_in(store: &mut Store) {
    let mut phone = Phone::enrols(store, "ann@example.gov.uk", 1);
    let records: Vec<_> = (0..12).map(|n| phone.reports(&format!("corner {n}"))).collect();
    phone.exchanges(store);
    for record in &records {
        phone.answers(*record, "where", "round the corner");
    }
    let sha256 = phone.photographs(records[0], b"a photo");
    phone.exchanges(store);
    let PhotoAsked::Wanted(upload) = store.ask_photo(NOW, phone.device, records[0], sha256, 7).unwrap()
    else {
        panic!("it has not been sent")
    };
    store.complete_photo(NOW, &upload).unwrap();
    let ann = ann(store);
    store.open_session(ann.id, NOW).unwrap();
    store.make_device_code(&ann, NOW).unwrap();
    store.count_sign_in(&[Tried { key: "account".into(), free: 5 }], false, NOW).unwrap();
    store
        .note_repairs(
            NOW,
            phone.device,
            &[Repair {
                number: 1,
                at_ms: NOW,
                kind: "head_rebuilt".into(),
                record: Some(records[0]),
                photo: None,
            }],
        )
        .unwrap();
    store.beat(NOW).unwrap();
}

/// Everything that can be read, and how it is laid out.
fn all_that_is_read(store: &mut Store) -> Result<Vec<String>> {
    let mut all = Vec::new();
    let laid_out =
        store.connection.query("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid", &[])?;
    for row in &laid_out {
        all.push(format!("{row:?}"));
        if row.text(0)? == "table" {
            let by = if row.text(3)?.contains("WITHOUT ROWID") { "1" } else { "rowid" };
            let rows =
                store.connection.query(&format!("SELECT * FROM {} ORDER BY {by}", row.text(1)?), &[])?;
            all.extend(rows.iter().map(|row| format!("{row:?}")));
        }
    }
    Ok(all)
}

#[test]
fn a_flipped_bit_anywhere_in_the_file_is_found_or_changes_nothing_that_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kerbside.db");
    let place = Place::File(path.clone());
    let mut store = place.open().unwrap();
    store.establish(NOW).unwrap();
    store.load_council(&council(), &BTreeMap::new()).unwrap();
    store.put_form(NOW, &form(1)).unwrap();
    lived_in(&mut store);
    assert_eq!(store.verify().unwrap().integrity, "ok");
    let as_read = all_that_is_read(&mut store).unwrap();
    drop(store);
    let whole = std::fs::read(&path).unwrap();
    let mut rng = Rng::with_seed(SEED);
    let pages = whole.len() / PAGE;
    let mut places: Vec<usize> = (0..100).collect();
    places.extend((0..pages).flat_map(|page| [page * PAGE + 3, page * PAGE + 9, page * PAGE + PAGE - 2]));
    places.extend((0..ANYWHERE).map(|_| rng.usize(..whole.len())));
    let (mut found, mut harmless) = (0, 0);
    for at in places {
        let mut flipped = whole.clone();
        let bit = rng.u8(..8);
        flipped[at] ^= 1 << bit;
        std::fs::write(&path, &flipped).unwrap();
        for beside in ["kerbside.db-wal", "kerbside.db-shm"] {
            std::fs::remove_file(folder.path().join(beside)).ok();
        }
        let opened = place.open().and_then(|mut store| Ok((store.verify()?.integrity, store)));
        match opened {
            Ok((integrity, mut store)) if integrity == "ok" => {
                let now_read = all_that_is_read(&mut store).unwrap();
                let other = as_read.iter().zip(&now_read).find(|(was, is)| was != is);
                assert!(
                    now_read.len() == as_read.len() && other.is_none(),
                    "seed {SEED}: bit {bit} of byte {at} was not found: {other:?}"
                );
                harmless += 1;
            }
            Ok(_) | Err(_) => found += 1,
        }
    }
    assert_eq!(found + harmless, 100 + pages * 3 + ANYWHERE);
    assert!(300 < found, "{harmless} of {} lay in unused bytes", found + harmless);
    tracing::info!(found, harmless, pages, "flipped bits");
}
