//! The one place where this binary reads the machine's clock: for how fast it was, and nothing that a world depends on.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "this is the binary's clock")]
pub fn now() -> Instant {
    Instant::now()
}
