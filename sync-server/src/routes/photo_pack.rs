//! The photos of a record as one file to take away, sent while it is written.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::Code;
use serde::Deserialize;

use super::desk::SignedIn;
use super::{App, Failure, streaming};
use crate::clock::now_ms;
use crate::photos::write_pack;

#[derive(Debug, Deserialize)]
pub struct Asked {
    #[serde(default)]
    originals: bool,
}

pub async fn pack(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(record): Path<RecordId>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let turn = Arc::clone(&app.packing).try_acquire_owned();
    let turn = turn.map_err(|_| Failure::of(Code::Busy, "two packs are being taken").retry_after(5))?;
    let taken =
        app.db.run(move |store| store.photo_pack(now_ms(), &signed_in.officer, record, asked.originals));
    let pack = taken.await?;
    let name = pack.photos_name();
    let photos = app.photos.clone();
    let body = streaming::body("A pack of photos", move |out| {
        let _turn = turn;
        write_pack(&photos, &pack, out)
    });
    let told = [
        (CONTENT_TYPE, "application/zip".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((told, body).into_response())
}
