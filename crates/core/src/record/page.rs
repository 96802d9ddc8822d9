//! Pages made of packed records and packed records out of pages, without building a single record.
//!
//! A packed record is a page of one, and a page is its records' streams end to end. So a server joins what it has at
//! rest, and a device finds what its lists show and keeps the rest as it came. Version 2, which travels, is version 1
//! with each stream laid out by column.

use std::borrow::Cow;
use std::collections::HashMap;

use minicbor::{Decode, Decoder};

use super::pack::{JOINED, Unreadable, VERSION};
use crate::cbor;
use crate::exchange::INFLATED_LIMIT;
use crate::field::LIFECYCLE;
use crate::ids::RecordId;
use crate::shred;
use crate::time::Hlc;

/// What a record has no say in: who it is and what the office made of it.
const OF_THE_PAGE: [&str; 5] = ["id", "ref", "got", "v", "n"];

/// The letters, and none.
const SHORT: usize = 27;

/// A record at rest, going into a page.
#[derive(Debug, Clone, Copy)]
pub struct Packed<'a> {
    pub record: RecordId,
    pub reference: &'a str,
    pub received_ms: i64,
    pub state: &'a [u8],
}

/// Named streams in the order in which they were met.
#[derive(Debug, Default)]
struct Streams {
    places: HashMap<String, usize>,
    streams: Vec<(String, Vec<u8>)>,
}

impl Streams {
    /// The stream of this name. It mostly follows the one asked for before.
    fn at(&mut self, name: &str, hint: usize) -> usize {
        if self.streams.get(hint).is_some_and(|(there, _)| there == name) {
            return hint;
        }
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        self.places.insert(name.to_owned(), self.streams.len());
        self.streams.push((name.to_owned(), Vec::new()));
        self.streams.len() - 1
    }

    fn extend(&mut self, name: &str, bytes: &[u8], hint: usize) -> usize {
        let place = self.at(name, hint);
        if let Some((_, stream)) = self.streams.get_mut(place) {
            stream.extend_from_slice(bytes);
        }
        place + 1
    }
}

/// Writes the map of streams as canonical CBOR orders it.
fn write<'a>(streams: impl IntoIterator<Item = (&'a str, Cow<'a, [u8]>)>) -> Vec<u8> {
    let mut streams: Vec<(&str, Cow<'_, [u8]>)> = streams.into_iter().collect();
    streams.sort_by(|(one, _), (other, _)| (one.len(), one).cmp(&(other.len(), other)));
    let mut out = Vec::with_capacity(streams.iter().map(|(name, bytes)| name.len() + bytes.len() + 8).sum());
    shred::put_head(5, streams.len() as u64, &mut out);
    for (name, bytes) in streams {
        shred::put_head(3, name.len() as u64, &mut out);
        out.extend_from_slice(name.as_bytes());
        shred::put_head(2, bytes.len() as u64, &mut out);
        out.extend_from_slice(&bytes);
    }
    out
}

fn streams_of(bytes: &[u8]) -> Result<Vec<(&str, &[u8])>, Unreadable> {
    let mut decoder = Decoder::new(bytes);
    let count = decoder.map()?.ok_or(Unreadable)?;
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.push((decoder.str()?, decoder.bytes()?));
    }
    if decoder.position() == bytes.len() { Ok(streams) } else { Err(Unreadable) }
}

/// A page to travel, of records as they are at rest.
pub fn join_page<'a>(records: impl IntoIterator<Item = Packed<'a>>) -> Result<Vec<u8>, Unreadable> {
    let (one, first) = (cbor::encode(&1u64), cbor::encode(&VERSION));
    let mut joined = Streams::default();
    let mut count = 0u64;
    for Packed { record, reference, received_ms, state } in records {
        let mut hint = joined.extend("id", &cbor::encode(&record), 0);
        hint = joined.extend("ref", &cbor::encode(&reference), hint);
        hint = joined.extend("got", &cbor::encode(&received_ms), hint);
        for (name, bytes) in streams_of(state)? {
            if OF_THE_PAGE.contains(&name) {
                let is_sound = match name {
                    "v" => bytes == first,
                    "n" => bytes == one,
                    _ => true,
                };
                if !is_sound {
                    return Err(Unreadable);
                }
                continue;
            }
            hint = joined.extend(name, bytes, hint);
        }
        count += 1;
    }
    lay_out(&joined, count)
}

