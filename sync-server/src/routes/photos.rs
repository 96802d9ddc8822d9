//! Photos by their hash: whether one is here, where to send it, and reading it through its record.

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RANGE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use kerbside_core::cbor;
use kerbside_core::exchange::HASH_LIMIT;
use kerbside_core::ids::{DeviceId, RecordId, Sha256};
use kerbside_core::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::body::{device_of, from_any_device, from_device, with_nonce};
use super::desk::signed_in;
use super::device::officer_of;
use super::room::only_if_quick;
use super::uploads::finish_what_is_whole;
use super::{App, Failure};
use crate::clock::now_ms;
use crate::photos::Size;
use crate::store::{Officer, PhotoAsked};

const ASK_LIMIT: usize = 64 * 1024;

#[derive(Debug, Serialize, Deserialize)]
pub struct Ask {
    record: RecordId,
    sha256: Sha256,
    bytes: u64,
}

/// The receipt for a photo that is here; for one that is not, the address to send it to and how much has come.
pub async fn ask(State(app): State<App>, request: Request) -> Response {
    let headers = request.headers().clone();
    let outcome = asked(&app, request).await;
    with_nonce(&app, &headers, outcome).await
}

async fn asked(app: &App, request: Request) -> Result<Response, Failure> {
    only_if_quick(app)?;
    let signed = from_any_device(app, request, ASK_LIMIT).await?;
    let Ask { record, sha256, bytes } = json_of(&signed.body)?;
    let device = signed.device.id;
    let ask = || app.db.run(move |store| store.ask_photo(now_ms(), device, record, sha256, bytes));
    let mut asked = ask().await?;
    if let PhotoAsked::Wanted(upload) = &asked
        && finish_what_is_whole(app, upload).await?
    {
        asked = ask().await?;
    }
    let answer = match asked {
        PhotoAsked::Complete(receipt) => {
            app.live.nudge();
            json!({"state": "complete", "receipt": BASE64URL_NOPAD.encode(&cbor::encode(&receipt))})
        }
        PhotoAsked::Wanted(upload) => {
            let photos = app.photos.clone();
            let measured = upload.clone();
            let offset = tokio::task::spawn_blocking(move || photos.offset(&measured)).await??;
            json!({
                "state": "wanted",
                "upload": format!("/v1/uploads/{}", BASE64URL_NOPAD.encode(&upload.capability)),
                "offset": offset,
                "bytes": upload.bytes,
                "expires_ms": upload.expires_at,
            })
        }
    };
    Ok(Json(answer).into_response())
}

#[derive(Debug, Deserialize)]
struct Have {
    hashes: Vec<Sha256>,
}

/// Which of these the server still lacks.
pub async fn have(State(app): State<App>, request: Request) -> Response {
    let headers = request.headers().clone();
    let outcome = async {
        let signed = from_any_device(&app, request, ASK_LIMIT).await?;
        let Have { hashes } = json_of(&signed.body)?;
        if HASH_LIMIT < hashes.len() {
            return Err(Failure::of(Code::TooLarge, "too many hashes"));
        }
        let device = signed.device.id;
        let missing = app.db.run(move |store| store.missing_photos(device, &hashes)).await?;
        Ok(Json(json!({"missing": missing})).into_response())
    };
    let outcome = outcome.await;
    with_nonce(&app, &headers, outcome).await
}

fn json_of<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|fault| Problem::new(Code::NotUnderstood, fault.to_string()))
}

#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    size: WantedSize,
    /// As it was before something on it was covered.
    #[serde(default)]
    uncovered: bool,
    /// The hash of what is expected: only then may it be kept.
    shown: Option<Sha256>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WantedSize {
    Thumb,
    Display,
    #[default]
    Original,
}

