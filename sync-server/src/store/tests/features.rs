//! What other programs may have of cases, on both databases: who sees which, and what is left out.

use kerbside_core::change::Edit;
use kerbside_core::field::{FieldKey, STATUS};
use kerbside_core::form::{Codes, Form};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::Code;
use kerbside_core::value::{Place, PlaceSource, Value};
use serde_json::json;

use super::phone::Phone;
use super::{NOW, code_of, each};
use crate::open::{Crs, feature_json};
use crate::store::{Feature, FeatureWish, Store, Taker, Within};

const MARKET: (i32, i32) = (526_285_000, 12_920_000);
const CASTLE: (i32, i32) = (526_302_000, 12_987_000);

/// The form of these tests with a place, an open choice, one that is marked, and free text.
fn form(version: u32, mark: &str) -> Form {
    marking(version, mark, "none")
}

fn marking(version: u32, mark: &str, bags: &str) -> Form {
    let form = json!({
        "settings": {"form_id": "fly_tip", "version": version, "form_title": {"en": "Fly-tip"}, "service": "street",
            "ref_prefix": "FT", "lgsl": 587},
        "survey": [
            {"type": "geopoint", "name": "spot", "label": {"en": "Where is it?"}, "pii": mark},
            {"type": "text", "name": "where", "label": {"en": "In words"}},
            {"type": "integer", "name": "bags", "label": {"en": "How many bags?"}, "pii": bags},
            {"type": "integer", "name": "seen", "label": {"en": "How many saw it?"}, "pii": "criminal"},
            {"type": "text", "name": "usrn", "label": {"en": "Street number"}}
        ]
    });
    Form::parse(&form.to_string(), &Codes::default()).unwrap()
}

fn put(phone: &mut Phone, record: RecordId, field: &str, value: Value) {
    let field = FieldKey::new(field);
    let context = phone.head(record).context(&field);
    phone.saves_with(record, 2, vec![Edit::Put { field, context, value }]);
}

fn reports(phone: &mut Phone, (lat_e7, lon_e7): (i32, i32)) -> RecordId {
    let record = phone.reports("behind number 12");
    let source = PlaceSource::Pin;
    let place = Place { lat_e7, lon_e7, altitude_cm: None, accuracy_cm: None, fixed_at: NOW, source };
    put(phone, record, "spot", Value::Place(place));
    put(phone, record, "bags", Value::Int(3));
    put(phone, record, "seen", Value::Int(1));
    put(phone, record, "usrn", Value::text("2504321"));
    record
}

fn taker(store: &mut Store, name: &str) -> Option<Taker> {
    Taker::of(store.officer_by_email(&format!("{name}@example.gov.uk")).unwrap().unwrap().0)
}

fn taken(store: &mut Store, taker: &Taker, wish: &FeatureWish) -> Vec<RecordId> {
    let page = store.features(taker, wish, None, 100).unwrap();
    let found: Vec<_> = page.features.iter().map(|feature| feature.record).collect();
    assert_eq!(page.matched, Some(found.len() as u64));
    let mut all = vec![];
    let mut take = |feature: &Feature| {
        all.push(feature.record);
        Ok(())
    };
    store.each_feature(taker, wish, &mut take).unwrap();
    assert_eq!(all, found, "page by page and all at once are the same");
    found
}

#[test]
fn cases_are_taken_by_place_time_and_state_page_by_page() {
    each(|store, scratch| {
        store.put_form(NOW, &form(2, "none")).unwrap();
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let (market, castle) = (reports(&mut ann, MARKET), reports(&mut ann, CASTLE));
        put(&mut ann, castle, STATUS, Value::code("fixed"));
        ann.exchanges(store);
        let jo = taker(store, "jo").unwrap();
        let any = FeatureWish::default();
        assert_eq!(taken(store, &jo, &any), [market, castle], "{}", scratch.name);
        let first = store.features(&jo, &any, None, 1).unwrap();
        assert_eq!((first.next, first.matched), (Some(market), Some(2)));
        let rest = store.features(&jo, &any, first.next, 1).unwrap();
        assert_eq!((rest.features[0].record, rest.next, rest.matched), (castle, None, None));

        let mut of = |wish: FeatureWish| taken(store, &jo, &wish);
        assert_eq!(of(FeatureWish { status: Some("fixed".into()), ..any.clone() }), [castle]);
        assert_eq!(of(FeatureWish { form: Some("litter".into()), ..any.clone() }), []);
        assert_eq!(of(FeatureWish { record: Some(market), ..any.clone() }), [market]);
        assert_eq!(of(FeatureWish { team: Some("wardens-north".into()), ..any.clone() }).len(), 2);
        assert_eq!(of(FeatureWish { from_ms: Some(i64::MAX), ..any.clone() }), []);
        let degrees = Within::Degrees([12_900_000, 526_000_000, 12_950_000, 526_290_000]);
        assert_eq!(of(FeatureWish { within: Some(degrees), ..any.clone() }), [market]);
        let around = Within::Degrees([12_950_000, 526_000_000, -1_799_000_000, 527_000_000]);
        assert_eq!(of(FeatureWish { within: Some(around), ..any.clone() }), [castle]);
        let grid = Within::Grid([62_289_043, 30_850_397, 62_289_043, 30_850_397]);
        assert_eq!(of(FeatureWish { within: Some(grid), ..any.clone() }), [market]);
        let reach = store.features_reach(&jo).unwrap().unwrap();
        assert_eq!(reach.bounds, [1.292, 52.6285, 1.2987, 52.6302]);
    });
}

