//! `export geojson|gpkg`: cases as a file that programs for maps open.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::print;
use crate::clock::ms_of_rfc3339;
use crate::open::{Crs, Format, Leaving, write_to};
use crate::store::{FeatureWish, Store, Taker};

/// Which cases; all that are not withdrawn, if nothing is said.
#[derive(Debug, Args)]
pub struct Cases {
    /// The file, which is whole or is not written.
    #[arg(long)]
    out: PathBuf,
    /// What to export: cases are all there is.
    #[arg(long, default_value = "cases", value_parser = ["cases"])]
    collection: String,
    /// Only of this form.
    #[arg(long)]
    form: Option<String>,
    /// Reported from this moment on.
    #[arg(long, value_parser = ms_of_rfc3339)]
    from: Option<i64>,
    /// Reported before this moment.
    #[arg(long, value_parser = ms_of_rfc3339)]
    to: Option<i64>,
    /// Only what this team has now.
    #[arg(long)]
    team: Option<String>,
    /// Only in this area.
    #[arg(long)]
    area: Option<String>,
    /// Only in this state.
    #[arg(long)]
    status: Option<String>,
    /// With what forms mark as personal.
    #[arg(long)]
    personal: bool,
}

#[derive(Debug, Args)]
pub struct Packaged {
    #[command(flatten)]
    cases: Cases,
    /// 4326 for longitude and latitude, 27700 for the National Grid.
    #[arg(long, default_value = "4326", value_parser = crs)]
    crs: Crs,
}

fn crs(text: &str) -> Result<Crs, String> {
    match text {
        "4326" => Ok(Crs::Degrees),
        "27700" => Ok(Crs::Grid),
        other => Err(format!("{other} is neither 4326 nor 27700")),
    }
}

pub fn geojson(store: &mut Store, cases: Cases) -> Result<()> {
    write(store, cases, Format::GeoJson)
}

pub fn geopackage(store: &mut Store, packaged: Packaged) -> Result<()> {
    write(store, packaged.cases, Format::GeoPackage(packaged.crs))
}

fn write(store: &mut Store, cases: Cases, format: Format) -> Result<()> {
    let Cases { out, collection, form, from, to, team, area, status, personal } = cases;
    let wish = FeatureWish { form, status, area, team, from_ms: from, to_ms: to, ..FeatureWish::default() };
    let leaving = Leaving { taker: Taker::at_the_server(personal), wish, format };
    let left = write_to(store, &leaving, &out)?;
    print(&json!({
        "file": out,
        "collection": collection,
        "features": left.features,
        "without_place": left.without_place,
    }))
}
