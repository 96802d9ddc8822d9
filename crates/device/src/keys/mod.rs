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
use kerbside_core::ids::Sha256;
use kerbside_core::mend::turn_bit_back;
use kerbside_core::problem::{Code, Problem};
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
        store.put(SIGNING_KEY, &summed(&self.signing))?;
        store.put(DEVICE_SECRET, &summed(self.secret.as_slice()))
    }

    pub fn open(store: &KeyStore) -> Result<Self> {
        Ok(Self {
            signing: *whole(store, SIGNING_KEY).context("Read the signing key")?,
            secret: whole(store, DEVICE_SECRET).context("Read the device secret")?,
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

/// How much of a key's hash is kept behind it.
const SUM: usize = 8;

fn summed(key: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(key.iter().chain(Sha256::of(key).0.iter().take(SUM)).copied().collect())
}

/// A key as it was kept. One flipped bit is turned back; with more nobody can say what the key was.
fn whole(store: &KeyStore, name: &str) -> Result<Zeroizing<[u8; 32]>> {
    let kept = store.secret(name)?;
    let key = |kept: &[u8]| {
        let (key, _) = kept.split_first_chunk::<32>()?;
        (summed(key).as_slice() == kept).then_some(Zeroizing::new(*key))
    };
    if let Some(key) = key(&kept) {
        return Ok(key);
    }
    let mended = turn_bit_back(&kept, |tried| key(tried).is_some()).and_then(|mended| key(&mended));
    let mended = mended.ok_or_else(|| Problem::new(Code::KeysDamaged, "A key is not as it was kept"))?;
    tracing::warn!("A flipped bit of a key was turned back");
    store.put(name, &summed(mended.as_slice()))?;
    Ok(mended)
}

fn thirty_two(bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
    let key = <[u8; 32]>::try_from(bytes).map_err(|_| anyhow!("A key is 32 bytes"))?;
    Ok(Zeroizing::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_bit_of_a_key_is_turned_back_and_a_key_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = KeyStore::named(KeyStoreKind::File, folder.path(), "v");
        let keys = DeviceKeys { signing: [7; 32], secret: Zeroizing::new([9; 32]) };
        keys.keep(&store).unwrap();
        let path = folder.path().join("device-secret.key");
        let kept = std::fs::read(&path).unwrap();
        for bit in 0..kept.len() * 8 {
            let mut flipped = kept.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, flipped).unwrap();
            assert_eq!(*DeviceKeys::open(&store).unwrap().secret, [9; 32]);
            assert_eq!(std::fs::read(&path).unwrap(), kept);
        }
        std::fs::write(&path, [1; 40]).unwrap();
        let refused = DeviceKeys::open(&store).unwrap_err();
        assert_eq!(refused.downcast_ref::<Problem>().unwrap().code, Code::KeysDamaged);
    }
}
