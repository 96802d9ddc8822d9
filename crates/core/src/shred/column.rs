//! One column: numbers in as few bytes as their spread needs, texts and bytes end to end.

use minicbor::decode::Error;

use super::shape::{Leaf, put_head};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Number,
    Blob,
    Text,
}

/// Bytes being read, and how much may yet come of them.
#[derive(Debug)]
pub struct Source<'b> {
    bytes: &'b [u8],
    at: usize,
    left: usize,
}

impl<'b> Source<'b> {
    pub fn new(bytes: &'b [u8], limit: usize) -> Self {
        Self { bytes, at: 0, left: limit }
    }

    /// Takes from the allowance: what a few bytes stand for may be any size.
    pub fn spend(&mut self, size: usize) -> Result<(), Error> {
        self.left = self.left.checked_sub(size).ok_or_else(|| Error::message("more than is allowed"))?;
        Ok(())
    }

    pub fn byte(&mut self) -> Result<u8, Error> {
        let byte = *self.bytes.get(self.at).ok_or_else(Error::end_of_input)?;
        self.at += 1;
        Ok(byte)
    }

    pub fn take(&mut self, length: usize) -> Result<&'b [u8], Error> {
        let end = self.at.checked_add(length).ok_or_else(Error::end_of_input)?;
        let taken = self.bytes.get(self.at..end).ok_or_else(Error::end_of_input)?;
        self.at = end;
        Ok(taken)
    }

    pub fn number(&mut self) -> Result<i128, Error> {
        let mut raw = 0u128;
        for shift in (0..).step_by(7).take(19) {
            let byte = self.byte()?;
            raw |= u128::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let half = i128::try_from(raw >> 1).map_err(|_| Error::message("a number too large"))?;
                return Ok(if raw & 1 == 0 { half } else { !half });
            }
        }
        Err(Error::message("a number too large"))
    }

    /// How many of something: never more than could come of it.
    pub fn count(&mut self) -> Result<usize, Error> {
        let count = usize::try_from(self.number()?).map_err(|_| Error::message("a count below nought"))?;
        if self.left < count { Err(Error::message("more than is allowed")) } else { Ok(count) }
    }

    pub fn run(&mut self) -> Result<&'b [u8], Error> {
        let length = self.count()?;
        self.take(length)
    }

    pub fn finish(self) -> Result<(), Error> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(Error::message("bytes follow the columns")) }
    }
}

pub fn put_count(out: &mut Vec<u8>, count: usize) {
    put_number(out, i128::try_from(count).unwrap_or(0));
}

