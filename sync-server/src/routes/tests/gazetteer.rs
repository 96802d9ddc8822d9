//! A council's addresses on their way from the server to a device, over the wire.

use kerbside_core::gazetteer::source::Piece;
use kerbside_core::gazetteer::{GazetteerPage, invented};
use kerbside_core::sign::{Label, Signed};
use kerbside_device::{Identity, Vault, clock};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::town::{Handheld, Town, code, town};
use crate::clock::now_ms;
use crate::store::gazetteer::{Bringing, Staging};

fn bring(town: &Town, numbers: std::ops::Range<u64>) {
    let mut staging = Staging::new().unwrap();
    for number in numbers {
        staging.put(number + 1, &Piece::Whole(Box::new(invented::address(number)))).unwrap();
    }
    let bringing = Bringing { area: "council", source: "invented", now_ms: now_ms() };
    town.store().bring_gazetteer(&staging, &bringing).unwrap();
}

fn vault(town: &Town, handheld: &Handheld<'_>) -> Vault {
    let enrolled = &handheld.enrolled;
    let identity = Identity {
        server_url: town.url(""),
        ca_pem: None,
        server: enrolled.server,
        server_key: enrolled.server_key.0,
        council: enrolled.council.clone(),
        device: enrolled.device,
        officer: enrolled.officer,
        officer_name: enrolled.officer_name.clone(),
        short_code: enrolled.short_code.clone(),
    };
    Vault::in_memory(&identity, enrolled.actor, enrolled.epoch, handheld.key.to_bytes(), 7).unwrap()
}

fn found(vault: &Vault, typed: &str) -> Vec<String> {
    vault.search_addresses(typed, 10).unwrap().hits.into_iter().map(|hit| hit.line).collect()
}

#[tokio::test]
async fn a_device_fetches_the_addresses_and_later_what_changed() {
    let town = town().await;
    bring(&town, 0..1_500);
    let handheld = town.handheld("ann@example.gov.uk").await;
    let mut ann = vault(&town, &handheld);
    let synced = |mut vault: Vault| async {
        let done = tokio::task::spawn_blocking(move || {
            let report = kerbside_device::sync(&mut vault, None, &clock::now).unwrap();
            (vault, report)
        });
        done.await.unwrap()
    };
    let report;
    (ann, report) = synced(ann).await;
    assert_eq!(report.stopped, None);
    let wanted = invented::address(35);
    assert_eq!(found(&ann, &wanted.text())[0], wanted.line());
    assert_eq!(found(&ann, &invented::address(1_499).uprn.to_string()).len(), 1, "both pages are here");
    let first_bytes = report.bytes_down;
    bring(&town, 10..1_503);
    let report;
    (ann, report) = synced(ann).await;
    assert!(found(&ann, &invented::address(5).uprn.to_string()).is_empty(), "what went is gone");
    assert_eq!(found(&ann, &invented::address(1_502).uprn.to_string()).len(), 1);
    assert!(report.bytes_down * 5 < first_bytes, "{} of {first_bytes}", report.bytes_down);
    let report;
    (_, report) = synced(ann).await;
    assert!(report.bytes_down < 1_000, "nothing new is not told: {}", report.bytes_down);
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn an_address_is_found_from_a_desk_by_whoever_has_signed_in() {
    let town = town().await;
    let path = |typed: &str| format!("/api/v1/addresses?typed={typed}");
    assert_eq!(town.ask(Method::GET, &path("elm")).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let jo = town.desk("jo@example.gov.uk").await;
    let found = jo.reads(&path("elm")).await;
    assert_eq!((&found["is_here"], found["hits"].as_array().unwrap().len()), (&json!(false), 0));
    bring(&town, 0..200);
    let wanted = invented::address(35);
    let found = jo.reads(&path(&wanted.uprn.to_string())).await;
    assert_eq!((&found["is_here"], &found["hits"][0]["line"]), (&json!(true), &json!(wanted.line())));
    let long = jo.ask(Method::GET, &path(&"a".repeat(201))).send().await.unwrap();
    assert_eq!(code(long).await, "too_large");
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_page_is_signed_and_a_release_that_is_gone_is_not_there() {
    let town = town().await;
    bring(&town, 0..30);
    let handheld = town.handheld("ann@example.gov.uk").await;
    let path = "/v1/packs/gazetteer.council/1?since=0&after=0";
    let answer = handheld.ask(Method::GET, path, &[], &[]).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let body = zstd::decode_all(answer.bytes().await.unwrap().as_ref()).unwrap();
    let signed: Signed = kerbside_core::cbor::decode(&body).unwrap();
    let page: GazetteerPage = signed.open(Label::Gazetteer, &handheld.enrolled.server_key).unwrap();
    assert_eq!((page.added.len(), page.through), (30, None));
    let gone = handheld.ask(Method::GET, "/v1/packs/gazetteer.council/2", &[], &[]).send().await.unwrap();
    assert_eq!(code(gone).await, "not_found");
    let unsigned = town.ask(Method::GET, path).send().await.unwrap();
    assert_eq!(code(unsigned).await, "proof_wrong");
    town.running.stop().await.unwrap();
}
