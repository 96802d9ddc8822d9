//! An answer: one whole value, of the kinds a form can ask for.

use std::collections::BTreeSet;

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::cbor;

/// The longest text of one answer, in bytes.
pub const TEXT_LIMIT: usize = 16 * 1024;

/// One answer. Clearing an answer is `Null`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    /// Whole numbers; money is in pence.
    Int(i64),
    /// `mantissa / 10^scale`, without trailing zeros.
    Decimal {
        mantissa: i64,
        scale: u8,
    },
    /// NFC, as the officer wrote it.
    Text(String),
    Code(String),
    Codes(BTreeSet<String>),
    Date {
        year: i16,
        month: u8,
        day: u8,
    },
    /// Seconds after midnight, local.
    Time {
        seconds: u32,
    },
    /// Milliseconds since 1970 UTC, and the zone offset the officer saw.
    Instant {
        ms: i64,
        offset_min: i16,
    },
    Place(Place),
    Path(Vec<Point>),
    Shape(Vec<Point>),
    /// Stands where an answer was that has been taken out for good.
    Redacted,
    /// A kind a newer app knows: kept and passed on as it came.
    Opaque {
        tag: u64,
        bytes: Vec<u8>,
    },
}

/// A position in WGS 84 and how much it can be trusted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// Degrees × 10⁷.
    pub lat_e7: i32,
    pub lon_e7: i32,
    pub altitude_cm: Option<i32>,
    /// Radius of one sigma as the receiver gave it; none for a pin.
    pub accuracy_cm: Option<u32>,
    /// When the position was fixed or the pin placed, milliseconds since 1970.
    pub fixed_at: i64,
    pub source: PlaceSource,
}

/// Where a position came from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum PlaceSource {
    Gnss,
    Fused,
    Pin,
    Gazetteer,
    Mock,
}

impl PlaceSource {
    const ALL: [Self; 5] = [Self::Gnss, Self::Fused, Self::Pin, Self::Gazetteer, Self::Mock];

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// A corner of a path or a shape, degrees × 10⁷.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Point {
    pub lat_e7: i32,
    pub lon_e7: i32,
}

impl Value {
    /// `mantissa / 10^scale` in its one normal form.
    #[must_use]
    pub fn decimal(mut mantissa: i64, mut scale: u8) -> Self {
        while 0 < scale && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Self::Decimal { mantissa, scale }
    }

    #[must_use]
    pub fn text(text: &str) -> Self {
        use unicode_normalization::UnicodeNormalization;
        Self::Text(text.nfc().collect())
    }

    #[must_use]
    pub fn code(code: impl Into<String>) -> Self {
        Self::Code(code.into())
    }

    /// Whether the value keeps to its own rules: limits, a real date, a normal decimal, a place on the globe.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Instant { .. } | Self::Redacted => true,
            Self::Decimal { mantissa, scale } => *scale <= 18 && (*scale == 0 || mantissa % 10 != 0),
            Self::Text(text) => text.len() <= TEXT_LIMIT,
            Self::Code(code) => is_code(code),
            Self::Codes(codes) => codes.len() <= 256 && codes.iter().all(|code| is_code(code)),
            Self::Date { year, month, day } => time::Month::try_from(*month)
                .is_ok_and(|month| time::Date::from_calendar_date(i32::from(*year), month, *day).is_ok()),
            Self::Time { seconds } => *seconds < 86_400,
            Self::Place(place) => {
                place.altitude_cm != Some(i32::MIN)
                    && on_globe(Point { lat_e7: place.lat_e7, lon_e7: place.lon_e7 })
            }
            Self::Path(points) | Self::Shape(points) => {
                points.len() <= 1_000 && points.iter().all(|point| on_globe(*point))
            }
            Self::Opaque { bytes, .. } => bytes.len() <= TEXT_LIMIT,
        }
    }
}

fn is_code(code: &str) -> bool {
    !code.is_empty() && code.len() <= 128 && !code.contains(char::is_whitespace)
}

/// Latitude 0, longitude 0 is what a broken receiver says, and no council is there.
fn on_globe(point: Point) -> bool {
    point.lat_e7.unsigned_abs() <= 900_000_000
        && point.lon_e7.unsigned_abs() <= 1_800_000_000
        && (point.lat_e7, point.lon_e7) != (0, 0)
}

