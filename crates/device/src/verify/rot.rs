//! Bits that flip on purpose, in a build that simulates: what `verify` must find.

use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::ids::RecordId;

/// Where a bit flips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rot {
    /// What the server had confirmed of a record.
    Base,
    /// What is shown of it.
    Head,
    /// The bytes of the newest change made to it here.
    Change,
}

impl Vault {
    /// Flips one bit, if there is something to flip.
    pub fn flip(&mut self, rot: Rot, record: RecordId, bit: usize) -> Result<bool> {
        let Some(mut row) = self.store.record(record)? else { return Ok(false) };
        let flipped = match rot {
            Rot::Base => row.base.as_mut().is_some_and(|base| turn(base, bit)),
            Rot::Head => turn(&mut row.head, bit),
            Rot::Change => {
                let Some(mut own) = self.store.changes_of(record)?.pop() else { return Ok(false) };
                let flipped = turn(&mut own.bytes, bit);
                self.store.transact(|store| store.mend_change(&own))?;
                return Ok(flipped);
            }
        };
        self.store.transact(|store| store.put_record(&row))?;
        Ok(flipped)
    }
}

fn turn(bytes: &mut [u8], bit: usize) -> bool {
    let at = bit / 8 % bytes.len().max(1);
    match bytes.get_mut(at) {
        Some(byte) => {
            *byte ^= 1 << (bit % 8);
            true
        }
        None => false,
    }
}
