//! The bench's stopwatch: the only place here that reads a clock.

use std::time::{Duration, Instant};

/// What the work gave, and how long it took.
#[expect(clippy::disallowed_methods, reason = "this module is where clocks are read")]
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = work();
    (done, began.elapsed())
}