/// The plain JSON of an answer, as screens, exports and scripts see it.
#[must_use]
pub fn to_json(value: &Value) -> serde_json::Value {
    use serde_json::json;
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(bool) => json!(bool),
        Value::Int(number) => json!(number),
        Value::Decimal { mantissa, scale } => json!(decimal_text(*mantissa, *scale)),
        Value::Text(text) | Value::Code(text) => json!(text),
        Value::Codes(codes) => json!(codes),
        Value::Date { year, month, day } => json!(format!("{year:04}-{month:02}-{day:02}")),
        Value::Time { seconds } => json!(time_text(*seconds)),
        Value::Instant { ms, offset_min } => json!(instant_text(*ms, *offset_min)),
        Value::Place(place) => json!({
            "lat": degrees(place.lat_e7),
            "lon": degrees(place.lon_e7),
            "altitude_m": place.altitude_cm.map(|cm| f64::from(cm) / 100.0),
            "accuracy_m": place.accuracy_cm.map(|cm| f64::from(cm) / 100.0),
            "fixed_at": instant_text(place.fixed_at, 0),
            "source": place.source,
        }),
        Value::Path(points) | Value::Shape(points) => {
            json!(
                points.iter().map(|point| [degrees(point.lat_e7), degrees(point.lon_e7)]).collect::<Vec<_>>()
            )
        }
        Value::Redacted => json!({ "redacted": true }),
        Value::Opaque { tag, .. } => json!({ "newer_kind": tag }),
    }
}

fn degrees(e7: i32) -> f64 {
    f64::from(e7) / 1e7
}

fn decimal_text(mantissa: i64, scale: u8) -> String {
    if scale == 0 {
        return mantissa.to_string();
    }
    let width = usize::from(scale) + 1;
    let digits = format!("{:0>width$}", mantissa.unsigned_abs());
    let (whole, part) = digits.split_at(digits.len() - usize::from(scale));
    let sign = if mantissa < 0 { "-" } else { "" };
    format!("{sign}{whole}.{part}")
}

fn time_text(seconds: u32) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if rest == 0 { format!("{hours:02}:{minutes:02}") } else { format!("{hours:02}:{minutes:02}:{rest:02}") }
}

/// RFC 3339 with the offset always shown; milliseconds only where there are any.
#[must_use]
pub fn instant_text(ms: i64, offset_min: i16) -> String {
    let offset =
        time::UtcOffset::from_whole_seconds(i32::from(offset_min) * 60).unwrap_or(time::UtcOffset::UTC);
    let Ok(at) = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000) else {
        return format!("{ms} ms");
    };
    at.to_offset(offset)
        .format(&time::format_description::well_known::Rfc3339)
        .unwrap_or_else(|_| format!("{ms} ms"))
}

impl<C> Encode<C> for Value {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, context: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.array(2)?;
        match self {
            Self::Null => e.u8(0)?.null()?.ok(),
            Self::Bool(bool) => e.u8(1)?.bool(*bool)?.ok(),
            Self::Int(number) => e.u8(2)?.i64(*number)?.ok(),
            Self::Decimal { mantissa, scale } => e.u8(3)?.array(2)?.i64(*mantissa)?.u8(*scale)?.ok(),
            Self::Text(text) => e.u8(4)?.str(text)?.ok(),
            Self::Code(code) => e.u8(5)?.str(code)?.ok(),
            Self::Codes(codes) => {
                e.u8(6)?.array(codes.len() as u64)?;
                codes.iter().try_for_each(|code| e.str(code)?.ok())
            }
            Self::Date { year, month, day } => e.u8(7)?.array(3)?.i16(*year)?.u8(*month)?.u8(*day)?.ok(),
            Self::Time { seconds } => e.u8(8)?.u32(*seconds)?.ok(),
            Self::Instant { ms, offset_min } => e.u8(9)?.array(2)?.i64(*ms)?.i16(*offset_min)?.ok(),
            Self::Place(place) => {
                e.u8(10)?;
                place.encode(e, context)
            }
            Self::Path(points) => encode_points(e.u8(11)?, points),
            Self::Shape(points) => encode_points(e.u8(12)?, points),
            Self::Redacted => e.u8(13)?.null()?.ok(),
            Self::Opaque { tag, bytes } => {
                e.u64(*tag)?;
                e.writer_mut().write_all(bytes).map_err(EncodeError::write)
            }
        }
    }
}

fn encode_points<W: Write>(e: &mut Encoder<W>, points: &[Point]) -> Result<(), EncodeError<W::Error>> {
    e.array(points.len() as u64)?;
    points.iter().try_for_each(|point| e.array(2)?.i32(point.lat_e7)?.i32(point.lon_e7)?.ok())
}

