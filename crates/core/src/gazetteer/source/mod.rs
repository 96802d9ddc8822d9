//! A gazetteer's file, read line by line: what each line says, or why it says nothing. A file of any size takes the memory
//! of one line, and a line that is broken takes no other with it.

mod columns;
mod pieces;
mod simple;
mod split;

use std::borrow::Cow;

use super::{Address, Standing};
use crate::grid::{GridPoint, from_grid};

pub use split::LINE_LIMIT;

use columns::{Columns, Named};

/// What kind of file it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    AddressbasePremium,
    /// The data transfer format of councils' own gazetteers, 7.3.
    Dtf,
    OpenUprn,
    /// One address a line, its columns named in the first.
    Csv,
}

/// One record of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// A piece of land or a building: where it is.
    Property(Property),
    /// How it is called.
    Written(Written),
    Street {
        usrn: u32,
        rank: u8,
        street: String,
        locality: String,
        town: String,
    },
    Organisation {
        uprn: u64,
        name: String,
    },
    Class {
        uprn: u64,
        code: String,
    },
    Postal {
        uprn: u64,
        postcode: String,
        town: String,
    },
    /// All there is to it, from a file of one kind of row.
    Whole(Box<Address>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    pub uprn: u64,
    pub standing: Standing,
    pub lat_e7: i32,
    pub lon_e7: i32,
    pub postcode: String,
    pub class: String,
    pub organisation: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub uprn: u64,
    /// Of several the lowest is shown.
    pub rank: u8,
    pub standing: Standing,
    pub unit: String,
    pub unit_number: String,
    pub name: String,
    pub number: String,
    pub usrn: u32,
    pub postcode: String,
    pub town: String,
}

/// Why a line is refused, in a person's words.
pub type Reason = Cow<'static, str>;

/// Reads one file.
#[derive(Debug)]
pub struct Source {
    profile: Profile,
    splitter: split::Splitter,
    columns: Columns,
}

impl Source {
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self { profile, splitter: split::Splitter::default(), columns: Columns::of(profile) }
    }

    /// What a line says; nothing for a heading, an empty line and a record that is not needed.
    pub fn read(&mut self, line: &[u8]) -> Result<Option<Piece>, Reason> {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let fields = self.splitter.split(line)?;
        if self.columns.take_headings(&fields) {
            return Ok(None);
        }
        match self.profile {
            Profile::AddressbasePremium | Profile::Dtf => {
                let number = fields.first().map_or("", |first| first.trim());
                let Some(named) = self.columns.record(number, &fields) else { return unknown(number) };
                pieces::piece(number, &named)
            }
            Profile::OpenUprn | Profile::Csv => match self.columns.row(&fields) {
                Some(named) => simple::address(&named).map(|address| Some(Piece::Whole(Box::new(address)))),
                None => Err("no line before it names the columns".into()),
            },
        }
    }
}

/// Records that say nothing about where and how a property is called.
fn unknown(number: &str) -> Result<Option<Piece>, Reason> {
    const NOT_NEEDED: [&str; 8] = ["10", "11", "12", "13", "14", "23", "29", "30"];
    if NOT_NEEDED.contains(&number) || number == "99" {
        return Ok(None);
    }
    Err(format!("no record begins with ‘{}’", number.chars().take(20).collect::<String>()).into())
}

fn uprn(named: &Named<'_>) -> Result<u64, Reason> {
    let text = named.text("UPRN");
    let digits = text.len() <= 12 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|uprn| digits && 0 < *uprn)
        .ok_or_else(|| "the UPRN is no number of 1 to 12 digits".into())
}

fn usrn(text: &str) -> Option<u32> {
    (text.len() <= 8).then(|| text.parse().ok()).flatten().filter(|usrn| 0 < *usrn)
}

/// A status as a gazetteer numbers it. Rejected ones are nobody's address.
fn standing(text: &str) -> Result<Option<Standing>, Reason> {
    match text.parse::<u8>() {
        Ok(7 | 9) => Ok(None),
        // An alternative that is approved, in old files.
        Ok(2) => Ok(Some(Standing::Alternative)),
        Ok(number) => {
            Standing::of(number).map(Some).ok_or_else(|| format!("a status nobody knows, {number}").into())
        }
        Err(_) => Err("the status is no number".into()),
    }
}

/// Where it is: by degrees where the file has them, otherwise by the National Grid.
fn place(named: &Named<'_>) -> Result<(i32, i32), Reason> {
    let number = |name: &str| named.text(name).parse::<f64>().ok().filter(|number| number.is_finite());
    if let (Some(lat), Some(lon)) = (number("LATITUDE"), number("LONGITUDE")) {
        return in_britain(lat, lon);
    }
    let (Some(easting), Some(northing)) = (number("X"), number("Y")) else {
        return Err("it has no place: neither latitude and longitude nor X and Y".into());
    };
    // What a gazetteer gives whose place is not known.
    if easting == 0.0 && northing == 0.0 {
        return Err("its place is not known: X and Y are nought".into());
    }
    let place = from_grid(GridPoint { easting, northing }).ok_or("X and Y are not on the National Grid")?;
    Ok((place.lat_e7, place.lon_e7))
}

#[expect(clippy::cast_possible_truncation, reason = "the degrees were found to be in Britain")]
fn in_britain(lat: f64, lon: f64) -> Result<(i32, i32), Reason> {
    if (49.0..61.5).contains(&lat) && (-9.5..2.5).contains(&lon) {
        Ok(((lat * 1e7).round() as i32, (lon * 1e7).round() as i32))
    } else {
        Err("it is not in the British Isles".into())
    }
}

#[cfg(test)]
mod tests;
