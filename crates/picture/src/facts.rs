//! What a photo says about itself: when, where, which camera, which way up. Kept as the camera wrote it.

use std::io::Cursor;

use exif::{Exif, In, Rational, Reader, Tag, Value};
use image::metadata::Orientation;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The longest name of a camera that is kept, in letters.
const CAMERA_LIMIT: usize = 64;

/// What the camera wrote, each where it wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CameraFacts {
    /// Milliseconds since 1970. A camera that did not write its offset is taken to keep UTC.
    pub taken_at: Option<i64>,
    /// Latitude and longitude in 10⁻⁷ degrees.
    pub place: Option<(i32, i32)>,
    /// EXIF orientation 1 to 8.
    pub orientation: Option<u8>,
    /// Make or model as the camera names itself.
    pub camera: Option<String>,
}

/// Reads what any bytes say of themselves; what cannot be read is not there.
#[must_use]
pub fn camera_facts(original: &[u8]) -> CameraFacts {
    let Some(exif) = read(original) else { return CameraFacts::default() };
    let lat = degrees(&exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, 90);
    let lon = degrees(&exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, 180);
    CameraFacts {
        taken_at: taken_at(&exif),
        // A camera without a fix writes 0, 0: a place off Africa where nobody reports.
        place: lat.zip(lon).filter(|place| *place != (0, 0)),
        orientation: Some(orientation_of(&exif).to_exif()),
        camera: text(&exif, Tag::Model).or_else(|| text(&exif, Tag::Make)),
    }
}

/// The way up that the camera wrote down.
pub fn orientation(original: &[u8]) -> Orientation {
    read(original).map_or(Orientation::NoTransforms, |exif| orientation_of(&exif))
}

fn read(original: &[u8]) -> Option<Exif> {
    Reader::new().read_from_container(&mut Cursor::new(original)).ok()
}

fn orientation_of(exif: &Exif) -> Orientation {
    exif.get_field(Tag::Orientation, In::PRIMARY)
        .and_then(|field| field.value.get_uint(0))
        .and_then(|value| u8::try_from(value).ok())
        .and_then(Orientation::from_exif)
        .unwrap_or(Orientation::NoTransforms)
}

fn taken_at(exif: &Exif) -> Option<i64> {
    let raw = text(exif, Tag::DateTimeOriginal).or_else(|| text(exif, Tag::DateTime))?;
    let taken = exif::DateTime::from_ascii(raw.as_bytes()).ok()?;
    let offset = text(exif, Tag::OffsetTimeOriginal).unwrap_or_else(|| "Z".into());
    let written = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{offset}",
        taken.year, taken.month, taken.day, taken.hour, taken.minute, taken.second
    );
    Some(OffsetDateTime::parse(&written, &Rfc3339).ok()?.unix_timestamp() * 1000)
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let Value::Ascii(lines) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let line = String::from_utf8_lossy(lines.first()?).trim().to_owned();
    (!line.is_empty()).then(|| line.chars().take(CAMERA_LIMIT).collect())
}

fn degrees(exif: &Exif, tag: Tag, reference: Tag, limit: i64) -> Option<i32> {
    let Value::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let [whole, minutes, seconds] = parts.get(..3)? else { return None };
    let total = scaled(whole, 1)? + scaled(minutes, 60)? + scaled(seconds, 3600)?;
    if limit * 10_000_000 < total {
        return None;
    }
    let backwards = matches!(text(exif, reference)?.as_str(), "S" | "W");
    i32::try_from(if backwards { -total } else { total }).ok()
}

/// One part of a position in units of 10⁻⁷ degrees.
fn scaled(part: &Rational, share: i64) -> Option<i64> {
    let below = i64::from(part.denom).checked_mul(share).filter(|below| *below != 0)?;
    Some(i64::from(part.num).checked_mul(10_000_000)?.checked_add(below / 2)? / below)
}
