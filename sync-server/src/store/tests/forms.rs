//! The life of a form, on both databases: brought in, published from a date, withdrawn, offered again.

use std::collections::BTreeSet;

use kerbside_core::change::{Context, Edit};
use kerbside_core::exchange::Verdict;
use kerbside_core::field::FieldKey;
use kerbside_core::form::{Codes, Form, FormFaultCode, FormProblem};
use kerbside_core::ids::OfficerId;
use kerbside_core::problem::Code;
use kerbside_core::value::Value;
use serde_json::json;

use super::phone::{Phone, put};
use super::{NOW, code_of, each};
use crate::store::{Brought, FormState, FormVersion, Publication, Store};

const ANN: &str = "ann@example.gov.uk";
const HOUR_MS: i64 = 3_600_000;

/// A form like the council's, with another question.
fn document(version: u32, question: &str) -> String {
    json!({
        "settings": {"form_id": "fly_tip", "version": version, "form_title": {"en": "Fly-tip"}, "service": "street",
            "ref_prefix": "FT"},
        "survey": [
            {"type": "text", "name": "where", "label": {"en": "Where is it?"}, "required": true},
            {"type": "integer", "name": question, "constraint": ". < 10"}
        ]
    })
    .to_string()
}

fn brought(document: &str) -> Brought {
    Brought { document: Some(document.to_owned()), source: "fly_tip.json".into(), by: None, problems: vec![] }
}

fn published(store: &mut Store, question: &str, publication: &Publication) -> FormVersion {
    let draft = store.keep_draft(NOW, &brought(&document(1, question))).unwrap();
    store.publish_draft(NOW, &draft.id, publication).unwrap().1
}

/// The forms a device of Ann's is offered at this moment.
fn offered(store: &mut Store, phone: &Phone, now_ms: i64) -> Vec<(String, u32)> {
    let push = phone.push(store, 1);
    let offers = store.take(now_ms, phone.device, &push).unwrap().offers;
    let forms = offers.into_iter().filter(|offer| offer.name != "council");
    forms.map(|offer| (offer.name, offer.version)).collect()
}

fn fly_tip(version: u32) -> Vec<(String, u32)> {
    vec![("form.fly_tip".to_owned(), version)]
}

#[test]
fn a_draft_gets_the_next_number_and_says_what_it_changes() {
    each(|store, _| {
        let lee = store.officer_by_email("lee@example.gov.uk").unwrap().unwrap().0;
        let by = Brought { by: Some(lee.id), ..brought(&document(1, "bags")) };
        let draft = store.keep_draft(NOW, &by).unwrap();
        assert_eq!(
            (draft.key.as_str(), draft.version, draft.imported_by.as_str()),
            ("fly_tip", 2, "Lee Grant")
        );
        let facts = draft.facts.unwrap();
        assert_eq!((facts.questions, facts.taps), (2, 3));
        let changed = facts.changed.unwrap();
        assert_eq!(
            (changed.from_version, changed.added, changed.removed),
            (1, vec!["bags".to_owned()], vec!["plate".to_owned(), "photos".to_owned()])
        );
        assert_eq!(draft.form.unwrap().version, 2);
        assert_eq!(store.drafts(NOW).unwrap().len(), 1);
        assert!(store.drafts(NOW).unwrap()[0].form.is_none());

        let again = store
            .keep_draft(NOW + 1, &Brought { by: Some(lee.id), ..brought(&document(7, "vans")) })
            .unwrap();
        assert_eq!(
            (again.id.as_str(), again.version),
            (draft.id.as_str(), 7),
            "the same file takes its own place"
        );
        let other = store.keep_draft(NOW + 2, &brought(&document(7, "vans"))).unwrap();
        assert_ne!(other.id, again.id, "another person's is another's");
        store.drop_draft(&again.id).unwrap();
        assert_eq!(code_of(&store.draft(NOW, &again.id).unwrap_err()), Some(Code::NotFound));
        assert_eq!(code_of(&store.drop_draft(&again.id).unwrap_err()), Some(Code::NotFound));
    });
}

