//! What devices ask: enrolment, the exchange, packs. Every request but the first is signed by the device's key.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use kerbside_core::exchange::{Enrol, INFLATED_LIMIT, PROTOCOL, PUSH_LIMIT, Push, Retire, UnlockRequest};
use kerbside_core::problem::{Code, Problem};
use serde_json::json;

use super::body::{SENT_LIMIT, device_of, from_any_device, from_device, message, read, reply, with_nonce};
use super::{App, Failure};
use crate::auth::proof;
use crate::clock::now_ms;
use crate::store::{Officer, Store, Tried};

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

async fn exchange(app: &App, request: Request) -> Result<Response, Failure> {
    let signed = from_any_device(app, request, SENT_LIMIT).await?;
    let push: Push = message(&signed.headers, &signed.body)?;
    let brings_work = !push.changes.is_empty();
    let device = signed.device.id;
    let answer = app.db.run(move |store| store.take(now_ms(), device, &push)).await?;
    if brings_work {
        app.live.nudge();
    }
    reply(&answer)
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

/// What this device should hold, as one hash to compare with its own.
pub async fn digest(State(app): State<App>, request: Request) -> Response {
    let headers = request.headers().clone();
    let outcome = async {
        let device = from_device(&app, request, 0).await?.device;
        let digest = app
            .db
            .run(move |store| {
                let officer = officer_of(store, &device)?;
                store.digest(&officer)
            })
            .await?;
        Ok(Json(digest).into_response())
    };
    let outcome = outcome.await;
    with_nonce(&app, &headers, outcome).await
}

pub async fn pack(
    State(app): State<App>,
    Path((name, version)): Path<(String, u32)>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    let outcome = async {
        let device = from_device(&app, request, 0).await?.device;
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
