//! Which assets a map shows, and which are nearest: looked for in all of them, as fifty thousand are looked through in less
//! time than a screen takes to be drawn anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Asset, AssetKind, AssetSet};

/// As many as are drawn one by one. Where there are more, they are counted by the cells of a raster.
pub const MOST_DRAWN: usize = 400;
const CELLS: f64 = 8.0;
/// Metres to a degree of latitude, and to a ten-millionth of it.
const METRES_A_DEGREE: f64 = 111_195.0;

/// What a map shows: from west to east and from south to north, in degrees.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ViewBounds {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
pub struct Spot {
    pub lat: f64,
    pub lon: f64,
}

/// The assets in a view: each, or how many where there are too many to draw.
#[derive(Clone, PartialEq, Debug, Default, Serialize, TS)]
#[ts(export)]
pub struct AssetsInView {
    pub assets: Vec<AssetMark>,
    pub gathered: Vec<GatheredAssets>,
}

#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[ts(export)]
pub struct AssetMark {
    pub set: String,
    pub kind: AssetKind,
    pub code: String,
    /// Empty where it is called by nothing but its code.
    pub name: String,
    pub lat: f64,
    pub lon: f64,
}

/// So many assets around their middle.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[ts(export)]
pub struct GatheredAssets {
    pub count: u32,
    pub lat: f64,
    pub lon: f64,
}

/// What was sought, the nearest first.
#[derive(Clone, PartialEq, Debug, Default, Serialize, TS)]
#[ts(export)]
pub struct AssetsFound {
    pub assets: Vec<AssetMark>,
    /// How many there are altogether.
    pub of: u32,
    /// Whether there are any assets here at all.
    pub is_here: bool,
}

impl AssetMark {
    #[must_use]
    pub fn of(set: &AssetSet, asset: &Asset) -> Self {
        Self {
            set: set.key.clone(),
            kind: set.kind,
            code: asset.code.to_string(),
            name: asset.name.to_string(),
            lat: asset.lat(),
            lon: asset.lon(),
        }
    }
}

impl ViewBounds {
    fn holds(&self, asset: &Asset) -> bool {
        let (lat, lon) = (asset.lat(), asset.lon());
        self.south <= lat && lat <= self.north && self.west <= lon && lon <= self.east
    }

    fn cell(&self, asset: &Asset) -> (u8, u8) {
        let along = |at: f64, from: f64, to: f64| {
            let share = if from < to { (at - from) / (to - from) } else { 0.0 };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a few cells, as what is outside was left out before"
            )]
            let cell = (share * CELLS).clamp(0.0, CELLS - 1.0) as u8;
            cell
        };
        (along(asset.lat(), self.south, self.north), along(asset.lon(), self.west, self.east))
    }
}

/// What of these sets a map shows within its bounds. Never more than `MOST_DRAWN` and a raster's cells, however many there are.
#[must_use]
pub fn in_view(sets: &[Arc<AssetSet>], bounds: &ViewBounds) -> AssetsInView {
    let within: Vec<(&AssetSet, &Asset)> = each(sets).filter(|(_, asset)| bounds.holds(asset)).collect();
    if within.len() <= MOST_DRAWN {
        let assets = within.into_iter().map(|(set, asset)| AssetMark::of(set, asset)).collect();
        return AssetsInView { assets, gathered: Vec::new() };
    }
    let mut cells: BTreeMap<(u8, u8), Vec<(&AssetSet, &Asset)>> = BTreeMap::new();
    for (set, asset) in within {
        cells.entry(bounds.cell(asset)).or_default().push((set, asset));
    }
    let mut view = AssetsInView::default();
    for cell in cells.into_values() {
        match cell.as_slice() {
            [(set, asset)] => view.assets.push(AssetMark::of(set, asset)),
            several => view.gathered.push(gathered(several)),
        }
    }
    view
}

fn gathered(assets: &[(&AssetSet, &Asset)]) -> GatheredAssets {
    let count = u32::try_from(assets.len()).unwrap_or(u32::MAX);
    let middle =
        |of: fn(&Asset) -> f64| assets.iter().map(|(_, asset)| of(asset)).sum::<f64>() / f64::from(count);
    GatheredAssets { count, lat: middle(Asset::lat), lon: middle(Asset::lon) }
}

/// The first so many whose code or name holds what is sought: those whose code begins with it before the others, and the
/// nearest first, or by code where nobody knows from where.
#[must_use]
pub fn nearest(sets: &[Arc<AssetSet>], from: Option<Spot>, sought: &str, most: usize) -> AssetsFound {
    let sought = sought.trim().to_lowercase();
    let mut found: Vec<(u8, u64, &AssetSet, &Asset)> = each(sets)
        .filter_map(|(set, asset)| {
            let far = from.map_or(0, |from| decimetres(from, asset));
            Some((fits(asset, &sought)?, far, set, asset))
        })
        .collect();
    found.sort_unstable_by_key(|(fit, far, set, asset)| (*fit, *far, &*asset.code, set.key.as_str()));
    AssetsFound {
        of: u32::try_from(found.len()).unwrap_or(u32::MAX),
        assets: found.into_iter().take(most).map(|(_, _, set, asset)| AssetMark::of(set, asset)).collect(),
        is_here: sets.iter().any(|set| !set.assets.is_empty()),
    }
}

