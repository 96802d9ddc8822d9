//! A file of areas made into a set: which of its columns are the codes and the names, and what is wrong with which area.

use std::collections::{BTreeMap, BTreeSet};

use super::outline::Outline;
use super::{Area, AreaSet};
use crate::features::columns::{Columns, Known, column, require_code};
use crate::features::flaw::{Flaw, Flawed};
use crate::features::{Feature, FileOfFeatures, Frame, require_fit};
use crate::problem::{Code, Problem};

/// More areas than a county has output areas, and more corners than a phone should look through.
const MOST_AREAS: usize = 20_000;
const MOST_CORNERS: usize = 2_000_000;

const CODES: Known = Known { usual: &["code", "area_code", "ref"], ending: Some("CD"), last: &["id"] };
const NAMES: Known = Known { usual: &["name", "area_name", "title", "label"], ending: Some("NM"), last: &[] };

#[derive(Clone, PartialEq, Debug)]
pub struct Brought {
    /// Of all areas that have no flaw, by code.
    pub areas: Vec<Area>,
    pub flawed: Vec<Flawed>,
    /// The columns that were read.
    pub code: String,
    pub name: Option<String>,
}

pub fn bring(file: FileOfFeatures, columns: &Columns) -> Result<Brought, Problem> {
    let FileOfFeatures { frame, features: areas, attribution: _ } = file;
    if MOST_AREAS < areas.len() {
        return Err(Problem::new(Code::TooLarge, format!("more than {MOST_AREAS} areas")));
    }
    let said: BTreeSet<&str> = areas.iter().flat_map(|area| area.said.keys()).map(String::as_str).collect();
    let code = require_code(&said, columns.code.as_deref(), &CODES)?;
    let name = column(&said, columns.name.as_deref(), &NAMES)?;
    let mut brought = BTreeMap::new();
    let mut flawed = Vec::new();
    let mut corners = 0;
    for (at, area) in areas.into_iter().enumerate() {
        let said = area.said.get(&code).cloned();
        match of(area, frame, (&code, name.as_deref()), &brought) {
            Ok(area) => {
                corners += area.outline.corners();
                brought.insert(area.code.clone(), area);
            }
            Err(flaw) => flawed.push(Flawed { feature: at + 1, code: said, flaw }),
        }
        if MOST_CORNERS < corners {
            return Err(Problem::new(
                Code::TooLarge,
                format!("more than {MOST_CORNERS} corners: simplify the outlines first"),
            ));
        }
    }
    Ok(Brought { areas: brought.into_values().collect(), flawed, code, name })
}

impl AreaSet {
    /// A set of a file's areas.
    #[must_use]
    pub fn of(key: &str, kind: super::AreaKind, attribution: &str, areas: Vec<Area>) -> Self {
        Self { key: key.to_owned(), kind, attribution: attribution.to_owned(), areas }
    }
}

fn of(
    drawn: Feature,
    frame: Frame,
    (code, name): (&str, Option<&str>),
    before: &BTreeMap<String, Area>,
) -> Result<Area, Flaw> {
    let Feature { mut said, shape } = drawn;
    let code = said.remove(code).ok_or(Flaw::NoCode)?;
    require_fit(&code)?;
    if before.contains_key(&code) {
        return Err(Flaw::CodeTwice);
    }
    let name = name.and_then(|name| said.remove(name)).unwrap_or_else(|| code.clone());
    let mut parts = shape?.parts()?;
    parts.iter_mut().flatten().flatten().try_for_each(|corner| frame.to_degrees(corner))?;
    Ok(Area { code, name, outline: Outline::new(&parts)? })
}

#[cfg(test)]
mod tests {
    use super::super::AreaKind;
    use super::*;
    use crate::features::geojson;