pub async fn read(
    State(app): State<App>,
    Path((record, sha256)): Path<(RecordId, Sha256)>,
    Query(wanted): Query<Wanted>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    let outcome = async {
        let (officer, device) = reader(&app, request).await?;
        let (chosen, wants) = (wanted.size, wanted.uncovered);
        let sha256 = app
            .db
            .run(move |store| {
                let shown = store.shown_photo(&officer, record, sha256)?;
                let shown = shown.ok_or_else(|| Problem::new(Code::NotFound, "no such photo in scope"))?;
                let is_its_own = match device {
                    Some(device) => store.has_sent_photo(device, sha256)?,
                    None => false,
                };
                // A device asks for an original by its hash, and takes other bytes for damage.
                let wants = wants || (device.is_some() && matches!(chosen, WantedSize::Original));
                match shown.covered {
                    Some(covered) if !wants => Ok(covered),
                    Some(_) if !shown.may_uncover && !is_its_own => {
                        Err(Problem::new(Code::NotAllowed, "something on this photo is covered").into())
                    }
                    Some(_) | None => Ok(sha256),
                }
            })
            .await?;
        let kept = if wanted.shown == Some(sha256) { KEPT } else { LOOK_AGAIN };
        match wanted.size {
            WantedSize::Thumb => picture(app.photos.derived(sha256, Size::Thumb).await?, kept),
            WantedSize::Display => picture(app.photos.derived(sha256, Size::Display).await?, kept),
            WantedSize::Original => original(&app, sha256, &headers, kept).await,
        }
    };
    let outcome = outcome.await;
    with_nonce(&app, &headers, outcome).await
}

/// A device that signs, or a desk that is signed in.
pub async fn reader(app: &App, request: Request) -> Result<(Officer, Option<DeviceId>), Failure> {
    if device_of(request.headers()).is_none() {
        return Ok((signed_in(app, request.headers(), true).await?.officer, None));
    }
    let device = from_device(app, request, 0).await?.device;
    let id = device.id;
    Ok((app.db.run(move |store| officer_of(store, &device)).await?, Some(id)))
}

/// A hash never names other bytes, so a browser may keep what it was shown; only its own user sees it.
const KEPT: &str = "private, max-age=86400, immutable";

/// Under an address that names no copy, another may be shown a minute later.
const LOOK_AGAIN: &str = "private, no-cache";

fn picture(bytes: Vec<u8>, kept: &'static str) -> Result<Response, Failure> {
    Ok(([(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, kept)], bytes).into_response())
}

async fn original(
    app: &App,
    sha256: Sha256,
    headers: &HeaderMap,
    kept: &'static str,
) -> Result<Response, Failure> {
    let size = app.photos.size(sha256).await?;
    let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let range = range.map(|text| range_of(text, size)).transpose()?.flatten();
    let bytes = app.photos.original(sha256, range.clone()).await?;
    let kind = match bytes.as_slice() {
        [0xff, 0xd8, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        _ => "application/octet-stream",
    };
    let fixed = [
        (CONTENT_TYPE, kind),
        (ACCEPT_RANGES, "bytes"),
        (CACHE_CONTROL, kept),
        (CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    ];
    Ok(match range {
        Some(range) => {
            let told = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            (StatusCode::PARTIAL_CONTENT, fixed, [(CONTENT_RANGE, told)], bytes).into_response()
        }
        None => (fixed, bytes).into_response(),
    })
}

/// One range of bytes. What is not one is ignored, as HTTP has it; what lies outside is refused.
pub(super) fn range_of(text: &str, size: u64) -> Result<Option<std::ops::Range<u64>>, Problem> {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(tail)) if first.is_empty() => size.saturating_sub(tail)..size,
        (Ok(_) | Err(_), Ok(_) | Err(_)) => return Ok(None),
    };
    if range.is_empty() {
        return Err(Problem::new(Code::RangeWrong, "a range outside the file"));
    }
    Ok(Some(range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_http_writes_it() {
        for (text, expected) in [
            ("bytes=0-9", Ok(Some(0..10))),
            ("bytes=90-", Ok(Some(90..100))),
            ("bytes=-10", Ok(Some(90..100))),
            ("bytes=95-200", Ok(Some(95..100))),
            ("bytes=a-b", Ok(None)),
            ("lines=1-2", Ok(None)),
            ("bytes=100-", Err(Code::RangeWrong)),
            ("bytes=9-3", Err(Code::RangeWrong)),
        ] {
            assert_eq!(range_of(text, 100).map_err(|problem| problem.code), expected, "{text}");
        }
    }
}
