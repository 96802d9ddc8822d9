//! Signed things: `[payload bytes, algorithm, signature]` over label ‖ payload, so that no signature fits another purpose.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};

use crate::cbor;

/// Ed25519. P-256 may join.
const ED25519: u8 = 0;
/// No signature: both sides hold the signed thing already, and the payload shows that the sender knows which.
const KNOWN: u8 = 255;
/// How much of a hash shows that.
pub const SHOWN: usize = 16;

/// What a signature is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Label {
    Head,
    Receipt,
    Photo,
    Request,
    Seal,
    Gazetteer,
}

impl Label {
    const fn text(self) -> &'static str {
        match self {
            Self::Head => "kerbside/head/1",
            Self::Receipt => "kerbside/receipt/1",
            Self::Photo => "kerbside/photo/1",
            Self::Request => "kerbside/request/1",
            Self::Seal => "kerbside/seal/1",
            Self::Gazetteer => "kerbside/gazetteer/1",
        }
    }
}

/// A public key as it is stored and sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(transparent)]
pub struct PublicKey(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl PublicKey {
    #[must_use]
    pub fn of(key: &SigningKey) -> Self {
        Self(key.verifying_key().to_bytes())
    }
}

/// A payload, exactly as it was signed.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(array)]
pub struct Signed {
    #[cbor(n(0), with = "cbor::blob")]
    pub payload: Vec<u8>,
    #[n(1)]
    pub algorithm: u8,
    #[cbor(n(2), with = "cbor::blob")]
    pub signature: Vec<u8>,
}

/// The signature is missing, of an unknown kind, or over something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadSignature;

impl std::fmt::Display for BadSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the signature does not fit")
    }
}

impl std::error::Error for BadSignature {}

impl Signed {
    /// Stands for a signed thing that the other side holds, by part of its hash.
    #[must_use]
    pub fn known(shown: &[u8]) -> Self {
        Self { payload: shown.to_vec(), algorithm: KNOWN, signature: Vec::new() }
    }

    /// What is shown instead of a signature, where there is none.
    #[must_use]
    pub fn shown(&self) -> Option<&[u8]> {
        (self.algorithm == KNOWN).then_some(self.payload.as_slice())
    }

    /// Signs the canonical bytes of a message.
    #[must_use]
    pub fn new<T: Encode<()>>(label: Label, message: &T, key: &SigningKey) -> Self {
        let payload = cbor::encode(message);
        let signature = key.sign(&labelled(label, &payload)).to_bytes().to_vec();
        Self { payload, algorithm: ED25519, signature }
    }

    /// The message, if this key signed it for this purpose.
    pub fn open<'b, T: Decode<'b, ()>>(&'b self, label: Label, key: &PublicKey) -> Result<T, BadSignature> {
        if self.algorithm != ED25519 {
            return Err(BadSignature);
        }
        let key = VerifyingKey::from_bytes(&key.0).map_err(|_| BadSignature)?;
        let signature = Signature::from_slice(&self.signature).map_err(|_| BadSignature)?;
        key.verify_strict(&labelled(label, &self.payload), &signature).map_err(|_| BadSignature)?;
        cbor::decode(&self.payload).map_err(|_| BadSignature)
    }
}

fn labelled(label: Label, payload: &[u8]) -> Vec<u8> {
    [label.text().as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_fits_one_purpose_one_key_and_one_payload() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let signed = Signed::new(Label::Head, &42u32, &key);
        assert_eq!(signed.open::<u32>(Label::Head, &PublicKey::of(&key)), Ok(42));
        assert!(signed.open::<u32>(Label::Receipt, &PublicKey::of(&key)).is_err());
        let other = SigningKey::from_bytes(&[4; 32]);
        assert!(signed.open::<u32>(Label::Head, &PublicKey::of(&other)).is_err());
        let forged = Signed { payload: cbor::encode(&43u32), ..signed };
        assert!(forged.open::<u32>(Label::Head, &PublicKey::of(&key)).is_err());
    }
}
