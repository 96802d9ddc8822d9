//! Photos at rest: one file each, XChaCha20-Poly1305 in 64 KiB chunks by the
//! STREAM construction (19 random bytes, a chunk counter, a last-chunk flag),
//! so that no chunk can be cut off, swapped or carried to another file.

use crate::files::write_durably;
use anyhow::{Context, Result, anyhow, bail, ensure};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use kerbside_core::mend::turn_bit_back;
use kerbside_core::planted;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use zeroize::Zeroizing;

const MAGIC: &[u8; 4] = b"KSP1";
pub(super) const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;

/// Where sealed photos lie: a folder on a handheld, memory in the simulator.
#[derive(Debug, Clone)]
pub enum BlobStore {
    Folder(PathBuf),
    Memory(BTreeMap<String, Vec<u8>>),
}

impl BlobStore {
    pub fn put(&mut self, name: &str, sealed: Vec<u8>) -> Result<()> {
        match self {
            Self::Folder(folder) => write_durably(&folder.join(name), &sealed).context("Write a photo"),
            Self::Memory(blobs) => {
                ensure!(!planted::crashes_here(), "The process died before a photo's file");
                blobs.insert(name.to_owned(), sealed);
                ensure!(!planted::crashes_here(), "The process died after a photo's file");
                Ok(())
            }
        }
    }

    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        match self {
            Self::Folder(folder) => fs::read(folder.join(name)).context("Read a photo"),
            Self::Memory(blobs) => blobs.get(name).cloned().context("Read a photo"),
        }
    }

    /// At most `length` bytes from `start`; fewer where the file ends.
    pub fn read_part(&self, name: &str, start: u64, length: usize) -> Result<Vec<u8>> {
        let mut part = Vec::new();
        match self {
            Self::Folder(folder) => {
                let mut file = fs::File::open(folder.join(name)).context("Open a photo")?;
                file.seek(SeekFrom::Start(start)).context("Find a place in a photo")?;
                file.take(length as u64).read_to_end(&mut part).context("Read a part of a photo")?;
            }
            Self::Memory(blobs) => {
                let start = usize::try_from(start).context("Find a place in a photo")?;
                let whole = blobs.get(name).context("Read a photo")?;
                part.extend(whole.iter().skip(start).take(length));
            }
        }
        Ok(part)
    }

    pub fn remove(&mut self, name: &str) -> Result<()> {
        match self {
            Self::Folder(folder) => match fs::remove_file(folder.join(name)) {
                Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                    Err(cause).context("Remove a photo")
                }
                _ => Ok(()),
            },
            Self::Memory(blobs) => {
                ensure!(!planted::crashes_here(), "The process died before a photo's file was removed");
                blobs.remove(name);
                Ok(())
            }
        }
    }
}

pub fn seal_photo(key: &[u8; 32], prefix: [u8; 19], plain: &[u8]) -> Result<Vec<u8>> {
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    let header = [MAGIC.as_slice(), &prefix].concat();
    let mut out = header.clone();
    let mut pieces = plain.chunks(CHUNK).enumerate().peekable();
    if pieces.peek().is_none() {
        bail!("A photo is not empty");
    }
    while let Some((number, piece)) = pieces.next() {
        let nonce = chunk_nonce(&prefix, number, pieces.peek().is_none())?;
        let sealed = cipher
            .encrypt(&nonce, Payload { msg: piece, aad: &header })
            .map_err(|_| anyhow!("Sealing a photo failed"))?;
        out.extend_from_slice(&sealed);
    }
    Ok(out)
}

pub fn unseal_photo(key: &[u8; 32], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let (header, body) = sealed.split_at_checked(HEADER).context("A photo's file is cut short")?;
    if body.len() <= TAG {
        bail!("A photo's file is cut short");
    }
    let bytes = body.len() - TAG * body.len().div_ceil(CHUNK + TAG);
    unseal_part(key, header, body, 0, bytes)
}

/// Which part of a sealed file holds these plain bytes, and the number of its first chunk.
#[must_use]
pub fn part_of(offset: usize, length: usize) -> (u64, usize, usize) {
    let first = offset / CHUNK;
    let chunks = (offset + length).div_ceil(CHUNK).saturating_sub(first);
    ((HEADER + first * (CHUNK + TAG)) as u64, chunks * (CHUNK + TAG), first)
}

