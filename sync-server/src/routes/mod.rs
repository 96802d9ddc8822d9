//! Every address the server answers, as one table, and what all of them share.

mod addresses;
mod asset_lists;
mod assets;
mod body;
mod console;
mod covers;
mod desk;
mod device;
mod failure;
mod forms;
mod found_photos;
mod gone;
mod health;
mod hotspots;
mod layers;
mod live;
mod maps;
mod ogc;
mod photo_pack;
mod photos;
mod review;
mod room;
mod same;
mod streaming;
mod taking_cases;
mod trust;
mod uploads;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};
use tokio::sync::Semaphore;
use tower_http::timeout::RequestBodyTimeoutLayer;

pub use failure::{Failure, ProblemBody};
pub use room::Room;

use forms::{answering, drafts};

use crate::ledger::Ledger;
use crate::live::Live;
use crate::maps::Maps;
use crate::metrics::Metrics;
use crate::photos::Photos;
use crate::store::Db;

/// What every handler may reach.
#[derive(Debug, Clone)]
pub struct App {
    pub db: Db,
    pub photos: Photos,
    pub maps: Maps,
    /// Where files are written that are on their way to somebody.
    pub scratch: PathBuf,
    pub ledger: Ledger,
    pub live: Live,
    pub metrics: Arc<Metrics>,
    pub counted: Arc<health::Counted>,
    pub room: Room,
    /// Whether browsers reach us over TLS.
    pub tls: bool,
    /// Passwords are checked two at a time: each takes 19 MiB and a core.
    pub hashing: Arc<Semaphore>,
    /// Forms are read two at a time: a workbook unpacks to many times its size.
    pub bringing: Arc<Semaphore>,
    /// Packs of photos are taken two at a time: each holds a thread for as long as its reader takes.
    pub packing: Arc<Semaphore>,
}

/// The most a JSON request may hold.
const JSON_LIMIT: usize = 256 * 1024;

pub fn router(app: App) -> Router {
    table()
        .layer(DefaultBodyLimit::max(JSON_LIMIT))
        .layer(from_fn_with_state(app.clone(), layers::count))
        .layer(layers::catch_panics(Arc::clone(&app.metrics)))
        .layer(from_fn_with_state(app.clone(), layers::security_headers))
        .layer(RequestBodyTimeoutLayer::new(body::IDLE))
        .with_state(app)
}

