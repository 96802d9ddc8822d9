//! Cases as a file to take away from the console: written whole beside the data first, so that nobody who reads slowly keeps
//! the database waiting.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use kerbside_core::problem::Code;
use serde::Deserialize;

use super::desk::SignedIn;
use super::{App, Failure, ogc, streaming};
use crate::open::{Crs, Format, Leaving, write_to};
use crate::store::{FeatureWish, Taker};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    form: Option<String>,
    status: Option<String>,
    area: Option<String>,
    team: Option<String>,
    /// West, south, east and north, as degrees with commas between.
    bbox: Option<String>,
    from: Option<i64>,
    to: Option<i64>,
    /// 27700 for the National Grid, of a GeoPackage.
    crs: Option<u32>,
}

pub async fn take(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(kind): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let taker = Taker::of(signed_in.officer);
    let taker = taker.ok_or_else(|| Failure::of(Code::NotAllowed, "this role takes no cases away"))?;
    let (format, media) = match (kind.as_str(), asked.crs) {
        ("geojson", None | Some(4_326)) => (Format::GeoJson, "application/geo+json"),
        ("gpkg", None | Some(4_326)) => (Format::GeoPackage(Crs::Degrees), "application/geopackage+sqlite3"),
        ("gpkg", Some(27_700)) => (Format::GeoPackage(Crs::Grid), "application/geopackage+sqlite3"),
        _ => return Err(Failure::of(Code::NotFound, "no such kind of file")),
    };
    let turn = Arc::clone(&app.packing).try_acquire_owned();
    let turn = turn.map_err(|_| Failure::of(Code::Busy, "two files are being taken").retry_after(5))?;
    let wish = FeatureWish {
        form: asked.form,
        status: asked.status,
        area: asked.area,
        team: asked.team,
        within: asked.bbox.as_deref().map(ogc::box_of).transpose()?,
        from_ms: asked.from,
        to_ms: asked.to,
        ..FeatureWish::default()
    };
    let mut random = [0; 12];
    getrandom::fill(&mut random)?;
    let file = Passing(app.scratch.join(format!("cases-{}.{kind}", HEXLOWER.encode(&random))));
    let leaving = Leaving { taker, wish, format };
    let file = app
        .db
        .run(move |store| {
            write_to(store, &leaving, &file.0)?;
            Ok(file)
        })
        .await?;
    let body = streaming::body("A file of cases", move |out: &mut dyn Write| {
        let (_turn, file) = (turn, file);
        std::io::copy(&mut std::fs::File::open(&file.0)?, out)?;
        Ok(())
    });
    let told = [
        (CONTENT_TYPE, media.to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"cases.{kind}\"")),
    ];
    Ok((told, body).into_response())
}

/// A file that is gone when nobody needs it any more.
#[derive(Debug)]
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        match std::fs::remove_file(&self.0) {
            Ok(()) => {}
            // It was never finished, and what there was of it is gone already.
            Err(cause) if cause.kind() == ErrorKind::NotFound => {}
            Err(cause) => tracing::warn!("A file of cases stays behind: {cause}"),
        }
    }
}
