//! Cases of the same thing, on both databases: found although both officers were offline, joined by one act, and parted again.

use kerbside_core::change::{Edit, Member};
use kerbside_core::field::{FOLLOWERS, FieldKey, STATUS, TEAM};
use kerbside_core::ids::RecordId;
use kerbside_core::nearby::DUPLICATE;
use kerbside_core::problem::Code;
use kerbside_core::same::keep_apart;
use kerbside_core::value::{Place, PlaceSource, Value};
use serde_json::json;

use super::phone::Phone;
use super::{NOW, code_of, each};
use crate::store::{Case, Happening, OfficeEdit, Officer, Store, TrayLine};

const HERE: (i32, i32) = (526_285_000, 12_920_000);
/// Twelve metres to the north of it.
const BESIDE: (i32, i32) = (526_286_080, 12_920_000);
const FAR_OFF: (i32, i32) = (526_289_000, 12_920_000);

fn person(store: &mut Store, name: &str) -> Officer {
    store.officer_by_email(&format!("{name}@example.gov.uk")).unwrap().unwrap().0
}

fn lies_at(phone: &mut Phone, record: RecordId, (lat_e7, lon_e7): (i32, i32)) {
    let spot = FieldKey::new("spot");
    let source = PlaceSource::Gnss;
    let place = Place { lat_e7, lon_e7, altitude_cm: None, accuracy_cm: None, fixed_at: NOW, source };
    let context = phone.head(record).context(&spot);
    phone.saves(record, vec![Edit::Put { field: spot, context, value: Value::Place(place) }]);
}

fn reports(phone: &mut Phone, at: (i32, i32)) -> RecordId {
    let record = phone.reports("Mile Cross Road");
    lies_at(phone, record, at);
    record
}

/// Ann and Bob each report the same heap before either has sent anything.
fn two(store: &mut Store) -> (Phone, Phone, RecordId, RecordId) {
    let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
    let mut bob = Phone::enrols(store, "bob@example.gov.uk", 2);
    let (first, second) = (reports(&mut ann, HERE), reports(&mut bob, BESIDE));
    ann.exchanges(store);
    bob.exchanges(store);
    (ann, bob, first, second)
}

fn case(store: &mut Store, name: &str, record: RecordId) -> Case {
    let who = person(store, name);
    store.case(&who, record).unwrap()
}

fn offered(store: &mut Store, name: &str, record: RecordId) -> Vec<(RecordId, u32)> {
    case(store, name, record).same.offers.iter().map(|offer| (offer.case.record, offer.metres)).collect()
}

fn line(store: &mut Store, record: RecordId) -> TrayLine {
    let jo = person(store, "jo");
    let page = store.tray(&jo, "team:wardens-north", None, 50).unwrap();
    page.records.into_iter().find(|line| line.record == record).unwrap()
}

fn joins(store: &mut Store, name: &str, record: RecordId, into: RecordId) -> Result<(), Option<Code>> {
    let (who, seen) = (person(store, name), case(store, "jo", record).view.seen);
    store.office_join(NOW, &who, record, into, &seen).map(|_| ()).map_err(|fault| code_of(&fault))
}

fn gives_state(store: &mut Store, record: RecordId, status: &str) {
    let jo = person(store, "jo");
    let field = FieldKey::new(STATUS);
    let shown = store.case(&jo, record).unwrap();
    let seen = shown.view.fields.iter().find(|shown| shown.field == field).map(|shown| shown.seen.clone());
    let edit = OfficeEdit { field, row: None, answer: json!(status), seen: Some(seen.unwrap_or_default()) };
    store.office_change(NOW, &jo, record, &[edit]).unwrap();
}

#[test]
fn two_who_were_offline_at_once_are_found_to_have_reported_the_same() {
    each(|store, scratch| {
        let (mut ann, _, first, second) = two(store);
        let elsewhere = reports(&mut ann, FAR_OFF);
        ann.exchanges(store);
        assert_eq!(offered(store, "jo", first), [(second, 12)], "{}", scratch.name);
        assert_eq!(offered(store, "jo", second), [(first, 12)]);
        assert_eq!(offered(store, "jo", elsewhere), []);
        let marks = [first, second, elsewhere].map(|record| line(store, record).maybe_same);
        assert_eq!(marks, [Some(true), Some(true), Some(false)]);
        let found = &case(store, "jo", second).same.offers[0];
        assert_eq!((found.case.office_reference.as_str(), found.may_close_this), ("FT-000001", true));
        assert_eq!(found.case.summary, line(store, first).summary);
    });
}

