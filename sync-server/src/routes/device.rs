//! What devices ask: enrolment, the exchange, packs. Every request but the first is signed by the device's key.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::SigningKey;
use kerbside_core::area_pack::MAP_PACK;
use kerbside_core::exchange::{
    Enrol, INFLATED_LIMIT, PROTOCOL, PUSH_LIMIT, Push, Question, Retire, UnlockRequest,
};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::sign::{Label, Signed};
use serde::Deserialize;
use serde_json::json;

use super::body::{
    SENT_LIMIT, claimed, device_of, from_any_device, from_device, message, packed, read, reply, with_nonce,
};
use super::room::only_if_quick;
use super::{App, Failure, maps};
use crate::auth::proof;
use crate::clock::now_ms;
use crate::store::gazetteer;
use crate::store::{Officer, Repair, Store, Tried};

const ENROL_LIMIT: usize = 16 * 1024;

/// Limits, versions, and a first nonce for a device that names itself.
pub async fn hello(State(app): State<App>, headers: HeaderMap) -> Result<Response, Failure> {
    let device = device_of(&headers);
    let identity = app.db.run(Store::identity).await?;
    let nonce =
        device.map(|device| BASE64URL_NOPAD.encode(&proof::nonce(&identity.nonces, device, now_ms())));
    let hello = json!({
        "protocol": {"min": PROTOCOL, "max": PROTOCOL},
        "server": identity.server,
        "council": identity.council,
        "council_name": identity.council_name,
        "epoch": identity.epoch,
        "now_ms": now_ms(),
        "nonce": nonce,
        "limits": {"changes": PUSH_LIMIT, "inflated": INFLATED_LIMIT, "photo": crate::store::PHOTO_LIMIT},
    });
    Ok(Json(hello).into_response())
}

pub async fn enrol(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let sent = read(&parts.headers, body, ENROL_LIMIT).await?;
    let enrol: Enrol = message(&parts.headers, &sent)?;
    let enrolled = with_code(&app, address, move |store, now| store.enrol_device(now, &enrol)).await?;
    reply(&enrolled)
}

/// The way back into a vault whose PIN was forgotten: a fresh code, and no signature, since the key is inside.
pub async fn unlock(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let sent = read(&parts.headers, body, ENROL_LIMIT).await?;
    let wanted: UnlockRequest = message(&parts.headers, &sent)?;
    let unlocked = with_code(&app, address, move |store, now| store.unlock_online(now, &wanted)).await?;
    reply(&unlocked)
}

/// Spends a code, and makes whoever guesses codes wait ever longer.
async fn with_code<T: Send + 'static>(
    app: &App,
    address: SocketAddr,
    spend: impl FnOnce(&mut Store, i64) -> anyhow::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let keys = vec![Tried { key: format!("code:{}", address.ip()), free: 20 }];
    let spent = app.db.run(move |store| {
        let now = now_ms();
        if 0 < store.sign_in_wait_ms(&keys, now)? {
            return Err(Problem::new(Code::TooManyTries, "too many codes tried").into());
        }
        let spent = spend(store, now);
        let wrong = spent.as_ref().is_err_and(|fault| {
            fault.downcast_ref::<Problem>().is_some_and(|problem| problem.code == Code::CodeWrong)
        });
        if wrong {
            store.count_sign_in(&keys, false, now)?;
        }
        spent
    });
    Ok(spent.await?)
}

pub async fn sync(State(app): State<App>, request: Request) -> Response {
    let headers = request.headers().clone();
    let outcome = exchange(&app, request).await;
    with_nonce(&app, &headers, outcome).await
}

/// Proof, taking and the reply's bytes in one turn at the database.
async fn exchange(app: &App, request: Request) -> Result<Response, Failure> {
    let claimed = claimed(app, request, SENT_LIMIT).await?;
    only_if_quick(app)?;
    let take = move |store: &mut Store| {
        let device = claimed.prove(store)?.id;
        let push: Push = message(&claimed.headers, &claimed.body)?;
        let reply = store.take(now_ms(), device, &push)?;
        Ok((packed(&reply)?, !push.changes.is_empty()))
    };
    let (answer, brings_work) = app.db.run(take).await?;
    if brings_work {
        app.live.nudge();
    }
    Ok(answer.into_response())
}

pub async fn actor(State(app): State<App>, request: Request) -> Response {
    let headers = request.headers().clone();
    let outcome = async {
        let device = from_device(&app, request, ENROL_LIMIT).await?.device.id;
        reply(&app.db.run(move |store| store.allot(device)).await?)
    };
    let outcome = outcome.await;
    with_nonce(&app, &headers, outcome).await
}

pub async fn retire(State(app): State<App>, request: Request) -> Response {
    let headers = request.headers().clone();
    let outcome = async {
        let signed = from_any_device(&app, request, SENT_LIMIT).await?;
        let retire: Retire = message(&signed.headers, &signed.body)?;
        let device = signed.device.id;
        reply(&app.db.run(move |store| store.retire(now_ms(), device, &retire)).await?)
    };
    let outcome = outcome.await;
    with_nonce(&app, &headers, outcome).await
}

/// `?version=1&cursor=…&list=0a,1f&known=ID,ID`, all of it as the device chooses.
#[derive(Debug, Deserialize)]
pub struct Asked {
    #[serde(default)]
    version: u32,
    #[serde(default)]
    cursor: String,
    #[serde(default)]
    list: String,
    #[serde(default)]
    known: String,
}

