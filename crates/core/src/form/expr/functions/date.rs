//! Dates, times and moments. What is none comes to an empty text.

use super::{Function, clock, nothing, pure, text, written};
use crate::form::expr::dates::{DAY_MS, Moment};
use crate::form::expr::eval::Scope;
use crate::form::expr::value::Outcome;

pub static FUNCTIONS: &[Function] = &[
    pure("date", 1, 1, |given, scope| {
        let date = given.first().and_then(|given| Moment::date_of(given, scope.now));
        date.map_or_else(nothing, |date| Outcome::node(scope.now.date(date)))
    }),
    pure("date-time", 1, 1, |given, scope| {
        moment(given, scope).map_or_else(nothing, |moment| {
            let timed = Moment { clock_ms: moment.clock_ms.or(Some(0)), ..moment };
            Outcome::node(timed.node(scope.now))
        })
    }),
    pure("decimal-date-time", 1, 1, |given, scope| match given.first() {
        Some(Outcome::Number(days)) => Outcome::Number(*days),
        Some(_) | None => moment(given, scope)
            .map_or_else(nothing, |moment| Outcome::Number(moment.ms() as f64 / DAY_MS as f64)),
    }),
    pure("decimal-time", 1, 1, |given, scope| match given.first() {
        Some(Outcome::Number(days)) => Outcome::Number(days - days.floor()),
        Some(_) | None => moment_or_clock(given, scope).map_or_else(nothing, |moment| {
            Outcome::Number(f64::from(moment.clock_ms.unwrap_or(0)) / DAY_MS as f64)
        }),
    }),
    pure("format-date", 2, 2, format),
    pure("format-date-time", 2, 2, format),
    clock("now", |_, scope| Outcome::node(scope.now.now())),
    clock("today", |_, scope| Outcome::node(scope.now.today())),
];

fn moment(given: &[Outcome], scope: &Scope<'_>) -> Option<Moment> {
    Moment::of(given.first()?, scope.now)
}

fn moment_or_clock(given: &[Outcome], scope: &Scope<'_>) -> Option<Moment> {
    moment(given, scope).or_else(|| Moment::read_clock(&text(given, 0), scope.now))
}

fn format(given: &[Outcome], scope: &Scope<'_>) -> Outcome {
    let formatted = moment_or_clock(given, scope).and_then(|moment| moment.format(&text(given, 1)));
    written(formatted.unwrap_or_default())
}
