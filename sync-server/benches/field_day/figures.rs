//! Figures as they are printed: one JSON line each, beside what the same machine does at its barest in the same run.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

#[derive(Serialize)]
struct Figure<'a> {
    bench: &'a str,
    value: f64,
    unit: &'a str,
    floor: Option<f64>,
    ratio: Option<f64>,
}

/// Prints one figure; the ratio is how many times the floor it is.
pub fn print(bench: &str, value: f64, unit: &str, floor: Option<f64>) -> Result<()> {
    let ratio = floor.filter(|floor| 0.0 < *floor).map(|floor| value / floor);
    let figure =
        Figure { bench, value: rounded(value), unit, floor: floor.map(rounded), ratio: ratio.map(rounded) };
    let line = serde_json::to_string(&figure).context("Write a figure")?;
    writeln!(std::io::stdout().lock(), "{line}").context("Print a figure")
}

pub fn bytes(bench: &str, value: usize, floor: Option<usize>) -> Result<()> {
    print(bench, count_of(value), "bytes", floor.map(count_of))
}

pub fn count(bench: &str, value: usize, floor: Option<usize>) -> Result<()> {
    print(bench, count_of(value), "count", floor.map(count_of))
}

pub fn ms(bench: &str, value: Duration, floor: Option<Duration>) -> Result<()> {
    print(bench, millis(value), "ms", floor.map(millis))
}

/// The value that this share of the sample does not exceed.
pub fn percentile(sample: &[Duration], percent: usize) -> Result<Duration> {
    let mut sorted = sample.to_vec();
    sorted.sort();
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().context("A sample is not empty")
}

pub fn median(sample: &[Duration]) -> Result<Duration> {
    percentile(sample, 50)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "a count of bytes is far below 2^53")]
fn count_of(value: usize) -> f64 {
    value as f64
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
