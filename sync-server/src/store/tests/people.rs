//! What two people did at once, and the numbers that show that none of it was lost, on both databases.

use kerbside_core::change::{Context, Edit};
use kerbside_core::field::{FieldKey, LIFECYCLE};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::Code;
use kerbside_core::record::WITHDRAWN;
use kerbside_core::value::Value;
use serde_json::json;

use super::phone::{Phone, put};
use super::{NOW, code_of, each};
use crate::store::{OfficeEdit, Officer, Period, Store};

fn officer(store: &mut Store, name: &str) -> Officer {
    store.officer_by_email(&format!("{name}@example.gov.uk")).unwrap().unwrap().0
}

fn seen_whole(store: &mut Store, who: &Officer, record: RecordId) -> String {
    store.case(who, record).unwrap().view.seen
}

fn keeps(field: &str, answer: &str, seen: &str) -> OfficeEdit {
    OfficeEdit { field: FieldKey::new(field), row: None, answer: json!(answer), seen: Some(seen.to_owned()) }
}

fn count(store: &mut Store, who: &Officer, key: &str) -> u32 {
    store.trays(who).unwrap().iter().find(|tray| tray.key == key).unwrap().count
}

#[test]
fn a_withdrawn_record_is_in_no_list_but_its_own_and_comes_back_whole() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let jo = officer(store, "jo");
        let seen = seen_whole(store, &jo, record);
        let unsaid = store.office_withdraw(NOW, &jo, record, &seen, "  ").unwrap_err();
        assert_eq!(code_of(&unsaid), Some(Code::ReasonMissing));
        store.office_withdraw(NOW, &jo, record, &seen, "Reported twice").unwrap();
        assert_eq!((count(store, &jo, "arrived"), count(store, &jo, "team:wardens-north")), (0, 0));
        assert_eq!(count(store, &jo, "withdrawn"), 1);
        assert!(store.search(&jo, "mile cross").unwrap().records[0].withdrawn, "who asks for it finds it");
        let case = store.case(&jo, record).unwrap();
        assert_eq!(case.view.withdrawal.unwrap().reason.as_deref(), Some("Reported twice"));
        let seen = case.view.seen;
        store.office_change(NOW + 1, &jo, record, &[keeps(LIFECYCLE, "open", &seen)]).unwrap();
        assert_eq!((count(store, &jo, "arrived"), count(store, &jo, "withdrawn")), (1, 0));
        ann.exchanges(store);
        assert!(!ann.base[&record].is_withdrawn());
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn an_edit_that_did_not_know_of_the_withdrawal_asks_both_and_blocks_neither() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let jo = officer(store, "jo");
        let seen = seen_whole(store, &jo, record);
        ann.answers(record, "where", "at number 21");
        store.office_withdraw(NOW, &jo, record, &seen, "Reported twice").unwrap();
        ann.exchanges(store);
        assert_eq!(count(store, &jo, "arrived"), 1, "while somebody is asked, it is worked on");
        let page = store.two_answers(&jo, None).unwrap();
        let [line] = page.lines.as_slice() else { panic!("{} questions", page.lines.len()) };
        assert_eq!(line.field.path, LIFECYCLE);
        assert_eq!(line.reason.as_deref(), Some("Reported twice"));
        let devices: Vec<_> = line.origins.iter().map(|origin| origin.device.as_deref()).collect();
        assert!(devices.contains(&Some("W07")) && devices.contains(&None), "{devices:?}");
        let seen = line.field.seen.clone();
        store.office_change(NOW + 1, &jo, record, &[keeps(LIFECYCLE, WITHDRAWN, &seen)]).unwrap();
        assert_eq!((count(store, &jo, "arrived"), count(store, &jo, "two_answers")), (0, 0));
        ann.exchanges(store);
        assert!(ann.base[&record].is_withdrawn());
        assert_eq!(ann.base[&record].answers(&FieldKey::new("where")), [Value::text("at number 21")]);
    });
}

#[test]
fn a_warden_withdraws_their_own_and_agrees_to_a_withdrawal_but_takes_no_colleagues_record_away() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let mut bob = Phone::enrols(store, "bob@example.gov.uk", 2);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        bob.exchanges(store);
        let withdraw = |phone: &mut Phone| {
            let field = FieldKey::new(LIFECYCLE);
            let context = phone.head(record).context(&field);
            phone.saves(record, vec![Edit::Put { field, context, value: Value::code(WITHDRAWN) }]);
        };
        withdraw(&mut bob);
        let refused = bob.exchanges(store);
        let receipt = bob.receipt(store, &refused);
        assert!(
            matches!(&receipt.verdicts[..], [(1, kerbside_core::exchange::Verdict::Refused(code))] if code == "not_allowed")
        );
        bob.answers(record, "plate", "AB12 CDE");
        bob.exchanges(store);
        // Ann has not heard of the plate when she withdraws what she reported.
        withdraw(&mut ann);
        ann.exchanges(store);
        bob.exchanges(store);
        assert_eq!(bob.base[&record].two_answers(), 1);
        withdraw(&mut bob);
        let agreed = bob.exchanges(store);
        assert_eq!(bob.receipt(store, &agreed).verdicts.len(), 1, "only the first was refused");
        assert!(store.record(record).unwrap().unwrap().is_withdrawn());
    });
}

