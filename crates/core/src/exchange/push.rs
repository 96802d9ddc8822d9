//! What a device says: its next changes, how far it has come, and a signed head over its whole chain.

use minicbor::{Decode, Encode};

use crate::cbor;
use crate::ids::{Actor, DeviceId, Dot, Epoch, RecordId, ServerId, Sha256};
use crate::sign::Signed;

/// Device to server.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Push {
    #[n(0)]
    pub actor: Actor,
    /// The counter of the first change here: the next one, where there is none.
    #[n(1)]
    pub first: u64,
    /// Consecutive changes, as first written. An empty one stands for bytes that this device no longer has: `lost`.
    #[cbor(n(2), with = "cbor::many")]
    pub changes: Vec<Vec<u8>>,
    /// How far this device has read: opaque, as the server gave it. Empty at first.
    #[cbor(n(3), with = "cbor::blob")]
    pub cursor: Vec<u8>,
    #[n(4)]
    pub epoch: Epoch,
    /// Verdicts are wanted for counters above this one.
    #[n(5)]
    pub acked: u64,
    #[n(6)]
    pub wants: Wants,
    #[n(7)]
    pub clock: ClockReading,
    #[n(8)]
    pub app: String,
    #[n(9)]
    pub capabilities: Vec<String>,
    /// A signed [`Head`] at the last change the device holds of its own, sent here or before.
    ///
    /// Where nothing is offered and the server has signed for all of it, the first bytes of the chain stand for it.
    #[n(10)]
    pub head: Signed,
    /// Counter and hash of each change whose bytes this device cleared because a backup held them.
    #[cbor(n(11), skip_if = "Vec::is_empty")]
    pub lost: Vec<Lost>,
    /// When the oldest saved thing that this push does not bring was saved: a change or a photo. Milliseconds since 1970.
    #[n(12)]
    pub oldest_unsent_ms: Option<i64>,
    /// How many such things there are, where there are any.
    #[n(13)]
    pub unsent: Option<u32>,
    #[n(14)]
    pub asks: Option<Asks>,
    /// A receipt of the server's earlier life: what it once held of this actor comes back as far as this reaches.
    #[n(15)]
    pub proof: Option<Signed>,
    /// The receipt and the offers the device holds, by eight bytes of a hash each: what is still so is not sent again.
    #[cbor(n(16), with = "cbor::blob", has_nil)]
    pub known: Vec<u8>,
}

/// A change whose bytes are gone from the device that made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(array)]
pub struct Lost {
    #[n(0)]
    pub counter: u64,
    #[n(1)]
    pub hash: Sha256,
}

/// What the device wants to know besides: the receipt answers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
#[cbor(map)]
pub struct Asks {
    /// Photos of its own that were received: which of them are in a backup?
    #[cbor(n(0), skip_if = "Vec::is_empty")]
    pub photos: Vec<Sha256>,
    /// Dots of its earlier actors that were held: what became of them?
    #[cbor(n(1), skip_if = "Vec::is_empty")]
    pub held: Vec<Dot>,
}

impl Asks {
    /// Nothing, where nothing is asked.
    #[must_use]
    pub fn unless_empty(self) -> Option<Self> {
        (!self.photos.is_empty() || !self.held.is_empty()).then_some(self)
    }
}

/// How much the device can take.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
#[cbor(map)]
pub struct Wants {
    #[n(0)]
    pub items: u32,
    #[n(1)]
    pub bytes: u32,
    /// Records to be entered anew: after a difference, an upgrade or a missed echo.
    #[n(2)]
    pub records: Vec<RecordId>,
}

/// The device's clocks as it speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct ClockReading {
    #[n(0)]
    pub wall_ms: i64,
    #[n(1)]
    pub monotonic_ms: u64,
    #[n(2)]
    pub boot: u32,
}

/// The end of an actor's chain, signed by its device and kept by the server for ever.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    #[n(0)]
    pub server: ServerId,
    #[n(1)]
    pub council: String,
    #[n(2)]
    pub device: DeviceId,
    #[n(3)]
    pub actor: Actor,
    #[n(4)]
    pub counter: u64,
    #[n(5)]
    pub chain: Sha256,
}

impl Push {
    /// The counter of the last change the device shows it holds.
    #[must_use]
    pub fn last(&self) -> u64 {
        (self.first + self.changes.len() as u64).saturating_sub(1)
    }

    /// The hash of each change, of those too whose bytes are gone. None where one is neither here nor declared.
    #[must_use]
    pub fn hashes(&self) -> Option<Vec<Sha256>> {
        let declared =
            |counter: u64| self.lost.iter().find(|lost| lost.counter == counter).map(|lost| lost.hash);
        let hashes = (self.first..).zip(&self.changes);
        hashes
            .map(
                |(counter, bytes)| {
                    if bytes.is_empty() { declared(counter) } else { Some(Sha256::of(bytes)) }
                },
            )
            .collect()
    }

    /// What tells this push from every other of its device: a receipt repeats it, so that no old reply passes for a new one.
    #[must_use]
    pub fn tag(&self) -> u32 {
        let said = [cbor::encode(&self.clock), self.cursor.clone(), self.head.signature.clone()].concat();
        let [a, b, c, d, ..] = Sha256::of(&said).0;
        u32::from_be_bytes([a, b, c, d])
    }
}
