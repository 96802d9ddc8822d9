//! Each field shows exactly the answers that nobody who saw them answered over.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use kerbside_core::field::FieldKey;
use kerbside_core::value::Value;

use super::Settled;
use crate::ledger::Marker;
use crate::world::{FIELDS, World};

pub fn right_answers_stand(world: &mut World, settled: &Settled) -> Result<()> {
    let nothing = BTreeSet::new();
    for (id, record) in &settled.folded {
        let of_record = settled.taken_in.get(id).unwrap_or(&nothing);
        for field in FIELDS.map(FieldKey::new) {
            let shown: BTreeSet<Marker> = record
                .answers(&field)
                .into_iter()
                .filter_map(|value| if let Value::Text(text) = value { Some(text) } else { None })
                .collect();
            let mut due = world.ledger.standing(&field, of_record);
            due.retain(|marker| !world.ledger.gone.is_redacted(marker));
            let spare: Vec<_> =
                shown.difference(&due).filter(|marker| !world.ledger.may_show_again(marker)).collect();
            if !due.is_subset(&shown) || !spare.is_empty() {
                let over: Vec<_> = spare.iter().map(|marker| (marker, world.ledger.over(marker))).collect();
                bail!("{field} of {id} shows {shown:?} and should show {due:?}; answered over: {over:?}");
            }
        }
    }
    Ok(())
}
