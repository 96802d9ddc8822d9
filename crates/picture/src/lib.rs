//! Photographs as they come from cameras: what they say of themselves, and smaller copies drawn from them, upright and
//! without metadata. Both ends use this. One picture is decoded at a time, a very large one at a fraction of its size, and
//! what its head claims is checked against its bytes first: no photo takes more than a quarter of a gigabyte.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]
#![cfg_attr(not(test), forbid(clippy::string_slice))]

mod facts;
mod jpeg;
mod png;

pub use facts::{CameraFacts, camera_facts};

use std::sync::{Mutex, PoisonError};

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat, RgbImage, guess_format};
use kerbside_core::problem::{Code, Problem};

/// The longest photo there is a camera for; a larger one is a claim and no photo.
const LONGEST_SIDE: u32 = 20_000;
const MOST_PIXELS: u64 = 200_000_000;
/// What decoding alone may take, in bytes.
const MOST_MEMORY: u64 = 128 * 1024 * 1024;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

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

/// A picture as a person sees it.
#[derive(Debug)]
pub struct Picture {
    pub format: PictureFormat,
    /// Of the original, upright.
    pub width: u32,
    pub height: u32,
    /// Upright, and no longer than was asked for.
    shown: DynamicImage,
}

/// Decodes a photo to a picture no longer than `side`. What is cut off is shown as far as it came.
pub fn draw(original: &[u8], side: u32) -> Result<Picture, Problem> {
    let format = match guess_format(original) {
        Ok(ImageFormat::Jpeg) => PictureFormat::Jpeg,
        Ok(ImageFormat::Png) => PictureFormat::Png,
        _ => return Err(Problem::new(Code::PhotoNotAnImage, "Neither JPEG nor PNG")),
    };
    let orientation = facts::orientation(original);
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (decoded, (width, height)) = match format {
        PictureFormat::Jpeg => jpeg::decode(original, side)?,
        PictureFormat::Png => png::decode(original)?,
    };
    let mut shown = no_longer_than(decoded, side);
    shown.apply_orientation(orientation);
    let (width, height) = if is_turned(orientation) { (height, width) } else { (width, height) };
    Ok(Picture { format, width, height, shown })
}

impl Picture {
    /// A JPEG of it with nothing in it but the picture.
    pub fn as_jpeg(&self, quality: u8) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
        let written = match self.shown.as_luma8() {
            Some(grey) => grey.write_with_encoder(encoder),
            None => self.shown.to_rgb8().write_with_encoder(encoder),
        };
        written.map_err(unreadable)?;
        Ok(bytes)
    }

    /// Its dots, to be drawn on.
    #[must_use]
    pub fn into_rgb8(self) -> RgbImage {
        self.shown.into_rgb8()
    }

    /// The same picture, no longer than this.
    #[must_use]
    pub fn smaller(&self, side: u32) -> Self {
        let Self { format, width, height, shown } = self;
        Self { format: *format, width: *width, height: *height, shown: no_longer_than(shown.clone(), side) }
    }
}

fn no_longer_than(picture: DynamicImage, side: u32) -> DynamicImage {
    if picture.width() <= side && picture.height() <= side { picture } else { picture.thumbnail(side, side) }
}

fn is_turned(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// What no camera takes is refused before anything is decoded.
fn require_likely(width: u32, height: u32) -> Result<(), Problem> {
    let pixels = u64::from(width) * u64::from(height);
    if LONGEST_SIDE < width.max(height) || MOST_PIXELS < pixels {
        return Err(Problem::new(Code::PhotoTooLarge, format!("{width} × {height}")));
    }
    Ok(())
}

fn unreadable(cause: impl std::fmt::Display) -> Problem {
    Problem::new(Code::PhotoNotAnImage, cause.to_string())
}
