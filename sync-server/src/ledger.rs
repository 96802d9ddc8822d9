//! The ledger of what was taken out for good: one small file outside the database, so that neither an older backup nor a
//! lost disk makes it forgotten. A line is written before its act is committed, and done again where it is missing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use kerbside_core::cbor;
use kerbside_core::ids::Sha256;
use minicbor::{Decode, Encode};

use crate::clock::now_ms;
use crate::photos::Photos;
use crate::store::{Gone, Store};

/// What the ledger is called in the folder of data and in that of backups.
pub const LEDGER: &str = "ledger.cbor";

#[derive(Debug, Clone)]
pub struct Ledger(PathBuf);

#[derive(Encode, Decode)]
#[cbor(array)]
struct Line {
    #[n(0)]
    gone: Gone,
    /// Of the line itself: a ledger with a flipped bit must not take out something else.
    #[n(1)]
    id: Sha256,
}

impl Ledger {
    pub fn at(file: &Path) -> Self {
        Self(file.to_owned())
    }

    pub fn read(&self) -> Result<Vec<Gone>> {
        let bytes = match fs::read(&self.0) {
            Ok(bytes) => bytes,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(cause).context("Reading the ledger"),
        };
        let lines: Vec<Line> = cbor::decode(&bytes).context("Reading the ledger")?;
        ensure!(lines.iter().all(|line| line.gone.id() == line.id), "The ledger is not as it was written");
        Ok(lines.into_iter().map(|line| line.gone).collect())
    }

    /// Adds what is not in it, durably.
    pub fn add(&self, gone: &[Gone]) -> Result<()> {
        let mut all = self.read()?;
        let known: Vec<Sha256> = all.iter().map(Gone::id).collect();
        all.extend(gone.iter().filter(|one| !known.contains(&one.id())).cloned());
        if all.len() == known.len() {
            return Ok(());
        }
        let lines: Vec<Line> = all.into_iter().map(|gone| Line { id: gone.id(), gone }).collect();
        let part = self.0.with_extension("part");
        fs::write(&part, cbor::encode(&lines)).context("Writing the ledger")?;
        File::open(&part)?.sync_all().context("Making the ledger durable")?;
        fs::rename(&part, &self.0).context("Putting the ledger in its place")?;
        let folder = self.0.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all().context("Making the ledger durable")
    }

    /// Ledger and database each get what only the other has: whoever died between the two is made good here.
    pub fn agree(&self, store: &mut Store) -> Result<()> {
        store.replay(now_ms(), &self.read()?)?;
        self.add(&store.gone()?)
    }
}

/// Deletes the files of photos that are gone, as far as they are there. Safe to repeat.
pub fn sweep_photos(store: &mut Store, photos: &Photos) -> Result<()> {
    for (sha256, device) in store.photos_gone()? {
        photos.remove(sha256, device)?;
        store.photo_is_gone(sha256, device)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kerbside_core::ids::RecordId;

    fn gone(at_ms: i64) -> Gone {
        Gone {
            at_ms,
            by: Some(3),
            reason: "kept too long".into(),
            record: RecordId([7; 16]),
            redaction: None,
        }
    }

    #[test]
    fn a_line_stands_once_and_a_flipped_bit_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(LEDGER);
        let ledger = Ledger::at(&file);
        assert_eq!(ledger.read().unwrap(), []);
        ledger.add(&[gone(1)]).unwrap();
        ledger.add(&[gone(1), gone(2)]).unwrap();
        assert_eq!(ledger.read().unwrap(), [gone(1), gone(2)]);
        let mut bytes = fs::read(&file).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 4;
            fs::write(&file, &bytes).unwrap();
            assert!(ledger.read().is_err(), "byte {at}");
            bytes[at] ^= 4;
        }
    }
}
