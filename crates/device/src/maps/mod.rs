//! Maps on the device: files beside the vault, whole and checked or not used at all.
//!
//! A map holds nothing about anybody, so that it lies plain: a screen reads it a few kilobytes at a time, and whoever
//! uses the device next has it at once. In `maps/`: `KEY@SHA256.pmtiles`, and `….part` while it comes.

mod shelf;

pub use shelf::{MapName, Shelf};

use crate::photos::BlobStore;
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::area_pack::AreaPack;
use serde::Serialize;
use ts_rs::TS;

/// A map that the council gives this officer, and how much of it is here.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct MapHere {
    pub pack: AreaPack,
    /// How much of this version is here.
    #[ts(type = "number")]
    pub held: u64,
    /// The file to read: of this version, or of the one before until this one is whole.
    pub file: Option<String>,
}

impl Vault {
    /// What the council offers, with what is here of it.
    pub fn maps(&self) -> Result<Vec<MapHere>> {
        let shelf = self.shelf();
        let offered = self.council()?.maps;
        offered
            .into_iter()
            .map(|pack| {
                let held = shelf.as_ref().map_or(Ok(0), |shelf| shelf.held(&pack))?;
                let file = shelf.as_ref().map_or(Ok(None), |shelf| shelf.best(&pack))?;
                Ok(MapHere { pack, held, file: file.map(|name| name.to_string()) })
            })
            .collect()
    }

    /// Deletes what the council does not offer any more, and versions that a newer one has replaced.
    pub fn tidy_maps(&self) -> Result<u32> {
        let offered = self.council()?.maps;
        self.shelf().map_or(Ok(0), |shelf| shelf.keep_only(&offered))
    }

    /// None in memory.
    pub(crate) fn shelf(&self) -> Option<Shelf> {
        match &self.blobs {
            BlobStore::Folder(photos) => photos.parent().map(Shelf::beside),
            BlobStore::Memory(_) => None,
        }
    }
}
