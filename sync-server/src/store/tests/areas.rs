//! Who may begin a record for whom, on both databases.

use std::collections::BTreeMap;

use kerbside_core::change::{Context, Edit, Member};
use kerbside_core::exchange::Verdict;
use kerbside_core::field::{AREA, FOLLOWERS, FieldKey, TEAM};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::Code;
use kerbside_core::value::Value;
use serde_json::json;

use super::phone::Phone;
use super::{NOW, council, each};

/// A record that says whose it is, as a device that worked out the area does.
fn begins(phone: &mut Phone, at: u8, team: &str) -> RecordId {
    let record = RecordId::new(NOW as u64, [at; 10]);
    let put = |field: &str, code: &str| Edit::Put {
        field: FieldKey::new(field),
        context: Context::default(),
        value: Value::code(code),
    };
    let myself = Member::Text(phone.officer.0.to_string());
    let follows = Edit::SetAdd { field: FieldKey::new(FOLLOWERS), members: vec![myself] };
    phone.saves(record, vec![Edit::Create, put(AREA, "E01026810"), put(TEAM, team), follows]);
    record
}

fn refused_as(code: Code) -> Verdict {
    Verdict::Refused(code.name().into())
}

#[test]
fn a_record_may_be_begun_for_another_team_that_takes_its_form_and_for_no_other() {
    each(|store, _| {
        let mut council = council();
        let south = json!({"key": "wardens-south", "name": {"en": "Wardens south"}, "service": "street", "forms": ["fly_tip"]});
        council.teams.push(serde_json::from_value(south).unwrap());
        store.load_council(&council, &BTreeMap::new()).unwrap();
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let taken = begins(&mut ann, 1, "wardens-south");
        let refused = begins(&mut ann, 2, "parking");
        let nobody = begins(&mut ann, 3, "no-such-team");
        let reply = ann.exchanges(store);
        let verdicts = ann.receipt(store, &reply).verdicts;
        assert_eq!(verdicts, [(2, refused_as(Code::NotYourTeam)), (3, refused_as(Code::NotYourTeam))]);
        assert_eq!(ann.base.keys().copied().collect::<Vec<_>>(), [taken], "whoever began it holds it");
        let jo = store.officer_by_email("jo@example.gov.uk").unwrap().unwrap().0;
        assert_eq!(store.case(&jo, taken).unwrap().view.teams, ["wardens-south"]);
        assert!(store.case(&jo, refused).is_err() && store.case(&jo, nobody).is_err());
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn only_those_who_give_work_out_may_make_someone_follow_a_record() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        let tom = Member::Text("2".to_owned());
        ann.saves(record, vec![Edit::SetAdd { field: FieldKey::new(FOLLOWERS), members: vec![tom] }]);
        let reply = ann.exchanges(store);
        assert_eq!(ann.receipt(store, &reply).verdicts, [(2, refused_as(Code::NotAllowed))]);
    });
}
