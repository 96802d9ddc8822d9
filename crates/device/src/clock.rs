//! The only place in this crate that reads a clock. Everything else is handed
//! a `Reading`, so that tests and the simulator decide what time it is.

use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What the clocks said at one moment. `monotonic_ms` counts from the start of
/// this process; the vault's boot counter tells two processes apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    pub wall_ms: i64,
    pub monotonic_ms: u64,
    /// Minutes east of Greenwich on the officer's watch, where the screen knows it.
    #[serde(default)]
    pub offset_min: i16,
}

impl Reading {
    #[must_use]
    pub fn at(wall_ms: i64) -> Self {
        Self { wall_ms, monotonic_ms: u64::try_from(wall_ms).unwrap_or(0), offset_min: 0 }
    }

    #[must_use]
    pub fn later(self, ms: i64) -> Self {
        Self {
            wall_ms: self.wall_ms.saturating_add(ms),
            monotonic_ms: self.monotonic_ms.saturating_add_signed(ms),
            offset_min: self.offset_min,
        }
    }
}

static STARTED: LazyLock<Instant> = LazyLock::new(start);

#[expect(clippy::disallowed_methods, reason = "this module is where clocks are read")]
fn start() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "this module is where clocks are read")]
#[must_use]
pub fn now() -> Reading {
    let wall = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    let monotonic = u64::try_from(STARTED.elapsed().as_millis()).unwrap_or(u64::MAX);
    Reading { wall_ms: wall, monotonic_ms: monotonic, offset_min: 0 }
}
