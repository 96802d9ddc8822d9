//! The keys of one vault: the device's signing key and secret in the key
//! store, and the vault key wrapped twice in `vault.json`, once under the
//! officer's PIN and once under a share that only the server can release.

mod lock;
mod store;
mod wrap;

pub use lock::{Attempt, NewLock, ONLINE_AFTER, VaultFile, Who, wait_after};
pub use store::{KeyStore, KeyStoreKind};
pub use wrap::{KdfParams, VaultKey, check_pin, derive};

use crate::random::system_bytes;
use anyhow::{Context, Result, anyhow};
use zeroize::Zeroizing;

const DEVICE_SECRET: &str = "device-secret";
const SIGNING_KEY: &str = "signing-key";

/// What never leaves this handheld.
pub struct DeviceKeys {
    pub signing: [u8; 32],
    pub secret: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for DeviceKeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("DeviceKeys")
    }
}

impl DeviceKeys {
    pub fn generate() -> Result<Self> {
        Ok(Self { signing: system_bytes()?, secret: Zeroizing::new(system_bytes()?) })
    }

    pub fn keep(&self, store: &KeyStore) -> Result<()> {
        store.put(SIGNING_KEY, &self.signing)?;
        store.put(DEVICE_SECRET, self.secret.as_slice())
    }

    pub fn open(store: &KeyStore) -> Result<Self> {
        Ok(Self {
            signing: *thirty_two(&store.secret(SIGNING_KEY)?).context("Read the signing key")?,
            secret: thirty_two(&store.secret(DEVICE_SECRET)?).context("Read the device secret")?,
        })
    }

    pub fn forget(store: &KeyStore) -> Result<()> {
        store.remove(SIGNING_KEY)?;
        store.remove(DEVICE_SECRET)
    }
}

impl Drop for DeviceKeys {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.signing);
    }
}

fn thirty_two(bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
    let key = <[u8; 32]>::try_from(bytes).map_err(|_| anyhow!("A key is 32 bytes"))?;
    Ok(Zeroizing::new(key))
}
