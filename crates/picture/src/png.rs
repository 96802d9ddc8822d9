//! PNG, which screens make and cameras do not: decoded whole, within what memory it may take.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder, ImageError, Limits};
use kerbside_core::problem::{Code, Problem};

use crate::{MOST_MEMORY, require_likely, unreadable};

/// Deflate makes no more of a byte than this.
const MOST_OF_A_BYTE: u64 = 1_032;

pub fn decode(original: &[u8]) -> Result<(DynamicImage, (u32, u32)), Problem> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    let decoder = PngDecoder::with_limits(Cursor::new(original), limits).map_err(refused)?;
    let (width, height) = decoder.dimensions();
    require_likely(width, height)?;
    if MOST_MEMORY < decoder.total_bytes() {
        return Err(Problem::new(Code::PhotoTooLarge, format!("{width} × {height}")));
    }
    // A row of the least there can be, one bit a pixel.
    let least = u64::from(width).div_ceil(8) * u64::from(height);
    if (original.len() as u64).saturating_mul(MOST_OF_A_BYTE) < least {
        return Err(unreadable("Fewer bytes than its size needs"));
    }
    Ok((DynamicImage::from_decoder(decoder).map_err(refused)?, (width, height)))
}

fn refused(cause: ImageError) -> Problem {
    match cause {
        ImageError::Limits(cause) => Problem::new(Code::PhotoTooLarge, cause.to_string()),
        cause @ (ImageError::Decoding(_)
        | ImageError::Encoding(_)
        | ImageError::Parameter(_)
        | ImageError::Unsupported(_)
        | ImageError::IoError(_)) => unreadable(cause),
    }
}
