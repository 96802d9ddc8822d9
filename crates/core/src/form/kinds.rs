//! From a row's type and parameters to the kind of question it is.

use std::collections::BTreeMap;

use super::document::Row;
use super::{Medium, Metadatum, QuestionKind, address};
use crate::value::TEXT_LIMIT;

/// So many rows may stand in a repeat that does not say how many.
const REPEAT_LIMIT: u32 = 200;
const PHOTO_LIMIT: u32 = 20;
const BARCODE_LIMIT: u32 = 512;
/// Above this many metres the screen says that a position is rough.
const WARNING_ACCURACY_M: u32 = 100;

pub enum Refused {
    Type,
    /// A parameter that is there and is not what it should be.
    Parameter(String),
}

type Parameters = BTreeMap<String, String>;

/// Takes the parameters the type knows; whoever calls says what was left.
pub fn kind(row: &Row, parameters: &mut Parameters) -> Result<QuestionKind, Refused> {
    let mut words = row.kind.split_whitespace();
    let kind = match (words.next().unwrap_or_default(), words.next(), words.next()) {
        (word, None, None) => single(word, row, parameters)?,
        (word, Some(list), None) => choosing(word, list, parameters).ok_or(Refused::Type)?,
        (word @ ("select_one" | "select_multiple"), Some(list), Some("or_other")) => {
            choosing(word, list, parameters).ok_or(Refused::Type)?
        }
        _ => return Err(Refused::Type),
    };
    if words.next().is_some() { Err(Refused::Type) } else { Ok(kind) }
}

fn choosing(word: &str, list: &str, parameters: &mut Parameters) -> Option<QuestionKind> {
    for known in ["randomize", "seed", "value", "label"] {
        parameters.remove(known);
    }
    let list = list.to_owned();
    match word {
        "select_one" | "select_one_from_file" => Some(QuestionKind::SelectOne { list }),
        "select_multiple" | "select_multiple_from_file" => Some(QuestionKind::SelectMultiple { list }),
        "rank" => Some(QuestionKind::Rank { list }),
        _ => None,
    }
}

fn single(word: &str, row: &Row, parameters: &mut Parameters) -> Result<QuestionKind, Refused> {
    let text_limit = u32::try_from(TEXT_LIMIT).unwrap_or(u32::MAX);
    Ok(match word {
        "text" => {
            parameters.remove("rows");
            if address::is_asked(row) {
                parameters.retain(|name, _| !["uprn", "usrn", "place"].contains(&name.as_str()));
            }
            QuestionKind::Text { max: row.max.unwrap_or(text_limit).min(text_limit) }
        }
        "integer" => QuestionKind::Integer,
        "decimal" => QuestionKind::Decimal,
        "range" => scale(parameters)?,
        "date" => QuestionKind::Date,
        "time" => QuestionKind::Time,
        "dateTime" => QuestionKind::DateTime,
        "geopoint" => QuestionKind::Geopoint { warning_accuracy_m: rough_above(parameters)? },
        "geotrace" => QuestionKind::Geotrace { warning_accuracy_m: rough_above(parameters)? },
        "geoshape" => QuestionKind::Geoshape { warning_accuracy_m: rough_above(parameters)? },
        "image" => {
            parameters.remove("app");
            let (min, max) = how_many(parameters, photos_usually(row))?;
            let max_pixels = number(parameters, "max-pixels")?;
            QuestionKind::Image { min, max, max_pixels, quality: of_hundred(parameters, "quality")? }
        }
        "audio" | "background-audio" => {
            parameters.remove("quality");
            file(Medium::Audio, parameters)?
        }
        "video" => file(Medium::Video, parameters)?,
        "file" => file(Medium::Any, parameters)?,
        "barcode" => QuestionKind::Barcode { max: row.max.unwrap_or(BARCODE_LIMIT).min(BARCODE_LIMIT) },
        "note" => QuestionKind::Note,
        "acknowledge" | "trigger" => QuestionKind::Acknowledge,
        "calculate" => QuestionKind::Calculate,
        "hidden" => QuestionKind::Hidden,
        "begin_group" => QuestionKind::Group,
        "begin_repeat" => QuestionKind::Repeat {
            max: row.max.unwrap_or(REPEAT_LIMIT).min(REPEAT_LIMIT),
            counted: row.repeat_count.is_some(),
        },
        _ => QuestionKind::Metadata { what: metadatum(word).ok_or(Refused::Type)? },
    })
}

fn metadatum(word: &str) -> Option<Metadatum> {
    match word {
        "start" => Some(Metadatum::Start),
        "end" => Some(Metadatum::End),
        "today" => Some(Metadatum::Today),
        "deviceid" => Some(Metadatum::Device),
        "username" => Some(Metadatum::Officer),
        "phonenumber" => Some(Metadatum::Phone),
        "email" => Some(Metadatum::Email),
        _ => None,
    }
}

/// ODK's own scale where the row does not say: 0 to 10 by 1.
fn scale(parameters: &mut Parameters) -> Result<QuestionKind, Refused> {
    let mut take = |name: &str, usual: &str| {
        let text = parameters.remove(name).unwrap_or_else(|| usual.to_owned());
        match super::answers::decimal(&text) {
            Some(_) => Ok(text),
            None => Err(Refused::Parameter(format!("{name}={text}"))),
        }
    };
    let (start, end, step) = (take("start", "0")?, take("end", "10")?, take("step", "1")?);
    if step.chars().all(|digit| matches!(digit, '0' | '.' | '-')) {
        return Err(Refused::Parameter(format!("step={step}")));
    }
    Ok(QuestionKind::Range { start, end, step })
}

fn rough_above(parameters: &mut Parameters) -> Result<u32, Refused> {
    parameters.remove("allow-mock-accuracy");
    number(parameters, "capture-accuracy")?;
    Ok(number(parameters, "warning-accuracy")?.unwrap_or(WARNING_ACCURACY_M))
}

/// A photo that is drawn on is kept as it was taken too.
fn photos_usually(row: &Row) -> u32 {
    let is_drawn_on = |appearance: &String| appearance.split_whitespace().any(|word| word == "annotate");
    if row.appearance.as_ref().is_some_and(is_drawn_on) { 2 } else { 1 }
}

fn how_many(parameters: &mut Parameters, usually: u32) -> Result<(u32, u32), Refused> {
    let max = number(parameters, "max")?.unwrap_or(usually).min(PHOTO_LIMIT);
    Ok((number(parameters, "min")?.unwrap_or(0).min(max), max))
}

fn file(medium: Medium, parameters: &mut Parameters) -> Result<QuestionKind, Refused> {
    let (min, max) = how_many(parameters, 1)?;
    Ok(QuestionKind::File { medium, min, max })
}

fn of_hundred(parameters: &mut Parameters, name: &str) -> Result<Option<u8>, Refused> {
    let Some(text) = parameters.remove(name) else { return Ok(None) };
    match text.parse() {
        Ok(share @ 1..=100) => Ok(Some(share)),
        Ok(_) | Err(_) => Err(Refused::Parameter(format!("{name}={text}"))),
    }
}

/// Accuracies may be written with a fraction; metres are enough for us.
fn number(parameters: &mut Parameters, name: &str) -> Result<Option<u32>, Refused> {
    let Some(text) = parameters.remove(name) else { return Ok(None) };
    let whole = text.split_once('.').map_or(text.as_str(), |(whole, _)| whole);
    whole.parse().map(Some).map_err(|_| Refused::Parameter(format!("{name}={text}")))
}