fn lay_out(joined: &Streams, count: u64) -> Result<Vec<u8>, Unreadable> {
    let mut laid = vec![("v", Cow::Owned(cbor::encode(&JOINED))), ("n", Cow::Owned(cbor::encode(&count)))];
    for (name, bytes) in &joined.streams {
        laid.push((name, Cow::Owned(shred::shred(&shred::split(bytes)?).ok_or(Unreadable)?)));
    }
    Ok(write(laid))
}

/// The page in version 1, whatever version it came in.
pub fn plain_page(page: &[u8]) -> Result<Cow<'_, [u8]>, Unreadable> {
    let streams = streams_of(page)?;
    let version = streams.iter().find(|(name, _)| *name == "v").ok_or(Unreadable)?.1;
    if cbor::decode::<u32>(version)? != JOINED {
        return Ok(Cow::Borrowed(page));
    }
    let mut left = INFLATED_LIMIT;
    let mut plain = Vec::new();
    for (name, bytes) in streams {
        let widened = match name {
            "v" => Cow::Owned(cbor::encode(&VERSION)),
            "n" => Cow::Borrowed(bytes),
            _ => Cow::Owned(shred::unshred_joined(bytes, left)?),
        };
        left = left.saturating_sub(widened.len());
        plain.push((name, widened));
    }
    Ok(Cow::Owned(write(plain)))
}

/// What can be said of a record of a page without building it.
#[derive(Debug)]
pub struct Outline<'p> {
    pub record: Option<RecordId>,
    pub reference: Option<&'p str>,
    pub form: &'p str,
    pub form_version: u32,
    /// The newest clock reading in it.
    pub newest: Hlc,
    pub created_ms: Option<i64>,
    /// When it was last written to, by the corrected time of whoever wrote.
    pub changed_ms: Option<i64>,
    /// Its answers in one piece each: path, and the value's bytes. Of a record that is plain.
    pub answers: Vec<(&'p str, &'p [u8])>,
    /// One value a question, no rows, no photos, no notes, no seals, never withdrawn: nothing that a list would have to think about.
    pub is_plain: bool,
}

/// A page being leafed through, record by record.
#[derive(Debug)]
pub struct Leafing<'p> {
    streams: Vec<(&'p str, Decoder<'p>)>,
    places: HashMap<&'p str, usize>,
    /// The places of names of one or two letters, which are asked for at every record: one more than the place, 0 for none.
    short: [usize; SHORT * SHORT],
    left: u64,
    /// The fields of the record before: the next one's are mostly the same.
    fields: Vec<Field<'p>>,
}

/// A field as it is written, and the stream its values are in.
#[derive(Debug, Clone, Copy)]
struct Field<'p> {
    key: &'p [u8],
    path: &'p str,
    has_row: bool,
    stream: usize,
}

/// A place in a page, between two records.
#[derive(Debug, Clone)]
pub struct Mark {
    positions: Vec<usize>,
    left: u64,
}

