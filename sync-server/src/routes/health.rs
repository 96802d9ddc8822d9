//! Whether the server lives, whether it can really commit, what it has counted, and its description.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use kerbside_core::problem::Code;

use super::{App, Failure};
use crate::clock::now_ms;
use crate::store::{Store, is_disk_full};

/// The description of `/api/v1`; a test compares it with the table of routes.
pub const OPENAPI: &str = include_str!("openapi.json");

pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Commits a row and makes a file, as a change and a photo would.
pub async fn readyz(State(app): State<App>) -> Result<&'static str, Failure> {
    let photos = app.photos.clone();
    let committed = app.db.run(|store| store.beat(now_ms())).await;
    let written = tokio::task::spawn_blocking(move || photos.beat()).await?;
    if let Err(fault) = committed.and(written) {
        tracing::error!("Not ready: {fault:#}");
        let code = if is_disk_full(&fault) { Code::DiskFull } else { Code::Busy };
        return Err(Failure::of(code, "the store does not commit"));
    }
    Ok("ready\n")
}

pub async fn metrics(State(app): State<App>) -> Result<Response, Failure> {
    let counts = app.db.run(Store::counts).await?;
    let page = app.metrics.page(&counts, now_ms());
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], page).into_response())
}

pub async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
