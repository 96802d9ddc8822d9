//! What people say of two cases: the same, not the same after all, or different.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use kerbside_core::ids::RecordId;
use serde::Deserialize;

use super::console::Written;
use super::desk::SignedIn;
use super::{App, Failure};
use crate::clock::now_ms;

#[derive(Debug, Deserialize)]
pub struct Same {
    /// The case that stays.
    with: RecordId,
    /// The view's `seen` of the case that is closed.
    seen: String,
}

/// Closes a case as a duplicate of another.
pub async fn join(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<RecordId>,
    Json(said): Json<Same>,
) -> Result<Json<Written>, Failure> {
    let joining =
        app.db.run(move |store| store.office_join(now_ms(), &signed_in.officer, id, said.with, &said.seen));
    let dot = joining.await?;
    app.live.nudge();
    Ok(Json(Written { dot: dot.to_string() }))
}

#[derive(Debug, Deserialize)]
pub struct NotSame {
    /// The view's `seen`.
    seen: String,
}

/// Takes that back.
pub async fn part(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<RecordId>,
    Json(said): Json<NotSame>,
) -> Result<Json<Written>, Failure> {
    let parting = app.db.run(move |store| store.office_part(now_ms(), &signed_in.officer, id, &said.seen));
    let dot = parting.await?;
    app.live.nudge();
    Ok(Json(Written { dot: dot.to_string() }))
}

#[derive(Debug, Deserialize)]
pub struct Different {
    from: RecordId,
}

pub async fn keep_apart(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<RecordId>,
    Json(said): Json<Different>,
) -> Result<Json<Written>, Failure> {
    let keeping =
        app.db.run(move |store| store.office_keep_apart(now_ms(), &signed_in.officer, id, said.from));
    let dot = keeping.await?;
    app.live.nudge();
    Ok(Json(Written { dot: dot.to_string() }))
}

/// Takes that back.
pub async fn ask_again(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<RecordId>,
    Json(said): Json<Different>,
) -> Result<StatusCode, Failure> {
    app.db.run(move |store| store.office_ask_again(now_ms(), &signed_in.officer, id, said.from)).await?;
    app.live.nudge();
    Ok(StatusCode::NO_CONTENT)
}
