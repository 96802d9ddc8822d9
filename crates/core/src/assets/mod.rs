//! What the council looks after at a point: lamp columns, bins, gullies, trees. As sets with a version each, which travel to
//! devices whole; and which of them stand here.
//!
//! The version is no part of a set: the same assets are the same bytes.

pub mod bring;
pub mod find;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::form::Localised;
use crate::problem::{Code, Problem};
use crate::value::{Place, PlaceSource, Point};

/// What a set is called where documents have names: `assets.lamps`.
pub const ASSETS_PACK: &str = "assets.";
/// The longest a set may be before it is compressed, in bytes: it stands in a phone's memory.
pub const SET_LIMIT: usize = 16 * 1024 * 1024;
/// What is reported as near as this is reported at it, as a phone knows where it is to some metres.
pub const AT_IT_M: u32 = 12;

/// What the assets of a set are. Each kind has a symbol of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum AssetKind {
    Lamp,
    LitterBin,
    GritBin,
    Gully,
    Tree,
    Bench,
    Play,
    Sign,
    /// Anything else; and what only a newer app has a symbol for.
    #[serde(other)]
    Other,
}

/// One asset: its code, what it is called, where it is in ten-millionths of a degree, and its facts in the order in which
/// its set names them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "Row", into = "Row")]
pub struct Asset {
    pub code: Box<str>,
    /// Empty where it is called by nothing but its code.
    pub name: Box<str>,
    pub lat_e7: i32,
    pub lon_e7: i32,
    /// Empty where this one's is not known.
    pub facts: Box<[Box<str>]>,
}

/// As it travels: names of members, fifty thousand times, would be most of a set.
#[derive(Serialize, Deserialize)]
struct Row(Box<str>, Box<str>, i32, i32, Box<[Box<str>]>);

impl From<Row> for Asset {
    fn from(Row(code, name, lat_e7, lon_e7, facts): Row) -> Self {
        Self { code, name, lat_e7, lon_e7, facts }
    }
}

impl From<Asset> for Row {
    fn from(Asset { code, name, lat_e7, lon_e7, facts }: Asset) -> Self {
        Self(code, name, lat_e7, lon_e7, facts)
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, TS)]
#[ts(export)]
pub struct AssetFact {
    pub name: String,
    pub text: String,
}

/// Assets of one kind that are kept together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AssetSet {
    pub key: String,
    pub kind: AssetKind,
    pub title: Localised,
    /// Whose list it is, as its licence asks to be said.
    pub attribution: String,
    /// What the facts are called.
    pub facts: Vec<String>,
    /// By code.
    pub assets: Vec<Asset>,
}

impl AssetKind {
    /// As documents and forms have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lamp => "lamp",
            Self::LitterBin => "litter_bin",
            Self::GritBin => "grit_bin",
            Self::Gully => "gully",
            Self::Tree => "tree",
            Self::Bench => "bench",
            Self::Play => "play",
            Self::Sign => "sign",
            Self::Other => "other",
        }
    }
}

impl AssetSet {
    /// Reads a set as it travels. All of it must be whole: it was made here.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let not = |why: &str| Problem::new(Code::NotUnderstood, format!("not a set of assets: {why}"));
        let set: Self = serde_json::from_slice(bytes).map_err(|cause| not(&cause.to_string()))?;
        let mut pairs = set.assets.iter().zip(set.assets.iter().skip(1));
        if !pairs.all(|(one, other)| one.code < other.code) {
            return Err(not("its codes are not in order"));
        }
        if set.assets.iter().any(|asset| set.facts.len() < asset.facts.len()) {
            return Err(not("a fact has no name"));
        }
        Ok(set)
    }

    pub fn to_json(&self) -> Result<Vec<u8>, Problem> {
        serde_json::to_vec(self)
            .map_err(|cause| Problem::new(Code::Internal, format!("a set of assets: {cause}")))
    }

    #[must_use]
    pub fn find(&self, code: &str) -> Option<&Asset> {
        let at = self.assets.binary_search_by(|asset| (*asset.code).cmp(code)).ok()?;
        self.assets.get(at)
    }

    /// The facts that are known of one of its assets.
    #[must_use]
    pub fn facts_of(&self, asset: &Asset) -> Vec<AssetFact> {
        let facts = self.facts.iter().zip(&asset.facts).filter(|(_, text)| !text.is_empty());
        facts.map(|(name, text)| AssetFact { name: name.clone(), text: text.to_string() }).collect()
    }
}

