//! Bodies of devices: CBOR in zstd, never larger than they may be at any step, and proof of who sent them.

use std::io::Read;
use std::time::Duration;

use anyhow::Context;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use futures_util::StreamExt;
use kerbside_core::cbor;
use kerbside_core::exchange::{DEVICE_HEADER, INFLATED_LIMIT, NONCE_HEADER, SIGNATURE_HEADER, ZSTD_LEVEL};
use kerbside_core::ids::{DeviceId, Sha256};
use kerbside_core::problem::{Code, Problem};
use minicbor::{Decode, Encode};
use tokio::sync::OwnedSemaphorePermit;

use super::{App, Failure};
use crate::auth::proof::{self, Claim};
use crate::clock::now_ms;
use crate::store::{Device, Store};

/// The most a device's request may weigh as sent.
pub const SENT_LIMIT: usize = 4 * 1024 * 1024;
/// A body that stops coming for this long is given up.
pub const IDLE: Duration = Duration::from_secs(30);
const CBOR_KIND: &str = "application/vnd.kerbside+cbor";

/// Reads a whole body: its declared length is checked first, its real one as it comes.
pub async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Failure> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|declared| u64::try_from(limit).is_ok_and(|limit| limit < declared)) {
        return Err(Failure::of(Code::TooLarge, "a body over its limit"));
    }
    let mut whole = Vec::new();
    let mut pieces = body.into_data_stream();
    while let Some(piece) = next_piece(&mut pieces).await? {
        if limit < whole.len() + piece.len() {
            return Err(Failure::of(Code::TooLarge, "a body over its limit"));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.into())
}

/// The next piece of a body, unless it stops coming.
pub async fn next_piece(pieces: &mut axum::body::BodyDataStream) -> Result<Option<Bytes>, Failure> {
    let Ok(next) = tokio::time::timeout(IDLE, pieces.next()).await else {
        return Err(Failure::of(Code::NotUnderstood, "the body stopped coming"));
    };
    let cut = |_| Failure::of(Code::NotUnderstood, "the body was cut short");
    next.transpose().map_err(cut)
}

/// Reads the message in a body, inflated if it was compressed.
pub fn message<T: for<'b> Decode<'b, ()>>(headers: &HeaderMap, sent: &[u8]) -> Result<T, Problem> {
    let inflated;
    let bytes = match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        Some(b"zstd") => {
            inflated = inflate(sent)?;
            inflated.as_slice()
        }
        None | Some(b"identity") => sent,
        Some(_) => return Err(Problem::new(Code::NotUnderstood, "an unknown encoding")),
    };
    cbor::decode(bytes).map_err(|fault| Problem::new(Code::Malformed, fault.to_string()))
}

fn inflate(sent: &[u8]) -> Result<Vec<u8>, Problem> {
    let broken = |_| Problem::new(Code::Malformed, "broken zstd");
    let limit = u64::try_from(INFLATED_LIMIT).unwrap_or(u64::MAX);
    let mut inflated = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(sent).map_err(broken)?;
    decoder.take(limit + 1).read_to_end(&mut inflated).map_err(broken)?;
    if INFLATED_LIMIT < inflated.len() {
        return Err(Problem::new(Code::TooLarge, "a body that inflates over its limit"));
    }
    Ok(inflated)
}

/// A message as an answer.
pub fn reply<T: Encode<()>>(message: &T) -> Result<Response, Failure> {
    Ok(packed(message)?.into_response())
}

/// The headers and the bytes of an answer.
pub type Packed = ([(HeaderName, HeaderValue); 2], Vec<u8>);

/// The same before it is one.
pub fn packed<T: Encode<()>>(message: &T) -> anyhow::Result<Packed> {
    let bytes = zstd::bulk::compress(&cbor::encode(message), ZSTD_LEVEL).context("Compressing a reply")?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(CBOR_KIND)),
        (CONTENT_ENCODING, HeaderValue::from_static("zstd")),
    ];
    Ok((headers, bytes))
}

