//! What people see of each other: a choice made elsewhere, a record withdrawn by one while another works on it, and work
//! that was refused.

use kerbside_core::field::{FieldKey, LIFECYCLE};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::OPEN;
use kerbside_device::{Choice, Filter, Way, WorkState};
use kerbside_server::store::OfficerFile;
use serde_json::json;

use crate::world::{At, WHERE, World};

fn field() -> FieldKey {
    WHERE.parse().unwrap()
}

/// Ann reported it, and then she and the desk answered the same question without knowing of each other.
fn disagreement(seed: u64) -> (World, At, RecordId) {
    let mut world = World::new(seed);
    let ann = world.device("ann");
    let record = world.reports(ann, "Mile Cross Road");
    world.settle();
    world.devices[ann.0].is_offline = true;
    world.answers(ann, record, WHERE, &json!("behind the bus stop"));
    world.desk_answers("jo", record, WHERE, &json!("in the alley"));
    (world, ann, record)
}

fn listed(world: &mut World, at: At, withdrawn: bool) -> usize {
    world.vault(at).list(&Filter { withdrawn, ..Filter::default() }).unwrap().len()
}

#[test]
fn whoever_is_not_chosen_is_told_what_was_kept_until_they_have_seen_it() {
    let (mut world, ann, record) = disagreement(21);
    world.settle();
    world.desk_answers("jo", record, WHERE, &json!("in the alley"));
    world.settle();
    let outcomes = world.vault(ann).outcomes(record).unwrap();
    let [outcome] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!((&outcome.mine, &outcome.kept), (&json!("behind the bus stop"), &json!("in the alley")));
    assert_eq!(outcome.officer, world.officer("jo").id);
    let line = world.vault(ann).list(&Filter::default()).unwrap().remove(0);
    assert_eq!((line.outcomes, line.state), (1, WorkState::Received));
    world.vault(ann).outcomes_seen(record).unwrap();
    world.settle();
    assert!(world.vault(ann).outcomes(record).unwrap().is_empty());
}

#[test]
fn a_choice_that_comes_together_with_the_other_answer_is_told_all_the_same() {
    let (mut world, ann, record) = disagreement(22);
    let now = world.reading();
    let device = world.vault(ann).identity().device;
    let push = world.vault(ann).outgoing(kerbside_device::Budget::default(), now).unwrap();
    world.server.take(world.now_ms, device, &push).unwrap();
    world.desk_answers("jo", record, WHERE, &json!("in the alley"));
    world.settle();
    assert_eq!(world.vault(ann).outcomes(record).unwrap().len(), 1);
}

#[test]
fn an_answer_that_came_while_the_officer_was_choosing_is_not_answered_over() {
    let (mut world, ann, record) = disagreement(23);
    world.settle();
    let view = world.vault(ann).show(record).unwrap();
    let shown = view.fields.into_iter().find(|shown| shown.field == field()).unwrap();
    assert_eq!(shown.values.len(), 2);
    // Sam answers over both before Ann's thumb comes down.
    let sam = world.device("sam");
    world.settle();
    world.answers(sam, record, WHERE, &json!("by the substation"));
    world.settle();
    let now = world.reading();
    let choice = Choice::Answer(json!("behind the bus stop, left"));
    world.vault(ann).resolve_seen(record, &field(), &choice, &shown.seen, now).unwrap();
    world.settle();
    let standing =
        world.case("jo", record).view.fields.into_iter().find(|shown| shown.field == field()).unwrap();
    assert_eq!(standing.values.len(), 2, "Sam's answer was not in front of Ann, and stays");
    let other: FieldKey = "size".parse().unwrap();
    let misplaced = world.vault(ann).resolve_seen(record, &other, &choice, &shown.seen, now).unwrap_err();
    assert_eq!(misplaced.downcast_ref::<Problem>().unwrap().code, Code::SeenMissing);
    world.all_agree();
}

