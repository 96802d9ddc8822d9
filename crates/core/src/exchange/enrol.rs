//! Enrolment, retirement of a forked actor, and the online unlock: once in a device's life, not once a minute.

use minicbor::{Decode, Encode};

use super::Verdict;
use crate::cbor;
use crate::ids::{Actor, DeviceId, Epoch, OfficerId, ServerId, Sha256};
use crate::sign::{PublicKey, Signed};

/// A new device with its one-time code.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Enrol {
    #[n(0)]
    pub code: String,
    #[n(1)]
    pub key: PublicKey,
    /// What the device calls itself.
    #[n(2)]
    pub name: String,
    #[n(3)]
    pub app: String,
    /// Half of a second way into the vault; released again only for a fresh code.
    #[cbor(n(4), with = "cbor::blob")]
    pub unlock_share: Vec<u8>,
    /// A device that a restored server no longer knows shows its last receipt: it stays the device it was.
    #[n(5)]
    pub proof: Option<Signed>,
}

/// What the device is from now on.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Enrolled {
    #[n(0)]
    pub device: DeviceId,
    #[n(1)]
    pub officer: OfficerId,
    #[n(2)]
    pub actor: Actor,
    #[n(3)]
    pub council: String,
    #[n(4)]
    pub server: ServerId,
    #[n(5)]
    pub server_key: PublicKey,
    #[n(6)]
    pub epoch: Epoch,
    /// Begins the device's own references: `W07`.
    #[n(7)]
    pub short_code: String,
    #[cbor(n(8), with = "cbor::blob")]
    pub nonce: Vec<u8>,
    #[n(9)]
    pub officer_name: String,
    #[n(10)]
    pub now_ms: i64,
}

/// Another officer signs in on this device, or the same one needs an actor anew.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Allotted {
    #[n(0)]
    pub actor: Actor,
    #[n(1)]
    pub epoch: Epoch,
}

/// The device found out that its actor has a double: it gives the actor up and says what it holds of it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Retire {
    #[n(0)]
    pub actor: Actor,
    /// The newest of its own dots, by hash.
    #[n(1)]
    pub offered: Vec<Offered>,
}

/// One dot the device holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(array)]
pub struct Offered {
    #[n(0)]
    pub counter: u64,
    #[n(1)]
    pub hash: Sha256,
}

/// The new actor, and which of the offered dots the server holds with the same bytes.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Retired {
    #[n(0)]
    pub actor: Actor,
    #[n(1)]
    pub held: Vec<u64>,
    /// What became of those held that were not plainly accepted.
    #[cbor(n(2), skip_if = "Vec::is_empty")]
    pub verdicts: Vec<(u64, Verdict)>,
    /// A signed [`super::Receipt`] at the last counter that both hold: the proof of them, should the server lose them.
    #[n(3)]
    pub receipt: Option<Signed>,
}

/// The PIN was forgotten or tried too often: a fresh code opens the vault once.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct UnlockRequest {
    #[n(0)]
    pub code: String,
    #[n(1)]
    pub device: DeviceId,
}

/// The share that was given at enrolment.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Unlocked {
    #[cbor(n(0), with = "cbor::blob")]
    pub unlock_share: Vec<u8>,
}