#[test]
fn what_its_officer_said_to_be_the_same_stands_first_for_both() {
    each(|store, _| {
        let (_, mut bob, first, second) = two(store);
        let third = reports(&mut bob, HERE);
        let members = vec![Member::Text(second.to_string())];
        bob.saves(third, vec![Edit::SetAdd { field: FieldKey::new("@same_as"), members }]);
        bob.exchanges(store);
        let said = |store: &mut Store, record| {
            let offers = case(store, "jo", record).same.offers;
            offers.iter().map(|offer| (offer.case.record, offer.said)).collect::<Vec<_>>()
        };
        assert_eq!(said(store, third), [(second, true), (first, false)], "though the first is nearer");
        assert_eq!(said(store, second), [(third, true), (first, false)]);
        assert_eq!(said(store, first).iter().filter(|(_, said)| *said).count(), 0);
        joins(store, "jo", third, second).unwrap();
        assert_eq!(said(store, second), [(first, false)]);
    });
}

#[test]
fn what_is_over_withdrawn_or_found_to_be_apart_is_not_offered() {
    each(|store, _| {
        let (_, mut bob, first, second) = two(store);
        gives_state(store, first, "fixed");
        assert_eq!((offered(store, "jo", second), offered(store, "jo", first)), (vec![], vec![]));
        assert_eq!(line(store, second).maybe_same, Some(false));
        gives_state(store, first, "confirmed");
        assert_eq!(offered(store, "jo", second), [(first, 12)]);

        let jo = person(store, "jo");
        let seen = store.case(&jo, first).unwrap().view.seen;
        store.office_withdraw(NOW, &jo, first, &seen, "A test").unwrap();
        assert_eq!(offered(store, "jo", second), []);

        let third = reports(&mut bob, HERE);
        bob.saves(third, vec![keep_apart(second)]);
        bob.exchanges(store);
        assert_eq!((offered(store, "jo", second), offered(store, "jo", third)), (vec![], vec![]));
    });
}

#[test]
fn different_makes_the_offer_go_for_both() {
    each(|store, _| {
        let (_, mut bob, first, second) = two(store);
        let ann = person(store, "ann");
        store.office_keep_apart(NOW, &ann, first, second).unwrap();
        assert_eq!((offered(store, "jo", first), offered(store, "jo", second)), (vec![], vec![]));
        assert_eq!(line(store, second).maybe_same, Some(false));
        let told = case(store, "jo", first);
        let last = told.timeline.last().unwrap();
        assert_eq!((last.kind, last.to.clone()), (Happening::FoundApart, Some(json!(second))));
        assert_eq!(told.same.references[&second], "FT-000002");
        assert_eq!(told.same.apart[0].record, second);
        bob.exchanges(store);
        assert!(bob.base[&first].set(&FieldKey::new("@apart")).is_some());
        for (who, record, other) in [("jo", first, first), ("tom", first, second), ("val", first, second)] {
            let who = person(store, who);
            assert!(store.office_keep_apart(NOW, &who, record, other).is_err());
        }
        // Asked again from the case that did not say so itself.
        let (jo, val) = (person(store, "jo"), person(store, "val"));
        assert!(store.office_ask_again(NOW, &val, second, first).is_err());
        store.office_ask_again(NOW, &jo, second, first).unwrap();
        assert_eq!(
            (offered(store, "jo", first), offered(store, "jo", second)),
            (vec![(second, 12)], vec![(first, 12)])
        );
        assert_eq!(case(store, "jo", first).timeline.last().unwrap().kind, Happening::AskedAgain);
        let again = store.office_ask_again(NOW, &jo, second, first).unwrap_err();
        assert_eq!(code_of(&again), Some(Code::NothingChanged));
    });
}

#[test]
fn the_same_is_closed_says_of_which_and_can_be_opened_again() {
    each(|store, _| {
        let (_, mut bob, first, second) = two(store);
        gives_state(store, second, "investigating");
        joins(store, "jo", second, first).unwrap();

        let closed = case(store, "jo", second);
        assert_eq!(closed.view.status.as_deref(), Some(DUPLICATE));
        let joined = closed.same.duplicate_of.unwrap();
        assert_eq!((joined.officer, joined.case.unwrap().record), (person(store, "jo").id, first));
        assert_eq!(
            closed.timeline.last().map(|line| (line.kind, line.to.clone())).unwrap(),
            (Happening::JoinedTo, Some(json!(first)))
        );
        let stays = case(store, "jo", first);
        let [taken] = &stays.same.duplicates[..] else { panic!("{:?}", stays.same) };
        assert_eq!(taken.case.as_ref().unwrap().office_reference, "FT-000002");
        assert_eq!(stays.timeline.last().unwrap().kind, Happening::TookIn);
        assert_eq!((stays.same.offers.len(), line(store, first).maybe_same), (0, Some(false)));
        bob.exchanges(store);
        assert_eq!(bob.base[&second].answers(&FieldKey::new(STATUS)), [Value::code(DUPLICATE)]);

        let jo = person(store, "jo");
        let seen = store.case(&jo, second).unwrap().view.seen;
        store.office_part(NOW, &jo, second, &seen).unwrap();
        let opened = case(store, "jo", second);
        assert_eq!(opened.view.status.as_deref(), Some("investigating"));
        assert!(opened.same.duplicate_of.is_none());
        assert_eq!(opened.timeline.last().unwrap().kind, Happening::PartedFrom);
        let stays = case(store, "jo", first);
        assert!(stays.same.duplicates.is_empty());
        assert_eq!(stays.timeline.last().unwrap().kind, Happening::LetGo);
        assert_eq!(offered(store, "jo", second), [(first, 12)]);
        assert_eq!(store.verify().unwrap().faults, Vec::<String>::new());
    });
}

