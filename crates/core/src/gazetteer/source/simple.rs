//! A table with one address a line: in columns of its parts, or in one column as people write it.

use super::columns::Named;
use super::pieces::{a_postcode, class};
use super::{Reason, place, standing, uprn, usrn};
use crate::gazetteer::{Address, Block, Standing, in_words, postcode};

pub(super) fn address(named: &Named<'_>) -> Result<Address, Reason> {
    let uprn = uprn(named)?;
    let (lat_e7, lon_e7) = place(named)?;
    let standing = match named.text("STATUS") {
        "" => Standing::Approved,
        text => standing(text)?.ok_or("the gazetteer has rejected it")?,
    };
    let mut parts = Parts::default();
    parts.read(named.text("ADDRESS"));
    let or = |column: &str, read: String| match named.text(column) {
        "" => read,
        own => in_words(own),
    };
    let code = a_postcode(named)?;
    Ok(Address {
        uprn,
        unit: or("UNIT", parts.unit),
        unit_number: String::new(),
        number: named.text("NUMBER").chars().take(16).collect::<String>().if_empty(parts.number),
        block: Block {
            usrn: usrn(named.text("USRN")),
            organisation: in_words(named.text("ORGANISATION")),
            name: or("NAME", parts.name),
            street: or("STREET", parts.street),
            locality: or("LOCALITY", parts.locality),
            town: or("TOWN", parts.town),
            postcode: code.if_empty(parts.postcode),
        },
        class: class(named.text("CLASS"))?,
        standing,
        lat_e7,
        lon_e7,
    })
}

trait IfEmpty {
    fn if_empty(self, other: Self) -> Self;
}

impl IfEmpty for String {
    fn if_empty(self, other: Self) -> Self {
        if self.is_empty() { other } else { self }
    }
}

/// An address in one line, taken apart at its commas.
#[derive(Default)]
struct Parts {
    unit: String,
    name: String,
    number: String,
    street: String,
    locality: String,
    town: String,
    postcode: String,
}

impl Parts {
    fn read(&mut self, text: &str) {
        let mut parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        if let Some(code) = parts.last().and_then(|last| postcode(last)) {
            self.postcode = code;
            parts.pop();
        }
        let numbered = parts.iter().rposition(|part| starts_with_number(part));
        let street = numbered.unwrap_or(parts.len().saturating_sub(2).min(1));
        let after = parts.get(street + 1..).unwrap_or_default();
        if let [locality @ .., town] = after {
            self.town = in_words(town);
            self.locality = in_words(&locality.join(", "));
        }
        match parts.get(..street).unwrap_or_default() {
            [] => {}
            [one] if in_words(one).to_lowercase().starts_with("flat") => self.unit = in_words(one),
            [units @ .., name] => {
                self.unit = in_words(&units.join(", "));
                self.name = in_words(name);
            }
        }
        let line = parts.get(street).copied().unwrap_or_default();
        let (number, name) = line.split_once(' ').filter(|_| numbered.is_some()).unwrap_or(("", line));
        self.number = number.chars().take(16).collect();
        self.street = in_words(name);
    }
}

/// `12 Elm Road`, `12A-14 Elm Road`; not `1st Avenue`.
fn starts_with_number(part: &str) -> bool {
    let Some((number, _)) = part.split_once(' ') else { return false };
    let letters: String = number.chars().filter(|sign| sign.is_alphabetic()).collect();
    number.starts_with(|sign: char| sign.is_ascii_digit())
        && letters.len() <= 2
        && !matches!(letters.to_lowercase().as_str(), "st" | "nd" | "rd" | "th")
}
