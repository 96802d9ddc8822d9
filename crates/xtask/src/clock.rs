//! The one place where xtask reads a clock.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "the clock module of this binary")]
pub fn now() -> Instant {
    Instant::now()
}