impl<'p> Leafing<'p> {
    pub fn open(page: &'p [u8]) -> Result<Self, Unreadable> {
        let streams: Vec<(&str, Decoder<'_>)> =
            streams_of(page)?.into_iter().map(|(name, bytes)| (name, Decoder::new(bytes))).collect();
        let mut places = HashMap::new();
        let mut short = [0; SHORT * SHORT];
        for (place, (name, _)) in streams.iter().enumerate() {
            match short_name(name).and_then(|at| short.get_mut(at)) {
                Some(known) => *known = place + 1,
                None => drop(places.insert(*name, place)),
            }
        }
        let mut leafing = Self { streams, places, short, left: 0, fields: Vec::new() };
        if leafing.take::<u32>("v")? != VERSION {
            return Err(Unreadable);
        }
        leafing.left = leafing.take("n")?;
        Ok(leafing)
    }

    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The least and the greatest name among the records that follow.
    pub fn span(&self) -> Result<Option<(RecordId, RecordId)>, Unreadable> {
        let place = self.place("id")?;
        let mut ids = self.streams.get(place).ok_or(Unreadable)?.1.clone();
        let mut span: Option<(RecordId, RecordId)> = None;
        for _ in 0..self.left {
            if let Some(id) = ids.decode::<Option<RecordId>>()? {
                span = Some(span.map_or((id, id), |(least, most)| (least.min(id), most.max(id))));
            }
        }
        Ok(span)
    }

    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            positions: self.streams.iter().map(|(_, decoder)| decoder.position()).collect(),
            left: self.left,
        }
    }

    /// The records between a mark and here, as a page of version 1 of their own.
    #[must_use]
    pub fn since(&self, mark: &Mark) -> Vec<u8> {
        self.cut(mark, false)
    }

    /// The one record between a mark and here, as it is packed by itself.
    #[must_use]
    pub fn state_since(&self, mark: &Mark) -> Vec<u8> {
        self.cut(mark, true)
    }

    fn cut(&self, mark: &Mark, is_state: bool) -> Vec<u8> {
        let nothing: &[u8] = &[0xf6];
        let mut cut = Vec::with_capacity(self.streams.len());
        for ((name, decoder), start) in self.streams.iter().zip(&mark.positions) {
            let bytes = decoder.input().get(*start..decoder.position()).unwrap_or_default();
            match *name {
                "v" => cut.push((*name, Cow::Owned(cbor::encode(&VERSION)))),
                "n" => cut.push((*name, Cow::Owned(cbor::encode(&(mark.left - self.left))))),
                "id" | "ref" | "got" if is_state => cut.push((*name, Cow::Borrowed(nothing))),
                _ if bytes.is_empty() => {}
                _ => cut.push((*name, Cow::Borrowed(bytes))),
            }
        }
        write(cut)
    }

    fn place(&self, name: &str) -> Result<usize, Unreadable> {
        let place = match short_name(name) {
            Some(at) => self.short.get(at).and_then(|known| known.checked_sub(1)),
            None => self.places.get(name).copied(),
        };
        place.ok_or(Unreadable)
    }

    fn decoder(&mut self, place: usize) -> Result<&mut Decoder<'p>, Unreadable> {
        self.streams.get_mut(place).map(|(_, decoder)| decoder).ok_or(Unreadable)
    }

    fn take<T: Decode<'p, ()>>(&mut self, name: &str) -> Result<T, Unreadable> {
        let place = self.place(name)?;
        Ok(self.decoder(place)?.decode()?)
    }

    fn skip(&mut self, name: &str) -> Result<&'p [u8], Unreadable> {
        let place = self.place(name)?;
        skip_item(self.decoder(place)?)
    }

    fn skip_each(&mut self, names: &[&str]) -> Result<(), Unreadable> {
        names.iter().try_for_each(|name| self.skip(name).map(|_| ()))
    }

    /// Reads past the next record. None at the page's end.
    pub fn advance(&mut self) -> Result<Option<Outline<'p>>, Unreadable> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut outline = Outline {
            record: self.take("id")?,
            reference: self.take("ref")?,
            form: "",
            form_version: 0,
            newest: Hlc::default(),
            created_ms: None,
            changed_ms: None,
            answers: Vec::new(),
            is_plain: true,
        };
        self.skip("got")?;
        outline.form = self.take("f")?;
        outline.form_version = self.take("fv")?;
        self.skip("c")?;
        let stamps = self.stamps()?;
        let created: Option<usize> = self.take::<Option<u64>>("cr")?.and_then(|at| usize::try_from(at).ok());
        outline.created_ms = created.and_then(|at| stamps.get(at)).map(|(_, at_ms)| *at_ms);
        outline.changed_ms = stamps.iter().map(|(_, at_ms)| *at_ms).max();
        self.registers(&mut outline, &stamps)?;
        self.rest(&mut outline)?;
        self.left -= 1;
        Ok(Some(outline))
    }

    fn stamps(&mut self) -> Result<Vec<(Hlc, i64)>, Unreadable> {
        let count: u64 = self.take("sn")?;
        let mut stamps = Vec::new();
        for _ in 0..count {
            self.skip_each(&["sa", "sc", "so"])?;
            let hlc: Hlc = self.take("sh")?;
            stamps.push((hlc, self.take::<i64>("st")?.wrapping_add_unsigned(hlc.ms())));
        }
        Ok(stamps)
    }

    fn registers(&mut self, outline: &mut Outline<'p>, stamps: &[(Hlc, i64)]) -> Result<(), Unreadable> {
        let count: u64 = self.take("rn")?;
        let [keys, values, places, contexts] =
            [self.place("rk"), self.place("rv"), self.place("rs"), self.place("rc")];
        if count == 0 {
            return Ok(());
        }
        let (keys, values, places, contexts) = (keys?, values?, places?, contexts?);
        outline.answers.reserve(usize::try_from(count).unwrap_or(0).min(256));
        for at in 0..count {
            let field = self.field(keys, usize::try_from(at).map_err(|_| Unreadable)?)?;
            let held: u64 = self.decoder(values)?.u64()?;
            outline.is_plain &= held == 1 && !field.has_row && field.path != LIFECYCLE;
            for _ in 0..held {
                let stamp = usize::try_from(self.decoder(places)?.u64()?).ok();
                let (hlc, _) = stamp.and_then(|stamp| stamps.get(stamp)).ok_or(Unreadable)?;
                outline.newest = outline.newest.max(*hlc);
                skip_item(self.decoder(contexts)?)?;
                outline.answers.push((field.path, skip_item(self.decoder(field.stream)?)?));
            }
        }
        Ok(())
    }

    /// The next field, which stands at this place in its record.
    fn field(&mut self, keys: usize, at: usize) -> Result<Field<'p>, Unreadable> {
        let before = self.fields.get(at).copied();
        let decoder = self.decoder(keys)?;
        let start = decoder.position();
        let rest = decoder.input().get(start..).unwrap_or_default();
        if let Some(before) = before.filter(|before| rest.starts_with(before.key)) {
            decoder.set_position(start + before.key.len());
            return Ok(before);
        }
        let (path, has_row) = read_key(decoder)?;
        let key = decoder.input().get(start..decoder.position()).unwrap_or_default();
        let field = Field { key, path, has_row, stream: self.place(&format!("={path}"))? };
        self.fields.truncate(at);
        self.fields.push(field);
        Ok(field)
    }

    fn rest(&mut self, outline: &mut Outline<'p>) -> Result<(), Unreadable> {
        for _ in 0..self.take::<u64>("mn")? {
            outline.is_plain = false;
            self.skip_each(&["mk", "mc"])?;
            for _ in 0..self.take::<u64>("me")? {
                self.skip_each(&["mm", "ms"])?;
            }
        }
        for (count, parts) in [
            ("pn", &["pf", "ph", "ps", "px"]),
            ("nn", &["ns", "ni", "nk", "nt"]),
            ("un", &["ud", "ui", "ut", "ub"]),
        ] {
            for _ in 0..self.take::<u64>(count)? {
                outline.is_plain = false;
                self.skip_each(parts)?;
            }
        }
        for _ in 0..self.take::<u64>("ln")? {
            outline.is_plain = false;
            self.skip_each(&["ls", "lm", "lg"])?;
        }
        Ok(())
    }
}

