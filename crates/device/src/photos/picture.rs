//! The copies that screens show of a photo: upright, without metadata, as small as the question asks.

use kerbside_core::problem::{Code, Problem};
use kerbside_picture::{PictureFormat, draw};

pub const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Whatever a form asks for, a copy is no smaller than its thumbnail and no larger than a screen can use.
pub const LEAST_EDGE: u32 = THUMB_SIDE;
pub const MOST_EDGE: u32 = 4096;
const THUMB_SIDE: u32 = 320;
const THUMB_QUALITY: u8 = 75;

/// How the copy for screens is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    pub long_edge: u32,
    pub quality: u8,
}

impl Default for Look {
    fn default() -> Self {
        Self { long_edge: 1600, quality: 82 }
    }
}

/// What is made of an original.
#[derive(Debug)]
pub struct Copies {
    pub format: PictureFormat,
    /// Of the picture as a person sees it, upright.
    pub width: u32,
    pub height: u32,
    pub display: Vec<u8>,
    pub thumb: Vec<u8>,
}

pub fn make_copies(original: &[u8], look: Look) -> Result<Copies, Problem> {
    if MOST_BYTES < original.len() {
        return Err(Problem::new(Code::PhotoTooLarge, format!("{} bytes", original.len())));
    }
    let picture = draw(original, look.long_edge)?;
    Ok(Copies {
        format: picture.format,
        width: picture.width,
        height: picture.height,
        display: picture.as_jpeg(look.quality)?,
        thumb: picture.smaller(THUMB_SIDE).as_jpeg(THUMB_QUALITY)?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::photos::tests::with_exif;
    use image::codecs::jpeg::JpegEncoder;
    use image::{Rgb, RgbImage};

    /// A left half in red and a right half in blue.
    pub(crate) fn two_halves(width: u32, height: u32) -> Vec<u8> {
        let picture = RgbImage::from_fn(width, height, |x, _| {
            if x < width / 2 { Rgb([250, 10, 10]) } else { Rgb([10, 10, 250]) }
        });
        let mut out = Vec::new();
        picture.write_with_encoder(JpegEncoder::new_with_quality(&mut out, 90)).unwrap();
        out
    }

    #[test]
    fn a_photo_taken_sideways_is_shown_upright_and_no_larger_than_the_screen_needs() {
        let copies = make_copies(&with_exif(&two_halves(2000, 1000), 6), Look::default()).unwrap();
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
    fn a_question_says_how_long_and_how_fine_its_copy_is() {
        let photo = two_halves(2000, 1000);
        let fine = make_copies(&photo, Look { long_edge: 1000, quality: 95 }).unwrap();
        let coarse = make_copies(&photo, Look { long_edge: 1000, quality: 40 }).unwrap();
        assert_eq!(image::load_from_memory(&fine.display).unwrap().width(), 1000);
        assert!(coarse.display.len() < fine.display.len());
    }
}
