//! A real server on a free port, a desk with a cookie, and a handheld that signs what it sends.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::SigningKey;
use kerbside_core::cbor;
use kerbside_core::exchange::{DEVICE_HEADER, Enrol, Enrolled, NONCE_HEADER, RequestProof, SIGNATURE_HEADER};
use kerbside_core::form::{Codes, Form};
use kerbside_core::ids::Sha256;
use kerbside_core::sign::{Label, PublicKey, Signed};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::auth::password;
use crate::clock::now_ms;
use crate::config::{Home, Listen};
use crate::serve::{self, Running};
use crate::store::{CouncilFile, Store};

pub(super) const PASSWORD: &str = "correct horse battery";

pub(super) struct Town {
    pub(super) running: Running,
    pub(super) client: Client,
    pub(super) home: Home,
    _folder: tempfile::TempDir,
}

pub(super) async fn town() -> Town {
    town_at(Listen { bind: "127.0.0.1:0".parse().unwrap(), tls_cert: None, tls_key: None }).await
}

pub(super) async fn town_at(listen: Listen) -> Town {
    let folder = tempfile::tempdir().unwrap();
    let home = Home { data: folder.path().join("server"), database: None, ledger: None };
    let mut store = home.place().unwrap().open().unwrap();
    store.establish(now_ms()).unwrap();
    let council: CouncilFile = serde_json::from_value(json!({
        "key": "demo", "name": "Demonstration Council",
        "teams": [{"key": "wardens-north", "name": {"en": "Wardens north"}, "service": "street", "forms": ["fly_tip"]},
            {"key": "housing-east", "name": {"en": "Housing east"}, "service": "housing", "forms": ["fly_tip"]}],
        "officers": [
            {"email": "ann@example.gov.uk", "name": "Ann Bailey", "role": "officer", "teams": ["wardens-north"], "short_code": "W07"},
            {"email": "priya@example.gov.uk", "name": "Priya Shah", "role": "officer", "teams": ["housing-east"]},
            {"email": "sam@example.gov.uk", "name": "Sam Reed", "role": "supervisor", "teams": ["wardens-north"]},
            {"email": "vic@example.gov.uk", "name": "Vic Oduya", "role": "viewer", "teams": ["wardens-north"]},
            {"email": "val@example.gov.uk", "name": "Val Moss", "role": "auditor"},
            {"email": "jo@example.gov.uk", "name": "Jo Ali", "role": "triager", "service": "street"},
            {"email": "lee@example.gov.uk", "name": "Lee Grant", "role": "admin"},
            {"email": "mo@example.gov.uk", "name": "Mo Prys", "role": "designer"}
        ],
        "phones": {"needles": {"name": {"en": "Needle team"}, "number": "01632 960101"}}
    }))
    .unwrap();
    let hashed = password::hash(PASSWORD).unwrap();
    let passwords: BTreeMap<_, _> =
        council.officers.iter().map(|officer| (officer.email.clone(), hashed.clone())).collect();
    store.load_council(&council, &passwords).unwrap();
    let form = json!({
        "settings": {"form_id": "fly_tip", "version": 1, "form_title": {"en": "Fly-tip"}, "service": "street", "ref_prefix": "FT"},
        "survey": [{"type": "text", "name": "where", "label": {"en": "Where is it?"}}]
    });
    store.put_form(now_ms(), &Form::parse(&form.to_string(), &Codes::default()).unwrap()).unwrap();
    let running = serve::start(&home, &listen).await.unwrap();
    let client = client();
    Town { running, client, home, _folder: folder }
}

pub(super) fn client() -> Client {
    // Every test asks for it; the first wins.
    rustls::crypto::ring::default_provider().install_default().ok();
    // The certificate of these tests is signed by nobody.
    Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).build().unwrap()
}

