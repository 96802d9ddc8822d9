//! What is nearby, in a vault of fly-tips along a street.

use super::*;
use kerbside_core::field::STATUS;
use kerbside_core::value::Value;
use serde_json::{Value as Json, json};

const NOW: Reading = Reading { wall_ms: 1_773_652_364_000, monotonic_ms: 0, offset_min: 0 };
/// A street along which a thousandth of a degree is 111 metres.
const LAT: f64 = 52.6285;

fn form(nearby_m: &str) -> String {
    json!({
        "settings": {"form_id": "tip", "version": 1, "form_title": {"en": "Fly-tip"}, "service": "street", "ref_prefix": "FT",
            "other": {"nearby_m": nearby_m}, "instance_name": "${what}"},
        "survey": [
            {"type": "image", "name": "photos", "label": {"en": "Photos"}},
            {"type": "geopoint", "name": "where", "label": {"en": "Where is it?"}, "required": true},
            {"type": "text", "name": "what", "label": {"en": "What is it?"}}
        ]
    })
    .to_string()
}

fn vault(nearby_m: &str) -> Vault {
    let mut vault = crate::exchange::tests::vault(1, 1);
    vault.keep_pack("form.tip", 1, form(nearby_m).as_bytes()).unwrap();
    vault
}

/// A place this many metres up the street.
fn at(metres: f64) -> Json {
    json!({"lat": LAT + metres / 111_195.0, "lon": 1.292, "altitude_m": null, "accuracy_m": 5.0,
        "fixed_at": "2026-03-16T09:12:40Z", "source": "gnss"})
}

fn tip(ann: &mut Vault, what: &str, metres: f64) -> RecordId {
    let answers = json!({"where": at(metres), "what": what});
    ann.create("tip", answers.as_object().unwrap(), &[], NOW).unwrap().record
}

fn begun(ann: &mut Vault, metres: f64) -> RowId {
    let draft = ann.start_draft("tip", NOW).unwrap().id;
    ann.answer(draft, &FieldKey::new("where"), &at(metres), NOW).unwrap();
    ann.answer(draft, &FieldKey::new("what"), &json!("Two sofas"), NOW).unwrap();
    draft
}

fn listed(nearby: &Nearby) -> Vec<(String, u32)> {
    nearby.reports.iter().map(|report| (report.summary.clone(), report.metres)).collect()
}

#[test]
fn open_reports_of_the_same_form_are_found_nearest_first_within_what_the_form_says() {
    let mut ann = vault("30");
    for (what, metres) in [("a mattress", 25.0), ("tyres", 8.0), ("a fridge", 31.0), ("bags", -20.0)] {
        tip(&mut ann, what, metres);
    }
    let draft = begun(&mut ann, 0.0);
    let nearby = ann.nearby(draft).unwrap();
    let expected = [("tyres", 8), ("bags", 20), ("a mattress", 25)];
    assert_eq!(listed(&nearby), expected.map(|(what, metres)| (what.to_owned(), metres)));
    assert_eq!((nearby.radius_m, nearby.photos), (30, 0));
    assert!(nearby.reports[0].reference.is_some());

    let mut wider = vault("35");
    tip(&mut wider, "a fridge", 31.0);
    let draft = begun(&mut wider, 0.0);
    assert_eq!(wider.nearby(draft).unwrap().reports.len(), 1);
    let mut off = vault("0");
    tip(&mut off, "a fridge", 1.0);
    let draft = begun(&mut off, 0.0);
    assert_eq!(off.nearby(draft).unwrap().reports, []);
}

#[test]
fn what_moved_is_withdrawn_or_is_done_with_counts_no_more() {
    let mut ann = vault("30");
    let (moved, withdrawn, fixed) =
        (tip(&mut ann, "tyres", 5.0), tip(&mut ann, "bags", 6.0), tip(&mut ann, "a fridge", 7.0));
    let draft = begun(&mut ann, 0.0);
    assert_eq!(ann.nearby(draft).unwrap().reports.len(), 3);
    ann.edit(moved, json!({"where": at(300.0)}).as_object().unwrap(), &[], NOW).unwrap();
    ann.withdraw(withdrawn, "The same thing twice", NOW).unwrap();
    let status = Edit::Put {
        field: FieldKey::new(STATUS),
        context: kerbside_core::change::Context::default(),
        value: Value::code("fixed"),
    };
    ann.save_edits(fixed, vec![status], NOW).unwrap();
    assert_eq!(ann.nearby(draft).unwrap().reports, []);
    let there = begun(&mut ann, 300.0);
    assert_eq!(listed(&ann.nearby(there).unwrap()), [("tyres".to_owned(), 0)], "found where it is now");
}

