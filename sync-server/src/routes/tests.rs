//! What the server answers over a real socket: to browsers, to devices, and to whoever means harm.

mod covers;
mod forms;
mod gazetteer;
mod leave;
mod maps;
mod ogc;
mod sending;
mod town;

use std::collections::BTreeSet;
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use kerbside_core::exchange::{NONCE_HEADER, Receipt, Reply};
use kerbside_core::sign::{Label, PublicKey};
use reqwest::{Method, StatusCode};
use serde_json::json;

use town::{PASSWORD, client, code, json_of, town, town_at};

use super::layers::{POLICY, catch_panics};
use crate::config::Listen;
use crate::metrics::Metrics;

#[tokio::test]
async fn every_answer_keeps_browsers_in_bounds_and_every_refusal_is_in_our_own_terms() {
    let town = town().await;
    for (method, path, expected) in [
        (Method::GET, "/nowhere", "not_found"),
        (Method::GET, "/api/v1/trays", "sign_in_needed"),
        (Method::PUT, "/api/v1/trays", "not_understood"),
        (Method::POST, "/v1/sync", "proof_wrong"),
        (Method::POST, "/v1/enrol", "malformed"),
        (Method::HEAD, "/v1/uploads/AAAA", ""),
        (Method::GET, "/healthz", ""),
        (Method::GET, "/readyz", ""),
    ] {
        let answer = town.ask(method.clone(), path).send().await.unwrap();
        assert_eq!(answer.headers()["content-security-policy"], POLICY, "{path}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
        if !expected.is_empty() {
            assert_eq!(code(answer).await, expected, "{method} {path}");
        }
    }
    let page = town.ask(Method::GET, "/console/").send().await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'self'"));
    assert_eq!(page.headers()["x-frame-options"], "SAMEORIGIN");
    let broken =
        town.ask(Method::POST, "/api/v1/session").header("content-type", "application/json").body("{");
    assert_eq!(code(broken.send().await.unwrap()).await, "not_understood");
    let large = town.ask(Method::POST, "/api/v1/session").header("content-type", "application/json");
    let large = large.body(format!("\"{}\"", "x".repeat(300_000))).send().await.unwrap();
    assert_eq!(code(large).await, "too_large");
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_desk_signs_in_works_and_signs_out() {
    let town = town().await;
    let desk = town.desk("jo@example.gov.uk").await;
    assert!(desk.cookie.starts_with("kerbside="), "plain name on loopback");
    assert_eq!(desk.reads("/api/v1/session").await["officer"]["name"], "Jo Ali");
    assert_eq!(desk.reads("/api/v1/trays").await[0]["key"], "arrived");
    let foreign = town.ask(Method::DELETE, "/api/v1/session").header("cookie", &desk.cookie);
    let foreign = foreign.header("kerbside-csrf", &desk.csrf).header("sec-fetch-site", "cross-site");
    assert_eq!(code(foreign.send().await.unwrap()).await, "not_from_console");
    let without = town.ask(Method::DELETE, "/api/v1/session").header("cookie", &desk.cookie);
    let without = without.header("sec-fetch-site", "same-origin");
    assert_eq!(code(without.send().await.unwrap()).await, "not_from_console");
    let devices = desk.ask(Method::GET, "/api/v1/devices").send().await.unwrap();
    assert_eq!(code(devices).await, "not_allowed");
    let out = desk.ask(Method::DELETE, "/api/v1/session").send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    let after = desk.ask(Method::GET, "/api/v1/session").send().await.unwrap();
    assert_eq!(code(after).await, "sign_in_needed");
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn guessing_a_password_gets_slower_and_says_how_long() {
    let town = town().await;
    for _ in 0..5 {
        assert_eq!(code(town.signs_in("jo@example.gov.uk", "wrong").await).await, "sign_in_wrong");
    }
    let waiting = town.signs_in("jo@example.gov.uk", PASSWORD).await;
    assert!(waiting.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(code(waiting).await, "too_many_tries");
    let lee = town.signs_in("lee@example.gov.uk", PASSWORD).await;
    assert_eq!(lee.status(), StatusCode::OK, "a colleague at the same address does not wait");
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn an_administrator_makes_a_code_and_takes_a_device_away() {
    let town = town().await;
    let lee = town.desk("lee@example.gov.uk").await;
    assert_eq!(code(lee.ask(Method::GET, "/api/v1/trays").send().await.unwrap()).await, "not_allowed");
    let made = lee
        .ask(Method::POST, "/api/v1/devices/codes")
        .header("content-type", "application/json")
        .body(json!({"officer": 1}).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(json_of(made).await["code"].as_str().unwrap().len(), 19);
    let ann = town.handheld("ann@example.gov.uk").await;
    assert_eq!(ann.sends("/v1/actor", b"").await.status(), StatusCode::OK);
    let id = ann.enrolled.device;
    let revoked = lee.ask(Method::POST, &format!("/api/v1/devices/{id}/revoke")).send().await.unwrap();
    assert_eq!(revoked.status(), StatusCode::NO_CONTENT);
    assert_eq!(code(ann.sends("/v1/actor", b"").await).await, "device_revoked");
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_device_proves_every_request_and_a_stale_nonce_is_answered_with_a_fresh_one() {
    let town = town().await;
    let mut ann = town.handheld("ann@example.gov.uk").await;
    let push = sending::push(&ann, &[]);
    let answer = ann.sends("/v1/sync", &push).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let inflated = zstd::decode_all(answer.bytes().await.unwrap().as_ref()).unwrap();
    let reply: Reply = kerbside_core::cbor::decode(&inflated).unwrap();
    let receipt: Receipt = reply.receipt.open(Label::Receipt, &ann.enrolled.server_key).unwrap();
    assert_eq!((receipt.device, receipt.through), (ann.enrolled.device, 0));
    assert_eq!(reply.offers.len(), 2);
    for offer in &reply.offers {
        let path = format!("/v1/packs/{}/{}", offer.name, offer.version);
        let pack = ann.ask(Method::GET, &path, b"", b"").send().await.unwrap().bytes().await.unwrap();
        assert_eq!(kerbside_core::ids::Sha256::of(&pack), offer.sha256, "{path}");
    }

    let swapped = ann.ask(Method::POST, "/v1/sync", &push, b"other").send().await.unwrap();
    assert_eq!(code(swapped).await, "proof_wrong");
    let honest = ann.key.clone();
    ann.key = ed25519_dalek::SigningKey::from_bytes(&[4; 32]);
    assert_eq!(code(ann.sends("/v1/sync", &push).await).await, "proof_wrong");
    ann.key = honest;

    ann.nonce[7] ^= 1;
    let stale = ann.sends("/v1/sync", &push).await;
    let fresh = stale.headers()[NONCE_HEADER].to_str().unwrap().to_owned();
    assert_eq!(code(stale).await, "nonce_stale");
    ann.nonce = BASE64URL_NOPAD.decode(fresh.as_bytes()).unwrap();
    assert_eq!(ann.sends("/v1/sync", &push).await.status(), StatusCode::OK);
    assert_eq!(PublicKey::of(&ann.key), PublicKey::of(&ed25519_dalek::SigningKey::from_bytes(&[9; 32])));
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_that_blows_up_or_lies_about_itself_is_stopped_at_its_limit() {
    let town = town().await;
    let ann = town.handheld("ann@example.gov.uk").await;
    let bomb = zstd::encode_all(vec![0; 64 * 1024 * 1024].as_slice(), 3).unwrap();
    assert!(bomb.len() < 100_000);
    let answer = ann.ask(Method::POST, "/v1/sync", &bomb, &bomb).header("content-encoding", "zstd");
    assert_eq!(code(answer.send().await.unwrap()).await, "too_large");
    let broken = ann.ask(Method::POST, "/v1/sync", b"junk", b"junk").header("content-encoding", "zstd");
    assert_eq!(code(broken.send().await.unwrap()).await, "malformed");
    let deep = vec![0x81; 200_000];
    assert_eq!(code(ann.sends("/v1/sync", &deep).await).await, "malformed");
    let large = vec![0; 5 * 1024 * 1024];
    // The server answers before the body has come, so the connection may break while it is still being sent.
    match ann.ask(Method::POST, "/v1/sync", &large, &large).send().await {
        Ok(answer) => assert_eq!(code(answer).await, "too_large"),
        Err(fault) => assert!(fault.is_request() || fault.is_body(), "{fault}"),
    }
    let page = town.ask(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("kerbside_panics_total 0"));
    assert!(page.contains("kerbside_requests_refused_total{code=\"malformed\"} 2"), "{page}");
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_panic_is_one_answer_and_one_count() {
    let metrics = Arc::new(Metrics::default());
    let panics = axum::routing::get(async || -> &'static str { panic!("on purpose") });
    let router = axum::Router::new().route("/", panics).layer(catch_panics(Arc::clone(&metrics)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move { axum::serve(listener, router).await });
    let answer = client().get(format!("http://{address}/")).send().await.unwrap();
    assert_eq!(code(answer).await, "internal");
    assert_eq!(metrics.panics(), 1);
    served.abort();
}

#[tokio::test]
async fn over_tls_the_cookie_is_bound_to_its_host() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, include_str!("tests/localhost-cert.pem")).unwrap();
    std::fs::write(&key, include_str!("tests/localhost-key.pem")).unwrap();
    let town = town_at(Listen {
        bind: "127.0.0.1:0".parse().unwrap(),
        tls_cert: Some(certificate),
        tls_key: Some(key),
    })
    .await;
    assert!(town.running.url.starts_with("https://"));
    let answer = town.signs_in("jo@example.gov.uk", PASSWORD).await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-kerbside=") && cookie.contains("; Secure"), "{cookie}");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    town.running.stop().await.unwrap();
}

#[test]
fn the_description_lists_exactly_the_routes_of_the_table() {
    let description: serde_json::Value = serde_json::from_str(super::health::OPENAPI).unwrap();
    let described: BTreeSet<String> = description["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
        })
        .collect();
    let table = include_str!("mod.rs");
    let routed: BTreeSet<String> = table
        .lines()
        .filter_map(|line| line.trim().strip_prefix(".route(\"")?.split_once("\", "))
        .filter(|(path, _)| path.starts_with("/api/"))
        .flat_map(|(path, handlers)| {
            let methods = ["get", "post", "put", "delete", "patch"];
            let used = methods.into_iter().filter(|method| {
                handlers.starts_with(&format!("{method}(")) || handlers.contains(&format!(".{method}("))
            });
            used.map(|method| format!("{method} {path}")).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(described, routed);
}
