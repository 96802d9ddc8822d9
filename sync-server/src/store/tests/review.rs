//! What waits for a decision, and what becomes of it, on both databases.

use kerbside_core::change::{Change, Context};
use kerbside_core::exchange::Verdict;
use kerbside_core::field::{AREA, FieldKey, TEAM};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::Code;
use kerbside_core::value::Value;

use super::phone::Phone;
use super::{NOW, code_of, each};
use crate::store::{OfficeEdit, Officer, OfficerFile, ReviewWhy, Role, Store};

const ANN: &str = "ann@example.gov.uk";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn officer(store: &mut Store, name: &str) -> Officer {
    store.officer_by_email(&format!("{name}@example.gov.uk")).unwrap().unwrap().0
}

fn ann_in(teams: &[&str], role: Role) -> OfficerFile {
    OfficerFile {
        email: ANN.into(),
        name: "Ann Bailey".into(),
        role,
        teams: teams.iter().map(|team| (*team).to_owned()).collect(),
        areas: vec![],
        service: String::new(),
        short_code: "W07".into(),
        password: None,
        rest: std::collections::BTreeMap::new(),
    }
}

/// What the navigation says beside the tray; None where it is not offered.
fn review_count(store: &mut Store, who: &Officer) -> Option<u32> {
    let trays = store.trays(who).unwrap();
    trays.iter().find(|tray| tray.key == "review").map(|tray| tray.count)
}

fn in_review(counter: u64) -> (u64, Verdict) {
    (counter, Verdict::Refused(Code::InReview.name().to_owned()))
}

fn seen(store: &mut Store, who: &Officer, record: RecordId, path: &str) -> String {
    let case = store.case(who, record).unwrap();
    case.view
        .fields
        .iter()
        .find(|shown| shown.path == path)
        .map(|shown| shown.seen.clone())
        .unwrap_or_default()
}

fn office_says(store: &mut Store, who: &Officer, record: RecordId, text: &str) {
    let seen = seen(store, who, record, "where");
    let edit = OfficeEdit { field: FieldKey::new("where"), row: None, answer: text.into(), seen: Some(seen) };
    store.office_change(NOW + 10, who, record, &[edit]).unwrap();
}

fn wheres(store: &mut Store, record: RecordId) -> Vec<Value> {
    store.record(record).unwrap().unwrap().answers(&FieldKey::new("where"))
}

