//! Lamp columns and litter bins in the middle of the same town, as invented as its streets: one every so many metres of a
//! street, and one at its end.

use super::names;
use super::plane::Spot;
use super::town::{Street, Town};
use serde_json::{Value, json};

/// Where the demonstration's officers are about, in degrees, and how far around it the council has counted.
const MIDDLE: Spot = [1.2920, 52.6285];
const REACH_M: f64 = 900.0;
const LAMPS_APART_M: f64 = 38.0;
/// From the middle of the road to the kerb.
const KERB_M: f64 = 5.0;

/// Which of the lists.
#[derive(Debug, Clone, Copy)]
pub enum List {
    Lamps,
    Bins,
}

pub fn list(town: &Town, list: List) -> String {
    let mut features = Vec::new();
    for street in &town.streets {
        let spots = match list {
            List::Lamps => lamps(street),
            List::Bins => bins(street),
        };
        for spot in spots.into_iter().filter(|spot| is_in_reach(town, *spot)) {
            features.push(feature(town, list, features.len() + 1, (street, spot)));
        }
    }
    let list = json!({"type": "FeatureCollection", "attribution": "Invented for this demonstration.", "features": features});
    format!("{list:#}\n")
}

fn is_in_reach(town: &Town, spot: Spot) -> bool {
    let [x, y] = town.ground.metres(MIDDLE);
    (spot[0] - x).hypot(spot[1] - y) <= REACH_M
}

fn lamps(street: &Street) -> Vec<Spot> {
    let lamps = (length(street) / LAMPS_APART_M).floor() as u32;
    (0..lamps)
        .map(|lamp| {
            let side = if lamp % 2 == 0 { KERB_M } else { -KERB_M };
            along(street, (f64::from(lamp) + 0.5) * LAMPS_APART_M, side)
        })
        .collect()
}

fn bins(street: &Street) -> Vec<Spot> {
    if street.number.is_multiple_of(3) { vec![along(street, 6.0, KERB_M + 1.0)] } else { Vec::new() }
}

fn length(street: &Street) -> f64 {
    let [from, to] = street.line;
    (to[0] - from[0]).hypot(to[1] - from[1])
}

/// So many metres down a street and so many beside its middle.
fn along(street: &Street, far: f64, beside: f64) -> Spot {
    let [from, to] = street.line;
    let length = length(street).max(1.0);
    let (east, north) = ((to[0] - from[0]) / length, (to[1] - from[1]) / length);
    [from[0] + east * far - north * beside, from[1] + north * far + east * beside]
}

fn feature(town: &Town, list: List, number: usize, (street, spot): (&Street, Spot)) -> Value {
    let [lon, lat] = town.ground.degrees(spot);
    let rounded = |degrees: f64| (degrees * 1e6).round() / 1e6;
    let place = names::street(street.number);
    let properties = match list {
        List::Lamps => json!({
            "code": format!("LC{number:05}"),
            "name": place,
            "watts": if number.is_multiple_of(5) { 72 } else { 36 },
            "height_m": if number.is_multiple_of(5) { 8 } else { 6 },
            "lamp": "LED",
        }),
        List::Bins => json!({
            "code": format!("LB-{number:03}"),
            "name": place,
            "litres": if number.is_multiple_of(4) { 240 } else { 90 },
            "emptied": if number.is_multiple_of(2) { "Every day" } else { "Monday, Wednesday and Friday" },
        }),
    };
    json!({
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Point", "coordinates": [rounded(lon), rounded(lat)]},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_some_hundreds_each_with_a_code_of_its_own_and_the_same_every_time() {
        let town = super::super::town().unwrap();
        for (kind, least, most) in [(List::Lamps, 200, 2_000), (List::Bins, 20, 400)] {
            let text = list(&town, kind);
            assert_eq!(list(&super::super::town().unwrap(), kind), text);
            let read: Value = serde_json::from_str(&text).unwrap();
            let features = read["features"].as_array().unwrap();
            assert!((least..most).contains(&features.len()), "{} {kind:?}", features.len());
            let codes: BTreeSet<_> =
                features.iter().map(|one| one["properties"]["code"].as_str().unwrap()).collect();
            assert_eq!(codes.len(), features.len());
            for feature in features {
                let lat = feature["geometry"]["coordinates"][1].as_f64().unwrap();
                assert!((lat - MIDDLE[1]).abs() < 0.009, "{lat}");
            }
        }
    }
}
