//! What an expression works with: XPath 1.0's text, number, truth and node set, and its conversions.

use super::dates::{DAY_MS, Moment};
use crate::value::{Point, Value};

/// What an expression or a part of one comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Text(String),
    Number(f64),
    Truth(bool),
    /// The answers a reference names: one, or one from each row of a repeat. A question without an answer
    /// is one empty node, a repeat without rows none.
    Nodes(Vec<Node>),
}

/// One answer as an expression sees it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Node {
    pub text: String,
    /// Days since 1970 of a date or a moment, which compare by it.
    pub days: Option<f64>,
}

/// The moment an evaluation is made at, given by whoever has a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    pub ms: i64,
    pub offset_min: i16,
    /// What `uuid()` and `random()` draw from: the same for one draft as long as it is open.
    pub seed: u64,
}

impl Now {
    /// A date as the moment its day begins on the officer's clock, so that it compares with `now()`.
    fn days_of_date(self, days: f64) -> f64 {
        days - on_grid(f64::from(self.offset_min) / 1_440.0)
    }

    pub fn moment(ms: i64, offset_min: i16) -> Node {
        let days = ms.div_euclid(DAY_MS) as f64 + on_grid(ms.rem_euclid(DAY_MS) as f64 / DAY_MS as f64);
        Node { text: crate::value::instant_text(ms, offset_min), days: Some(days) }
    }

    pub fn now(self) -> Node {
        Self::moment(self.ms, self.offset_min)
    }

    pub fn today(self) -> Node {
        let local = self.ms.saturating_add(i64::from(self.offset_min) * 60_000);
        let date = time::OffsetDateTime::from_unix_timestamp(local.div_euclid(1_000))
            .map(time::OffsetDateTime::date);
        date.map_or_else(|_| Node::default(), |date| self.date(date))
    }

    pub fn date(self, date: time::Date) -> Node {
        let days = f64::from(date.to_julian_day() - UNIX_EPOCH_JULIAN_DAY);
        let (year, month, day) = date.to_calendar_date();
        let text = format!("{year:04}-{:02}-{day:02}", u8::from(month));
        Node { text, days: Some(self.days_of_date(days)) }
    }
}

const UNIX_EPOCH_JULIAN_DAY: i32 = 2_440_588;

/// Rounds a part of a day to 2^-36 (a microsecond), so that differences of days are exact for three centuries around
/// 1970: an hour has no exact float, and thirty days must not be 29.999 in summer.
fn on_grid(days: f64) -> f64 {
    const GRID: f64 = (1_u64 << 36) as f64;
    (days * GRID).round() / GRID
}

impl Node {
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), days: None }
    }

    pub fn number(&self) -> f64 {
        self.days.unwrap_or_else(|| number_of(&self.text))
    }

    /// Its number, where a date or a moment written as text counts as days since 1970.
    pub fn number_at(&self, now: Now) -> f64 {
        self.days.unwrap_or_else(|| number_at(&self.text, now))
    }

    /// An answer as XForms writes it: codes apart by spaces, a place as `lat lon alt acc`.
    pub fn of(value: &Value, now: Now) -> Self {
        match value {
            Value::Null | Value::Bool(false) | Value::Redacted | Value::Opaque { .. } => Self::default(),
            Value::Bool(true) => Self::text("OK"),
            Value::Int(number) => Self::text(number.to_string()),
            Value::Text(text) | Value::Code(text) => Self::text(text.clone()),
            Value::Codes(codes) => Self::text(codes.iter().map(String::as_str).collect::<Vec<_>>().join(" ")),
            Value::Decimal { .. } | Value::Time { .. } => Self::text(plain(value)),
            Value::Date { year, month, day } => time::Month::try_from(*month)
                .and_then(|month| time::Date::from_calendar_date(i32::from(*year), month, *day))
                .map_or_else(|_| Self::default(), |date| now.date(date)),
            Value::Instant { ms, offset_min } => Now::moment(*ms, *offset_min),
            Value::Place(place) => Self::text(format!(
                "{} {} {} {}",
                f64::from(place.lat_e7) / 1e7,
                f64::from(place.lon_e7) / 1e7,
                f64::from(place.altitude_cm.unwrap_or(0)) / 100.0,
                f64::from(place.accuracy_cm.unwrap_or(0)) / 100.0,
            )),
            Value::Path(points) => Self::text(line(points)),
            Value::Shape(points) => Self::text(line(&closed(points))),
        }
    }
}

fn line(points: &[Point]) -> String {
    let corner =
        |point: &Point| format!("{} {} 0 0", f64::from(point.lat_e7) / 1e7, f64::from(point.lon_e7) / 1e7);
    points.iter().map(corner).collect::<Vec<_>>().join(";")
}

/// XForms ends a shape at the corner it begins with.
fn closed(points: &[Point]) -> Vec<Point> {
    let back = points.first().filter(|first| points.last() != Some(first));
    points.iter().chain(back).copied().collect()
}

fn plain(value: &Value) -> String {
    crate::value::to_json(value).as_str().unwrap_or_default().to_owned()
}

impl Outcome {
    pub fn node(node: Node) -> Self {
        Self::Nodes(vec![node])
    }

    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number_text(*number),
            Self::Truth(truth) => truth.to_string(),
            Self::Nodes(nodes) => nodes.first().map(|node| node.text.clone()).unwrap_or_default(),
        }
    }

    pub fn number(&self) -> f64 {
        match self {
            Self::Text(text) => number_of(text),
            Self::Number(number) => *number,
            Self::Truth(truth) => f64::from(u8::from(*truth)),
            Self::Nodes(nodes) => nodes.first().map_or(f64::NAN, Node::number),
        }
    }

    /// Its number, where a date or a moment written as text counts as days since 1970.
    pub fn number_at(&self, now: Now) -> f64 {
        match self {
            Self::Text(text) => number_at(text, now),
            Self::Nodes(nodes) => nodes.first().map_or(f64::NAN, |node| node.number_at(now)),
            Self::Number(_) | Self::Truth(_) => self.number(),
        }
    }

    /// Text and answers are true when there is anything in them, as ODK's clients read it.
    pub fn truth(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Truth(truth) => *truth,
            Self::Nodes(nodes) => nodes.iter().any(|node| !node.text.is_empty()),
        }
    }
}

fn number_at(text: &str, now: Now) -> f64 {
    let number = number_of(text);
    let days = || Moment::read(text, now).and_then(|moment| moment.node(now).days);
    if number.is_nan() { days().unwrap_or(number) } else { number }
}

/// XPath's number of a text: digits, one point, a leading minus. Anything else is no number.
pub fn number_of(text: &str) -> f64 {
    let text = text.trim();
    let plain = text.chars().all(|each| each.is_ascii_digit() || matches!(each, '.' | '-'));
    if plain { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

fn number_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number < 0.0 { "-Infinity".to_owned() } else { "Infinity".to_owned() }
    } else if number == 0.0 {
        "0".to_owned()
    } else {
        number.to_string()
    }
}
