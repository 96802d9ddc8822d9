//! From the shutter to “saved”: photos of twelve megapixels kept in a vault on a disk, sealed, with both their copies.

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use kerbside_device::clock::Reading;
use kerbside_device::photos::PhotoFrom;

use crate::clock::timed;
use crate::figures::{self, percentile};
use crate::office::Office;

const PHOTOS: u8 = 40;
const SIZE: (u32, u32) = (4_000, 3_000);
const SHOT: &str = "../e2e/photos/street-corner.jpg";

/// The floor is decoding the photo once and putting its bytes on the same disk.
pub fn photo(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut office = Office::open(folder, &[("warden".to_owned(), "team".to_owned())])?;
    let mut handheld = office.enrol("warden", &folder.join("vault"))?;
    let (shot, mut ours, mut barest) = (shot()?, Vec::new(), Vec::new());
    figures::bytes("photo.original", shot.len(), None)?;
    for number in 0..PHOTOS {
        let photo = numbered(&shot, number);
        let now = Reading::at(office.later());
        let (kept, took) = timed(|| handheld.vault.keep_photo(&photo, &PhotoFrom::Camera.into(), now));
        kept.context("Keep a photo")?;
        ours.push(took);
        barest.push(at_its_barest(&photo, &folder.join(format!("{number}.jpg")))?);
    }
    for percent in [50, 95] {
        let floor = percentile(&barest, percent)?;
        figures::ms(&format!("photo.p{percent}"), percentile(&ours, percent)?, Some(floor))?;
    }
    Ok(())
}

fn at_its_barest(photo: &[u8], file: &Path) -> Result<Duration> {
    let (done, took) = timed(|| -> Result<()> {
        image::load_from_memory(photo).context("Decode a photo")?;
        let mut file = File::create(file).context("Make a file")?;
        file.write_all(photo).and_then(|()| file.sync_all()).context("Write a photo")
    });
    done?;
    Ok(took)
}

/// A real street, as large as a phone takes it.
fn shot() -> Result<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SHOT);
    let street = image::load_from_memory(&std::fs::read(path).context("Read a photo")?)?;
    let large = street.resize_exact(SIZE.0, SIZE.1, FilterType::CatmullRom).to_rgb8();
    let mut bytes = Cursor::new(Vec::new());
    large.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 92))?;
    Ok(bytes.into_inner())
}

/// The same shot under another hash: a comment right after its start.
fn numbered(shot: &[u8], number: u8) -> Vec<u8> {
    let (start, rest) = shot.split_at(2);
    [start, &[0xff, 0xfe, 0, 3, number], rest].concat()
}
