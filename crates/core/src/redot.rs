//! Giving changes other dots, when an actor turned out to have a double.
//!
//! Contexts that name the old actor are cut to the last counter both sides hold with the same bytes: above it those dots
//! are the double's, and naming them would write over answers nobody saw. The `cid` stays, so nothing arrives twice.

use std::collections::BTreeMap;

use crate::change::{Change, Context, Edit};
use crate::ids::{Actor, Dot};
use crate::planted::{self, Mutant};

/// From one actor to the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redot {
    pub from: Actor,
    pub to: Actor,
    /// The last counter whose hash device and server share, 0 for none.
    pub shared: u64,
    /// The new counter of each change that was given one.
    pub moved: BTreeMap<u64, u64>,
}

impl Redot {
    /// Numbers the changes the server does not hold anew, after the last number that the next actor has used.
    #[must_use]
    pub fn new((from, to): (Actor, Actor), offered: &[u64], held: &[u64], used: u64) -> Self {
        let shared = offered.iter().copied().filter(|counter| held.contains(counter)).max().unwrap_or(0);
        let moved =
            offered.iter().copied().filter(|counter| !held.contains(counter)).zip(used + 1..).collect();
        Self { from, to, shared, moved }
    }

    /// The change under its new dot. None for one the server holds.
    #[must_use]
    pub fn change(&self, change: &Change) -> Option<Change> {
        let counter = *self.moved.get(&change.counter)?;
        let mut change = change.clone();
        change.was = Some(change.was.unwrap_or(change.dot()));
        change.actor = self.to;
        change.counter = counter;
        self.rename(&mut change);
        Some(change)
    }

    /// What was seen when a change was made, in the new names.
    pub fn rename(&self, change: &mut Change) {
        for edit in &mut change.edits {
            if let Edit::Put { context, .. } | Edit::SetRemove { context, .. } = edit {
                *context = self.context(context);
            }
        }
    }

    /// What was seen, in the new names.
    #[must_use]
    pub fn context(&self, context: &Context) -> Context {
        let seen = context.get(self.from);
        let shared = if planted::is(Mutant::RedotToHwm) { u64::MAX } else { self.shared };
        let kept = Dot { actor: self.from, counter: seen.min(shared) };
        let moved = self
            .moved
            .range(..=seen)
            .next_back()
            .map(|(_, counter)| Dot { actor: self.to, counter: *counter });
        Context::new(
            context
                .iter()
                .filter(|dot| dot.actor != self.from)
                .chain((0 < kept.counter).then_some(kept))
                .chain(moved),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::tests::change;
    use crate::field::FieldKey;
    use crate::value::Value;

    fn put(context: &[(u32, u64)]) -> Vec<Edit> {
        let dots = context.iter().map(|(actor, counter)| Dot { actor: Actor(*actor), counter: *counter });
        vec![Edit::Put { field: FieldKey::new("size"), context: Context::new(dots), value: Value::Null }]
    }

    #[test]
    fn what_the_double_wrote_is_no_longer_named() {
        let redot = Redot::new((Actor(1), Actor(2)), &[3, 4, 5, 6], &[3, 4], 0);
        let moved = redot.change(&change(1, 6, put(&[(1, 5), (8, 3)]))).expect("not held");
        assert_eq!((moved.actor, moved.counter), (Actor(2), 2));
        assert_eq!(moved.was, Some(Dot { actor: Actor(1), counter: 6 }));
        assert_eq!(moved.edits, put(&[(1, 4), (2, 1), (8, 3)]));
    }

    #[test]
    fn a_restored_device_keeps_what_both_hold_and_moves_the_rest() {
        let redot = Redot::new((Actor(1), Actor(2)), &[1, 2], &[], 0);
        assert_eq!(redot.shared, 0);
        assert_eq!(redot.change(&change(1, 2, put(&[(1, 1)]))).expect("moved").edits, put(&[(2, 1)]));
        assert_eq!(
            Redot::new((Actor(1), Actor(2)), &[1, 2], &[1, 2], 0).change(&change(1, 2, put(&[]))),
            None
        );
    }

    #[test]
    fn the_first_dot_is_remembered_through_a_second_move() {
        let first =
            Redot::new((Actor(1), Actor(2)), &[1], &[], 0).change(&change(1, 1, put(&[]))).expect("moved");
        let second = Redot::new((Actor(2), Actor(3)), &[1], &[], 0).change(&first).expect("moved");
        assert_eq!(second.was, Some(Dot { actor: Actor(1), counter: 1 }));
    }

    #[test]
    fn what_two_actors_left_goes_on_under_one_and_each_still_names_the_other() {
        let older = Redot::new((Actor(1), Actor(3)), &[1, 2], &[1], 0);
        let newer = Redot::new((Actor(2), Actor(3)), &[1, 2], &[], 1);
        let mut moved = newer.change(&change(2, 2, put(&[(1, 2), (2, 1)]))).expect("moved");
        older.rename(&mut moved);
        assert_eq!((moved.actor, moved.counter), (Actor(3), 3));
        assert_eq!(moved.edits, put(&[(1, 1), (3, 2)]));
    }
}