    fn file(properties: &[&str]) -> FileOfFeatures {
        let features: Vec<String> = properties
            .iter()
            .enumerate()
            .map(|(at, said)| {
                let ring = format!("[[{at}, 52], [{at}.5, 52], [{at}, 52.5], [{at}, 52]]");
                format!(r#"{{"type": "Feature", "properties": {said}, "geometry": {{"type": "Polygon", "coordinates": [{ring}]}}}}"#)
            })
            .collect();
        let text = format!(r#"{{"type": "FeatureCollection", "features": [{}]}}"#, features.join(","));
        geojson::read(text.as_bytes()).unwrap()
    }

    fn columns_of(properties: &str) -> (String, Option<String>) {
        let brought = bring(file(&[properties]), &Columns::default()).unwrap();
        (brought.code, brought.name)
    }

    #[test]
    fn the_columns_of_the_usual_files_are_recognised() {
        let of = |code: &str, name: Option<&str>| (code.to_owned(), name.map(str::to_owned));
        assert_eq!(
            columns_of(
                r#"{"FID": 1, "LAD24CD": "E07000148", "LAD24NM": "Norwich", "WD24CD": "E05012904", "WD24NM": "Mancroft", "WD24NMW": " "}"#
            ),
            of("WD24CD", Some("WD24NM"))
        );
        assert_eq!(
            columns_of(r#"{"LSOA21CD": "E01026791", "LSOA21NM": "Norwich 005A"}"#),
            of("LSOA21CD", Some("LSOA21NM"))
        );
        assert_eq!(columns_of(r#"{"id": 7, "Name": "East", "Code": "E"}"#), of("Code", Some("Name")));
        assert_eq!(columns_of(r#"{"id": 7}"#), of("id", None));
        let none = bring(file(&[r#"{"colour": "red"}"#]), &Columns::default()).unwrap_err();
        assert!(none.detail.contains("colour"), "{}", none.detail);
    }

    #[test]
    fn named_columns_win_and_must_be_there() {
        let columns = |code: &str| Columns { code: Some(code.to_owned()), name: None };
        let two = [r#"{"code": "a", "beat": "B1"}"#, r#"{"code": "b", "beat": "B2"}"#];
        let brought = bring(file(&two), &columns("beat")).unwrap();
        assert_eq!(brought.areas.iter().map(|area| area.code.as_str()).collect::<Vec<_>>(), ["B1", "B2"]);
        assert_eq!(brought.areas[0].name, "B1", "what has no name is called by its code");
        assert!(bring(file(&two), &columns("ward")).is_err());
    }

    #[test]
    fn each_flaw_is_told_of_its_area_and_the_others_are_brought() {
        let twice = bring(
            file(&[r#"{"code": "a"}"#, r#"{"code": "a"}"#, r#"{"name": "x"}"#, r#"{"code": "a b"}"#]),
            &Columns::default(),
        );
        let twice = twice.unwrap();
        assert_eq!(twice.areas.len(), 1);
        let flaws: Vec<_> = twice.flawed.iter().map(|flawed| (flawed.feature, flawed.flaw.clone())).collect();
        assert_eq!(flaws, [(2, Flaw::CodeTwice), (3, Flaw::NoCode), (4, Flaw::CodeUnfit)]);
    }

    #[test]
    fn metres_on_the_grid_become_degrees() {
        let text = r#"{"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}},
            "features": [{"properties": {"code": "castle"}, "geometry": {"type": "Polygon", "coordinates":
            [[[623000, 308400], [623300, 308400], [623300, 308700], [623000, 308700], [623000, 308400]]]}}]}"#;
        let brought = bring(geojson::read(text.as_bytes()).unwrap(), &Columns::default()).unwrap();
        let set = AreaSet::of("sites", AreaKind::Site, "", brought.areas);
        assert_eq!(set.at(52.6286, 1.2963).count(), 1, "Norwich Castle");
        assert_eq!(set.at(52.6400, 1.2963).count(), 0);
        let without = text.replace("crs", "was");
        let without = bring(geojson::read(without.as_bytes()).unwrap(), &Columns::default()).unwrap();
        assert_eq!(without.flawed[0].flaw, Flaw::OffEarth);
        let mercator = text.replace("27700", "3857");
        assert!(geojson::read(mercator.as_bytes()).unwrap_err().detail.contains("3857"));
    }
}
