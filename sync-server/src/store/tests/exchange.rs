//! What the server does with what devices push, on both databases.

use kerbside_core::change::{ChangeBytes, Context, Edit};
use kerbside_core::exchange::{Item, Paging, Verdict, Wants};
use kerbside_core::field::{FieldKey, TEAM};
use kerbside_core::ids::{Actor, Dot, Sha256};
use kerbside_core::problem::Code;
use kerbside_core::value::Value;

use super::phone::{Phone, put};
use super::{NOW, code_of, each, form};
use crate::store::OfficeEdit;

const ANN: &str = "ann@example.gov.uk";
const BOB: &str = "bob@example.gov.uk";
const TOM: &str = "tom@example.gov.uk";
const JO: &str = "jo@example.gov.uk";

#[test]
fn a_report_reaches_the_officers_of_its_team_and_nobody_else() {
    each(|store, _| {
        let (mut ann, mut bob, mut tom) =
            (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2), Phone::enrols(store, TOM, 3));
        bob.exchanges(store);
        let record = ann.reports("Mile Cross Road");
        let reply = ann.exchanges(store);
        assert_eq!(ann.receipt(store, &reply).through, 1);
        bob.exchanges(store);
        tom.exchanges(store);
        assert_eq!(bob.base.get(&record), ann.base.get(&record));
        assert_eq!(bob.references[&record], "FT-000001");
        assert!(tom.base.is_empty());
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn the_same_push_may_come_any_number_of_times() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        ann.reports("Mile Cross Road");
        ann.reports("Aylsham Road");
        let push = ann.push(store, 1);
        let first = store.take(NOW, ann.device, &push).unwrap();
        let again = store.take(NOW + 5, ann.device, &push).unwrap();
        assert_eq!((first.hwm, again.hwm, again.fork), (2, 2, false));
        assert_eq!(ann.receipt(store, &first), ann.receipt(store, &again));
        assert_eq!(store.verify().unwrap().changes, 2);
    });
}

#[test]
fn two_wardens_who_disagree_both_keep_their_answer_until_the_office_chooses() {
    each(|store, _| {
        let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        bob.exchanges(store);
        ann.answers(record, "where", "by the bus stop");
        bob.answers(record, "where", "behind the garages");
        ann.exchanges(store);
        bob.exchanges(store);
        ann.exchanges(store);
        let field = FieldKey::new("where");
        assert_eq!(ann.base[&record].answers(&field).len(), 2);
        assert_eq!(ann.base[&record], bob.base[&record]);

        let (jo, _) = store.officer_by_email(JO).unwrap().unwrap();
        assert_eq!(store.tray(&jo, "two_answers", None, 10).unwrap().records.len(), 1);
        let case = store.case(&jo, record).unwrap();
        let seen = case.view.fields.iter().find(|shown| shown.field == field).unwrap().seen.clone();
        let choice = OfficeEdit {
            field: field.clone(),
            row: None,
            answer: "by the bus stop".into(),
            seen: Some(seen),
        };
        store.office_change(NOW + 2_000, &jo, record, &[choice]).unwrap();
        ann.exchanges(store);
        bob.exchanges(store);
        assert_eq!(ann.base[&record].answers(&field), [Value::text("by the bus stop")]);
        assert_eq!(ann.base[&record], bob.base[&record]);
    });
}

#[test]
fn a_cloned_phone_is_found_out_and_loses_nothing() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let mut clone = ann.clone();
        ann.reports("Aylsham Road");
        assert!(!ann.exchanges(store).fork);
        clone.reports("Dereham Road");
        let reply = clone.exchanges(store);
        assert!(reply.fork && reply.items.is_empty());
        assert!(reply.cursor.is_empty(), "it stays where it was");
        assert_eq!(store.verify().unwrap().changes, 2, "nothing of the clone's was taken");

        assert_eq!(clone.retires(store), [1], "the first is the server's as well, the second is not");
        let retired = ann.push(store, 1);
        assert!(store.take(NOW, ann.device, &retired).unwrap().fork, "the other clone has to retire as well");
        let before = ann.actor;
        ann.retires(store);
        assert!(ann.actor != before && ann.actor != clone.actor);
    });
}

