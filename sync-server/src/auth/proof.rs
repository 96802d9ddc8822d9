//! Proof that a request comes from the device: its signature over what is asked, with a nonce of ours.
//!
//! A nonce is an HMAC over device and expiry under a key that all server processes share; it may be used again
//! until it expires, so that a lost reply costs nothing.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use kerbside_core::exchange::RequestProof;
use kerbside_core::ids::{DeviceId, Sha256};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::sign::{Label, PublicKey, Signed};
use subtle::ConstantTimeEq;

use crate::store::{Device, Identity};

/// How long a nonce may be used.
pub const NONCE_LASTS_MS: i64 = 10 * 60 * 1000;

/// Half an HMAC is proof enough, and it travels with every reply.
const NONCE_PROOF: usize = 16;

/// A nonce for this device: eight bytes of expiry, then the proof that we made it.
pub fn nonce(key: &[u8; 32], device: DeviceId, now_ms: i64) -> Vec<u8> {
    let expires = (now_ms + NONCE_LASTS_MS).to_be_bytes();
    [expires.as_slice(), &mac(key, device, expires)].concat()
}

/// Whether we gave this nonce to this device not too long ago.
pub fn is_fresh(key: &[u8; 32], device: DeviceId, nonce: &[u8], now_ms: i64) -> bool {
    let Some((expires, given)) = nonce.split_first_chunk::<8>() else { return false };
    let ours = mac(key, device, *expires);
    bool::from(ours.as_slice().ct_eq(given)) && now_ms <= i64::from_be_bytes(*expires)
}

fn mac(key: &[u8; 32], device: DeviceId, expires: [u8; 8]) -> Vec<u8> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(b"kerbside/nonce/1");
    mac.update(&device.0);
    mac.update(&expires);
    let mac = mac.finalize().into_bytes();
    mac.iter().take(NONCE_PROOF).copied().collect()
}

/// What a request carries besides its body.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub nonce: &'a str,
    pub signature: &'a str,
}

/// Checks a signed request. A stale nonce is told apart, so that the device may ask again with a fresh one.
pub fn check(
    identity: &Identity,
    device: &Device,
    claim: Claim<'_>,
    body: Sha256,
    now_ms: i64,
) -> Result<(), Problem> {
    let nonce = BASE64URL_NOPAD.decode(claim.nonce.as_bytes()).unwrap_or_default();
    if !is_fresh(&identity.nonces, device.id, &nonce, now_ms) {
        return Err(Problem::new(Code::NonceStale, "stale nonce"));
    }
    let proof = RequestProof {
        server: identity.server,
        council: identity.council.clone(),
        device: device.id,
        method: claim.method.to_owned(),
        path: claim.path.to_owned(),
        body,
        nonce,
    };
    let signature = BASE64URL_NOPAD.decode(claim.signature.as_bytes()).unwrap_or_default();
    let signed = Signed { payload: kerbside_core::cbor::encode(&proof), algorithm: 0, signature };
    let opened = signed.open::<RequestProof>(Label::Request, &PublicKey(device.public_key));
    opened.map(|_| ()).map_err(|_| Problem::new(Code::ProofWrong, "wrong signature"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_fits_one_device_and_ten_minutes() {
        let (ann, tom) = (DeviceId([1; 16]), DeviceId([2; 16]));
        let given = nonce(&[9; 32], ann, 1_000);
        assert!(is_fresh(&[9; 32], ann, &given, 1_000 + NONCE_LASTS_MS));
        assert!(!is_fresh(&[9; 32], ann, &given, 1_001 + NONCE_LASTS_MS));
        assert!(!is_fresh(&[9; 32], tom, &given, 1_000));
        assert!(!is_fresh(&[8; 32], ann, &given, 1_000));
        let mut later = given.clone();
        later[7] = later[7].wrapping_add(1);
        assert!(!is_fresh(&[9; 32], ann, &later, 1_000));
        assert!(!is_fresh(&[9; 32], ann, &[], 1_000));
    }
}
