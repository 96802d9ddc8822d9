//! Each set holds exactly what was added and not taken out by someone who saw it.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use kerbside_core::change::{Context, Edit, Member};
use kerbside_core::field::FieldKey;
use kerbside_core::ids::RecordId;

use super::Settled;
use crate::events::sets::SETS;
use crate::ledger::markers_of;
use crate::world::World;

pub fn right_members_stand(world: &mut World, settled: &Settled) -> Result<()> {
    let given_up = Context::new(world.server.given_up()?);
    let (ledger, nothing) = (&world.ledger, BTreeSet::new());
    for (id, record) in &settled.folded {
        let taken = settled.taken_in.get(id).unwrap_or(&nothing);
        for set in SETS {
            let shown = record.set(&FieldKey::new(set)).map(|members| members.members()).unwrap_or_default();
            let shown: BTreeSet<Member> = shown.into_iter().collect();
            let due = ledger.sets.standing(set, taken);
            // Of an add that arrived twice the removal may have named the copy that was not taken; and of one whose note
            // was taken out nobody can say whether a removal saw it.
            let is_doubtful = |member: &&Member| {
                let mut adds = ledger.sets.adds_of(*id, set, member);
                adds.any(|marker| ledger.may_show_again(marker) || ledger.gone.is_redacted(marker))
                    || came_after_all(settled, *id, (set, member), &given_up)
            };
            let wrong: Vec<_> =
                shown.symmetric_difference(&due).filter(|member| !is_doubtful(member)).collect();
            ensure!(
                wrong.is_empty(),
                "{set} of {id} holds {shown:?} and should hold {due:?}; the log:{}",
                told(settled, *id, set)
            );
        }
    }
    Ok(())
}

/// Whether an add that nobody waited for any more, because its actor was given up or an administrator said so, came when
/// the removal that saw it was in the log: no removal waits in a record, so the member stands.
fn came_after_all(
    settled: &Settled,
    id: RecordId,
    (set, member): (&str, &Member),
    given_up: &Context,
) -> bool {
    let mut seen = BTreeSet::new();
    for change in settled.log.iter().filter(|change| change.record == id) {
        for edit in &change.edits {
            if let Edit::SetRemove { field, context, members } = edit
                && field.path == set
                && members.contains(member)
            {
                seen.extend(context.iter());
            }
            if let Edit::SetAdd { field, members } = edit
                && field.path == set
                && members.contains(member)
                && change.counter <= given_up.get(change.actor)
                && seen.iter().any(|seen| seen.actor == change.actor && change.counter <= seen.counter)
            {
                return true;
            }
        }
    }
    false
}

/// Every word on a set in the order of the log, and the notes that came with it.
fn told(settled: &Settled, id: RecordId, set: &str) -> String {
    let mut told = String::new();
    for change in settled.log.iter().filter(|change| change.record == id) {
        for edit in &change.edits {
            let said = if let Edit::SetAdd { field, members } = edit
                && field.path == set
            {
                format!("adds {members:?}")
            } else if let Edit::SetRemove { field, context, members } = edit
                && field.path == set
            {
                let seen: Vec<_> = context.iter().map(|dot| dot.to_string()).collect();
                format!("removes {members:?} over {seen:?}")
            } else {
                continue;
            };
            let was = change.was.map(|was| format!(" (was {was})")).unwrap_or_default();
            told += &format!("\n    {}{was} {said} {:?}", change.dot(), markers_of(change));
        }
    }
    told
}
