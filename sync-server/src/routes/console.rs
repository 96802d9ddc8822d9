//! The console's work: trays, cases, answers. Plain JSON; it never carries a change.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use kerbside_core::ids::RecordId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::desk::SignedIn;
use super::{App, Failure};
use crate::clock::now_ms;
use crate::store::{Case, MapPage, OfficeEdit, Store, Tray, TrayPage, TwoAnswersPage};

const PAGE: u32 = 50;

pub async fn trays(State(app): State<App>, signed_in: SignedIn) -> Result<Json<Vec<Tray>>, Failure> {
    Ok(Json(app.db.run(move |store| store.trays(&signed_in.officer)).await?))
}

#[derive(Debug, Deserialize)]
pub struct Paging {
    after: Option<i64>,
    limit: Option<u32>,
}

pub async fn tray(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(key): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<TrayPage>, Failure> {
    let limit = paging.limit.unwrap_or(PAGE);
    let page = app.db.run(move |store| store.tray(&signed_in.officer, &key, paging.after, limit));
    Ok(Json(page.await?))
}

/// The records of a tray that say where they are.
pub async fn map(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(key): Path<String>,
) -> Result<Json<MapPage>, Failure> {
    Ok(Json(app.db.run(move |store| store.map_page(&signed_in.officer, &key)).await?))
}

#[derive(Debug, Deserialize)]
pub struct Search {
    q: String,
}

pub async fn search(
    State(app): State<App>,
    signed_in: SignedIn,
    Query(search): Query<Search>,
) -> Result<Json<TrayPage>, Failure> {
    Ok(Json(app.db.run(move |store| store.search(&signed_in.officer, &search.q)).await?))
}

pub async fn case(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<RecordId>,
) -> Result<Json<Case>, Failure> {
    Ok(Json(app.db.run(move |store| store.case(&signed_in.officer, id)).await?))
}

#[derive(Debug, Deserialize, TS)]
#[ts(export)]
pub struct OfficeChange {
    pub edits: Vec<OfficeEdit>,
}

/// The dot of what was written.
#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub struct Written {
    pub dot: String,
}

pub async fn change(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<RecordId>,
    Json(change): Json<OfficeChange>,
) -> Result<Json<Written>, Failure> {
    let dot =
        app.db.run(move |store| store.office_change(now_ms(), &signed_in.officer, id, &change.edits)).await?;
    app.live.nudge();
    Ok(Json(Written { dot: dot.to_string() }))
}

#[derive(Debug, Deserialize)]
pub struct Withdraw {
    /// The view's `seen` of `@lifecycle`, or that of the case where nobody has said anything about it yet.
    seen: String,
    reason: String,
}

pub async fn withdraw(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<RecordId>,
    Json(asked): Json<Withdraw>,
) -> Result<Json<Written>, Failure> {
    let dot = app
        .db
        .run(move |store| store.office_withdraw(now_ms(), &signed_in.officer, id, &asked.seen, &asked.reason))
        .await?;
    app.live.nudge();
    Ok(Json(Written { dot: dot.to_string() }))
}

pub async fn two_answers(
    State(app): State<App>,
    signed_in: SignedIn,
    Query(paging): Query<Paging>,
) -> Result<Json<TwoAnswersPage>, Failure> {
    let page = app.db.run(move |store| store.two_answers(&signed_in.officer, paging.after));
    Ok(Json(page.await?))
}

#[derive(Debug, Deserialize)]
pub struct NewNote {
    text: String,
}

pub async fn note(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<RecordId>,
    Json(note): Json<NewNote>,
) -> Result<Json<Written>, Failure> {
    let dot =
        app.db.run(move |store| store.office_note(now_ms(), &signed_in.officer, id, &note.text)).await?;
    app.live.nudge();
    Ok(Json(Written { dot: dot.to_string() }))
}

/// Outlines for the drawing beside a case's position.
pub async fn areas(State(app): State<App>, _signed_in: SignedIn) -> Result<Response, Failure> {
    let areas = app.db.run(Store::areas).await?;
    Ok(([(CONTENT_TYPE, "application/json")], areas).into_response())
}
