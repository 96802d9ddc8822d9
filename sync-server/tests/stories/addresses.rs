//! Addresses: chosen from the gazetteer on the street with no signal, found again at a desk, and told of where the
//! gazetteer lacks them.

use kerbside_core::exchange::Offer;
use kerbside_core::field::FieldKey;
use kerbside_core::gazetteer::source::Piece;
use kerbside_core::gazetteer::{Address, invented};
use kerbside_core::ids::{RecordId, RowId};
use kerbside_device::Budget;
use kerbside_server::store::gazetteer::{Bringing, Staging};
use serde_json::{Value, json};

use crate::world::{At, WHERE, World, example};

const UPRN: &str = "more/uprn";
const PLACE: &str = "where";

/// Ann's device holds the addresses of forty streets.
fn street(seed: u64) -> (World, At) {
    let mut world = World::new(seed);
    let ann = world.device("ann");
    let mut staging = Staging::new().unwrap();
    for number in 0..1_600 {
        staging.put(number + 1, &Piece::Whole(Box::new(invented::address(number)))).unwrap();
    }
    let bringing = Bringing { area: "council", source: "invented", now_ms: world.now_ms };
    world.server.bring_gazetteer(&staging, &bringing).unwrap();
    let offer = offered(&mut world, ann);
    let officer = world.officer("ann");
    let mut after = 0;
    loop {
        let page = world.server.gazetteer_page(&officer, ("council", 1), (0, after)).unwrap().unwrap();
        if world.vault(ann).take_gazetteer_page(&offer, &page).unwrap() {
            return (world, ann);
        }
        after = page.through.unwrap();
    }
}

fn offered(world: &mut World, at: At) -> Offer {
    let (now, now_ms) = (world.reading(), world.now_ms);
    let device = world.vault(at).identity().device;
    let push = world.vault(at).outgoing(Budget::default(), now).unwrap();
    let reply = world.server.take(now_ms, device, &push).unwrap();
    let offers = world.vault(at).incoming(&push, &reply, now).unwrap().offers;
    world.vault(at).missing_gazetteers(&offers).unwrap().remove(0)
}

/// A draft with the answers of the form's own first example, but for the place and its words.
fn begun(world: &mut World, at: At) -> RowId {
    let now = world.reading();
    let draft = world.vault(at).start_draft("fly_tip", now).unwrap().id;
    for (field, answer) in example("fly_tip") {
        if ![WHERE, UPRN, "more/usrn", PLACE].contains(&field.as_str()) {
            world.vault(at).answer(draft, &field.parse().unwrap(), &answer, now).unwrap();
        }
    }
    draft
}

fn answers(world: &mut World, at: At, draft: RowId, field: &str, answer: &Value) {
    let now = world.reading();
    world.vault(at).answer(draft, &FieldKey::new(field), answer, now).unwrap();
}

fn shown(world: &mut World, at: At, draft: RowId, field: &str) -> Value {
    let now = world.reading();
    world.vault(at).draft(draft, now).unwrap().answers.get(field).cloned().unwrap_or(Value::Null)
}

fn saved(world: &mut World, at: At, draft: RowId) -> RecordId {
    let now = world.reading();
    let record = world.vault(at).save_draft(draft, now).unwrap().record;
    world.settle();
    record
}

fn chooses(world: &mut World, at: At, draft: RowId, field: &str, wanted: &Address) {
    let now = world.reading();
    let answered = world.vault(at).choose_address(draft, &FieldKey::new(field), wanted.uprn, now).unwrap();
    assert_eq!(answered.set_off.get(UPRN), Some(&json!(wanted.uprn.to_string())));
}

#[test]
fn an_address_that_was_chosen_with_no_signal_is_found_at_a_desk_by_its_words_and_by_its_number() {
    let (mut world, ann) = street(71);
    world.devices[ann.0].is_offline = true;
    let draft = begun(&mut world, ann);
    let wanted = invented::address(24);
    chooses(&mut world, ann, draft, PLACE, &wanted);
    assert_eq!(shown(&mut world, ann, draft, WHERE), json!(wanted.text()));
    assert_eq!(shown(&mut world, ann, draft, PLACE)["source"], "gazetteer");
    answers(&mut world, ann, draft, WHERE, &json!(format!("Outside {}", wanted.text())));
    assert_eq!(
        shown(&mut world, ann, draft, UPRN),
        json!(wanted.uprn.to_string()),
        "it is still that address"
    );
    world.devices[ann.0].is_offline = false;
    let record = saved(&mut world, ann, draft);
    let jo = world.officer("jo");
    for sought in [wanted.uprn.to_string(), wanted.line(), wanted.block.postcode.to_lowercase()] {
        let found = world.server.search(&jo, &sought).unwrap().records;
        assert_eq!(found.iter().map(|line| line.record).collect::<Vec<_>>(), [record], "{sought}");
    }
}

#[test]
fn another_address_typed_over_one_that_was_chosen_is_not_called_by_its_number() {
    let (mut world, ann) = street(72);
    let draft = begun(&mut world, ann);
    chooses(&mut world, ann, draft, WHERE, &invented::address(3));
    answers(&mut world, ann, draft, WHERE, &json!("Behind the bus stop"));
    assert_eq!(
        (shown(&mut world, ann, draft, UPRN), shown(&mut world, ann, draft, "more/usrn")),
        (Value::Null, Value::Null)
    );
}

#[test]
fn where_an_officer_stands_is_not_moved_by_an_address_that_only_names_it() {
    let (mut world, ann) = street(73);
    let draft = begun(&mut world, ann);
    let stood = example("fly_tip")[PLACE].clone();
    answers(&mut world, ann, draft, PLACE, &stood);
    chooses(&mut world, ann, draft, WHERE, &invented::address(3));
    assert_eq!(shown(&mut world, ann, draft, PLACE), stood);
    chooses(&mut world, ann, draft, PLACE, &invented::address(3));
    assert_eq!(
        shown(&mut world, ann, draft, PLACE)["source"],
        "gazetteer",
        "but by one that was chosen for the place"
    );
}

#[test]
fn an_address_that_the_gazetteer_lacks_is_kept_as_typed_and_listed_for_its_keeper() {
    let (mut world, ann) = street(74);
    let draft = begun(&mut world, ann);
    answers(&mut world, ann, draft, PLACE, &example("fly_tip")[PLACE]);
    answers(&mut world, ann, draft, WHERE, &json!("Unit 9, Samphire Works"));
    let now = world.reading();
    world.vault(ann).report_address(draft, &FieldKey::new(WHERE), now).unwrap();
    let record = saved(&mut world, ann, draft);
    let mut missing = Vec::new();
    let tell = &mut |one| {
        missing.push(one);
        Ok(())
    };
    world.server.missing_addresses(tell).unwrap();
    assert_eq!(missing.len(), 1, "the others were found: {missing:?}");
    assert_eq!((missing[0].record, missing[0].typed.as_str()), (record, "Unit 9, Samphire Works"));
    assert_eq!(missing[0].place["source"], "gnss");
}
