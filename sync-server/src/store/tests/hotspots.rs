//! Where cases gather, on both databases: counted by hexagon and area, compared, and nothing small told.

use std::collections::BTreeMap;

use kerbside_core::areas::outline::Outline;
use kerbside_core::areas::{Area, AreaKind, AreaSet};
use kerbside_core::change::Edit;
use kerbside_core::field::{AREA, FieldKey};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::Code;
use kerbside_core::small_numbers::Told;
use kerbside_core::value::{Place, PlaceSource, Value};
use serde_json::json;

use super::phone::Phone;
use super::{NOW, code_of, council, each};
use crate::store::{HotspotWish, Hotspots, OfficeEdit, Officer, Role, Store};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn person(store: &mut Store, name: &str) -> Officer {
    store.officer_by_email(&format!("{name}@example.gov.uk")).unwrap().unwrap().0
}

/// So many reports at one place.
fn reports(phone: &mut Phone, times: usize, (lat_e7, lon_e7): (i32, i32)) -> Vec<RecordId> {
    let spot = FieldKey::new("spot");
    (0..times)
        .map(|_| {
            let record = phone.reports("Mile Cross Road");
            let source = PlaceSource::Pin;
            let place = Place { lat_e7, lon_e7, altitude_cm: None, accuracy_cm: None, fixed_at: NOW, source };
            let context = phone.head(record).context(&spot);
            phone.saves(record, vec![Edit::Put { field: spot.clone(), context, value: Value::Place(place) }]);
            record
        })
        .collect()
}

fn lies_in(store: &mut Store, record: RecordId, area: &str) {
    let jo = person(store, "jo");
    let edit =
        OfficeEdit { field: FieldKey::new(AREA), row: None, answer: json!(area), seen: Some(String::new()) };
    store.office_change(NOW, &jo, record, &[edit]).unwrap();
}

fn wish() -> HotspotWish {
    HotspotWish { form: None, now_ms: (0, i64::MAX), before_ms: (-DAY, 0), side_m: 250 }
}

fn seen(store: &mut Store, name: &str, wish: &HotspotWish) -> Hotspots {
    let officer = person(store, name);
    store.hotspots(&officer, wish, NOW).unwrap()
}

#[test]
fn cases_are_counted_where_they_are_and_small_counts_are_not_told() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let market = reports(&mut ann, 7, (526_285_000, 12_920_000));
        let castle = reports(&mut ann, 3, (526_302_000, 12_987_000));
        ann.reports("nowhere in particular");
        ann.exchanges(store);
        market.iter().for_each(|record| lies_in(store, *record, "market"));
        castle.iter().for_each(|record| lies_in(store, *record, "castle"));
        let square = vec![[1.28, 52.62], [1.3, 52.62], [1.3, 52.64], [1.28, 52.64]];
        let outline = Outline::new(&[vec![square]]).unwrap();
        let area = Area { code: "market".into(), name: "The market".into(), outline };
        store.put_area_set(&AreaSet::of("patches", AreaKind::Patch, "", vec![area])).unwrap();

        let found = seen(store, "jo", &wish());
        let hexes: Vec<_> =
            found.hexes.iter().map(|hex| (hex.reference.as_str(), hex.now, hex.before)).collect();
        let none = Told::Count(0);
        assert_eq!(
            hexes,
            [("TG 228 086", Told::Count(7), none), ("TG 233 086", Told::Few, none)],
            "{}",
            scratch.name
        );
        assert!(found.hexes.iter().all(|hex| hex.corners.len() == 6));
        let areas: Vec<_> =
            found.areas.iter().map(|area| (area.name.as_str(), area.now, area.share)).collect();
        // Three and one are small, and four together: neither can be told from the total of eleven.
        assert_eq!(
            areas,
            [("The market", Told::Count(7), Some(636)), ("castle", Told::Few, None), ("", Told::Few, None)]
        );
        assert_eq!((found.total, found.total_before, found.without_place), (Some(11), Some(0), Told::Few));
        assert_eq!(found.forms.keys().collect::<Vec<_>>(), ["fly_tip"]);

        let others = HotspotWish { form: Some("litter".into()), ..wish() };
        assert!(seen(store, "jo", &others).hexes.is_empty());
        let compared = HotspotWish { now_ms: (-DAY, 0), before_ms: (0, i64::MAX), ..wish() };
        assert_eq!(seen(store, "jo", &compared).hexes[0].before, Told::Count(7));
        appoint_tom(store);
        assert_eq!(seen(store, "tom", &wish()).total, Some(0));
    });
}

#[test]
fn what_was_closed_as_a_duplicate_is_counted_once_where_the_other_lies() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let market = reports(&mut ann, 7, (526_285_000, 12_920_000));
        let again = reports(&mut ann, 1, (526_302_000, 12_987_000));
        ann.exchanges(store);
        assert_eq!(seen(store, "jo", &wish()).total, Some(8));
        let jo = person(store, "jo");
        let looked = store.case(&jo, again[0]).unwrap().view.seen;
        store.office_join(NOW, &jo, again[0], market[0], &looked).unwrap();
        let found = seen(store, "jo", &wish());
        assert_eq!((found.total, found.hexes.len(), found.hexes[0].now), (Some(7), 1, Told::Count(7)));
        let of_form = HotspotWish { form: Some("fly_tip".into()), ..wish() };
        assert_eq!(seen(store, "jo", &of_form).total, Some(7));
        let looked = store.case(&jo, again[0]).unwrap().view.seen;
        store.office_part(NOW, &jo, again[0], &looked).unwrap();
        assert_eq!(seen(store, "jo", &wish()).total, Some(8));
    });
}

/// As a supervisor he may look for hotspots at all; the wardens' cases are none of his.
fn appoint_tom(store: &mut Store) {
    let mut file = council();
    for officer in &mut file.officers {
        if officer.email.starts_with("tom") {
            officer.role = Role::Supervisor;
        }
    }
    store.load_council(&file, &BTreeMap::new()).unwrap();
}

#[test]
fn how_small_is_small_is_the_councils_and_holds_from_its_day_on() {
    each(|store, _| {
        let mut file = council();
        let rows = json!([{"from": "2020-01-01", "fewer_than": 3}, {"from": "2999-01-01", "fewer_than": 10}]);
        file.rest.insert("small_numbers".into(), rows);
        store.load_council(&file, &BTreeMap::new()).unwrap();
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        reports(&mut ann, 3, (526_285_000, 12_920_000));
        ann.exchanges(store);
        let found = seen(store, "jo", &wish());
        assert_eq!((found.least, found.hexes[0].now), (3, Told::Count(3)));
    });
}

#[test]
fn only_some_roles_see_hotspots_and_a_wish_has_bounds() {
    each(|store, _| {
        for name in ["ann", "lee"] {
            let who = person(store, name);
            assert_eq!(code_of(&store.hotspots(&who, &wish(), NOW).unwrap_err()), Some(Code::NotAllowed));
        }
        let jo = person(store, "jo");
        for wrong in [
            HotspotWish { side_m: 5, ..wish() },
            HotspotWish { now_ms: (5, 5), ..wish() },
            HotspotWish { before_ms: (6, 5), ..wish() },
        ] {
            assert_eq!(code_of(&store.hotspots(&jo, &wrong, NOW).unwrap_err()), Some(Code::Malformed));
        }
    });
}
