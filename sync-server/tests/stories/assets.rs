//! Lamps and bins on their way from the council's lists to a phone, and a report that is begun at one.

use kerbside_core::assets::bring::bring;
use kerbside_core::assets::find::Spot;
use kerbside_core::assets::{AssetKind, AssetSet};
use kerbside_core::exchange::Offer;
use kerbside_core::features::columns::Columns;
use kerbside_core::features::geojson;
use kerbside_core::form::Localised;
use kerbside_core::ids::Sha256;
use kerbside_device::clock;
use kerbside_device::{Vault, sync};
use kerbside_server::store::pack_assets;
use serde_json::json;

use crate::maps::{Town, admin, town};
use crate::world::World;

/// A bin for each code, a hundred metres of latitude from one to the next.
fn file(codes: &[&str]) -> String {
    let feature = |(at, code): (usize, &&str)| {
        let lat = 52.6285 + 0.0009 * f64::from(u32::try_from(at).unwrap());
        json!({
            "type": "Feature",
            "properties": {"code": code, "name": "Castle Meadow", "litres": 90},
            "geometry": {"type": "Point", "coordinates": [1.292, lat]},
        })
    };
    let features: Vec<_> = codes.iter().enumerate().map(feature).collect();
    json!({"type": "FeatureCollection", "features": features}).to_string()
}

fn imports(town: &Town, codes: &[&str], more: &[&str]) {
    let text = file(codes);
    let file = town.folder.path().join("bins.geojson");
    std::fs::write(&file, text).unwrap();
    let file = file.to_string_lossy();
    let words =
        ["import", "assets", &file, "--key", "bins", "--kind", "litter-bin", "--fact", "litres=Litres"];
    admin(&town.home, &words.into_iter().chain(more.iter().copied()).collect::<Vec<_>>());
}

fn codes(phone: &Vault) -> Vec<String> {
    let found = phone.find_assets(Some(Spot { lat: 52.6285, lon: 1.292 }), "").unwrap();
    found.assets.into_iter().map(|asset| asset.code).collect()
}

fn exchanges(phone: &mut Vault) {
    let report = sync(phone, None, &clock::now).unwrap();
    assert_eq!(report.stopped, None);
}

#[test]
fn a_list_of_assets_comes_is_replaced_and_goes() {
    let town = town();
    let mut phone = town.phone();
    exchanges(&mut phone);
    assert!(!phone.find_assets(None, "").unwrap().is_here);
    imports(&town, &["B-1", "B-2", "B-3"], &[]);
    exchanges(&mut phone);
    assert_eq!(codes(&phone), ["B-1", "B-2", "B-3"], "the nearest first");
    assert!(!phone.forms().unwrap().is_empty(), "forms stay on offer");

    imports(&town, &["B-1", "B-4", "B-2", "B-3"], &["--team", "wardens-north"]);
    exchanges(&mut phone);
    assert_eq!(codes(&phone), ["B-1", "B-4", "B-2", "B-3"]);
    imports(&town, &["B-1", "B-4", "B-2", "B-3"], &["--team", "wardens-south"]);
    exchanges(&mut phone);
    assert!(codes(&phone).is_empty(), "they are another team's now");

    imports(&town, &["B-1", "B-4", "B-2", "B-3"], &[]);
    exchanges(&mut phone);
    assert_eq!(codes(&phone).len(), 4);
    admin(&town.home, &["import", "assets", "--key", "bins", "--remove"]);
    exchanges(&mut phone);
    assert!(!phone.find_assets(None, "").unwrap().is_here);
}

#[test]
fn a_report_that_is_begun_at_an_asset_is_where_the_list_has_it() {
    let town = town();
    let mut phone = town.phone();
    imports(&town, &["B-1", "B-2"], &[]);
    exchanges(&mut phone);
    let sheet = phone.asset("bins", "B-2").unwrap();
    assert_eq!((sheet.facts[0].name.as_str(), sheet.facts[0].text.as_str()), ("Litres", "90"));
    assert!(sheet.forms.iter().any(|form| form.key == "fly_tip"));
    let draft = phone.report_asset("bins", "B-2", "fly_tip", clock::now()).unwrap();
    let place = &draft.answers["where"];
    assert_eq!((&place["lat"], &place["lon"]), (&json!(52.6294), &json!(1.292)));
    assert_eq!((&place["source"], &place["accuracy_m"]), (&json!("gazetteer"), &json!(null)));
    assert!(phone.report_asset("bins", "B-9", "fly_tip", clock::now()).is_err());
    assert_eq!(sheet.forms[0].key, "litter_survey", "it asks for the number of a bin");
    let survey = phone.report_asset("bins", "B-2", "litter_survey", clock::now()).unwrap();
    assert_eq!(survey.answers["more/bin_number"], json!("B-2"));
    assert_eq!(phone.shift().unwrap().drafts.len(), 2, "what could not be begun leaves no draft");
}

#[test]
fn what_is_reported_at_an_asset_is_told_to_those_who_may_read_it() {
    let mut world = World::new(47);
    let ann = world.device("ann");
    let brought = bring(geojson::read(file(&["B-1", "B-2"]).as_bytes()).unwrap(), &Columns::default(), &[]);
    let set = AssetSet {
        key: "bins".into(),
        kind: AssetKind::LitterBin,
        title: Localised { en: "Litter bins".into(), cy: None },
        attribution: String::new(),
        facts: vec![],
        assets: brought.unwrap().assets,
    };
    let version = world.server.put_asset_set(1, &set, &[]).unwrap().version;
    let body = pack_assets(&set).unwrap();
    let offer =
        Offer { name: "assets.bins".into(), version, sha256: Sha256::of(&body), bytes: body.len() as u64 };
    assert_eq!(world.vault(ann).missing_assets(std::slice::from_ref(&offer)).unwrap().len(), 1);
    world.vault(ann).keep_assets(&offer, &body).unwrap();
    assert!(world.vault(ann).missing_assets(&[offer]).unwrap().is_empty());

    let beside = json!({"lat": 52.62855, "lon": 1.29202, "altitude_m": null, "accuracy_m": 6.2, "fixed_at": "2026-03-16T09:12:40Z", "source": "gnss"});
    let record = world.reports_from(ann, &beside);
    let reports = |world: &mut World, code: &str| world.vault(ann).asset("bins", code).unwrap().reports;
    assert_eq!(reports(&mut world, "B-1").iter().map(|report| report.record).collect::<Vec<_>>(), [record]);
    assert_eq!(reports(&mut world, "B-2"), [], "a hundred metres on");
    world.settle();
    let cases = |world: &mut World, name: &str, code: &str| {
        let officer = world.officer(name);
        let found = world.server.asset(&officer, "bins", code).unwrap().unwrap();
        found.cases.into_iter().map(|line| line.record).collect::<Vec<_>>()
    };
    assert_eq!(cases(&mut world, "jo", "B-1"), [record]);
    assert_eq!(cases(&mut world, "jo", "B-2"), []);
    assert_eq!(cases(&mut world, "priya", "B-1"), [], "it is another service's");
    let jo = world.officer("jo");
    assert!(world.server.asset(&jo, "bins", "B-3").unwrap().is_none());
}
