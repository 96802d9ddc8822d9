//! Photos, tags, assignees, links and rows: a set in which an add beats a remove made at the same time.

use std::collections::BTreeMap;

use crdts::{CmRDT, CvRDT, Orswot, VClock, orswot};

use super::{clock_of, context_of};
use crate::change::{Context, Member};
use crate::ids::{Actor, Dot};
use crate::planted::{self, Mutant};

/// The members of one set.
#[derive(Clone, Debug, Default)]
pub struct Members(Orswot<Member, Actor>);

impl Members {
    /// Adds under one dot. All adds of a change to one set go in one call.
    pub fn add(&mut self, dot: Dot, members: Vec<Member>) {
        self.0.apply(orswot::Op::Add { dot: crdts::Dot::new(dot.actor, dot.counter), members });
    }

    /// Removes what the context has seen, clamped to what this set has witnessed: a remove that named a refused or
    /// re-dotted add would otherwise wait for ever.
    pub fn remove(&mut self, context: &Context, members: Vec<Member>) {
        let mut clock = clock_of(context);
        clock.glb(&self.0.clock());
        if planted::is(Mutant::RemovalOfUnseen) {
            clock = self.0.clock();
        }
        self.0.apply(orswot::Op::Rm { clock, members });
    }

    pub fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    #[must_use]
    pub fn contains(&self, member: &Member) -> bool {
        self.0.contains(member).val
    }

    /// The members, in order.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        self.clocks().into_keys().collect()
    }

    /// The member's own clock: what a removal of it must name.
    #[must_use]
    pub fn context(&self, member: &Member) -> Context {
        context_of(&self.0.contains(member).rm_clock)
    }

    #[must_use]
    pub fn has_deferred(&self) -> bool {
        // The crate keeps deferred removes to itself; a set built again from its parts has none.
        let (members, clock) = self.parts();
        Self::from_parts(&members, &clock).0 != self.0
    }

    /// Members with their clocks, and the clock of the whole set.
    pub(super) fn parts(&self) -> (BTreeMap<Member, Context>, Context) {
        let clocks = self.clocks().into_iter().map(|(member, clock)| (member, context_of(&clock))).collect();
        (clocks, context_of(&self.0.clock()))
    }

    /// The set with these parts, by its public operations alone: dots in order, then the clock of what was removed.
    pub(super) fn from_parts(members: &BTreeMap<Member, Context>, clock: &Context) -> Self {
        let mut by_dot: BTreeMap<Dot, Vec<Member>> = BTreeMap::new();
        for (member, seen) in members {
            for dot in seen.iter() {
                by_dot.entry(dot).or_default().push(member.clone());
            }
        }
        let mut set = Self::default();
        for (dot, members) in by_dot {
            set.add(dot, members);
        }
        for dot in clock.iter() {
            set.add(dot, Vec::new());
        }
        set
    }

    fn clocks(&self) -> BTreeMap<Member, VClock<Actor>> {
        self.0.iter().map(|entry| (entry.val.clone(), entry.rm_clock)).collect()
    }
}
