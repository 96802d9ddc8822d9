//! Whether a device holds what its server says it should: a digest of every 256th of its records, and where two of
//! those differ, the records of that part one by one.
//!
//! Digests are over the canonical bytes themselves, read anew each time: a digest that was stored beside a record
//! would vouch for bytes that nobody has looked at since. They are compared only at the same number of the log.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256 as Hasher};

use crate::ids::{Dot, NotAnId, RecordId, Sha256, from_hex, to_hex};

/// Moves when a record's canonical bytes do. Devices and servers of different versions compare nothing.
pub const DIGEST_VERSION: u32 = 1;
/// The most records asked for by name in one question.
pub const LIST_LIMIT: usize = 100;

/// One of 256 parts that records fall into by the last, random byte of their id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket(pub u8);

impl Bucket {
    #[must_use]
    pub fn of(record: RecordId) -> Self {
        Self(record.0.last().copied().unwrap_or_default())
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&[self.0]))
    }
}

impl FromStr for Bucket {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        from_hex::<1>(text).map(|[bucket]| Self(bucket))
    }
}

impl Serialize for Bucket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bucket {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Digests under way. Records come in the order of their ids, each with the hash of its canonical bytes.
#[derive(Clone, Default)]
pub struct Buckets {
    parts: BTreeMap<Bucket, Hasher>,
    whole: Hasher,
    records: u64,
}

impl fmt::Debug for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buckets of {} records", self.records)
    }
}

impl Buckets {
    pub fn add(&mut self, record: RecordId, state: Sha256) {
        for hasher in [self.parts.entry(Bucket::of(record)).or_default(), &mut self.whole] {
            hasher.update(record.0);
            hasher.update(state.0);
        }
        self.records += 1;
    }

    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// One digest over all records.
    #[must_use]
    pub fn whole(&self) -> Sha256 {
        Sha256(self.whole.clone().finalize().into())
    }

    /// A digest for each part that has any records.
    #[must_use]
    pub fn parts(&self) -> BTreeMap<Bucket, Sha256> {
        let digest = |hasher: &Hasher| Sha256(hasher.clone().finalize().into());
        self.parts.iter().map(|(bucket, hasher)| (*bucket, digest(hasher))).collect()
    }

    /// The parts in which the other side holds something else.
    #[must_use]
    pub fn unequal(&self, theirs: &BTreeMap<Bucket, Sha256>) -> BTreeSet<Bucket> {
        let ours = self.parts();
        let named: BTreeSet<Bucket> = ours.keys().chain(theirs.keys()).copied().collect();
        named.into_iter().filter(|bucket| ours.get(bucket) != theirs.get(bucket)).collect()
    }
}

/// What a device asks: how it stands, which parts it wants record by record, and of which records it wants to know
/// whether they exist at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Question {
    pub version: u32,
    pub cursor: Vec<u8>,
    pub list: BTreeSet<Bucket>,
    pub known: Vec<RecordId>,
}

/// What a server answers, all of it of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Compared {
    pub version: u32,
    /// The log's number.
    pub seq: i64,
    /// Whether the device has read the log to exactly here, in its present scope, by the same version. Where not,
    /// nothing below is there.
    pub same_moment: bool,
    pub records: u64,
    pub digest: Sha256,
    #[serde(default)]
    pub buckets: BTreeMap<Bucket, Sha256>,
    #[serde(default)]
    pub listed: BTreeMap<RecordId, Sha256>,
    /// Of the records asked about by name, those the server knows nothing of.
    #[serde(default)]
    pub unknown: BTreeSet<RecordId>,
    /// The device's own changes whose bytes the server holds no longer: it is to offer them again.
    #[serde(default)]
    pub missing: Vec<Dot>,
}

/// How one record differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// Both hold it, and not the same.
    Differs,
    /// The server holds it and the device does not.
    Lacking,
    /// The device holds it and the server does not say that it should.
    Extra,
}

/// Every record that differs.
pub type Differences = BTreeMap<RecordId, Difference>;

impl Difference {
    /// Compares what the device holds of some parts with what the server lists of them.
    #[must_use]
    pub fn between(ours: &BTreeMap<RecordId, Sha256>, theirs: &BTreeMap<RecordId, Sha256>) -> Differences {
        let mut found = Differences::new();
        for (record, state) in theirs {
            match ours.get(record) {
                Some(own) if own == state => {}
                Some(_) => {
                    found.insert(*record, Self::Differs);
                }
                None => {
                    found.insert(*record, Self::Lacking);
                }
            }
        }
        found.extend(ours.keys().filter(|record| !theirs.contains_key(record)).map(|id| (*id, Self::Extra)));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(first: u8, last: u8) -> RecordId {
        let mut id = [first; 16];
        id[15] = last;
        RecordId(id)
    }

    fn digest_of(held: &BTreeMap<RecordId, Sha256>) -> Buckets {
        let mut buckets = Buckets::default();
        held.iter().for_each(|(record, state)| buckets.add(*record, *state));
        buckets
    }

    #[test]
    fn two_who_hold_the_same_find_nothing_and_one_flipped_bit_is_found_to_the_record() {
        let ours: BTreeMap<_, _> = (0..200).map(|n| (record(n, n % 7), Sha256::of(&[n]))).collect();
        let mut theirs = ours.clone();
        assert!(digest_of(&ours).unequal(&digest_of(&theirs).parts()).is_empty());
        theirs.get_mut(&record(9, 2)).unwrap().0[31] ^= 1;
        let unequal = digest_of(&ours).unequal(&digest_of(&theirs).parts());
        assert_eq!(unequal, BTreeSet::from([Bucket(2)]));
        assert_ne!(digest_of(&ours).whole(), digest_of(&theirs).whole());
        let differences = Difference::between(&ours, &theirs);
        assert_eq!(differences, Differences::from([(record(9, 2), Difference::Differs)]));
    }

    #[test]
    fn what_only_one_side_holds_is_named_by_side() {
        let ours = BTreeMap::from([(record(1, 1), Sha256([1; 32])), (record(2, 1), Sha256([2; 32]))]);
        let theirs = BTreeMap::from([(record(2, 1), Sha256([2; 32])), (record(3, 4), Sha256([3; 32]))]);
        let unequal = digest_of(&ours).unequal(&digest_of(&theirs).parts());
        assert_eq!(unequal, BTreeSet::from([Bucket(1), Bucket(4)]));
        let found = Difference::between(&ours, &theirs);
        assert_eq!(found.get(&record(1, 1)), Some(&Difference::Extra));
        assert_eq!(found.get(&record(3, 4)), Some(&Difference::Lacking));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn an_answer_reads_back_and_one_of_an_older_server_does_too() {
        let answer = Compared {
            version: 1,
            seq: 7,
            same_moment: true,
            buckets: BTreeMap::from([(Bucket(10), Sha256([9; 32]))]),
            missing: vec![Dot { actor: crate::ids::Actor(4), counter: 2 }],
            ..Compared::default()
        };
        let text = serde_json::to_string(&answer).unwrap();
        assert!(text.contains("\"0a\""));
        assert_eq!(serde_json::from_str::<Compared>(&text).unwrap(), answer);
        let bare = format!(
            "{{\"version\":2,\"seq\":1,\"same_moment\":false,\"records\":0,\"digest\":\"{}\"}}",
            Sha256([0; 32])
        );
        assert!(serde_json::from_str::<Compared>(&bare).unwrap().buckets.is_empty());
    }
}
