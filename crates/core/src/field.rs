//! Which question an answer belongs to: the slash-joined path in its form, and the row in a repeat.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

use crate::ids::{NotAnId, RowId};

/// The longest path of a question, in bytes.
pub const PATH_LIMIT: usize = 128;

/// System fields: ordinary answers whose names no form may use.
pub const TEAM: &str = "@team";
pub const STATUS: &str = "@status";
pub const OWNER: &str = "@owner";
pub const ASSIGNEES: &str = "@assignees";
/// Where the record is, by the code of one of the council's areas.
pub const AREA: &str = "@area";
/// In which areas its place lies, each with the version of its boundaries: a set, so that two places at once name both.
pub const AREAS: &str = "@areas";
/// Reports nearby that whoever began this one looked at and found to be of something else.
pub const APART: &str = "@apart";
/// Reports nearby that whoever began this one says are of the same thing.
pub const SAME_AS: &str = "@same_as";
/// Of which other record a duplicate is, by its id.
pub const DUPLICATE_OF: &str = "@duplicate_of";
/// Which records are duplicates of this one: a set of their ids.
pub const DUPLICATES: &str = "@duplicates";
/// The state a record was in before it was closed as a duplicate.
pub const STATUS_BEFORE: &str = "@status_before";
/// Who sees what becomes of a record that is another team's.
pub const FOLLOWERS: &str = "@followers";
pub const LIFECYCLE: &str = "@lifecycle";
/// The reference the officer's device gave at once, such as `W07-14`.
pub const REFERENCE: &str = "@ref";

/// Before the path of a repeat: in which order its rows stand, `@order/who/household`.
pub const ORDER: &str = "@order/";

/// A question, and the row of a repeat it was asked in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode, TS)]
#[cbor(map)]
#[ts(export, type = "string")]
pub struct FieldKey {
    #[n(0)]
    pub path: String,
    #[n(1)]
    pub row: Option<RowId>,
}

impl FieldKey {
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), row: None }
    }

    #[must_use]
    pub fn in_row(path: impl Into<String>, row: RowId) -> Self {
        Self { path: path.into(), row: Some(row) }
    }

    /// Whether this is one of Kerbside's own fields, which no form may name.
    #[must_use]
    pub fn is_system(&self) -> bool {
        self.path.starts_with('@')
    }

    /// Whether it says in which order the rows of a repeat stand.
    #[must_use]
    pub fn is_order(&self) -> bool {
        self.path.starts_with(ORDER)
    }

    /// Whether the path is one that may be sent: not empty, within the limit, without the row mark inside.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let name = self.path.strip_prefix('@').unwrap_or(&self.path);
        !name.is_empty() && self.path.len() <= PATH_LIMIT && !name.contains(['@', '\0'])
    }
}

impl fmt::Display for FieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        match self.row {
            Some(row) => write!(f, "@{row}"),
            None => Ok(()),
        }
    }
}

impl FromStr for FieldKey {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let key = match text.rsplit_once('@') {
            Some((path, row)) if !path.is_empty() => Self::in_row(path, row.parse()?),
            _ => Self::new(text),
        };
        if key.is_well_formed() { Ok(key) } else { Err(NotAnId) }
    }
}

impl Serialize for FieldKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FieldKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_reads_back_as_it_was_shown() {
        for key in [
            FieldKey::new("size"),
            FieldKey::new("place/where"),
            FieldKey::new(TEAM),
            FieldKey::in_row("household/name", RowId([9; 8])),
        ] {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
    }

    #[test]
    fn a_path_that_is_empty_or_too_long_is_no_field() {
        assert!("".parse::<FieldKey>().is_err());
        assert!("@".parse::<FieldKey>().is_err());
        assert!("x".repeat(129).parse::<FieldKey>().is_err());
        assert!("a@b@0000000000000000".parse::<FieldKey>().is_err());
    }
}
