//! `vault.json`: the wrapped vault key, how often the PIN was wrong, and the
//! few facts the lock screen shows. A try is counted on disk before it is
//! made, so that switching the handheld off buys no free guesses.

use super::wrap::{KdfParams, VaultKey, check_pin, key_from_pin, key_from_share, seal, unseal};
use super::{KeyStoreKind, thirty_two};
use crate::files::write_durably;
use crate::random::system_bytes;
use anyhow::{Context, Result};
use data_encoding::HEXLOWER;
use kerbside_core::ids::Sha256;
use kerbside_core::mend::turn_bit_back;
use kerbside_core::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// From this many wrong PINs on, only the server can open the vault.
pub const ONLINE_AFTER: u32 = 10;

/// What the lock screen and an online unlock need to know while the vault is shut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    pub server_url: String,
    pub ca_pem: Option<String>,
    pub device: String,
    pub officer: u32,
    pub officer_name: String,
    pub council: String,
    pub short_code: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VaultFile {
    version: u32,
    pub vault: String,
    pub key_store: KeyStoreKind,
    kdf: KdfParams,
    salt: String,
    wrapped_by_pin: String,
    wrapped_by_share: String,
    pub wrong_pins: u32,
    pub last_wrong_ms: i64,
    pub who: Who,
    /// Over all the rest, so that damage is not taken for a wrong PIN.
    #[serde(default)]
    sum: String,
}

/// What stands around the sum, at the end of the file.
const SUM: &str = "\"sum\": \"";
const END: &str = "\"\n}";

/// What came of trying a PIN.
#[derive(Debug)]
pub enum Attempt {
    Opened(VaultKey),
    Wrong { wrong_pins: u32, wait_seconds: u32 },
    TooSoon { wait_seconds: u32 },
    OnlineOnly,
}

/// Seconds to wait after this many wrong PINs in a row.
#[must_use]
pub fn wait_after(wrong_pins: u32) -> u32 {
    match wrong_pins {
        0..=2 => 0,
        3 => 5,
        4 => 15,
        5 => 60,
        6 => 300,
        7 => 900,
        _ => 1800,
    }
}

/// What wraps a new vault key.
#[derive(Debug)]
pub struct NewLock<'a> {
    pub pin: &'a str,
    pub device_secret: &'a [u8; 32],
    pub unlock_share: &'a [u8; 32],
}

impl VaultFile {
    pub fn create(
        vault: String,
        key_store: KeyStoreKind,
        who: Who,
        key: &VaultKey,
        lock: &NewLock<'_>,
    ) -> Result<Self> {
        check_pin(lock.pin)?;
        let mut file = Self {
            version: 1,
            vault,
            key_store,
            kdf: KdfParams::USUAL,
            salt: String::new(),
            wrapped_by_pin: String::new(),
            wrapped_by_share: String::new(),
            wrong_pins: 0,
            last_wrong_ms: 0,
            who,
            sum: String::new(),
        };
        file.wrap_under_share(lock.unlock_share, lock.device_secret, key)?;
        file.wrap_under_pin(lock.pin, lock.device_secret, key)?;
        Ok(file)
    }

    /// A server that lost the old share is given this one.
    pub fn wrap_under_share(
        &mut self,
        share: &[u8; 32],
        device_secret: &[u8; 32],
        key: &VaultKey,
    ) -> Result<()> {
        let by_share = key_from_share(share, device_secret);
        let sealed = seal(&by_share, system_bytes()?, self.vault.as_bytes(), key.as_slice())?;
        self.wrapped_by_share = HEXLOWER.encode(&sealed);
        Ok(())
    }

