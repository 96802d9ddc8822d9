//! Area packs as files: each under its hash, read by ranges. What is offered to whom stands in the store.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use kerbside_core::area_pack::{HEADER_BYTES, Header, read_header};
use kerbside_core::ids::Sha256;
use kerbside_core::problem::{Code, Problem};
use serde::Deserialize;

use crate::backup::{copy_in, place};
use crate::photos::hash_file;

/// What a pack says of itself, at the most.
const DESCRIBED_LIMIT: u64 = 4 * 1024 * 1024;
/// What one answer holds at the most.
pub const PIECE_LIMIT: u64 = 4 * 1024 * 1024;
/// The layers of which a map needs one at the least, or there is nothing to see.
const DRAWN: [&str; 8] = ["area", "place", "park", "park_name", "water", "water_name", "road", "building"];

/// The folder of area packs.
#[derive(Debug, Clone)]
pub struct Maps {
    root: PathBuf,
}

/// A file that is a map.
#[derive(Debug)]
pub struct Found {
    pub header: Header,
    /// The name it gives itself.
    pub name: String,
    pub bytes: u64,
    pub sha256: Sha256,
}

#[derive(Debug, Deserialize)]
struct Described {
    #[serde(default)]
    name: String,
    #[serde(default)]
    vector_layers: Vec<Layer>,
}

#[derive(Debug, Deserialize)]
struct Layer {
    id: String,
}

impl Maps {
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Keeps a file, whole and on the disk when this returns.
    pub fn keep(&self, from: &Path, sha256: Sha256) -> Result<()> {
        let to = place(&self.root, sha256);
        if hash_file(&to).ok() == Some(sha256) {
            return Ok(());
        }
        copy_in(from, &to)?;
        anyhow::ensure!(hash_file(&to)? == sha256, "The file changed while it was read");
        Ok(())
    }

    /// Of these packs, those whose bytes are missing or are others.
    pub fn bad(&self, packs: &[(Sha256, i64)]) -> Vec<Sha256> {
        let is_bad = |sha256: &Sha256| hash_file(&place(&self.root, *sha256)).ok() != Some(*sha256);
        packs.iter().map(|(sha256, _)| *sha256).filter(is_bad).collect()
    }

    pub fn remove(&self, sha256: Sha256) -> Result<()> {
        match std::fs::remove_file(place(&self.root, sha256)) {
            Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => {
                Err(fault).context("Deleting an old area pack")
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Some bytes of a pack, no more than one answer may hold.
    pub fn read(&self, sha256: Sha256, range: &Range<u64>) -> Result<Vec<u8>> {
        let mut file = File::open(place(&self.root, sha256)).context("Opening an area pack")?;
        file.seek(SeekFrom::Start(range.start)).context("Reading an area pack")?;
        let wanted = range.end.saturating_sub(range.start).min(PIECE_LIMIT);
        let mut bytes = Vec::new();
        file.take(wanted).read_to_end(&mut bytes).context("Reading an area pack")?;
        anyhow::ensure!(bytes.len() as u64 == wanted, "An area pack is shorter than it was");
        Ok(bytes)
    }
}

/// Looks whether a file is a map that we can draw, and says what is wrong where it is not.
pub fn look_at(path: &Path) -> Result<Found> {
    let mut file = File::open(path).with_context(|| format!("Opening {}", path.display()))?;
    let bytes = file.metadata()?.len();
    let mut start = Vec::new();
    (&mut file).take(HEADER_BYTES as u64).read_to_end(&mut start)?;
    let header = read_header(&start, bytes)?;
    let described = described(&mut file, &header)?;
    if !described.vector_layers.iter().any(|layer| DRAWN.contains(&layer.id.as_str())) {
        let detail = format!("not an area pack: it has none of the layers {}", DRAWN.join(", "));
        return Err(Problem::new(Code::NotUnderstood, detail).into());
    }
    Ok(Found { header, name: described.name, bytes, sha256: hash_file(path)? })
}

fn described(file: &mut File, header: &Header) -> Result<Described> {
    let unclear = || Problem::new(Code::NotUnderstood, "not an area pack: its description cannot be read");
    file.seek(SeekFrom::Start(header.described_at))?;
    let mut stored = file.take(header.described_bytes.min(DESCRIBED_LIMIT));
    let mut text = Vec::new();
    let read = if header.is_squeezed {
        GzDecoder::new(&mut stored).take(DESCRIBED_LIMIT).read_to_end(&mut text)
    } else {
        stored.read_to_end(&mut text)
    };
    read.map_err(|_| unclear())?;
    Ok(serde_json::from_slice(&text).map_err(|_| unclear())?)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The smallest file that is a map, with so many bytes of tiles.
    pub(crate) fn pack(layer: &str, tiles: u64) -> Vec<u8> {
        let described = format!(r#"{{"name":"Mile Cross","vector_layers":[{{"id":"{layer}"}}]}}"#);
        let described_bytes = described.len() as u64;
        let mut out = b"PMTiles\x03".to_vec();
        for part in [127, 1, 128, described_bytes, 128, 0, 128 + described_bytes, tiles] {
            out.extend(part.to_le_bytes());
        }
        out.extend([0; 24]);
        out.extend([1, 1, 1, 1, 10, 15]);
        for degrees in [1.2_f64, 52.5, 1.4, 52.7] {
            out.extend(((degrees * 1e7) as i32).to_le_bytes());
        }
        out.extend([0; 9 + 1]);
        out.extend(described.bytes());
        out.extend((0..tiles).map(|byte| byte as u8));
        out
    }

    fn refusal(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("some.pmtiles");
        std::fs::write(&file, bytes).unwrap();
        look_at(&file).unwrap_err().downcast::<Problem>().unwrap().detail
    }

    #[test]
    fn a_map_without_anything_we_draw_or_with_a_broken_description_is_refused() {
        assert!(refusal(&pack("transportation", 10)).contains("none of the layers area, place"));
        let mut broken = pack("road", 10);
        broken[128] = b'!';
        assert!(refusal(&broken).contains("description cannot be read"));
        assert!(refusal(b"PMTiles").contains("version 3"));
        assert!(refusal(b"").contains("not a PMTiles file"));
    }

    #[test]
    fn one_answer_holds_no_more_than_it_may() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = pack("road", PIECE_LIMIT + 100);
        let file = folder.path().join("some.pmtiles");
        std::fs::write(&file, &bytes).unwrap();
        let (maps, found) = (Maps::at(&folder.path().join("maps")), look_at(&file).unwrap());
        maps.keep(&file, found.sha256).unwrap();
        let all = maps.read(found.sha256, &(0..bytes.len() as u64)).unwrap();
        assert_eq!(all.len() as u64, PIECE_LIMIT);
        assert!(maps.read(found.sha256, &(10..20)).unwrap() == bytes[10..20]);
    }
}
