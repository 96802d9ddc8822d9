//! Photos found by place, date, form and officer, on both databases.

use kerbside_core::areas::bring::bring;
use kerbside_core::areas::{AreaKind, AreaSet};
use kerbside_core::change::{Edit, PhotoFacts};
use kerbside_core::features::columns::Columns;
use kerbside_core::features::geojson;
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{OfficerId, RecordId, Sha256};
use kerbside_core::problem::Code;
use kerbside_core::redact::Target;

use super::phone::Phone;
use super::{NOW, code_of, each};
use crate::store::redacting::Wish;
use crate::store::{Officer, PhotoAsked, PhotoMark, PhotoWish, PlaceWish, Store};
use crate::values;

const DAY: i64 = 24 * 60 * 60 * 1000;

fn person(store: &mut Store, name: &str) -> Officer {
    store.officer_by_email(&format!("{name}@example.gov.uk")).unwrap().unwrap().0
}

/// A photo taken at a moment and a place (in ten-millionths of a degree), and sent.
fn taken(
    store: &mut Store,
    phone: &mut Phone,
    record: RecordId,
    (words, at): (&str, i64),
    place: Option<(i32, i32)>,
) -> Sha256 {
    let (photo, bytes) = (Sha256::of(words.as_bytes()), words.len() as u64);
    let facts = PhotoFacts {
        bytes,
        kind: "image/jpeg".into(),
        taken_at: Some(at),
        lat_e7: place.map(|(lat, _)| lat),
        lon_e7: place.map(|(_, lon)| lon),
        ..PhotoFacts::default()
    };
    phone.saves(record, vec![Edit::Attach { field: FieldKey::new("photos"), photo, facts }]);
    phone.exchanges(store);
    let PhotoAsked::Wanted(upload) = store.ask_photo(NOW, phone.device, record, photo, bytes).unwrap() else {
        panic!("complete already");
    };
    store.complete_photo(NOW, &upload).unwrap();
    photo
}

fn wish() -> PhotoWish {
    PhotoWish { limit: 50, ..PhotoWish::default() }
}

fn found(store: &mut Store, who: &Officer, wish: &PhotoWish) -> Vec<Sha256> {
    store.find_photos(who, wish).unwrap().photos.iter().map(|photo| photo.sha256).collect()
}

#[test]
fn photos_are_found_by_place_date_officer_and_form_and_by_whoever_may_read_them() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let mut tom = Phone::enrols(store, "tom@example.gov.uk", 2);
        let (own, other) = (ann.reports("Mile Cross Road"), tom.reports("Castle Meadow"));
        let castle = (526_285_000, 12_965_000);
        let old = taken(store, &mut ann, own, ("old", NOW - 9 * DAY), Some(castle));
        let new = taken(store, &mut ann, own, ("new", NOW - DAY), Some((526_285_000, 12_980_000)));
        let nowhere = taken(store, &mut ann, own, ("nowhere", NOW - 2 * DAY), None);
        let toms = taken(store, &mut tom, other, ("toms", NOW - 3 * DAY), Some(castle));
        ann.photographs(own, b"named and not sent");
        ann.exchanges(store);
        let (bob, lee, as_tom) = (person(store, "bob"), person(store, "lee"), person(store, "tom"));

        assert_eq!(found(store, &bob, &wish()), [new, nowhere, old], "{}", scratch.name);
        assert_eq!(found(store, &as_tom, &wish()), [toms]);
        assert_eq!(code_of(&store.find_photos(&lee, &wish()).unwrap_err()), Some(Code::NotAllowed));
        let near = |metres| PhotoWish {
            place: Some(PlaceWish::Near { lat: 52.6285, lon: 1.2965, metres }),
            ..wish()
        };
        assert_eq!(found(store, &bob, &near(50)), [old]);
        // One and a half thousandths of a degree of longitude are 101 metres here.
        assert_eq!(found(store, &bob, &near(100)), [old]);
        assert_eq!(found(store, &bob, &near(103)), [new, old]);
        let corners = PlaceWish::Box { west: 1.297, south: 52.6, east: 1.299, north: 52.7 };
        assert_eq!(found(store, &bob, &PhotoWish { place: Some(corners), ..wish() }), [new]);
        let days = PhotoWish { from_ms: Some(NOW - 3 * DAY), to_ms: Some(NOW - DAY), ..wish() };
        assert_eq!(found(store, &bob, &days), [nowhere], "from the first moment on, and before the last");
        let ann = person(store, "ann").id;
        assert_eq!(found(store, &bob, &PhotoWish { officer: Some(ann), ..wish() }).len(), 3);
        assert_eq!(found(store, &bob, &PhotoWish { officer: Some(OfficerId(999)), ..wish() }), []);
        let litter = PhotoWish { form: Some("litter".into()), ..wish() };
        assert_eq!(found(store, &bob, &litter), []);
        assert_eq!(found(store, &bob, &PhotoWish { form: Some("fly_tip".into()), ..wish() }).len(), 3);
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn pages_follow_each_other_and_an_area_holds_what_lies_in_its_outline() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        let photos: Vec<_> = (0..5)
            .map(|day| {
                // The third and the fifth lie within the bounds of the triangle, and outside of it.
                let lon = if day % 2 == 0 && 0 < day { 10_900_000 } else { 10_100_000 };
                let words = format!("photo {day}");
                taken(store, &mut ann, record, (&words, NOW - day * DAY), Some((520_500_000, lon)))
            })
            .collect();
        let jo = person(store, "jo");
        let mut after = None;
        let mut seen = Vec::new();
        loop {
            let page =
                store.find_photos(&jo, &PhotoWish { after, limit: 2, ..PhotoWish::default() }).unwrap();
            assert_eq!(page.forms.is_empty(), after.is_some(), "the forms come with the first page");
            seen.extend(page.photos.iter().map(|photo| photo.sha256));
            after = page.next.map(|next| PhotoMark::read(&next).unwrap());
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, photos);

        let area = br#"{"type": "FeatureCollection", "features": [{"type": "Feature",
            "properties": {"code": "corner", "name": "The corner"},
            "geometry": {"type": "Polygon", "coordinates": [[[1, 52], [1.1, 52], [1, 52.1], [1, 52]]]}}]}"#;
        let areas = bring(geojson::read(area).unwrap(), &Columns::default()).unwrap().areas;
        store.put_area_set(&AreaSet::of("corners", AreaKind::Patch, "", areas)).unwrap();
        let within = PhotoWish { place: Some(PlaceWish::Area("corner".into())), limit: 2, ..wish() };
        let first = store.find_photos(&jo, &within).unwrap();
        let two: Vec<_> = first.photos.iter().map(|photo| photo.sha256).collect();
        assert_eq!(two, [photos[0], photos[1]]);
        let rest = PhotoWish { after: PhotoMark::read(&first.next.unwrap()), ..within };
        assert_eq!(found(store, &jo, &rest), [photos[3]]);
        let unknown = PhotoWish { place: Some(PlaceWish::Area("nowhere".into())), ..wish() };
        assert_eq!(code_of(&store.find_photos(&jo, &unknown).unwrap_err()), Some(Code::NotFound));
    });
}

