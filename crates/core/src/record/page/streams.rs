//! The streams that a page or a packed record is made of: a map of names and the bytes of each, written and read.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::cbor;
use crate::record::pack::Unreadable;
use crate::shred;

/// Named streams in the order in which they were met.
#[derive(Debug, Default)]
pub struct Streams {
    places: HashMap<String, usize>,
    pub streams: Vec<(String, Vec<u8>)>,
}

impl Streams {
    /// The stream of this name. It mostly follows the one asked for before, and then its name is not read as text.
    fn at(&mut self, name: &[u8], hint: usize) -> Result<usize, Unreadable> {
        if self.streams.get(hint).is_some_and(|(there, _)| there.as_bytes() == name) {
            return Ok(hint);
        }
        let name = std::str::from_utf8(name).map_err(|_| Unreadable)?;
        if let Some(place) = self.places.get(name) {
            return Ok(*place);
        }
        self.places.insert(name.to_owned(), self.streams.len());
        self.streams.push((name.to_owned(), Vec::new()));
        Ok(self.streams.len() - 1)
    }

    pub fn extend(&mut self, name: &[u8], bytes: &[u8], hint: usize) -> Result<usize, Unreadable> {
        let place = self.at(name, hint)?;
        if let Some((_, stream)) = self.streams.get_mut(place) {
            stream.extend_from_slice(bytes);
        }
        Ok(place + 1)
    }
}

/// Writes the map of streams as canonical CBOR orders it.
pub fn write<'a>(streams: impl IntoIterator<Item = (&'a str, Cow<'a, [u8]>)>) -> Vec<u8> {
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

pub fn streams_of(bytes: &[u8]) -> Result<Vec<(&str, &[u8])>, Unreadable> {
    let named = |stream: Result<_, Unreadable>| {
        let (name, run) = stream?;
        Ok((std::str::from_utf8(name).map_err(|_| Unreadable)?, run))
    };
    StreamsIn::open(bytes)?.map(named).collect()
}

/// A map of streams being read: name and contents of each.
pub struct StreamsIn<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u64,
}

impl<'a> StreamsIn<'a> {
    pub fn open(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let mut streams = Self { bytes, at: 0, left: 0 };
        streams.left = streams.head(5)?;
        if streams.left == 0 && streams.at != bytes.len() {
            return Err(Unreadable);
        }
        Ok(streams)
    }

    fn head(&mut self, major: u8) -> Result<u64, Unreadable> {
        let initial = *self.bytes.get(self.at).ok_or(Unreadable)?;
        if initial >> 5 != major {
            return Err(Unreadable);
        }
        let (argument, after) = cbor::argument(self.bytes, self.at, initial & 0x1f)?;
        self.at = after;
        Ok(argument)
    }

    fn run(&mut self, major: u8) -> Result<&'a [u8], Unreadable> {
        let length = usize::try_from(self.head(major)?).map_err(|_| Unreadable)?;
        let end = self.at.checked_add(length).ok_or(Unreadable)?;
        let run = self.bytes.get(self.at..end).ok_or(Unreadable)?;
        self.at = end;
        Ok(run)
    }

    fn stream(&mut self) -> Result<(&'a [u8], &'a [u8]), Unreadable> {
        let stream = (self.run(3)?, self.run(2)?);
        // Nothing may follow the last.
        if self.left == 0 && self.at != self.bytes.len() { Err(Unreadable) } else { Ok(stream) }
    }
}

impl<'a> Iterator for StreamsIn<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let stream = self.stream();
        if stream.is_err() {
            self.left = 0;
        }
        Some(stream)
    }
}
