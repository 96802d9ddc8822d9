//! Keeping a photo: the sealed files first, each on disk under its final name,
//! then the row that names them.

use super::sealed::CHUNK;
use super::{
    Copies, HEADER, Look, Origin, PhotoFrom, make_copies, media_type, part_of, photo_facts, seal_photo,
    unseal_part, unseal_photo,
};
use crate::clock::Reading;
use crate::keys::derive;
use crate::store::PhotoRow;
use crate::vault::Vault;
use anyhow::{Context, Result};
use data_encoding::HEXLOWER;
use kerbside_core::change::PhotoFacts;
use kerbside_core::ids::Sha256;
use kerbside_core::planted::{self, Mutant};
use kerbside_core::problem::{Code, Problem};
use kerbside_picture::camera_facts;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use zeroize::Zeroizing;

/// A photo safe in the vault, not yet named by a draft or a change.
#[derive(Debug, Clone)]
pub struct Kept {
    pub sha256: Sha256,
    pub facts: PhotoFacts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum PhotoSize {
    Thumb,
    Display,
    Original,
}

impl PhotoSize {
    pub const ALL: [Self; 3] = [Self::Thumb, Self::Display, Self::Original];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Thumb => "thumb",
            Self::Display => "display",
            Self::Original => "original",
        }
    }
}

impl Vault {
    pub fn keep_photo(&mut self, original: &[u8], origin: &Origin, now: Reading) -> Result<Kept> {
        self.keep_photo_looking(original, origin, Look::default(), now)
    }

    /// The bytes as they came, hashed before anything else looks at them.
    pub(crate) fn keep_photo_looking(
        &mut self,
        original: &[u8],
        origin: &Origin,
        look: Look,
        now: Reading,
    ) -> Result<Kept> {
        let sha256 = Sha256::of(original);
        // A commit that the disk reported as failed may come back after a restart, without the files taken away since.
        let held = self.store.photo(sha256)?.filter(|row| self.files_of(row).is_ok());
        let row = match held {
            Some(row) => row,
            None => {
                let copies = match make_copies(original, look) {
                    Ok(copies) => Some(copies),
                    Err(no_picture)
                        if no_picture.code == Code::PhotoNotAnImage && origin.from == PhotoFrom::File =>
                    {
                        None
                    }
                    Err(refused) => return Err(refused.into()),
                };
                self.write_photo(sha256, original, copies.as_ref(), now)?
            }
        };
        let facts = photo_facts(&row, camera_facts(original), origin, now.wall_ms);
        Ok(Kept { sha256, facts })
    }

    fn write_photo(
        &mut self,
        sha256: Sha256,
        original: &[u8],
        copies: Option<&Copies>,
        now: Reading,
    ) -> Result<PhotoRow> {
        let written = self.try_write_photo(sha256, original, copies, now);
        let is_full = written.as_ref().is_err_and(|cause| {
            cause.downcast_ref::<Problem>().is_some_and(|problem| problem.code == Code::DiskFull)
        });
        if is_full && self.store.photo(sha256)?.is_none() {
            // Without its row nobody can open it, and it takes up the room that was missing.
            if let Err(left) = self.remove_blobs(sha256) {
                tracing::debug!(left = format!("{left:#}"), "Files of a photo stay behind");
            }
        }
        written
    }

    /// Whether everything that a photo's row stands for can be read.
    fn files_of(&self, row: &PhotoRow) -> Result<()> {
        let sizes =
            PhotoSize::ALL.into_iter().filter(|size| row.is_picture() || *size == PhotoSize::Original);
        for size in sizes {
            unseal_photo(&row.key, &self.blobs.read(&self.blob_name(row.sha256, size))?)?;
        }
        Ok(())
    }

    fn try_write_photo(
        &mut self,
        sha256: Sha256,
        original: &[u8],
        copies: Option<&Copies>,
        now: Reading,
    ) -> Result<PhotoRow> {
        let key: [u8; 32] = match self.store.photo(sha256)? {
            Some(row) => row.key,
            None => self.random.bytes()?,
        };
        let mut parts = vec![(PhotoSize::Original, original)];
        if let Some(copies) = copies {
            parts.push((PhotoSize::Display, &copies.display));
            parts.push((PhotoSize::Thumb, &copies.thumb));
        }
        let row = PhotoRow {
            sha256,
            key,
            bytes: original.len() as u64,
            kind: copies.map_or_else(|| media_type(original), |copies| copies.format.media_type()).to_owned(),
            width: copies.map_or(0, |copies| copies.width),
            height: copies.map_or(0, |copies| copies.height),
            added_ms: now.wall_ms,
        };
        if planted::is(Mutant::PhotoRowBeforeFile) {
            self.store.transact(|store| store.insert_photo(&row))?;
        }
        for (size, plain) in parts {
            self.put_blob(sha256, &key, size, plain)?;
        }
        self.store.transact(|store| store.insert_photo(&row))?;
        Ok(row)
    }

