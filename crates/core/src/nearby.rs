//! Reports near each other: how far apart, and which still count.

use crate::form::Form;
use crate::value::Point;

/// How far around a new report others are looked for, where its form does not say it.
const USUAL_M: u32 = 30;
/// Further away nobody takes one for the other.
const FURTHEST_M: u32 = 1_000;
/// What a form's setting is called. Nothing is looked for where it says 0.
pub const SETTING: &str = "nearby_m";
/// The state of a record that is closed because another is of the same thing.
pub const DUPLICATE: &str = "duplicate";
/// The states in which work on a record is over.
pub const OVER: [&str; 7] =
    ["unable_to_fix", "not_responsible", DUPLICATE, "internal_referral", "cancelled", "fixed", "closed"];

const EARTH_RADIUS_M: f64 = 6_371_008.8;
/// Ten-millionths of a degree of latitude to a metre, on the generous side.
const E7_A_METRE: f64 = 90.0;

/// Around a place: latitudes and longitudes from and to, in ten-millionths of a degree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Around {
    pub lat: (i32, i32),
    pub lon: (i32, i32),
}

/// How far around a new report of this form others are looked for.
#[must_use]
pub fn radius_m(form: &Form) -> u32 {
    let said = form.settings().other.get(SETTING).and_then(|metres| metres.trim().parse().ok());
    said.unwrap_or(USUAL_M).min(FURTHEST_M)
}

#[must_use]
pub fn is_over(status: Option<&str>) -> bool {
    status.is_some_and(|status| OVER.contains(&status))
}

/// A box that holds everything as near as this, for an index to look in.
#[must_use]
pub fn around(place: Point, metres: u32) -> Around {
    let reach = f64::from(metres) * E7_A_METRE;
    let narrow = libm::cos((f64::from(place.lat_e7) / 1e7).to_radians()).max(0.01);
    let span = |middle: i32, reach: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a kilometre is far less than a turn of the earth"
        )]
        let reach = libm::ceil(reach) as i32;
        (middle.saturating_sub(reach), middle.saturating_add(reach))
    };
    Around { lat: span(place.lat_e7, reach), lon: span(place.lon_e7, reach / narrow) }
}

/// Metres between two positions in ten-millionths of a degree, along the ground.
#[must_use]
pub fn metres_between(one: (i32, i32), other: (i32, i32)) -> f64 {
    let radians = |e7: i32| (f64::from(e7) / 1e7).to_radians();
    let half = |from: i32, to: i32| libm::sin((radians(to) - radians(from)) / 2.0);
    let (north, east) = (half(one.0, other.0), half(one.1, other.1));
    let square = north * north + libm::cos(radians(one.0)) * libm::cos(radians(other.0)) * east * east;
    2.0 * EARTH_RADIUS_M * libm::asin(libm::sqrt(square).min(1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::form::Codes;
    use serde_json::json;

    fn form(settings: &serde_json::Value) -> Form {
        let mut form = json!({
            "settings": {"form_id": "t", "version": 1, "form_title": {"en": "T"}, "service": "s", "ref_prefix": "TT"},
            "survey": [
                {"type": "geopoint", "name": "where", "label": {"en": "Where is it?"}},
                {"type": "select_multiple what", "name": "what", "label": {"en": "What is it?", "cy": "Beth yw e?"}},
                {"type": "integer", "name": "count", "label": {"en": "How many?"}},
                {"type": "text", "name": "more"},
                {"type": "image", "name": "photos", "label": {"en": "Photos"}}
            ],
            "choices": [
                {"list_name": "what", "name": "bags", "label": {"en": "Bags", "cy": "Bagiau"}},
                {"list_name": "what", "name": "tyres", "label": {"en": "Tyres"}}
            ]
        });
        for (name, value) in settings.as_object().unwrap() {
            form["settings"][name] = value.clone();
        }
        Form::parse(&form.to_string(), &Codes::default()).unwrap()
    }

    #[test]
    fn a_form_says_how_far_is_near() {
        assert_eq!(radius_m(&form(&json!({}))), 30);
        for (said, metres) in [("50", 50), ("0", 0), ("5000", 1_000), ("near", 30)] {
            assert_eq!(radius_m(&form(&json!({"other": {"nearby_m": said}}))), metres, "{said}");
        }
    }

    #[test]
    fn the_states_in_which_work_is_over_are_those_of_the_shipped_list() {
        let list = include_str!("../../../schemas/codes/work.json");
        let list: serde_json::Value = serde_json::from_str(list).unwrap();
        for state in list["lists"]["states"].as_array().unwrap() {
            let name = state["name"].as_str().unwrap();
            assert_eq!(is_over(Some(name)), state["group"] != "open", "{name}");
        }
        assert!(!is_over(None) && !is_over(Some("new")));
    }

    #[test]
    fn distances_are_those_of_the_map() {
        let elm_road = (526_285_000, 12_920_000);
        assert!((metres_between(elm_road, (526_294_000, 12_920_000)) - 100.0).abs() < 0.2);
        assert!((metres_between(elm_road, (526_285_000, 12_934_800)) - 99.9).abs() < 0.3);
    }

    proptest! {
        #[test]
        fn whatever_is_near_lies_in_the_box_around(
            lat in 490_000_000..610_000_000_i32, lon in -90_000_000..20_000_000_i32,
            north in -200_000..200_000_i32, east in -200_000..200_000_i32, metres in 0..1_000_u32,
        ) {
            let (here, there) = ((lat, lon), (lat + north, lon + east));
            let metres_apart = metres_between(here, there);
            prop_assert!((metres_apart - metres_between(there, here)).abs() < 1e-6);
            if metres_apart <= f64::from(metres) {
                let around = around(Point { lat_e7: lat, lon_e7: lon }, metres);
                prop_assert!((around.lat.0..=around.lat.1).contains(&there.0));
                prop_assert!((around.lon.0..=around.lon.1).contains(&there.1));
            }
        }
    }
}
