//! What a photo says about itself: when, where, which camera. Kept as the
//! camera wrote it, beside what our own ports said at the time.

use super::Origin;
use super::picture::orientation_of;
use crate::store::PhotoRow;
use exif::{Exif, In, Rational, Reader, Tag, Value};
use kerbside_core::change::PhotoFacts;
use std::io::Cursor;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The longest name of a file that is kept, in letters.
const NAME_LIMIT: usize = 60;

pub fn read_exif(original: &[u8]) -> Option<Exif> {
    Reader::new().read_from_container(&mut Cursor::new(original)).ok()
}

/// The camera's own facts, and our fix where the camera had none.
#[must_use]
pub fn photo_facts(photo: &PhotoRow, exif: Option<&Exif>, origin: &Origin) -> PhotoFacts {
    let fix = origin.fix.as_ref();
    let lat = exif.and_then(|exif| degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, 90));
    let lon = exif.and_then(|exif| degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, 180));
    // A camera without a fix writes 0, 0: a place off Africa where nobody reports.
    let camera_place = lat.zip(lon).filter(|place| *place != (0, 0));
    let place = camera_place.or_else(|| fix.map(|fix| (fix.lat_e7, fix.lon_e7)));
    PhotoFacts {
        bytes: photo.bytes,
        kind: photo.kind.clone(),
        width: Some(photo.width).filter(|_| photo.is_picture()),
        height: Some(photo.height).filter(|_| photo.is_picture()),
        taken_at: exif.and_then(taken_at),
        lat_e7: place.map(|place| place.0),
        lon_e7: place.map(|place| place.1),
        accuracy_cm: fix.filter(|_| camera_place.is_none()).and_then(|fix| fix.accuracy_cm),
        source: origin.from.number(),
        orientation: exif.map(|_| orientation_of(exif).to_exif()),
        camera: exif.and_then(|exif| text(exif, Tag::Model).or_else(|| text(exif, Tag::Make))),
        name: origin.name.as_ref().map(|name| name.chars().take(NAME_LIMIT).collect()),
    }
}

/// Milliseconds since 1970. A camera that did not write its offset is taken to keep UTC.
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
    (!line.is_empty()).then(|| line.chars().take(64).collect())
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::clock::Reading;
    use crate::photos::PhotoFrom;
    use exif::Field;
    use exif::experimental::Writer;
    use kerbside_core::value::Place;

    /// A JPEG whose metadata says when, where and which way up.
    pub(crate) fn with_exif(jpeg: &[u8], orientation: u16) -> Vec<u8> {
        let rational = |num, denom| Rational { num, denom };
        let fields = [
            (Tag::Orientation, Value::Short(vec![orientation])),
            (Tag::Make, Value::Ascii(vec![b"Kerbcam".to_vec()])),
            (Tag::DateTimeOriginal, Value::Ascii(vec![b"2026:03:16 09:12:44".to_vec()])),
            (Tag::GPSLatitudeRef, Value::Ascii(vec![b"N".to_vec()])),
            (Tag::GPSLatitude, Value::Rational(vec![rational(52, 1), rational(37, 1), rational(426, 10)])),
            (Tag::GPSLongitudeRef, Value::Ascii(vec![b"W".to_vec()])),
            (Tag::GPSLongitude, Value::Rational(vec![rational(1, 1), rational(17, 1), rational(312, 10)])),
        ]
        .map(|(tag, value)| Field { tag, ifd_num: In::PRIMARY, value });
        let mut writer = Writer::new();
        fields.iter().for_each(|field| writer.push_field(field));
        let mut tiff = Cursor::new(Vec::new());
        writer.write(&mut tiff, false).unwrap();
        let body = [b"Exif\0\0".as_slice(), tiff.get_ref()].concat();
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&jpeg[..2], &[0xff, 0xe1], &length, &body, &jpeg[2..]].concat()
    }

    fn facts_of(jpeg: &[u8], fix: Option<&Place>) -> PhotoFacts {
        let mut vault = crate::exchange::tests::vault(1, 1);
        let origin = Origin { fix: fix.copied(), ..PhotoFrom::Camera.into() };
        vault.keep_photo(jpeg, &origin, Reading::at(1)).unwrap().facts
    }

    #[test]
    fn time_place_and_camera_are_read_as_the_camera_wrote_them() {
        let jpeg = with_exif(&super::super::picture::tests::two_halves(32, 16), 6);
        let facts = facts_of(&jpeg, None);
        assert_eq!(facts.taken_at, Some(1_773_652_364_000));
        assert_eq!((facts.lat_e7, facts.lon_e7), (Some(526_285_000), Some(-12_920_000)));
        assert_eq!(facts.camera.as_deref(), Some("Kerbcam"));
        assert_eq!((facts.width, facts.height, facts.orientation), (Some(16), Some(32), Some(6)));
    }

    #[test]
    fn a_photo_without_metadata_has_no_facts_rather_than_zeroes_and_takes_our_fix() {
        let plain = super::super::picture::tests::two_halves(32, 32);
        let facts = facts_of(&plain, None);
        assert_eq!((facts.taken_at, facts.lat_e7, facts.camera), (None, None, None));
        let fix = Place {
            lat_e7: 526_285_000,
            lon_e7: 12_920_000,
            altitude_cm: None,
            accuracy_cm: Some(500),
            fixed_at: 1,
            source: kerbside_core::value::PlaceSource::Gnss,
        };
        let fixed = facts_of(&plain, Some(&fix));
        assert_eq!((fixed.lat_e7, fixed.accuracy_cm), (Some(526_285_000), Some(500)));
    }
}
