//! The file of a vault's database as SQLCipher writes it, page by page, without its library: each page ends in a seal
//! over its ciphertext, and each frame of the write-ahead log in a running sum. By them one flipped bit is found and
//! turned back, so that a worn memory cell costs an officer nothing.
//!
//! A log whose frame is wrong is not simply cut there, as SQLite does: what was committed after it was acknowledged.

use crate::keys::VaultKey;
use anyhow::{Context, Result};
use hmac::{Hmac, Mac};
use kerbside_core::mend::{turn_bit_back, turn_bit_back_within};
use sha2::Sha512;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

pub const PAGE: usize = 4096;
const SALT: usize = 16;
const SEAL: usize = 64;
/// SQLCipher derives the key of the seals from the database's key and this mask over the salt.
const SALT_MASK: u8 = 0x3a;

/// What seals the pages of one file.
pub struct Seals([u8; 32]);

impl Seals {
    /// PBKDF2 with HMAC-SHA512 and two rounds, which is how SQLCipher makes it from a raw key.
    pub fn of(key: &VaultKey, salt: &[u8]) -> Self {
        let masked: Vec<u8> = salt.iter().map(|byte| byte ^ SALT_MASK).collect();
        let first = mac(key.as_slice(), &[&masked, &1_u32.to_be_bytes()]);
        let second = mac(key.as_slice(), &[&first]);
        let mut seals = [0; 32];
        for ((to, one), other) in seals.iter_mut().zip(first).zip(second) {
            *to = one ^ other;
        }
        Self(seals)
    }

