//! From what an expression comes to, to an answer of a question's kind.

use super::answers::{date, decimal, moment, time_of_day};
use super::expr::{Moment, Now, Outcome};
use super::{Metadatum, QuestionKind};
use crate::value::{Place, PlaceSource, Point, TEXT_LIMIT, Value};

/// The answer, or nothing: what is empty, no number or of another kind gives none.
pub fn coerced(kind: &QuestionKind, outcome: &Outcome, now: Now) -> Option<Value> {
    if let Outcome::Number(number) = outcome
        && !number.is_finite()
    {
        return None;
    }
    let text = outcome.text();
    if text.is_empty() || TEXT_LIMIT < text.len() {
        return None;
    }
    let value = match kind {
        QuestionKind::Integer => whole(outcome.number()).map(Value::Int)?,
        QuestionKind::Decimal | QuestionKind::Range { .. } => decimal(text.trim()).or_else(|| {
            let number = outcome.number();
            if number.is_finite() { decimal(&format!("{number:.9}")) } else { None }
        })?,
        QuestionKind::SelectOne { .. } => Value::code(text.trim()),
        QuestionKind::SelectMultiple { .. } => {
            Value::Codes(text.split_whitespace().map(str::to_owned).collect())
        }
        QuestionKind::Date | QuestionKind::Metadata { what: Metadatum::Today } => {
            on_day(outcome, &text, now)?
        }
        QuestionKind::Time => time_of_day(text.get(..5).unwrap_or(&text))?,
        QuestionKind::DateTime | QuestionKind::Metadata { what: Metadatum::Start | Metadatum::End } => {
            at_moment(outcome, &text, now)?
        }
        QuestionKind::Geopoint { .. } => place(&text, now)?,
        QuestionKind::Geotrace { .. } => Value::Path(corners(&text)?),
        QuestionKind::Geoshape { .. } => Value::Shape(corners(&text)?),
        QuestionKind::Acknowledge => Value::Bool(outcome.truth()),
        QuestionKind::Text { .. }
        | QuestionKind::Rank { .. }
        | QuestionKind::Barcode { .. }
        | QuestionKind::Calculate
        | QuestionKind::Hidden
        | QuestionKind::Metadata { .. } => Value::text(&text),
        QuestionKind::Image { .. }
        | QuestionKind::File { .. }
        | QuestionKind::Note
        | QuestionKind::Group
        | QuestionKind::Repeat { .. } => return None,
    };
    Some(value).filter(Value::is_well_formed)
}

#[expect(clippy::cast_possible_truncation, reason = "the range is looked at first")]
pub fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// A number is days since 1970, as everywhere in the language.
fn on_day(outcome: &Outcome, text: &str, now: Now) -> Option<Value> {
    if let Outcome::Number(_) = outcome {
        let (year, month, day) = Moment::date_of(outcome, now)?.to_calendar_date();
        return Some(Value::Date { year: i16::try_from(year).ok()?, month: u8::from(month), day });
    }
    date(text.get(..10).unwrap_or(text))
}

fn at_moment(outcome: &Outcome, text: &str, now: Now) -> Option<Value> {
    if let Outcome::Number(days) = outcome {
        return whole((days * 86_400_000.0).round())
            .map(|ms| Value::Instant { ms, offset_min: now.offset_min });
    }
    let (ms, offset_min) = moment(text)?;
    Some(Value::Instant { ms, offset_min })
}

/// `lat lon altitude accuracy`, as XForms write a place. It was computed, so it is no fix.
fn place(text: &str, now: Now) -> Option<Value> {
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    let (lat, lon) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let rest: Vec<f64> = numbers.collect::<Result<_, _>>().ok()?;
    let cm = |at: usize| rest.get(at).and_then(|metres| whole((metres * 100.0).round()));
    Some(Value::Place(Place {
        lat_e7: e7(lat)?,
        lon_e7: e7(lon)?,
        altitude_cm: cm(0).and_then(|cm| i32::try_from(cm).ok()),
        accuracy_cm: cm(1).and_then(|cm| u32::try_from(cm).ok()),
        fixed_at: now.ms,
        source: PlaceSource::Pin,
    }))
}

fn corners(text: &str) -> Option<Vec<Point>> {
    let corner = |text: &str| {
        let mut numbers = text.split_whitespace().map(str::parse::<f64>);
        Some(Point { lat_e7: e7(numbers.next()?.ok()?)?, lon_e7: e7(numbers.next()?.ok()?)? })
    };
    text.split(';').map(str::trim).filter(|text| !text.is_empty()).map(corner).collect()
}

fn e7(degrees: f64) -> Option<i32> {
    whole((degrees * 1e7).round()).and_then(|e7| i32::try_from(e7).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_from_today_is_a_week_from_today_in_summer_too() {
        let summer = Now { ms: 1_782_862_200_000, offset_min: 60, seed: 1 };
        let week = Outcome::Number(summer.today().number() + 7.0);
        assert_eq!(
            coerced(&QuestionKind::Date, &week, summer),
            Some(Value::Date { year: 2026, month: 7, day: 8 })
        );
    }
}
