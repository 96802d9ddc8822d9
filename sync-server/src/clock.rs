//! The only place where the server reads a clock. Everything else is told the time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, UTC.
#[expect(clippy::disallowed_methods, reason = "this module is where the clock is read")]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// For measuring how long something takes.
#[expect(clippy::disallowed_methods, reason = "this module is where the clock is read")]
pub fn tick() -> Instant {
    Instant::now()
}

/// A moment for machines to read.
pub fn rfc3339(ms: i64) -> String {
    let seconds = time::OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000));
    seconds
        .ok()
        .and_then(|moment| moment.format(&time::format_description::well_known::Rfc3339).ok())
        .unwrap_or_default()
}

/// A moment as machines write it.
pub fn ms_of_rfc3339(text: &str) -> Result<i64, time::error::Parse> {
    let moment = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339)?;
    Ok(moment.unix_timestamp() * 1000 + i64::from(moment.millisecond()))
}
