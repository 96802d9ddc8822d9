//! A file of points made into assets: which columns are the codes, the names and the facts, and what is wrong with which.

use std::collections::{BTreeMap, BTreeSet};

use super::Asset;
use crate::features::columns::{Columns, Known, column, require_code};
use crate::features::flaw::{Flaw, Flawed};
use crate::features::{Feature, FileOfFeatures, Frame, require_fit};
use crate::problem::{Code, Problem};

/// More than a city has lamps.
pub const MOST_ASSETS: usize = 50_000;
pub const MOST_FACTS: usize = 12;
/// What does not fit a line or two of a phone is no name and no fact, in letters.
const LONGEST_WORDS: usize = 200;

const CODES: Known = Known {
    usual: &["code", "asset_id", "assetid", "asset_code", "asset_no", "unit_id", "ref", "number"],
    ending: None,
    last: &["id"],
};
const NAMES: Known =
    Known { usual: &["name", "title", "label", "description", "location"], ending: None, last: &[] };

#[derive(Clone, PartialEq, Debug)]
pub struct Brought {
    /// All that have no flaw, by code.
    pub assets: Vec<Asset>,
    pub flawed: Vec<Flawed>,
    /// The columns that were read.
    pub code: String,
    pub name: Option<String>,
    /// Those that were not: facts are taken when they are asked for, because a list may say more than everybody may know.
    pub left: Vec<String>,
}

/// Takes the columns that are named as facts, and no others.
pub fn bring(file: FileOfFeatures, columns: &Columns, facts: &[String]) -> Result<Brought, Problem> {
    let FileOfFeatures { frame, features, attribution: _ } = file;
    let too_large = |what: String| Err(Problem::new(Code::TooLarge, what));
    if MOST_ASSETS < features.len() {
        return too_large(format!("more than {MOST_ASSETS} assets: bring them in as several sets"));
    }
    if MOST_FACTS < facts.len() {
        return too_large(format!("more than {MOST_FACTS} facts of each asset"));
    }
    let said: BTreeSet<&str> =
        features.iter().flat_map(|feature| feature.said.keys()).map(String::as_str).collect();
    let code = require_code(&said, columns.code.as_deref(), &CODES)?;
    let name = column(&said, columns.name.as_deref(), &NAMES)?;
    for fact in facts {
        column(&said, Some(fact), &NAMES)?;
    }
    let is_left = |column: &str| {
        column != code && Some(column) != name.as_deref() && !facts.iter().any(|fact| fact == column)
    };
    let left = said.iter().filter(|column| is_left(column)).map(|column| (*column).to_owned()).collect();
    let mut brought = BTreeMap::new();
    let mut flawed = Vec::new();
    for (at, feature) in features.into_iter().enumerate() {
        let said = feature.said.get(&code).cloned();
        let asset = asset(feature, frame, (&code, name.as_deref(), facts)).and_then(|asset| {
            if brought.contains_key(&asset.code) { Err(Flaw::CodeTwice) } else { Ok(asset) }
        });
        match asset {
            Ok(asset) => drop(brought.insert(asset.code.clone(), asset)),
            Err(flaw) => flawed.push(Flawed { feature: at + 1, code: said, flaw }),
        }
    }
    Ok(Brought { assets: brought.into_values().collect(), flawed, code, name, left })
}

fn asset(
    feature: Feature,
    frame: Frame,
    (code, name, facts): (&str, Option<&str>, &[String]),
) -> Result<Asset, Flaw> {
    let Feature { mut said, shape } = feature;
    let code = said.remove(code).ok_or(Flaw::NoCode)?;
    require_fit(&code)?;
    let mut corner = shape?.point()?;
    frame.to_degrees(&mut corner)?;
    let [lon, lat] = corner;
    let mut facts = facts.iter().map(|fact| words(said.get(fact))).collect::<Result<Vec<_>, _>>()?;
    while facts.last().is_some_and(|fact| fact.is_empty()) {
        facts.pop();
    }
    Ok(Asset {
        code: code.into(),
        name: words(name.and_then(|name| said.get(name)))?,
        lat_e7: e7(lat, 90.0)?,
        lon_e7: e7(lon, 180.0)?,
        facts: facts.into(),
    })
}

fn words(said: Option<&String>) -> Result<Box<str>, Flaw> {
    let said = said.map(String::as_str).unwrap_or_default().trim();
    if LONGEST_WORDS < said.chars().count() { Err(Flaw::WordsTooLong) } else { Ok(said.into()) }
}

fn e7(degrees: f64, most: f64) -> Result<i32, Flaw> {
    #[expect(clippy::cast_possible_truncation, reason = "180 degrees fit")]
    let e7 = libm::round(degrees * 1e7) as i32;
    if degrees.abs() <= most { Ok(e7) } else { Err(Flaw::OffEarth) }
}

