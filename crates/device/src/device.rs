//! A handheld and the one officer's vault on it, from enrolment to wiping.
//!
//! In the folder: `vault.json` (the wrapped key and what the lock screen shows),
//! `vault.db` (SQLCipher), `photos/` (sealed files), `vault.lock`. The keys lie in
//! the system's key store, or beside all this where there is none.

use crate::clock::Reading;
use crate::files::{self, make_private_folder};
use crate::keys::{
    Attempt, DeviceKeys, KeyStore, KeyStoreKind, NewLock, ONLINE_AFTER, VaultFile, VaultKey, Who, check_pin,
};
use crate::net;
use crate::photos::BlobStore;
use crate::random::{Randomness, system_bytes};
use crate::store::Store;
use crate::vault::{Identity, Opened, Vault};
use anyhow::{Context, Result, bail};
use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use kerbside_core::exchange::Enrol;
use kerbside_core::problem::{Code, Problem};
use kerbside_core::sign::PublicKey;
use serde::Serialize;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use ts_rs::TS;
use zeroize::Zeroizing;

/// What the first screen needs, locked or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Status {
    pub enrolled: bool,
    pub unlocked: bool,
    pub officer_name: Option<String>,
    pub council: Option<String>,
    pub short_code: Option<String>,
    /// `file` has to be said on the screen: the keys lie beside the vault.
    pub key_store: Option<KeyStoreKind>,
    pub wrong_pins: u32,
    pub wait_seconds: u32,
    pub needs_online_unlock: bool,
}

/// What enrolment needs from a person.
#[derive(Debug, Clone, Copy)]
pub struct Enrolment<'a> {
    pub server_url: &'a str,
    pub code: &'a str,
    pub pin: &'a str,
    pub ca_pem: Option<&'a str>,
    /// None asks for the best there is.
    pub key_store: Option<KeyStoreKind>,
}

#[derive(Debug)]
pub struct Device {
    folder: PathBuf,
    file: VaultFile,
    keys: KeyStore,
}

impl Device {
    #[must_use]
    pub fn is_enrolled(folder: &Path) -> bool {
        VaultFile::path(folder).exists()
    }

    /// Makes keys and vault, spends the code, and leaves the vault open.
    pub fn enrol(folder: &Path, enrolment: Enrolment<'_>) -> Result<Vault> {
        check_pin(enrolment.pin)?;
        if Self::is_enrolled(folder) {
            return Err(Problem::new(Code::AlreadyEnrolled, "This folder holds a vault").into());
        }
        make_private_folder(folder)?;
        let lock = take_lock(folder)?;
        let vault = HEXLOWER.encode(&system_bytes::<8>()?);
        let store = match enrolment.key_store {
            Some(kind) => KeyStore::named(kind, folder, &vault),
            None => KeyStore::best(folder, &vault),
        };
        let keys = DeviceKeys::generate()?;
        let share: Zeroizing<[u8; 32]> = Zeroizing::new(system_bytes()?);
        let enrolled = net::enrol(
            enrolment.server_url,
            enrolment.ca_pem,
            &Enrol {
                code: enrolment.code.trim().to_owned(),
                key: PublicKey::of(&SigningKey::from_bytes(&keys.signing)),
                name: format!("kerbside on {}", std::env::consts::OS),
                app: env!("CARGO_PKG_VERSION").to_owned(),
                unlock_share: share.to_vec(),
                proof: None,
            },
        )?;
        let identity = Identity {
            server_url: enrolment.server_url.to_owned(),
            ca_pem: enrolment.ca_pem.map(str::to_owned),
            server: enrolled.server,
            server_key: enrolled.server_key.0,
            council: enrolled.council,
            device: enrolled.device,
            officer: enrolled.officer,
            officer_name: enrolled.officer_name,
            short_code: enrolled.short_code,
        };
        keys.keep(&store)?;
        let key: VaultKey = Zeroizing::new(system_bytes()?);
        let file = VaultFile::create(
            vault,
            store.kind(),
            who(&identity),
            &key,
            &NewLock { pin: enrolment.pin, device_secret: &keys.secret, unlock_share: &share },
        )?;
        // Without vault.json nothing was ever saved here: what lies about is of an enrolment that broke off.
        remove_database(folder)?;
        make_private_folder(&folder.join("photos"))?;
        let database = Store::open(&folder.join("vault.db"), &key)?;
        let opened = opened(folder, database, key, &keys, lock);
        let vault = Vault::begin(opened, &identity, enrolled.actor, enrolled.epoch, &enrolled.nonce)?;
        file.write(folder)?;
        say_where_keys_are(store.kind());
        Ok(vault)
    }

