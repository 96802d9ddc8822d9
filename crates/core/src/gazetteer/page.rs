//! How a gazetteer travels: page by page in the order of UPRNs, what went and what came since the release that is held.

use minicbor::{Decode, Encode};

use super::Address;
use crate::ids::Sha256;

/// A page is written in one go while an officer types on.
pub const PAGE_ROWS: usize = 1_000;

/// One page of the way from a release to another. The server signs it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct GazetteerPage {
    #[n(0)]
    pub area: String,
    /// The release it leads to.
    #[n(1)]
    pub release: u32,
    /// The release it begins at; nought from nothing.
    #[n(2)]
    pub since: u32,
    /// All of this page have higher UPRNs.
    #[n(3)]
    pub after: u64,
    /// The last UPRN this page settles; none where nothing follows.
    #[n(4)]
    pub through: Option<u64>,
    /// UPRNs of what is gone, and of what is told anew among `added`.
    #[n(5)]
    pub removed: Vec<u64>,
    #[n(6)]
    pub added: Vec<Address>,
}

/// What a gazetteer holds, in two numbers that a page can be added to and taken from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Content {
    pub rows: u64,
    /// The sum of the marks of all addresses.
    pub sum: i64,
}

impl Content {
    pub fn add(&mut self, mark: i64) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(mark);
    }

    pub fn take(&mut self, mark: i64) {
        self.rows = self.rows.saturating_sub(1);
        self.sum = self.sum.wrapping_sub(mark);
    }

    /// What an offer says of a release, so that a device knows when it holds the same.
    #[must_use]
    pub fn hash(self) -> Sha256 {
        let [rows, sum] = [self.rows.to_be_bytes(), self.sum.to_be_bytes()];
        Sha256::of(&[rows, sum].concat())
    }
}
