//! OGC API Features: Part 1 (core, GeoJSON, OpenAPI 3.0) and Part 2 (the National Grid beside degrees). Whoever asks has a
//! key of their own, or is signed in to the console, and is told no more than they may take away.

mod asked;

use axum::extract::{FromRequestParts, Path, RawQuery, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::{Code, Problem};
use serde_json::{Value, json};

use super::desk::signed_in;
use super::{App, Failure};
use crate::clock::{now_ms, rfc3339_ms};
use crate::open::{Crs, feature_json};
use crate::store::{FeatureWish, Officer, Taker, Within};

const OPENAPI: &str = include_str!("openapi.json");
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
const GRID: &str = "http://www.opengis.net/def/crs/EPSG/0/27700";
const CONTENT_CRS: HeaderName = HeaderName::from_static("content-crs");
const GEOJSON: &str = "application/geo+json";
const CASES: &str = "cases";

/// Whoever asks, with the address they reached us under.
#[derive(Debug)]
pub struct Caller {
    taker: Taker,
    root: String,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let officer = officer_of(app, &parts.headers).await?;
        let taker = Taker::of(officer);
        let taker = taker.ok_or_else(|| Failure::of(Code::NotAllowed, "this role takes no cases away"))?;
        Ok(Self { taker, root: root_of(app, &parts.headers, &parts.uri) })
    }
}

async fn officer_of(app: &App, headers: &HeaderMap) -> Result<Officer, Failure> {
    let Some(given) = headers.get(AUTHORIZATION) else {
        return Ok(signed_in(app, headers, true).await?.officer);
    };
    let key = given.to_str().ok().and_then(|given| given.strip_prefix("Bearer ")).map(str::to_owned);
    let unknown = || Problem::new(Code::SignInNeeded, "no such key");
    let key = key.ok_or_else(unknown)?;
    Ok(app.db.run(move |store| Ok(store.officer_of_key(key.trim())?.ok_or_else(unknown)?)).await?)
}

fn root_of(app: &App, headers: &HeaderMap, uri: &Uri) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(axum::http::uri::Authority::as_str)).unwrap_or_default();
    format!("{}://{host}/ogc", if app.tls { "https" } else { "http" })
}

/// The addresses that `routes/mod.rs` takes up into its table.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/ogc", get(landing))
        .route("/ogc/api", get(api))
        .route("/ogc/conformance", get(conformance))
        .route("/ogc/collections", get(collections))
        .route("/ogc/collections/{id}", get(collection))
        .route("/ogc/collections/{id}/items", get(items))
        .route("/ogc/collections/{id}/items/{record}", get(item))
}

fn link(href: &str, rel: &str, kind: &str, title: &str) -> Value {
    json!({"href": href, "rel": rel, "type": kind, "title": title})
}

pub async fn landing(caller: Caller) -> Json<Value> {
    let Caller { root, .. } = caller;
    Json(json!({
        "title": "Kerbside",
        "description": "Cases of the council, as far as whoever asks may take them away.",
        "links": [
            link(&root, "self", "application/json", "This page"),
            link(&format!("{root}/api"), "service-desc", "application/vnd.oai.openapi+json;version=3.0", "The interface"),
            link(&format!("{root}/conformance"), "conformance", "application/json", "What it conforms to"),
            link(&format!("{root}/collections"), "data", "application/json", "The collections"),
        ],
    }))
}

/// A box in degrees, as it stands in an address.
pub fn box_of(text: &str) -> Result<Within, Problem> {
    asked::within(text, Crs::Degrees)
}

/// Says nothing of anybody, so that a program may read it before it has a key.
pub async fn api() -> Response {
    ([(CONTENT_TYPE, "application/vnd.oai.openapi+json;version=3.0")], OPENAPI).into_response()
}

