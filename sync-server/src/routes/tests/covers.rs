//! Boxes over a photo and a pack of photos, as the console asks for them.

use std::io::{Cursor, Read};

use kerbside_core::ids::{RecordId, Sha256};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::sending::{push, report};
use super::town::{Desk, Handheld, Town, code, json_of, town};

/// White, so that whatever is dark on a copy was covered.
fn jpeg() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(400, 300, image::Rgb([250, 250, 250]));
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

async fn photographs(town: &Town, ann: &Handheld<'_>, photo: &[u8]) -> (RecordId, Sha256) {
    let (record, change) = report(ann, photo);
    assert_eq!(ann.sends("/v1/sync", &push(ann, &[change])).await.status(), StatusCode::OK);
    let sha256 = Sha256::of(photo);
    let ask = json!({"record": record, "sha256": sha256, "bytes": photo.len()}).to_string();
    let asked = json_of(ann.sends("/v1/photos", ask.as_bytes()).await).await;
    let piece = town.ask(Method::PATCH, asked["upload"].as_str().unwrap()).header("tus-resumable", "1.0.0");
    let piece = piece.header("content-type", "application/offset+octet-stream").header("upload-offset", "0");
    assert_eq!(piece.body(photo.to_vec()).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    (record, sha256)
}

async fn bytes_of(desk: &Desk<'_>, path: &str) -> Vec<u8> {
    let answer = desk.ask(Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    answer.bytes().await.unwrap().to_vec()
}

fn files(zip: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

#[tokio::test]
async fn a_covered_photo_is_shown_and_packed_covered_and_its_original_only_by_role() {
    let town = town().await;
    let ann = town.handheld("ann@example.gov.uk").await;
    let photo = jpeg();
    let (record, sha256) = photographs(&town, &ann, &photo).await;
    let (jo, vic) = (town.desk("jo@example.gov.uk").await, town.desk("vic@example.gov.uk").await);
    let drawing = format!("/api/v1/records/{record}/photos/{sha256}/cover");
    let draws = |seen: u32, boxes: Value| json!({"seen": seen, "boxes": boxes});
    let right = json!([{"left": 5_000, "top": 0, "width": 5_000, "height": 10_000}]);

    assert_eq!(code(vic.posts(&drawing, draws(0, right.clone())).await).await, "not_allowed");
    let outside = json!([{"left": 9_000, "top": 0, "width": 2_000, "height": 10}]);
    assert_eq!(code(jo.posts(&drawing, draws(0, outside)).await).await, "malformed");
    let cover = json_of(jo.posts(&drawing, draws(0, right.clone())).await).await;
    assert_eq!((&cover["number"], &cover["boxes"]), (&json!(1), &right));
    assert_eq!(code(jo.posts(&drawing, draws(0, json!([]))).await).await, "newer_answer");

    let address = format!("/v1/photos/{record}/{sha256}?size=");
    for size in ["thumb", "display", "original"] {
        let shown = image::load_from_memory(&bytes_of(&vic, &format!("{address}{size}")).await).unwrap();
        let shown = shown.to_rgb8();
        let at = |eighths: u32| shown.get_pixel(shown.width() * eighths / 8, shown.height() / 2).0[0];
        assert!(at(6) < 60 && 200 < at(2), "{size}");
    }
    let sealed = vic.ask(Method::GET, &format!("{address}original&uncovered=true")).send().await.unwrap();
    assert_eq!(code(sealed).await, "not_allowed");
    assert_eq!(bytes_of(&jo, &format!("{address}original&uncovered=true")).await, photo, "never altered");
    let own = ann.ask(Method::GET, &format!("/v1/photos/{record}/{sha256}"), b"", b"").send().await.unwrap();
    assert_eq!(own.bytes().await.unwrap(), photo, "its own device gets back what it sent");
    let copy = cover["covered"].as_str().unwrap();
    let named = jo.ask(Method::GET, &format!("{address}thumb&shown={copy}")).send().await.unwrap();
    assert!(named.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    let unnamed = jo.ask(Method::GET, &format!("{address}thumb")).send().await.unwrap();
    assert_eq!(unnamed.headers()["cache-control"], "private, no-cache");

    let pack = format!("/api/v1/records/{record}/photos/pack");
    let packed = files(bytes_of(&vic, &pack).await);
    let names: Vec<_> = packed.iter().map(|(name, _)| name.split('/').next_back().unwrap()).collect();
    assert!(names[0].starts_with("01-FT-000001-") && names[0].ends_with(".jpg"), "{names:?}");
    assert_eq!(names[1..], ["manifest.json", "manifest.csv"]);
    assert_eq!(Sha256::of(&packed[0].1).to_string(), copy);
    let manifest: Value = serde_json::from_slice(&packed[1].1).unwrap();
    let line = &manifest["photos"][0];
    assert_eq!((&line["sha256"], &line["file_sha256"]), (&json!(sha256), &json!(copy)));
    assert_eq!((&line["officer"], &line["covered_by"]), (&json!("Ann Bailey"), &json!("Jo Ali")));
    assert!(String::from_utf8(packed[2].1.clone()).unwrap().contains(&sha256.to_string()));
    let refused = vic.ask(Method::GET, &format!("{pack}?originals=true")).send().await.unwrap();
    assert_eq!(code(refused).await, "not_allowed");
    let originals = files(bytes_of(&jo, &format!("{pack}?originals=true")).await);
    assert_eq!(originals[0].1, photo);
    let case = jo.reads(&format!("/api/v1/records/{record}")).await;
    let taken: Vec<_> =
        case["packs"].as_array().unwrap().iter().map(|pack| pack["uncovered"].clone()).collect();
    assert_eq!(taken, [json!(1), json!(0)], "who took what is on the record");
    let lee = town.desk("lee@example.gov.uk").await;
    assert_eq!(code(lee.ask(Method::GET, &pack).send().await.unwrap()).await, "not_found");

    assert_eq!(code(vic.posts(&drawing, draws(1, json!([]))).await).await, "not_allowed");
    json_of(jo.posts(&drawing, draws(1, json!([]))).await).await;
    assert_eq!(bytes_of(&vic, &format!("{address}original")).await, photo);
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_pack_with_a_photo_that_went_bad_cannot_be_opened() {
    let town = town().await;
    let ann = town.handheld("ann@example.gov.uk").await;
    let photo: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
    let (record, sha256) = photographs(&town, &ann, &photo).await;
    let file = town.photos().path(sha256);
    let mut bad = photo.clone();
    bad[200_000] ^= 1;
    std::fs::write(file, bad).unwrap();
    let jo = town.desk("jo@example.gov.uk").await;
    let answer = jo.ask(Method::GET, &format!("/api/v1/records/{record}/photos/pack")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "it has begun");
    assert!(answer.bytes().await.is_err());
    town.running.stop().await.unwrap();
}
