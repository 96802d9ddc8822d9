//! What cameras make, and what only pretends: each shown upright, reduced, or refused by code.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops where it is"
)]

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use kerbside_core::problem::Code;
use kerbside_picture::{CameraFacts, Picture, camera_facts, draw};
use std::io::Cursor;

const BASELINE: &[u8] = include_bytes!("photos/baseline.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("photos/progressive.jpg");
const CMYK: &[u8] = include_bytes!("photos/cmyk.jpg");
const GREY: &[u8] = include_bytes!("photos/grey.jpg");
const RESTARTS: &[u8] = include_bytes!("photos/restarts.jpg");

type Corners = [char; 4];

/// The colours above left, above right, below left and below right, by their names.
fn corners(picture: &Picture) -> Corners {
    let shown = image::load_from_memory(&picture.as_jpeg(90).unwrap()).unwrap().to_rgb8();
    let (right, bottom) = (shown.width() * 7 / 8, shown.height() * 7 / 8);
    let (left, top) = (shown.width() / 8, shown.height() / 8);
    [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| {
        let Rgb([red, green, blue]) = *shown.get_pixel(x, y);
        match (140 < red, 140 < green, 140 < blue) {
            (true, false, false) => 'R',
            (false, true, false) => 'G',
            (false, false, true) => 'B',
            (true, true, true) => 'W',
            _ => '?',
        }
    })
}

fn with_exif(jpeg: &[u8], fields: &[(Tag, Value)]) -> Vec<u8> {
    let fields: Vec<Field> = fields
        .iter()
        .map(|(tag, value)| Field { tag: *tag, ifd_num: In::PRIMARY, value: value.clone() })
        .collect();
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    let mut tiff = Cursor::new(Vec::new());
    writer.write(&mut tiff, false).unwrap();
    let body = [b"Exif\0\0".as_slice(), tiff.get_ref()].concat();
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &body, &jpeg[2..]].concat()
}

fn turned(jpeg: &[u8], orientation: u16) -> Vec<u8> {
    with_exif(jpeg, &[(Tag::Orientation, Value::Short(vec![orientation]))])
}

#[test]
fn all_eight_ways_up_are_shown_upright() {
    // Where the sensor's four corners (R G above, B W below) come to lie, by the EXIF standard.
    let upright: [(u16, Corners); 8] = [
        (1, ['R', 'G', 'B', 'W']),
        (2, ['G', 'R', 'W', 'B']),
        (3, ['W', 'B', 'G', 'R']),
        (4, ['B', 'W', 'R', 'G']),
        (5, ['R', 'B', 'G', 'W']),
        (6, ['B', 'R', 'W', 'G']),
        (7, ['W', 'G', 'B', 'R']),
        (8, ['G', 'W', 'R', 'B']),
    ];
    for (orientation, wanted) in upright {
        let picture = draw(&turned(BASELINE, orientation), 320).unwrap();
        assert_eq!(corners(&picture), wanted, "orientation {orientation}");
        let size = if orientation < 5 { (96, 64) } else { (64, 96) };
        assert_eq!((picture.width, picture.height), size, "orientation {orientation}");
        let copy = picture.as_jpeg(80).unwrap();
        assert!(!copy.windows(4).any(|four| four == b"Exif"));
        assert_eq!(camera_facts(&copy), CameraFacts::default());
    }
}

#[test]
fn progressive_cmyk_and_restarted_photos_show_their_colours_and_grey_ones_are_grey() {
    for photo in [BASELINE, PROGRESSIVE, CMYK, RESTARTS] {
        assert_eq!(corners(&draw(photo, 320).unwrap()), ['R', 'G', 'B', 'W']);
    }
    let grey = draw(GREY, 320).unwrap();
    assert_eq!((grey.width, grey.height), (96, 64));
    assert_eq!(corners(&grey)[3], 'W');
}

#[test]
fn what_the_camera_wrote_is_read_as_it_wrote_it() {
    let rational = |num, denom| Rational { num, denom };
    let jpeg = with_exif(
        PROGRESSIVE,
        &[
            (Tag::Orientation, Value::Short(vec![6])),
            (Tag::Model, Value::Ascii(vec![b"Kerbcam 2".to_vec()])),
            (Tag::DateTimeOriginal, Value::Ascii(vec![b"2026:03:16 09:12:44".to_vec()])),
            (Tag::OffsetTimeOriginal, Value::Ascii(vec![b"+01:00".to_vec()])),
            (Tag::GPSLatitudeRef, Value::Ascii(vec![b"N".to_vec()])),
            (Tag::GPSLatitude, Value::Rational(vec![rational(52, 1), rational(37, 1), rational(426, 10)])),
            (Tag::GPSLongitudeRef, Value::Ascii(vec![b"W".to_vec()])),
            (Tag::GPSLongitude, Value::Rational(vec![rational(1, 1), rational(17, 1), rational(312, 10)])),
        ],
    );
    let facts = camera_facts(&jpeg);
    assert_eq!(facts.taken_at, Some(1_773_648_764_000));
    assert_eq!(facts.place, Some((526_285_000, -12_920_000)));
    assert_eq!(facts.camera.as_deref(), Some("Kerbcam 2"));
    assert_eq!(facts.orientation, Some(6));
}

