//! The bytes of photos: uploads that grow, originals under their hash, and smaller copies drawn from them.
//!
//! An original is never altered, and deleted only when it was taken out for good. Every step is on the disk before it is answered.

mod covering;
mod derived;
mod packing;

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use kerbside_core::ids::{DeviceId, Sha256};
use kerbside_core::problem::{Code, Problem};
use object_store::ObjectStoreExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use sha2::Digest;

use crate::store::Upload;

pub use covering::{CoverBox, require_drawable};
pub use derived::Size;
pub use packing::write as write_pack;

/// The photos' folder.
#[derive(Debug, Clone)]
pub struct Photos {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    originals: LocalFileSystem,
    /// Uploads that someone is writing to now: two writers of one file would spoil it.
    busy: Mutex<BTreeSet<[u8; 16]>>,
    /// Uploads whose sync failed. The system calls the next sync of the same bytes a success, and they are not there.
    doubtful: Mutex<BTreeSet<PathBuf>>,
    /// One picture is drawn at a time: each may take a quarter of a gigabyte.
    drawing: tokio::sync::Semaphore,
}

impl Photos {
    pub fn open(root: &Path) -> Result<Self> {
        for folder in ["uploads", "derived"] {
            std::fs::create_dir_all(root.join(folder)).context("Making the photos' folders")?;
        }
        for folder in root.parent().into_iter().chain([root]) {
            sync_folder(folder)?;
        }
        let originals = LocalFileSystem::new_with_prefix(root).context("Opening the photos' folder")?;
        let shared = Shared {
            root: root.to_owned(),
            originals,
            busy: Mutex::new(BTreeSet::new()),
            doubtful: Mutex::new(BTreeSet::new()),
            drawing: tokio::sync::Semaphore::new(1),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Makes a file and takes it away again: whether the folder can be written to.
    pub fn beat(&self) -> Result<()> {
        let path = self.shared.root.join("uploads/ready");
        let mut file = File::create(&path).context("Making a file")?;
        file.write_all(b"ready").context("Writing a file")?;
        file.sync_all().context("Making a file durable")?;
        std::fs::remove_file(path).context("Taking a file away")
    }

    /// The right to write to an upload, until it is dropped.
    pub fn begin(&self, upload: &Upload) -> Result<Writing, Problem> {
        let mut busy = self.shared.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if !busy.insert(upload.capability) {
            return Err(Problem::new(Code::Busy, "the upload is being written to"));
        }
        Ok(Writing { shared: Arc::clone(&self.shared), upload: upload.clone() })
    }

    /// How many bytes of an upload are on the disk for certain.
    pub fn offset(&self, upload: &Upload) -> Result<u64> {
        self.shared.length_on_disk(&self.shared.part(upload))
    }

    /// Puts a whole upload in its place under its hash. False when the bytes are not what the hash says.
    pub async fn finish(&self, writing: &Writing) -> Result<bool> {
        let shared = Arc::clone(&self.shared);
        let upload = writing.upload.clone();
        let fits = tokio::task::spawn_blocking(move || shared.fits(&upload)).await??;
        let from = ObjectPath::from(format!("uploads/{}", part_name(&writing.upload)));
        if !fits {
            self.shared.originals.delete(&from).await.context("Dropping an upload that does not fit")?;
            return Ok(false);
        }
        let to = object_path(writing.upload.sha256);
        self.shared.originals.rename(&from, &to).await.context("Putting a photo in its place")?;
        let folder = self.path(writing.upload.sha256).parent().map(Path::to_owned);
        let root = self.shared.root.clone();
        tokio::task::spawn_blocking(move || {
            folder.iter().chain([&root, &root.join("uploads")]).try_for_each(|folder| sync_folder(folder))
        })
        .await?
        .context("Making a photo durable")?;
        Ok(true)
    }

    /// Where an original lies.
    pub fn path(&self, sha256: Sha256) -> PathBuf {
        self.shared.root.join(object_path(sha256).as_ref())
    }

    /// The bytes of an original, all of them or a range.
    pub async fn original(&self, sha256: Sha256, range: Option<std::ops::Range<u64>>) -> Result<Vec<u8>> {
        let path = object_path(sha256);
        let bytes = match range {
            Some(range) => self.shared.originals.get_range(&path, range).await,
            None => match self.shared.originals.get(&path).await {
                Ok(found) => found.bytes().await,
                Err(fault) => Err(fault),
            },
        };
        Ok(bytes.context("Reading a photo")?.to_vec())
    }

    pub async fn size(&self, sha256: Sha256) -> Result<u64> {
        Ok(self.shared.originals.head(&object_path(sha256)).await.context("Looking for a photo")?.size)
    }

    fn copy_path(&self, sha256: Sha256, size: Size) -> PathBuf {
        self.shared.root.join("derived").join(format!("{sha256}.{}.jpg", size.name()))
    }

    /// A smaller copy without anything but the picture, drawn once and kept.
    pub async fn derived(&self, sha256: Sha256, size: Size) -> Result<Vec<u8>> {
        let kept = self.copy_path(sha256, size);
        let found = kept.clone();
        if let Some(bytes) = tokio::task::spawn_blocking(move || derived::kept(&found)).await? {
            return Ok(bytes);
        }
        let _turn = self.shared.drawing.acquire().await?;
        let original = self.path(sha256);
        tokio::task::spawn_blocking(move || derived::draw(&original, &kept, size)).await?
    }

    /// A copy with these boxes filled, not kept yet.
    pub async fn covered(&self, sha256: Sha256, boxes: Vec<CoverBox>) -> Result<Vec<u8>> {
        let _turn = self.shared.drawing.acquire().await?;
        let original = self.path(sha256);
        tokio::task::spawn_blocking(move || covering::cover(&original, &boxes)).await?
    }

    /// Puts a covered copy under its hash among the photos, durably.
    pub fn keep(&self, bytes: &[u8]) -> Result<Sha256> {
        let sha256 = Sha256::of(bytes);
        let to = self.path(sha256);
        let folder = to.parent().context("A photo lies in a folder")?;
        std::fs::create_dir_all(folder).context("Making a photo's folder")?;
        let half_written = to.with_extension("new");
        std::fs::write(&half_written, bytes).context("Writing a covered photo")?;
        File::open(&half_written)?.sync_all().context("Making a photo durable")?;
        std::fs::rename(&half_written, &to).context("Putting a photo in its place")?;
        [folder, &self.shared.root].into_iter().try_for_each(sync_folder)?;
        Ok(sha256)
    }

    /// Draws a covered copy that went bad once more. False where that gives other bytes than it had.
    pub fn cover_again(&self, covered: Sha256, original: Sha256, boxes: &[CoverBox]) -> Result<bool> {
        let bytes = covering::cover(&self.path(original), boxes)?;
        if Sha256::of(&bytes) != covered {
            return Ok(false);
        }
        self.put_aside(covered)?;
        self.keep(&bytes).map(|_| true)
    }

    /// Smaller copies that are not as they were drawn.
    pub fn bad_copies(&self) -> Result<Vec<PathBuf>> {
        let mut bad = Vec::new();
        for entry in std::fs::read_dir(self.shared.root.join("derived")).context("Listing smaller copies")? {
            let path = entry?.path();
            let is_copy = path.extension().is_some_and(|extension| extension == "jpg");
            if is_copy && derived::kept(&path).is_none() {
                bad.push(path);
            }
        }
        Ok(bad)
    }

    /// Puts an original back from another folder of photos, if it has the very bytes. What was in its place is kept.
    pub fn take_back(&self, sha256: Sha256, from: &Path) -> Result<bool> {
        let theirs = from.join(object_path(sha256).as_ref());
        if hash_file(&theirs).ok() != Some(sha256) {
            return Ok(false);
        }
        self.put_aside(sha256)?;
        let to = self.path(sha256);
        let folder = to.parent().context("A photo lies in a folder")?;
        std::fs::create_dir_all(folder).context("Making a photo's folder")?;
        let half_written = to.with_extension("new");
        std::fs::copy(&theirs, &half_written).context("Copying a photo")?;
        File::open(&half_written)?.sync_all().context("Making a photo durable")?;
        std::fs::rename(&half_written, &to).context("Putting a photo in its place")?;
        File::open(folder)?.sync_all().context("Making a photo durable")?;
        Ok(true)
    }

    /// Moves what is no longer the photo it says to where a person can look at it.
    pub fn put_aside(&self, sha256: Sha256) -> Result<()> {
        let path = self.path(sha256);
        if !path.exists() {
            return Ok(());
        }
        let aside = self.shared.root.join("damaged");
        std::fs::create_dir_all(&aside).context("Making a folder for damaged photos")?;
        std::fs::rename(path, aside.join(sha256.to_string())).context("Putting a damaged photo aside")
    }

    /// Deletes what is left of a photo that is gone for good: the original and all copies, or what a device had sent.
    pub fn remove(&self, sha256: Sha256, device: Option<DeviceId>) -> Result<()> {
        let root = &self.shared.root;
        let files = match device {
            Some(device) => vec![root.join("uploads").join(part_of(device, sha256))],
            None => {
                let copies = [Size::Thumb, Size::Display].map(|size| self.copy_path(sha256, size));
                let aside = root.join("damaged").join(sha256.to_string());
                copies.into_iter().chain([self.path(sha256), aside]).collect()
            }
        };
        for file in files {
            match std::fs::remove_file(&file) {
                Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => {
                    return Err(fault).context("Deleting a photo");
                }
                Ok(()) => sync_folder(file.parent().context("A photo lies in a folder")?)?,
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Of these photos, those whose bytes are missing or are others. Reads every one of them.
    pub fn bad(&self, photos: &[(Sha256, i64)]) -> Vec<Sha256> {
        let is_bad = |sha256: &Sha256| hash_file(&self.path(*sha256)).ok() != Some(*sha256);
        photos.iter().map(|(sha256, _)| *sha256).filter(is_bad).collect()
    }
}

impl Shared {
    fn length_on_disk(&self, part: &Path) -> Result<u64> {
        let mut doubtful = self.doubtful.lock().unwrap_or_else(PoisonError::into_inner);
        if doubtful.contains(part) {
            begin_anew(part)?;
            doubtful.remove(part);
        }
        let file = match File::open(part) {
            Ok(file) => file,
            Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            Err(fault) => return Err(fault).context("Opening an upload"),
        };
        if let Err(fault) = file.sync_all() {
            if begin_anew(part).is_err() {
                doubtful.insert(part.to_owned());
            }
            return Err(fault).context("Making an upload durable");
        }
        Ok(file.metadata()?.len())
    }

    fn part(&self, upload: &Upload) -> PathBuf {
        self.root.join("uploads").join(part_name(upload))
    }

    fn fits(&self, upload: &Upload) -> Result<bool> {
        let part = self.part(upload);
        Ok(std::fs::metadata(&part)?.len() == upload.bytes && hash_file(&part)? == upload.sha256)
    }
}

/// The one writer of an upload.
#[derive(Debug)]
pub struct Writing {
    shared: Arc<Shared>,
    upload: Upload,
}

impl Writing {
    /// Adds bytes at an offset, which must be where the file ends.
    pub fn add(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.shared.part(&self.upload))
            .context("Opening an upload")?;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes).context("Writing an upload")?;
        if offset == 0 {
            // A new file is on the disk only once its folder says so.
            sync_folder(&self.shared.root.join("uploads"))?;
        }
        Ok(())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.shared.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.upload.capability);
    }
}

/// One file for one photo from one device, whatever address it is sent to: a new address goes on where the old ended.
fn part_name(upload: &Upload) -> String {
    part_of(upload.device, upload.sha256)
}

fn part_of(device: DeviceId, sha256: Sha256) -> String {
    Sha256::of(&[device.0.as_slice(), &sha256.0].concat()).to_string()
}

/// What was sent is sent again, from its start.
fn begin_anew(part: &Path) -> Result<()> {
    match std::fs::remove_file(part) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => {
            Err(fault).context("Dropping an upload")
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).context("Making a folder durable")
}

fn object_path(sha256: Sha256) -> ObjectPath {
    let name = sha256.to_string();
    ObjectPath::from(format!("{}/{name}", name.get(..2).unwrap_or("00")))
}

/// The hash of a file of any size.
pub fn hash_file(path: &Path) -> Result<Sha256> {
    let mut file = File::open(path)?;
    let mut hash = sha2::Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(Sha256(hash.finalize().into()));
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kerbside_core::ids::{DeviceId, RecordId};

    #[test]
    fn an_upload_whose_sync_failed_is_begun_anew_though_it_lies_there_whole() {
        let folder = tempfile::tempdir().unwrap();
        let photos = Photos::open(&folder.path().join("photos")).unwrap();
        let bytes = b"all of it";
        let upload = Upload {
            capability: [1; 16],
            device: DeviceId([2; 16]),
            record: RecordId([3; 16]),
            sha256: Sha256::of(bytes),
            bytes: bytes.len() as u64,
            expires_at: 0,
        };
        photos.begin(&upload).unwrap().add(0, bytes).unwrap();
        assert_eq!(photos.offset(&upload).unwrap(), upload.bytes);
        photos.shared.doubtful.lock().unwrap().insert(photos.shared.part(&upload));
        assert_eq!(photos.offset(&upload).unwrap(), 0);
        photos.begin(&upload).unwrap().add(0, bytes).unwrap();
        assert_eq!(photos.offset(&upload).unwrap(), upload.bytes);
    }
}
