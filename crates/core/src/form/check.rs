//! Whether one answer will do: its kind, its limits, the choices on offer, the form's own constraint.

use super::coerce::whole;
use super::expr::{Expr, shuffle};
use super::fault::{Fault, FaultCode};
use super::rules::Needed;
use super::tree::{Stand, Tree, key};
use super::{Choice, LONG_LIST, Merge, Question, QuestionKind};
use crate::value::Value;

/// What a screen has to know of one question in one row.
pub struct State {
    pub required: bool,
    pub read_only: bool,
    /// The names on offer, where the form narrows or shuffles a list that is short enough to lay out.
    pub choices: Option<Vec<String>>,
    pub fault: Option<Fault>,
}

/// One fault a question, the one that matters most: nothing there, then the wrong kind, then the limits,
/// then the form's constraint.
pub fn check(tree: &Tree<'_>, place: usize, question: &Question, stand: &Stand) -> State {
    let field = key(question, stand);
    let value = tree.value(place, stand).unwrap_or(&Value::Null);
    let needed = |needed: &Needed| match needed {
        Needed::Always => Some(true),
        Needed::When(expr) => Some(tree.evaluate(expr, place, stand).truth()),
        Needed::Never => None,
    };
    let required = can_be_required(&question.kind)
        && needed(&question.rules.required).unwrap_or_else(|| least(&question.kind) != 0);
    let empty = is_empty(value);
    let short = question.kind.list().is_some_and(|list| tree.form.choices(list).len() <= LONG_LIST);
    let offered = if short || !empty { offered(tree, place, question, stand) } else { None };
    let fault = |code| Fault::new(field.clone(), code, Some(question));
    let fault = if empty {
        required.then(|| {
            let least = least(&question.kind);
            fault(FaultCode::Required).with_min(least).saying(question.rules.required_message.clone())
        })
    } else if question.merge == Merge::Server {
        Some(fault(FaultCode::OfficeOnly))
    } else {
        kind_fault(tree, question, value, offered.as_deref(), &fault)
            .or_else(|| limit_fault(question, value, &fault))
            .or_else(|| {
                let fails = |expr: &Expr| !tree.evaluate(expr, place, stand).truth();
                let broken = question.rules.constraint.as_ref().is_some_and(fails);
                broken.then(|| fault(FaultCode::Constraint).saying(question.rules.constraint_message.clone()))
            })
    };
    // What would be worked out again at once is not for typing.
    let read_only = needed(&question.rules.read_only).unwrap_or(false)
        || question.kind.is_shown() && tree.calculated(place, stand).is_some();
    let choices = offered.filter(|_| short).map(|items| names(tree, question, &items));
    State { required, read_only, choices, fault }
}

fn names(tree: &Tree<'_>, question: &Question, items: &[usize]) -> Vec<String> {
    let choices = question.kind.list().map(|list| tree.form.choices(list)).unwrap_or_default();
    items.iter().filter_map(|item| choices.get(*item)).map(|choice| choice.name.clone()).collect()
}

/// A question of photos or files with a least number of them is required by that alone.
fn least(kind: &QuestionKind) -> u32 {
    if let QuestionKind::Image { min, .. } | QuestionKind::File { min, .. } = kind { *min } else { 0 }
}

fn can_be_required(kind: &QuestionKind) -> bool {
    !matches!(
        kind,
        QuestionKind::Note | QuestionKind::Group | QuestionKind::Calculate | QuestionKind::Metadata { .. }
    )
}

pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Text(text) => text.trim().is_empty(),
        Value::Code(code) => code.is_empty(),
        Value::Codes(codes) => codes.is_empty(),
        Value::Path(points) | Value::Shape(points) => points.is_empty(),
        Value::Bool(true)
        | Value::Int(_)
        | Value::Decimal { .. }
        | Value::Date { .. }
        | Value::Time { .. }
        | Value::Instant { .. }
        | Value::Place(_)
        | Value::Redacted
        | Value::Opaque { .. } => false,
    }
}

