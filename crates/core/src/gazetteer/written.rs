//! How an address is put together and written, as GeoPlace's conventions have it.

use super::{Address, Block, PART_LIMIT};

/// The numbers of a property as a gazetteer keeps them apart: from, to, and the letter of each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Numbered {
    pub start: String,
    pub start_suffix: String,
    pub end: String,
    pub end_suffix: String,
}

impl Numbered {
    /// `12A`, `12-14`.
    #[must_use]
    pub fn text(&self) -> String {
        let start = format!("{}{}", self.start.trim(), self.start_suffix.trim());
        let end = format!("{}{}", self.end.trim(), self.end_suffix.trim());
        if end.is_empty() { start } else { format!("{start}-{end}") }
    }
}

impl Address {
    /// Up to the street: `Flat 3, Rose House, 12-14 Mill Lane`.
    #[must_use]
    pub fn line(&self) -> String {
        let block = &self.block;
        let (with_name, with_street) = if block.name.is_empty() {
            (
                String::new(),
                joined(", ", [self.unit_number.as_str(), &joined(" ", [&self.number, &block.street])]),
            )
        } else {
            (joined(" ", [&self.unit_number, &block.name]), joined(" ", [&self.number, &block.street]))
        };
        joined(", ", [&block.organisation, &self.unit, &with_name, &with_street].map(String::as_str))
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> String {
        joined(", ", [self.line().as_str(), &self.block.around()])
    }
}

impl Block {
    /// What follows the street: `Eaton, Norwich, NR4 6AB`.
    #[must_use]
    pub fn around(&self) -> String {
        let locality = if self.locality == self.town { "" } else { self.locality.as_str() };
        joined(", ", [locality, &self.town, &self.postcode])
    }
}

fn joined<'a>(by: &str, parts: impl IntoIterator<Item = &'a (impl AsRef<str> + ?Sized + 'a)>) -> String {
    let parts: Vec<&str> =
        parts.into_iter().map(AsRef::as_ref).map(str::trim).filter(|part| !part.is_empty()).collect();
    parts.join(by)
}

/// The numbers that stand in a text.
pub(super) fn numbers(text: &str) -> impl Iterator<Item = u32> {
    text.split(|sign: char| !sign.is_ascii_digit()).filter_map(|digits| digits.parse().ok())
}

/// A part of an address as people write it: gazetteers come in capitals.
#[must_use]
pub fn in_words(text: &str) -> String {
    let short: String =
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(PART_LIMIT).collect();
    if short.chars().any(char::is_lowercase) {
        return short;
    }
    let mut written = String::with_capacity(short.len());
    let mut before = ' ';
    for sign in short.chars() {
        let is_inside = before.is_alphanumeric() || (before == '\'' && 1 < written.len());
        if is_inside {
            written.extend(sign.to_lowercase());
        } else {
            written.push(sign);
        }
        before = sign;
    }
    written
}
