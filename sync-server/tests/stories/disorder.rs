//! Whatever the post does, and in whatever order people write, all copies end up the same.

use kerbside_core::field::FieldKey;
use kerbside_core::record::view::RecordView;
use kerbside_device::Choice;
use serde_json::{Value, json};

use crate::world::{At, WHERE, World};

fn shown(world: &mut World, at: At, record: kerbside_core::ids::RecordId) -> Vec<Value> {
    let view = world.vault(at).show(record).unwrap();
    let field = view.fields.into_iter().find(|field| field.path == WHERE).unwrap();
    field.values.into_iter().map(|value| value.answer).collect()
}

#[test]
fn three_devices_and_a_desk_agree_after_a_day_of_lost_repeated_and_late_letters() {
    for seed in 0..6 {
        let mut world = World::new(seed);
        let devices = [world.device("ann"), world.device("sam"), world.device("ann")];
        let mut records = Vec::new();
        for round in 0..160 {
            let at = devices[world.rng.usize(..devices.len())];
            match world.rng.u8(0..10) {
                0 => records.push(world.reports(at, &format!("Lane {round}"))),
                1..3 => {
                    let known: Vec<_> = records
                        .iter()
                        .copied()
                        .filter(|record| world.vault(at).show(*record).is_ok())
                        .collect();
                    if let Some(record) = world.rng.choice(known) {
                        world.answers(at, record, WHERE, &json!(format!("by gate {round}")));
                    }
                }
                3 => {
                    let arrived: Vec<_> = records
                        .iter()
                        .copied()
                        .filter(|record| world.server.record(*record).unwrap().is_some())
                        .collect();
                    if let Some(record) = world.rng.choice(arrived) {
                        world.desk_answers("jo", record, WHERE, &json!(format!("desk says {round}")));
                    }
                }
                4 => {
                    let device = &mut world.devices[at.0];
                    device.is_offline = !device.is_offline;
                }
                5..7 => world.posts(at),
                _ => world.post_delivers(),
            }
        }
        world.settle();
        world.all_agree();
        assert_eq!(world.server.verify().unwrap().records, records.len() as u64, "seed {seed}");
    }
}

#[test]
fn a_warden_and_a_triager_who_disagree_see_both_answers_until_one_of_them_chooses() {
    let mut world = World::new(7);
    let ann = world.device("ann");
    let record = world.reports(ann, "Mile Cross Road");
    world.settle();
    world.devices[ann.0].is_offline = true;
    world.answers(ann, record, WHERE, &json!("behind the bus stop"));
    world.desk_answers("jo", record, WHERE, &json!("in the alley"));
    world.settle();
    assert_eq!(shown(&mut world, ann, record).len(), 2);
    let case = world.case("jo", record);
    assert_eq!(case.view.two_answers, 1);
    assert_eq!(case.view.fields, world.vault(ann).show(record).unwrap().fields);

    let keep =
        shown(&mut world, ann, record).iter().position(|answer| *answer == json!("in the alley")).unwrap();
    let now = world.reading();
    let field: FieldKey = WHERE.parse().unwrap();
    world.vault(ann).resolve(record, &field, &Choice::Keep(u32::try_from(keep).unwrap()), now).unwrap();
    world.settle();
    assert_eq!(shown(&mut world, ann, record), [json!("in the alley")]);
    assert_eq!(world.case("jo", record).view.two_answers, 0);
    world.all_agree();
}

/// Each adds an exhibit with no signal, and each puts the rows there are into an order of their own.
#[test]
fn two_officers_who_add_rows_offline_both_keep_theirs_and_see_them_in_one_order() {
    let mut world = World::new(10);
    let (ann, sam) = (world.device("ann"), world.device("sam"));
    let record = world.reports(ann, "Mile Cross Road");
    world.settle();
    let rows = ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"];
    for (at, row) in [ann, sam].into_iter().zip(rows) {
        world.devices[at.0].is_offline = true;
        let answers = json!({
            "evidence": "yes", "found/what": "Two envelopes", "found/exhibits": [row],
            "@order/found/exhibits": [row], format!("found/exhibits/ref@{row}"): "AB/01",
            format!("found/exhibits/is@{row}"): "Envelope",
        });
        let now = world.reading();
        world.vault(at).edit(record, answers.as_object().unwrap(), &[], now).unwrap();
    }
    world.settle();
    world.all_agree();
    let standing = |view: &RecordView| {
        let rows = view.fields.iter().find(|field| field.path == "found/exhibits").unwrap();
        rows.values[0].answer.clone()
    };
    let case = world.case("jo", record);
    let mut both: Vec<String> = serde_json::from_value(standing(&case.view)).unwrap();
    assert_eq!(standing(&world.vault(ann).show(record).unwrap()), json!(both));
    assert_eq!(standing(&world.vault(sam).show(record).unwrap()), json!(both));
    both.sort();
    assert_eq!(both, rows);
    let orders = case.view.fields.iter().filter(|field| field.path.starts_with("@order")).count();
    assert_eq!((case.view.two_answers, orders), (0, 0), "an order is nothing to choose between");
}

#[test]
fn a_record_that_goes_to_another_team_leaves_one_device_and_enters_the_other() {
    let mut world = World::new(8);
    let (ann, tom) = (world.device("ann"), world.device("tom"));
    let record = world.reports(ann, "Mile Cross Road");
    world.settle();
    assert!(world.vault(tom).show(record).is_err());
    world.desk_answers("jo", record, "@team", &json!("parking"));
    world.settle();
    assert!(world.vault(ann).show(record).is_err());
    assert_eq!(world.vault(tom).show(record).unwrap().teams, ["parking"]);
    world.all_agree();
}

#[test]
fn a_cloned_phone_and_its_original_both_keep_everything() {
    let mut world = World::new(9);
    let ann = world.device("ann");
    world.reports(ann, "Mile Cross Road");
    world.settle();
    let vault = world.vault(ann).copy_in_memory(99).unwrap();
    let email = world.devices[ann.0].email.clone();
    world.devices.push(crate::world::Device { email, vault, is_offline: false });
    let clone = At(world.devices.len() - 1);
    let (one, other) = (world.reports(ann, "Aylsham Road"), world.reports(clone, "Dereham Road"));
    world.settle();
    world.all_agree();
    for at in [ann, clone] {
        assert!(world.vault(at).show(one).is_ok() && world.vault(at).show(other).is_ok());
    }
    assert_eq!(world.server.verify().unwrap().changes, 3, "nothing came twice");
}
