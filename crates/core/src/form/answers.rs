//! Answers, and their plain JSON: what drafts, the command line, the console and examples share.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::check::wrong_kind;
use super::fault::{Fault, FaultCode};
use super::{Form, Metadatum, Question, QuestionKind};
use crate::field::{FieldKey, ORDER};
use crate::ids::{RowId, Sha256};
use crate::rows::order_value;
use crate::value::{Place, PlaceSource, Point, TEXT_LIMIT, Value, to_json};

/// The answers of one form, as a draft or a record holds them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answers(pub BTreeMap<FieldKey, Value>);

impl Answers {
    #[must_use]
    pub fn get(&self, field: &FieldKey) -> Option<&Value> {
        self.0.get(field)
    }

    pub fn insert(&mut self, field: FieldKey, value: Value) {
        self.0.insert(field, value);
    }

    pub fn fields(&self) -> impl Iterator<Item = &FieldKey> {
        self.0.keys()
    }
}

/// Reads one flat object of answers. What cannot be read is left out, with a fault that says why.
#[must_use]
pub fn answers_from_json(form: &Form, json: &Map<String, Json>) -> (Answers, Vec<Fault>) {
    let mut answers = Answers::default();
    let mut faults = Vec::new();
    for (name, json) in json {
        let field = name.parse().unwrap_or_else(|_| FieldKey::new(name.as_str()));
        match answer_from_json(form, &field, json) {
            Ok(value) => answers.insert(field, value),
            Err(fault) => faults.push(*fault),
        }
    }
    (answers, faults)
}

#[must_use]
pub fn answers_to_json(answers: &Answers) -> Map<String, Json> {
    answers.0.iter().map(|(field, value)| (field.to_string(), to_json(value))).collect()
}

/// Reads the answer of one question, or the order of the rows of a repeat.
pub fn answer_from_json(form: &Form, field: &FieldKey, json: &Json) -> Result<Value, Box<Fault>> {
    if let Some(repeat) = ordered_repeat(form, field) {
        return order_of_rows(json)
            .ok_or_else(|| Box::new(Fault::new(field.clone(), FaultCode::NotRows, Some(repeat))));
    }
    let Some(question) =
        form.question(&field.path).filter(|question| question.repeat.is_some() == field.row.is_some())
    else {
        return Err(Box::new(Fault::new(field.clone(), FaultCode::UnknownField, None)));
    };
    let fault = |code| Box::new(Fault::new(field.clone(), code, Some(question)));
    if !question.kind.is_answered() {
        return Err(fault(FaultCode::NotAnswerable));
    }
    if json.is_null() {
        return Ok(Value::Null);
    }
    read(question, json).map_err(|code| match (code, &question.kind) {
        (FaultCode::TooLong, QuestionKind::Text { max } | QuestionKind::Barcode { max }) => {
            Box::new(fault(code).with_max(*max))
        }
        _ => fault(code),
    })
}