#[test]
fn a_clone_that_wrote_less_than_the_server_holds_is_a_fork_too() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let mut clone = ann.clone();
        ann.reports("Mile Cross Road");
        ann.reports("Aylsham Road");
        ann.exchanges(store);
        clone.reports("Dereham Road");
        assert!(clone.exchanges(store).fork);
        let mut silent = ann.clone();
        silent.own[0][20] ^= 1;
        silent.own.truncate(1);
        assert!(silent.exchanges(store).fork);
    });
}

#[test]
fn an_act_that_comes_again_under_another_dot_is_known() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        let first = ChangeBytes::received(ann.own[0].clone()).read().unwrap();
        ann.retires(store);
        let again =
            kerbside_core::change::Change { actor: ann.actor, was: Some(first.dot()), ..first.clone() };
        ann.own = vec![ChangeBytes::write(&again).into_bytes()];
        let reply = ann.exchanges(store);
        assert_eq!(ann.receipt(store, &reply).verdicts, [(1, Verdict::Duplicate(first.dot()))]);
        assert_eq!(store.verify().unwrap().changes, 1);
        assert!(ann.base.contains_key(&record));
    });
}

#[test]
fn what_is_refused_consumes_its_counter_and_what_follows_is_taken() {
    each(|store, _| {
        let (mut ann, mut tom) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, TOM, 3));
        let record = ann.reports("Mile Cross Road");
        ann.own[0].truncate(30);
        let other = tom.reports("Castle Meadow");
        let foreign = tom.own[0].clone();
        ann.own.push(foreign);
        ann.saves(record, vec![put("where", Context::default(), "nowhere yet")]);
        tom.exchanges(store);
        ann.saves(other, vec![put("where", Context::default(), "not mine")]);
        ann.saves(other, vec![Edit::Create]);
        let invented = Context::new([Dot { actor: Actor(999), counter: 1 }]);
        let good = ann.reports("Aylsham Road");
        ann.saves(good, vec![put("where", invented, "from the future")]);
        let own_future = Context::new([Dot { actor: ann.actor, counter: 99 }]);
        ann.saves(good, vec![put("where", own_future, "from my future")]);
        let reply = ann.exchanges(store);
        let refused = |code: Code| Verdict::Refused(code.name().to_owned());
        assert_eq!(
            ann.receipt(store, &reply).verdicts,
            [
                (1, refused(Code::Malformed)),
                (2, refused(Code::ActorNotYours)),
                (3, refused(Code::RecordUnknown)),
                (4, refused(Code::NotYourTeam)),
                (5, refused(Code::RecordExists)),
                (7, refused(Code::BadContext)),
                (8, refused(Code::BadContext)),
            ]
        );
        assert_eq!(reply.hwm, 8);
        assert!(ann.references.contains_key(&good));
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn a_change_that_builds_on_one_that_has_not_come_is_held_until_it_comes() {
    each(|store, _| {
        let (mut ann, mut bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        bob.exchanges(store);
        ann.answers(record, "where", "by the bus stop");
        // Bob has seen Ann's second change though the server has not: it was restored since.
        let seen = ann.head(record).context(&FieldKey::new("where"));
        bob.saves(record, vec![put("where", seen, "behind the garages")]);
        bob.answers(record, "plate", "AB12 CDE");
        let reply = bob.exchanges(store);
        assert_eq!(bob.receipt(store, &reply).verdicts, [(1, Verdict::Held), (2, Verdict::Held)]);
        assert_eq!(reply.hwm, 2);

        ann.exchanges(store);
        let reply = bob.exchanges(store);
        assert_eq!(bob.receipt(store, &reply).verdicts, []);
        ann.exchanges(store);
        assert_eq!(ann.base[&record].answers(&FieldKey::new("where")), [Value::text("behind the garages")]);
        assert_eq!(ann.base[&record].answers(&FieldKey::new("plate")), [Value::text("AB12 CDE")]);
        assert_eq!(ann.base[&record], bob.base[&record]);
        assert_eq!(store.verify().unwrap().integrity, "ok");
    });
}

#[test]
fn what_only_the_office_can_judge_is_taken_and_flagged() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.saves_with(record, 7, vec![put("colour", Context::default(), "blue")]);
        ann.answers(record, "plate", "AB12 CDE");
        ann.answers(record, "plate", "AB12 CDF");
        ann.saves(record, vec![put("colour", Context::default(), "blue")]);
        let reply = ann.exchanges(store);
        let flagged = |code: Code| Verdict::Flagged(code.name().to_owned());
        assert_eq!(
            ann.receipt(store, &reply).verdicts,
            [(2, flagged(Code::UnknownForm)), (4, flagged(Code::AnsweredOnce)), (5, flagged(Code::Faults)),]
        );
        assert_eq!(store.verify().unwrap().changes, 5);
        store.put_form(NOW, &form(7)).unwrap();
    });
}