    #[must_use]
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("vault.json")
    }

    /// Reads it as it was written; one flipped bit is turned back.
    pub fn read_whole(folder: &Path) -> Result<Self> {
        let bytes = std::fs::read(Self::path(folder)).context("Read vault.json")?;
        if let Some(file) = Self::whole(&bytes) {
            return Ok(file);
        }
        let mended = turn_bit_back(&bytes, |tried| Self::whole(tried).is_some());
        let file = mended.and_then(|mended| Self::whole(&mended));
        let file =
            file.ok_or_else(|| Problem::new(Code::KeysDamaged, "vault.json is not as it was written"))?;
        tracing::warn!("A flipped bit of vault.json was turned back");
        file.write(folder)?;
        Ok(file)
    }

    /// The same, or where more is wrong whatever still reads as one: the server's share may open it yet.
    pub fn read(folder: &Path) -> Result<Self> {
        Self::read_whole(folder).or_else(|cause| {
            let bytes = std::fs::read(Self::path(folder)).context("Read vault.json")?;
            serde_json::from_slice(&bytes).map_err(|_| cause)
        })
    }

    fn whole(bytes: &[u8]) -> Option<Self> {
        let (summed, sum) = std::str::from_utf8(bytes).ok()?.rsplit_once(SUM)?;
        let fits = sum.strip_suffix(END)? == Sha256::of(summed.as_bytes()).to_string();
        fits.then(|| serde_json::from_slice(bytes).ok()).flatten()
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        let bare = Self { sum: String::new(), ..self.clone() };
        let text = serde_json::to_string_pretty(&bare).context("Write vault.json as JSON")?;
        let (summed, _) = text.rsplit_once(SUM).context("Write vault.json with its sum")?;
        let whole = format!("{summed}{SUM}{}{END}", Sha256::of(summed.as_bytes()));
        write_durably(&Self::path(folder), whole.as_bytes()).context("Write vault.json")
    }

    /// Seconds still to wait. A clock set back cannot make it longer than the
    /// delay itself, and one set forward is bounded by `ONLINE_AFTER`.
    #[must_use]
    pub fn wait_seconds(&self, wall_ms: i64) -> u32 {
        let delay = i64::from(wait_after(self.wrong_pins)) * 1000;
        let left = (self.last_wrong_ms + delay - wall_ms).clamp(0, delay);
        u32::try_from((left + 999) / 1000).unwrap_or(0)
    }

    pub fn try_pin(
        &mut self,
        folder: &Path,
        pin: &str,
        device_secret: &[u8; 32],
        wall_ms: i64,
    ) -> Result<Attempt> {
        if ONLINE_AFTER <= self.wrong_pins {
            return Ok(Attempt::OnlineOnly);
        }
        let wait_seconds = self.wait_seconds(wall_ms);
        if 0 < wait_seconds {
            return Ok(Attempt::TooSoon { wait_seconds });
        }
        let before = self.wrong_pins;
        self.wrong_pins = before + 1;
        self.last_wrong_ms = wall_ms;
        self.write(folder)?;
        let salt = HEXLOWER.decode(self.salt.as_bytes()).context("Read the salt")?;
        let wrapped = HEXLOWER.decode(self.wrapped_by_pin.as_bytes()).context("Read the wrapped key")?;
        let kek = key_from_pin(pin, &salt, self.kdf, device_secret)?;
        let Some(key) = unseal(&kek, self.vault.as_bytes(), &wrapped) else {
            return Ok(Attempt::Wrong {
                wrong_pins: self.wrong_pins,
                wait_seconds: wait_after(self.wrong_pins),
            });
        };
        self.wrong_pins = 0;
        self.last_wrong_ms = 0;
        self.write(folder)?;
        Ok(Attempt::Opened(thirty_two(&key)?))
    }

    /// The vault key from the share the server released, and a new PIN for it.
    pub fn reset_pin(
        &mut self,
        folder: &Path,
        new_pin: &str,
        device_secret: &[u8; 32],
        share: &[u8; 32],
    ) -> Result<Option<VaultKey>> {
        check_pin(new_pin)?;
        let wrapped = HEXLOWER.decode(self.wrapped_by_share.as_bytes()).context("Read the wrapped key")?;
        let Some(key) = unseal(&key_from_share(share, device_secret), self.vault.as_bytes(), &wrapped) else {
            return Ok(None);
        };
        let key = thirty_two(&key)?;
        self.wrap_under_pin(new_pin, device_secret, &key)?;
        self.wrong_pins = 0;
        self.last_wrong_ms = 0;
        self.write(folder)?;
        Ok(Some(key))
    }

    fn wrap_under_pin(&mut self, pin: &str, device_secret: &[u8; 32], key: &VaultKey) -> Result<()> {
        let salt: [u8; 16] = system_bytes()?;
        let kek = key_from_pin(pin, &salt, self.kdf, device_secret)?;
        let sealed = seal(&kek, system_bytes()?, self.vault.as_bytes(), key.as_slice())?;
        self.salt = HEXLOWER.encode(&salt);
        self.wrapped_by_pin = HEXLOWER.encode(&sealed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    const SECRET: [u8; 32] = [3; 32];
    const SHARE: [u8; 32] = [4; 32];

    fn fresh(folder: &Path) -> VaultFile {
        let who = Who {
            server_url: "http://127.0.0.1:1".into(),
            ca_pem: None,
            device: "d".into(),
            officer: 1,
            officer_name: "Ann Bailey".into(),
            council: "Demo".into(),
            short_code: "W07".into(),
        };
        let lock = NewLock { pin: "271828", device_secret: &SECRET, unlock_share: &SHARE };
        let file =
            VaultFile::create("v".into(), KeyStoreKind::File, who, &Zeroizing::new([9; 32]), &lock).unwrap();
        file.write(folder).unwrap();
        file
    }

    #[test]
    fn the_right_pin_gives_back_the_vault_key() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = fresh(folder.path());
        let Attempt::Opened(key) = file.try_pin(folder.path(), "271828", &SECRET, 0).unwrap() else {
            panic!("the PIN is right");
        };
        assert_eq!(*key, [9; 32]);
    }

    #[test]
    fn any_flipped_bit_of_the_file_is_found_and_turned_back_and_more_is_said_to_be_damage() {
        let folder = tempfile::tempdir().unwrap();
        fresh(folder.path());
        let path = VaultFile::path(folder.path());
        let whole = std::fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(7) {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            std::fs::write(&path, &flipped).unwrap();
            let mut file = VaultFile::read_whole(folder.path()).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), whole, "byte {at}");
            if at % 210 == 0 {
                let opened = file.try_pin(folder.path(), "271828", &SECRET, 0).unwrap();
                assert!(matches!(opened, Attempt::Opened(_)));
                std::fs::write(&path, &whole).unwrap();
            }
        }
        let mut torn = whole.clone();
        torn[200..230].fill(b'x');
        std::fs::write(&path, &torn).unwrap();
        let problem = VaultFile::read_whole(folder.path()).unwrap_err();
        assert_eq!(problem.downcast_ref::<Problem>().unwrap().code, Code::KeysDamaged);
        assert_eq!(std::fs::read(&path).unwrap(), torn, "it is left as it is");

        let text = String::from_utf8(whole).unwrap();
        let salt = text.find("\"salt\"").unwrap() + 10;
        let mut other_salt = text.into_bytes();
        other_salt[salt..salt + 4].fill(b'0');
        std::fs::write(&path, &other_salt).unwrap();
        assert!(VaultFile::read_whole(folder.path()).is_err(), "no PIN is counted as wrong for it");
        let mut file = VaultFile::read(folder.path()).unwrap();
        assert!(file.reset_pin(folder.path(), "314159", &SECRET, &SHARE).unwrap().is_some());
        assert!(VaultFile::read_whole(folder.path()).is_ok(), "a fresh code makes it whole");
    }

    #[test]
    fn the_pin_without_the_key_store_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = fresh(folder.path());
        let other = file.try_pin(folder.path(), "271828", &[5; 32], 0).unwrap();
        assert!(matches!(other, Attempt::Wrong { wrong_pins: 1, .. }));
    }

    #[test]
    fn wrong_pins_wait_longer_each_time_then_only_the_server_can_open_it() {
        let folder = tempfile::tempdir().unwrap();
        fresh(folder.path());
        let mut now = 1_000_000;
        let mut waits = Vec::new();
        for _ in 0..ONLINE_AFTER {
            // Read again each time: the count must survive a restart.
            let mut file = VaultFile::read(folder.path()).unwrap();
            let Attempt::Wrong { wait_seconds, .. } =
                file.try_pin(folder.path(), "000000", &SECRET, now).unwrap()
            else {
                panic!("a wrong PIN");
            };
            if 0 < wait_seconds {
                let soon = file.try_pin(folder.path(), "271828", &SECRET, now + 1).unwrap();
                assert!(matches!(soon, Attempt::TooSoon { .. } | Attempt::OnlineOnly));
            }
            waits.push(wait_seconds);
            now += i64::from(wait_seconds) * 1000;
        }
        assert!(waits.is_sorted() && waits.last() == Some(&1800));
        let mut file = VaultFile::read(folder.path()).unwrap();
        let right = file.try_pin(folder.path(), "271828", &SECRET, i64::MAX).unwrap();
        assert!(matches!(right, Attempt::OnlineOnly));
        assert!(file.reset_pin(folder.path(), "314159", &SECRET, &[0; 32]).unwrap().is_none());
        assert!(file.reset_pin(folder.path(), "314159", &SECRET, &SHARE).unwrap().is_some());
        let opened = file.try_pin(folder.path(), "314159", &SECRET, now).unwrap();
        assert!(matches!(opened, Attempt::Opened(_)));
    }

    #[test]
    fn a_pin_of_five_digits_or_of_letters_is_refused() {
        assert!(check_pin("12345").is_err());
        assert!(check_pin("12345a").is_err());
        assert!(check_pin("123456").is_ok());
    }
}