#[test]
fn a_report_says_on_itself_which_others_it_is_and_which_it_is_not() {
    let mut ann = vault("30");
    let (tyres, bags) = (tip(&mut ann, "tyres", 5.0), tip(&mut ann, "bags", 6.0));
    for (compared, field) in [
        (Compared { same: vec![tyres], apart: vec![] }, SAME_AS),
        (Compared { same: vec![], apart: vec![tyres, bags] }, APART),
    ] {
        let draft = begun(&mut ann, 0.0);
        let photo = crate::photos::tests::with_exif(&crate::photos::tests::two_halves(80, 40), 1);
        let origin = crate::photos::Origin::from(crate::photos::PhotoFrom::Camera);
        let kept = ann.photograph(draft, &FieldKey::new("photos"), &photo, &origin, NOW).unwrap().sha256;
        assert_eq!(ann.nearby(draft).unwrap().photos, 1);
        let saved = ann.save_compared(draft, &compared, NOW).unwrap();
        let head = ann.head(saved.record).unwrap();
        for other in [SAME_AS, APART] {
            let said =
                head.set(&FieldKey::new(other)).map(|set| set.members().into_iter().collect::<Vec<_>>());
            let named = if other == field {
                [compared.same.clone(), compared.apart.clone()].concat()
            } else {
                vec![]
            };
            let named: Vec<_> = named.iter().map(|record| Member::Text(record.to_string())).collect();
            assert_eq!(said.unwrap_or_default(), named, "{other}");
        }
        let answer = head.answers(&FieldKey::new("what"));
        assert_eq!(answer, [Value::text("Two sofas")], "it is sent whole");
        assert_eq!(
            ann.show(saved.record).unwrap().photos.iter().map(|photo| photo.sha256).collect::<Vec<_>>(),
            [kept]
        );
        assert!(ann.draft(draft, NOW).is_err(), "the draft is the record now");
        ann.withdraw(saved.record, "Once is enough", NOW).unwrap();
    }
}

#[test]
fn no_more_are_named_than_were_offered_and_the_draft_stays() {
    let mut ann = vault("30");
    let others: Vec<_> = (0..=MOST).map(|_| tip(&mut ann, "tyres", 5.0)).collect();
    let draft = begun(&mut ann, 0.0);
    assert_eq!(ann.nearby(draft).unwrap().reports.len(), MOST);
    let mut compared = Compared { same: vec![others[0]], apart: others[1..].to_vec() };
    let refused = ann.save_compared(draft, &compared, NOW).unwrap_err();
    assert_eq!(refused.downcast_ref::<Problem>().map(|problem| problem.code), Some(Code::NotUnderstood));
    assert!(ann.draft(draft, NOW).is_ok());
    compared.apart.pop();
    ann.save_compared(draft, &compared, NOW).unwrap();
}

#[test]
fn places_are_worked_out_some_at_a_time_and_again_only_where_something_changed() {
    let mut ann = vault("30");
    let street: Vec<RecordId> =
        (0..=AT_ONCE).map(|number| tip(&mut ann, "tyres", f64::from(number) * 100.0)).collect();
    let steps = |ann: &mut Vault| {
        let mut after = 0;
        std::iter::from_fn(|| {
            after = ann.work_out_spots(after).unwrap()?;
            Some(after)
        })
        .count()
    };
    assert_eq!(steps(&mut ann), 2, "two hundred, and the one after them");
    assert_eq!(steps(&mut ann), 0);
    ann.edit(street[7], json!({"where": at(-50.0)}).as_object().unwrap(), &[], NOW).unwrap();
    assert_eq!(steps(&mut ann), 1);
    let there = begun(&mut ann, -50.0);
    assert_eq!(listed(&ann.nearby(there).unwrap()), [("tyres".to_owned(), 0)]);
}