#[test]
fn a_push_that_leaves_a_gap_is_told_where_to_begin() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        ann.reports("Mile Cross Road");
        ann.reports("Aylsham Road");
        let push = ann.push(store, 2);
        let reply = store.take(NOW, ann.device, &push).unwrap();
        assert_eq!((reply.hwm, reply.fork), (0, false));
        assert_eq!(ann.exchanges(store).hwm, 2);
    });
}

#[test]
fn a_head_that_another_key_signed_or_that_belongs_to_another_push_is_refused() {
    each(|store, _| {
        let (mut ann, bob) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, BOB, 2));
        ann.reports("Mile Cross Road");
        let mut push = ann.push(store, 1);
        push.head = bob.push(store, 1).head;
        let refused = store.take(NOW, ann.device, &push).unwrap_err();
        assert_eq!(code_of(&refused), Some(Code::ProofWrong));
        let mut cut = ann.push(store, 1);
        cut.changes.clear();
        assert_eq!(code_of(&store.take(NOW, ann.device, &cut).unwrap_err()), Some(Code::Malformed));
        let other = bob.push(store, 1);
        assert_eq!(code_of(&store.take(NOW, ann.device, &other).unwrap_err()), Some(Code::ProofWrong));
    });
}

#[test]
fn a_record_that_changes_teams_leaves_one_side_and_enters_the_other() {
    each(|store, _| {
        let (mut ann, mut tom) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, TOM, 3));
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        tom.exchanges(store);
        let refused = ann.saves(
            record,
            vec![Edit::Put {
                field: FieldKey::new(TEAM),
                context: Context::default(),
                value: Value::code("parking"),
            }],
        );
        let reply = ann.exchanges(store);
        let verdicts = ann.receipt(store, &reply).verdicts;
        assert_eq!(verdicts, [(refused.counter, Verdict::Refused(Code::NotAllowed.name().to_owned()))]);

        let (jo, _) = store.officer_by_email(JO).unwrap().unwrap();
        let to = |team: &str, seen: &str| OfficeEdit {
            field: FieldKey::new(TEAM),
            row: None,
            answer: team.into(),
            seen: Some(seen.to_owned()),
        };
        store.office_change(NOW, &jo, record, &[to("parking", "")]).unwrap();
        ann.answers(record, "where", "said while it was leaving");
        let late = ann.exchanges(store);
        assert_eq!(late.hwm, 3);
        tom.exchanges(store);
        assert!(ann.base.is_empty() && matches!(ann.told.last(), Some(Item::Leave { .. })));
        assert_eq!(tom.base[&record], store.record(record).unwrap().unwrap());
        assert!(matches!(tom.told[0], Item::Enter { .. }));

        let case = store.case(&jo, record).unwrap();
        let seen = case.view.fields.iter().find(|shown| shown.path == TEAM).unwrap().seen.clone();
        store.office_change(NOW + 1, &jo, record, &[to("wardens-north", &seen)]).unwrap();
        ann.exchanges(store);
        tom.exchanges(store);
        assert!(tom.base.is_empty());
        assert_eq!(ann.base[&record], store.record(record).unwrap().unwrap());
    });
}

