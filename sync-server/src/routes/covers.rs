//! Covering faces and plates on a photo: the copy is drawn and on the disk before it is noted.

use axum::Json;
use axum::extract::{Path, State};
use kerbside_core::ids::{RecordId, Sha256};
use serde::Deserialize;
use ts_rs::TS;

use super::desk::SignedIn;
use super::{App, Failure};
use crate::clock::now_ms;
use crate::photos::{CoverBox, require_drawable};
use crate::store::{Cover, Covering};

/// All boxes that are to be on the photo; none of them shows the original again.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct CoverAsked {
    /// The number of the drawing that the person had in front of them; 0 for none.
    pub seen: u32,
    pub boxes: Vec<CoverBox>,
}

pub async fn cover(
    State(app): State<App>,
    signed_in: SignedIn,
    Path((record, sha256)): Path<(RecordId, Sha256)>,
    Json(asked): Json<CoverAsked>,
) -> Result<Json<Cover>, Failure> {
    require_drawable(&asked.boxes)?;
    let CoverAsked { seen, boxes } = asked;
    let (officer, looked) = (signed_in.officer, boxes.clone());
    let officer = app
        .db
        .run(move |store| {
            let covering = Covering { officer: &officer, record, sha256, seen };
            store.require_may_cover(covering, &looked)?;
            Ok(officer)
        })
        .await?;
    let drawn = if boxes.is_empty() { None } else { Some(draw(&app, sha256, &boxes).await?) };
    let cover = app.db.run(move |store| {
        let covering = Covering { officer: &officer, record, sha256, seen };
        store.cover_photo(now_ms(), covering, &boxes, drawn)
    });
    let cover = cover.await?;
    app.live.nudge();
    Ok(Json(cover))
}

async fn draw(app: &App, sha256: Sha256, boxes: &[CoverBox]) -> Result<(Sha256, u64), Failure> {
    let bytes = app.photos.covered(sha256, boxes.to_vec()).await?;
    let covered = Sha256::of(&bytes);
    app.db.run(move |store| store.expect_cover(covered)).await?;
    let (photos, length) = (app.photos.clone(), bytes.len() as u64);
    tokio::task::spawn_blocking(move || photos.keep(&bytes)).await??;
    Ok((covered, length))
}