fn each(sets: &[Arc<AssetSet>]) -> impl Iterator<Item = (&AssetSet, &Asset)> {
    sets.iter().flat_map(|set| set.assets.iter().map(move |asset| (&**set, asset)))
}

/// How well an asset fits what is sought, in small letters; the better the smaller.
fn fits(asset: &Asset, sought: &str) -> Option<u8> {
    if sought.is_empty() {
        return Some(0);
    }
    let code = asset.code.to_lowercase();
    if code == sought {
        Some(0)
    } else if code.starts_with(sought) {
        Some(1)
    } else if code.contains(sought) || asset.name.to_lowercase().contains(sought) {
        Some(2)
    } else {
        None
    }
}

/// On a flat earth, which it is as far as anybody walks to an asset.
fn decimetres(from: Spot, asset: &Asset) -> u64 {
    let north = (asset.lat() - from.lat) * METRES_A_DEGREE;
    let east = (asset.lon() - from.lon) * METRES_A_DEGREE * libm::cos(from.lat.to_radians());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the earth's half round is some two hundred million"
    )]
    let far = (libm::hypot(north, east) * 10.0) as u64;
    far
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{asset, bins};
    use super::*;

    fn sets(assets: Vec<Asset>) -> [Arc<AssetSet>; 1] {
        [Arc::new(bins(assets))]
    }

    const WHOLE: ViewBounds = ViewBounds { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };

    #[test]
    fn the_nearest_come_first_and_a_code_before_all() {
        let here = Some(Spot { lat: 52.6285, lon: 1.2920 });
        let three = sets(vec![
            asset("B-1", "Castle Meadow", 526_385_000, 12_920_000),
            asset("B-12", "Timber Hill", 526_295_000, 12_920_000),
            asset("B-2", "By the tree in Timber Hill", 526_285_000, 12_930_000),
        ]);
        let codes =
            |found: &AssetsFound| found.assets.iter().map(|asset| asset.code.clone()).collect::<Vec<_>>();
        assert_eq!(codes(&nearest(&three, here, "", 2)), ["B-2", "B-12"], "some 70 m, then 110 m");
        assert_eq!(nearest(&three, here, "", 2).of, 3);
        assert_eq!(codes(&nearest(&three, None, "", 9)), ["B-1", "B-12", "B-2"]);
        assert_eq!(codes(&nearest(&three, here, " b-1", 9)), ["B-1", "B-12"], "the very code first");
        assert_eq!(codes(&nearest(&three, here, "timber", 9)), ["B-2", "B-12"]);
        let none = nearest(&three, here, "lamp", 9);
        assert_eq!((none.of, none.is_here, nearest(&[], here, "", 9).is_here), (0, true, false));
    }

    #[test]
    fn a_view_of_many_shows_how_many_and_loses_none() {
        let assets: Vec<Asset> = (0..50_000)
            .map(|at| {
                asset(
                    &format!("B-{at:05}"),
                    "",
                    526_000_000 + (at % 250) * 2_000,
                    12_000_000 + (at / 250) * 2_000,
                )
            })
            .collect();
        let all = sets(assets);
        let near = ViewBounds { west: 1.2, south: 52.6, east: 1.2019, north: 52.6019 };
        let view = in_view(&all, &near);
        assert_eq!((view.assets.len(), view.gathered.len()), (100, 0));
        let far = ViewBounds { west: 1.2, south: 52.6, east: 1.24, north: 52.65 };
        let view = in_view(&all, &far);
        let counted: u32 = view.gathered.iter().map(|gathered| gathered.count).sum();
        assert_eq!((view.assets.len(), view.gathered.len(), counted), (0, 64, 50_000));
    }

    proptest! {
        #[test]
        fn however_many_and_whatever_is_shown_each_counts_once(
            places in proptest::collection::vec((-900_000_000_i32..=900_000_000, -1_800_000_000_i32..=1_800_000_000), 0..900),
            (west, south, east, north) in any::<(f64, f64, f64, f64)>(),
        ) {
            let assets = places.iter().enumerate().map(|(at, (lat, lon))| asset(&format!("{at:04}"), "", *lat, *lon));
            let all = sets(assets.collect());
            let view = in_view(&all, &WHOLE);
            let counted: u32 = view.gathered.iter().map(|gathered| gathered.count).sum();
            prop_assert_eq!(view.assets.len() + counted as usize, places.len());
            prop_assert!(view.assets.len() <= MOST_DRAWN && view.gathered.len() <= 64);
            let any = in_view(&all, &ViewBounds { west, south, east, north });
            prop_assert!(any.assets.len() <= places.len());
        }
    }
}
