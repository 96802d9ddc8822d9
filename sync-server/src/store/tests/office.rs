//! The office writes by the rules of devices, on both databases.

use kerbside_core::field::FieldKey;
use kerbside_core::problem::Code;
use kerbside_core::value::Value;

use super::phone::Phone;
use super::{NOW, code_of, each};
use crate::store::{Faulty, Happening, OfficeEdit, Officer, Store};

fn officer(store: &mut Store, name: &str) -> Officer {
    store.officer_by_email(&format!("{name}@example.gov.uk")).unwrap().unwrap().0
}

fn answer(text: &str, seen: Option<&str>) -> OfficeEdit {
    OfficeEdit {
        field: FieldKey::new("where"),
        row: None,
        answer: text.into(),
        seen: seen.map(str::to_owned),
    }
}

fn seen(store: &mut Store, who: &Officer, record: kerbside_core::ids::RecordId) -> String {
    let case = store.case(who, record).unwrap();
    case.view.fields.iter().find(|shown| shown.path == "where").unwrap().seen.clone()
}

#[test]
fn a_desk_that_did_not_see_its_own_newest_answer_is_told_so() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let jo = officer(store, "jo");
        let before = seen(store, &jo, record);
        store.office_change(NOW, &jo, record, &[answer("at number 12", Some(&before))]).unwrap();
        // A second tab still shows what was there before.
        let late =
            store.office_change(NOW, &jo, record, &[answer("at number 14", Some(&before))]).unwrap_err();
        assert_eq!(code_of(&late), Some(Code::NewerAnswer));
        let unseen = store.office_change(NOW, &jo, record, &[answer("at number 14", None)]).unwrap_err();
        assert_eq!(code_of(&unseen), Some(Code::SeenMissing));
        let other = OfficeEdit { field: FieldKey::new("plate"), ..answer("AB12 CDE", Some(&before)) };
        let misplaced = store.office_change(NOW, &jo, record, &[other]).unwrap_err();
        assert_eq!(code_of(&misplaced), Some(Code::SeenMissing));
        let fresh = seen(store, &jo, record);
        store.office_change(NOW, &jo, record, &[answer("at number 14", Some(&fresh))]).unwrap();
        let state = store.record(record).unwrap().unwrap();
        assert_eq!(state.answers(&FieldKey::new("where")), [Value::text("at number 14")]);
    });
}

#[test]
fn a_desk_and_a_warden_who_disagree_both_keep_their_answer() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let jo = officer(store, "jo");
        let shown = seen(store, &jo, record);
        store.office_change(NOW, &jo, record, &[answer("at number 12", Some(&shown))]).unwrap();
        ann.answers(record, "where", "at number 21");
        ann.exchanges(store);
        assert_eq!(ann.base[&record].two_answers(), 1);
        assert_eq!(store.trays(&jo).unwrap().iter().find(|tray| tray.key == "two_answers").unwrap().count, 1);

        let all = seen(store, &jo, record);
        store.office_change(NOW + 1, &jo, record, &[answer("at number 21", Some(&all))]).unwrap();
        let case = store.case(&jo, record).unwrap();
        let kinds: Vec<_> = case.timeline.iter().map(|line| (line.kind, line.office)).collect();
        assert_eq!(
            kinds,
            [
                (Happening::Created, false),
                (Happening::Changed, true),
                (Happening::Changed, false),
                (Happening::Chose, true),
            ]
        );
        assert_eq!(case.timeline[3].from.as_ref().unwrap().len(), 2);
        assert_eq!(case.view.two_answers, 0);
    });
}

#[test]
fn an_answer_that_breaks_the_form_is_given_back_with_its_fault() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let jo = officer(store, "jo");
        let shown = seen(store, &jo, record);
        let emptied = OfficeEdit { answer: serde_json::Value::Null, ..answer("", Some(&shown)) };
        let refused = store.office_change(NOW, &jo, record, &[emptied]).unwrap_err();
        assert_eq!(refused.downcast_ref::<Faulty>().unwrap().0[0].field, FieldKey::new("where"));
        let unknown = OfficeEdit { field: FieldKey::new("colour"), ..answer("blue", Some("")) };
        assert!(store.office_change(NOW, &jo, record, &[unknown]).unwrap_err().is::<Faulty>());
        assert_eq!(store.verify().unwrap().changes, 1, "nothing was written");
    });
}

#[test]
fn who_may_not_see_a_record_finds_none_and_who_may_not_write_is_told_so() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let (tom, lee, val) = (officer(store, "tom"), officer(store, "lee"), officer(store, "val"));
        for stranger in [&tom, &lee] {
            let refused = store.case(stranger, record).unwrap_err();
            assert_eq!(code_of(&refused), Some(Code::NotFound));
            let refused =
                store.office_change(NOW, stranger, record, &[answer("mine", Some(""))]).unwrap_err();
            assert_eq!(code_of(&refused), Some(Code::NotFound));
        }
        assert_eq!(code_of(&store.trays(&lee).unwrap_err()), Some(Code::NotAllowed));
        assert!(store.search(&tom, "mile").unwrap().records.is_empty());
        assert!(!store.case(&val, record).unwrap().may_edit);
        let refused = store.office_change(NOW, &val, record, &[answer("mine", Some(""))]).unwrap_err();
        assert_eq!(code_of(&refused), Some(Code::NotAllowed));
    });
}

#[test]
fn trays_page_newest_first_and_a_search_takes_signs_as_they_stand() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        for place in ["Mile Cross Road", "100% of Aylsham Road", "Dereham_Road"] {
            ann.reports(place);
        }
        ann.exchanges(store);
        let jo = officer(store, "jo");
        let first = store.tray(&jo, "team:wardens-north", None, 2).unwrap();
        let references = |page: &crate::store::TrayPage| {
            page.records.iter().map(|line| line.office_reference.clone().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(references(&first), ["FT-000003", "FT-000002"]);
        let second = store.tray(&jo, "team:wardens-north", first.next, 2).unwrap();
        assert_eq!((references(&second), second.next), (vec!["FT-000001".to_owned()], None));
        assert_eq!(references(&store.search(&jo, "0% of").unwrap()), ["FT-000002"]);
        assert_eq!(references(&store.search(&jo, "m_l").unwrap()), Vec::<String>::new());
        assert_eq!(references(&store.search(&jo, "ft-000003").unwrap()), ["FT-000003"]);
        assert_eq!(code_of(&store.tray(&jo, "nowhere", None, 2).unwrap_err()), Some(Code::NotFound));
    });
}

#[test]
fn a_note_from_a_desk_reaches_the_device() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, "ann@example.gov.uk", 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let jo = officer(store, "jo");
        store.office_note(NOW, &jo, record, " Contractor booked for Tuesday ").unwrap();
        ann.exchanges(store);
        let notes: Vec<_> = ann.base[&record].notes().map(|note| note.text.clone()).collect();
        assert_eq!(notes, ["Contractor booked for Tuesday"]);
        assert_eq!(code_of(&store.office_note(NOW, &jo, record, "  ").unwrap_err()), Some(Code::Malformed));
    });
}
