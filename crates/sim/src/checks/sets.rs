//! Each set holds exactly what was added and not taken out by someone who saw it.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use kerbside_core::change::Member;
use kerbside_core::field::FieldKey;

use super::Settled;
use crate::events::sets::SETS;
use crate::world::World;

pub fn right_members_stand(world: &mut World, settled: &Settled) -> Result<()> {
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
            };
            let wrong: Vec<_> =
                shown.symmetric_difference(&due).filter(|member| !is_doubtful(member)).collect();
            ensure!(wrong.is_empty(), "{set} of {id} holds {shown:?} and should hold {due:?}");
        }
    }
    Ok(())
}
