//! Smaller copies for screens: turned the right way up, and with nothing in them but the picture.

use std::path::Path;

use anyhow::{Context, Result};
use kerbside_core::ids::Sha256;
use kerbside_core::problem::{Code, Problem};
use kerbside_picture::Picture;

const QUALITY: u8 = 80;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    Thumb,
    Display,
}

impl Size {
    pub fn name(self) -> &'static str {
        match self {
            Self::Thumb => "thumb",
            Self::Display => "display",
        }
    }

    fn longest_side(self) -> u32 {
        match self {
            Self::Thumb => 320,
            Self::Display => 1_600,
        }
    }
}

/// Draws the copy and keeps it. What is no picture, or too large a one, is a refusal and not a fault.
pub(super) fn draw(original: &Path, kept: &Path, size: Size) -> Result<Vec<u8>> {
    let bytes = picture(original, size.longest_side())?.as_jpeg(QUALITY).map_err(undrawable)?;
    let half_written = kept.with_extension("new");
    let sealed = [bytes.as_slice(), &Sha256::of(&bytes).0].concat();
    let is_kept = std::fs::write(&half_written, sealed).and_then(|()| std::fs::rename(&half_written, kept));
    if let Err(fault) = is_kept {
        // It is drawn again the next time.
        tracing::warn!("A smaller copy was not kept: {fault}");
    }
    Ok(bytes)
}

/// A kept copy as it was drawn. None where it is not there or not as it was written: then it is drawn again.
pub(super) fn kept(file: &Path) -> Option<Vec<u8>> {
    let mut sealed = std::fs::read(file).ok()?;
    let hash = sealed.split_off(sealed.len().checked_sub(32)?);
    (Sha256::of(&sealed).0.as_slice() == hash).then_some(sealed)
}

/// The picture, upright, no longer than this.
pub(super) fn picture(original: &Path, side: u32) -> Result<Picture> {
    let original = std::fs::read(original).context("Reading a photo")?;
    Ok(kerbside_picture::draw(&original, side).map_err(undrawable)?)
}

fn undrawable(refused: Problem) -> Problem {
    Problem::new(Code::PhotoNotDrawable, refused.detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::DynamicImage;
    use image::codecs::jpeg::JpegEncoder;
    use std::io::Cursor;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = image::RgbImage::from_fn(width, height, |x, _| {
            image::Rgb([if x < width / 2 { 250 } else { 5 }; 3])
        });
        picture.write_with_encoder(JpegEncoder::new(&mut bytes)).unwrap();
        bytes.into_inner()
    }

    /// The APP1 segment that says: turn this a quarter to the right.
    fn turned(mut jpeg: Vec<u8>) -> Vec<u8> {
        let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let segment = [&[0xff, 0xe1], length.as_slice(), exif].concat();
        jpeg.splice(2..2, segment);
        jpeg
    }

    fn drawn(bytes: &[u8], size: Size) -> Result<DynamicImage> {
        let folder = tempfile::tempdir()?;
        let original = folder.path().join("original");
        std::fs::write(&original, bytes)?;
        let copy = draw(&original, &folder.path().join("kept.jpg"), size)?;
        assert!(!copy.windows(4).any(|four| four == b"Exif"));
        Ok(image::load_from_memory(&copy)?)
    }

    #[test]
    fn a_picture_taken_sideways_stands_upright_and_carries_no_metadata() {
        let copy = drawn(&turned(jpeg(800, 400)), Size::Thumb).unwrap();
        assert_eq!((copy.width(), copy.height()), (160, 320));
        let top = copy.to_rgb8().get_pixel(80, 10).0;
        assert!(200 < top[0], "the left half is now above");
    }

    #[test]
    fn a_small_picture_is_not_blown_up() {
        let copy = drawn(&jpeg(100, 50), Size::Display).unwrap();
        assert_eq!((copy.width(), copy.height()), (100, 50));
    }

    #[test]
    fn what_is_no_picture_or_lies_about_itself_is_refused_by_code() {
        let mut lying = jpeg(64, 64);
        lying.truncate(lying.len() / 3);
        let start = lying.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
        lying[start + 5..start + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
        for bytes in [b"<html>not a photo</html>".to_vec(), Vec::new(), lying] {
            let refused = drawn(&bytes, Size::Thumb).unwrap_err();
            assert_eq!(refused.downcast_ref::<Problem>().unwrap().code, Code::PhotoNotDrawable);
        }
    }

    #[test]
    fn a_flood_of_pixels_is_refused_before_it_is_decoded() {
        let mut png = Cursor::new(Vec::new());
        image::GrayImage::new(20_000, 20_000).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let refused = drawn(&png.into_inner(), Size::Thumb).unwrap_err();
        assert_eq!(refused.downcast_ref::<Problem>().unwrap().code, Code::PhotoNotDrawable);
    }
}
