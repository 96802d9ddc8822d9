//! Numbers: rounding as ODK rounds, and the mathematics of XPath 3.0.

use super::{Function, number, pure, whole};
use crate::form::expr::value::Outcome;

/// More places than this are no number in ODK either.
const PLACES_LIMIT: i64 = 30;

macro_rules! of_one {
    ($name:literal, $compute:expr) => {
        pure($name, 1, 1, |given, scope| Outcome::Number($compute(number(given, 0, scope))))
    };
}

pub static FUNCTIONS: &[Function] = &[
    of_one!("abs", f64::abs),
    of_one!("acos", libm::acos),
    of_one!("asin", libm::asin),
    of_one!("atan", libm::atan),
    pure("atan2", 2, 2, |given, scope| {
        Outcome::Number(libm::atan2(number(given, 0, scope), number(given, 1, scope)))
    }),
    of_one!("ceiling", f64::ceil),
    of_one!("cos", libm::cos),
    of_one!("exp", libm::exp),
    of_one!("exp10", |power| libm::pow(10.0, power)),
    of_one!("floor", f64::floor),
    of_one!("int", f64::trunc),
    of_one!("log", libm::log),
    of_one!("log10", libm::log10),
    of_one!("number", std::convert::identity),
    pure("pi", 0, 0, |_, _| Outcome::Number(std::f64::consts::PI)),
    pure("pow", 2, 2, |given, scope| {
        Outcome::Number(libm::pow(number(given, 0, scope), number(given, 1, scope)))
    }),
    pure("round", 1, 2, |given, scope| {
        let places = if given.len() == 2 { whole(given, 1, scope) } else { 0 };
        Outcome::Number(round(number(given, 0, scope), places))
    }),
    of_one!("sin", libm::sin),
    of_one!("sqrt", f64::sqrt),
    of_one!("tan", libm::tan),
];

/// Rounds the digits a person reads, so that 2.15 to one place is 2.2 whatever its binary neighbour is. A half goes
/// up, as XPath says: 2.5 to 3 and -2.5 to -2. Negative places round to tens and hundreds.
fn round(number: f64, places: i64) -> f64 {
    if !number.is_finite() {
        return number;
    }
    if PLACES_LIMIT < places.saturating_abs() {
        return f64::NAN;
    }
    let written = number.abs().to_string();
    let (units, parts) = written.split_once('.').unwrap_or((&written, ""));
    let Some(keep) = units.len().checked_add_signed(places as isize) else {
        return 0.0_f64.copysign(number);
    };
    let digits = [units, parts].concat();
    let Some((kept, dropped)) = digits.split_at_checked(keep) else {
        return number;
    };
    let kept = format!("0{kept}");
    let up = if number < 0.0 { half("5") < half(dropped) } else { half("5") <= half(dropped) };
    let kept = if up { next(&kept) } else { kept };
    format!("{kept}e{}", -places).parse().unwrap_or(f64::NAN).copysign(number)
}

/// Digits after a point, so that they compare as numbers do.
fn half(digits: &str) -> &str {
    digits.trim_end_matches('0')
}

/// The whole number after one that starts with a 0.
fn next(digits: &str) -> String {
    let stays = digits.trim_end_matches('9');
    let nines = digits.len() - stays.len();
    let mut letters = stays.chars();
    let last = letters.next_back().and_then(|last| last.to_digit(10)).unwrap_or(0);
    format!("{}{}{}", letters.as_str(), last + 1, "0".repeat(nines))
}