#[test]
fn what_a_revoked_device_brings_is_received_and_waits_and_nothing_goes_down() {
    each(|store, _| {
        let mut bob = Phone::enrols(store, "bob@example.gov.uk", 2);
        let (mut ann, _, (new, told)) = Phone::in_review(store, |ann, record| {
            ann.answers(record, "where", "by the bus stop");
            let new = ann.reports("Aylsham Road");
            ann.answers(new, "plate", "AB12 CDE");
            (new, ann.told.len())
        });
        bob.reports("Dereham Road");
        bob.exchanges(store);
        let reply = ann.sends(store, NOW + 1);
        assert_eq!(ann.receipt(store, &reply).through, 4);
        assert_eq!(ann.receipt(store, &reply).verdicts, [in_review(2), in_review(3), in_review(4)]);
        assert_eq!(
            (ann.told.len(), reply.stopped.as_deref(), reply.offers.len()),
            (told, Some("device_revoked"), 0)
        );

        let jo = officer(store, "jo");
        assert_eq!(review_count(store, &jo), Some(3));
        let page = store.review(&jo).unwrap();
        assert_eq!((page.forms.len(), page.more), (1, false));
        let items = page.items;
        let shown: Vec<_> =
            items.iter().map(|item| (item.counter, item.why, item.begins, item.waits_for_earlier)).collect();
        let revoked = ReviewWhy::DeviceRevoked;
        assert_eq!(shown, [(2, revoked, false, false), (3, revoked, true, false), (4, revoked, false, true)]);
        assert_eq!(items[0].edits[0].now, ["Mile Cross Road"]);
        assert_eq!(items[0].edits[0].to, "by the bus stop");

        let (three, four) = (dot(&ann, 3), dot(&ann, 4));
        assert_eq!(code_of(&store.approve(NOW + 2, &jo, four).unwrap_err()), Some(Code::EarlierWaits));
        let taken = store.approve(NOW + 2, &jo, three).unwrap();
        let begun = &store.case(&jo, new).unwrap().timeline[0];
        let ann_id = officer(store, "ann").id;
        assert_eq!((begun.officer, begun.office, begun.taken_by), (ann_id, false, Some(jo.id)));
        assert_eq!(store.approve(NOW + 3, &jo, three).unwrap(), taken, "a lost answer is asked for again");
        store.approve(NOW + 3, &jo, four).unwrap();
        bob.exchanges(store);
        assert_eq!(bob.base[&new].answers(&FieldKey::new("plate")), [Value::text("AB12 CDE")]);
        assert_eq!(bob.base[&new].answers(&FieldKey::new(TEAM)), [Value::code("wardens-north")]);
        assert_eq!(review_count(store, &jo), Some(1));
        store.decline(NOW + 4, &jo, dot(&ann, 2), "It is at number 12").unwrap();
        assert_eq!(review_count(store, &jo), Some(0));
        assert!(store.review(&jo).unwrap().items.is_empty());
        let reply = ann.sends(store, NOW + 5);
        let verdicts = ann.receipt(store, &reply).verdicts;
        assert_eq!(verdicts[0], (2, Verdict::Refused(Code::Declined.name().to_owned())));
        assert_eq!(verdicts[1], (3, Verdict::Duplicate(taken)));
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

fn dot(phone: &Phone, counter: u64) -> kerbside_core::ids::Dot {
    kerbside_core::ids::Dot { actor: phone.actor, counter }
}

#[test]
fn an_answer_given_while_a_device_was_away_stands_beside_what_is_approved() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        ann.answers(record, "where", "by the bus stop");
        ann.answers(record, "where", "by the other bus stop");
        let jo = officer(store, "jo");
        // Whoever approves has answered too: one actor's later dot would cover their own earlier answer.
        office_says(store, &jo, record, "at number 12");
        store.revoke_device(ann.device, NOW).unwrap();
        ann.sends(store, NOW + 20);
        assert!(store.review(&jo).unwrap().items[0].edits[0].answered_since);
        store.approve(NOW + 21, &jo, dot(&ann, 2)).unwrap();
        let both = |first: &str, second: &str| [Value::text(first), Value::text(second)];
        assert_eq!(wheres(store, record), both("by the bus stop", "at number 12"));
        let page = store.two_answers(&jo, None).unwrap();
        let origins: Vec<_> =
            page.lines[0].origins.iter().map(|origin| (origin.device.as_deref(), origin.writer)).collect();
        let ann_id = officer(store, "ann").id;
        assert_eq!(origins, [(Some("W07"), Some(ann_id)), (None, None)], "whoever wrote it first is named");
        store.approve(NOW + 22, &jo, dot(&ann, 3)).unwrap();
        assert_eq!(wheres(store, record), both("by the other bus stop", "at number 12"));
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn work_on_a_record_that_left_is_taken_for_thirty_days_and_then_waits() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let jo = officer(store, "jo");
        let to = OfficeEdit {
            field: FieldKey::new(TEAM),
            row: None,
            answer: "parking".into(),
            seen: Some(seen(store, &jo, record, TEAM)),
        };
        store.office_change(NOW, &jo, record, &[to]).unwrap();
        ann.saves(record, vec![super::phone::put("plate", Context::default(), "AB12 CDE")]);
        ann.sends(store, NOW + 29 * DAY_MS);
        ann.saves(record, vec![super::phone::put("where", Context::default(), "further on")]);
        let reply = ann.sends(store, NOW + 90 * DAY_MS);
        assert_eq!(ann.receipt(store, &reply).verdicts, [in_review(3)]);
        assert_eq!(store.review(&jo).unwrap().items[0].why, ReviewWhy::LeftTeam);
    });
}

