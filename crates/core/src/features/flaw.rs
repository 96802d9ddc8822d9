//! What keeps one feature of a file from being brought in.

use std::fmt;

use serde::Serialize;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    NoCode,
    /// Another feature of the file has the same code.
    CodeTwice,
    /// The code is longer than 64 bytes, or has blanks or signs that codes may not have.
    CodeUnfit,
    /// A name or a fact is longer than a line or two.
    WordsTooLong,
    NoGeometry,
    /// It is a point.
    NotAnArea,
    /// It is an area.
    NotAPoint,
    /// It is a line, or several things.
    NotDrawn,
    /// It encloses nothing.
    Empty,
    OffEarth,
    OffGrid,
    /// The bytes of its geometry cannot be read.
    Unreadable,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCode => "it has no code",
            Self::CodeTwice => "its code is that of one before it",
            Self::CodeUnfit => "its code is too long or has blanks in it",
            Self::WordsTooLong => "its name or one of its facts is longer than 200 letters",
            Self::NoGeometry => "it has no geometry",
            Self::NotAnArea => "it is no area but a point",
            Self::NotAPoint => "it is no point but an area: give its middle",
            Self::NotDrawn => "it is neither one point nor an area",
            Self::Empty => "its outline encloses nothing",
            Self::OffEarth => "it does not lie in degrees of longitude and latitude",
            Self::OffGrid => "it does not lie on the British National Grid",
            Self::Unreadable => "its geometry cannot be read",
        })
    }
}

/// A feature of a file that was not brought in: which, counted from one, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Flawed {
    pub feature: usize,
    pub code: Option<String>,
    pub flaw: Flaw,
}