/// A request that a device has signed.
#[derive(Debug)]
pub struct FromDevice {
    pub device: Device,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The room that its body takes.
    _room: Option<OwnedSemaphorePermit>,
}

/// A request in which a device is named, and nothing proven yet.
#[derive(Debug)]
pub struct Claimed {
    pub headers: HeaderMap,
    pub body: Bytes,
    id: DeviceId,
    method: String,
    path: String,
    room: Option<OwnedSemaphorePermit>,
}

impl Claimed {
    /// Checks that the device it names has signed exactly this, lately.
    pub fn prove(&self, store: &mut Store) -> anyhow::Result<Device> {
        let identity = store.identity()?;
        let device =
            store.device(self.id)?.ok_or_else(|| Problem::new(Code::DeviceUnknown, "no such device"))?;
        let text =
            |name: &str| self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let claim = Claim {
            method: &self.method,
            path: &self.path,
            nonce: text(NONCE_HEADER),
            signature: text(SIGNATURE_HEADER),
        };
        proof::check(&identity, &device, claim, Sha256::of(&self.body), now_ms())?;
        Ok(device)
    }
}

/// Reads a request that names a device. A body whose length nobody says may be as long as the limit.
pub async fn claimed(app: &App, request: Request, limit: usize) -> Result<Claimed, Failure> {
    let (parts, body) = request.into_parts();
    let id = device_of(&parts.headers).ok_or_else(|| Failure::of(Code::ProofWrong, "no device named"))?;
    let length = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let room = app.room.for_body(length.unwrap_or(limit).min(limit)).await?;
    let body = read(&parts.headers, body, limit).await?;
    let path = parts.uri.path_and_query().map_or_else(|| parts.uri.path().to_owned(), ToString::to_string);
    Ok(Claimed { headers: parts.headers, body, id, method: parts.method.to_string(), path, room })
}

/// Reads a request and checks that the device it names has signed exactly this, lately.
pub async fn from_device(app: &App, request: Request, limit: usize) -> Result<FromDevice, Failure> {
    let signed = from_any_device(app, request, limit).await?;
    if signed.device.is_revoked {
        return Err(Failure::of(Code::DeviceRevoked, "revoked device"));
    }
    Ok(signed)
}

/// The same from a device that may have been revoked: what it brings is received, and nothing of others goes to it.
pub async fn from_any_device(app: &App, request: Request, limit: usize) -> Result<FromDevice, Failure> {
    let claimed = claimed(app, request, limit).await?;
    let proven = app.db.run(move |store| Ok((claimed.prove(store)?, claimed))).await?;
    let (device, Claimed { headers, body, room, .. }) = proven;
    Ok(FromDevice { device, headers, body, _room: room })
}

/// The device a request names, proven or not.
pub fn device_of(headers: &HeaderMap) -> Option<DeviceId> {
    headers.get(DEVICE_HEADER)?.to_str().ok()?.parse().ok()
}

/// Gives a device whose nonce was stale a fresh one with the refusal.
pub async fn with_nonce(app: &App, headers: &HeaderMap, outcome: Result<Response, Failure>) -> Response {
    let stale = outcome.as_ref().is_err_and(|failure| failure.code() == Code::NonceStale);
    let mut response = outcome.into_response();
    let Some(device) = device_of(headers).filter(|_| stale) else { return response };
    let fresh = app.db.run(move |store| Ok(proof::nonce(&store.identity()?.nonces, device, now_ms()))).await;
    match fresh.map(|nonce| HeaderValue::from_str(&BASE64URL_NOPAD.encode(&nonce))) {
        Ok(Ok(nonce)) => {
            response.headers_mut().insert(NONCE_HEADER, nonce);
            response
        }
        Ok(Err(fault)) => Failure::from(fault).into_response(),
        Err(fault) => Failure::from(fault).into_response(),
    }
}