#[test]
fn a_position_that_no_place_on_earth_has_is_no_position() {
    let rational = |num, denom| Rational { num, denom };
    let at = |degrees: Rational| {
        let parts = vec![degrees, rational(0, 1), rational(0, 1)];
        let jpeg = with_exif(
            BASELINE,
            &[
                (Tag::GPSLatitudeRef, Value::Ascii(vec![b"N".to_vec()])),
                (Tag::GPSLatitude, Value::Rational(parts.clone())),
                (Tag::GPSLongitudeRef, Value::Ascii(vec![b"E".to_vec()])),
                (Tag::GPSLongitude, Value::Rational(parts)),
            ],
        );
        camera_facts(&jpeg).place
    };
    assert_eq!(at(rational(1, 1)), Some((10_000_000, 10_000_000)));
    for off_globe in [rational(0, 1), rational(91, 1), rational(1, 0), rational(u32::MAX, 1)] {
        assert_eq!(at(off_globe), None, "{off_globe:?}");
    }
}

/// A picture that takes room: no two neighbours alike.
fn detailed(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let noise = u8::try_from((x * 31 + y * 17 + x * y) % 97).unwrap();
        if y < height / 2 {
            Rgb([150 + noise, noise / 4, noise / 4])
        } else {
            Rgb([noise / 4, noise / 4, 150 + noise])
        }
    });
    let mut bytes = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90)).unwrap();
    bytes
}

#[test]
fn a_photo_that_was_cut_off_is_shown_as_far_as_it_came() {
    let photo = detailed(800, 600);
    for kept in [95, 70, 50] {
        let cut = &photo[..photo.len() * kept / 100];
        let picture = draw(cut, 320).unwrap();
        assert_eq!((picture.width, picture.height), (800, 600));
        assert_eq!(corners(&picture)[..2], ['R', 'R'], "the upper half came with {kept} %");
    }
    let cut = &PROGRESSIVE[..PROGRESSIVE.len() * 8 / 10];
    assert_eq!(draw(cut, 320).unwrap().width, 96);
}

#[test]
fn a_photo_of_which_only_the_head_came_is_refused_by_code() {
    let photo = detailed(800, 600);
    let scan = photo.windows(2).position(|two| two == [0xff, 0xda]).unwrap();
    for cut in [&photo[..scan], &photo[..10], &photo[..2], &photo[..scan + 20]] {
        let refused = draw(cut, 320).unwrap_err();
        assert_eq!(refused.code, Code::PhotoNotAnImage, "{} bytes", cut.len());
    }
    assert_eq!(draw(b"<html>sign in</html>", 320).unwrap_err().code, Code::PhotoNotAnImage);
    assert_eq!(draw(b"", 320).unwrap_err().code, Code::PhotoNotAnImage);
}

#[test]
fn a_head_that_claims_what_its_bytes_cannot_hold_is_refused() {
    let claiming = |height: u16, width: u16| {
        let mut lying = BASELINE.to_vec();
        let frame = lying.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        lying[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        lying[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        draw(&lying, 320).unwrap_err().code
    };
    assert_eq!(claiming(65_535, 65_535), Code::PhotoTooLarge);
    assert_eq!(claiming(9_000, 12_000), Code::PhotoNotAnImage);
    assert_eq!(claiming(3_000, 4_000), Code::PhotoNotAnImage);
    assert_eq!(png_claiming(20_000, 20_000), Code::PhotoTooLarge);
    assert_eq!(png_claiming(20_001, 8), Code::PhotoTooLarge);
    assert_eq!(png_claiming(6_000, 5_000), Code::PhotoNotAnImage);
}

fn png_claiming(width: u32, height: u32) -> Code {
    let mut png = Cursor::new(Vec::new());
    RgbImage::new(8, 8).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let mut png = png.into_inner();
    png[16..24].copy_from_slice(&[width.to_be_bytes(), height.to_be_bytes()].concat());
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    draw(&png, 320).unwrap_err().code
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            },
        )
    })
}