#[test]
fn a_form_with_problems_is_kept_and_can_be_neither_tried_nor_published() {
    each(|store, _| {
        let stops = FormProblem::of_file(FormFaultCode::UnknownType, "?");
        let draft = store
            .keep_draft(NOW, &Brought { problems: vec![stops], ..brought(&document(1, "bags")) })
            .unwrap();
        assert!(draft.form.is_none() && draft.facts.is_none());
        assert_eq!(store.draft(NOW, &draft.id).unwrap().problems[0].what, "?");
        assert_eq!(code_of(&store.draft_form(&draft.id).unwrap_err()), Some(Code::FormStopped));
        let refused = store.publish_draft(NOW, &draft.id, &Publication::default()).unwrap_err();
        assert_eq!(code_of(&refused), Some(Code::FormStopped));
        let nothing = store.keep_draft(NOW, &Brought { document: None, ..brought("") }).unwrap();
        assert_eq!(nothing.id, "");
        assert_eq!(store.drafts(NOW).unwrap().len(), 1);
    });
}

#[test]
fn what_is_published_is_offered_from_its_date_and_withdrawing_it_leaves_the_one_before() {
    each(|store, _| {
        let ann = Phone::enrols(store, ANN, 1);
        assert_eq!(offered(store, &ann, NOW), fly_tip(1), "a settings file publishes at once");
        let lee = store.officer_by_email("lee@example.gov.uk").unwrap().unwrap().0.id;
        let tomorrow = NOW + 24 * HOUR_MS;
        let later = Publication { by: Some(lee), from_ms: Some(tomorrow), teams: None };
        let second = published(store, "bags", &later);
        assert_eq!((second.version, second.state, second.from_ms), (2, FormState::Waiting, tomorrow));
        assert_eq!(second.published_by.as_deref(), Some("Lee Grant"));
        assert!(store.drafts(NOW).unwrap().is_empty(), "it is a draft no longer");
        assert_eq!(offered(store, &ann, tomorrow - 1), fly_tip(1));
        assert_eq!(offered(store, &ann, tomorrow), fly_tip(2));

        let withdrawn = store.withdraw_form(tomorrow, lee, "fly_tip", 2).unwrap();
        assert_eq!(withdrawn.state, FormState::Withdrawn);
        assert_eq!(offered(store, &ann, tomorrow), fly_tip(1));
        let officer = store.officer_by_email(ANN).unwrap().unwrap().0;
        assert!(
            store.pack("form.fly_tip", 2, &officer).unwrap().is_some(),
            "drafts and records still read it"
        );
        store.withdraw_form(tomorrow, lee, "fly_tip", 1).unwrap();
        assert_eq!(offered(store, &ann, tomorrow), []);

        let back = store.offer_form(NOW + 1, "fly_tip", 2).unwrap();
        assert_eq!((back.state, back.from_ms, back.published_ms), (FormState::Published, NOW + 1, NOW));
        let states: Vec<_> = store.form_lines(NOW + 1).unwrap()[0]
            .versions
            .iter()
            .map(|each| (each.version, each.state))
            .collect();
        assert_eq!(states, [(2, FormState::Published), (1, FormState::Withdrawn)]);
        assert_eq!(
            code_of(&store.withdraw_form(NOW, lee, "fly_tip", 9).unwrap_err()),
            Some(Code::UnknownForm)
        );
    });
}

#[test]
fn a_form_is_given_to_teams_and_a_settings_file_loaded_again_takes_none_away() {
    each(|store, _| {
        let teams =
            |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>());
        let to_parking = Publication { teams: teams(&["parking"]), ..Publication::default() };
        published(store, "bags", &to_parking);
        let has_it = |store: &mut Store| store.form_lines(NOW).unwrap()[0].teams.clone();
        assert_eq!(has_it(store), ["parking"]);
        let ann = Phone::enrols(store, ANN, 1);
        assert_eq!(offered(store, &ann, NOW), []);
        let tom = Phone::enrols(store, "tom@example.gov.uk", 2);
        assert_eq!(offered(store, &tom, NOW), fly_tip(2));
        store.load_council(&super::council(), &std::collections::BTreeMap::new()).unwrap();
        assert_eq!(has_it(store), ["parking", "wardens-north"]);
        let nowhere = Publication { teams: teams(&["nowhere"]), ..Publication::default() };
        let draft = store.keep_draft(NOW, &brought(&document(1, "vans"))).unwrap();
        let refused = store.publish_draft(NOW, &draft.id, &nowhere).unwrap_err();
        assert_eq!(code_of(&refused), Some(Code::Malformed));
        assert_eq!(
            has_it(store),
            ["parking", "wardens-north"],
            "a refused publication leaves nothing behind"
        );
        assert_eq!(store.form_lines(NOW).unwrap()[0].versions.len(), 2);
    });
}

