//! The port to whatever keeps secrets on this handheld. The operating system's
//! store is used where there is one; a file beside the vault is the honest
//! fallback, and every screen that shows the vault says so.

use crate::files::write_durably;
use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use ts_rs::TS;
use zeroize::Zeroizing;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum KeyStoreKind {
    Os,
    File,
}

/// Secrets of one vault, kept by name.
#[derive(Debug, Clone)]
pub enum KeyStore {
    Os { vault: String },
    File { folder: PathBuf },
}

const SERVICE: &str = "kerbside";

impl KeyStore {
    #[must_use]
    pub fn named(kind: KeyStoreKind, folder: &Path, vault: &str) -> Self {
        match kind {
            KeyStoreKind::Os => Self::Os { vault: vault.to_owned() },
            KeyStoreKind::File => Self::File { folder: folder.to_owned() },
        }
    }

    /// The operating system's store if it keeps and gives back a secret now.
    #[must_use]
    pub fn best(folder: &Path, vault: &str) -> Self {
        let os = Self::named(KeyStoreKind::Os, folder, vault);
        match os.try_round_trip() {
            Ok(()) => os,
            Err(cause) => {
                tracing::warn!(
                    cause = format!("{cause:#}"),
                    "This system has no key store; keys are kept in a file beside the vault"
                );
                Self::named(KeyStoreKind::File, folder, vault)
            }
        }
    }

    #[must_use]
    pub fn kind(&self) -> KeyStoreKind {
        match self {
            Self::Os { .. } => KeyStoreKind::Os,
            Self::File { .. } => KeyStoreKind::File,
        }
    }

    pub fn put(&self, name: &str, secret: &[u8]) -> Result<()> {
        match self {
            Self::Os { vault } => entry(vault, name)?
                .set_secret(secret)
                .map_err(|cause| anyhow!("{cause}"))
                .context("Put a secret in the system's key store"),
            Self::File { folder } => {
                write_durably(&file_of(folder, name), secret).context("Put a secret in its file")
            }
        }
    }

    pub fn secret(&self, name: &str) -> Result<Zeroizing<Vec<u8>>> {
        let found = match self {
            Self::Os { vault } => entry(vault, name)?
                .get_secret()
                .map_err(|cause| anyhow!("{cause}"))
                .context("Read a secret from the system's key store")?,
            Self::File { folder } => {
                fs::read(file_of(folder, name)).context("Read a secret from its file")?
            }
        };
        Ok(Zeroizing::new(found))
    }

    pub fn remove(&self, name: &str) -> Result<()> {
        match self {
            Self::Os { vault } => match entry(vault, name)?.delete_credential() {
                Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
                Err(cause) => Err(anyhow!("{cause}")).context("Remove a secret from the system's key store"),
            },
            Self::File { folder } => match fs::remove_file(file_of(folder, name)) {
                Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                    Err(cause).context("Remove a secret's file")
                }
                _ => Ok(()),
            },
        }
    }

    fn try_round_trip(&self) -> Result<()> {
        self.put("probe", b"probe")?;
        let back = self.secret("probe")?;
        self.remove("probe")?;
        if back.as_slice() == b"probe" { Ok(()) } else { Err(anyhow!("The store gave back other bytes")) }
    }
}

fn entry(vault: &str, name: &str) -> Result<keyring::Entry> {
    keyring::Entry::new(SERVICE, &format!("{vault}/{name}"))
        .map_err(|cause| anyhow!("{cause}"))
        .context("Reach the system's key store")
}

fn file_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_fallback_keeps_a_secret_that_only_its_owner_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = KeyStore::named(KeyStoreKind::File, folder.path(), "v");
        store.put("device", b"secret").unwrap();
        assert_eq!(store.secret("device").unwrap().as_slice(), b"secret");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("device.key")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        store.remove("device").unwrap();
        store.remove("device").unwrap();
        assert!(store.secret("device").is_err());
    }

    #[test]
    fn the_best_store_on_this_machine_really_keeps_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let store = KeyStore::best(folder.path(), "kerbside-test");
        store.put("check", b"kept").unwrap();
        assert_eq!(store.secret("check").unwrap().as_slice(), b"kept");
        store.remove("check").unwrap();
    }
}