impl Asked {
    fn question(&self) -> Result<Question, Problem> {
        let unclear = |_| Problem::new(Code::NotUnderstood, "a question that cannot be read");
        let cursor = BASE64URL_NOPAD.decode(self.cursor.as_bytes());
        Ok(Question {
            version: self.version,
            cursor: cursor.map_err(|_| Problem::new(Code::NotUnderstood, "a cursor that cannot be read"))?,
            list: parts(&self.list).map(str::parse).collect::<Result<_, _>>().map_err(unclear)?,
            known: parts(&self.known).map(str::parse).collect::<Result<_, _>>().map_err(unclear)?,
        })
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(|part| !part.is_empty())
}

/// What this device should hold, as digests to compare with its own at the same number of the log.
pub async fn digest(State(app): State<App>, Query(asked): Query<Asked>, request: Request) -> Response {
    let headers = request.headers().clone();
    let outcome = async {
        let device = from_device(&app, request, 0).await?.device;
        let question = asked.question()?;
        let compared = app.db.run(move |store| {
            let officer = officer_of(store, &device)?;
            store.compare(device.id, &officer, &question)
        });
        Ok(Json(compared.await?).into_response())
    };
    let outcome = outcome.await;
    with_nonce(&app, &headers, outcome).await
}

#[derive(Debug, Deserialize)]
struct Bodies {
    changes: Vec<String>,
}

/// Changes whose bytes went bad here, from the device that made them: `{changes: [base64url]}`.
pub async fn give_back(State(app): State<App>, request: Request) -> Response {
    let headers = request.headers().clone();
    let outcome = async {
        let signed = from_device(&app, request, SENT_LIMIT).await?;
        let unclear = || Problem::new(Code::NotUnderstood, "changes that cannot be read");
        let Bodies { changes } = serde_json::from_slice(&signed.body).map_err(|_| unclear())?;
        let bodies: Vec<Vec<u8>> = changes
            .iter()
            .map(|text| BASE64URL_NOPAD.decode(text.as_bytes()))
            .collect::<Result<_, _>>()
            .map_err(|_| unclear())?;
        let taken = app.db.run(move |store| store.take_back(signed.device.id, &bodies)).await?;
        Ok(Json(json!({"taken": taken})).into_response())
    };
    let outcome = outcome.await;
    with_nonce(&app, &headers, outcome).await
}

#[derive(Debug, Deserialize)]
struct Repairs {
    repairs: Vec<Repair>,
}

/// What a device has put right by itself: `{repairs: [{number, at_ms, kind, record, photo}]}`. Safe to repeat.
pub async fn repairs(State(app): State<App>, request: Request) -> Response {
    let headers = request.headers().clone();
    let outcome = async {
        let signed = from_device(&app, request, SENT_LIMIT).await?;
        let Repairs { repairs } = serde_json::from_slice(&signed.body)
            .map_err(|_| Problem::new(Code::NotUnderstood, "repairs that cannot be read"))?;
        let kept = repairs.len();
        app.db.run(move |store| store.note_repairs(now_ms(), signed.device.id, &repairs)).await?;
        Ok(Json(json!({"kept": kept})).into_response())
    };
    let outcome = outcome.await;
    with_nonce(&app, &headers, outcome).await
}

/// How far a device is with a gazetteer: the release it holds, and the last UPRN of the one that comes.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct HowFar {
    #[serde(default)]
    since: u32,
    #[serde(default)]
    after: u64,
}

pub async fn pack(
    State(app): State<App>,
    Path((name, version)): Path<(String, u32)>,
    Query(far): Query<HowFar>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    let outcome = async {
        let device = from_device(&app, request, 0).await?.device;
        if let Some(area) = name.strip_prefix(gazetteer::PACK).map(str::to_owned) {
            let page = move |store: &mut Store| {
                let officer = officer_of(store, &device)?;
                let page = store.gazetteer_page(&officer, (&area, version), (far.since, far.after))?;
                let key = SigningKey::from_bytes(&store.identity()?.signing);
                page.map(|page| packed(&Signed::new(Label::Gazetteer, &page, &key))).transpose()
            };
            let page = app.db.run(page).await?;
            return Ok(page.ok_or_else(|| Failure::of(Code::NotFound, "no such release"))?.into_response());
        }
        if let Some(map) = name.strip_prefix(MAP_PACK) {
            let officer = app.db.run(move |store| officer_of(store, &device)).await?;
            return maps::piece(&app, officer, (map.to_owned(), version), &headers).await;
        }
        let pack = app
            .db
            .run(move |store| {
                let officer = officer_of(store, &device)?;
                store.pack(&name, version, &officer)
            })
            .await?;
        let pack = pack.ok_or_else(|| Failure::of(Code::NotFound, "no such pack"))?;
        Ok(([(CONTENT_TYPE, "application/json")], pack).into_response())
    };
    let outcome = outcome.await;
    with_nonce(&app, &headers, outcome).await
}

/// The officer who holds the device. One who left holds none.
pub fn officer_of(store: &mut Store, device: &crate::store::Device) -> anyhow::Result<Officer> {
    let officer = store.officer(device.officer)?;
    officer.ok_or_else(|| Problem::new(Code::DeviceRevoked, "the device's officer has left").into())
}