#[test]
fn an_officer_who_changed_teams_left_or_lost_the_device_leaves_nothing_behind() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        store.put_officer(&ann_in(&["parking"], Role::Officer), None).unwrap();
        ann.answers(record, "plate", "AB12 CDE");
        let reply = ann.sends(store, NOW + DAY_MS);
        assert_eq!(ann.receipt(store, &reply).verdicts, [], "still in the days that work takes to arrive");
        ann.saves(record, vec![super::phone::put("where", Context::default(), "further on")]);
        let reply = ann.sends(store, NOW + 60 * DAY_MS);
        assert_eq!(ann.receipt(store, &reply).verdicts, [in_review(3)]);

        store.put_officer(&ann_in(&["wardens-north"], Role::Viewer), None).unwrap();
        ann.saves(record, vec![super::phone::put("where", Context::default(), "nearer")]);
        ann.sends(store, NOW + 61 * DAY_MS);
        assert!(store.set_disabled(ANN, Some(NOW)).unwrap());
        let new = ann.reports("Aylsham Road");
        let reply = ann.sends(store, NOW + 62 * DAY_MS);
        assert_eq!(reply.stopped.as_deref(), Some("device_revoked"));
        assert_eq!(ann.receipt(store, &reply).through, 5);
        let jo = officer(store, "jo");
        let whys: Vec<_> = store.review(&jo).unwrap().items.iter().map(|item| item.why).collect();
        assert_eq!(whys, [ReviewWhy::LeftTeam, ReviewWhy::RoleChanged, ReviewWhy::OfficerLeft]);
        store.approve(NOW + 63 * DAY_MS, &jo, dot(&ann, 5)).unwrap();
        assert_eq!(wheres(store, new), [Value::text("Aylsham Road")]);
        let made = store.record(new).unwrap().unwrap().created().unwrap();
        assert!(made.at_ms < NOW + DAY_MS, "what is approved keeps the moment it was captured");
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn an_act_that_was_decided_over_is_known_when_it_comes_under_another_dot() {
    each(|store, _| {
        let (mut ann, record, [approved, declined, waiting]) = Phone::in_review(store, |ann, record| {
            [("where", "by the bus stop"), ("plate", "AB12 CDE"), ("where", "in the field")]
                .map(|(field, text)| ann.answers(record, field, text))
        });
        let jo = officer(store, "jo");
        let taken = store.approve(NOW + 2, &jo, approved.dot()).unwrap();
        store.decline(NOW + 2, &jo, declined.dot(), "not a plate").unwrap();
        ann.retires(store);
        ann.own.clear();
        for (counter, act) in (1..).zip([&approved, &declined, &waiting]) {
            let again = Change { actor: ann.actor, counter, was: Some(act.dot()), ..act.clone() };
            ann.own.push(kerbside_core::change::ChangeBytes::write(&again).into_bytes());
        }
        let reply = ann.sends(store, NOW + 3);
        assert_eq!(
            ann.receipt(store, &reply).verdicts,
            [
                (1, Verdict::Duplicate(taken)),
                (2, Verdict::Refused(Code::Declined.name().to_owned())),
                in_review(3),
            ]
        );
        assert_eq!(store.review(&jo).unwrap().items.len(), 1, "one act is decided over once");
        store.approve(NOW + 4, &jo, waiting.dot()).unwrap();
        assert!(store.review(&jo).unwrap().items.is_empty());
        assert_eq!(wheres(store, record), [Value::text("in the field")]);
    });
}

