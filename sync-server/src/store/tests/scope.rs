//! Whose records reach whose device: by team, by area and by being given to someone, on both databases.

use kerbside_core::exchange::{Item, Paging, Wants};
use kerbside_core::field::{AREA, ASSIGNEES, FieldKey, OWNER, TEAM};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::Code;
use kerbside_core::record::unpack_page;
use serde_json::{Value as Json, json};

use super::phone::Phone;
use super::{NOW, code_of, each};
use crate::store::{OfficeEdit, Officer, OfficerFile, Role, Store};

const ANN: &str = "ann@example.gov.uk";
const BOB: &str = "bob@example.gov.uk";
const TOM: &str = "tom@example.gov.uk";

fn officer(store: &mut Store, email: &str) -> Officer {
    store.officer_by_email(email).unwrap().unwrap().0
}

/// The office says something of whose a record is.
fn gives(store: &mut Store, record: RecordId, path: &str, answer: Json) {
    let jo = officer(store, "jo@example.gov.uk");
    let case = store.case(&jo, record).unwrap();
    let seen = case.view.fields.iter().find(|shown| shown.path == path).map(|shown| shown.seen.clone());
    let edit =
        OfficeEdit { field: FieldKey::new(path), row: None, answer, seen: Some(seen.unwrap_or_default()) };
    store.office_change(NOW, &jo, record, &[edit]).unwrap();
}

fn in_areas(email: &str, areas: &[&str]) -> OfficerFile {
    OfficerFile {
        email: email.into(),
        name: "Bob Reeve".into(),
        role: Role::Officer,
        teams: vec!["wardens-north".into()],
        areas: areas.iter().map(|area| (*area).to_owned()).collect(),
        service: String::new(),
        short_code: "W08".into(),
        password: None,
        rest: std::collections::BTreeMap::new(),
    }
}

fn holds_its_scope(store: &mut Store, phone: &Phone, email: &str) {
    let who = officer(store, email);
    let all = store.states().unwrap().into_iter();
    let due: Vec<_> =
        all.filter(|state| who.reaches_any(&state.keys)).map(|state| (state.record, state.state)).collect();
    let held: Vec<_> = phone.base.iter().map(|(record, state)| (*record, state.pack())).collect();
    assert_eq!(held, due, "{email}");
}

