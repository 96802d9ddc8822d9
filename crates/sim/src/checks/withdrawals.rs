//! A withdrawal hides nothing that its writer had not seen, worked out from the log alone.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use kerbside_core::change::{Change, Context, Edit};
use kerbside_core::field::LIFECYCLE;
use kerbside_core::ids::{Dot, RecordId};
use kerbside_core::record::WITHDRAWN;
use kerbside_core::value::Value;
use kerbside_device::Filter;

use super::Settled;
use super::phones::stays_for_a_photo;
use crate::events::reviewing::is_stopped;
use crate::world::World;

/// One answer to whether the record stays.
struct Said {
    dot: Dot,
    seen: Context,
    withdraws: bool,
}

pub fn withdrawals_hide_nothing(world: &mut World, settled: &Settled) -> Result<()> {
    let mut changes: BTreeMap<RecordId, Vec<Change>> = BTreeMap::new();
    for change in world.log()? {
        changes.entry(change.record).or_default().push(change);
    }
    for (record, changes) in &changes {
        let folded = settled.folded.get(record).context("A record of the log")?;
        let hidden = is_hidden(changes);
        ensure!(
            folded.is_withdrawn() == hidden,
            "{record} is withdrawn: {}, and by its log: {hidden}; said of it:{}",
            !hidden,
            told(changes)
        );
    }
    for at in 0..world.phones.len() {
        // A phone that was stopped is told nothing more of what it has to keep.
        if is_stopped(world, at)? {
            continue;
        }
        let phone = &world.phones[at];
        let stays = stays_for_a_photo(phone)?;
        for line in phone.vault.list(&Filter { withdrawn: true, ..Filter::default() })? {
            // One whose beginning was not taken is its writer's alone, and their own word on it stands.
            let Some(changes) = changes.get(&line.record) else { continue };
            ensure!(
                is_hidden(changes) || stays.contains(&line.record),
                "phone {at} hides {} and nobody may",
                line.record
            );
        }
    }
    Ok(())
}

/// Whether everything in the record lies under the withdrawals that nobody has answered over.
fn is_hidden(changes: &[Change]) -> bool {
    let said: Vec<Said> = changes.iter().flat_map(said_in).collect();
    let covered = |one: &Said| {
        said.iter().any(|other| other.dot != one.dot && one.dot.counter <= other.seen.get(one.dot.actor))
    };
    let standing: Vec<&Said> = said.iter().filter(|one| !covered(one)).collect();
    let under =
        |dot: Dot| standing.iter().any(|one| one.dot == dot || dot.counter <= one.seen.get(dot.actor));
    !standing.is_empty()
        && standing.iter().all(|one| one.withdraws)
        && changes.iter().all(|change| under(change.dot()))
}

/// Every word on whether the record stays, in the order of the log, and what its writer had seen.
fn told(changes: &[Change]) -> String {
    let mut told = String::new();
    for change in changes {
        told += &format!("\n    {}", change.dot());
        for said in said_in(change) {
            let seen: Vec<_> = said.seen.iter().map(|dot| dot.to_string()).collect();
            told += if said.withdraws { " withdraws" } else { " opens" };
            told += &format!(" over {seen:?}");
        }
    }
    told
}

fn said_in(change: &Change) -> impl Iterator<Item = Said> {
    change.edits.iter().filter_map(|edit| match edit {
        Edit::Put { field, context, value } if field.path == LIFECYCLE => Some(Said {
            dot: change.dot(),
            seen: context.clone(),
            withdraws: *value == Value::code(WITHDRAWN),
        }),
        Edit::Create
        | Edit::Put { .. }
        | Edit::SetAdd { .. }
        | Edit::SetRemove { .. }
        | Edit::Attach { .. }
        | Edit::Note { .. }
        | Edit::Seal { .. }
        | Edit::Unknown { .. } => None,
    })
}