#[test]
fn both_are_kept_as_one_where_the_form_can_hold_both() {
    let (mut world, ann, record) = disagreement(24);
    world.settle();
    let now = world.reading();
    world.vault(ann).resolve(record, &field(), &Choice::KeepBoth, now).unwrap();
    world.settle();
    let standing =
        world.case("jo", record).view.fields.into_iter().find(|shown| shown.field == field()).unwrap();
    let kept = standing.values[0].answer.as_str().unwrap().to_owned();
    assert!(kept.contains("behind the bus stop") && kept.contains("in the alley"), "{kept}");
}

#[test]
fn a_report_withdrawn_on_the_phone_leaves_every_list_and_can_be_undone() {
    let mut world = World::new(25);
    let ann = world.device("ann");
    let record = world.reports(ann, "Mile Cross Road");
    world.settle();
    let now = world.reading();
    let silent = world.vault(ann).withdraw(record, " ", now).unwrap_err();
    assert_eq!(silent.downcast_ref::<Problem>().unwrap().code, Code::ReasonMissing);
    world.vault(ann).withdraw(record, "Reported twice", now).unwrap();
    assert_eq!((listed(&mut world, ann, false), listed(&mut world, ann, true)), (0, 1));
    world.settle();
    let withdrawal = world.case("jo", record).view.withdrawal.unwrap();
    assert_eq!((withdrawal.reason.as_deref(), withdrawal.asks), (Some("Reported twice"), false));
    let now = world.reading();
    world.vault(ann).reopen(record, now).unwrap();
    world.settle();
    assert_eq!((listed(&mut world, ann, false), listed(&mut world, ann, true)), (1, 0));
    world.all_agree();
}

#[test]
fn a_withdrawal_and_an_edit_that_did_not_know_of_each_other_ask_the_editor_and_tell_the_withdrawer() {
    let mut world = World::new(26);
    let (ann, sam) = (world.device("ann"), world.device("sam"));
    let record = world.reports(ann, "Mile Cross Road");
    world.settle();
    for at in [ann, sam] {
        world.devices[at.0].is_offline = true;
    }
    let now = world.reading();
    world.vault(ann).withdraw(record, "Reported twice", now).unwrap();
    world.answers(sam, record, WHERE, &json!("by the substation"));
    world.settle();
    let waiting = world.vault(sam).waiting().unwrap();
    assert_eq!(waiting.items[0].ways, [Way::Choose]);
    assert!(world.vault(sam).show(record).unwrap().withdrawal.unwrap().asks);
    assert_eq!(listed(&mut world, sam, false), 1, "while somebody is asked it is in the lists");

    let now = world.reading();
    let lifecycle = FieldKey::new(LIFECYCLE);
    world.vault(sam).resolve(record, &lifecycle, &Choice::Answer(json!(OPEN)), now).unwrap();
    world.settle();
    assert_eq!(world.vault(sam).show(record).unwrap().two_answers, 0);
    let outcomes = world.vault(ann).outcomes(record).unwrap();
    assert_eq!((outcomes.len(), &outcomes[0].kept), (1, &json!(OPEN)));
    world.all_agree();
}

#[test]
fn refused_work_says_why_and_may_be_left_to_the_office() {
    let mut world = World::new(27);
    let (ann, sam) = (world.device("ann"), world.device("sam"));
    let record = world.reports(ann, "Mile Cross Road");
    world.settle();
    // Sam cannot withdraw for Ann from a device whose office has taken that leave away.
    let sam_now = json!({"email": "sam@example.gov.uk", "name": "Sam Reed", "role": "officer", "teams": ["wardens-north"], "short_code": "S01"});
    let file: OfficerFile = serde_json::from_value(sam_now).unwrap();
    let now = world.reading();
    world.vault(sam).withdraw(record, "Not ours", now).unwrap();
    world.server.put_officer(&file, None).unwrap();
    world.settle();
    let waiting = world.vault(sam).waiting().unwrap();
    let item = &waiting.items[0];
    assert_eq!((item.state, item.reason_code.as_deref()), (WorkState::NeedsYou, Some("not_allowed")));
    assert_eq!(item.ways, [Way::LeaveToOffice]);
    assert_eq!(listed(&mut world, sam, false), 1, "what was refused is taken back here");
    world.vault(sam).put_away(record, now).unwrap();
    assert!(world.vault(sam).waiting().unwrap().items.is_empty());
    world.all_agree();
}
