//! The folder of maps.

use crate::files::{make_private_folder, named, sync_folder};
use anyhow::{Context, Result};
use kerbside_core::area_pack::{AreaPack, is_key};
use kerbside_core::ids::Sha256;
use kerbside_core::problem::{Code, Problem};
use sha2::Digest;
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What a screen may ask for at once.
const PIECE_LIMIT: u64 = 4 * 1024 * 1024;
const WHOLE: &str = "pmtiles";
const COMING: &str = "part";

/// Which file of which map: its key and its hash, so that no other version is ever read under the same name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MapName {
    key: String,
    sha256: Sha256,
}

impl From<&AreaPack> for MapName {
    fn from(pack: &AreaPack) -> Self {
        Self { key: pack.key.clone(), sha256: pack.sha256 }
    }
}

impl fmt::Display for MapName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}@{}", self.key, self.sha256)
    }
}

impl FromStr for MapName {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let unclear = || Problem::new(Code::NotFound, "No such map");
        let (key, sha256) = text.split_once('@').ok_or_else(unclear)?;
        let sha256 = sha256.parse().map_err(|_| unclear())?;
        if is_key(key) { Ok(Self { key: key.to_owned(), sha256 }) } else { Err(unclear()) }
    }
}

#[derive(Debug)]
pub struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// Beside the vault of this folder.
    #[must_use]
    pub fn beside(vault: &Path) -> Self {
        Self { folder: vault.join("maps") }
    }

    /// Bytes of a whole map. What lies beyond its end is not there; what begins there is asked for wrongly.
    pub fn read(&self, name: &MapName, offset: u64, length: u64) -> Result<Vec<u8>> {
        let mut file = match File::open(self.path(name, WHOLE)) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => {
                return Err(Problem::new(Code::NotFound, "No such map").into());
            }
            opened => opened.context("Open a map")?,
        };
        let size = file.metadata().context("Measure a map")?.len();
        if size <= offset || PIECE_LIMIT < length {
            return Err(Problem::new(Code::RangeWrong, "Outside the map").into());
        }
        file.seek(SeekFrom::Start(offset)).context("Find a place in a map")?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes).context("Read a map")?;
        Ok(bytes)
    }

    /// How much of this version is here.
    pub fn held(&self, pack: &AreaPack) -> Result<u64> {
        let name = pack.into();
        match self.size(&name, WHOLE)? {
            Some(size) => Ok(size),
            None => Ok(self.size(&name, COMING)?.unwrap_or(0)),
        }
    }

    pub fn is_whole(&self, pack: &AreaPack) -> Result<bool> {
        Ok(self.size(&pack.into(), WHOLE)? == Some(pack.bytes))
    }

    /// This version where it is whole, or else another that is.
    pub fn best(&self, pack: &AreaPack) -> Result<Option<MapName>> {
        if self.is_whole(pack)? {
            return Ok(Some(pack.into()));
        }
        Ok(self.names(WHOLE)?.into_iter().find(|name| name.key == pack.key))
    }

    /// Adds what came at this offset, which must be where the file ends.
    pub(crate) fn add(&self, pack: &AreaPack, offset: u64, bytes: &[u8]) -> Result<()> {
        make_private_folder(&self.folder)?;
        let path = self.path(&pack.into(), COMING);
        let write = || -> Result<()> {
            let mut file = OpenOptions::new().create(true).append(true).open(&path).context("Open a map")?;
            anyhow::ensure!(file.metadata()?.len() == offset, "A map is added to by two");
            file.write_all(bytes).context("Write a map")?;
            file.sync_data().context("Sync a map")
        };
        write().map_err(named)
    }

    /// Puts a map that has all come in its place. False where it is not what was offered: then it is gone.
    pub(crate) fn finish(&self, pack: &AreaPack) -> Result<bool> {
        let name = pack.into();
        let (part, whole) = (self.path(&name, COMING), self.path(&name, WHOLE));
        if hash(&part)? != pack.sha256 {
            fs::remove_file(&part).context("Delete a map that is not what was offered")?;
            return Ok(false);
        }
        let settle = || -> Result<()> {
            File::open(&part).and_then(|file| file.sync_all()).context("Sync a map")?;
            fs::rename(&part, &whole).context("Put a map in its place")?;
            sync_folder(&self.folder)
        };
        settle().map_err(named)?;
        Ok(true)
    }

    /// Deletes every file that is neither of what is offered nor the best there is of it. Says how many.
    pub(crate) fn keep_only(&self, offered: &[AreaPack]) -> Result<u32> {
        let parts: BTreeSet<MapName> = offered.iter().map(MapName::from).collect();
        let wholes = offered.iter().map(|pack| self.best(pack)).collect::<Result<Vec<_>>>()?;
        let wholes: BTreeSet<MapName> = wholes.into_iter().flatten().collect();
        let mut deleted = 0;
        for (kind, kept) in [(WHOLE, wholes), (COMING, parts)] {
            for name in self.names(kind)?.into_iter().filter(|name| !kept.contains(name)) {
                fs::remove_file(self.path(&name, kind)).context("Delete a map")?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }

    fn path(&self, name: &MapName, kind: &str) -> PathBuf {
        self.folder.join(format!("{name}.{kind}"))
    }

    fn size(&self, name: &MapName, kind: &str) -> Result<Option<u64>> {
        match fs::metadata(self.path(name, kind)) {
            Ok(found) => Ok(Some(found.len())),
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(cause).context("Measure a map"),
        }
    }

    fn names(&self, kind: &str) -> Result<Vec<MapName>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(cause).context("List maps"),
        };
        let mut names = Vec::new();
        for entry in entries {
            let file = entry.context("List maps")?.file_name();
            let named = file.to_string_lossy().strip_suffix(&format!(".{kind}")).map(str::parse::<MapName>);
            names.extend(named.and_then(Result::ok));
        }
        names.sort();
        Ok(names)
    }
}