impl<'b, C> Decode<'b, C> for Value {
    fn decode(d: &mut Decoder<'b>, context: &mut C) -> Result<Self, DecodeError> {
        let value = match cbor::open_pair(d)? {
            0 => d.null().map(|()| Self::Null)?,
            1 => Self::Bool(d.bool()?),
            2 => Self::Int(d.i64()?),
            3 => {
                cbor::open_array(d, 2)?;
                Self::Decimal { mantissa: d.i64()?, scale: d.u8()? }
            }
            4 => Self::Text(d.str()?.to_owned()),
            5 => Self::Code(d.str()?.to_owned()),
            6 => Self::Codes(decode_codes(d)?),
            7 => {
                cbor::open_array(d, 3)?;
                Self::Date { year: d.i16()?, month: d.u8()?, day: d.u8()? }
            }
            8 => Self::Time { seconds: d.u32()? },
            9 => {
                cbor::open_array(d, 2)?;
                Self::Instant { ms: d.i64()?, offset_min: d.i16()? }
            }
            10 => Self::Place(Place::decode(d, context)?),
            11 => Self::Path(decode_points(d)?),
            12 => Self::Shape(decode_points(d)?),
            13 => d.null().map(|()| Self::Redacted)?,
            tag => Self::Opaque { tag, bytes: cbor::raw_item(d)?.to_vec() },
        };
        if value.is_well_formed() {
            Ok(value)
        } else {
            Err(DecodeError::message("an answer outside its limits"))
        }
    }
}

fn decode_codes(d: &mut Decoder<'_>) -> Result<BTreeSet<String>, DecodeError> {
    let mut codes = BTreeSet::new();
    let mut last = "";
    for code in d.array_iter::<&str>()? {
        let code = code?;
        if code <= last {
            return Err(DecodeError::message("codes out of order"));
        }
        last = code;
        codes.insert(code.to_owned());
    }
    Ok(codes)
}

fn decode_points(d: &mut Decoder<'_>) -> Result<Vec<Point>, DecodeError> {
    let count = d.array()?.ok_or_else(|| DecodeError::message("indefinite lengths are not used"))?;
    (0..count)
        .map(|_| {
            cbor::open_array(d, 2)?;
            Ok(Point { lat_e7: d.i32()?, lon_e7: d.i32()? })
        })
        .collect()
}

impl<C> Encode<C> for Place {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, context: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.array(6)?.i32(self.lat_e7)?.i32(self.lon_e7)?;
        self.altitude_cm.encode(e, context)?;
        self.accuracy_cm.encode(e, context)?;
        e.i64(self.fixed_at)?.u8(self.source as u8)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Place {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        cbor::open_array(d, 6)?;
        Ok(Self {
            lat_e7: d.i32()?,
            lon_e7: d.i32()?,
            altitude_cm: cbor::nullable(d)?,
            accuracy_cm: cbor::nullable(d)?,
            fixed_at: d.i64()?,
            source: PlaceSource::from_number(d.u8()?)
                .ok_or_else(|| DecodeError::message("an unknown source"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            lat_e7: 526_285_000,
            lon_e7: 12_920_000,
            altitude_cm: None,
            accuracy_cm: Some(620),
            fixed_at: 1_773_652_360_000,
            source: PlaceSource::Gnss,
        }
    }

    #[test]
    fn every_kind_of_answer_reads_back_from_its_canonical_bytes() {
        for value in [
            Value::Null,
            Value::Bool(true),
            Value::Int(-12),
            Value::decimal(1250, 2),
            Value::text("Caffi\u{300}"),
            Value::code("small_van"),
            Value::Codes(["a".to_owned(), "b".to_owned()].into()),
            Value::Date { year: 2026, month: 3, day: 16 },
            Value::Time { seconds: 33_120 },
            Value::Instant { ms: 1_773_652_364_123, offset_min: 60 },
            Value::Place(place()),
            Value::Shape(vec![Point { lat_e7: 1, lon_e7: 2 }]),
            Value::Redacted,
            Value::Opaque { tag: 77, bytes: vec![0x82, 0x01, 0xf6] },
        ] {
            let bytes = cbor::encode(&value);
            assert_eq!(cbor::decode::<Value>(&bytes).expect("canonical"), value);
        }
    }

    #[test]
    fn nought_north_nought_east_is_no_place() {
        let nowhere = Value::Place(Place { lat_e7: 0, lon_e7: 0, ..place() });
        assert!(cbor::decode::<Value>(&cbor::encode(&nowhere)).is_err());
    }

    #[test]
    fn a_decimal_has_one_form() {
        assert_eq!(Value::decimal(1250, 2), Value::Decimal { mantissa: 125, scale: 1 });
        assert!(cbor::decode::<Value>(&cbor::encode(&Value::Decimal { mantissa: 1250, scale: 2 })).is_err());
        assert_eq!(to_json(&Value::decimal(-5, 2)), serde_json::json!("-0.05"));
    }

    #[test]
    fn answers_show_as_plain_json() {
        assert_eq!(to_json(&Value::Instant { ms: 1_773_652_364_000, offset_min: 0 }), "2026-03-16T09:12:44Z");
        assert_eq!(to_json(&Value::Time { seconds: 33_120 }), "09:12");
        assert_eq!(to_json(&Value::Place(place()))["accuracy_m"], 6.2);
    }
}
