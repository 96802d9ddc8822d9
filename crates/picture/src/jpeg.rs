//! JPEG: whole where it is small, and by its coarsest waves alone where it is large.

use std::io::{Cursor, Read};

use image::codecs::jpeg::JpegDecoder;
use image::{DynamicImage, GrayImage, RgbImage};
use jpeg_decoder::{CodingProcess, Decoder, ImageInfo, PixelFormat};
use kerbside_core::problem::{Code, Problem};

use crate::{MOST_MEMORY, MOST_PIXELS, require_likely, unreadable};

/// Up to here a picture is decoded whole, which is quicker. What a fuzzer makes is small and is to go both ways.
const WHOLE_PIXELS: u64 = if cfg!(fuzzing) { 6_144 } else { 24_000_000 };
/// Where a picture was cut off, it ends all the same.
const END: &[u8] = &[0xff, 0xd9];

pub fn decode(original: &[u8], side: u32) -> Result<(DynamicImage, (u32, u32)), Problem> {
    let mut decoder = Decoder::new(original.chain(END));
    decoder.read_info().map_err(unreadable)?;
    let head = decoder.info().ok_or_else(|| unreadable("No head"))?;
    let (width, height) = (u32::from(head.width), u32::from(head.height));
    require_likely(width, height)?;
    require_enough(original, &head)?;
    let pixels = u64::from(width) * u64::from(height);
    let (whole, most) = pixels_within_memory(head.coding_process);
    if most < pixels {
        let kind = head.coding_process;
        return Err(Problem::new(Code::PhotoTooLarge, format!("{kind:?}, {width} × {height}")));
    }
    if pixels <= whole {
        let whole = JpegDecoder::new(Cursor::new(original)).and_then(DynamicImage::from_decoder);
        return Ok((whole.map_err(unreadable)?, (width, height)));
    }
    Ok((decode_small(&mut decoder, side)?, (width, height)))
}

/// How many pixels are decoded whole, which is quicker, and how many at all.
fn pixels_within_memory(process: CodingProcess) -> (u64, u64) {
    match process {
        CodingProcess::DctSequential => (WHOLE_PIXELS, MOST_PIXELS),
        // Every wave of it is held until the last has come: six bytes a pixel, and again where the last never came.
        CodingProcess::DctProgressive => (WHOLE_PIXELS / 2, 24_000_000),
        // No camera makes it.
        CodingProcess::Lossless => (0, 0),
    }
}

/// At an eighth, a quarter or half of its size: the least that is still as long as is asked for.
fn decode_small<R: Read>(decoder: &mut Decoder<R>, side: u32) -> Result<DynamicImage, Problem> {
    let side = u16::try_from(side).unwrap_or(u16::MAX);
    let (width, height) = decoder.scale(side, side).map_err(unreadable)?;
    let format = decoder.info().ok_or_else(|| unreadable("No head"))?.pixel_format;
    if MOST_MEMORY / 2 < u64::from(width) * u64::from(height) * format.pixel_bytes() as u64 {
        return Err(Problem::new(Code::PhotoTooLarge, format!("{width} × {height} when made small")));
    }
    let pixels = decoder.decode().map_err(unreadable)?;
    let (width, height) = (u32::from(width), u32::from(height));
    let picture = match format {
        PixelFormat::L8 => GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8),
        PixelFormat::RGB24 => RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8),
        PixelFormat::CMYK32 => {
            RgbImage::from_raw(width, height, without_black(&pixels)).map(DynamicImage::ImageRgb8)
        }
        PixelFormat::L16 => None,
    };
    picture.ok_or_else(|| unreadable("Pixels of another kind"))
}

/// Ink to light. Printers' JPEGs hold how much of each ink is missing, and the decoder has turned that round.
fn without_black(inks: &[u8]) -> Vec<u8> {
    let mut light = Vec::with_capacity(inks.len() / 4 * 3);
    for pixel in inks.chunks_exact(4) {
        let [colours @ .., black] = pixel else { continue };
        let seen = |ink: &u8| u32::from(255 - ink) * u32::from(255 - black) / 255;
        light.extend(colours.iter().filter_map(|ink| u8::try_from(seen(ink)).ok()));
    }
    light
}

/// A head may claim anything. Each block of eight by eight costs two bits at the least, or one where it is progressive.
fn require_enough(original: &[u8], head: &ImageInfo) -> Result<(), Problem> {
    let blocks = u64::from(head.width).div_ceil(8) * u64::from(head.height).div_ceil(8);
    let bits = match head.coding_process {
        CodingProcess::DctSequential => 2,
        CodingProcess::DctProgressive | CodingProcess::Lossless => 1,
    };
    if (original.len() as u64).saturating_mul(8) < blocks * bits {
        return Err(unreadable("Fewer bytes than its size needs"));
    }
    Ok(())
}