/// Opens the chunks in `part`, the first of them numbered `first`, of a photo of `bytes` bytes.
pub fn unseal_part(
    key: &[u8; 32],
    header: &[u8],
    part: &[u8],
    first: usize,
    bytes: usize,
) -> Result<Zeroizing<Vec<u8>>> {
    let prefix = header
        .strip_prefix(MAGIC)
        .and_then(|rest| <[u8; 19]>::try_from(rest).ok())
        .context("A photo's file does not begin as one")?;
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    let mut out = Zeroizing::new(Vec::with_capacity(part.len()));
    for (piece, number) in part.chunks(CHUNK + TAG).zip(first..) {
        let is_last = number + 1 == bytes.div_ceil(CHUNK);
        let plain = cipher
            .decrypt(&chunk_nonce(&prefix, number, is_last)?, Payload { msg: piece, aad: header })
            .map_err(|_| anyhow!("A photo's file was altered or cut short"))?;
        out.extend_from_slice(&plain);
    }
    Ok(out)
}

/// A sealed file with the one bit turned back that went wrong. The seal of a chunk says which it is.
pub fn mend_sealed(key: &[u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
    let (header, body) = sealed.split_at_checked(HEADER)?;
    let bytes = body.len().checked_sub(TAG * body.len().div_ceil(CHUNK + TAG))?;
    let opens = |header: &[u8], chunk: &[u8], number| unseal_part(key, header, chunk, number, bytes).is_ok();
    let chunks: Vec<&[u8]> = body.chunks(CHUNK + TAG).collect();
    let bad: Vec<usize> = chunks
        .iter()
        .enumerate()
        .filter(|(number, chunk)| !opens(header, chunk, *number))
        .map(|(n, _)| n)
        .collect();
    // A flaw of the header spoils every chunk at once; the last is the shortest to try it on.
    if bad.len() == chunks.len()
        && let Some(last) = chunks.last()
        && let Some(mended) = turn_bit_back(header, |tried| opens(tried, last, chunks.len() - 1))
    {
        let whole = [mended.as_slice(), body].concat();
        return unseal_photo(key, &whole).is_ok().then_some(whole);
    }
    let mut whole = header.to_vec();
    for (number, chunk) in chunks.iter().enumerate() {
        if bad.contains(&number) {
            whole.extend(turn_bit_back(chunk, |tried| opens(header, tried, number))?);
        } else {
            whole.extend_from_slice(chunk);
        }
    }
    unseal_photo(key, &whole).is_ok().then_some(whole)
}

/// Where every sealed file begins: its mark and the random half of its nonces.
pub const HEADER: usize = 4 + 19;

fn chunk_nonce(prefix: &[u8; 19], number: usize, last: bool) -> Result<XNonce> {
    let number = u32::try_from(number).context("A photo has too many chunks")?;
    let mut nonce = [0_u8; 24];
    let bytes = prefix.iter().copied().chain(number.to_be_bytes()).chain([u8::from(last)]);
    for (to, from) in nonce.iter_mut().zip(bytes) {
        *to = from;
    }
    Ok(nonce.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo(len: usize) -> Vec<u8> {
        (0..len).map(|n| u8::try_from(n % 251).unwrap()).collect()
    }

    #[test]
    fn every_length_around_a_chunk_comes_back_byte_for_byte() {
        for len in [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let sealed = seal_photo(&[1; 32], [2; 19], &photo(len)).unwrap();
            assert_eq!(*unseal_photo(&[1; 32], &sealed).unwrap(), photo(len));
        }
    }

    #[test]
    fn one_flipped_bit_of_a_sealed_file_is_turned_back_wherever_it_is() {
        let sealed = seal_photo(&[1; 32], [2; 19], &photo(300)).unwrap();
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1 << (at % 8);
            assert_eq!(mend_sealed(&[1; 32], &flipped).as_ref(), Some(&sealed), "byte {at}");
        }
        let mut long = seal_photo(&[1; 32], [2; 19], &photo(CHUNK + 20)).unwrap();
        let whole = long.clone();
        *long.last_mut().unwrap() ^= 4;
        assert_eq!(mend_sealed(&[1; 32], &long), Some(whole));
    }

    #[test]
    fn a_photo_cut_at_a_chunk_or_with_a_flipped_bit_is_noticed() {
        let sealed = seal_photo(&[1; 32], [2; 19], &photo(2 * CHUNK + 5)).unwrap();
        assert!(unseal_photo(&[1; 32], &sealed[..23 + CHUNK + TAG]).is_err());
        let mut flipped = sealed.clone();
        flipped[100] ^= 1;
        assert!(unseal_photo(&[1; 32], &flipped).is_err());
        assert!(unseal_photo(&[9; 32], &sealed).is_err());
    }
}