#[test]
fn only_supervisors_and_triagers_of_the_records_teams_decide() {
    each(|store, _| {
        let (ann, record, (waits, photo)) = Phone::in_review(store, |ann, record| {
            (ann.answers(record, "where", "by the bus stop"), ann.photographs(record, b"a photo"))
        });
        for name in ["lee", "val", "bob"] {
            let who = officer(store, name);
            assert_eq!(code_of(&store.review(&who).unwrap_err()), Some(Code::NotAllowed), "{name}");
            assert_eq!(code_of(&store.approve(NOW, &who, waits.dot()).unwrap_err()), Some(Code::NotFound));
            assert_eq!(
                code_of(&store.decline(NOW, &who, waits.dot(), "no").unwrap_err()),
                Some(Code::NotFound)
            );
        }
        let supervisor = OfficerFile {
            email: "sue@example.gov.uk".into(),
            short_code: String::new(),
            ..ann_in(&["parking"], Role::Supervisor)
        };
        store.put_officer(&supervisor, None).unwrap();
        let sue = officer(store, "sue");
        assert!(store.review(&sue).unwrap().items.is_empty(), "of another team");
        assert_eq!(review_count(store, &sue), Some(0));
        let bob = officer(store, "bob");
        assert_eq!(review_count(store, &bob), None);
        let asked = store.ask_photo(NOW, ann.device, record, photo, 7).unwrap();
        assert!(matches!(asked, crate::store::PhotoAsked::Wanted(_)), "its photos are received as well");
        let jo = officer(store, "jo");
        let blank = store.decline(NOW, &jo, waits.dot(), "  ").unwrap_err();
        assert_eq!(code_of(&blank), Some(Code::Malformed), "a decision has a reason");
    });
}

#[test]
fn why_something_was_declined_goes_to_whoever_wrote_it() {
    each(|store, scratch| {
        let (mut ann, ..) =
            Phone::in_review(store, |ann, record| ann.answers(record, "where", "by the bus stop"));
        let waits = ann.sends(store, NOW + 1);
        assert!(ann.receipt(store, &waits).said.is_empty());
        let jo = officer(store, "jo");
        store.decline(NOW + 2, &jo, dot(&ann, 2), "It is at number 12").unwrap();
        let told = ann.sends(store, NOW + 3);
        assert_eq!(
            ann.receipt(store, &told).said,
            [(2, "It is at number 12".to_owned())],
            "{}",
            scratch.name
        );
    });
}

#[test]
fn what_one_colleague_has_approved_another_cannot_decline() {
    each(|store, scratch| {
        let (ann, record, _) =
            Phone::in_review(store, |ann, record| ann.answers(record, "where", "by the bus stop"));
        let jo = officer(store, "jo");
        store.approve(NOW + 2, &jo, dot(&ann, 2)).unwrap();
        let late = store.decline(NOW + 3, &jo, dot(&ann, 2), "It is at number 12").unwrap_err();
        assert_eq!(code_of(&late), Some(Code::NotFound), "{}", scratch.name);
        assert_eq!(wheres(store, record), [Value::text("by the bus stop")]);
    });
}

#[test]
fn whoever_has_a_role_without_a_device_is_stopped_and_what_their_device_brings_waits() {
    each(|store, _| {
        let (mut ann, mut bob) =
            (Phone::enrols(store, ANN, 1), Phone::enrols(store, "bob@example.gov.uk", 2));
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        store.put_officer(&ann_in(&[], Role::Auditor), None).unwrap();
        bob.reports("Dereham Road");
        bob.exchanges(store);
        ann.answers(record, "where", "by the bus stop");
        let told = ann.told.len();
        let reply = ann.sends(store, NOW + 1);
        assert_eq!((ann.told.len(), reply.stopped.is_some()), (told, true), "an auditor sees all, at a desk");
        assert_eq!(ann.receipt(store, &reply).verdicts, [in_review(2)]);
    });
}

#[test]
fn what_was_written_in_an_area_that_is_someone_elses_by_now_waits_for_a_colleague() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let jo = officer(store, "jo");
        let area = OfficeEdit {
            field: FieldKey::new(AREA),
            row: None,
            answer: "old-town".into(),
            seen: Some(seen(store, &jo, record, AREA)),
        };
        store.office_change(NOW, &jo, record, &[area]).unwrap();
        let away =
            OfficerFile { areas: vec!["riverside".into()], ..ann_in(&["wardens-north"], Role::Officer) };
        store.put_officer(&away, None).unwrap();
        ann.answers(record, "where", "by the bus stop");
        let reply = ann.sends(store, NOW + 40 * DAY_MS);
        assert_eq!(ann.receipt(store, &reply).verdicts.last(), Some(&in_review(2)));
    });
}
