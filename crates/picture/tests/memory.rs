//! What a very large photo takes: measured in a process of its own, which reads, draws and says the most it ever held.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops where it is"
)]

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use kerbside_picture::draw;
use std::process::Command;

const CHILD: &str = "KERBSIDE_DRAWS";
const MOST_KB: u64 = 300 * 1024;

/// A street that nobody holds in memory while it is encoded: strips of eight lines, each begun anew as cameras do it.
fn photograph(width: u16, height: u16) -> Vec<u8> {
    let (sky, road) = (strip(width, [190, 20, 20]), strip(width, [20, 20, 190]));
    let scan = sky.windows(2).position(|two| two == [0xff, 0xda]).unwrap();
    let mut photo = sky[..scan].to_vec();
    let frame = photo.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    photo[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    photo.extend([&[0xff, 0xdd, 0, 4], (width / 8).to_be_bytes().as_slice()].concat());
    let head = 2 + usize::from(u16::from_be_bytes([sky[scan + 2], sky[scan + 3]]));
    photo.extend(&sky[scan..scan + head]);
    for row in 0..height / 8 {
        let strip = if row < height / 16 { &sky } else { &road };
        photo.extend(&strip[scan + head..strip.len() - 2]);
        photo.extend([0xff, 0xd0 + u8::try_from(row % 8).unwrap()]);
    }
    photo.truncate(photo.len() - 2);
    photo.extend([0xff, 0xd9]);
    photo
}

fn strip(width: u16, [red, green, blue]: [u8; 3]) -> Vec<u8> {
    let picture = RgbImage::from_fn(u32::from(width), 8, |x, y| {
        let grain = u8::try_from((x ^ (y * 5)) % 60).unwrap();
        Rgb([red + grain, green + grain, blue + grain])
    });
    let mut bytes = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 60)).unwrap();
    bytes
}

fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The child: what the device makes of a photo, from the file to both copies.
#[test]
fn draws_when_it_is_asked_to() {
    let Some(photo) = std::env::var_os(CHILD) else { return };
    let original = std::fs::read(photo).unwrap();
    let picture = draw(&original, 1_600).unwrap();
    let (display, thumb) = (picture.as_jpeg(82).unwrap(), picture.smaller(320).as_jpeg(75).unwrap());
    let shown = image::load_from_memory(&display).unwrap().to_rgb8();
    assert_eq!((shown.width(), shown.height()), (1_600, 1_200));
    assert!(180 < shown.get_pixel(800, 10)[0] && 180 < shown.get_pixel(800, 1_190)[2]);
    assert!(thumb.len() < display.len());
    assert_eq!((picture.width, picture.height), (12_000, 9_000));
    assert!(peak_kb() < MOST_KB, "{} MB", peak_kb() / 1024);
    std::fs::write(std::env::var_os("KERBSIDE_PEAK").unwrap(), peak_kb().to_string()).unwrap();
}

#[test]
fn a_photo_of_108_megapixels_is_reduced_within_300_megabytes() {
    let folder = tempfile::tempdir().unwrap();
    let (photo, peak) = (folder.path().join("street.jpg"), folder.path().join("peak"));
    std::fs::write(&photo, photograph(12_000, 9_000)).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "draws_when_it_is_asked_to"])
        .env(CHILD, &photo)
        .env("KERBSIDE_PEAK", &peak)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
    let peak: u64 = std::fs::read_to_string(peak).expect("the child drew it").parse().unwrap();
    assert!(peak < MOST_KB, "{} MB", peak / 1024);
}
