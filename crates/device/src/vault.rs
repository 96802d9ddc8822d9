//! An open vault: one officer's work on one handheld, readable.

use crate::clock::Reading;
use crate::keys::{VaultKey, derive};
use crate::photos::BlobStore;
use crate::random::Randomness;
use crate::store::{Gazetteers, Progress, Store};
use crate::thrift::{Held, Network};
use anyhow::{Context, Result};
use ed25519_dalek::SigningKey;
use kerbside_core::areas::AreaSet;
use kerbside_core::assets::AssetSet;
use kerbside_core::form::Form;
use kerbside_core::ids::{Actor, DeviceId, Epoch, OfficerId, RowId, ServerId};
use kerbside_core::sign::PublicKey;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

const ARCHIVE_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Who the vault belongs to, as the server said at enrolment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub server_url: String,
    pub ca_pem: Option<String>,
    pub server: ServerId,
    /// Pinned: nothing else counts as the council's server.
    pub server_key: [u8; 32],
    pub council: String,
    pub device: DeviceId,
    pub officer: OfficerId,
    pub officer_name: String,
    pub short_code: String,
}

pub struct Vault {
    pub(crate) store: Store,
    pub(crate) blobs: BlobStore,
    pub(crate) random: Randomness,
    pub(crate) identity: Identity,
    pub(crate) signing: SigningKey,
    pub(crate) photo_names: VaultKey,
    /// This process has taken its boot number.
    pub(crate) boot_taken: bool,
    /// How long received changes are kept at the least, whatever a backup holds.
    pub(crate) archive_ms: i64,
    pub(crate) gazetteers: Gazetteers,
    pub(crate) forms: RefCell<BTreeMap<(String, u32), Arc<Form>>>,
    pub(crate) areas: RefCell<BTreeMap<(String, u32), Arc<AreaSet>>>,
    /// By their packs; none of one that only a newer app can read.
    pub(crate) assets: RefCell<BTreeMap<String, Option<Arc<AssetSet>>>>,
    /// The network the device is on, as far as its shell knows.
    pub(crate) network: Network,
    /// Photos that the rules held back when they were last looked at.
    pub(crate) held: Held,
    /// What the server last said that was not worth a write.
    pub(crate) heard: Option<Heard>,
    /// Held open so that no second process opens the vault.
    pub(crate) _lock: Option<File>,
}

/// A reply that brought nothing new.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub nonce: Vec<u8>,
    pub at_ms: i64,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Vault of officer {} on {}", self.identity.officer, self.identity.device)
    }
}

/// The parts of a vault that its opener brings.
#[derive(Debug)]
pub struct Opened {
    pub store: Store,
    pub blobs: BlobStore,
    pub key: VaultKey,
    pub signing: [u8; 32],
    pub random: Randomness,
    pub lock: Option<File>,
}

impl Vault {
    pub fn begin(
        opened: Opened,
        identity: &Identity,
        actor: Actor,
        epoch: Epoch,
        nonce: &[u8],
    ) -> Result<Self> {
        let body = serde_json::to_vec(identity).context("Write who this vault belongs to")?;
        let mut progress = Progress::begin(actor, epoch);
        progress.nonce = Some(nonce.to_vec());
        opened.store.transact(|store| {
            store.put_identity(&body)?;
            store.put_progress(&progress)
        })?;
        Self::of(opened)
    }

    pub fn of(opened: Opened) -> Result<Self> {
        let Opened { store, blobs, key, signing, random, lock } = opened;
        let identity =
            serde_json::from_slice(&store.identity()?).context("Read who this vault belongs to")?;
        let gazetteer =
            store.beside("gazetteer.db").map(|file| (file, derive(&key, b"kerbside/gazetteer/1", b"")));
        Ok(Self {
            gazetteers: Gazetteers::at(gazetteer),
            store,
            blobs,
            random,
            identity,
            signing: SigningKey::from_bytes(&signing),
            photo_names: derive(&key, b"kerbside/photo-names/1", b""),
            boot_taken: false,
            archive_ms: ARCHIVE_MS,
            forms: RefCell::default(),
            areas: RefCell::default(),
            assets: RefCell::default(),
            network: Network::default(),
            held: Held::new(),
            heard: None,
            _lock: lock,
        })
    }

