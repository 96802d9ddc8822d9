//! The photos' folder of the server: uploads that grow, and originals under their hash. Each step is whole or not at all.

use std::collections::{BTreeMap, BTreeSet};

use kerbside_core::ids::{DeviceId, Sha256};
use kerbside_server::store::Upload;

#[derive(Debug, Clone, Default)]
pub struct Disk {
    parts: BTreeMap<[u8; 16], Vec<u8>>,
    originals: BTreeMap<Sha256, Vec<u8>>,
    /// Who has really sent what.
    sent: BTreeSet<(DeviceId, Sha256)>,
}

impl Disk {
    pub fn offset(&self, upload: &Upload) -> u64 {
        self.parts.get(&upload.capability).map_or(0, |part| part.len() as u64)
    }

    pub fn add(&mut self, upload: &Upload, bytes: &[u8]) {
        self.parts.entry(upload.capability).or_default().extend_from_slice(bytes);
    }

    /// Puts a whole upload in its place. False, and gone, when its bytes are not what the hash says.
    pub fn finish(&mut self, upload: &Upload) -> bool {
        let bytes = self.parts.remove(&upload.capability).unwrap_or_default();
        let fits = Sha256::of(&bytes) == upload.sha256;
        if fits {
            self.sent.insert((upload.device, upload.sha256));
            self.originals.insert(upload.sha256, bytes);
        }
        fits
    }

    /// The file is deleted.
    pub fn remove(&mut self, sha256: Sha256) {
        self.originals.remove(&sha256);
    }

    pub fn held(&self) -> impl Iterator<Item = Sha256> {
        self.originals.keys().copied()
    }

    pub fn was_sent_by(&self, device: DeviceId, sha256: Sha256) -> bool {
        self.sent.contains(&(device, sha256))
    }

    pub fn holds(&self, sha256: Sha256) -> bool {
        self.originals.get(&sha256).is_some_and(|bytes| Sha256::of(bytes) == sha256)
    }
}