fn hash(path: &Path) -> Result<Sha256> {
    let mut file = File::open(path).context("Open a map")?;
    let mut hash = sha2::Sha256::new();
    let mut piece = vec![0; 256 * 1024];
    loop {
        let size = file.read(&mut piece).context("Read a map")?;
        match piece.get(..size).filter(|bytes| !bytes.is_empty()) {
            Some(bytes) => hash.update(bytes),
            None => return Ok(Sha256(hash.finalize().into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kerbside_core::area_pack::Reach;

    fn pack(key: &str, version: u32, bytes: &[u8]) -> AreaPack {
        let reach = Reach { west: 1.0, south: 52.0, east: 1.5, north: 52.5, min_zoom: 10, max_zoom: 15 };
        let (sha256, bytes) = (Sha256::of(bytes), bytes.len() as u64);
        AreaPack { key: key.into(), name: key.into(), version, sha256, bytes, reach }
    }

    fn comes(shelf: &Shelf, pack: &AreaPack, bytes: &[u8]) {
        for (at, piece) in bytes.chunks(3).enumerate() {
            shelf.add(pack, at as u64 * 3, piece).unwrap();
        }
    }

    #[test]
    fn the_old_map_stays_until_the_new_one_is_whole_and_goes_then() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::beside(folder.path());
        let (old, new) = (pack("norwich", 1, b"old map"), pack("norwich", 2, b"the new map"));
        comes(&shelf, &old, b"old map");
        assert_eq!(shelf.best(&old).unwrap(), None, "not before it is whole");
        assert!(shelf.finish(&old).unwrap());
        comes(&shelf, &new, b"the new");
        let offered = [new.clone()];
        assert_eq!(shelf.keep_only(&offered).unwrap(), 0);
        assert_eq!((shelf.held(&new).unwrap(), shelf.best(&new).unwrap()), (7, Some(MapName::from(&old))));
        shelf.add(&new, 7, b" map").unwrap();
        assert!(shelf.finish(&new).unwrap());
        assert_eq!(shelf.keep_only(&offered).unwrap(), 1);
        assert_eq!(shelf.best(&new).unwrap(), Some(MapName::from(&new)));
        assert_eq!(shelf.read(&MapName::from(&new), 4, 100).unwrap(), b"new map");
        assert_eq!(shelf.keep_only(&[]).unwrap(), 1, "what is not offered any more goes");
    }

    #[test]
    fn a_map_that_is_not_what_was_offered_is_never_used() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::beside(folder.path());
        let offered = pack("norwich", 1, b"a map");
        comes(&shelf, &offered, b"a nap");
        assert!(!shelf.finish(&offered).unwrap());
        assert_eq!((shelf.held(&offered).unwrap(), shelf.best(&offered).unwrap()), (0, None));
        assert!(shelf.add(&offered, 3, b"map").is_err(), "no hole is left in a map");
    }

    #[test]
    fn nothing_is_read_but_maps_and_nothing_beyond_their_end() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::beside(folder.path());
        let map = pack("norwich", 1, b"a map");
        comes(&shelf, &map, b"a map");
        assert!(shelf.finish(&map).unwrap());
        let code = |read: Result<Vec<u8>>| read.unwrap_err().downcast::<Problem>().unwrap().code;
        let name = MapName::from(&map);
        assert_eq!(code(shelf.read(&name, 5, 1)), Code::RangeWrong);
        assert_eq!(code(shelf.read(&name, 0, PIECE_LIMIT + 1)), Code::RangeWrong);
        assert_eq!(code(shelf.read(&name, u64::MAX, 1)), Code::RangeWrong);
        assert_eq!(code(shelf.read(&MapName::from(&pack("other", 1, b"")), 0, 1)), Code::NotFound);
        for odd in ["", "norwich", "../vault@00", &format!("../norwich@{}", map.sha256)] {
            assert!(odd.parse::<MapName>().is_err(), "{odd}");
        }
    }
}