#[test]
fn a_photo_that_was_taken_out_is_found_no_more_and_a_wrong_index_is_noticed_and_made_again() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        let (gone, kept) = (
            taken(store, &mut ann, record, ("a face", NOW), None),
            taken(store, &mut ann, record, ("three bags", NOW), None),
        );
        let (jo, lee) = (person(store, "jo"), person(store, "lee"));
        let wish_of = Wish { by: Some(&lee), reason: "said so", now_ms: NOW };
        store.redact(wish_of, record, &Target::Photo(gone), &mut |_| Ok(())).unwrap();
        assert_eq!(found(store, &jo, &wish()), [kept]);

        store
            .connection
            .transaction(|tx| {
                tx.execute("UPDATE photo_index SET at = at + 1 WHERE record = $1", values![record])
            })
            .unwrap();
        let verified = store.verify().unwrap();
        assert_eq!(verified.bad_records, [record]);
        store.mend(NOW, &verified, None).unwrap();
        assert_eq!(store.verify().unwrap().integrity, "ok");
        store.purge(wish_of, record, &mut |_| Ok(())).unwrap();
        assert_eq!(found(store, &jo, &wish()), []);
    });
}

#[test]
fn a_database_that_had_no_index_is_given_one() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        let photo = taken(store, &mut ann, record, ("three bags", NOW), None);
        let jo = person(store, "jo");
        store
            .connection
            .transaction(|tx| {
                tx.execute("DELETE FROM photo_index", &[])?;
                crate::store::migrate::fill(tx, "photo_index")
            })
            .unwrap();
        assert_eq!(found(store, &jo, &wish()), [photo]);
    });
}

#[test]
fn every_kind_of_search_has_an_index_to_begin_with() {
    each(|store, scratch| {
        if scratch.name != "SQLite" {
            return;
        }
        for (condition, index) in [
            ("i.at >= 5", "photo_index_at"),
            ("i.officer = 5", "photo_index_officer"),
            ("i.form = 'fly_tip'", "photo_index_form"),
            ("i.lat BETWEEN 5 AND 6 AND i.lon BETWEEN 5 AND 6", "photo_index_place"),
        ] {
            let sql = format!(
                "EXPLAIN QUERY PLAN SELECT i.sha256 FROM photo_index i WHERE {condition} \
                 ORDER BY i.at DESC, i.record DESC, i.sha256 DESC LIMIT 48"
            );
            let plan: Vec<_> =
                store.connection.query(&sql, &[]).unwrap().iter().map(|row| row.text(3).unwrap()).collect();
            assert!(plan.iter().any(|step| step.contains(index)), "{condition}: {plan:?}");
        }
    });
}