/// Small numbers, of either sign, in few bytes.
fn put_number(out: &mut Vec<u8>, number: i128) {
    let mut raw = u128::from_ne_bytes(((number << 1) ^ (number >> 127)).to_ne_bytes());
    loop {
        let low = u8::try_from(raw & 0x7f).unwrap_or(0);
        raw >>= 7;
        if raw == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Numbers as they are, or as steps from one to the next, whichever spread less.
pub fn write_numbers(numbers: &[i128], out: &mut Vec<u8>) {
    let steps: Vec<i128> = numbers.iter().zip(numbers.iter().skip(1)).map(|(one, next)| next - one).collect();
    let weigh = |numbers: &[i128]| -> u32 {
        let least = numbers.iter().min().copied().unwrap_or(0);
        numbers.iter().map(|number| 128 - (number - least).leading_zeros()).sum()
    };
    match numbers.first() {
        Some(first) if weigh(&steps) + 64 < weigh(numbers) => {
            out.push(1);
            put_number(out, *first);
            write_planes(&steps, out);
        }
        _ => {
            out.push(0);
            write_planes(numbers, out);
        }
    }
}

/// The least, how many bytes the spread needs, and then the bytes: all the lowest, all the next, and so on.
fn write_planes(numbers: &[i128], out: &mut Vec<u8>) {
    let least = numbers.iter().min().copied().unwrap_or(0);
    let most = numbers.iter().max().copied().unwrap_or(0);
    let width = (128 - (most - least).leading_zeros()).div_ceil(8);
    put_number(out, least);
    out.push(u8::try_from(width).unwrap_or(16));
    for plane in 0..width {
        out.extend(
            numbers.iter().map(|number| u8::try_from(((number - least) >> (8 * plane)) & 0xff).unwrap_or(0)),
        );
    }
}

pub fn read_numbers(source: &mut Source<'_>, count: usize) -> Result<Vec<i128>, Error> {
    source.spend(count)?;
    match source.byte()? {
        0 => read_planes(source, count),
        1 => {
            let mut last = source.number()?;
            let mut numbers = Vec::with_capacity(count);
            if 0 < count {
                numbers.push(last);
            }
            for step in read_planes(source, count.saturating_sub(1))? {
                last = last.wrapping_add(step);
                numbers.push(last);
            }
            Ok(numbers)
        }
        _ => Err(Error::message("numbers of a newer kind")),
    }
}

fn read_planes(source: &mut Source<'_>, count: usize) -> Result<Vec<i128>, Error> {
    let least = source.number()?;
    let width = usize::from(source.byte()?);
    if 16 <= width {
        return Err(Error::message("a number too large"));
    }
    let mut numbers = vec![0i128; count];
    for plane in 0..width {
        for (number, byte) in numbers.iter_mut().zip(source.take(count)?) {
            *number |= i128::from(*byte) << (8 * plane);
        }
    }
    numbers.iter_mut().for_each(|number| *number = number.wrapping_add(least));
    Ok(numbers)
}

/// Writes one column of leaves.
pub fn write(kind: Kind, leaves: &[Leaf<'_>], out: &mut Vec<u8>) {
    if kind == Kind::Number {
        let numbers: Vec<i128> =
            leaves.iter().map(|leaf| if let Leaf::Number(number) = leaf { *number } else { 0 }).collect();
        return write_numbers(&numbers, out);
    }
    let runs: Vec<&[u8]> =
        leaves.iter().map(|leaf| if let Leaf::Run(run) = leaf { *run } else { &[] }).collect();
    write_runs(kind, &runs, out);
}

fn write_runs(kind: Kind, runs: &[&[u8]], out: &mut Vec<u8>) {
    if kind == Kind::Blob && !runs.is_empty() && runs.iter().all(|run| run.len() == 16) {
        out.push(1);
        return write_ids(runs, out);
    }
    if let Some((entries, places)) = few_different(runs) {
        out.push(2);
        put_count(out, entries.len());
        write_ends(&entries, out);
        return write_numbers(&places, out);
    }
    if kind == Kind::Text
        && let Some(series) = Series::of(runs)
    {
        out.push(3);
        return series.write(out);
    }
    out.push(0);
    write_ends(runs, out);
}

/// Identifiers begin with the time they were made, and the rest is chance.
fn write_ids(runs: &[&[u8]], out: &mut Vec<u8>) {
    let times: Vec<i128> = runs.iter().map(|run| big_endian(run.get(..6).unwrap_or_default())).collect();
    write_numbers(&times, out);
    for run in runs {
        out.extend_from_slice(run.get(6..).unwrap_or_default());
    }
}

fn big_endian(bytes: &[u8]) -> i128 {
    bytes.iter().fold(0, |sum, byte| (sum << 8) | i128::from(*byte))
}

fn write_ends(runs: &[&[u8]], out: &mut Vec<u8>) {
    let lengths: Vec<i128> = runs.iter().map(|run| i128::try_from(run.len()).unwrap_or(0)).collect();
    write_numbers(&lengths, out);
    runs.iter().for_each(|run| out.extend_from_slice(run));
}

fn few_different<'a>(runs: &[&'a [u8]]) -> Option<(Vec<&'a [u8]>, Vec<i128>)> {
    let mut entries: Vec<&[u8]> = Vec::new();
    let mut known = std::collections::HashMap::new();
    let mut places = Vec::with_capacity(runs.len());
    let mut last = 0;
    for run in runs {
        let place = if entries.get(last) == Some(run) {
            last
        } else {
            *known.entry(*run).or_insert_with(|| {
                entries.push(run);
                entries.len() - 1
            })
        };
        last = place;
        if 250 < entries.len() || (places.len() == 96 && 80 < entries.len()) {
            return None;
        }
        places.push(i128::try_from(place).unwrap_or(0));
    }
    (entries.len() * 3 <= runs.len()).then_some((entries, places))
}

/// Texts that end in a number which mostly counts on: references and the like.
struct Series<'a> {
    heads: Vec<&'a [u8]>,
    widths: Vec<i128>,
    numbers: Vec<i128>,
}

