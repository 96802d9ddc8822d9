//! Taking something out of a record for good, and a whole record, with a reason.

use anyhow::Result;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{RecordId, Sha256};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::view::read_dot;
use kerbside_core::redact::Target;
use serde::Deserialize;

use super::desk::SignedIn;
use super::{App, Failure};
use crate::clock::now_ms;
use crate::ledger::sweep_photos;
use crate::store::{Gone, Keep, Store, Wish};

/// Exactly one of the three, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redacting {
    field: Option<FieldKey>,
    note: Option<String>,
    photo: Option<Sha256>,
    reason: String,
}

impl Redacting {
    fn target(&self) -> Result<Target, Problem> {
        let wrong = |what: &str| Problem::new(Code::Malformed, what.to_owned());
        match (&self.field, &self.note, self.photo) {
            (Some(field), None, None) => Ok(Target::Field(field.clone())),
            (None, Some(note), None) => {
                Ok(Target::Note(read_dot(note).ok_or_else(|| wrong("no such note"))?))
            }
            (None, None, Some(photo)) => Ok(Target::Photo(photo)),
            _ => Err(wrong("either a question, a note or a photo is taken out")),
        }
    }
}

pub async fn redact(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(record): Path<RecordId>,
    Json(asked): Json<Redacting>,
) -> Result<StatusCode, Failure> {
    let target = asked.target()?;
    let_go(app, signed_in, asked.reason, move |store, wish, keep| store.redact(wish, record, &target, keep))
        .await
}

#[derive(Debug, Deserialize)]
pub struct Purging {
    reason: String,
}

pub async fn purge(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(record): Path<RecordId>,
    Json(asked): Json<Purging>,
) -> Result<StatusCode, Failure> {
    let_go(app, signed_in, asked.reason, move |store, wish, keep| store.purge(wish, record, keep)).await
}

/// In the ledger, the database and the folder of photos; then whoever looks at it looks again.
async fn let_go(
    app: App,
    signed_in: SignedIn,
    reason: String,
    what: impl FnOnce(&mut Store, Wish<'_>, Keep<'_>) -> Result<Gone> + Send + 'static,
) -> Result<StatusCode, Failure> {
    let (ledger, photos) = (app.ledger.clone(), app.photos.clone());
    app.db
        .run(move |store: &mut Store| {
            let wish = Wish { by: Some(&signed_in.officer), reason: &reason, now_ms: now_ms() };
            what(store, wish, &mut |gone| ledger.add(std::slice::from_ref(gone)))?;
            sweep_photos(store, &photos)
        })
        .await?;
    app.live.nudge();
    Ok(StatusCode::NO_CONTENT)
}
