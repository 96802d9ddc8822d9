//! Forms at the desk of whoever makes them: brought in, tried, published, withdrawn, taken away again.

pub mod answering;
pub mod drafts;
mod taking_away;

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::response::Response;
use kerbside_core::form::Form;
use kerbside_core::ids::OfficerId;
use kerbside_core::problem::Code;

use super::desk::SignedIn;
use super::{App, Failure};
use crate::auth::{Action, Target, authorise};
use crate::clock::now_ms;
use crate::store::{FormLine, FormVersion};

/// Whoever may make forms, as the handlers here ask for them.
#[derive(Debug)]
pub struct Designer {
    pub id: OfficerId,
}

impl FromRequestParts<App> for Designer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let officer = SignedIn::from_request_parts(parts, app).await?.officer;
        if authorise(&officer, Action::DesignForms, Target::Council).is_allowed() {
            return Ok(Self { id: officer.id });
        }
        Err(Failure::of(Code::NotAllowed, "this role makes no forms"))
    }
}

pub async fn list(State(app): State<App>, _designer: Designer) -> Result<Json<Vec<FormLine>>, Failure> {
    Ok(Json(app.db.run(move |store| store.form_lines(now_ms())).await?))
}

pub async fn withdraw(
    State(app): State<App>,
    designer: Designer,
    Path((key, version)): Path<(String, u32)>,
) -> Result<Json<FormVersion>, Failure> {
    tracing::info!(officer = designer.id.0, form = key, version, "a form is withdrawn");
    Ok(Json(app.db.run(move |store| store.withdraw_form(now_ms(), designer.id, &key, version)).await?))
}

pub async fn offer(
    State(app): State<App>,
    designer: Designer,
    Path((key, version)): Path<(String, u32)>,
) -> Result<Json<FormVersion>, Failure> {
    tracing::info!(officer = designer.id.0, form = key, version, "a form is offered");
    Ok(Json(app.db.run(move |store| store.offer_form(now_ms(), &key, version)).await?))
}

pub async fn document(
    State(app): State<App>,
    _designer: Designer,
    Path((key, version)): Path<(String, u32)>,
) -> Result<Response, Failure> {
    taking_away::document(&*published(&app, key, version).await?)
}

pub async fn schema(
    State(app): State<App>,
    _designer: Designer,
    Path((key, version)): Path<(String, u32)>,
) -> Result<Response, Failure> {
    taking_away::schema(&*published(&app, key, version).await?)
}

pub async fn workbook(
    State(app): State<App>,
    _designer: Designer,
    Path((key, version)): Path<(String, u32)>,
) -> Result<Response, Failure> {
    taking_away::workbook(&app, published(&app, key, version).await?).await
}

async fn published(app: &App, key: String, version: u32) -> Result<Arc<Form>, Failure> {
    let form = app.db.run(move |store| store.form(&key, version)).await?;
    form.ok_or_else(|| Failure::of(Code::UnknownForm, "no such version of the form"))
}