    pub fn open(folder: &Path) -> Result<Self> {
        if !Self::is_enrolled(folder) {
            return Err(Problem::new(Code::NotEnrolled, "No vault in this folder").into());
        }
        let file = VaultFile::read(folder)?;
        let keys = KeyStore::named(file.key_store, folder, &file.vault);
        Ok(Self { folder: folder.to_owned(), file, keys })
    }

    pub fn status(folder: &Path, unlocked: bool, now: Reading) -> Result<Status> {
        if !Self::is_enrolled(folder) {
            return Ok(Status {
                enrolled: false,
                unlocked: false,
                officer_name: None,
                council: None,
                short_code: None,
                key_store: None,
                wrong_pins: 0,
                wait_seconds: 0,
                needs_online_unlock: false,
            });
        }
        let file = VaultFile::read(folder)?;
        Ok(Status {
            enrolled: true,
            unlocked,
            wrong_pins: file.wrong_pins,
            wait_seconds: if unlocked { 0 } else { file.wait_seconds(now.wall_ms) },
            needs_online_unlock: ONLINE_AFTER <= file.wrong_pins,
            key_store: Some(file.key_store),
            officer_name: Some(file.who.officer_name),
            council: Some(file.who.council),
            short_code: Some(file.who.short_code),
        })
    }

    pub fn unlock(&mut self, pin: &str, now: Reading) -> Result<Vault> {
        let (key, keys, lock) = self.open_lock(pin, now)?;
        say_where_keys_are(self.file.key_store);
        open_vault(&self.folder, key, &keys, lock, now)
    }

    /// Where this device was enrolled, and with which certificate.
    #[must_use]
    pub fn office(&self) -> (String, Option<String>) {
        (self.file.who.server_url.clone(), self.file.who.ca_pem.clone())
    }

    /// Enrols with a server that lost this device, for a fresh code of the same officer. The vault stays as it is.
    pub fn enrol_again(&mut self, enrolment: Enrolment<'_>, now: Reading) -> Result<Vault> {
        let (key, keys, lock) = self.open_lock(enrolment.pin, now)?;
        let share: Zeroizing<[u8; 32]> = Zeroizing::new(system_bytes()?);
        self.file.wrap_under_share(&share, &keys.secret, &key)?;
        let mut vault = open_vault(&self.folder, key, &keys, lock, now)?;
        let enrol = vault.enrol_again(enrolment.code, share.as_slice())?;
        let enrolled = net::enrol(enrolment.server_url, enrolment.ca_pem, &enrol)?;
        vault.enrolled_again(&enrolled, Some((enrolment.server_url, enrolment.ca_pem)))?;
        self.file.who = who(vault.identity());
        self.file.write(&self.folder)?;
        Ok(vault)
    }

    fn open_lock(&mut self, pin: &str, now: Reading) -> Result<(VaultKey, DeviceKeys, File)> {
        let lock = take_lock(&self.folder)?;
        // Another process may have counted wrong PINs meanwhile.
        self.file = VaultFile::read_whole(&self.folder)?;
        let keys = DeviceKeys::open(&self.keys)?;
        match self.file.try_pin(&self.folder, pin, &keys.secret, now.wall_ms)? {
            Attempt::Opened(key) => Ok((key, keys, lock)),
            Attempt::Wrong { wrong_pins, wait_seconds } => {
                let detail = format!("{wrong_pins} wrong, wait {wait_seconds} s");
                Err(Problem::new(Code::PinWrong, detail).into())
            }
            Attempt::TooSoon { wait_seconds } => {
                Err(Problem::new(Code::PinWait, format!("wait {wait_seconds} s")).into())
            }
            Attempt::OnlineOnly => Err(Problem::new(Code::PinOnline, "Only a fresh code opens it").into()),
        }
    }