#[test]
fn nothing_personal_leaves_but_to_those_who_may_take_it() {
    each(|store, scratch| {
        store.put_form(NOW, &form(2, "none")).unwrap();
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = reports(&mut ann, MARKET);
        ann.exchanges(store);
        let (jo, val) = (taker(store, "jo").unwrap(), taker(store, "val").unwrap());
        let mut told = |taker: &Taker| {
            let page = store.features(taker, &FeatureWish::default(), None, 10).unwrap();
            feature_json(&page.features[0], Crs::Degrees)
        };
        let thin = told(&jo);
        assert_eq!(thin["id"], record.to_string());
        assert_eq!(thin["geometry"]["coordinates"], json!([1.292, 52.6285]), "{}", scratch.name);
        assert_eq!(thin["properties"]["answers"], json!({"bags": 3}));
        assert_eq!(
            (&thin["properties"]["lgsl"], &thin["properties"]["usrn"]),
            (&json!(587), &json!("2504321"))
        );
        assert!(!thin.to_string().contains("number 12") && thin["properties"].get("summary").is_none());
        let whole = told(&val);
        assert_eq!(whole["properties"]["answers"]["where"], "behind number 12");
        assert_eq!(whole["properties"]["answers"]["seen"], 1);
        assert_eq!(told(&val.clone().thinned()), thin);
        assert!(taker(store, "ann").is_none() && taker(store, "lee").is_none());
        store.put_form(NOW, &marking(3, "none", "personal")).unwrap();
        let page = store.features(&jo, &FeatureWish::default(), None, 10).unwrap();
        assert!(
            page.features[0].answers.is_empty(),
            "a mark that came later holds for what was answered before"
        );
    });
}

#[test]
fn a_place_that_a_form_marks_is_neither_told_nor_found_by_where_it_is() {
    each(|store, _| {
        store.put_form(NOW, &form(2, "none")).unwrap();
        store.put_form(NOW, &form(3, "personal")).unwrap();
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = reports(&mut ann, MARKET);
        ann.exchanges(store);
        let (jo, val) = (taker(store, "jo").unwrap(), taker(store, "val").unwrap());
        let here = Within::Degrees([12_900_000, 526_000_000, 12_950_000, 526_290_000]);
        let here = FeatureWish { within: Some(here), ..FeatureWish::default() };
        assert_eq!(taken(store, &jo, &here), []);
        assert_eq!(taken(store, &val, &here), [record]);
        let page = store.features(&jo, &FeatureWish::default(), None, 10).unwrap();
        assert_eq!((page.features[0].place, page.features[0].grid), (None, None));
        assert_eq!(store.features_reach(&jo).unwrap(), None);
    });
}

#[test]
fn a_key_acts_as_its_person_until_it_or_they_are_stopped() {
    each(|store, _| {
        let val = store.officer_by_email("val@example.gov.uk").unwrap().unwrap().0;
        let (key, line) = store.make_key(val.id, "GIS", NOW).unwrap();
        assert_eq!(store.officer_of_key(&key).unwrap().unwrap(), val);
        assert_eq!(store.officer_of_key("kbs_another").unwrap(), None);
        store.set_disabled("val@example.gov.uk", Some(NOW)).unwrap();
        assert_eq!(store.officer_of_key(&key).unwrap(), None);
        store.set_disabled("val@example.gov.uk", None).unwrap();
        store.revoke_key(&line.id, NOW).unwrap();
        assert_eq!(store.officer_of_key(&key).unwrap(), None);
        assert!(store.keys().unwrap()[0].revoked);
        assert_eq!(code_of(&store.revoke_key(&line.id, NOW).unwrap_err()), Some(Code::NotFound));
    });
}
