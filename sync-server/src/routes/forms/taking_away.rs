//! A form as a file: for version control, for other systems, and for whoever goes on with it in a spreadsheet.

use std::sync::Arc;

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use kerbside_core::form::Form;

use crate::bringing;
use crate::routes::{App, Failure};

pub fn document(form: &Form) -> Result<Response, Failure> {
    Ok(file(form, "json", "application/json", form.resolved_json().into_bytes()))
}

pub fn schema(form: &Form) -> Result<Response, Failure> {
    Ok(file(form, "schema.json", "application/schema+json", serde_json::to_vec(&form.answer_schema())?))
}

const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub async fn workbook(app: &App, form: Arc<Form>) -> Result<Response, Failure> {
    let turn = Arc::clone(&app.bringing).acquire_owned().await?;
    let taken = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        bringing::take_away(&form).map(|taken| file(&form, "xlsx", WORKBOOK, taken.workbook))
    });
    Ok(taken.await??)
}

/// Keys are letters, digits and a few signs, so they may stand in a file's name as they are.
fn file(form: &Form, ending: &str, kind: &'static str, body: Vec<u8>) -> Response {
    let name: String =
        form.key().chars().map(|each| if each.is_ascii_alphanumeric() { each } else { '_' }).collect();
    let disposition = format!("attachment; filename=\"{name}-{}.{ending}\"", form.version());
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, disposition)], body).into_response()
}
