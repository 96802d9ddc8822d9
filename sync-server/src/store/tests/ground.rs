//! Where cases are, on both databases: kept with the records, noticed where it is wrong, and made again.

use kerbside_core::change::Edit;
use kerbside_core::field::{AREA, FieldKey, STATUS};
use kerbside_core::ids::RecordId;
use kerbside_core::redact::Target;
use kerbside_core::value::{Place, PlaceSource, Value};
use serde_json::json;

use super::phone::Phone;
use super::{NOW, each};
use crate::store::migrate;
use crate::store::redacting::Wish;
use crate::store::{OfficeEdit, Row, Sql, Store};
use crate::values;

/// A change that answers one question, seen by nobody before.
fn put(phone: &mut Phone, record: RecordId, field: &str, value: Value) {
    let field = FieldKey::new(field);
    let context = phone.head(record).context(&field);
    phone.saves(record, vec![Edit::Put { field, context, value }]);
}

fn at(lat_e7: i32, lon_e7: i32) -> Value {
    Value::Place(Place {
        lat_e7,
        lon_e7,
        altitude_cm: None,
        accuracy_cm: None,
        fixed_at: NOW,
        source: PlaceSource::Pin,
    })
}

fn indexed(store: &mut Store, record: RecordId) -> Option<Row> {
    store
        .connection
        .find(
            "SELECT form, at, status, withdrawn, area, lat, lon, easting, northing FROM case_index WHERE record = $1",
            values![record],
        )
        .unwrap()
}

#[test]
fn a_case_is_indexed_where_its_record_says_and_moves_with_it() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let nowhere = indexed(store, record).unwrap();
        assert_eq!(nowhere.text(0).unwrap(), "fly_tip", "{}", scratch.name);
        assert!([5, 6, 7, 8].iter().all(|column| nowhere.find_int(*column).unwrap().is_none()));
        assert_eq!(nowhere.int(1).unwrap(), ann.head(record).created().unwrap().at_ms);

        put(&mut ann, record, "spot", at(526_285_000, 12_920_000));
        put(&mut ann, record, STATUS, Value::code("fixed"));
        ann.exchanges(store);
        let jo = store.officer_by_email("jo@example.gov.uk").unwrap().unwrap().0;
        let area = OfficeEdit {
            field: FieldKey::new(AREA),
            row: None,
            answer: json!("E01026791"),
            seen: Some(String::new()),
        };
        store.office_change(NOW, &jo, record, &[area]).unwrap();
        ann.exchanges(store);
        let there = indexed(store, record).unwrap();
        assert_eq!((there.text(2).unwrap(), there.text(4).unwrap()), ("fixed".into(), "E01026791".into()));
        // The position whose grid point two independent programs agree upon to two millimetres.
        let numbers: Vec<_> = (5..9).map(|column| there.int(column).unwrap()).collect();
        assert_eq!(numbers, [526_285_000, 12_920_000, 62_289_043, 30_850_397]);

        put(&mut ann, record, "spot", at(517_868_000, 11_545_000));
        ann.exchanges(store);
        let moved = indexed(store, record).unwrap();
        assert_eq!((moved.int(7).unwrap(), moved.int(8).unwrap()), (61_766_282, 21_450_058));
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn a_place_that_is_taken_out_or_goes_with_its_record_is_on_no_map() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        put(&mut ann, record, "spot", at(526_285_000, 12_920_000));
        ann.exchanges(store);
        let lee = store.officer_by_email("lee@example.gov.uk").unwrap().unwrap().0;
        let wish = Wish { by: Some(&lee), reason: "said so", now_ms: NOW };
        store.redact(wish, record, &Target::Field(FieldKey::new("spot")), &mut |_| Ok(())).unwrap();
        assert_eq!(indexed(store, record).unwrap().find_int(5).unwrap(), None);
        assert_eq!(store.verify().unwrap().integrity, "ok");
        store.purge(wish, record, &mut |_| Ok(())).unwrap();
        assert!(indexed(store, record).is_none());
    });
}

#[test]
fn a_wrong_or_missing_entry_is_noticed_and_made_again() {
    each(|store, scratch| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        put(&mut ann, record, "spot", at(526_285_000, 12_920_000));
        ann.exchanges(store);
        let right = indexed(store, record).unwrap();
        for damage in [
            "UPDATE case_index SET lat = lat + 1 WHERE record = $1",
            "UPDATE case_index SET northing = northing + 1 WHERE record = $1",
            "UPDATE case_index SET area = 'x' WHERE record = $1",
            "DELETE FROM case_index WHERE record = $1",
        ] {
            store.connection.transaction(|tx| tx.execute(damage, values![record])).unwrap();
            let verified = store.verify().unwrap();
            assert_eq!(verified.bad_records, [record], "{damage} on {}", scratch.name);
            store.mend(NOW, &verified, None).unwrap();
            assert_eq!(indexed(store, record).unwrap().values(), right.values(), "{damage}");
        }
        store
            .connection
            .transaction(|tx| {
                tx.execute("DELETE FROM case_index", &[])?;
                migrate::fill(tx, "open")
            })
            .unwrap();
        assert_eq!(indexed(store, record).unwrap().values(), right.values());
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn boxes_circles_periods_and_areas_are_found_by_an_index() {
    each(|store, scratch| {
        if scratch.name != "SQLite" {
            return;
        }
        for (condition, index) in [
            ("lat BETWEEN 5 AND 6 AND lon BETWEEN 5 AND 6", "case_index_place"),
            ("easting BETWEEN 5 AND 6 AND northing BETWEEN 5 AND 6", "case_index_grid"),
            ("at BETWEEN 5 AND 6 AND form = 'fly_tip'", "case_index_at"),
            ("area = 'E01026791'", "case_index_area"),
        ] {
            let sql =
                format!("EXPLAIN QUERY PLAN SELECT record, form, status FROM case_index WHERE {condition}");
            let none: &[Sql] = &[];
            let plan: Vec<_> =
                store.connection.query(&sql, none).unwrap().iter().map(|row| row.text(3).unwrap()).collect();
            assert!(plan.iter().any(|step| step.contains(index)), "{condition}: {plan:?}");
        }
    });
}
