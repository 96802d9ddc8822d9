//! Choices out of a map file, and back: properties are columns, the geometry is text as XLSForm writes places.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

/// A feature as columns, among them `id`, `title` and `geometry`.
pub type Columns = BTreeMap<String, String>;

/// Why a file is none: the feature (from 1) and what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    pub feature: Option<u32>,
    pub what: String,
}

pub fn features(text: &str) -> Result<Vec<Columns>, Refused> {
    let whole = |what: &str| Refused { feature: None, what: what.to_owned() };
    let file: Json = serde_json::from_str(text).map_err(|fault| whole(&fault.to_string()))?;
    if file.get("type").and_then(Json::as_str) != Some("FeatureCollection") {
        return Err(whole("FeatureCollection"));
    }
    let features = file.get("features").and_then(Json::as_array).ok_or_else(|| whole("features"))?;
    let numbered = (1_u32..).zip(features);
    numbered
        .map(|(number, feature)| {
            columns(feature).map_err(|what| Refused { feature: Some(number), what: what.to_owned() })
        })
        .collect()
}

fn columns(feature: &Json) -> Result<Columns, &'static str> {
    let empty = Map::new();
    let properties = feature.get("properties").and_then(Json::as_object).unwrap_or(&empty);
    let mut columns: Columns = properties.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
    if let Some(id) = feature.get("id") {
        columns.entry("id".to_owned()).or_insert_with(|| plain(id));
    }
    let geometry = feature.get("geometry").ok_or("geometry")?;
    columns.insert("geometry".to_owned(), line(geometry).ok_or("geometry")?);
    Ok(columns)
}

fn plain(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => value.to_string(),
    }
}

/// `lat lon 0 0`, joined by `;`. Of an area, its outer edge.
fn line(geometry: &Json) -> Option<String> {
    let coordinates = geometry.get("coordinates")?;
    let points = match geometry.get("type")?.as_str()? {
        "Point" => vec![point(coordinates)?],
        "LineString" => points(coordinates)?,
        "Polygon" => points(coordinates.get(0)?)?,
        _ => return None,
    };
    Some(points.join(";"))
}

fn points(coordinates: &Json) -> Option<Vec<String>> {
    let points = coordinates.as_array()?;
    points.iter().map(point).collect()
}

fn point(position: &Json) -> Option<String> {
    let longitude = position.get(0)?.as_number()?;
    let latitude = position.get(1)?.as_number()?;
    Some(format!("{latitude} {longitude} 0 0"))
}

pub fn text(rows: impl IntoIterator<Item = Columns>) -> String {
    let features: Vec<Json> = rows.into_iter().map(feature).collect();
    json!({"type": "FeatureCollection", "features": features}).to_string()
}

fn feature(mut columns: Columns) -> Json {
    let geometry = columns.remove("geometry").and_then(|line| geometry(&line)).unwrap_or(Json::Null);
    json!({"type": "Feature", "properties": columns, "geometry": geometry})
}

fn geometry(line: &str) -> Option<Json> {
    let positions: Vec<Json> = line.split(';').map(position).collect::<Option<_>>()?;
    Some(match positions.as_slice() {
        [point] => json!({"type": "Point", "coordinates": point}),
        [first, .., last] if first == last && 3 < positions.len() => {
            json!({"type": "Polygon", "coordinates": [positions]})
        }
        _ => json!({"type": "LineString", "coordinates": positions}),
    })
}

fn position(point: &str) -> Option<Json> {
    let mut numbers =
        point.split_whitespace().map(|number| serde_json::from_str::<serde_json::Number>(number).ok());
    let (latitude, longitude) = (numbers.next()??, numbers.next()??);
    Some(json!([longitude, latitude]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_becomes_columns_with_its_place_as_text() {
        let read = features(
            r#"{"type":"FeatureCollection","features":[
            {"type":"Feature","id":"b1","properties":{"title":"Bin 1","litres":240},"geometry":{"type":"Point","coordinates":[1.292,52.6285]}},
            {"type":"Feature","properties":{"id":"p","title":"Park"},"geometry":{"type":"Polygon","coordinates":[[[1.0,52.0],[1.1,52.0],[1.1,52.1],[1.0,52.0]]]}}]}"#,
        )
        .unwrap();
        assert_eq!(read[0]["id"], "b1");
        assert_eq!(read[0]["litres"], "240");
        assert_eq!(read[0]["geometry"], "52.6285 1.292 0 0");
        assert_eq!(read[1]["geometry"], "52.0 1.0 0 0;52.0 1.1 0 0;52.1 1.1 0 0;52.0 1.0 0 0");
        assert_eq!(features(&text(read.clone())), Ok(read));
    }

    #[test]
    fn what_is_no_collection_is_refused() {
        assert!(features("{").is_err());
        assert_eq!(features(r#"{"type":"Feature"}"#).unwrap_err().what, "FeatureCollection");
        let many = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"MultiPoint","coordinates":[]}}]}"#;
        assert_eq!(features(many), Err(Refused { feature: Some(1), what: "geometry".into() }));
    }
}
