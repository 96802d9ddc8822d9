//! After a seal the log has nothing more of a record but photos that it named before.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use kerbside_core::change::Edit;
use kerbside_core::ids::{RecordId, Sha256};

use super::Settled;
use crate::world::World;

pub fn seals_hold(_: &mut World, settled: &Settled) -> Result<()> {
    let mut named: BTreeMap<RecordId, BTreeSet<Sha256>> = BTreeMap::new();
    let mut sealed: BTreeSet<RecordId> = BTreeSet::new();
    for change in &settled.log {
        let named = named.entry(change.record).or_default();
        let is_named = |edit: &Edit| matches!(edit, Edit::Attach { photo, .. } if named.contains(photo));
        if sealed.contains(&change.record) {
            ensure!(change.edits.iter().all(is_named), "{} came after a seal", change.dot());
        }
        named.extend(change.photos().map(|(_, photo, _)| photo));
        if change.edits.iter().any(|edit| matches!(edit, Edit::Seal { .. })) {
            sealed.insert(change.record);
        }
    }
    Ok(())
}
