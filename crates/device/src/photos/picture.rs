//! From the bytes a camera gave to what a screen shows. Limits are set before
//! anything is decoded, and one picture is decoded at a time: a small file may
//! claim to be a very large picture.

use anyhow::Result;
use exif::{In, Tag};
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageError, ImageFormat, ImageReader, Limits};
use kerbside_core::problem::{Code, Problem};
use std::io::Cursor;
use std::sync::{Mutex, PoisonError};

const LONGEST_SIDE: u32 = 12_000;
const MOST_MEMORY: u64 = 256 * 1024 * 1024;
pub const MOST_BYTES: usize = 32 * 1024 * 1024;
const DISPLAY_SIDE: u32 = 1600;
const THUMB_SIDE: u32 = 320;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What is made of an original. Copies are upright and carry no metadata.
#[derive(Debug)]
pub struct Copies {
    pub format: PictureFormat,
    /// Of the picture as a person sees it, upright.
    pub width: u32,
    pub height: u32,
    pub display: Vec<u8>,
    pub thumb: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    Jpeg,
    Png,
}

impl PictureFormat {
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

pub fn make_copies(original: &[u8], orientation: Orientation) -> Result<Copies, Problem> {
    if MOST_BYTES < original.len() {
        return Err(Problem::new(Code::PhotoTooLarge, format!("{} bytes", original.len())));
    }
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (picture, format) = decode(original)?;
    let mut upright = shrink(picture, DISPLAY_SIDE);
    let (full_width, full_height) = upright.1;
    upright.0.apply_orientation(orientation);
    let turned = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if turned { (full_height, full_width) } else { (full_width, full_height) };
    let thumb = shrink(upright.0.clone(), THUMB_SIDE).0;
    Ok(Copies { format, width, height, display: as_jpeg(&upright.0, 82)?, thumb: as_jpeg(&thumb, 75)? })
}

/// The way up that the camera wrote down.
pub fn orientation_of(facts: Option<&exif::Exif>) -> Orientation {
    facts
        .and_then(|facts| facts.get_field(Tag::Orientation, In::PRIMARY))
        .and_then(|field| field.value.get_uint(0))
        .and_then(|value| u8::try_from(value).ok())
        .and_then(Orientation::from_exif)
        .unwrap_or(Orientation::NoTransforms)
}

fn decode(original: &[u8]) -> Result<(DynamicImage, PictureFormat), Problem> {
    let mut reader = ImageReader::new(Cursor::new(original)).with_guessed_format().map_err(unreadable)?;
    let format = match reader.format() {
        Some(ImageFormat::Jpeg) => PictureFormat::Jpeg,
        Some(ImageFormat::Png) => PictureFormat::Png,
        _ => return Err(Problem::new(Code::PhotoNotAnImage, "Neither JPEG nor PNG")),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    match reader.decode() {
        Ok(picture) => Ok((picture, format)),
        Err(ImageError::Limits(cause)) => Err(Problem::new(Code::PhotoTooLarge, cause.to_string())),
        Err(cause) => Err(unreadable(cause)),
    }
}

fn unreadable(cause: impl std::fmt::Display) -> Problem {
    Problem::new(Code::PhotoNotAnImage, cause.to_string())
}

fn shrink(picture: DynamicImage, side: u32) -> (DynamicImage, (u32, u32)) {
    let size = (picture.width(), picture.height());
    if size.0 <= side && size.1 <= side {
        return (picture, size);
    }
    (picture.thumbnail(side, side), size)
}

fn as_jpeg(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>, Problem> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, quality).encode_image(&picture.to_rgb8()).map_err(unreadable)?;
    Ok(out)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    /// A left half in red and a right half in blue.
    pub(crate) fn two_halves(width: u32, height: u32) -> Vec<u8> {
        let picture = RgbImage::from_fn(width, height, |x, _| {
            if x < width / 2 { Rgb([250, 10, 10]) } else { Rgb([10, 10, 250]) }
        });
        as_jpeg(&DynamicImage::ImageRgb8(picture), 90).unwrap()
    }

    #[test]
    fn a_photo_taken_sideways_is_shown_upright_and_no_larger_than_the_screen_needs() {
        let copies = make_copies(&two_halves(2000, 1000), Orientation::Rotate90).unwrap();
        assert_eq!((copies.width, copies.height), (1000, 2000));
        let shown = image::load_from_memory(&copies.display).unwrap().to_rgb8();
        assert_eq!(shown.dimensions(), (800, 1600));
        // Turned a quarter to the right, what was left is now above.
        assert!(shown.get_pixel(400, 10)[0] > 200);
        assert!(shown.get_pixel(400, 1590)[2] > 200);
        let thumb = image::load_from_memory(&copies.thumb).unwrap();
        assert_eq!((thumb.width(), thumb.height()), (160, 320));
    }

    #[test]
    fn a_jpeg_that_lies_about_its_size_is_refused_before_it_is_decoded() {
        let mut lying = two_halves(64, 64);
        let frame = lying.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        lying[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
        let refused = make_copies(&lying, Orientation::NoTransforms).unwrap_err();
        assert_eq!(refused.code, Code::PhotoTooLarge);
    }

    #[test]
    fn a_png_of_twenty_thousand_by_twenty_thousand_is_refused_without_the_memory_for_it() {
        let mut png = Vec::new();
        DynamicImage::ImageRgb8(RgbImage::new(8, 8))
            .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
            .unwrap();
        png[16..24].copy_from_slice(&[0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20]);
        let crc = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&crc.to_be_bytes());
        let refused = make_copies(&png, Orientation::NoTransforms).unwrap_err();
        assert_eq!(refused.code, Code::PhotoTooLarge);
    }

    #[test]
    fn a_file_that_is_no_picture_or_half_a_picture_is_refused_with_its_own_code() {
        let refused = make_copies(b"<html>sign in</html>", Orientation::NoTransforms).unwrap_err();
        assert_eq!(refused.code, Code::PhotoNotAnImage);
        let mut png = Vec::new();
        DynamicImage::ImageRgb8(RgbImage::new(64, 64))
            .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
            .unwrap();
        png.truncate(png.len() / 2);
        let refused = make_copies(&png, Orientation::NoTransforms).unwrap_err();
        assert_eq!(refused.code, Code::PhotoNotAnImage);
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            })
        })
    }
}