    /// A fresh code from the council opens the vault and sets a new PIN.
    pub fn unlock_online(&mut self, code: &str, new_pin: &str) -> Result<Vault> {
        check_pin(new_pin)?;
        let lock = take_lock(&self.folder)?;
        self.file = VaultFile::read(&self.folder)?;
        let keys = DeviceKeys::open(&self.keys)?;
        let Who { server_url, ca_pem, device, .. } = &self.file.who;
        let device = device.parse().context("Read the device's id")?;
        let share = net::unlock_share(server_url, ca_pem.as_deref(), code.trim(), device)?;
        let Some(key) = self.file.reset_pin(&self.folder, new_pin, &keys.secret, &share)? else {
            bail!("The server's share does not open this vault");
        };
        open_vault(&self.folder, key, &keys, lock, crate::clock::now())
    }

    /// The caller has made sure that nothing unsent is in it, or that a person wants it gone all the same.
    pub fn wipe(self) -> Result<()> {
        // The keys first: without them the rest is noise, even if this breaks off.
        DeviceKeys::forget(&self.keys)?;
        fs::remove_file(VaultFile::path(&self.folder)).context("Remove vault.json")?;
        remove_database(&self.folder)?;
        let photos = self.folder.join("photos");
        if photos.exists() {
            fs::remove_dir_all(photos).context("Remove the photos")?;
        }
        Ok(())
    }
}

/// Opens a vault, mending its database first where that is damaged.
fn open_vault(folder: &Path, key: VaultKey, keys: &DeviceKeys, lock: File, now: Reading) -> Result<Vault> {
    let (store, healed) = Store::open_healed(&folder.join("vault.db"), &key, now.wall_ms)?;
    let mut vault = Vault::of(opened(folder, store, key, keys, lock))?;
    vault.note_healed(healed, now)?;
    Ok(vault)
}

fn opened(folder: &Path, store: Store, key: VaultKey, keys: &DeviceKeys, lock: File) -> Opened {
    Opened {
        store,
        blobs: BlobStore::Folder(folder.join("photos")),
        key,
        signing: keys.signing,
        random: Randomness::System,
        lock: Some(lock),
    }
}

fn who(identity: &Identity) -> Who {
    Who {
        server_url: identity.server_url.clone(),
        ca_pem: identity.ca_pem.clone(),
        device: identity.device.to_string(),
        officer: identity.officer.0,
        officer_name: identity.officer_name.clone(),
        council: identity.council.clone(),
        short_code: identity.short_code.clone(),
    }
}

fn say_where_keys_are(kind: KeyStoreKind) {
    match kind {
        KeyStoreKind::Os => {}
        KeyStoreKind::File => {
            tracing::warn!("The keys of this vault lie in files beside it: this system has no key store");
        }
    }
}

fn remove_database(folder: &Path) -> Result<()> {
    for name in ["vault.db", "vault.db-wal", "vault.db-shm"] {
        match fs::remove_file(folder.join(name)) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(cause).context("Remove a vault's database");
            }
            _ => {}
        }
    }
    Ok(())
}

/// One process at a time. A second one waits a moment for the first to finish.
fn take_lock(folder: &Path) -> Result<File> {
    let file =
        File::create(folder.join("vault.lock")).context("Open the vault's lock").map_err(files::named)?;
    for _ in 0..100 {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            Err(TryLockError::Error(cause)) => return Err(cause).context("Lock the vault"),
        }
    }
    Err(Problem::new(Code::VaultInUse, "Another process has this vault open").into())
}
