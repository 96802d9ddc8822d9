//! Any bytes as a GeoPackage or as GeoJSON: areas come of it or a reason why not, and the set they make travels as itself.

#![no_main]

#[path = "../../../../sync-server/src/store/geopackage.rs"]
mod geopackage;

use kerbside_core::areas::bring::bring;
use kerbside_core::features::columns::Columns;
use kerbside_core::areas::{AreaKind, AreaSet};
use kerbside_core::features::geojson;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let is_geopackage = bytes.starts_with(b"SQLite format 3\0");
    let read = if is_geopackage { geopackage::read(bytes, None) } else { geojson::read(bytes) };
    let Ok(file) = read else { return };
    let features = file.features.len();
    let Ok(brought) = bring(file, &Columns::default()) else { return };
    assert_eq!(brought.areas.len() + brought.flawed.len(), features, "an area was lost without a word");
    let set = AreaSet::of("areas", AreaKind::Zone, "", brought.areas);
    assert_eq!(AreaSet::parse(&set.to_json()).as_ref(), Ok(&set), "it came back as something else");
    for area in &set.areas {
        let [west, south, east, north] = area.outline.bounds();
        assert!(west < east && south < north && west.abs() <= 180.0 && north.abs() <= 90.0);
        assert!(!area.outline.holds(north + 1.0, west) && !area.outline.holds(south, east + 1.0));
        for corner in area.outline.parts().iter().flatten().flatten() {
            assert!(set.at(corner[1], corner[0]).count() <= set.areas.len());
        }
    }
});
