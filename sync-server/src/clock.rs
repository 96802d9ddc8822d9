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

/// The same to the millisecond.
pub fn rfc3339_ms(ms: i64) -> String {
    let whole = rfc3339(ms);
    format!("{}.{:03}Z", whole.trim_end_matches('Z'), ms.rem_euclid(1000))
}

/// A moment as headers of HTTP write it.
pub fn http_date(ms: i64) -> String {
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let moment = time::OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000));
    moment.ok().and_then(|moment| moment.format(format).ok()).unwrap_or_default()
}

/// A moment as machines write it.
pub fn ms_of_rfc3339(text: &str) -> Result<i64, time::error::Parse> {
    let moment = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339)?;
    Ok(moment.unix_timestamp() * 1000 + i64::from(moment.millisecond()))
}
