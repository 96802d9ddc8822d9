//! A case as a feature of GeoJSON (RFC 7946): longitude before latitude, seven places at the most.

use serde_json::{Value as Json, json};

use crate::clock::rfc3339_ms;
use crate::store::Feature;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crs {
    /// Longitude and latitude on WGS 84.
    Degrees,
    /// Easting and northing of the National Grid (EPSG:27700).
    Grid,
}

impl Crs {
    /// Where a case is: x and y. None where it says no place, or that is not told.
    pub fn of(self, feature: &Feature) -> Option<(f64, f64)> {
        match self {
            Self::Degrees => {
                feature.place.map(|point| (f64::from(point.lon_e7) / 1e7, f64::from(point.lat_e7) / 1e7))
            }
            Self::Grid => feature.grid.map(|point| (point.easting, point.northing)),
        }
    }
}

pub fn feature_json(feature: &Feature, crs: Crs) -> Json {
    let place = crs.of(feature).map(|(x, y)| json!({"type": "Point", "coordinates": [x, y]}));
    let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let mut properties = json!({
        "case_ref": filled(&feature.reference),
        "service_code": feature.form,
        "category": feature.title,
        "service": filled(&feature.service),
        "lgsl": feature.lgsl,
        "status": filled(&feature.status),
        "reported_at": rfc3339_ms(feature.reported_at),
        "received_at": rfc3339_ms(feature.received_at),
        "closed_at": feature.closed_at.map(rfc3339_ms),
        "ward_cd": filled(&feature.area),
        "usrn": feature.usrn,
        "answers": feature.answers,
    });
    if let (Some(summary), Some(properties)) = (&feature.summary, properties.as_object_mut()) {
        properties.insert("summary".to_owned(), Json::from(summary.as_str()));
    }
    json!({"type": "Feature", "id": feature.record.to_string(), "geometry": place, "properties": properties})
}
