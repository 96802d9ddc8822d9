//! Which of the last fixes to give: a receiver's first is often its worst, and its newest may come from under a bridge.

use std::sync::{Mutex, PoisonError};

use kerbside_core::form::place_from_json;
use kerbside_core::value::Place;
use serde_json::Value;

/// How long a fix may be the best one.
const WINDOW_MS: i64 = 20_000;
/// How far somebody walks in a second: so much worse does a fix get with each second of its age.
const WALKED_CM: i64 = 150;
/// What a receiver that does not say how good it is is taken for.
const UNKNOWN_CM: i64 = 10_000;

/// The fixes of the last twenty seconds.
#[derive(Debug, Default)]
pub struct Best(Mutex<Vec<(Place, Value)>>);

impl Best {
    /// Takes the newest fix in and gives the best there is. An old fix is better than none.
    pub fn with(&self, newest: Option<Value>, wall_ms: i64) -> Option<Value> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = newest.and_then(|fix| Some((place_from_json(&fix)?, fix)));
        if let Some((place, fix)) = read
            && !kept.iter().any(|(known, _)| *known == place)
        {
            kept.push((place, fix));
        }
        let newest_ms = kept.iter().map(|(place, _)| place.fixed_at).max()?;
        kept.retain(|(place, _)| place.fixed_at == newest_ms || wall_ms - place.fixed_at <= WINDOW_MS);
        kept.iter().min_by_key(|(place, _)| doubt_cm(place, wall_ms)).map(|(_, fix)| fix.clone())
    }
}

/// How far off a fix may be by now.
fn doubt_cm(place: &Place, wall_ms: i64) -> i64 {
    let age_ms = wall_ms.saturating_sub(place.fixed_at).max(0);
    place.accuracy_cm.map_or(UNKNOWN_CM, i64::from).saturating_add(age_ms.saturating_mul(WALKED_CM) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::super::nmea::instant;
    use super::*;
    use serde_json::json;

    fn fix(at_ms: i64, accuracy_m: Option<f64>) -> Option<Value> {
        Some(json!({
            "lat": 52.6285, "lon": 1.292, "altitude_m": null, "accuracy_m": accuracy_m,
            "fixed_at": instant(at_ms), "source": "gnss",
        }))
    }

    fn accuracy(best: Option<Value>) -> f64 {
        best.unwrap()["accuracy_m"].as_f64().unwrap()
    }

    #[test]
    fn a_better_fix_stays_the_best_for_as_long_as_nobody_can_have_walked_further() {
        let best = Best::default();
        assert!((accuracy(best.with(fix(0, Some(5.0)), 0)) - 5.0).abs() < 1e-9);
        assert!((accuracy(best.with(fix(10_000, Some(30.0)), 10_000)) - 5.0).abs() < 1e-9);
        assert!((accuracy(best.with(fix(18_000, Some(30.0)), 18_000)) - 30.0).abs() < 1e-9);
    }

    #[test]
    fn a_fix_older_than_the_window_is_given_only_where_there_is_no_newer() {
        let best = Best::default();
        assert!(best.with(None, 0).is_none());
        assert!((accuracy(best.with(fix(0, Some(5.0)), 0)) - 5.0).abs() < 1e-9);
        assert!((accuracy(best.with(None, 600_000)) - 5.0).abs() < 1e-9);
        assert!((accuracy(best.with(fix(600_000, Some(900.0)), 600_000)) - 900.0).abs() < 1e-9);
    }

    #[test]
    fn a_receiver_that_does_not_say_how_good_it_is_gives_way_to_one_that_does() {
        let best = Best::default();
        assert!(best.with(fix(0, None), 0).is_some());
        assert!((accuracy(best.with(fix(0, Some(60.0)), 0)) - 60.0).abs() < 1e-9);
        assert!((accuracy(best.with(fix(1_000, None), 1_000)) - 60.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_position_is_passed_over() {
        let best = Best::default();
        assert!(best.with(Some(json!({"lat": "here"})), 0).is_none());
    }
}