impl Asset {
    #[must_use]
    pub fn lat(&self) -> f64 {
        f64::from(self.lat_e7) / 1e7
    }

    #[must_use]
    pub fn point(&self) -> Point {
        Point { lat_e7: self.lat_e7, lon_e7: self.lon_e7 }
    }

    /// Where it is as the council's list has it.
    #[must_use]
    pub fn place(&self, at_ms: i64) -> Place {
        Place {
            lat_e7: self.lat_e7,
            lon_e7: self.lon_e7,
            altitude_cm: None,
            accuracy_cm: None,
            fixed_at: at_ms,
            source: PlaceSource::Gazetteer,
        }
    }

    #[must_use]
    pub fn lon(&self) -> f64 {
        f64::from(self.lon_e7) / 1e7
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub fn asset(code: &str, name: &str, lat_e7: i32, lon_e7: i32) -> Asset {
        Asset { code: code.into(), name: name.into(), lat_e7, lon_e7, facts: Box::default() }
    }

    pub fn bins(assets: Vec<Asset>) -> AssetSet {
        AssetSet {
            key: "bins".into(),
            kind: AssetKind::LitterBin,
            title: Localised { en: "Litter bins".into(), cy: Some("Biniau sbwriel".into()) },
            attribution: String::new(),
            facts: vec!["Size".into(), "Emptied".into()],
            assets,
        }
    }

    /// As the first version that had assets wrote it: it has to be read for ever.
    const FIRST: &str = r#"{"key":"bins","kind":"litter_bin","title":{"en":"Litter bins","cy":"Biniau sbwriel"},"attribution":"","facts":["Size","Emptied"],"assets":[["B-1","Castle Meadow",526285000,12920000,["","Daily"]],["B-2","",526285100,12920100,[]]]}"#;

    #[test]
    fn a_set_travels_as_the_same_bytes_and_comes_back_as_itself() {
        let mut first = asset("B-1", "Castle Meadow", 526_285_000, 12_920_000);
        first.facts = ["".into(), "Daily".into()].into();
        let set = bins(vec![first, asset("B-2", "", 526_285_100, 12_920_100)]);
        assert_eq!(String::from_utf8(set.to_json().unwrap()).unwrap(), FIRST);
        assert_eq!(AssetSet::parse(FIRST.as_bytes()), Ok(set.clone()));
        let emptied = AssetFact { name: "Emptied".into(), text: "Daily".into() };
        assert_eq!(set.facts_of(set.find("B-1").unwrap()), [emptied], "a fact that is not known is not said");
        assert_eq!(set.find("B-3"), None);
    }

    #[test]
    fn a_kind_of_a_newer_app_is_something_else_and_more_members_do_no_harm() {
        let newer = FIRST.replacen("litter_bin", "ev_charger", 1).replacen('{', r#"{"colour":"red","#, 1);
        assert_eq!(AssetSet::parse(newer.as_bytes()).unwrap().kind, AssetKind::Other);
    }

    #[test]
    fn what_is_not_whole_is_no_set() {
        for (from, to) in [("B-2", "B-0"), ("B-2", "B-1"), (r#"["",""#, r#"["","","#), ("52", "x")] {
            let broken = FIRST.replacen(from, to, 1);
            assert!(AssetSet::parse(broken.as_bytes()).is_err(), "{from} as {to}");
        }
        let more = FIRST.replacen(r#"["Size","Emptied"]"#, "[]", 1);
        assert!(AssetSet::parse(more.as_bytes()).unwrap_err().detail.contains("no name"));
    }
}