#[cfg(test)]
mod tests {
    use super::super::AssetSet;
    use super::super::tests::bins;
    use super::*;
    use crate::features::geojson;

    fn file(features: &[(&str, &str)]) -> FileOfFeatures {
        let features: Vec<String> = features
            .iter()
            .map(|(said, geometry)| {
                format!(r#"{{"type": "Feature", "properties": {said}, "geometry": {geometry}}}"#)
            })
            .collect();
        let text = format!(r#"{{"type": "FeatureCollection", "features": [{}]}}"#, features.join(","));
        geojson::read(text.as_bytes()).unwrap()
    }

    const HERE: &str = r#"{"type": "Point", "coordinates": [1.292, 52.6285, 14]}"#;

    #[test]
    fn codes_and_names_are_recognised_and_facts_are_those_that_are_asked_for() {
        let said =
            r#"{"asset_id": "L-7", "Location": "Castle Meadow", "watts": 40, "inspector": "A. Person"}"#;
        let brought = bring(file(&[(said, HERE)]), &Columns::default(), &["watts".to_owned()]).unwrap();
        assert_eq!((brought.code.as_str(), brought.name.as_deref()), ("asset_id", Some("Location")));
        assert_eq!(brought.left, ["inspector"]);
        let [lamp] = brought.assets.as_slice() else { panic!("one lamp") };
        assert_eq!((&*lamp.name, lamp.lat_e7, lamp.lon_e7), ("Castle Meadow", 526_285_000, 12_920_000));
        assert_eq!(lamp.facts.as_ref(), ["40".into()]);
        let none = bring(file(&[(said, HERE)]), &Columns::default(), &["height".to_owned()]).unwrap_err();
        assert!(none.detail.contains("height"), "{}", none.detail);
    }

    #[test]
    fn each_flaw_is_told_of_its_row_and_the_others_are_brought() {
        let long = format!(r#"{{"code": "l", "name": "{}"}}"#, "x".repeat(201));
        let rows = [
            (r#"{"code": "b"}"#, HERE),
            (r#"{"code": "b"}"#, HERE),
            (r#"{"name": "no code"}"#, HERE),
            (r#"{"code": "a"}"#, r#"{"type": "MultiPoint", "coordinates": [[1.3, 52.6]]}"#),
            (r#"{"code": "c"}"#, r#"{"type": "LineString", "coordinates": [[1, 52], [2, 52]]}"#),
            (
                r#"{"code": "d"}"#,
                r#"{"type": "Polygon", "coordinates": [[[1, 52], [2, 52], [1, 53], [1, 52]]]}"#,
            ),
            (r#"{"code": "e"}"#, r#"{"type": "Point", "coordinates": [623000, 308400]}"#),
            (r#"{"code": "f"}"#, "null"),
            (long.as_str(), HERE),
        ];
        let brought = bring(file(&rows), &Columns::default(), &[]).unwrap();
        assert_eq!(brought.assets.iter().map(|asset| &*asset.code).collect::<Vec<_>>(), ["a", "b"]);
        let flaws: Vec<_> = brought.flawed.iter().map(|flawed| (flawed.feature, &flawed.flaw)).collect();
        assert_eq!(
            flaws,
            [
                (2, &Flaw::CodeTwice),
                (3, &Flaw::NoCode),
                (5, &Flaw::NotDrawn),
                (6, &Flaw::NotAPoint),
                (7, &Flaw::OffEarth),
                (8, &Flaw::NoGeometry),
                (9, &Flaw::WordsTooLong),
            ]
        );
        let set = bins(brought.assets);
        assert_eq!(AssetSet::parse(&set.to_json().unwrap()), Ok(set));
    }

    #[test]
    fn metres_on_the_grid_become_degrees() {
        let text = r#"{"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}},
            "features": [{"properties": {"code": "castle"}, "geometry": {"type": "Point", "coordinates": [623150, 308550]}}]}"#;
        let brought = bring(geojson::read(text.as_bytes()).unwrap(), &Columns::default(), &[]).unwrap();
        let castle = &brought.assets[0];
        assert!((castle.lat() - 52.6288).abs() < 1e-3 && (castle.lon() - 1.2958).abs() < 1e-3, "{castle:?}");
    }

    #[test]
    fn a_list_of_too_many_is_refused_whole() {
        let one = file(&[(r#"{"code": "b"}"#, HERE)]);
        let many = FileOfFeatures { features: vec![one.features[0].clone(); MOST_ASSETS + 1], ..one };
        assert_eq!(bring(many, &Columns::default(), &[]).unwrap_err().code, Code::TooLarge);
    }
}