/// The choices that are left, in the order they are shown.
pub fn offered(tree: &Tree<'_>, place: usize, question: &Question, stand: &Stand) -> Option<Vec<usize>> {
    let rules = &question.rules;
    let list = question.kind.list()?;
    if rules.choice_filter.is_none() && rules.shuffled.is_none() {
        return None;
    }
    let scope = tree.scope(Some(place), stand, "en");
    let mut items = scope.choices(list, rules.choice_filter.as_slice());
    if let Some(seed) = &rules.shuffled {
        let drawn = tree.seed(place, stand).cast_signed();
        let seed = seed.as_ref().map(|seed| tree.evaluate(seed, place, stand).number());
        shuffle(&mut items, seed.and_then(whole).unwrap_or(drawn));
    }
    Some(items)
}

type MakeFault<'a> = &'a dyn Fn(FaultCode) -> Fault;

fn kind_fault(
    tree: &Tree<'_>,
    question: &Question,
    value: &Value,
    on_offer: Option<&[usize]>,
    fault: MakeFault<'_>,
) -> Option<Fault> {
    let offered = |list: &str, name: &String| {
        let choices = tree.form.choices(list);
        match on_offer {
            Some(items) => {
                items.iter().any(|item| choices.get(*item).is_some_and(|choice| choice.name == *name))
            }
            None => choices.iter().any(|choice| choice.name == *name),
        }
    };
    let code = match (&question.kind, value) {
        // What a newer app wrote is kept unseen.
        (_, Value::Redacted | Value::Opaque { .. })
        | (
            QuestionKind::Text { .. } | QuestionKind::Barcode { .. } | QuestionKind::Calculate,
            Value::Text(_),
        )
        | (QuestionKind::Hidden, _)
        | (QuestionKind::Integer, Value::Int(_))
        | (QuestionKind::Decimal, Value::Int(_) | Value::Decimal { .. })
        | (QuestionKind::Geotrace { .. }, Value::Path(_))
        | (QuestionKind::Geoshape { .. }, Value::Shape(_))
        | (QuestionKind::Metadata { .. }, _)
        | (QuestionKind::Date, Value::Date { .. })
        | (QuestionKind::Time, Value::Time { .. })
        | (QuestionKind::DateTime, Value::Instant { .. })
        | (QuestionKind::Acknowledge, Value::Bool(_)) => return None,
        (QuestionKind::SelectOne { list }, Value::Code(name)) => {
            return (!offered(list, name)).then(|| fault(FaultCode::ChoiceUnknown));
        }
        (QuestionKind::SelectMultiple { list }, Value::Codes(names)) => {
            return (!names.iter().all(|name| offered(list, name))).then(|| fault(FaultCode::ChoiceUnknown));
        }
        (QuestionKind::Geopoint { .. }, Value::Place(place)) => match (place.lat_e7, place.lon_e7) {
            (0, 0) => FaultCode::PlaceNowhere,
            _ if !value.is_well_formed() => FaultCode::PlaceOutOfRange,
            _ => return None,
        },
        (QuestionKind::Range { start, end, step }, Value::Int(_) | Value::Decimal { .. }) => {
            return (!is_on_scale(value, start, end, step)).then(|| fault(FaultCode::OffTheScale));
        }
        (QuestionKind::Rank { list }, Value::Text(order)) => {
            return (!is_order(tree.form.choices(list), order)).then(|| fault(FaultCode::NotAnOrder));
        }
        (QuestionKind::File { .. }, Value::Codes(files)) => {
            return (!files.iter().all(|file| file.parse::<crate::ids::Sha256>().is_ok()))
                .then(|| fault(FaultCode::NotFiles));
        }
        (QuestionKind::Image { .. }, Value::Codes(photos)) => {
            return (!photos.iter().all(|photo| photo.parse::<crate::ids::Sha256>().is_ok()))
                .then(|| fault(FaultCode::NotPhotos));
        }
        (QuestionKind::Repeat { .. }, Value::Codes(rows)) => {
            return (!rows.iter().all(|row| row.parse::<crate::ids::RowId>().is_ok()))
                .then(|| fault(FaultCode::NotRows));
        }
        (kind, _) => wrong_kind(kind),
    };
    Some(fault(code))
}

