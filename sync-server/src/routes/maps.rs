//! Area packs by ranges, for the console's map and for devices. Which ones there are, a device reads in its council's names.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use kerbside_core::area_pack::AreaPack;
use kerbside_core::problem::Code;

use super::desk::SignedIn;
use super::photos::range_of;
use super::{App, Failure};
use crate::maps::PIECE_LIMIT;
use crate::store::Officer;

/// A version of a map never changes, so a browser may keep what it read of it.
const KEPT: &str = "private, max-age=86400, immutable";

pub async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Json<Vec<AreaPack>>, Failure> {
    Ok(Json(app.db.run(move |store| store.maps(&signed_in.officer)).await?))
}

pub async fn read(
    State(app): State<App>,
    signed_in: SignedIn,
    Path((key, version)): Path<(String, u32)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    piece(&app, signed_in.officer, (key, version), &headers).await
}

/// One range of a pack: a whole one may be larger than anybody's memory.
pub async fn piece(
    app: &App,
    officer: Officer,
    (key, version): (String, u32),
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let pack = app.db.run(move |store| store.map(&officer, &key, version)).await?;
    let pack = pack.ok_or_else(|| Failure::of(Code::NotFound, "no such area pack in scope"))?;
    let asked = headers.get(RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let range = range_of(asked, pack.bytes)?;
    let mut range = range.ok_or_else(|| Failure::of(Code::RangeWrong, "an area pack is read by ranges"))?;
    range.end = range.end.min(range.start.saturating_add(PIECE_LIMIT));
    let told = format!("bytes {}-{}/{}", range.start, range.end - 1, pack.bytes);
    let maps = app.maps.clone();
    let bytes = tokio::task::spawn_blocking(move || maps.read(pack.sha256, &range)).await??;
    let headers =
        [(CONTENT_TYPE, "application/vnd.pmtiles"), (ACCEPT_RANGES, "bytes"), (CACHE_CONTROL, KEPT)];
    Ok((StatusCode::PARTIAL_CONTENT, headers, [(CONTENT_RANGE, told)], bytes).into_response())
}