fn read(question: &Question, json: &Json) -> Result<Value, FaultCode> {
    let wrong = || wrong_kind(&question.kind);
    let text = || json.as_str().ok_or_else(wrong);
    match &question.kind {
        QuestionKind::Text { .. }
        | QuestionKind::Barcode { .. }
        | QuestionKind::Calculate
        | QuestionKind::Hidden => {
            let value = Value::text(text()?);
            if value.is_well_formed() { Ok(value) } else { Err(FaultCode::TooLong) }
        }
        QuestionKind::Integer => {
            let typed = || json.as_str().and_then(|text| text.trim().parse().ok());
            json.as_i64().or_else(typed).map(Value::Int).ok_or_else(wrong)
        }
        QuestionKind::Decimal | QuestionKind::Range { .. } => {
            let typed = json
                .as_number()
                .map_or_else(|| text().map(str::to_owned), |number| Ok(number.to_string()))?;
            decimal(typed.trim()).ok_or_else(wrong)
        }
        QuestionKind::SelectOne { .. } => match text()? {
            "" => Ok(Value::Null),
            code => Some(Value::code(code)).filter(Value::is_well_formed).ok_or_else(wrong),
        },
        QuestionKind::SelectMultiple { .. } => {
            Some(Value::Codes(texts(json).ok_or_else(wrong)?)).filter(Value::is_well_formed).ok_or_else(wrong)
        }
        QuestionKind::Date => date(text()?).ok_or_else(wrong),
        QuestionKind::Time => time_of_day(text()?).ok_or_else(wrong),
        QuestionKind::DateTime => {
            let (ms, offset_min) = moment(text()?).ok_or_else(wrong)?;
            Ok(Value::Instant { ms, offset_min })
        }
        QuestionKind::Geopoint { .. } => place(json),
        QuestionKind::Acknowledge => json.as_bool().map(Value::Bool).ok_or_else(wrong),
        QuestionKind::Rank { .. } => {
            let names = match json.as_array() {
                Some(names) => {
                    names.iter().map(Json::as_str).collect::<Option<Vec<_>>>().ok_or_else(wrong)?
                }
                None => text()?.split_whitespace().collect(),
            };
            Some(Value::text(&names.join(" "))).filter(Value::is_well_formed).ok_or_else(wrong)
        }
        QuestionKind::Geotrace { .. } => points(json).map(Value::Path).ok_or_else(wrong),
        QuestionKind::Geoshape { .. } => points(json).map(Value::Shape).ok_or_else(wrong),
        QuestionKind::Metadata { what } => metadatum(*what, text()?).ok_or_else(wrong),
        QuestionKind::Image { .. } | QuestionKind::File { .. } => ids::<Sha256>(json).ok_or_else(wrong),
        QuestionKind::Repeat { .. } => ids::<RowId>(json).ok_or_else(wrong),
        QuestionKind::Note | QuestionKind::Group => Err(FaultCode::NotAnswerable),
    }
}

/// The repeat whose rows this field puts in order.
pub(super) fn ordered_repeat<'f>(form: &'f Form, field: &FieldKey) -> Option<&'f Question> {
    let question = form.question(field.path.strip_prefix(ORDER)?)?;
    let fits = question.repeat.is_some() == field.row.is_some();
    (fits && matches!(question.kind, QuestionKind::Repeat { .. })).then_some(question)
}

/// Rows as they stand, one after the other. Each stands once.
fn order_of_rows(json: &Json) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Null);
    }
    let named: Vec<&str> = match json.as_array() {
        Some(rows) => rows.iter().map(Json::as_str).collect::<Option<_>>()?,
        None => json.as_str()?.split_whitespace().collect(),
    };
    let mut rows: Vec<RowId> = Vec::new();
    for name in named {
        let row = name.parse().ok()?;
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    Some(order_value(&rows)).filter(Value::is_well_formed)
}

fn metadatum(what: Metadatum, text: &str) -> Option<Value> {
    let value = match what {
        Metadatum::Start | Metadatum::End => {
            let (ms, offset_min) = moment(text)?;
            Value::Instant { ms, offset_min }
        }
        Metadatum::Today => date(text)?,
        Metadatum::Device | Metadatum::Officer | Metadatum::Phone | Metadatum::Email => Value::text(text),
    };
    Some(value).filter(Value::is_well_formed)
}

/// Corners as `[latitude, longitude]`.
fn points(json: &Json) -> Option<Vec<Point>> {
    let corner = |json: &Json| match json.as_array()?.as_slice() {
        [lat, lon] => Some(Point { lat_e7: e7(lat.as_f64()?)?, lon_e7: e7(lon.as_f64()?)? }),
        _ => None,
    };
    let points = json.as_array()?.iter().map(corner).collect::<Option<Vec<_>>>()?;
    Some(points).filter(|points| Value::Path(points.clone()).is_well_formed())
}