    /// A vault on disk under a key that its maker keeps, for measuring without a PIN and a key store.
    pub fn on_disk(
        folder: &Path,
        key: VaultKey,
        signing: [u8; 32],
        identity: &Identity,
        (actor, epoch): (Actor, Epoch),
    ) -> Result<Self> {
        Self::begin(Self::laid_on_disk(folder, key, signing)?, identity, actor, epoch, &[])
    }

    /// The same vault, opened again.
    pub fn on_disk_again(folder: &Path, key: VaultKey, signing: [u8; 32]) -> Result<Self> {
        Self::of(Self::laid_on_disk(folder, key, signing)?)
    }

    fn laid_on_disk(folder: &Path, key: VaultKey, signing: [u8; 32]) -> Result<Opened> {
        Ok(Opened {
            store: Store::open(&folder.join("vault.db"), &key)?,
            blobs: BlobStore::Folder(folder.join("photos")),
            key,
            signing,
            random: Randomness::System,
            lock: None,
        })
    }

    /// A vault in memory with its randomness from a seed, for the simulator.
    pub fn in_memory(
        identity: &Identity,
        actor: Actor,
        epoch: Epoch,
        signing: [u8; 32],
        seed: u64,
    ) -> Result<Self> {
        let opened = Opened {
            store: Store::in_memory()?,
            blobs: BlobStore::Memory(BTreeMap::new()),
            key: VaultKey::new([0; 32]),
            signing,
            random: Randomness::seeded(seed),
            lock: None,
        };
        Self::begin(opened, identity, actor, epoch, &[])
    }

    /// All of this vault again in memory, as a cloned or restored phone holds it.
    pub fn copy_in_memory(&self, seed: u64) -> Result<Self> {
        Ok(Self {
            store: self.store.copy_in_memory()?,
            gazetteers: Gazetteers::at(None),
            blobs: self.blobs.clone(),
            random: Randomness::seeded(seed),
            identity: self.identity.clone(),
            signing: self.signing.clone(),
            photo_names: self.photo_names.clone(),
            boot_taken: false,
            archive_ms: self.archive_ms,
            forms: RefCell::default(),
            areas: RefCell::default(),
            assets: RefCell::default(),
            network: self.network,
            held: Held::new(),
            heard: None,
            _lock: None,
        })
    }

    /// A simulated month is shorter.
    pub fn keep_archive_for(&mut self, ms: i64) {
        self.archive_ms = ms;
    }

    /// What a process that died and was started again has: what was committed, and nothing else.
    pub fn open_again(&mut self, seed: u64) {
        self.random = Randomness::seeded(seed);
        self.boot_taken = false;
        self.forms = RefCell::default();
        self.areas = RefCell::default();
    }

    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::of(&self.signing)
    }

    #[must_use]
    pub fn server_key(&self) -> PublicKey {
        PublicKey(self.identity.server_key)
    }

    pub fn actor(&self) -> Result<Actor> {
        Ok(self.store.progress()?.actor)
    }

    pub fn epoch(&self) -> Result<Epoch> {
        Ok(self.store.progress()?.epoch)
    }

    /// How large the vault's database is, in bytes. Photos lie beside it.
    pub fn size(&self) -> Result<u64> {
        self.store.size()
    }

    /// What this device did by itself and a person may ask about.
    pub fn journal(&self) -> Result<Vec<(i64, String, String)>> {
        self.store.journal()
    }

    pub(crate) fn random_row(&mut self) -> Result<RowId> {
        self.random.bytes().map(RowId)
    }

    /// The first write of a process takes the next boot number, so that
    /// monotonic times of two processes are never compared.
    pub(crate) fn take_boot(&mut self, progress: &mut Progress) {
        if !self.boot_taken {
            progress.boot = progress.boot.saturating_add(1);
            self.boot_taken = true;
        }
    }
}

/// The clock of the council's server as far as this device knows it.
#[must_use]
pub(crate) fn corrected_ms(progress: &Progress, now: Reading) -> i64 {
    now.wall_ms.saturating_add(progress.server_offset_ms.unwrap_or(0))
}
