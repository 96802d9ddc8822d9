//! A phone's own receiver, by the geolocation plugin. It is on while somebody asks where the device is, and for a minute
//! after: a receiver that nobody hears empties a battery.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
#[cfg(mobile)]
use tauri::AppHandle;
#[cfg(mobile)]
use tauri_plugin_geolocation::{GeolocationExt, PermissionType, PositionOptions, WatchEvent};

use super::nmea::instant;

const HEARD_MS: i64 = 60_000;
/// How long a phone may look for a fix before it says that it has none.
#[cfg(mobile)]
const PATIENCE_MS: u32 = 20_000;

#[derive(Debug, Default)]
struct State {
    newest: Option<Value>,
    asked_ms: i64,
    is_on: bool,
    watch: Option<u32>,
}

/// The newest fix, and who wants to hear of it.
#[derive(Debug, Default, Clone)]
pub struct Receiver(Arc<Mutex<State>>);

impl Receiver {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest fix, and whether the receiver has to be switched on for the next.
    fn asked(&self, wall_ms: i64) -> (Option<Value>, bool) {
        let mut state = self.state();
        state.asked_ms = wall_ms;
        let was_on = std::mem::replace(&mut state.is_on, true);
        (state.newest.clone(), !was_on)
    }

    /// Takes a fix in. What is given back is a watch that nobody hears any more.
    fn heard(&self, fix: Option<Value>, wall_ms: i64) -> Option<u32> {
        let mut state = self.state();
        state.newest = fix.or(state.newest.take());
        if wall_ms.saturating_sub(state.asked_ms) <= HEARD_MS {
            return None;
        }
        state.is_on = false;
        state.watch.take()
    }

    /// It could not be switched on: the next who asks tries again.
    fn failed(&self) {
        self.state().is_on = false;
    }
}

/// What the phone says, as an answer's JSON. It does not say whether another app made the position up.
fn fix(lat: f64, lon: f64, accuracy_m: f64, altitude_m: Option<f64>, taken_ms: i64) -> Value {
    json!({
        "lat": lat, "lon": lon, "altitude_m": altitude_m, "accuracy_m": accuracy_m,
        "fixed_at": instant(taken_ms), "source": "fused",
    })
}

#[cfg(mobile)]
impl Receiver {
    /// Where the phone was when it last knew. Whoever asks first switches the receiver on, and hears of it from the next
    /// asking on: nobody waits for a satellite, or for the question whether this app may know.
    pub fn newest(&self, app: &AppHandle, wall_ms: i64) -> Option<Value> {
        let (newest, must_start) = self.asked(wall_ms);
        if must_start {
            let (receiver, app) = (self.clone(), app.clone());
            std::thread::spawn(move || {
                if let Err(failure) = receiver.watches(&app) {
                    tracing::warn!("The receiver was not switched on: {failure}");
                    receiver.failed();
                }
            });
        }
        newest
    }

    fn watches(&self, app: &AppHandle) -> tauri_plugin_geolocation::Result<()> {
        app.geolocation().request_permissions(Some(vec![PermissionType::Location]))?;
        let options = PositionOptions { enable_high_accuracy: true, timeout: PATIENCE_MS, maximum_age: 0 };
        let (receiver, of) = (self.clone(), app.clone());
        let watch = app.geolocation().watch_position(options, move |event| receiver.event(&of, event))?;
        self.state().watch = Some(watch);
        Ok(())
    }

    fn event(&self, app: &AppHandle, event: WatchEvent) {
        let known = match event {
            WatchEvent::Position(position) => {
                let taken_ms = i64::try_from(position.timestamp).unwrap_or(i64::MAX);
                let at = position.coords;
                Some(fix(at.latitude, at.longitude, at.accuracy, at.altitude, taken_ms))
            }
            WatchEvent::Error(reason) => {
                tracing::warn!("The receiver has no fix: {reason}");
                None
            }
        };
        if let Some(watch) = self.heard(known, kerbside_device::clock::now().wall_ms)
            && let Err(failure) = app.geolocation().clear_watch(watch)
        {
            tracing::warn!("The receiver was not switched off: {failure}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_receiver_is_on_while_somebody_asks_and_a_minute_longer() {
        let receiver = Receiver::default();
        assert_eq!(receiver.asked(0), (None, true), "whoever asks first switches it on");
        receiver.state().watch = Some(7);
        assert_eq!(receiver.asked(1_000), (None, false), "and nobody after");
        let here = fix(52.6285, 1.292, 6.0, None, 2_000);
        assert_eq!(receiver.heard(Some(here.clone()), 2_000), None);
        assert_eq!(receiver.heard(None, 3_000), None, "a fix that failed takes none away");
        assert_eq!(receiver.asked(4_000), (Some(here.clone()), false));
        assert_eq!(receiver.heard(Some(here.clone()), 64_000), None);
        assert_eq!(receiver.heard(Some(here), 64_001), Some(7), "nobody hears it");
        assert!(receiver.asked(70_000).1, "until somebody asks again");
    }

    #[test]
    fn one_that_could_not_be_switched_on_is_tried_again() {
        let receiver = Receiver::default();
        assert!(receiver.asked(0).1);
        receiver.failed();
        assert!(receiver.asked(1_000).1);
    }

    #[test]
    fn what_a_phone_says_is_a_place() {
        let place =
            kerbside_core::form::place_from_json(&fix(52.6285, 1.292, 6.04, Some(12.5), 1_773_650_000_000));
        let place = place.unwrap();
        assert_eq!((place.lat_e7, place.lon_e7, place.accuracy_cm), (526_285_000, 12_920_000, Some(604)));
        assert_eq!(place.fixed_at, 1_773_650_000_000);
    }
}