fn texts(json: &Json) -> Option<BTreeSet<String>> {
    json.as_array()?.iter().map(|each| each.as_str().map(str::to_owned)).collect()
}

/// Hashes of photos and ids of rows are codes of one fixed spelling.
fn ids<Id: std::str::FromStr + std::fmt::Display>(json: &Json) -> Option<Value> {
    let spelled = texts(json)?
        .iter()
        .map(|text| text.parse::<Id>().ok().map(|id| id.to_string()))
        .collect::<Option<_>>();
    Some(Value::Codes(spelled?)).filter(Value::is_well_formed)
}

pub(super) fn decimal(text: &str) -> Option<Value> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.chars().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(part) || (digits.contains('.') && part.is_empty()) {
        return None;
    }
    let part = part.trim_end_matches('0');
    let scale = u8::try_from(part.len()).ok().filter(|scale| *scale <= 18)?;
    format!("{sign}{whole}{part}").parse().ok().map(|mantissa| Value::decimal(mantissa, scale))
}

pub(super) fn date(text: &str) -> Option<Value> {
    let date = time::Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    let (year, month, day) = date.to_calendar_date();
    Some(Value::Date { year: i16::try_from(year).ok()?, month: u8::from(month), day })
}

pub(super) fn time_of_day(text: &str) -> Option<Value> {
    let time = time::Time::parse(text, format_description!("[hour]:[minute]:[second]"))
        .or_else(|_| time::Time::parse(text, format_description!("[hour]:[minute]")))
        .ok()?;
    let (hour, minute, second) = time.as_hms();
    Some(Value::Time { seconds: u32::from(hour) * 3_600 + u32::from(minute) * 60 + u32::from(second) })
}

/// Milliseconds since 1970 and the offset written; a moment without an offset is none.
pub(super) fn moment(text: &str) -> Option<(i64, i16)> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let ms = i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok()?;
    Some((ms, at.offset().whole_minutes()))
}

/// A position on its own, such as where a photo was taken. Nothing, where it is not one.
#[must_use]
pub fn place_from_json(json: &Json) -> Option<Place> {
    if let Ok(Value::Place(place)) = place(json) { Some(place) } else { None }
}

fn place(json: &Json) -> Result<Value, FaultCode> {
    let place = json.as_object().and_then(read_place).ok_or(FaultCode::NotAPlace)?;
    let [lat, lon] = [place.lat, place.lon].map(e7);
    let (Some(lat_e7), Some(lon_e7)) = (lat, lon) else { return Err(FaultCode::PlaceOutOfRange) };
    let value = Value::Place(Place {
        lat_e7,
        lon_e7,
        altitude_cm: place.altitude_cm,
        accuracy_cm: place.accuracy_cm,
        fixed_at: place.fixed_at,
        source: place.source,
    });
    if (lat_e7, lon_e7) == (0, 0) {
        return Err(FaultCode::PlaceNowhere);
    }
    if value.is_well_formed() { Ok(value) } else { Err(FaultCode::PlaceOutOfRange) }
}

struct ReadPlace {
    lat: f64,
    lon: f64,
    altitude_cm: Option<i32>,
    accuracy_cm: Option<u32>,
    fixed_at: i64,
    source: PlaceSource,
}

fn read_place(place: &Map<String, Json>) -> Option<ReadPlace> {
    const MEMBERS: [&str; 6] = ["lat", "lon", "altitude_m", "accuracy_m", "fixed_at", "source"];
    if !place.keys().all(|name| MEMBERS.contains(&name.as_str())) {
        return None;
    }
    let metres = |name: &str| match place.get(name) {
        None | Some(Json::Null) => Some(None),
        Some(json) => json.as_f64().and_then(|metres| whole(metres * 100.0)).map(Some),
    };
    Some(ReadPlace {
        lat: place.get("lat")?.as_f64()?,
        lon: place.get("lon")?.as_f64()?,
        altitude_cm: metres("altitude_m")?.filter(|cm| *cm != i32::MIN),
        accuracy_cm: metres("accuracy_m")?.map(u32::try_from).transpose().ok()?,
        fixed_at: moment(place.get("fixed_at")?.as_str()?)?.0,
        source: serde_json::from_value(place.get("source")?.clone()).ok()?,
    })
}