#[test]
fn what_somebody_changed_meanwhile_is_looked_at_first() {
    each(|store, _| {
        let (_, mut bob, first, second) = two(store);
        let jo = person(store, "jo");
        let seen = store.case(&jo, second).unwrap().view.seen;
        gives_state(store, second, "investigating");
        let late = store.office_join(NOW, &jo, second, first, &seen).unwrap_err();
        assert_eq!(code_of(&late), Some(Code::NewerAnswer));
        let unseen = store.office_join(NOW, &jo, second, first, "").unwrap_err();
        assert_eq!(code_of(&unseen), Some(Code::SeenMissing));
        joins(store, "jo", second, first).unwrap();
        assert_eq!(joins(store, "jo", second, first), Err(Some(Code::NewerAnswer)));
        assert_eq!(
            joins(store, "jo", first, second),
            Err(Some(Code::NewerAnswer)),
            "none goes round in a ring"
        );
        assert_eq!(joins(store, "jo", first, first), Err(Some(Code::Malformed)));

        // Bob's phone had not heard of it: his answer stands beside the office's.
        let context = bob.head(second).context(&FieldKey::new(STATUS));
        bob.saves(
            second,
            vec![Edit::Put { field: FieldKey::new(STATUS), context, value: Value::code("fixed") }],
        );
        bob.exchanges(store);
        assert_eq!(case(store, "jo", second).view.two_answers, 1);
    });
}

#[test]
fn who_may_not_write_in_both_joins_nothing() {
    each(|store, _| {
        let (_, _, first, second) = two(store);
        assert_eq!(joins(store, "val", second, first), Err(Some(Code::NotAllowed)));
        assert_eq!(joins(store, "tom", second, first), Err(Some(Code::NotFound)));
        let offers = case(store, "val", second).same.offers;
        assert_eq!((offers[0].may_close_this, offers[0].may_close_other), (false, false));
        joins(store, "ann", second, first).unwrap();
    });
}

/// Tom is of another team: his report went to the wardens, and he follows it.
fn tom_reports(store: &mut Store) -> (Phone, RecordId) {
    let mut tom = Phone::enrols(store, "tom@example.gov.uk", 3);
    let follower = Member::Text(tom.officer.0.to_string());
    let record = RecordId::new(NOW as u64, [3; 10]);
    let team = Edit::Put {
        field: FieldKey::new(TEAM),
        context: kerbside_core::change::Context::default(),
        value: Value::code("wardens-north"),
    };
    let follows = Edit::SetAdd { field: FieldKey::new(FOLLOWERS), members: vec![follower] };
    let place = super::phone::put("where", kerbside_core::change::Context::default(), "Mile Cross Road");
    tom.saves(record, vec![Edit::Create, place, team, follows]);
    lies_at(&mut tom, record, BESIDE);
    tom.exchanges(store);
    (tom, record)
}

#[test]
fn whoever_reported_it_goes_on_seeing_what_becomes_of_it() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let first = reports(&mut ann, HERE);
        ann.exchanges(store);
        let (mut tom, second) = tom_reports(store);
        assert!(!tom.base.contains_key(&first));
        let offer = &case(store, "ann", second).same.offers[0];
        assert!(!offer.may_close_this && offer.may_close_other, "she may not show it to another team");
        assert_eq!(joins(store, "ann", second, first), Err(Some(Code::NotAllowed)));

        joins(store, "jo", second, first).unwrap();
        tom.exchanges(store);
        assert!(tom.base.contains_key(&first));

        let jo = person(store, "jo");
        let seen = store.case(&jo, second).unwrap().view.seen;
        store.office_part(NOW, &jo, second, &seen).unwrap();
        tom.exchanges(store);
        assert!(!tom.base.contains_key(&first) && tom.base.contains_key(&second));
    });
}
