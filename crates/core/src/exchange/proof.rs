//! Proof that a request comes from the device: its signature over what is asked, of whom, with a nonce the server gave.
//!
//! Device clocks are not trusted for this, so no time is signed.

use minicbor::{Decode, Encode};

use crate::cbor;
use crate::ids::{DeviceId, ServerId, Sha256};

/// What the device signs with every request; only the signature travels, in `Kerbside-Signature`.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct RequestProof {
    #[n(0)]
    pub server: ServerId,
    #[n(1)]
    pub council: String,
    #[n(2)]
    pub device: DeviceId,
    #[n(3)]
    pub method: String,
    /// Path with query.
    #[n(4)]
    pub path: String,
    /// Of the body as sent.
    #[n(5)]
    pub body: Sha256,
    #[cbor(n(6), with = "cbor::blob")]
    pub nonce: Vec<u8>,
}

/// Headers of a signed request: the device's id, the nonce and the 64 bytes of the signature (both base64url).
pub const DEVICE_HEADER: &str = "kerbside-device";
pub const NONCE_HEADER: &str = "kerbside-nonce";
pub const SIGNATURE_HEADER: &str = "kerbside-signature";
