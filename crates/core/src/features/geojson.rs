//! GeoJSON: features with what is said of each, and the shapes they have.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::flaw::Flaw;
use super::{Corner, Feature, FileOfFeatures, Frame, Ring, Shape};
use crate::problem::{Code, Problem};

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    attribution: String,
    #[serde(default)]
    crs: Json,
    #[serde(default)]
    features: Vec<Written>,
}

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    id: Json,
    #[serde(default)]
    properties: Option<BTreeMap<String, Json>>,
    #[serde(default)]
    geometry: Option<Json>,
}

/// Everything a GeoJSON document holds. Only a document that is none is refused: a feature's flaws are its own.
pub fn read(bytes: &[u8]) -> Result<FileOfFeatures, Problem> {
    let not = |why: String| Problem::new(Code::NotUnderstood, format!("not GeoJSON: {why}"));
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let document: Document = serde_json::from_slice(bytes).map_err(|cause| not(cause.to_string()))?;
    if document.kind != "FeatureCollection" {
        return Err(not(format!("a FeatureCollection is wanted, and this is a {}", document.kind)));
    }
    Ok(FileOfFeatures {
        attribution: document.attribution,
        frame: frame(&document.crs)?,
        features: document.features.into_iter().map(feature).collect(),
    })
}

/// The old `crs` member, which many programs still write; degrees where there is none, as the standard now has it.
fn frame(crs: &Json) -> Result<Frame, Problem> {
    let name =
        crs.pointer("/properties/name").and_then(Json::as_str).unwrap_or("urn:ogc:def:crs:OGC:1.3:CRS84");
    let code = name.rsplit([':', '/']).next().unwrap_or_default();
    Frame::of_code(code).ok_or_else(|| {
        Problem::new(
            Code::NotUnderstood,
            format!("coordinates in {name}: WGS 84 or the British National Grid is wanted"),
        )
    })
}

fn feature(written: Written) -> Feature {
    let Written { id, properties, geometry } = written;
    let mut said: BTreeMap<String, String> = properties
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(name, value)| Some((name, text(&value)?)))
        .collect();
    if let Some(id) = text(&id) {
        said.entry("id".to_owned()).or_insert(id);
    }
    let shape = geometry.filter(|geometry| !geometry.is_null()).ok_or(Flaw::NoGeometry);
    Feature { said, shape: shape.and_then(|geometry| self::shape(&geometry)) }
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

fn shape(geometry: &Json) -> Result<Shape, Flaw> {
    let coordinates = geometry.get("coordinates");
    let listed = || coordinates.and_then(Json::as_array).ok_or(Flaw::Unreadable);
    match geometry.get("type").and_then(Json::as_str).ok_or(Flaw::Unreadable)? {
        "Point" => corner(coordinates.ok_or(Flaw::Unreadable)?).map(Shape::Point).ok_or(Flaw::Unreadable),
        // As programs write points that they take for several.
        "MultiPoint" => match listed()?.as_slice() {
            [only] => corner(only).map(Shape::Point).ok_or(Flaw::Unreadable),
            _ => Err(Flaw::NotDrawn),
        },
        "Polygon" => Ok(Shape::Area(vec![rings(listed()?)?])),
        "MultiPolygon" => {
            let part = |part: &Json| rings(part.as_array().ok_or(Flaw::Unreadable)?);
            listed()?.iter().map(part).collect::<Result<_, _>>().map(Shape::Area)
        }
        _ => Err(Flaw::NotDrawn),
    }
}

fn rings(rings: &[Json]) -> Result<Vec<Ring>, Flaw> {
    let ring = |ring: &Json| ring.as_array()?.iter().map(corner).collect::<Option<Ring>>();
    rings.iter().map(ring).collect::<Option<_>>().ok_or(Flaw::Unreadable)
}

fn corner(corner: &Json) -> Option<Corner> {
    Some([corner.get(0)?.as_f64()?, corner.get(1)?.as_f64()?])
}
