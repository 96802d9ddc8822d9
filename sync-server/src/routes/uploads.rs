//! Sending a photo to the address that was given for it: tus 1.0, so that any tus client can go on where another ended.
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
use super::{App, Failure};
use crate::clock::now_ms;
use crate::photos::Writing;
use crate::store::Upload;

const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
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
    let outcome = match method {
        Method::HEAD => head(&app, &capability).await,
        Method::PATCH => patch(&app, &capability, &headers, body).await,
        Method::OPTIONS => Ok(options()),
        _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
    };
    let mut response = outcome.into_response();
    response.headers_mut().insert(RESUMABLE, HeaderValue::from_static("1.0.0"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn options() -> Response {
    let version = HeaderName::from_static("tus-version");
    (StatusCode::NO_CONTENT, [(version, "1.0.0")]).into_response()
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
    Ok(([(OFFSET, at.to_string()), (LENGTH, upload.bytes.to_string())]).into_response())
}

async fn patch(app: &App, capability: &str, headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
    if headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes) != Some(CHUNK.as_bytes()) {
        return Err(Failure::of(Code::NotUnderstood, "not a piece of an upload"));
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
    Ok((StatusCode::NO_CONTENT, [(OFFSET, reached.to_string())]).into_response())
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
