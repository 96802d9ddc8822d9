//! Bits that flip on purpose, in a build that simulates: what `verify` must find.

use crate::store::RecordRow;
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
    /// Both what was confirmed and what is shown are another record's, whole and in accord: only the server can tell.
    Misplaced,
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
            Rot::Misplaced => self.misplace(&mut row)?,
        };
        self.store.transact(|store| store.put_record(&row))?;
        Ok(flipped)
    }
}

impl Vault {
    fn misplace(&self, row: &mut RecordRow) -> Result<bool> {
        for id in self.states()?.into_keys().filter(|id| *id != row.id) {
            let other = self.store.record(id)?;
            if let Some(other) = other.filter(|other| other.base.as_ref() == Some(&other.head)) {
                (row.base, row.head) = (other.base, other.head);
                return Ok(true);
            }
        }
        Ok(false)
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
