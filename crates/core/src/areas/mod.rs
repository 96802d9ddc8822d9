//! Areas of a council: wards, patches, zones and sites, as sets with a version each; and in which of them a position lies.
//!
//! A set travels as GeoJSON in degrees. The version is no part of it: the same areas are the same bytes.

pub mod bring;
pub mod outline;
pub mod route;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use crate::features::columns::Columns;
use crate::features::geojson;
use crate::problem::{Code, Problem};
use crate::value::Place;
use outline::Outline;

/// What a set is called where documents have names: `areas.wards`.
pub const AREAS_PACK: &str = "areas.";

/// What the areas of a set are to the council.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum AreaKind {
    /// Of a round or a team.
    Patch,
    Ward,
    /// Where a rule holds: of parking, of smoke, of dogs.
    Zone,
    /// A park, an estate, a school.
    Site,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Area {
    pub code: String,
    pub name: String,
    pub outline: Outline,
}

/// Areas that were drawn together. They may overlap, and need not cover everything.
#[derive(Clone, PartialEq, Debug)]
pub struct AreaSet {
    pub key: String,
    pub kind: AreaKind,
    /// Whose outlines they are, as their licence asks to be said.
    pub attribution: String,
    /// By code.
    pub areas: Vec<Area>,
}

/// An area that a position lies in, by the boundaries of one version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
#[ts(export)]
pub struct FoundArea {
    pub set: String,
    pub version: u32,
    pub kind: AreaKind,
    pub code: String,
    pub name: String,
}

impl AreaSet {
    /// Reads a set as it travels. All of it must be whole: it was made here.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Head {
            key: String,
            kind: AreaKind,
        }
        let not = |why: String| Problem::new(Code::NotUnderstood, format!("not a set of areas: {why}"));
        let Head { key, kind } = serde_json::from_slice(bytes).map_err(|cause| not(cause.to_string()))?;
        let file = geojson::read(bytes)?;
        let attribution = file.attribution.clone();
        let columns = Columns { code: Some("code".to_owned()), name: Some("name".to_owned()) };
        let areas = if file.features.is_empty() {
            Vec::new()
        } else {
            let brought = bring::bring(file, &columns)?;
            if let Some(flawed) = brought.flawed.first() {
                return Err(not(format!("area {}: {}", flawed.feature, flawed.flaw)));
            }
            brought.areas
        };
        Ok(Self { key, kind, attribution, areas })
    }

    /// The set as it travels: GeoJSON that any other program reads as well.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let features: Vec<_> = self.areas.iter().map(|area| feature(area, json!({}))).collect();
        let set = json!({
            "type": "FeatureCollection",
            "key": self.key,
            "kind": self.kind,
            "attribution": self.attribution,
            "features": features,
        });
        set.to_string().into_bytes()
    }

    /// The areas that hold a position, by code.
    pub fn at(&self, lat: f64, lon: f64) -> impl Iterator<Item = &Area> {
        self.areas.iter().filter(move |area| area.outline.holds(lat, lon))
    }

    #[must_use]
    pub fn area(&self, code: &str) -> Option<&Area> {
        self.areas.iter().find(|area| area.code == code)
    }
}

/// The areas of many sets as one GeoJSON document, each with the set it is of.
pub fn collection<'a>(sets: impl IntoIterator<Item = (&'a AreaSet, u32)>) -> Vec<u8> {
    let (mut features, mut attributions) = (Vec::new(), Vec::new());
    for (set, version) in sets {
        let of = json!({"set": set.key, "version": version, "kind": set.kind});
        features.extend(set.areas.iter().map(|area| feature(area, of.clone())));
        if !set.attribution.is_empty() && !attributions.contains(&set.attribution) {
            attributions.push(set.attribution.clone());
        }
    }
    let all =
        json!({"type": "FeatureCollection", "attribution": attributions.join(" "), "features": features});
    all.to_string().into_bytes()
}

fn feature(area: &Area, mut properties: serde_json::Value) -> serde_json::Value {
    let parts = area.outline.parts();
    let geometry = match parts.as_slice() {
        [part] => json!({"type": "Polygon", "coordinates": part}),
        parts => json!({"type": "MultiPolygon", "coordinates": parts}),
    };
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("code".to_owned(), area.code.clone().into());
        properties.insert("name".to_owned(), area.name.clone().into());
    }
    json!({"type": "Feature", "properties": properties, "geometry": geometry})
}

