//! Each field shows exactly the answers that nobody who saw them answered over.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use kerbside_core::change::Edit;
use kerbside_core::field::FieldKey;
use kerbside_core::ids::RecordId;
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
            let anew = world.ledger.answered_anew(&field, of_record);
            if due.difference(&shown).any(|marker| !anew.contains(marker)) || !spare.is_empty() {
                let over: Vec<_> = spare.iter().map(|marker| (marker, world.ledger.over(marker))).collect();
                let told = written(settled, *id, &field);
                bail!(
                    "{field} of {id} shows {shown:?} and should show {due:?}; answered over: {over:?}; the log:{told}"
                );
            }
        }
    }
    Ok(())
}

/// Every answer to a question in the order of the log, and over what it was given.
fn written(settled: &Settled, id: RecordId, field: &FieldKey) -> String {
    let mut told = String::new();
    for change in settled.log.iter().filter(|change| change.record == id) {
        for edit in &change.edits {
            if let Edit::Put { field: of, context, value } = edit
                && of == field
            {
                let seen: Vec<_> = context.iter().map(|dot| dot.to_string()).collect();
                let was = change.was.map(|was| format!(" (was {was})")).unwrap_or_default();
                told += &format!("\n    {}{was} {value:?} over {seen:?}", change.dot());
            }
        }
    }
    told
}