#[test]
fn every_question_with_two_answers_is_listed_with_who_where_and_what_both_would_be() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let mut bob = Phone::enrols(store, "bob@example.gov.uk", 2);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        bob.exchanges(store);
        ann.answers(record, "where", "at number 21");
        bob.answers(record, "where", "at number 12");
        bob.saves(record, vec![put("plate", Context::default(), "AB12 CDE")]);
        ann.exchanges(store);
        bob.exchanges(store);
        let jo = officer(store, "jo");
        let page = store.two_answers(&jo, None).unwrap();
        let [line] = page.lines.as_slice() else { panic!("{} questions", page.lines.len()) };
        assert_eq!((line.record, line.field.path.as_str(), line.may_settle), (record, "where", true));
        assert_eq!(line.field.values.len(), 2);
        let both = line.field.both.as_ref().unwrap().as_str().unwrap();
        assert!(
            both.contains("at number 21") && both.contains(" / ") && both.contains("at number 12"),
            "{both}"
        );
        let devices: Vec<_> = line.origins.iter().filter_map(|origin| origin.device.clone()).collect();
        assert!(devices.contains(&"W07".to_owned()) && devices.contains(&"W08".to_owned()));
        assert_eq!(page.forms.len(), 1);
        let tom = officer(store, "tom");
        assert!(
            store.two_answers(&tom, None).unwrap().lines.is_empty(),
            "other teams' work is not theirs to see"
        );
        let lee = officer(store, "lee");
        assert_eq!(code_of(&store.two_answers(&lee, None).unwrap_err()), Some(Code::NotAllowed));
    });
}

#[test]
fn the_trust_page_counts_what_came_what_came_again_and_what_was_refused() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        ann.answers(record, "where", "at number 21");
        // Nobody knows this record: refused, and received all the same.
        ann.saves(RecordId([9; 16]), vec![put("where", Context::default(), "nowhere")]);
        ann.photographs(record, b"a photo");
        ann.exchanges(store);
        let mut push = ann.push(store, 1);
        push.unsent = Some(2);
        push.oldest_unsent_ms = Some(NOW - 60_000);
        store.take(NOW + 2_000, ann.device, &push).unwrap();

        let val = officer(store, "val");
        let trust = store.trust(&val, Period::ALL).unwrap();
        assert_eq!((trust.received, trust.receipts_issued, trust.missing), (4, 4, 0));
        assert_eq!(trust.receipts_confirmed, 0, "the device has not yet shown that it holds one");
        assert_eq!((trust.taken, trust.refused), (3, 1));
        assert_eq!(trust.refused_by_code["record_unknown"], 1);
        assert_eq!(trust.duplicates_refused, 4, "the whole push came again");
        assert_eq!((trust.photos_named, trust.photos_received), (1, 0));
        let [device] = trust.devices.as_slice() else { panic!("one device") };
        assert_eq!((device.unsent, device.oldest_unsent_ms), (2, Some(NOW - 60_000)));

        let later = ann.push_from(store, 5);
        store.take(NOW + 3_000, ann.device, &later).unwrap();
        let trust = store.trust(&val, Period::ALL).unwrap();
        assert_eq!(trust.receipts_confirmed, 4, "what it offers next says up to where it has our word");
        assert_eq!((trust.devices[0].unsent, trust.devices[0].oldest_unsent_ms), (0, None));

        let refused = store.trust_lines(&val, "refused", Period::ALL, 0).unwrap();
        assert_eq!(refused.lines.len(), 1);
        assert_eq!(refused.lines[0].code.as_deref(), Some("record_unknown"));
        assert_eq!(refused.lines[0].device.as_deref(), Some("W07"));
        assert_eq!(store.trust_lines(&val, "received", Period::ALL, 0).unwrap().lines.len(), 4);
        assert_eq!(store.trust_lines(&val, "photos", Period::ALL, 0).unwrap().lines.len(), 1);
        let before = Period { from_ms: 0, to_ms: NOW - 1 };
        assert_eq!(store.trust(&val, before).unwrap().received, 0);
        for name in ["ann", "jo", "tom"] {
            let who = officer(store, name);
            assert_eq!(code_of(&store.trust(&who, Period::ALL).unwrap_err()), Some(Code::NotAllowed));
        }
    });
}