#[test]
fn what_a_version_says_never_changes_and_the_same_form_is_the_same_version() {
    each(|store, _| {
        let all = Publication::default();
        let first = published(store, "bags", &all);
        let body = store.form("fly_tip", first.version).unwrap().unwrap().resolved_json();
        assert_eq!(published(store, "bags", &all).version, first.version, "nothing is new in it");
        assert_eq!(published(store, "vans", &all).version, first.version + 1);
        assert_eq!(store.form("fly_tip", first.version).unwrap().unwrap().resolved_json(), body);
        let other = Form::parse(&document(first.version, "trees"), &Codes::default()).unwrap();
        assert!(store.put_form(NOW, &other).is_err(), "a settings file may not say otherwise either");
        let withdrawn = store.withdraw_form(NOW, OfficerId(1), "fly_tip", first.version + 1).unwrap();
        assert_eq!(withdrawn.state, FormState::Withdrawn);
        assert_eq!(
            published(store, "vans", &all).state,
            FormState::Published,
            "published again, it is offered again"
        );
    });
}

#[test]
fn records_are_counted_by_the_version_they_were_written_by() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        ann.reports("Mile Cross Road");
        ann.reports("Aylsham Road");
        ann.exchanges(store);
        published(store, "bags", &Publication::default());
        let records: Vec<_> =
            store.form_lines(NOW).unwrap()[0].versions.iter().map(|each| each.records).collect();
        assert_eq!(records, [0, 2]);
    });
}

fn number(field: &str, number: i64) -> Edit {
    Edit::Put { field: FieldKey::new(field), context: Context::default(), value: Value::Int(number) }
}

#[test]
fn a_device_whose_answers_break_the_form_is_taken_and_flagged() {
    each(|store, _| {
        published(store, "bags", &Publication::default());
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.saves_with(record, 2, vec![number("bags", 12)]);
        ann.saves_with(record, 2, vec![number("bags", 3)]);
        ann.answers(record, "where", "");
        ann.saves_with(
            record,
            2,
            vec![Edit::Put {
                field: FieldKey::new("where"),
                context: Context::default(),
                value: Value::Null,
            }],
        );
        ann.saves_with(record, 2, vec![Edit::Note { kind: "note".into(), text: "Seen".into() }]);
        let reply = ann.exchanges(store);
        let faults = Verdict::Flagged(Code::Faults.name().to_owned());
        assert_eq!(ann.receipt(store, &reply).verdicts, [(2, faults.clone()), (5, faults)]);
        assert_eq!(store.verify().unwrap().changes, 6, "none of it was refused");
    });
}

#[test]
fn what_another_hour_or_the_office_explains_is_nobodys_fault() {
    each(|store, _| {
        let form = json!({
            "settings": {"form_id": "fly_tip", "version": 2, "form_title": {"en": "Fly-tip"}, "service": "street", "ref_prefix": "FT"},
            "survey": [
                {"type": "text", "name": "where"},
                {"type": "date", "name": "due", "constraint": ". >= today()"},
                {"type": "integer", "name": "limit", "office": true},
                {"type": "integer", "name": "bags", "constraint": "${limit} = '' or . <= ${limit}"}
            ]
        });
        store.publish_form(NOW, &form.to_string(), &Publication::default()).unwrap();
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        let date = |year, month, day| Edit::Put {
            field: FieldKey::new("due"),
            context: Context::default(),
            value: Value::Date { year, month, day },
        };
        // NOW is 26 October 2026: the day before is today somewhere, the year before is not.
        ann.saves_with(record, 2, vec![date(2026, 10, 25)]);
        ann.saves_with(record, 2, vec![date(2025, 10, 25)]);
        ann.saves_with(record, 2, vec![number("limit", 5)]);
        ann.saves_with(record, 2, vec![number("bags", 7)]);
        let reply = ann.exchanges(store);
        let faults = Verdict::Flagged(Code::Faults.name().to_owned());
        assert_eq!(ann.receipt(store, &reply).verdicts, [(3, faults)]);
    });
}

#[test]
fn a_change_of_an_older_form_is_not_held_against_a_newer_one() {
    each(|store, _| {
        published(store, "bags", &Publication::default());
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.saves_with(record, 2, vec![number("bags", 3)]);
        ann.saves(record, vec![put("where", Context::default(), "")]);
        ann.saves(
            record,
            vec![Edit::Put {
                field: FieldKey::new("where"),
                context: Context::default(),
                value: Value::Null,
            }],
        );
        let reply = ann.exchanges(store);
        assert_eq!(ann.receipt(store, &reply).verdicts, []);
    });
}
