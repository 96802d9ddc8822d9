//! Drafts: a form is brought in as files, looked at with its problems, and published or thrown away.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use data_encoding::BASE64;
use kerbside_core::problem::{Code, Problem};
use serde::Deserialize;
use ts_rs::TS;

use super::{Designer, taking_away};
use crate::bringing::{self, File, Usual};
use crate::clock::now_ms;
use crate::routes::{App, Failure};
use crate::store::{Brought, FormDraft, FormVersion, Publication};

/// The most a form may weigh with its companions, as it is sent.
pub const SENT_LIMIT: usize = 12 * 1024 * 1024;

/// A form's file, and those it needs beside it.
#[derive(Debug, Deserialize, TS)]
#[ts(export)]
pub struct FormFiles {
    pub files: Vec<FormFile>,
    pub service: Option<String>,
    pub ref_prefix: Option<String>,
}

#[derive(Debug, Deserialize, TS)]
#[ts(export)]
pub struct FormFile {
    pub name: String,
    /// Base64.
    pub content: String,
}

/// From when, and who has it.
#[derive(Debug, Deserialize, TS)]
#[ts(export)]
pub struct PublishForm {
    /// At once where there is none.
    #[ts(type = "number | null")]
    pub from_ms: Option<i64>,
    pub teams: BTreeSet<String>,
}

pub async fn list(State(app): State<App>, _designer: Designer) -> Result<Json<Vec<FormDraft>>, Failure> {
    Ok(Json(app.db.run(move |store| store.drafts(now_ms())).await?))
}

pub async fn find(
    State(app): State<App>,
    _designer: Designer,
    Path(id): Path<String>,
) -> Result<Json<FormDraft>, Failure> {
    Ok(Json(app.db.run(move |store| store.draft(now_ms(), &id)).await?))
}

pub async fn bring(
    State(app): State<App>,
    designer: Designer,
    Json(sent): Json<FormFiles>,
) -> Result<Json<FormDraft>, Failure> {
    let turn = app.bringing.clone().acquire_owned().await?;
    let read = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        read(sent)
    });
    let bringing::Read { source, document, problems } = read.await??;
    let brought = Brought { document, source, by: Some(designer.id), problems };
    Ok(Json(app.db.run(move |store| store.keep_draft(now_ms(), &brought)).await?))
}

fn read(sent: FormFiles) -> Result<bringing::Read, Problem> {
    let FormFiles { files, service, ref_prefix } = sent;
    let decoded = files.into_iter().map(|FormFile { name, content }| {
        let bytes = BASE64.decode(content.as_bytes());
        bytes.map(|bytes| File { name, bytes }).map_err(|_| Problem::new(Code::NotUnderstood, "not base64"))
    });
    let files = decoded.collect::<Result<Vec<_>, _>>()?;
    let form = bringing::form_among(&files)
        .ok_or_else(|| Problem::new(Code::NotUnderstood, "one form is brought at a time"))?;
    Ok(bringing::read(form, &files, &Usual { service, ref_prefix }, &bringing::codes_among(&files)))
}

pub async fn publish(
    State(app): State<App>,
    designer: Designer,
    Path(id): Path<String>,
    Json(wanted): Json<PublishForm>,
) -> Result<Json<FormVersion>, Failure> {
    let by = designer.id;
    let publication = Publication { by: Some(by), from_ms: wanted.from_ms, teams: Some(wanted.teams) };
    let (form, published) = app.db.run(move |store| store.publish_draft(now_ms(), &id, &publication)).await?;
    tracing::info!(officer = by.0, form, version = published.version, "a form is published");
    Ok(Json(published))
}

pub async fn discard(
    State(app): State<App>,
    _designer: Designer,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    app.db.run(move |store| store.drop_draft(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn document(
    State(app): State<App>,
    _designer: Designer,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    taking_away::document(&*app.db.run(move |store| store.draft_form(&id)).await?)
}

pub async fn schema(
    State(app): State<App>,
    _designer: Designer,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    taking_away::schema(&*app.db.run(move |store| store.draft_form(&id)).await?)
}

pub async fn workbook(
    State(app): State<App>,
    _designer: Designer,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    taking_away::workbook(&app, app.db.run(move |store| store.draft_form(&id)).await?).await
}
