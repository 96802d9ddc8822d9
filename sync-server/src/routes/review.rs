//! The review tray: what waits for a decision, and the decision.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use kerbside_core::ids::{Actor, Dot};
use serde::Deserialize;

use super::console::Written;
use super::desk::SignedIn;
use super::{App, Failure};
use crate::clock::now_ms;
use crate::store::ReviewPage;

pub async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Json<ReviewPage>, Failure> {
    Ok(Json(app.db.run(move |store| store.review(&signed_in.officer)).await?))
}

pub async fn approve(
    State(app): State<App>,
    signed_in: SignedIn,
    Path((actor, counter)): Path<(u32, u64)>,
) -> Result<Json<Written>, Failure> {
    let dot = Dot { actor: Actor(actor), counter };
    let taken = app.db.run(move |store| store.approve(now_ms(), &signed_in.officer, dot)).await?;
    app.live.nudge();
    Ok(Json(Written { dot: taken.to_string() }))
}

#[derive(Debug, Deserialize)]
pub struct Declining {
    reason: String,
}

pub async fn decline(
    State(app): State<App>,
    signed_in: SignedIn,
    Path((actor, counter)): Path<(u32, u64)>,
    Json(declining): Json<Declining>,
) -> Result<StatusCode, Failure> {
    let dot = Dot { actor: Actor(actor), counter };
    app.db.run(move |store| store.decline(now_ms(), &signed_in.officer, dot, &declining.reason)).await?;
    Ok(StatusCode::NO_CONTENT)
}
