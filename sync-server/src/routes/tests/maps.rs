//! Area packs over a real socket, to desks and to handhelds.

use kerbside_core::area_pack::AreaPack;
use reqwest::header::RANGE;
use reqwest::{Method, StatusCode};

use super::town::{Town, code, town};
use crate::backup::{back_up, restore};
use crate::cli::area_pack::{AreaPackFile, run};
use crate::clock::now_ms;
use crate::config::Home;
use crate::maps::tests::pack;
use crate::store::OfficerFile;

fn imports(home: &Home, bytes: &[u8], area: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Mile Cross.pmtiles");
    std::fs::write(&file, bytes).unwrap();
    let area = area.iter().map(ToString::to_string).collect();
    let wanted = AreaPackFile { file: Some(file), key: None, name: None, area, withdraw: None };
    run(home, &mut home.place().unwrap().open().unwrap(), &wanted).unwrap();
}

/// Gives Ann an area to work in.
fn sends_ann_to(town: &Town, area: &str) {
    let ann: OfficerFile = serde_json::from_value(serde_json::json!({
        "email": "ann@example.gov.uk", "name": "Ann Bailey", "role": "officer", "teams": ["wardens-north"],
        "areas": [area],
    }))
    .unwrap();
    town.store().put_officer(&ann, None).unwrap();
}

#[tokio::test]
async fn a_map_is_read_by_ranges_by_those_who_work_in_its_area() {
    let town = town().await;
    let bytes = pack("road", 1000);
    imports(&town.home, &bytes, &["riverside"]);
    let desk = town.desk("sam@example.gov.uk").await;
    let listed: Vec<AreaPack> = serde_json::from_value(desk.reads("/api/v1/maps").await).unwrap();
    let one = &listed[0];
    assert_eq!((one.key.as_str(), one.name.as_str(), one.version), ("mile-cross", "Mile Cross", 1));
    assert_eq!((one.bytes, one.reach.max_zoom, one.reach.east), (bytes.len() as u64, 15, 1.4));
    let path = "/api/v1/maps/mile-cross/1";
    let answer = desk.ask(Method::GET, path).header(RANGE, "bytes=200-299").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
    let told = answer.headers()["content-range"].to_str().unwrap().to_owned();
    assert_eq!(told, format!("bytes 200-299/{}", bytes.len()));
    assert!(answer.bytes().await.unwrap() == bytes[200..300]);
    assert_eq!(code(desk.ask(Method::GET, path).send().await.unwrap()).await, "range_wrong");

    let phone = town.handheld("ann@example.gov.uk").await;
    let asks = || phone.ask(Method::GET, "/v1/packs/map.mile-cross/1", b"", b"").header(RANGE, "bytes=1000-");
    assert!(asks().send().await.unwrap().bytes().await.unwrap() == bytes[1000..]);
    sends_ann_to(&town, "elsewhere");
    assert_eq!(code(asks().send().await.unwrap()).await, "not_found");
    sends_ann_to(&town, "riverside");
    assert_eq!(asks().send().await.unwrap().status(), StatusCode::PARTIAL_CONTENT);
    let unsigned = town.ask(Method::GET, "/v1/packs/map.mile-cross/1").header(RANGE, "bytes=0-9");
    assert_eq!(code(unsigned.send().await.unwrap()).await, "proof_wrong");
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_newer_map_takes_the_place_of_the_older_and_phones_hear_of_it() {
    let town = town().await;
    let ann = |town: &Town| town.store().officer_by_email("ann@example.gov.uk").unwrap().unwrap().0;
    let council = |town: &Town| {
        let (mut store, officer) = (town.store(), ann(town));
        let told =
            (1..50).filter_map(|version| store.pack("council", version, &officer).unwrap()).next_back();
        let told: serde_json::Value = serde_json::from_slice(&told.unwrap()).unwrap();
        told["maps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|map| map["version"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(council(&town), [0_u64; 0]);
    for (tiles, version) in [(100, 1), (200, 2), (200, 2), (300, 3)] {
        imports(&town.home, &pack("road", tiles), &[]);
        assert_eq!(council(&town), [version]);
    }
    let desk = town.desk("sam@example.gov.uk").await;
    for (version, status) in
        [(1, StatusCode::NOT_FOUND), (2, StatusCode::PARTIAL_CONTENT), (3, StatusCode::PARTIAL_CONTENT)]
    {
        let path = format!("/api/v1/maps/mile-cross/{version}");
        let answer = desk.ask(Method::GET, &path).header(RANGE, "bytes=0-9").send().await.unwrap();
        assert_eq!(answer.status(), status, "{version}");
    }
    let gone =
        AreaPackFile { file: None, key: None, name: None, area: vec![], withdraw: Some("mile-cross".into()) };
    run(&town.home, &mut town.store(), &gone).unwrap();
    assert_eq!(council(&town), [0_u64; 0]);
    assert!(run(&town.home, &mut town.store(), &gone).is_err());
    town.running.stop().await.unwrap();
}

#[test]
fn a_backup_holds_the_maps_and_a_restore_brings_them_back() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| Home { data: folder.path().join(name), database: None, ledger: None };
    let (first, second) = (at("first"), at("second"));
    let mut store = first.place().unwrap().open().unwrap();
    store.establish(now_ms()).unwrap();
    std::fs::create_dir_all(first.photos().unwrap()).unwrap();
    let bytes = pack("road", 500);
    imports(&first, &bytes, &[]);
    let backups = folder.path().join("backups");
    back_up(&first, &mut store, &backups, now_ms()).unwrap();
    restore(&second, &backups, now_ms()).unwrap();
    let files = second.place().unwrap().open().unwrap().map_files().unwrap();
    let maps = crate::maps::Maps::at(&second.maps().unwrap());
    assert!(maps.read(files[0].0, &(0..bytes.len() as u64)).unwrap() == bytes);
    assert!(maps.bad(&files).is_empty());
    maps.remove(files[0].0).unwrap();
    assert_eq!(maps.bad(&files), [files[0].0], "and verify says when one is lost");
}