#[test]
fn a_fresh_device_is_filled_page_by_page_and_misses_nothing_written_meanwhile() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let records: Vec<_> = (0..120).map(|number| ann.reports(&format!("Street {number}"))).collect();
        ann.exchanges(store);
        let mut bob = Phone::enrols(store, BOB, 2);
        let mut pagings = Vec::new();
        loop {
            let mut push = bob.push(store, 1);
            push.wants = Wants { items: 0, bytes: 8_000, records: vec![] };
            let reply = store.take(NOW, bob.device, &push).unwrap();
            pagings.push(reply.paging);
            bob.hears(&reply);
            if pagings.len() == 2 {
                ann.answers(records[0], "where", "changed while Bob was being filled");
                ann.reports("Written while Bob was being filled");
                ann.exchanges(store);
            }
            if !reply.more {
                break;
            }
        }
        assert_eq!(pagings[0], Paging::First);
        assert!(pagings.contains(&Paging::Middle) && pagings.contains(&Paging::Last), "{pagings:?}");
        assert_eq!(bob.base, ann.base);
        assert_eq!(bob.base.len(), 121);
        let idle = bob.exchanges(store);
        assert!(idle.items.is_empty());
    });
}

#[test]
fn a_record_is_entered_anew_when_a_device_asks_for_it() {
    each(|store, _| {
        let (mut ann, mut tom) = (Phone::enrols(store, ANN, 1), Phone::enrols(store, TOM, 3));
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        ann.base.clear();
        let mut push = ann.push(store, 1);
        push.wants.records = vec![record];
        let reply = store.take(NOW, ann.device, &push).unwrap();
        ann.hears(&reply);
        assert_eq!(ann.base.len(), 1);

        tom.exchanges(store);
        let mut push = tom.push(store, 1);
        push.wants.records = vec![record];
        assert!(store.take(NOW, tom.device, &push).unwrap().items.is_empty(), "not of his team");
    });
}

#[test]
fn commits_of_many_devices_at_once_are_numbered_without_a_gap() {
    each(|store, scratch| {
        let phones: Vec<_> =
            (1..7).map(|key| Phone::enrols(store, if key % 2 == 0 { ANN } else { BOB }, key)).collect();
        let threads: Vec<_> = phones
            .into_iter()
            .map(|mut phone| {
                let mut store = scratch.place.open().unwrap();
                std::thread::spawn(move || {
                    for number in 0..10 {
                        phone.reports(&format!("Street {number}"));
                        phone.exchanges(&mut store);
                    }
                    phone
                })
            })
            .collect();
        let mut phones: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        for phone in &mut phones {
            phone.exchanges(store);
            assert_eq!(phone.base.len(), 60, "{}", scratch.name);
        }
        let rows = store.connection.query("SELECT seq FROM log ORDER BY seq", &[]).unwrap();
        let numbers: Vec<_> = rows.iter().map(|row| row.int(0).unwrap()).collect();
        assert_eq!(numbers, (1..=60).collect::<Vec<_>>());
    });
}

#[test]
fn a_record_changed_behind_the_logs_back_is_found_by_verify() {
    each(|store, _| {
        let mut ann = Phone::enrols(store, ANN, 1);
        let record = ann.reports("Mile Cross Road");
        ann.exchanges(store);
        assert_eq!(store.verify().unwrap().integrity, "ok");
        let other = kerbside_core::record::Record::default().pack();
        store.connection.execute("UPDATE record SET state = $1", crate::values![other]).unwrap();
        assert_eq!(store.verify().unwrap().bad_records, [record]);
        store.connection.execute("UPDATE dot SET hash = $1", crate::values![Sha256::of(b"another")]).unwrap();
        assert_eq!(store.verify().unwrap().bad_chains, [ann.actor]);
    });
}
