//! What the council looks after, for the console's map and its list.

use axum::Json;
use axum::extract::{Path, Query, State};
use kerbside_core::assets::find::{AssetsFound, AssetsInView, Spot, ViewBounds};
use kerbside_core::problem::{Code, Problem};
use serde::Deserialize;

use super::desk::SignedIn;
use super::{App, Failure};
use crate::store::AssetCase;

const SHOWN: usize = 50;
/// Longer than any code or street; letters, not bytes.
const SOUGHT_LIMIT: usize = 200;

pub async fn in_view(
    State(app): State<App>,
    _signed_in: SignedIn,
    Query(view): Query<ViewBounds>,
) -> Result<Json<AssetsInView>, Failure> {
    Ok(Json(app.db.run(move |store| store.assets_in_view(&view)).await?))
}

#[derive(Debug, Deserialize)]
pub struct Asked {
    #[serde(default)]
    sought: String,
    lat: Option<f64>,
    lon: Option<f64>,
}

pub async fn find(
    State(app): State<App>,
    _signed_in: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Json<AssetsFound>, Failure> {
    if SOUGHT_LIMIT < asked.sought.chars().count() {
        return Err(Problem::new(Code::TooLarge, "a code or a street is shorter").into());
    }
    let from = asked.lat.zip(asked.lon).map(|(lat, lon)| Spot { lat, lon });
    Ok(Json(app.db.run(move |store| store.find_assets(from, &asked.sought, SHOWN)).await?))
}

/// One asset, with the cases at it that whoever asks may read.
pub async fn show(
    State(app): State<App>,
    signed_in: SignedIn,
    Path((set, code)): Path<(String, String)>,
) -> Result<Json<AssetCase>, Failure> {
    let found = app.db.run(move |store| store.asset(&signed_in.officer, &set, &code)).await?;
    Ok(Json(found.ok_or_else(|| Problem::new(Code::NotFound, "no such asset"))?))
}
