//! One question's answers: every value that nobody has answered over, with who and when.

use crdts::{CmRDT, CvRDT, MVReg, VClock, mvreg};

use super::{Stamp, clock_of, context_of};
use crate::change::Context;
use crate::ids::Actor;
use crate::planted::{self, Mutant};
use crate::value::Value;

/// One value as it was written, and all it was written over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    pub stamp: Stamp,
    pub value: Value,
    /// The context and the own dot. Kept with the value because `MVReg` shows its values without their clocks.
    clock: VClock<Actor>,
}

impl Written {
    /// What this value was written over, its own dot left out.
    #[must_use]
    pub fn context(&self) -> Context {
        let own = self.stamp.dot;
        Context::new(context_of(&self.clock).iter().filter(|dot| *dot != own))
    }
}

/// The answers to one question.
#[derive(Clone, Debug, Default)]
pub struct Register(MVReg<Written, Actor>);

impl Register {
    /// Writes over what the context names.
    pub fn put(&mut self, stamp: Stamp, context: &Context, value: Value) {
        let mut clock = clock_of(context);
        clock.apply(crdts::Dot::new(stamp.dot.actor, stamp.dot.counter));
        let written = Written { stamp, value, clock: clock.clone() };
        self.0.apply(mvreg::Op::Put { clock, val: written });
    }

    pub fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    /// Every value, newest first by (clock, dot): the same order on every replica.
    #[must_use]
    pub fn values(&self) -> Vec<Written> {
        let mut values = self.0.read().val;
        values.sort_by_key(|written| std::cmp::Reverse(written.stamp));
        values
    }

    /// The value that lists and reports go by.
    #[must_use]
    pub fn provisional(&self) -> Option<Written> {
        self.values().into_iter().find(|written| written.value != Value::Redacted)
    }

    /// Whether two different answers stand. Equal ones, written at once, are one answer.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let mut values = self.0.read().val;
        values.retain(|written| written.value != Value::Redacted);
        values.iter().zip(values.iter().skip(1)).any(|(one, other)| one.value != other.value)
    }

    /// What someone looking at the question now has in front of them: the clocks of all its values, not only their dots.
    #[must_use]
    pub fn context(&self) -> Context {
        if planted::is(Mutant::ContextOfVisibleDotsOnly) {
            return Context::new(self.values().into_iter().map(|written| written.stamp.dot));
        }
        context_of(&self.0.read_ctx().add_clock)
    }
}
