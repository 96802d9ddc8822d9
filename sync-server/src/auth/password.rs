//! Passwords: argon2id, and the same work whether or not the account exists.
//!
//! Both functions take tens of milliseconds of CPU: call them off the async threads.

use std::sync::LazyLock;

use anyhow::{Result, anyhow};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// 19 MiB, two passes: the smaller of the two settings that OWASP's sheet and security.md measure.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// What an unknown account's password is compared with, so that time does not tell the two apart.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody's password").unwrap_or_default());

fn argon2id() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|fault| anyhow!("{fault}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A password as it is stored: PHC text with its salt.
pub fn hash(password: &str) -> Result<String> {
    let hashed = argon2id()?
        .hash_password(password.as_bytes())
        .map_err(|fault| anyhow!("Hashing a password: {fault}"))?;
    Ok(hashed.to_string())
}

/// Whether `password` is the one whose hash is `stored`; an empty `stored` never matches and takes as long.
pub fn matches(password: &str, stored: &str) -> bool {
    let compared = if stored.is_empty() { NOBODY.as_str() } else { stored };
    let Ok(parsed) = PasswordHash::new(compared) else { return false };
    let Ok(argon2id) = argon2id() else { return false };
    let same = argon2id.verify_password(password.as_bytes(), &parsed).is_ok();
    same && !stored.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_own_hash_and_no_other() {
        let stored = hash("correct horse").unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(matches("correct horse", &stored));
        assert!(!matches("correct hors", &stored));
        assert_ne!(stored, hash("correct horse").unwrap());
    }

    #[test]
    fn an_account_without_a_password_lets_nobody_in() {
        assert!(!matches("", ""));
        assert!(!matches("nobody's password", ""));
    }
}
