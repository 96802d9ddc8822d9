//! The sentences of a satellite receiver (NMEA 0183): the newest GGA with a fix, as an answer's JSON.

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// What one unit of horizontal dilution is worth on an ordinary receiver, in metres.
const METRES_PER_HDOP: f64 = 5.0;

/// The last whole sentence that has a fix. GGA carries a time of day and no date; the device's clock gives the day.
pub fn newest(sentences: &str, wall_ms: i64) -> Option<Value> {
    sentences.lines().rev().find_map(|line| fix(line.trim(), wall_ms))
}

/// A moment as answers carry it.
pub fn instant(ms: i64) -> String {
    moment(ms).format(&Rfc3339).unwrap_or_default()
}

fn moment(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn fix(line: &str, wall_ms: i64) -> Option<Value> {
    let body = checked(line)?;
    let fields: Vec<&str> = body.split(',').collect();
    let field = |place: usize| fields.get(place).copied().unwrap_or_default();
    if !field(0).ends_with("GGA") || matches!(field(6), "" | "0") {
        return None;
    }
    let hdop: Option<f64> = field(8).parse().ok();
    Some(json!({
        "lat": degrees(field(2), field(3))?,
        "lon": degrees(field(4), field(5))?,
        "accuracy_m": hdop.map(|hdop| hdop * METRES_PER_HDOP),
        "altitude_m": field(9).parse::<f64>().ok(),
        "fixed_at": at(field(1), wall_ms)?,
        "source": "gnss",
    }))
}

/// What stands between `$` and `*`, if it adds up to the two digits after.
fn checked(line: &str) -> Option<&str> {
    let (body, sum) = line.strip_prefix('$')?.split_once('*')?;
    let wanted = u8::from_str_radix(sum.trim(), 16).ok()?;
    (body.bytes().fold(0, |sum, byte| sum ^ byte) == wanted).then_some(body)
}

/// `5237.710,N` is 52 degrees and 37.710 minutes north.
fn degrees(text: &str, side: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    let whole = (value / 100.0).trunc();
    let size = whole + (value - whole * 100.0) / 60.0;
    match side {
        "N" | "E" => Some(size),
        "S" | "W" => Some(-size),
        _ => None,
    }
}

/// The time of day in the sentence on the day that puts it nearest to now.
fn at(text: &str, wall_ms: i64) -> Option<String> {
    let digits: f64 = text.parse().ok()?;
    let whole = digits.trunc();
    let (hour, minute, second) = ((whole / 10_000.0).trunc(), (whole / 100.0).trunc() % 100.0, whole % 100.0);
    let of_day = time::Duration::seconds_f64(hour * 3600.0 + minute * 60.0 + second);
    let now = moment(wall_ms).to_offset(UtcOffset::UTC);
    let today = now.replace_time(time::Time::MIDNIGHT) + of_day;
    let half = time::Duration::hours(12);
    let nearest = if half < today - now {
        today - time::Duration::days(1)
    } else if today - now < -half {
        today + time::Duration::days(1)
    } else {
        today
    };
    nearest.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORWICH: &str = "$GPGGA,091240,5237.710,N,00117.522,E,1,08,1.2,31.0,M,46.9,M,,*48";
    /// 2026-03-16 09:12:44 UTC.
    const NOW: i64 = 1_773_652_364_000;

    fn summed(body: &str) -> String {
        format!("${body}*{:02X}", body.bytes().fold(0, |sum, byte| sum ^ byte))
    }

    #[test]
    fn a_sentence_with_a_fix_says_where_when_and_how_surely() {
        let sentence = summed(NORWICH.trim_start_matches('$').split('*').next().unwrap());
        let fix = newest(&sentence, NOW).unwrap();
        assert!((fix["lat"].as_f64().unwrap() - 52.6285).abs() < 1e-6);
        assert!((fix["lon"].as_f64().unwrap() - 1.292_033).abs() < 1e-6);
        assert_eq!(fix["accuracy_m"], 6.0);
        assert_eq!(fix["fixed_at"], "2026-03-16T09:12:40Z");
    }

    #[test]
    fn a_sentence_without_a_fix_or_cut_short_is_passed_over() {
        let none = summed("GPGGA,091240,,,,,0,00,,,M,,M,,");
        assert!(newest(&none, NOW).is_none());
        assert!(newest("$GPGGA,091240,5237.710,N,00117", NOW).is_none());
        assert!(newest("$GPGGA,091240,5237.710,N,00117.522,E,1,08,1.2,31.0,M,46.9,M,,*00", NOW).is_none());
    }

    #[test]
    fn a_fix_from_before_midnight_is_yesterdays() {
        let sentence = summed("GPGGA,235959,5237.710,S,00117.522,W,1,08,1.0,31.0,M,46.9,M,,");
        let just_after_midnight = 1_773_619_205_000;
        let fix = newest(&sentence, just_after_midnight).unwrap();
        assert_eq!(fix["fixed_at"], "2026-03-15T23:59:59Z");
        assert!(fix["lat"].as_f64().unwrap() < 0.0);
    }
}