/// Every area of these sets that a place lies in: patches first, as that is how work is given out, then by set and code.
#[must_use]
pub fn areas_at(sets: &[(Arc<AreaSet>, u32)], place: &Place) -> Vec<FoundArea> {
    let (lat, lon) = (f64::from(place.lat_e7) / 1e7, f64::from(place.lon_e7) / 1e7);
    let mut found: Vec<FoundArea> = sets
        .iter()
        .flat_map(|(set, version)| {
            set.at(lat, lon).map(move |area| FoundArea {
                set: set.key.clone(),
                version: *version,
                kind: set.kind,
                code: area.code.clone(),
                name: area.name.clone(),
            })
        })
        .collect();
    found.sort_by(|one, other| (one.kind, &one.set, &one.code).cmp(&(other.kind, &other.set, &other.code)));
    found
}

#[cfg(test)]
mod tests {
    use super::bring::bring;
    use super::*;
    use crate::value::PlaceSource;

    fn norwich() -> AreaSet {
        let file =
            geojson::read(include_bytes!("../../../../schemas/areas/norwich-lsoa-2011.geojson")).unwrap();
        let attribution = file.attribution.clone();
        let brought = bring(file, &Columns::default()).unwrap();
        assert_eq!(brought.flawed, []);
        AreaSet::of("norwich-lsoa-2011", AreaKind::Patch, &attribution, brought.areas)
    }

    fn place(lat_e7: i32, lon_e7: i32) -> Place {
        let source = PlaceSource::Gnss;
        Place { lat_e7, lon_e7, altitude_cm: None, accuracy_cm: None, fixed_at: 0, source }
    }

    #[test]
    fn a_set_travels_as_the_same_bytes_and_comes_back_as_itself() {
        let set = norwich();
        let bytes = set.to_json();
        assert_eq!(AreaSet::parse(&bytes), Ok(set.clone()));
        assert_eq!(AreaSet::parse(&bytes).unwrap().to_json(), bytes);
        let none = AreaSet::of("none", AreaKind::Zone, "", vec![]);
        assert_eq!(AreaSet::parse(&none.to_json()), Ok(none));
        assert!(AreaSet::parse(br#"{"type": "FeatureCollection", "features": []}"#).is_err());
        let cut = String::from_utf8(bytes).unwrap().replacen("\"E01026791\"", "\"\"", 1);
        assert!(AreaSet::parse(cut.as_bytes()).is_err(), "an area without its code");
    }

    #[test]
    fn a_place_is_in_its_patch_and_in_the_ward_and_site_around_it() {
        let norwich = norwich();
        let square = Outline::new(&[vec![vec![[1.2, 52.6], [1.3, 52.6], [1.3, 52.7], [1.2, 52.7]]]]).unwrap();
        let around = Area { code: "7".into(), name: "Around".into(), outline: square };
        let ward = AreaSet::of("wards", AreaKind::Ward, "", vec![around]);
        let sets = [(Arc::new(ward), 3), (Arc::new(norwich), 1)];
        let found = areas_at(&sets, &place(526_285_000, 12_920_000));
        let said: Vec<_> =
            found.iter().map(|area| (area.set.as_str(), area.version, area.name.as_str())).collect();
        assert_eq!(said, [("norwich-lsoa-2011", 1, "Norwich 007A"), ("wards", 3, "Around")]);
        assert_eq!(areas_at(&sets, &place(515_000_000, 0)), []);
    }

    #[test]
    fn each_area_of_the_demonstration_holds_the_middle_that_statistics_give_it() {
        let norwich = norwich();
        let file: serde_json::Value =
            serde_json::from_slice(include_bytes!("../../../../schemas/areas/norwich-lsoa-2011.geojson"))
                .unwrap();
        let mut elsewhere = 0;
        for feature in file["features"].as_array().unwrap() {
            let said = &feature["properties"];
            let (lat, lon) = (said["lat"].as_f64().unwrap(), said["lon"].as_f64().unwrap());
            let code = said["code"].as_str().unwrap();
            elsewhere += usize::from(!norwich.area(code).unwrap().outline.holds(lat, lon));
        }
        // Outlines of few corners cut off the middle of a bent one or two.
        assert!(elsewhere <= 2, "{elsewhere}");
    }
}