    /// Seals one size of a photo under the photo's own key, over whatever was there.
    pub(crate) fn put_blob(
        &mut self,
        sha256: Sha256,
        key: &[u8; 32],
        size: PhotoSize,
        plain: &[u8],
    ) -> Result<()> {
        let sealed = seal_photo(key, self.random.bytes()?, plain)?;
        let name = self.blob_name(sha256, size);
        self.blobs.put(&name, sealed)
    }

    pub fn photo_bytes(&self, sha256: Sha256, size: PhotoSize) -> Result<Zeroizing<Vec<u8>>> {
        let row = self
            .store
            .photo(sha256)?
            .ok_or_else(|| Problem::new(Code::NotFound, "No such photo on this device"))?;
        if !row.is_picture() && size != PhotoSize::Original {
            return Err(Problem::new(Code::PhotoNotDrawable, "No picture, so no smaller copy").into());
        }
        let sealed = self.blobs.read(&self.blob_name(sha256, size))?;
        unseal_photo(&row.key, &sealed).context("Open a photo")
    }

    /// Some bytes of the original, for sending: only the chunks that hold them are opened.
    pub fn photo_piece(&self, sha256: Sha256, offset: usize, most: usize) -> Result<Zeroizing<Vec<u8>>> {
        let row = self
            .store
            .photo(sha256)?
            .ok_or_else(|| Problem::new(Code::NotFound, "No such photo on this device"))?;
        let bytes = usize::try_from(row.bytes).context("A photo fits memory")?;
        let length = most.min(bytes.saturating_sub(offset));
        let name = self.blob_name(sha256, PhotoSize::Original);
        let header = self.blobs.read_part(&name, 0, HEADER)?;
        let (start, sealed, first) = part_of(offset, length);
        let part = self.blobs.read_part(&name, start, sealed)?;
        let mut opened =
            unseal_part(&row.key, &header, &part, first, bytes).context("Open a part of a photo")?;
        let skipped = opened.len().min(offset % CHUNK);
        opened.drain(..skipped);
        opened.truncate(length);
        Ok(opened)
    }

    /// Removes what no draft and no record names. The row goes first: a file without a row harms nobody.
    pub(crate) fn drop_photo_if_unnamed(&mut self, sha256: Sha256) -> Result<()> {
        if self.store.photo_is_named(sha256)? {
            return Ok(());
        }
        self.store.transact(|store| store.delete_photo(sha256))?;
        self.remove_blobs(sha256)
    }

    pub(crate) fn remove_blobs(&mut self, sha256: Sha256) -> Result<()> {
        for size in PhotoSize::ALL {
            let name = self.blob_name(sha256, size);
            self.blobs.remove(&name)?;
        }
        Ok(())
    }

    /// Says nothing about the photo to whoever lacks the vault key.
    pub(crate) fn blob_name(&self, sha256: Sha256, size: PhotoSize) -> String {
        let named = derive(&self.photo_names, size.name().as_bytes(), &sha256.0);
        HEXLOWER.encode(named.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::tests::vault;
    use crate::photos::tests::two_halves;

    #[test]
    fn a_photo_whose_files_are_gone_is_written_again_when_it_is_taken_again() {
        let mut vault = vault(1, 1);
        let (original, now) = (two_halves(400, 200), Reading::at(1_000));
        let kept = vault.keep_photo(&original, &PhotoFrom::Gallery.into(), now).unwrap();
        vault.remove_blobs(kept.sha256).unwrap();
        assert!(vault.photo_bytes(kept.sha256, PhotoSize::Original).is_err());
        vault.keep_photo(&original, &PhotoFrom::Gallery.into(), now).unwrap();
        for size in PhotoSize::ALL {
            assert!(!vault.photo_bytes(kept.sha256, size).unwrap().is_empty());
        }
    }
}