/// Which of the names of one or two letters this is.
fn short_name(name: &str) -> Option<usize> {
    let letter = |byte: u8| byte.is_ascii_lowercase().then(|| usize::from(byte - b'a') + 1);
    match *name.as_bytes() {
        [one] => letter(one),
        [one, next] => Some(letter(one)? + SHORT * letter(next)?),
        _ => None,
    }
}

/// Past the next item: as `raw_item`, and without a look inside where it is short.
fn skip_item<'p>(decoder: &mut Decoder<'p>) -> Result<&'p [u8], Unreadable> {
    let (start, input) = (decoder.position(), decoder.input());
    let end = cbor::item_end(input, start)?;
    decoder.set_position(end);
    input.get(start..end).ok_or(Unreadable)
}

/// A field's path, and whether it stands in a row.
fn read_key<'p>(decoder: &mut Decoder<'p>) -> Result<(&'p str, bool), Unreadable> {
    let parts = decoder.map()?.ok_or(Unreadable)?;
    let (mut path, mut has_row) = (None, false);
    for _ in 0..parts {
        match decoder.u64()? {
            0 => path = Some(decoder.str()?),
            _ => {
                has_row = true;
                decoder.skip()?;
            }
        }
    }
    Ok((path.ok_or(Unreadable)?, has_row))
}

#[cfg(test)]
mod tests;
