//! A copy of a photo on which faces and plates are covered: drawn from the original, upright, filled solid, and with
//! nothing in it but the picture.

use std::io::Cursor;
use std::path::Path;

use anyhow::Result;
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use kerbside_core::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::derived;

/// What a side of the upright picture is divided into: a box is the same on every copy, of whatever size.
const WHOLE: u32 = 10_000;
/// More than anyone draws by hand.
const MOST_BOXES: usize = 100;
const FILL: Rgb<u8> = Rgb([20, 24, 28]);
/// A photo too large to be decoded whole is covered on a copy of this length.
const REDUCED_SIDE: u32 = 3_000;
/// The copy may have to serve in the original's stead.
const QUALITY: u8 = 90;

/// A rectangle on a photo as it stands upright, in ten-thousandths of its width and height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct CoverBox {
    pub left: u16,
    pub top: u16,
    pub width: u16,
    pub height: u16,
}

impl CoverBox {
    fn is_on_photo(self) -> bool {
        let fits = |from: u16, length: u16| 0 < length && u32::from(from) + u32::from(length) <= WHOLE;
        fits(self.left, self.width) && fits(self.top, self.height)
    }
}

/// Refuses what cannot be drawn.
pub fn require_drawable(boxes: &[CoverBox]) -> Result<(), Problem> {
    if MOST_BOXES < boxes.len() || !boxes.iter().all(|drawn| drawn.is_on_photo()) {
        return Err(Problem::new(Code::Malformed, "a box outside the photo, or too many"));
    }
    Ok(())
}

/// The covered copy's bytes.
pub(super) fn cover(original: &Path, boxes: &[CoverBox]) -> Result<Vec<u8>> {
    let whole = derived::picture(original, u32::MAX);
    let mut picture = whole.or_else(|_| derived::picture(original, REDUCED_SIDE))?.into_rgb8();
    for drawn in boxes {
        fill(&mut picture, *drawn);
    }
    let mut bytes = Cursor::new(Vec::new());
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))?;
    Ok(bytes.into_inner())
}

/// Every pixel that the box touches.
fn fill(picture: &mut RgbImage, drawn: CoverBox) {
    let (width, height) = picture.dimensions();
    let reach = |from: u16, length: u16, side: u32| {
        let end = u64::from(from) + u64::from(length);
        let first = u64::from(from) * u64::from(side) / u64::from(WHOLE);
        let past = (end * u64::from(side)).div_ceil(u64::from(WHOLE)).min(u64::from(side));
        (u32::try_from(first).unwrap_or(side), u32::try_from(past).unwrap_or(side))
    };
    let (left, right) = reach(drawn.left, drawn.width, width);
    let (top, bottom) = reach(drawn.top, drawn.height, height);
    for y in top..bottom {
        for x in left..right {
            picture.put_pixel(x, y, FILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT_HALF: CoverBox = CoverBox { left: 0, top: 0, width: 5_000, height: 10_000 };

    fn covered(boxes: &[CoverBox]) -> RgbImage {
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join("original.png");
        RgbImage::from_pixel(101, 50, Rgb([250, 250, 250])).save(&original).unwrap();
        image::load_from_memory(&cover(&original, boxes).unwrap()).unwrap().into_rgb8()
    }

    #[test]
    fn a_box_covers_every_pixel_it_touches_and_no_other() {
        let picture = covered(&[LEFT_HALF]);
        assert_eq!(picture.dimensions(), (101, 50), "as large as the original");
        // The 51st column lies half under the box.
        for x in [0, 25, 50] {
            assert!(picture.get_pixel(x, 25).0[0] < 60, "column {x}");
        }
        for x in [60, 100] {
            assert!(200 < picture.get_pixel(x, 25).0[0], "column {x}");
        }
    }

    #[test]
    fn the_same_boxes_on_the_same_photo_give_the_same_bytes() {
        assert_eq!(covered(&[LEFT_HALF]), covered(&[LEFT_HALF]));
    }

    #[test]
    fn a_box_outside_the_photo_is_refused_and_one_at_its_very_edge_is_not() {
        let at = |left, width| CoverBox { left, top: 0, width, height: 1 };
        for (drawn, is_well) in
            [(at(9_999, 1), true), (at(9_999, 2), false), (at(0, 0), false), (at(u16::MAX, u16::MAX), false)]
        {
            assert_eq!(require_drawable(&[drawn]).is_ok(), is_well, "{drawn:?}");
        }
        assert!(require_drawable(&[at(0, 1); 101]).is_err());
    }
}