impl<'a> Series<'a> {
    fn of(runs: &[&'a [u8]]) -> Option<Self> {
        let mut series = Self { heads: Vec::new(), widths: Vec::new(), numbers: Vec::new() };
        for run in runs {
            let digits = run.iter().rev().take(15).take_while(|byte| byte.is_ascii_digit()).count();
            let (head, tail) = run.split_at_checked(run.len() - digits)?;
            if tail.is_empty() {
                return None;
            }
            series.heads.push(head);
            series.widths.push(i128::try_from(digits).ok()?);
            series.numbers.push(tail.iter().fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0')));
        }
        few_different(&series.heads).map(|_| series)
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_runs(Kind::Blob, &self.heads, out);
        write_numbers(&self.widths, out);
        write_numbers(&self.numbers, out);
    }
}

/// A column that was read.
#[derive(Debug)]
pub enum Column<'b> {
    Numbers(Vec<i128>),
    /// The major type, and each run.
    Runs(u8, Vec<std::borrow::Cow<'b, [u8]>>),
}

impl<'b> Column<'b> {
    pub fn read(kind: Kind, source: &mut Source<'b>, count: usize) -> Result<Self, Error> {
        Ok(match kind {
            Kind::Number => Self::Numbers(read_numbers(source, count)?),
            Kind::Blob => Self::Runs(2, read_runs(source, count, 0)?),
            Kind::Text => Self::Runs(3, read_runs(source, count, 0)?),
        })
    }

    /// Writes the leaf of this row as an item.
    pub fn put(&self, row: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Numbers(numbers) => {
                let number = *numbers.get(row).ok_or_else(Error::end_of_input)?;
                let (major, argument) = if number < 0 { (1, -1 - number) } else { (0, number) };
                put_head(
                    major,
                    u64::try_from(argument).map_err(|_| Error::message("a number too large"))?,
                    out,
                );
            }
            Self::Runs(major, runs) => {
                let run = runs.get(row).ok_or_else(Error::end_of_input)?;
                put_head(*major, run.len() as u64, out);
                out.extend_from_slice(run);
            }
        }
        Ok(())
    }

    /// The number of this row, as a length.
    pub fn length(&self, row: usize) -> Result<u64, Error> {
        match self {
            Self::Numbers(numbers) => numbers.get(row).and_then(|length| u64::try_from(*length).ok()),
            Self::Runs(..) => None,
        }
        .ok_or_else(Error::end_of_input)
    }
}

fn read_runs<'b>(
    source: &mut Source<'b>,
    count: usize,
    depth: usize,
) -> Result<Vec<std::borrow::Cow<'b, [u8]>>, Error> {
    use std::borrow::Cow;
    source.spend(count)?;
    match source.byte()? {
        0 => Ok(read_ends(source, count)?.into_iter().map(Cow::Borrowed).collect()),
        1 => {
            let times = read_numbers(source, count)?;
            let id = |time: i128, rest: &[u8]| {
                let time = u64::try_from(time).map_err(|_| Error::message("a time too large"))?;
                Ok(Cow::Owned([time.to_be_bytes().get(2..).unwrap_or_default(), rest].concat()))
            };
            times.into_iter().map(|time| id(time, source.take(10)?)).collect()
        }
        2 => {
            let different = source.count()?;
            let entries = read_ends(source, different)?;
            let entry =
                |place: i128| usize::try_from(place).ok().and_then(|place| entries.get(place)).copied();
            read_numbers(source, count)?
                .into_iter()
                .map(|place| entry(place).map(Cow::Borrowed).ok_or_else(Error::end_of_input))
                .collect()
        }
        3 if depth == 0 => {
            let heads = read_runs(source, count, 1)?;
            let widths = read_numbers(source, count)?;
            let numbers = read_numbers(source, count)?;
            let text = |((head, width), number): ((Cow<'_, [u8]>, i128), i128)| {
                let width = usize::try_from(width).ok().filter(|width| *width <= 15);
                let width = width.ok_or_else(|| Error::message("a number too large"))?;
                Ok(Cow::Owned([&*head, format!("{number:0width$}").as_bytes()].concat()))
            };
            heads.into_iter().zip(widths).zip(numbers).map(text).collect()
        }
        _ => Err(Error::message("texts of a newer kind")),
    }
}

fn read_ends<'b>(source: &mut Source<'b>, count: usize) -> Result<Vec<&'b [u8]>, Error> {
    let lengths = read_numbers(source, count)?;
    lengths
        .into_iter()
        .map(|length| source.take(usize::try_from(length).map_err(|_| Error::end_of_input())?))
        .collect()
}
