//! Dates and moments in expressions: read from ISO 8601 or from days since 1970, and written again.
//!
//! A moment that carries its own offset keeps it: what an officer wrote at nine in July reads as nine on any device, in
//! December too, and on the server. Where there is none, the zone is `Now::offset_min`.

use time::Date;

use super::value::{Node, Now, Outcome, number_of};

pub const DAY_MS: i64 = 86_400_000;
const UNIX_EPOCH_JULIAN_DAY: i64 = 2_440_588;
/// Days from 1970 to where a calendar of four-digit years ends.
const DAYS_LIMIT: f64 = 3_000_000.0;

/// A date, with the time of day where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub date: Date,
    /// Milliseconds after midnight; none for a date alone.
    pub clock_ms: Option<u32>,
    pub offset_min: i16,
}

impl Moment {
    /// What a value says of time: an ISO date or moment, or days since 1970 UTC.
    pub fn of(outcome: &Outcome, now: Now) -> Option<Self> {
        match outcome {
            Outcome::Truth(_) => None,
            Outcome::Number(days) => Self::from_days(*days, now),
            Outcome::Text(_) | Outcome::Nodes(_) => {
                let text = outcome.text();
                Self::read(&text, now).or_else(|| Self::from_days(number_of(&text), now))
            }
        }
    }

    /// The date of a value. A whole number of days is that date in any zone; a part of a day makes it a moment, which
    /// has the date it has here.
    pub fn date_of(outcome: &Outcome, now: Now) -> Option<Date> {
        let moment = match outcome {
            Outcome::Number(days) if days.fract() == 0.0 => {
                Self::from_days(days - f64::from(now.offset_min) / 1_440.0, now)
            }
            Outcome::Text(_) | Outcome::Number(_) | Outcome::Truth(_) | Outcome::Nodes(_) => {
                Self::of(outcome, now)
            }
        };
        moment.map(|moment| moment.date)
    }

    pub fn read(text: &str, now: Now) -> Option<Self> {
        let text = text.trim();
        let Some((date, clock)) = text.split_once('T') else {
            return Some(Self { date: read_date(text)?, clock_ms: None, offset_min: now.offset_min });
        };
        let (clock_ms, offset_min) = clock_and_offset(clock)?;
        let offset_min = offset_min.unwrap_or(now.offset_min);
        Some(Self { date: read_date(date)?, clock_ms: Some(clock_ms), offset_min })
    }

    /// A time of day, as the first day of 1970 has it.
    pub fn read_clock(text: &str, now: Now) -> Option<Self> {
        let (clock_ms, offset_min) = clock_and_offset(text.trim())?;
        let date = Date::from_julian_day(i32::try_from(UNIX_EPOCH_JULIAN_DAY).ok()?).ok()?;
        Some(Self { date, clock_ms: Some(clock_ms), offset_min: offset_min.unwrap_or(now.offset_min) })
    }

    fn from_days(days: f64, now: Now) -> Option<Self> {
        if days.is_nan() || DAYS_LIMIT < days.abs() {
            return None;
        }
        let ms = (days * DAY_MS as f64).round() as i64 + i64::from(now.offset_min) * 60_000;
        let date = Date::from_julian_day(i32::try_from(ms.div_euclid(DAY_MS) + UNIX_EPOCH_JULIAN_DAY).ok()?);
        let clock_ms = u32::try_from(ms.rem_euclid(DAY_MS)).ok()?;
        Some(Self { date: date.ok()?, clock_ms: Some(clock_ms), offset_min: now.offset_min })
    }

    /// Milliseconds since 1970 UTC.
    pub fn ms(self) -> i64 {
        let days = i64::from(self.date.to_julian_day()) - UNIX_EPOCH_JULIAN_DAY;
        days * DAY_MS + i64::from(self.clock_ms.unwrap_or(0)) - i64::from(self.offset_min) * 60_000
    }

    pub fn node(self, now: Now) -> Node {
        match self.clock_ms {
            Some(_) => Now::moment(self.ms(), self.offset_min),
            None => now.date(self.date),
        }
    }

    /// Written by ODK's codes. None where there is a code ODK does not know.
    pub fn format(self, pattern: &str) -> Option<String> {
        let mut written = String::new();
        let mut letters = pattern.chars();
        while let Some(letter) = letters.next() {
            if letter == '%' {
                written.push_str(&self.part(letters.next()?)?);
            } else {
                written.push(letter);
            }
        }
        Some(written)
    }

    fn part(self, code: char) -> Option<String> {
        let date = self.date;
        let ms = self.clock_ms.unwrap_or(0);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
        Some(match code {
            '%' => "%".to_owned(),
            'Y' => format!("{:04}", date.year()),
            'y' => format!("{:02}", date.year().rem_euclid(100)),
            'm' => format!("{:02}", u8::from(date.month())),
            'n' => u8::from(date.month()).to_string(),
            'b' => short(&date.month().to_string()),
            'd' => format!("{:02}", date.day()),
            'e' => date.day().to_string(),
            'a' => short(&date.weekday().to_string()),
            'W' => date.iso_week().to_string(),
            'H' => format!("{hour:02}"),
            'h' => hour.to_string(),
            'M' => format!("{minute:02}"),
            'S' => format!("{second:02}"),
            '3' => format!("{:03}", ms % 1_000),
            _ => return None,
        })
    }
}

fn short(name: &str) -> String {
    name.chars().take(3).collect()
}

/// `2026-03-16`, or `2026-3-16` as spreadsheets have it.
fn read_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let month = u8::try_from(digits(month, 1, 2)?).ok()?;
    let day = u8::try_from(digits(day, 1, 2)?).ok()?;
    let year = i32::try_from(digits(year, 4, 4)?).ok()?;
    Date::from_calendar_date(year, time::Month::try_from(month).ok()?, day).ok()
}

/// `09:12`, `09:12:44`, `09:12:44.500`, each with or without an offset: milliseconds after midnight, and minutes.
fn clock_and_offset(text: &str) -> Option<(u32, Option<i16>)> {
    if let Some(clock) = text.strip_suffix('Z') {
        return Some((clock_ms(clock)?, Some(0)));
    }
    let Some(at) = text.find(['+', '-']) else {
        return Some((clock_ms(text)?, None));
    };
    let (clock, offset) = text.split_at_checked(at)?;
    let west = offset.starts_with('-');
    let (hours, minutes) = offset.get(1..)?.split_once(':').unwrap_or((offset.get(1..)?, "0"));
    let minutes = i16::try_from(below(24, hours)? * 60 + below(60, minutes)?).ok()?;
    Some((clock_ms(clock)?, Some(if west { -minutes } else { minutes })))
}

fn clock_ms(text: &str) -> Option<u32> {
    let mut parts = text.split(':');
    let (hour, minute) = (below(24, parts.next()?)?, below(60, parts.next()?)?);
    let (second, part) = match parts.next() {
        None => (0, "0"),
        Some(second) => {
            let (second, part) = second.split_once('.').unwrap_or((second, "0"));
            (below(60, second)?, part)
        }
    };
    if parts.next().is_some() {
        return None;
    }
    digits(part, 1, 9)?;
    let thousandths = digits(&format!("{part:0<3}").chars().take(3).collect::<String>(), 3, 3)?;
    Some((hour * 3_600 + minute * 60 + second) * 1_000 + thousandths)
}

fn below(limit: u32, text: &str) -> Option<u32> {
    digits(text, 1, 2).filter(|number| *number < limit)
}

fn digits(text: &str, least: usize, most: usize) -> Option<u32> {
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}