    /// Whether a page is as it was written. The first begins with the salt, which is not under the seal.
    pub fn fits(&self, page: &[u8], number: u32) -> bool {
        let skipped = if number == 1 { SALT } else { 0 };
        let Some((sealed, seal)) = page.get(skipped..).and_then(|page| page.split_last_chunk::<SEAL>())
        else {
            return false;
        };
        mac(&self.0, &[sealed, &number.to_le_bytes()]) == *seal
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 64] {
    let mut mac =
        <Hmac<Sha512> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// What is wrong with a file, and the pages that could be put right.
#[derive(Debug, Default)]
pub struct Pages {
    pub mended: Vec<(u32, Vec<u8>)>,
    pub lost: Vec<u32>,
}

/// Looks at every page.
pub fn check_file(path: &Path, key: &VaultKey) -> Result<Pages> {
    let mut file = File::open(path).context("Open the damaged database")?;
    let mut found = Pages::default();
    let mut page = vec![0; PAGE];
    if file.read_exact(&mut page).is_err() {
        found.lost.push(1);
        return Ok(found);
    }
    let mut first = page.clone();
    let salt = right_salt(&mut file, &first, key)?;
    let mended_salt = first.get(..SALT) != Some(salt.as_slice());
    first.splice(..SALT, salt.iter().copied());
    let seals = Seals::of(key, &salt);
    if mended_salt || !seals.fits(&first, 1) {
        match if seals.fits(&first, 1) { Some(first) } else { mend_page(&seals, &first, 1) } {
            Some(whole) => found.mended.push((1, whole)),
            None => found.lost.push(1),
        }
    }
    file.seek(SeekFrom::Start(PAGE as u64)).context("Read on from the second page")?;
    let mut number = 1;
    while file.read_exact(&mut page).is_ok() {
        number += 1;
        if seals.fits(&page, number) {
            continue;
        }
        match mend_page(&seals, &page, number) {
            Some(whole) => found.mended.push((number, whole)),
            None => found.lost.push(number),
        }
    }
    Ok(found)
}

fn mend_page(seals: &Seals, page: &[u8], number: u32) -> Option<Vec<u8>> {
    turn_bit_back(page, |tried| seals.fits(tried, number))
}

/// The salt as it stands or with one bit turned back: the one under which some page fits its seal.
fn right_salt(file: &mut File, first: &[u8], key: &VaultKey) -> Result<Vec<u8>> {
    let written = first.get(..SALT).unwrap_or_default().to_vec();
    let mut samples = vec![(1, first.to_vec())];
    let mut page = vec![0; PAGE];
    file.seek(SeekFrom::Start(PAGE as u64)).context("Read some pages")?;
    while samples.len() < 4 && file.read_exact(&mut page).is_ok() {
        samples.push((u32::try_from(samples.len() + 1).unwrap_or(u32::MAX), page.clone()));
    }
    let opens = |salt: &[u8]| {
        let seals = Seals::of(key, salt);
        samples.iter().any(|(number, page)| seals.fits(page, *number))
    };
    if opens(&written) {
        return Ok(written);
    }
    Ok(turn_bit_back(&written, opens).unwrap_or(written))
}

const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const FRAME: usize = FRAME_HEADER + PAGE;
const LOG_VERSION: u32 = 3_007_000;

/// A write-ahead log with what could be put right in it.
#[derive(Debug)]
pub struct Mended {
    pub bytes: Vec<u8>,
    pub bits: u32,
    /// Frames in the midst of the log that could not be, and stay as they are.
    pub lost: u32,
}

/// None where every frame that counts is as it was written.
pub fn mend_log(bytes: &[u8], seals: &Seals, pages: u32) -> Option<Mended> {
    let (header, frames) = bytes.split_at_checked(LOG_HEADER)?;
    let mut mended = Mended { bytes: header.to_vec(), bits: 0, lost: 0 };
    let frames: Vec<&[u8]> = frames.chunks_exact(FRAME).collect();
    if !header_fits(header) {
        // The sum is weak here too, and the first frame says which header it was written under.
        let fits = |tried: &[u8]| {
            let first =
                frames.first().map(|frame| Log::of(tried).is_some_and(|log| log.fits(log.sum, frame)));
            header_fits(tried) && first != Some(false)
        };
        let parts = [24..LOG_HEADER, 0..24];
        mended.bytes = parts.into_iter().find_map(|part| turn_bit_back_within(header, part, fits))?;
        mended.bits += 1;
    }
    let log = Log::of(&mended.bytes)?;
    // No database is larger than the largest page anyone wrote.
    let most = frames.iter().filter(|frame| seals_fit(seals, frame)).map(|frame| word(frame, 0)).max();
    let most = most.unwrap_or(0).max(pages);
    let mut sum = log.sum;
    for (at, frame) in frames.iter().enumerate() {
        if !log.is_of_this_life(frame) {
            break;
        }
        let fits = |tried: &[u8]| log.fits(sum, tried);
        let whole = if fits(frame) {
            Some(frame.to_vec())
        } else {
            mend_frame(frame, seals, most, fits).inspect(|_| mended.bits += 1)
        };
        let written = match whole {
            Some(whole) if mended.lost == 0 => whole,
            Some(whole) => log.summed(sum, &whole),
            // Written while the power failed, unless something was committed after it and then went on.
            None if !log.goes_on(frames.get(at + 1..).unwrap_or_default(), seals) => break,
            None => {
                mended.lost += 1;
                log.summed(sum, frame)
            }
        };
        sum = log.sum_after(sum, &written);
        mended.bytes.extend_from_slice(&written);
    }
    (0 < mended.bits || 0 < mended.lost).then_some(mended)
}

/// The log's sum is weak: a bit of the database's size may seem to be to blame for one of the sum. So the page's own seal
/// is asked first, and of the rest what is likelier is tried first.
fn mend_frame(frame: &[u8], seals: &Seals, most: u32, fits: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    if !seals_fit(seals, frame) {
        return turn_bit_back(frame, |tried| fits(tried) && seals_fit(seals, tried));
    }
    let parts = [16..FRAME_HEADER, 8..16, 4..8];
    parts
        .into_iter()
        .find_map(|part| turn_bit_back_within(frame, part, |tried| fits(tried) && word(tried, 4) <= most))
}

fn seals_fit(seals: &Seals, frame: &[u8]) -> bool {
    frame.split_at_checked(FRAME_HEADER).is_some_and(|(header, page)| seals.fits(page, word(header, 0)))
}

struct Log {
    salts: [u8; 8],
    is_big: bool,
    sum: (u32, u32),
}

impl Log {
    fn of(header: &[u8]) -> Option<Self> {
        let salts = header.get(16..24)?.try_into().ok()?;
        Some(Self { salts, is_big: word(header, 0) & 1 == 1, sum: (word(header, 24), word(header, 28)) })
    }

    /// Frames of an earlier life of the log lie behind those that count. A flipped bit makes no earlier life.
    fn is_of_this_life(&self, frame: &[u8]) -> bool {
        let theirs = frame.get(8..16).unwrap_or_default();
        self.salts.iter().zip(theirs).map(|(one, other)| (one ^ other).count_ones()).sum::<u32>() <= 1
    }

    fn sum_after(&self, sum: (u32, u32), frame: &[u8]) -> (u32, u32) {
        let (head, page) = frame.split_at_checked(FRAME_HEADER).unwrap_or_default();
        let sum = summed(self.is_big, sum, head.get(..8).unwrap_or_default());
        summed(self.is_big, sum, page)
    }

    fn fits(&self, sum: (u32, u32), frame: &[u8]) -> bool {
        frame.get(8..16) == Some(self.salts.as_slice())
            && self.sum_after(sum, frame) == (word(frame, 16), word(frame, 20))
    }

    /// The same frame under the sum it should have.
    fn summed(&self, sum: (u32, u32), frame: &[u8]) -> Vec<u8> {
        let (one, two) = self.sum_after(sum, frame);
        let head = frame.get(..8).unwrap_or_default();
        let page = frame.get(FRAME_HEADER..).unwrap_or_default();
        [head, &self.salts, &one.to_be_bytes(), &two.to_be_bytes(), page].concat()
    }

    /// Whether something was committed in these frames and more was written after that: it was on the disk by then.
    fn goes_on(&self, frames: &[&[u8]], seals: &Seals) -> bool {
        let ours: Vec<&&[u8]> = frames
            .iter()
            .take_while(|frame| self.is_of_this_life(frame))
            .filter(|frame| seals_fit(seals, frame))
            .collect();
        let committed = ours.iter().position(|frame| word(frame, 4) != 0);
        committed.is_some_and(|at| at + 1 < ours.len())
    }
}

fn header_fits(header: &[u8]) -> bool {
    let magic = word(header, 0);
    let is_big = magic & 1 == 1;
    magic & !1 == 0x377f_0682
        && word(header, 4) == LOG_VERSION
        && summed(is_big, (0, 0), header.get(..24).unwrap_or_default())
            == (word(header, 24), word(header, 28))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).map_or(0, |word| u32::from_be_bytes(*word))
}

fn summed(is_big: bool, (mut one, mut two): (u32, u32), bytes: &[u8]) -> (u32, u32) {
    let (pairs, _) = bytes.as_chunks::<8>();
    let read = |word: [u8; 4]| if is_big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) };
    for [a, b, c, d, e, f, g, h] in pairs {
        one = one.wrapping_add(read([*a, *b, *c, *d])).wrapping_add(two);
        two = two.wrapping_add(read([*e, *f, *g, *h])).wrapping_add(one);
    }
    (one, two)
}
