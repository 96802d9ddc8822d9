//! What an officer had in front of them when they answered.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::ids::{Actor, Dot};

/// The most actors a context names.
pub const CONTEXT_LIMIT: usize = 1_024;

/// What the officer had in front of them: the newest counter of every actor in the clocks of the values seen.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Context(Vec<Dot>);

impl Context {
    /// From any dots; keeps the newest of each actor.
    #[must_use]
    pub fn new(dots: impl IntoIterator<Item = Dot>) -> Self {
        let mut newest = std::collections::BTreeMap::new();
        for dot in dots {
            let counter = newest.entry(dot.actor).or_insert(dot.counter);
            *counter = dot.counter.max(*counter);
        }
        Self(newest.into_iter().map(|(actor, counter)| Dot { actor, counter }).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = Dot> {
        self.0.iter().copied()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The newest counter of this actor that was seen, 0 for none.
    #[must_use]
    pub fn get(&self, actor: Actor) -> u64 {
        self.iter().find(|dot| dot.actor == actor).map_or(0, |dot| dot.counter)
    }

    /// The same, but nothing that `present` does not hold.
    #[must_use]
    pub fn clamped_to(&self, present: &Self) -> Self {
        let within = self.iter().map(|dot| Dot { counter: dot.counter.min(present.get(dot.actor)), ..dot });
        Self::new(within.filter(|dot| 0 < dot.counter))
    }

    pub(super) fn is_well_formed(&self) -> bool {
        self.0.len() <= CONTEXT_LIMIT
            && self.0.iter().all(|dot| 0 < dot.counter && dot.counter < 1 << 53)
            && self.0.iter().zip(self.0.iter().skip(1)).all(|(one, next)| one.actor < next.actor)
    }
}

impl<C> Encode<C> for Context {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, c: &mut C) -> Result<(), EncodeError<W::Error>> {
        self.0.encode(e, c)
    }
}

impl<'b, C> Decode<'b, C> for Context {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let context = Self(d.decode()?);
        if context.is_well_formed() {
            Ok(context)
        } else {
            Err(DecodeError::message("a context out of order"))
        }
    }
}