impl Town {
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url)
    }

    pub(super) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(super) fn store(&self) -> Store {
        self.home.place().unwrap().open().unwrap()
    }

    pub(super) fn photos(&self) -> crate::photos::Photos {
        crate::photos::Photos::open(&self.home.photos().unwrap()).unwrap()
    }

    pub(super) async fn signs_in(&self, email: &str, password: &str) -> Response {
        self.ask(Method::POST, "/api/v1/session")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json")
            .body(json!({"email": email, "password": password}).to_string())
            .send()
            .await
            .unwrap()
    }

    pub(super) async fn desk(&self, email: &str) -> Desk<'_> {
        let answer = self.signs_in(email, PASSWORD).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let session = json_of(answer).await;
        Desk { town: self, cookie, csrf: session["csrf"].as_str().unwrap().to_owned() }
    }

    pub(super) async fn handheld(&self, email: &str) -> Handheld<'_> {
        let mut store = self.store();
        let (officer, _) = store.officer_by_email(email).unwrap().unwrap();
        let code = store.make_device_code(&officer, now_ms()).unwrap().code;
        let key = SigningKey::from_bytes(&[9; 32]);
        let enrol = Enrol {
            code,
            key: PublicKey::of(&key),
            name: "phone".into(),
            app: "0.1.0".into(),
            unlock_share: vec![7; 32],
            proof: None,
        };
        let answer = self.ask(Method::POST, "/v1/enrol").body(cbor::encode(&enrol)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let inflated = zstd::decode_all(answer.bytes().await.unwrap().as_ref()).unwrap();
        let enrolled: Enrolled = cbor::decode(&inflated).unwrap();
        Handheld { town: self, nonce: enrolled.nonce.clone(), enrolled, key }
    }
}

pub(super) struct Desk<'a> {
    town: &'a Town,
    pub(super) cookie: String,
    pub(super) csrf: String,
}

impl<'a> Desk<'a> {
    pub(super) fn of_nobody(town: &'a Town) -> Self {
        Self { town, cookie: "kerbside=none".into(), csrf: String::new() }
    }
}

impl Desk<'_> {
    pub(super) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.town
            .ask(method, path)
            .header("cookie", &self.cookie)
            .header("kerbside-csrf", &self.csrf)
            .header("sec-fetch-site", "same-origin")
    }

    pub(super) async fn posts(&self, path: &str, body: Value) -> Response {
        let request = self.ask(Method::POST, path).header("content-type", "application/json");
        request.body(body.to_string()).send().await.unwrap()
    }

    pub(super) async fn reads(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        json_of(answer).await
    }
}

pub(super) struct Handheld<'a> {
    town: &'a Town,
    pub(super) enrolled: Enrolled,
    pub(super) nonce: Vec<u8>,
    pub(super) key: SigningKey,
}

impl Handheld<'_> {
    /// A request signed for `signed_body`, carrying `body`.
    pub(super) fn ask(&self, method: Method, path: &str, signed_body: &[u8], body: &[u8]) -> RequestBuilder {
        let proof = RequestProof {
            server: self.enrolled.server,
            council: self.enrolled.council.clone(),
            device: self.enrolled.device,
            method: method.to_string(),
            path: path.to_owned(),
            body: Sha256::of(signed_body),
            nonce: self.nonce.clone(),
        };
        let signature = Signed::new(Label::Request, &proof, &self.key).signature;
        self.town
            .ask(method, path)
            .header(DEVICE_HEADER, self.enrolled.device.to_string())
            .header(NONCE_HEADER, BASE64URL_NOPAD.encode(&self.nonce))
            .header(SIGNATURE_HEADER, BASE64URL_NOPAD.encode(&signature))
            .body(body.to_vec())
    }

    pub(super) async fn sends(&self, path: &str, body: &[u8]) -> Response {
        self.ask(Method::POST, path, body, body).send().await.unwrap()
    }
}

pub(super) async fn json_of(answer: Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

/// The code of a refusal, which must be in our own terms.
pub(super) async fn code(answer: Response) -> String {
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let body = json_of(answer).await;
    body["code"].as_str().unwrap().to_owned()
}
