//! Addresses: how one is written, how what somebody types is understood, and how the best are found.
//!
//! Where the rows lie is somebody else's business ([`Shelf`]): a phone and the server search by the same rules.

mod asked;
mod edits;
pub mod invented;
mod page;
mod postcode;
mod search;
pub mod source;
#[cfg(test)]
mod tests;
mod words;
mod written;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::cbor;
use crate::ids::Sha256;

pub use asked::Asked;
pub use edits::shortened;
pub use page::{Content, GazetteerPage, PAGE_ROWS};
pub use postcode::postcode;
pub use search::{AddressesFound, Hit, Near, Shelf, Term, nearest, search};
pub use words::{is_spelt_loosely, words};
pub use written::{Numbered, in_words};

/// Stands for a UPRN where an officer has said that the gazetteer lacks the address. No property has it.
pub const NOT_IN_GAZETTEER: &str = "0";

/// The longest part of an address that is kept, in characters.
pub const PART_LIMIT: usize = 120;

/// Where a property stands among those the gazetteer has, by BS 7666's numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Standing {
    Approved,
    Alternative,
    Candidate,
    Provisional,
    Historic,
}

impl Standing {
    const NUMBERS: [(u8, Self); 5] = [
        (1, Self::Approved),
        (3, Self::Alternative),
        (5, Self::Candidate),
        (6, Self::Provisional),
        (8, Self::Historic),
    ];

    /// Nothing for a property that was rejected, and for a number nobody knows.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        Self::NUMBERS.iter().find(|(known, _)| *known == number).map(|(_, standing)| *standing)
    }

    #[must_use]
    pub fn number(self) -> u8 {
        Self::NUMBERS.iter().find(|(_, standing)| *standing == self).map_or(1, |(number, _)| *number)
    }
}

impl<C> Encode<C> for Standing {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u8(self.number())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Standing {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::of(d.u8()?).ok_or_else(|| minicbor::decode::Error::message("an unknown standing"))
    }
}

/// What addresses next to each other share: all in it but the number. Words are sought here.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Encode, Decode)]
#[cbor(array)]
pub struct Block {
    #[n(0)]
    pub usrn: Option<u32>,
    #[n(1)]
    pub organisation: String,
    /// Of the building.
    #[n(2)]
    pub name: String,
    #[n(3)]
    pub street: String,
    #[n(4)]
    pub locality: String,
    #[n(5)]
    pub town: String,
    /// With one space, or empty.
    #[n(6)]
    pub postcode: String,
}

impl Block {
    /// The same everywhere for the same words, so that nobody has to look it up.
    #[must_use]
    pub fn id(&self) -> i64 {
        eight(Sha256::of(&cbor::encode(self))) & i64::MAX
    }

    /// What it is found by: its words, each once, and its postcode in one piece.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut found: Vec<String> =
            [&self.organisation, &self.name, &self.street, &self.locality, &self.town]
                .into_iter()
                .flat_map(|part| words(part))
                .collect();
        found.extend(postcode::packed(&self.postcode));
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// One property of the gazetteer.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Encode, Decode)]
#[cbor(array)]
pub struct Address {
    #[n(0)]
    pub uprn: u64,
    /// "Flat 3", "First floor".
    #[n(1)]
    pub unit: String,
    /// The number of the unit: "3", "3A-5".
    #[n(2)]
    pub unit_number: String,
    /// In the street: "12", "12A", "12-14".
    #[n(3)]
    pub number: String,
    #[n(4)]
    pub block: Block,
    /// What kind of property it is, as BS 7666 classes them.
    #[n(5)]
    pub class: String,
    #[n(6)]
    pub standing: Standing,
    /// Degrees × 10⁷, WGS 84.
    #[n(7)]
    pub lat_e7: i32,
    #[n(8)]
    pub lon_e7: i32,
}

impl Address {
    /// A number that changes with anything in it.
    #[must_use]
    pub fn mark(&self) -> i64 {
        eight(Sha256::of(&cbor::encode(self)))
    }

    /// Its numbers in the street, lowest and highest.
    #[must_use]
    pub fn range(&self) -> Option<(u32, u32)> {
        let mut numbers = written::numbers(&self.number);
        let low = numbers.next()?;
        Some((low, numbers.last().unwrap_or(low).max(low)))
    }

    /// The number of the flat in it.
    #[must_use]
    pub fn unit_at(&self) -> Option<u32> {
        written::numbers(&self.unit_number).next().or_else(|| written::numbers(&self.unit).next())
    }

    #[must_use]
    pub fn cell(&self) -> i64 {
        search::cell(self.lat_e7, self.lon_e7)
    }
}

fn eight(hash: Sha256) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = hash.0;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}