/// Everything that can be asked.
fn table() -> Router<App> {
    Router::new()
        // For whoever runs the server.
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(health::openapi))
        // For devices.
        .route("/v1/hello", get(device::hello))
        .route("/v1/enrol", post(device::enrol))
        .route("/v1/unlock", post(device::unlock))
        .route("/v1/actor", post(device::actor))
        .route("/v1/actor/retire", post(device::retire))
        .route("/v1/sync", post(device::sync))
        .route("/v1/digest", get(device::digest))
        .route("/v1/changes", post(device::give_back))
        .route("/v1/repairs", post(device::repairs))
        .route("/v1/packs/{name}/{version}", get(device::pack))
        .route("/v1/photos", post(photos::ask))
        .route("/v1/photos/have", post(photos::have))
        .route("/v1/uploads/{capability}", any(uploads::upload))
        // For devices and the console.
        .route("/v1/photos/{record}/{sha256}", get(photos::read))
        .route("/v1/live", get(live::live))
        // For the console and for other systems.
        .route("/api/v1/session", post(desk::sign_in).get(desk::session).delete(desk::sign_out))
        .route("/api/v1/trays", get(console::trays))
        .route("/api/v1/trays/{key}", get(console::tray))
        .route("/api/v1/trays/{key}/map", get(console::map))
        .route("/api/v1/search", get(console::search))
        .route("/api/v1/review", get(review::list))
        .route("/api/v1/review/{actor}/{counter}/approve", post(review::approve))
        .route("/api/v1/review/{actor}/{counter}/decline", post(review::decline))
        .route("/api/v1/photos", get(found_photos::find))
        .route("/api/v1/cases/{kind}", get(taking_cases::take))
        .route("/api/v1/hotspots", get(hotspots::hotspots))
        .route("/api/v1/hotspots/table", get(hotspots::table))
        .route("/api/v1/two_answers", get(console::two_answers))
        .route("/api/v1/trust", get(trust::numbers))
        .route("/api/v1/trust/{what}", get(trust::lines))
        .route("/api/v1/forms", get(forms::list))
        .route("/api/v1/forms/drafts", get(drafts::list).post(drafts::bring).layer(drafts::limit()))
        .route("/api/v1/forms/drafts/{id}", get(drafts::find).delete(drafts::discard))
        .route("/api/v1/forms/drafts/{id}/begin", post(answering::begin_draft))
        .route("/api/v1/forms/drafts/{id}/evaluate", post(answering::evaluate_draft))
        .route("/api/v1/forms/drafts/{id}/choices", post(answering::choices_of_draft))
        .route("/api/v1/forms/drafts/{id}/publish", post(drafts::publish))
        .route("/api/v1/forms/drafts/{id}/workbook", get(drafts::workbook))
        .route("/api/v1/forms/drafts/{id}/document", get(drafts::document))
        .route("/api/v1/forms/drafts/{id}/schema", get(drafts::schema))
        .route("/api/v1/forms/{key}/{version}/evaluate", post(answering::evaluate_form))
        .route("/api/v1/forms/{key}/{version}/choices", post(answering::choices_of_form))
        .route("/api/v1/forms/{key}/{version}/withdraw", post(forms::withdraw))
        .route("/api/v1/forms/{key}/{version}/offer", post(forms::offer))
        .route("/api/v1/forms/{key}/{version}/workbook", get(forms::workbook))
        .route("/api/v1/forms/{key}/{version}/document", get(forms::document))
        .route("/api/v1/forms/{key}/{version}/schema", get(forms::schema))
        .route("/api/v1/addresses", get(addresses::find))
        .route("/api/v1/areas", get(console::areas))
        .route("/api/v1/assets", get(asset_lists::in_view))
        .route("/api/v1/assets/found", get(asset_lists::find))
        .route("/api/v1/assets/{set}/{code}", get(asset_lists::show))
        .route("/api/v1/maps", get(maps::list))
        .route("/api/v1/maps/{key}/{version}", get(maps::read))
        .route("/api/v1/devices", get(desk::devices))
        .route("/api/v1/devices/codes", post(desk::device_code))
        .route("/api/v1/devices/{id}/revoke", post(desk::revoke))
        .merge(of_records())
        // For programs for maps, as OGC API Features.
        .merge(ogc::routes())
        // The console itself.
        .route("/", get(assets::home))
        .route("/console/", get(assets::index))
        .route("/console/{*path}", get(assets::asset))
        .fallback(assets::nothing_here)
}

/// What the console and other systems do with one record.
fn of_records() -> Router<App> {
    Router::new()
        .route("/api/v1/records/{id}", get(console::case))
        .route("/api/v1/records/{id}/changes", post(console::change))
        .route("/api/v1/records/{id}/notes", post(console::note))
        .route("/api/v1/records/{id}/withdraw", post(console::withdraw))
        .route("/api/v1/records/{id}/duplicate", post(same::join))
        .route("/api/v1/records/{id}/duplicate/undo", post(same::part))
        .route("/api/v1/records/{id}/different", post(same::keep_apart))
        .route("/api/v1/records/{id}/different/undo", post(same::ask_again))
        .route("/api/v1/records/{id}/redact", post(gone::redact))
        .route("/api/v1/records/{id}/purge", post(gone::purge))
        .route("/api/v1/records/{id}/photos/pack", get(photo_pack::pack))
        .route("/api/v1/records/{id}/photos/{sha256}/cover", post(covers::cover))
}

#[cfg(test)]
mod tests;
