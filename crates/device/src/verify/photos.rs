//! The sealed files of photos: each opened from end to end, and put right from whatever is left of the others.

use super::Repaired;
use crate::clock::Reading;
use crate::photos::{Copies, Look, PhotoSize, make_copies, mend_sealed};
use crate::store::{PhotoRow, RepairKind};
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::ids::{RecordId, Sha256};
use kerbside_core::problem::{Code, Problem};

impl Vault {
    /// The sizes of a photo whose file is not there or was altered.
    pub(crate) fn check_photo(&self, photo: &PhotoRow) -> Vec<PhotoSize> {
        let sizes =
            PhotoSize::ALL.into_iter().filter(|size| *size == PhotoSize::Original || photo.is_picture());
        sizes
            .filter(|size| {
                let opened = self.photo_bytes(photo.sha256, *size);
                !opened.is_ok_and(|bytes| *size != PhotoSize::Original || Sha256::of(&bytes) == photo.sha256)
            })
            .collect()
    }

    pub(super) fn repair_photo(
        &mut self,
        row: &PhotoRow,
        bad: &[PhotoSize],
        repaired: &mut Repaired,
        now: Reading,
    ) -> Result<()> {
        let sha256 = row.sha256;
        if bad.contains(&PhotoSize::Original) && !self.mend_original(row, now)? {
            if self.holder_of(sha256)?.is_some() {
                repaired.photos_to_fetch.push(sha256);
            } else if !self.store.has_noted_photo(RepairKind::PhotoDamaged, sha256)? {
                self.note_photo(RepairKind::PhotoDamaged, sha256, now)?;
            }
            return Ok(());
        }
        let lost: Vec<PhotoSize> = bad.iter().copied().filter(|size| *size != PhotoSize::Original).collect();
        if lost.is_empty() {
            return Ok(());
        }
        let original = self.photo_bytes(sha256, PhotoSize::Original)?;
        let copies = copies_of(&original)?;
        self.put_copies(row, &copies, &lost)?;
        self.note_photo(RepairKind::PhotoRedrawn, sha256, now)
    }

    fn mend_original(&mut self, row: &PhotoRow, now: Reading) -> Result<bool> {
        let name = self.blob_name(row.sha256, PhotoSize::Original);
        let Ok(sealed) = self.blobs.read(&name) else { return Ok(false) };
        let Some(mended) = mend_sealed(&row.key, &sealed) else { return Ok(false) };
        self.blobs.put(&name, mended)?;
        self.note_photo(RepairKind::PhotoMended, row.sha256, now)?;
        Ok(true)
    }

    /// A record for which the server says that it has this photo.
    pub(crate) fn holder_of(&self, sha256: Sha256) -> Result<Option<RecordId>> {
        let uploads = self.store.uploads()?;
        let held = uploads.iter().find(|upload| upload.sha256 == sha256 && upload.state.arrived());
        Ok(held.map(|upload| upload.record))
    }

    /// A photo as the server gave it back: nothing but the very bytes that were taken.
    pub(crate) fn put_photo_back(&mut self, sha256: Sha256, original: &[u8], now: Reading) -> Result<()> {
        if Sha256::of(original) != sha256 {
            return Err(Problem::new(Code::PhotoHashWrong, "Other bytes than the photo's").into());
        }
        let Some(row) = self.store.photo(sha256)? else { return Ok(()) };
        self.put_blob(sha256, &row.key, PhotoSize::Original, original)?;
        if row.is_picture() {
            self.put_copies(&row, &copies_of(original)?, &[PhotoSize::Display, PhotoSize::Thumb])?;
        }
        self.note_photo(RepairKind::PhotoFetched, sha256, now)
    }

    fn put_copies(&mut self, row: &PhotoRow, copies: &Copies, sizes: &[PhotoSize]) -> Result<()> {
        for size in sizes {
            let plain = if *size == PhotoSize::Thumb { &copies.thumb } else { &copies.display };
            self.put_blob(row.sha256, &row.key, *size, plain)?;
        }
        Ok(())
    }

    fn note_photo(&self, kind: RepairKind, photo: Sha256, now: Reading) -> Result<()> {
        self.store.transact(|store| {
            store.note_in_journal(now.wall_ms, kind.name(), &photo.to_string())?;
            store.note_repair(kind, photo, now.wall_ms)
        })
    }
}

fn copies_of(original: &[u8]) -> Result<Copies> {
    Ok(make_copies(original, Look::default())?)
}