fn e7(degrees: f64) -> Option<i32> {
    whole(degrees * 1e7)
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn whole(number: f64) -> Option<i32> {
    let rounded = number.round();
    (f64::from(i32::MIN) <= rounded && rounded <= f64::from(i32::MAX)).then_some(rounded as i32)
}

const _: () = assert!(TEXT_LIMIT <= 64 * 1024, "one answer fits one change");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::form::Codes;
    use crate::form::shipped::form;

    fn every_kind() -> Form {
        let rows = [
            "text",
            "integer",
            "decimal",
            "date",
            "time",
            "dateTime",
            "geopoint",
            "image",
            "barcode",
            "note",
            "acknowledge",
            "hidden",
            "select_one l",
            "select_multiple l",
        ]
        .map(|kind| format!(r#"{{"type":"{kind}","name":"{}"}}"#, kind.replace(" l", "")));
        let json = format!(
            r#"{{"settings":{{"form_id":"t","version":1,"form_title":{{"en":"T"}},"service":"s","ref_prefix":"TT"}},
                "survey":[{},{{"type":"begin_repeat","name":"rows","max":3}},{{"type":"text","name":"cell"}},{{"type":"end_repeat"}}],
                "choices":[{{"list_name":"l","name":"a","label":{{"en":"A"}}}}]}}"#,
            rows.join(",")
        );
        Form::parse(&json, &Codes::default()).unwrap()
    }

    fn read(field: &str, json: &Json) -> Result<Json, FaultCode> {
        let field = field.parse().unwrap_or_else(|_| FieldKey::new(field));
        answer_from_json(&every_kind(), &field, json).map(|value| to_json(&value)).map_err(|fault| fault.code)
    }

    fn place(changes: &Json) -> Json {
        let mut place = json!({"lat": 52.6285, "lon": 1.292, "altitude_m": null, "accuracy_m": 6.2,
            "fixed_at": "2026-03-16T09:12:40Z", "source": "gnss"});
        place.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        place
    }

    #[test]
    fn good_json_reads_as_its_kind_and_shows_as_itself() {
        let hash = "ab".repeat(32);
        for (field, json) in [
            ("text", json!("Caffè")),
            ("integer", json!(-12)),
            ("decimal", json!("-12.5")),
            ("date", json!("2024-02-29")),
            ("time", json!("09:12")),
            ("time", json!("09:12:44")),
            ("dateTime", json!("2026-03-16T09:12:44+01:00")),
            ("geopoint", place(&json!({}))),
            ("geopoint", place(&json!({"source": "pin", "accuracy_m": null, "altitude_m": -3.25}))),
            ("image", json!([hash])),
            ("barcode", json!("5012345678900")),
            ("acknowledge", json!(true)),
            ("select_one", json!("a")),
            ("select_multiple", json!(["a", "b"])),
            ("rows", json!(["0123456789abcdef"])),
            ("rows/cell@0123456789abcdef", json!("x")),
            ("text", Json::Null),
        ] {
            assert_eq!(read(field, &json), Ok(json), "{field}");
        }
    }

    #[test]
    fn numbers_may_come_as_they_were_typed() {
        assert_eq!(read("integer", &json!(" 42 ")), Ok(json!(42)));
        assert_eq!(read("decimal", &json!(12.5)), Ok(json!("12.5")));
        assert_eq!(read("decimal", &json!("12.50")), Ok(json!("12.5")));
        assert_eq!(read("decimal", &json!("007")), Ok(json!("7")));
    }

    #[test]
    fn bad_json_is_refused_with_the_fault_that_says_why() {
        let long = "x".repeat(16 * 1024 + 1);
        for (field, json, code) in [
            ("text", json!(3), FaultCode::NotText),
            ("text", json!(long), FaultCode::TooLong),
            ("integer", json!(1.5), FaultCode::NotAWholeNumber),
            ("integer", json!("12x"), FaultCode::NotAWholeNumber),
            ("integer", json!("99999999999999999999"), FaultCode::NotAWholeNumber),
            ("decimal", json!("1e3"), FaultCode::NotANumber),
            ("decimal", json!("1."), FaultCode::NotANumber),
            ("decimal", json!(""), FaultCode::NotANumber),
            ("decimal", json!("0.1234567890123456789"), FaultCode::NotANumber),
            ("date", json!("2026-02-29"), FaultCode::NotADate),
            ("date", json!("16/03/2026"), FaultCode::NotADate),
            ("time", json!("24:00"), FaultCode::NotATime),
            ("dateTime", json!("2026-03-16T09:12:44"), FaultCode::NotAMoment),
            ("geopoint", json!([52.6, 1.29]), FaultCode::NotAPlace),
            ("geopoint", place(&json!({"fixed_at": "now"})), FaultCode::NotAPlace),
            ("geopoint", place(&json!({"accuracy_m": -1})), FaultCode::NotAPlace),
            ("geopoint", place(&json!({"source": "guess"})), FaultCode::NotAPlace),
            ("geopoint", place(&json!({"heading": 3})), FaultCode::NotAPlace),
            ("geopoint", place(&json!({"lat": 0, "lon": 0})), FaultCode::PlaceNowhere),
            ("geopoint", place(&json!({"lat": 1e-9, "lon": -1e-9})), FaultCode::PlaceNowhere),
            ("geopoint", place(&json!({"lat": 90.1})), FaultCode::PlaceOutOfRange),
            ("geopoint", place(&json!({"lon": 1e300})), FaultCode::PlaceOutOfRange),
            ("image", json!(["photo.jpg"]), FaultCode::NotPhotos),
            ("image", json!("ab"), FaultCode::NotPhotos),
            ("note", json!("x"), FaultCode::NotAnswerable),
            ("acknowledge", json!("OK"), FaultCode::NotATick),
            ("select_one", json!(["a"]), FaultCode::NotAChoice),
            ("select_one", json!("a b"), FaultCode::NotAChoice),
            ("select_multiple", json!("a"), FaultCode::NotAChoice),
            ("select_multiple", json!([""]), FaultCode::NotAChoice),
            ("rows", json!(["1"]), FaultCode::NotRows),
            ("nobody", json!("x"), FaultCode::UnknownField),
            ("rows/cell", json!("x"), FaultCode::UnknownField),
            ("text@0123456789abcdef", json!("x"), FaultCode::UnknownField),
            ("a@b", json!("x"), FaultCode::UnknownField),
            ("", json!("x"), FaultCode::UnknownField),
        ] {
            assert_eq!(read(field, &json), Err(code), "{field}");
        }
    }

    #[test]
    fn the_equator_and_the_meridian_are_places() {
        assert!(read("geopoint", &place(&json!({"lat": 0}))).is_ok());
        assert!(read("geopoint", &place(&json!({"lon": 0}))).is_ok());
    }

    #[test]
    fn text_is_composed_and_otherwise_left_as_typed() {
        assert_eq!(read("text", &json!("  Caffe\u{300} ")), Ok(json!("  Caffè ")));
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_named() {
        let form = form("fly_tip");
        let json = json!({"waste": "tyres", "where": 3, "nobody": 1});
        let (answers, faults) = answers_from_json(&form, json.as_object().unwrap());
        assert_eq!(answers.fields().map(ToString::to_string).collect::<Vec<_>>(), ["waste"]);
        let named: Vec<_> = faults.iter().map(|fault| (fault.field.path.as_str(), fault.code)).collect();
        assert_eq!(named, [("nobody", FaultCode::UnknownField), ("where", FaultCode::NotAPlace)]);
    }
}
