//! What the office found of a record and others: that it is the same as another, or what else it was reported as.

use crate::store::RecordRow;
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::ids::{OfficerId, RecordId};
use kerbside_core::same::{duplicate_of, duplicates};
use serde::Serialize;
use ts_rs::TS;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct OfSame {
    /// That it was closed as a duplicate.
    pub duplicate_of: Option<ClosedFor>,
    /// What those are called that were closed as duplicates of it, of those that are on this device.
    pub duplicates: Vec<SameRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ClosedFor {
    pub officer: OfficerId,
    #[ts(type = "number")]
    pub at_ms: i64,
    /// The other, where it is on this device.
    pub record: Option<SameRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct SameRecord {
    pub record: RecordId,
    pub reference: String,
}

impl Vault {
    pub fn of_same(&self, record: RecordId) -> Result<OfSame> {
        let head = self.head(record)?;
        let duplicate_of = match duplicate_of(&head) {
            Some((other, stamp)) => {
                let record = self.store.record(other)?.map(named);
                Some(ClosedFor { officer: stamp.officer, at_ms: stamp.at_ms, record })
            }
            None => None,
        };
        let mut found = OfSame { duplicate_of, duplicates: Vec::new() };
        for other in duplicates(&head) {
            let Some(row) = self.store.record(other)? else { continue };
            let closed = self.head_of(&row)?;
            // Both say so, or it was taken back where only one of them could be written.
            if self::duplicate_of(&closed).is_some_and(|(into, _)| into == record) {
                found.duplicates.push(named(row));
            }
        }
        Ok(found)
    }
}

fn named(row: RecordRow) -> SameRecord {
    let RecordRow { id, office_reference, reference, summary, .. } = row;
    SameRecord { record: id, reference: office_reference.or(reference).unwrap_or(summary) }
}

#[cfg(test)]
mod tests;
