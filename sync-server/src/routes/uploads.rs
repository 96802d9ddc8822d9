//! Sending a photo to the address that was given for it: tus 1.0 with its extension `expiration`, so that any tus client
//! can go on where another ended.
//!
//! The address is the only secret: nothing else is asked of whoever has it, and all it gives is to add bytes.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use kerbside_core::problem::Code;

use super::body::next_piece;
use super::failure::refusal;
use super::{App, Failure};
use crate::clock::{http_date, now_ms};
use crate::photos::Writing;
use crate::store::{PHOTO_LIMIT, Upload};

const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const VERSION: HeaderName = HeaderName::from_static("tus-version");
const EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
/// What a client says that its network lets send no method but POST and GET.
const METHOD: &str = "x-http-method-override";
const SPOKEN: &str = "1.0.0";
const CHUNK: &str = "application/offset+octet-stream";
/// What is gathered before it is written.
const WRITE_AT: usize = 256 * 1024;

pub async fn upload(
    State(app): State<App>,
    Path(capability): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let outcome = match meant(&method, &headers) {
        Method::OPTIONS => Ok(options()),
        _ if headers.get(RESUMABLE).map(HeaderValue::as_bytes) != Some(SPOKEN.as_bytes()) => Ok(not_spoken()),
        Method::HEAD => head(&app, &capability).await,
        Method::PATCH => patch(&app, &capability, &headers, body).await,
        _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
    };
    let mut response = outcome.into_response();
    response.headers_mut().insert(RESUMABLE, HeaderValue::from_static(SPOKEN));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn meant(method: &Method, headers: &HeaderMap) -> Method {
    let said = headers.get(METHOD).and_then(|value| Method::from_bytes(value.as_bytes()).ok());
    said.unwrap_or_else(|| method.clone())
}

fn options() -> Response {
    let told = [
        (VERSION, SPOKEN.to_owned()),
        (EXTENSION, "expiration".to_owned()),
        (MAX_SIZE, PHOTO_LIMIT.to_string()),
    ];
    (StatusCode::NO_CONTENT, told).into_response()
}

fn not_spoken() -> Response {
    let mut response = refused_with(StatusCode::PRECONDITION_FAILED);
    response.headers_mut().insert(VERSION, HeaderValue::from_static(SPOKEN));
    response
}

/// What tus has a status of its own for.
fn refused_with(status: StatusCode) -> Response {
    let mut response = refusal(Code::NotUnderstood);
    *response.status_mut() = status;
    response
}

async fn find(app: &App, capability: &str) -> Result<Upload, Failure> {
    let gone = || Failure::of(Code::UploadGone, "no such upload, or no longer");
    let capability =
        BASE64URL_NOPAD.decode(capability.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    let capability: [u8; 16] = capability.ok_or_else(gone)?;
    app.db.run(move |store| store.upload(now_ms(), capability)).await?.ok_or_else(gone)
}

/// What is on the disk: all of it once the photo has its place.
async fn offset(app: &App, upload: &Upload) -> Result<u64, Failure> {
    if app.photos.path(upload.sha256).exists() && app.photos.size(upload.sha256).await? == upload.bytes {
        let (photos, measured) = (app.photos.clone(), upload.clone());
        let part = tokio::task::spawn_blocking(move || photos.offset(&measured)).await??;
        // Somebody else's copy of the same photo says nothing of what this device has sent.
        return Ok(if part == 0 && is_complete(app, upload).await? { upload.bytes } else { part });
    }
    let (photos, measured) = (app.photos.clone(), upload.clone());
    Ok(tokio::task::spawn_blocking(move || photos.offset(&measured)).await??)
}

async fn is_complete(app: &App, upload: &Upload) -> Result<bool, Failure> {
    let upload = upload.clone();
    Ok(app.db.run(move |store| store.is_upload_complete(&upload)).await?)
}

async fn head(app: &App, capability: &str) -> Result<Response, Failure> {
    let upload = find(app, capability).await?;
    finish_what_is_whole(app, &upload).await?;
    let at = offset(app, &upload).await?;
    let length = [(LENGTH, upload.bytes.to_string())];
    Ok((reached_until(at, &upload), length).into_response())
}

async fn patch(app: &App, capability: &str, headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
    if headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes) != Some(CHUNK.as_bytes()) {
        return Ok(refused_with(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let claimed = headers.get(OFFSET).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let claimed = claimed.ok_or_else(|| Failure::of(Code::NotUnderstood, "no offset"))?;
    let _room = app.room.for_piece().await?;
    let upload = find(app, capability).await?;
    let writing = app.photos.begin(&upload)?;
    let at = offset(app, &upload).await?;
    if claimed != at {
        return Err(Failure::of(Code::PhotoNotWhole, "another offset"));
    }
    let (writing, added) = add(writing, &upload, at, body).await;
    let reached = offset(app, &upload).await?;
    added?;
    if reached == upload.bytes && at < reached {
        finish(app, &writing, &upload).await?;
    }
    Ok((StatusCode::NO_CONTENT, reached_until(reached, &upload)).into_response())
}

/// How much has come, and until when the rest may.
fn reached_until(at: u64, upload: &Upload) -> [(HeaderName, String); 2] {
    [(OFFSET, at.to_string()), (EXPIRES, http_date(upload.expires_at))]
}

/// Writes what comes, as far as it comes. A connection that breaks leaves what it brought.
async fn add(writing: Writing, upload: &Upload, from: u64, body: Body) -> (Writing, Result<(), Failure>) {
    let mut writing = writing;
    let mut pieces = body.into_data_stream();
    let (mut gathered, mut at) = (Vec::new(), from);
    loop {
        let next = next_piece(&mut pieces).await;
        let is_last = !matches!(next, Ok(Some(_)));
        if let Ok(Some(piece)) = &next {
            gathered.extend_from_slice(piece);
        }
        let length = gathered.len() as u64;
        if upload.bytes < at + length {
            return (writing, Err(Failure::of(Code::TooLarge, "more bytes than were announced")));
        }
        if is_last || WRITE_AT <= gathered.len() {
            let bytes = std::mem::take(&mut gathered);
            let written = tokio::task::spawn_blocking(move || {
                let outcome = writing.add(at, &bytes);
                (writing, outcome)
            });
            match written.await {
                Ok((back, Ok(()))) => writing = back,
                Ok((back, Err(fault))) => return (back, Err(fault.into())),
                Err(fault) => std::panic::resume_unwind(fault.into_panic()),
            }
            at += length;
        }
        if is_last {
            return (writing, next.map(|_| ()));
        }
    }
}

/// A server that stopped between the last byte and the hash left the whole of it, and no piece is missing that would
/// finish it: whoever asks about it next does.
pub async fn finish_what_is_whole(app: &App, upload: &Upload) -> Result<bool, Failure> {
    let (photos, measured) = (app.photos.clone(), upload.clone());
    let on_disk = tokio::task::spawn_blocking(move || photos.offset(&measured)).await??;
    if on_disk < upload.bytes || is_complete(app, upload).await? {
        return Ok(false);
    }
    let writing = app.photos.begin(upload)?;
    finish(app, &writing, upload).await?;
    Ok(true)
}

async fn finish(app: &App, writing: &Writing, upload: &Upload) -> Result<(), Failure> {
    let fits = app.photos.finish(writing).await?;
    let done = upload.clone();
    if fits {
        app.db.run(move |store| store.complete_photo(now_ms(), &done)).await?;
        app.live.nudge();
        return Ok(());
    }
    app.db.run(move |store| store.drop_upload(&done)).await?;
    Err(Failure::of(Code::PhotoHashWrong, "other bytes than the hash says"))
}
