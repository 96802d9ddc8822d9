//! What is known of a photo: what its camera wrote, beside what our own ports said at the time. Which of the two it is
//! stands in the facts as their source.

use super::{Origin, PhotoFrom};
use crate::store::PhotoRow;
use kerbside_core::change::PhotoFacts;
use kerbside_picture::CameraFacts;

/// The longest name of a file that is kept, in letters.
const NAME_LIMIT: usize = 60;

/// The camera's own facts, and our fix where the camera had none. A still of the viewfinder has nothing but ours.
#[must_use]
pub fn photo_facts(photo: &PhotoRow, camera: CameraFacts, origin: &Origin, now_ms: i64) -> PhotoFacts {
    let CameraFacts { taken_at, place: camera_place, orientation, camera } = camera;
    let fix = origin.fix.as_ref();
    let place = camera_place.or_else(|| fix.map(|fix| (fix.lat_e7, fix.lon_e7)));
    PhotoFacts {
        bytes: photo.bytes,
        kind: photo.kind.clone(),
        width: Some(photo.width).filter(|_| photo.is_picture()),
        height: Some(photo.height).filter(|_| photo.is_picture()),
        taken_at: if origin.from == PhotoFrom::Viewfinder { Some(now_ms) } else { taken_at },
        lat_e7: place.map(|place| place.0),
        lon_e7: place.map(|place| place.1),
        accuracy_cm: fix.filter(|_| camera_place.is_none()).and_then(|fix| fix.accuracy_cm),
        source: origin.from.number(),
        orientation,
        camera,
        name: origin.name.as_ref().map(|name| name.chars().take(NAME_LIMIT).collect()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::clock::Reading;
    use exif::experimental::Writer;
    use exif::{Field, In, Rational, Tag, Value};
    use kerbside_core::value::Place;
    use std::io::Cursor;

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

    #[test]
    fn a_still_of_the_viewfinder_has_our_time_and_place_and_says_so() {
        let mut vault = crate::exchange::tests::vault(1, 1);
        let fix = Place {
            lat_e7: 526_285_000,
            lon_e7: 12_920_000,
            altitude_cm: None,
            accuracy_cm: Some(500),
            fixed_at: 1,
            source: kerbside_core::value::PlaceSource::Gnss,
        };
        let origin = Origin { fix: Some(fix), ..PhotoFrom::Viewfinder.into() };
        let still = super::super::picture::tests::two_halves(32, 32);
        let facts = vault.keep_photo(&still, &origin, Reading::at(1_773_652_364_000)).unwrap().facts;
        assert_eq!((facts.taken_at, facts.source), (Some(1_773_652_364_000), 0));
        assert_eq!(
            (facts.lat_e7, facts.lon_e7, facts.accuracy_cm),
            (Some(526_285_000), Some(12_920_000), Some(500))
        );
        assert_eq!((facts.camera, facts.orientation), (None, None));
    }
}
