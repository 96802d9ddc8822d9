//! What other programs are given: GDAL opens the files and the address itself, and finds there what officers reported.

use std::path::Path;
use std::process::Command;

use kerbside_device::{clock, sync};
use serde_json::{Value, json};

use super::maps::{Town, admin, town};
use super::world::example;

const PLACES: [(f64, f64); 3] = [(52.6285, 1.2920), (52.6302, 1.2987), (52.6331, 1.2850)];

/// Three reports of Ann's, at three places.
fn reported() -> Town {
    let town = town();
    let mut ann = town.phone();
    sync(&mut ann, None, &clock::now).unwrap();
    for (lat, lon) in PLACES {
        let mut answers = example("dog_fouling");
        answers.insert(
            "where".into(),
            json!({
                "lat": lat, "lon": lon, "altitude_m": null, "accuracy_m": 6.2,
                "fixed_at": "2026-03-16T09:12:40Z", "source": "gnss"
            }),
        );
        ann.create("dog_fouling", &answers, &[], clock::now()).unwrap();
    }
    sync(&mut ann, None, &clock::now).unwrap();
    town
}

fn gdal(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|_| panic!("{program} is needed for this story: apt-get install gdal-bin"));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let complained = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        done.status.success() && !complained.contains("ERROR"),
        "{program} {arguments:?}: {said}{complained}"
    );
    said
}

fn key(town: &Town, email: &str) -> String {
    let mut store = town.home.place().unwrap().open().unwrap();
    let (officer, _) = store.officer_by_email(email).unwrap().unwrap();
    store.make_key(officer.id, "a program for maps", 1).unwrap().0
}

/// The features of a file of GeoJSON, as GDAL or we have written it, in the order of their easts.
fn features(path: &Path) -> Vec<Value> {
    let written: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut features = written["features"].as_array().unwrap().clone();
    features.sort_by(|one, other| east(one).total_cmp(&east(other)));
    features
}

fn east(feature: &Value) -> f64 {
    feature["geometry"]["coordinates"][0].as_f64().unwrap()
}

#[test]
fn gdal_opens_the_files_that_the_server_exports() {
    let town = reported();
    let at = |name: &str| town.folder.path().join(name).to_string_lossy().into_owned();
    let (geojson, degrees, grid) = (at("cases.geojson"), at("degrees.gpkg"), at("grid.gpkg"));
    admin(&town.home, &["export", "geojson", "--out", &geojson]);
    admin(&town.home, &["export", "gpkg", "--out", &degrees]);
    admin(&town.home, &["export", "gpkg", "--out", &grid, "--crs", "27700", "--form", "dog_fouling"]);
    for file in [&geojson, &degrees, &grid] {
        let told = gdal("ogrinfo", &["-so", "-al", file]);
        assert!(told.contains("Feature Count: 3") && told.contains("Geometry: Point"), "{told}");
        assert!(told.contains("service_code: String") && told.contains("reported_at: DateTime"), "{told}");
    }
    let told = gdal("ogrinfo", &["-so", "-al", &grid]);
    assert!(told.contains("27700") && told.contains("British National Grid"), "{told}");

    // What GDAL reads from the three of them is the same to the centimetre, on its own reckoning of the grid within the
    // five metres that seven parameters are good for.
    let again = at("again.geojson");
    gdal("ogr2ogr", &["-f", "GeoJSON", "-lco", "COORDINATE_PRECISION=7", &again, &degrees]);
    let (ours, theirs) = (features(Path::new(&geojson)), features(Path::new(&again)));
    let mut easts: Vec<f64> = PLACES.iter().map(|(_, lon)| *lon).collect();
    easts.sort_by(f64::total_cmp);
    for ((ours, theirs), lon) in ours.iter().zip(&theirs).zip(&easts) {
        assert_eq!(ours["geometry"]["coordinates"], theirs["geometry"]["coordinates"]);
        assert_eq!(ours["properties"]["case_ref"], theirs["properties"]["case_ref"]);
        assert_eq!(ours["properties"]["lgsl"], 577);
        assert!((east(ours) - lon).abs() < 1e-9);
    }
    let metres = at("metres.geojson");
    gdal("ogr2ogr", &["-f", "GeoJSON", "-lco", "RFC7946=NO", "-t_srs", "EPSG:27700", &metres, &degrees]);
    let plain = at("plain.geojson");
    gdal("ogr2ogr", &["-f", "GeoJSON", "-lco", "RFC7946=NO", &plain, &grid]);
    for (one, other) in features(Path::new(&metres)).iter().zip(features(Path::new(&plain))) {
        let apart = |axis: usize| {
            let of = |feature: &Value| feature["geometry"]["coordinates"][axis].as_f64().unwrap();
            (of(one) - of(&other)).abs()
        };
        assert!(apart(0) < 5.0 && apart(1) < 5.0, "{one} {other}");
    }
    assert!(!Path::new(&format!("{geojson}.half")).exists());
}

#[test]
fn gdal_walks_the_pages_of_the_open_interface_with_a_key() {
    let town = reported();
    let key = key(&town, "val@example.gov.uk");
    let address = format!("OAPIF:{}/ogc", town.running.url);
    let header = format!("Authorization: Bearer {key}");
    let with_key = ["--config", "GDAL_HTTP_HEADERS", &header];
    let told = gdal("ogrinfo", &[with_key.as_slice(), &["-so", &address, "cases"]].concat());
    assert!(told.contains("Feature Count: 3"), "{told}");
    assert!(told.contains("1.285") && told.contains("52.6331"), "the extent: {told}");

    // A page of two, so that it has to follow a link.
    let out = town.folder.path().join("walked.geojson").to_string_lossy().into_owned();
    let paged = ["-f", "GeoJSON", "-oo", "PAGE_SIZE=2", &out, &address, "cases"];
    gdal("ogr2ogr", &[with_key.as_slice(), &paged].concat());
    let walked = features(Path::new(&out));
    let mut easts: Vec<f64> = PLACES.iter().map(|(_, lon)| *lon).collect();
    easts.sort_by(f64::total_cmp);
    assert_eq!(walked.iter().map(east).collect::<Vec<_>>(), easts);
    assert_eq!(walked[0]["properties"]["service_code"], "dog_fouling");
    let within = ["-so", "-spat", "1.29", "52.62", "1.30", "52.6325", &address, "cases"];
    let told = gdal("ogrinfo", &[with_key.as_slice(), &within].concat());
    assert!(told.contains("Feature Count: 2"), "{told}");

    let refused = Command::new("ogrinfo").args(["-so", &address]).output().unwrap();
    assert!(!refused.status.success(), "without a key there is nothing to see");
}