#[test]
fn what_is_given_to_someone_of_another_team_reaches_them_and_leaves_them_again() {
    each(|store, _| {
        let (mut ann, mut tom) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, TOM, 3));
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        tom.exchanges(store);
        gives(store, record, ASSIGNEES, json!({"add": [tom.officer.0]}));
        let told = ann.told.len();
        ann.exchanges(store);
        tom.exchanges(store);
        assert!(matches!(tom.told.last(), Some(Item::Enter { .. })));
        let news = &ann.told[told..];
        assert!(matches!(news, [Item::Change { .. }]), "it was in hers all along: {news:?}");
        tom.answers(record, "where", "by the bus stop");
        let reply = tom.exchanges(store);
        assert_eq!(tom.receipt(store, &reply).verdicts, [], "whoever it is given to may change it");
        ann.exchanges(store);
        assert_eq!(ann.base, tom.base);
        let who = officer(store, TOM);
        assert!(store.case(&who, record).unwrap().may_edit);

        gives(store, record, OWNER, json!(tom.officer.0));
        gives(store, record, ASSIGNEES, json!({"remove": [tom.officer.0]}));
        tom.exchanges(store);
        assert_eq!(tom.base.len(), 1, "it is still his as its owner");
        gives(store, record, OWNER, Json::Null);
        tom.exchanges(store);
        assert!(tom.base.is_empty() && matches!(tom.told.last(), Some(Item::Leave { .. })));
        assert_eq!(code_of(&store.case(&who, record).unwrap_err()), Some(Code::NotFound));
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn an_officer_with_areas_holds_what_is_in_them_and_what_is_in_none() {
    each(|store, _| {
        let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        store.put_officer(&in_areas(BOB, &["riverside"]), None).unwrap();
        let (near, far, nowhere) =
            (ann.reports("Quay Side"), ann.reports("Hill Road"), ann.reports("Somewhere"));
        ann.exchanges(store);
        bob.exchanges(store);
        gives(store, near, AREA, json!("riverside"));
        gives(store, far, AREA, json!("old-town"));
        ann.exchanges(store);
        bob.exchanges(store);
        assert_eq!(
            bob.base.keys().copied().collect::<std::collections::BTreeSet<_>>(),
            [near, nowhere].into()
        );
        holds_its_scope(store, &bob, BOB);
        holds_its_scope(store, &ann, ANN);
        ann.answers(far, "where", "Hill Road, at the top");
        ann.answers(near, "where", "Quay Side, at the bridge");
        ann.exchanges(store);
        bob.exchanges(store);
        holds_its_scope(store, &bob, BOB);

        store.put_officer(&in_areas(BOB, &["old-town"]), None).unwrap();
        let mut push = bob.push(store, 1);
        push.wants = Wants::default();
        let reply = store.take(NOW, bob.device, &push).unwrap();
        assert_eq!(reply.paging, Paging::Whole, "other areas are another scope");
        bob.base.clear();
        bob.hears(&reply);
        holds_its_scope(store, &bob, BOB);
        assert!(bob.base.contains_key(&far) && !bob.base.contains_key(&near));
        gives(store, far, ASSIGNEES, json!({"add": [bob.officer.0]}));
        gives(store, far, TEAM, json!("parking"));
        bob.exchanges(store);
        holds_its_scope(store, &bob, BOB);
        assert!(bob.base.contains_key(&far), "given to him, wherever it is");
    });
}

#[test]
fn only_those_who_give_work_out_may_say_whose_it_is() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        for path in [TEAM, AREA, OWNER] {
            let value = kerbside_core::value::Value::code("1");
            let context = kerbside_core::change::Context::default();
            let field = FieldKey::new(path);
            ann.saves(record, vec![kerbside_core::change::Edit::Put { field, context, value }]);
        }
        let reply = ann.exchanges(store);
        let refused = kerbside_core::exchange::Verdict::Refused(Code::NotAllowed.name().into());
        let verdicts = ann.receipt(store, &reply).verdicts;
        assert_eq!(verdicts, [(2, refused.clone()), (3, refused.clone()), (4, refused)]);
    });
}

#[test]
fn a_new_device_is_given_its_officers_own_jobs_first_and_misses_none_given_meanwhile() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let records: Vec<_> = (0..40).map(|number| ann.reports(&format!("Street {number}"))).collect();
        ann.exchanges(store);
        let mut bob = Phone::enrols(store, BOB, 2);
        for record in [records[3], records[7]] {
            gives(store, record, ASSIGNEES, json!({"add": [bob.officer.0]}));
        }
        let mut pages = 0;
        loop {
            let mut push = bob.push(store, 1);
            push.wants = Wants { items: 0, bytes: 3_000, records: vec![] };
            let reply = store.take(NOW, bob.device, &push).unwrap();
            if pages == 0 {
                let Some(Item::Enter { page, .. }) = reply.items.first() else { panic!("a page") };
                let order: Vec<_> =
                    unpack_page(page).unwrap().iter().map(|one| one.record.unwrap()).collect();
                assert_eq!(order[..2], [records[7], records[3]], "given to him, the newest first");
                assert_eq!(order[2], records[39], "then the rest, the newest first");
                // Given, taken away and moved about while the pages are on their way.
                gives(store, records[0], ASSIGNEES, json!({"add": [bob.officer.0]}));
                gives(store, records[7], ASSIGNEES, json!({"remove": [bob.officer.0]}));
                gives(store, records[1], TEAM, json!("parking"));
                gives(store, records[2], TEAM, json!("parking"));
                gives(store, records[2], ASSIGNEES, json!({"add": [bob.officer.0]}));
            }
            pages += 1;
            bob.hears(&reply);
            if !reply.more {
                break;
            }
        }
        assert!(3 < pages, "{pages}");
        holds_its_scope(store, &bob, BOB);
    });
}
