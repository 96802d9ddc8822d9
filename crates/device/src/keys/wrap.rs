//! Wrapping the vault key. A PIN alone could be guessed from a copied file, so
//! the key that wraps needs the PIN (or the server's share) *and* the secret
//! in the key store.

use anyhow::{Result, anyhow};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use kerbside_core::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The raw key of the database.
pub type VaultKey = Zeroizing<[u8; 32]>;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct KdfParams {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl KdfParams {
    pub const USUAL: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
}

/// Six digits or more.
pub fn check_pin(pin: &str) -> Result<(), Problem> {
    if 6 <= pin.len() && pin.len() <= 64 && pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(Problem::new(Code::PinTooShort, "A PIN is six digits or more"))
}

pub fn key_from_pin(pin: &str, salt: &[u8], kdf: KdfParams, secret: &[u8; 32]) -> Result<VaultKey> {
    let params = Params::new(kdf.memory_kib, kdf.passes, kdf.lanes, Some(32))
        .map_err(|cause| anyhow!("Argon2 refuses its parameters: {cause}"))?;
    let mut stretched = Zeroizing::new([0_u8; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(pin.as_bytes(), salt, stretched.as_mut_slice())
        .map_err(|cause| anyhow!("Argon2 failed: {cause}"))?;
    Ok(derive(secret, b"kerbside/vault-pin/1", stretched.as_slice()))
}

pub fn key_from_share(share: &[u8; 32], secret: &[u8; 32]) -> VaultKey {
    derive(secret, b"kerbside/vault-share/1", share)
}

/// HMAC-SHA256 as a one-block key derivation.
pub fn derive(key: &[u8; 32], label: &[u8], input: &[u8]) -> VaultKey {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(label);
    mac.update(input);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

pub fn seal(key: &VaultKey, nonce: [u8; 24], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let cipher = XChaCha20Poly1305::new(&(**key).into());
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad })
        .map_err(|_| anyhow!("Sealing failed"))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// `None` when the key or the bytes are not the right ones.
pub fn unseal(key: &VaultKey, aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, body) = sealed.split_first_chunk::<24>()?;
    let cipher = XChaCha20Poly1305::new(&(**key).into());
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: body, aad }).ok().map(Zeroizing::new)
}