/// Whether the words are the names of all choices, once each.
fn is_order(choices: &[Choice], order: &str) -> bool {
    let mut named: Vec<&str> = order.split_whitespace().collect();
    let mut wanted: Vec<&str> = choices.iter().map(|choice| choice.name.as_str()).collect();
    named.sort_unstable();
    wanted.sort_unstable();
    named == wanted
}

/// Whether a number lies between the ends of a scale and on one of its steps.
fn is_on_scale(value: &Value, start: &str, end: &str, step: &str) -> bool {
    /// The most decimal places a scale may have.
    const PLACES: u32 = 9;
    let units = |value: &Value| {
        let (mantissa, scale) = match value {
            Value::Int(number) => (*number, 0),
            Value::Decimal { mantissa, scale } => (*mantissa, *scale),
            Value::Null
            | Value::Bool(_)
            | Value::Text(_)
            | Value::Code(_)
            | Value::Codes(_)
            | Value::Date { .. }
            | Value::Time { .. }
            | Value::Instant { .. }
            | Value::Place(_)
            | Value::Path(_)
            | Value::Shape(_)
            | Value::Redacted
            | Value::Opaque { .. } => return None,
        };
        let places = PLACES.checked_sub(u32::from(scale))?;
        i128::from(mantissa).checked_mul(10_i128.pow(places))
    };
    let read = |text: &str| super::answers::decimal(text).as_ref().and_then(units);
    let (Some(number), Some(start), Some(end), Some(step)) =
        (units(value), read(start), read(end), read(step))
    else {
        return false;
    };
    let (low, high) = (start.min(end), start.max(end));
    low <= number && number <= high && step != 0 && (number - start) % step == 0
}

/// What to say of an answer of another kind than the question's.
pub fn wrong_kind(kind: &QuestionKind) -> FaultCode {
    match kind {
        QuestionKind::Text { .. }
        | QuestionKind::Barcode { .. }
        | QuestionKind::Calculate
        | QuestionKind::Hidden
        | QuestionKind::Metadata { .. } => FaultCode::NotText,
        QuestionKind::Integer => FaultCode::NotAWholeNumber,
        QuestionKind::Decimal | QuestionKind::Range { .. } => FaultCode::NotANumber,
        QuestionKind::SelectOne { .. } | QuestionKind::SelectMultiple { .. } => FaultCode::NotAChoice,
        QuestionKind::Rank { .. } => FaultCode::NotAnOrder,
        QuestionKind::Date => FaultCode::NotADate,
        QuestionKind::Time => FaultCode::NotATime,
        QuestionKind::DateTime => FaultCode::NotAMoment,
        QuestionKind::Geopoint { .. } => FaultCode::NotAPlace,
        QuestionKind::Geotrace { .. } | QuestionKind::Geoshape { .. } => FaultCode::NotALine,
        QuestionKind::Image { .. } => FaultCode::NotPhotos,
        QuestionKind::File { .. } => FaultCode::NotFiles,
        QuestionKind::Acknowledge => FaultCode::NotATick,
        QuestionKind::Repeat { .. } => FaultCode::NotRows,
        QuestionKind::Note | QuestionKind::Group => FaultCode::NotAnswerable,
    }
}

fn limit_fault(question: &Question, value: &Value, fault: MakeFault<'_>) -> Option<Fault> {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    match (&question.kind, value) {
        (QuestionKind::Text { max } | QuestionKind::Barcode { max }, Value::Text(text)) => {
            let long = *max < count(text.chars().count()) || crate::value::TEXT_LIMIT < text.len();
            long.then(|| fault(FaultCode::TooLong).with_max(*max))
        }
        (
            QuestionKind::Image { min, max, .. } | QuestionKind::File { min, max, .. },
            Value::Codes(photos),
        ) => {
            let photos = count(photos.len());
            if photos < *min {
                Some(fault(FaultCode::TooFewPhotos).with_min(*min))
            } else {
                (*max < photos).then(|| fault(FaultCode::TooManyPhotos).with_max(*max))
            }
        }
        (QuestionKind::Repeat { max, .. }, Value::Codes(rows)) => {
            (*max < count(rows.len())).then(|| fault(FaultCode::TooManyRows).with_max(*max))
        }
        _ => None,
    }
}