pub async fn conformance(_caller: Caller) -> Json<Value> {
    Json(json!({"conformsTo": [
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
        "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    ]}))
}

pub async fn collections(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Failure> {
    let root = caller.root.clone();
    let cases = cases(&app, caller).await?;
    Ok(Json(json!({
        "links": [link(&format!("{root}/collections"), "self", "application/json", "The collections")],
        "crs": [CRS84, GRID],
        "collections": [cases],
    })))
}

pub async fn collection(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    require_cases(&id)?;
    Ok(Json(cases(&app, caller).await?))
}

fn require_cases(id: &str) -> Result<(), Problem> {
    if id == CASES { Ok(()) } else { Err(Problem::new(Code::NotFound, "no such collection")) }
}

async fn cases(app: &App, Caller { taker, root }: Caller) -> Result<Value, Failure> {
    let reach = app.db.run(move |store| store.features_reach(&taker)).await?;
    let here = format!("{root}/collections/{CASES}");
    let mut described = json!({
        "id": CASES,
        "title": "Cases",
        "description": "Reports, audits and observations with the place they are at",
        "itemType": "feature",
        "crs": [CRS84, GRID],
        "storageCrs": CRS84,
        "links": [
            link(&here, "self", "application/json", "This collection"),
            link(&format!("{here}/items"), "items", GEOJSON, "The cases"),
        ],
    });
    if let (Some(reach), Some(described)) = (reach, described.as_object_mut()) {
        let interval = [rfc3339_ms(reach.from_ms), rfc3339_ms(reach.to_ms)];
        let extent = json!({
            "spatial": {"bbox": [reach.bounds], "crs": CRS84},
            "temporal": {"interval": [interval], "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"},
        });
        described.insert("extent".to_owned(), extent);
    }
    Ok(described)
}

pub async fn items(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    require_cases(&id)?;
    let query = query.unwrap_or_default();
    let asked = asked::Asked::read(&query)?;
    let Caller { taker, root } = caller;
    let (wish, after, limit, crs) = (asked.wish, asked.after, asked.limit, asked.crs);
    let page = app.db.run(move |store| store.features(&taker, &wish, after, limit)).await?;
    let here = format!("{root}/collections/{CASES}/items");
    let this = if query.is_empty() { here.clone() } else { format!("{here}?{query}") };
    let mut links = vec![
        link(&this, "self", GEOJSON, "This page"),
        link(&format!("{root}/collections/{CASES}"), "collection", "application/json", "The collection"),
    ];
    if let Some(next) = page.next {
        let href = format!("{here}?{}", asked::going_on(&query, next));
        links.push(link(&href, "next", GEOJSON, "The page that follows"));
    }
    let mut body = json!({
        "type": "FeatureCollection",
        "features": page.features.iter().map(|feature| feature_json(feature, crs)).collect::<Vec<_>>(),
        "links": links,
        "timeStamp": rfc3339_ms(now_ms()),
        "numberReturned": page.features.len(),
    });
    if let (Some(matched), Some(body)) = (page.matched, body.as_object_mut()) {
        body.insert("numberMatched".to_owned(), Value::from(matched));
    }
    Ok(answer(&body, crs))
}

pub async fn item(
    State(app): State<App>,
    caller: Caller,
    Path((id, record)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    require_cases(&id)?;
    let crs = asked::crs_of_one(&query.unwrap_or_default())?;
    let unknown = || Problem::new(Code::NotFound, "no such case");
    let record: RecordId = record.parse().map_err(|_| unknown())?;
    let Caller { taker, root } = caller;
    let wish = FeatureWish { record: Some(record), ..FeatureWish::default() };
    let page = app.db.run(move |store| store.features(&taker, &wish, None, 1)).await?;
    let mut body = feature_json(page.features.first().ok_or_else(unknown)?, crs);
    let collection = format!("{root}/collections/{CASES}");
    if let Some(body) = body.as_object_mut() {
        let links = [
            link(&format!("{collection}/items/{record}"), "self", GEOJSON, "This case"),
            link(&collection, "collection", "application/json", "The collection"),
        ];
        body.insert("links".to_owned(), Value::from(links.to_vec()));
    }
    Ok(answer(&body, crs))
}

fn answer(body: &Value, crs: Crs) -> Response {
    let crs = match crs {
        Crs::Degrees => CRS84,
        Crs::Grid => GRID,
    };
    ([(CONTENT_TYPE, GEOJSON.to_owned()), (CONTENT_CRS, format!("<{crs}>"))], body.to_string())
        .into_response()
}
