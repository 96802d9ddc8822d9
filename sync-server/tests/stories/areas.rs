//! Where a report lies decides whose it is: worked out on the device, offline, by boundaries that have a version.

use kerbside_core::areas::bring::bring;
use kerbside_core::areas::route::AreaOfRecord;
use kerbside_core::areas::{AreaKind, AreaSet};
use kerbside_core::features::columns::Columns;
use kerbside_core::features::geojson;
use kerbside_core::ids::RecordId;
use kerbside_server::store::{OfficerFile, Role};
use serde_json::json;

use crate::world::{At, World};

/// In Norwich 003F, which wardens north cover, and in Norwich 012A, which wardens south cover.
const NORTH: (f64, f64) = (52.64, 1.2963);
const SOUTH: (f64, f64) = (52.61321, 1.253056);

fn place((lat, lon): (f64, f64)) -> serde_json::Value {
    json!({"lat": lat, "lon": lon, "altitude_m": null, "accuracy_m": 6.2, "fixed_at": "2026-03-16T09:12:40Z", "source": "gnss"})
}

/// A warden of the south, whom the demonstration does without.
fn with_bo(world: &mut World) {
    let bo = OfficerFile {
        email: "bo@example.gov.uk".into(),
        name: "Bo Lund".into(),
        role: Role::Officer,
        teams: vec!["wardens-south".into()],
        areas: vec![],
        service: "street".into(),
        short_code: "W31".into(),
        password: None,
        rest: std::collections::BTreeMap::new(),
    };
    world.server.put_officer(&bo, None).unwrap();
}

/// One ward around both places, with a border that the year moves.
fn wards(south: f64) -> AreaSet {
    let text = format!(
        r#"{{"type": "FeatureCollection", "features": [{{"properties": {{"WD26CD": "E05", "WD26NM": "Mancroft"}}, "geometry":
        {{"type": "Polygon", "coordinates": [[[1.2, {south}], [1.4, {south}], [1.4, 52.7], [1.2, 52.7], [1.2, {south}]]]}}}}]}}"#
    );
    let brought = bring(geojson::read(text.as_bytes()).unwrap(), &Columns::default()).unwrap();
    AreaSet::of("wards", AreaKind::Ward, "", brought.areas)
}

fn areas_of(world: &mut World, at: At, record: RecordId) -> Vec<AreaOfRecord> {
    world.vault(at).show(record).unwrap().areas
}

fn named(areas: &[AreaOfRecord]) -> Vec<(u32, String)> {
    areas.iter().map(|area| (area.version, area.name.clone().unwrap_or_default())).collect()
}

#[test]
fn a_report_goes_to_the_team_of_its_area_and_its_officer_goes_on_seeing_it() {
    let mut world = World::new(41);
    with_bo(&mut world);
    let (ann, bo) = (world.device("ann"), world.device("bo"));
    let own = world.reports_from(ann, &place(NORTH));
    let theirs = world.reports_from(ann, &place(SOUTH));
    assert_eq!(named(&areas_of(&mut world, ann, theirs)), [(1, "Norwich 012A".to_owned())], "offline");
    world.settle();
    world.all_agree();
    assert!(world.vault(bo).show(own).is_err(), "what is of the north is not told to the south");
    assert_eq!(named(&areas_of(&mut world, bo, theirs)), [(1, "Norwich 012A".to_owned())]);
    let case = world.case("jo", theirs);
    assert_eq!(case.view.teams, ["wardens-south"]);
    assert_eq!(case.view.areas[0].set, "norwich-lsoa-2011");

    let now = world.reading();
    world.vault(ann).note(theirs, "The gate is locked after six", now).unwrap();
    world.settle();
    world.all_agree();
    assert_eq!(world.vault(bo).show(theirs).unwrap().notes.len(), 1, "whoever began it may add to it");
}

#[test]
fn boundaries_that_move_leave_what_was_saved_before() {
    let mut world = World::new(42);
    let ann = world.device("ann");
    assert!(world.server.put_area_set(&wards(52.6)).unwrap().is_new);
    world.fetches(ann);
    let before = world.reports_from(ann, &place(NORTH));
    assert!(!world.server.put_area_set(&wards(52.6)).unwrap().is_new, "the same areas are the same version");
    assert_eq!(world.server.put_area_set(&wards(52.63)).unwrap().version, 2);
    let offline = world.reports_from(ann, &place(NORTH));
    world.fetches(ann);
    let after = world.reports_from(ann, &place(NORTH));
    world.settle();
    world.all_agree();
    let ward = |areas: Vec<AreaOfRecord>| {
        let area = areas.into_iter().find(|area| area.kind == Some(AreaKind::Ward)).unwrap();
        (area.version, area.name.unwrap())
    };
    for (record, version) in [(before, 1), (offline, 1), (after, 2)] {
        let expected = (version, "Mancroft".to_owned());
        assert_eq!(ward(areas_of(&mut world, ann, record)), expected, "on the device");
        assert_eq!(ward(world.case("jo", record).view.areas), expected, "in the office");
    }
}

#[test]
fn a_place_that_is_put_right_moves_the_record_between_areas_and_not_between_teams() {
    let mut world = World::new(43);
    let ann = world.device("ann");
    let record = world.reports_from(ann, &place(NORTH));
    world.settle();
    world.desk_answers("jo", record, "where", &place(SOUTH));
    world.settle();
    world.all_agree();
    assert_eq!(named(&areas_of(&mut world, ann, record)), [(1, "Norwich 012A".to_owned())]);
    assert_eq!(world.case("jo", record).view.teams, ["wardens-north"]);
}
