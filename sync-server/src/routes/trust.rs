//! The trust page: its numbers for a period, and what stands behind each.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::desk::SignedIn;
use super::{App, Failure};
use crate::store::{Period, Trust, TrustPage};

/// Milliseconds since 1970; what is left out is open.
#[derive(Debug, Deserialize)]
pub struct Asked {
    from: Option<i64>,
    to: Option<i64>,
    after: Option<u32>,
}

impl Asked {
    fn period(&self) -> Period {
        Period { from_ms: self.from.unwrap_or(0), to_ms: self.to.unwrap_or(i64::MAX) }
    }
}

pub async fn numbers(
    State(app): State<App>,
    signed_in: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Json<Trust>, Failure> {
    Ok(Json(app.db.run(move |store| store.trust(&signed_in.officer, asked.period())).await?))
}

pub async fn lines(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(what): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<TrustPage>, Failure> {
    let after = asked.after.unwrap_or(0);
    let page = app.db.run(move |store| store.trust_lines(&signed_in.officer, &what, asked.period(), after));
    Ok(Json(page.await?))
}
