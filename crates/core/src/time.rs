//! When: a clock that never runs backwards, and what a device knew of the time when it made a change.
//!
//! Merging never reads any of this. It orders what people see, and it is evidence.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::planted::{self, Mutant};

/// A remote clock further ahead than this is not adopted.
pub const TRUSTED_AHEAD_MS: u64 = 10 * 60 * 1000;

/// A hybrid logical clock: 48 bits of milliseconds, 16 of logical time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Hlc(#[n(0)] pub u64);

impl Hlc {
    #[must_use]
    pub fn at(ms: u64) -> Self {
        Self(ms << 16)
    }

    /// The milliseconds since 1970 in this reading.
    #[must_use]
    pub fn ms(self) -> u64 {
        self.0 >> 16
    }

    /// The next reading of this clock when the (corrected) time is `now_ms`. Logical overflow carries into milliseconds.
    #[must_use]
    pub fn tick(self, now_ms: u64) -> Self {
        Self((self.0 + 1).max(Self::at(now_ms).0))
    }

    /// Takes note of a remote reading, unless it is too far ahead to believe.
    #[must_use]
    pub fn observe(self, remote: Self, now_ms: u64) -> Self {
        let is_believed = remote.ms() <= now_ms + TRUSTED_AHEAD_MS || planted::is(Mutant::ClockWithoutBound);
        if is_believed { self.max(remote) } else { self }
    }
}

/// Who kept the time of a moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TimeSource {
    Device,
    Gnss,
    Server,
}

/// When a change was made, by every clock the device had.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Moment {
    #[n(0)]
    pub hlc: Hlc,
    /// The device's own clock, milliseconds since 1970.
    #[n(1)]
    pub wall_ms: i64,
    /// Milliseconds since the device started.
    #[n(2)]
    pub monotonic_ms: u64,
    /// Which start of the device, counted in the vault.
    #[n(3)]
    pub boot: u32,
    /// Server time less device time when they last spoke.
    #[n(4)]
    pub server_offset_ms: Option<i64>,
    #[n(5)]
    pub source: TimeSource,
}

impl Moment {
    /// The best estimate of when this really was, milliseconds since 1970.
    #[must_use]
    pub fn corrected_ms(&self) -> i64 {
        self.wall_ms.saturating_add(self.server_offset_ms.unwrap_or(0))
    }
}

impl<C> Encode<C> for TimeSource {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.u8(*self as u8)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for TimeSource {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        match d.u8()? {
            0 => Ok(Self::Device),
            1 => Ok(Self::Gnss),
            2 => Ok(Self::Server),
            _ => Err(DecodeError::message("an unknown source of time")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_runs_backwards_though_the_wall_clock_does() {
        let first = Hlc::default().tick(1_000);
        let second = first.tick(400);
        assert!(first < second);
        assert_eq!(second.ms(), 1_000);
    }

    #[test]
    fn logical_overflow_carries_into_milliseconds() {
        let full = Hlc((5 << 16) | 0xffff);
        assert_eq!(full.tick(0), Hlc::at(6));
    }

    #[test]
    fn a_clock_two_days_ahead_is_not_adopted() {
        let mine = Hlc::at(1_000);
        assert_eq!(mine.observe(Hlc::at(172_800_000), 1_000), mine);
        assert_eq!(mine.observe(Hlc::at(2_000), 1_000), Hlc::at(2_000));
    }
}
