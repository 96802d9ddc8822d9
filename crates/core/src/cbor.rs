//! Deterministic CBOR (RFC 8949 §4.2.1): what we write is canonical, and what is not canonical is refused.
//!
//! A change is hashed as it was first written, so two encodings of one change must not exist.

use minicbor::data::Type;
use minicbor::decode::Error;
use minicbor::{Decode, Decoder, Encode};

/// How deep a message may nest. Ours need seven.
pub const DEPTH_LIMIT: usize = 16;

/// Canonical bytes of one of our own types.
///
/// Writing to memory cannot fail, and every type here writes its keys in order.
#[must_use]
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("writing CBOR to memory cannot fail")
}

/// Reads one canonical item that fills the whole input.
pub fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, Error> {
    check_canonical(bytes)?;
    minicbor::decode(bytes)
}

/// Refuses anything but one definite-length item with shortest lengths and sorted, unique map keys.
pub fn check_canonical(bytes: &[u8]) -> Result<(), Error> {
    let end = item(bytes, 0, 0)?;
    if end == bytes.len() { Ok(()) } else { Err(Error::message("bytes follow the item")) }
}

/// Where the canonical item that begins at `start` ends.
#[inline]
pub fn item_end(bytes: &[u8], start: usize) -> Result<usize, Error> {
    match bytes.get(start) {
        Some(0x00..=0x17 | 0x20..=0x37 | 0xe0..=0xf7) => Ok(start + 1),
        _ => item(bytes, start, 0),
    }
}

/// Walks the item at `start` and returns where it ends.
fn item(bytes: &[u8], start: usize, depth: usize) -> Result<usize, Error> {
    if DEPTH_LIMIT < depth {
        return Err(Error::message("nested too deep"));
    }
    let initial = *bytes.get(start).ok_or_else(Error::end_of_input)?;
    let (argument, after) = argument(bytes, start, initial & 0x1f)?;
    match initial >> 5 {
        0 | 1 => Ok(after),
        2 | 3 => {
            let length = usize::try_from(argument).map_err(|_| Error::end_of_input())?;
            let end = after.checked_add(length).ok_or_else(Error::end_of_input)?;
            if bytes.len() < end { Err(Error::end_of_input()) } else { Ok(end) }
        }
        4 => (0..argument).try_fold(after, |at, _| item(bytes, at, depth + 1)),
        5 => map(bytes, after, argument, depth),
        7 if initial & 0x1f < 24 => Ok(after),
        _ => Err(Error::message("tags and floats are not used")),
    }
}

fn map(bytes: &[u8], start: usize, pairs: u64, depth: usize) -> Result<usize, Error> {
    let mut at = start;
    let mut last: Option<&[u8]> = None;
    for _ in 0..pairs {
        let key_end = item(bytes, at, depth + 1)?;
        let key = bytes.get(at..key_end).ok_or_else(Error::end_of_input)?;
        if last.is_some_and(|last| key <= last) {
            return Err(Error::message("map keys out of order"));
        }
        last = Some(key);
        at = item(bytes, key_end, depth + 1)?;
    }
    Ok(at)
}

#[inline]
pub fn argument(bytes: &[u8], start: usize, low: u8) -> Result<(u64, usize), Error> {
    if low < 24 { Ok((u64::from(low), start + 1)) } else { long_argument(bytes, start, low) }
}

fn long_argument(bytes: &[u8], start: usize, low: u8) -> Result<(u64, usize), Error> {
    let tail = bytes.get(start + 1..).unwrap_or_default();
    let (found, width, shortest) = match low {
        24 => (tail.first().map(|byte| u64::from(*byte)), 1, 24),
        25 => (tail.first_chunk().map(|wide| u64::from(u16::from_be_bytes(*wide))), 2, 1 << 8),
        26 => (tail.first_chunk().map(|wide| u64::from(u32::from_be_bytes(*wide))), 4, 1 << 16),
        27 => (tail.first_chunk().map(|wide| u64::from_be_bytes(*wide)), 8, 1 << 32),
        _ => return Err(Error::message("indefinite lengths are not used")),
    };
    let argument = found.ok_or_else(Error::end_of_input)?;
    if argument < shortest {
        return Err(Error::message("a number is longer than it need be"));
    }
    Ok((argument, start + 1 + width))
}

/// The bytes of the next item, read past but not understood: what a newer app sent is kept as it came.
pub fn raw_item<'b>(decoder: &mut Decoder<'b>) -> Result<&'b [u8], Error> {
    let start = decoder.position();
    decoder.skip()?;
    let end = decoder.position();
    decoder.input().get(start..end).ok_or_else(Error::end_of_input)
}

/// Opens a `[tag, body]` pair.
pub fn open_pair(decoder: &mut Decoder<'_>) -> Result<u64, Error> {
    match decoder.array()? {
        Some(2) => decoder.u64(),
        _ => Err(Error::message("expected [tag, body]")),
    }
}

/// Opens an array of exactly `length`.
pub fn open_array(decoder: &mut Decoder<'_>, length: u64) -> Result<(), Error> {
    match decoder.array()? {
        Some(found) if found == length => Ok(()),
        _ => Err(Error::message("an array of another length")),
    }
}

/// Reads `null` as nothing.
pub fn nullable<'b, T: Decode<'b, ()>>(decoder: &mut Decoder<'b>) -> Result<Option<T>, Error> {
    if decoder.datatype()? == Type::Null {
        decoder.null()?;
        return Ok(None);
    }
    decoder.decode().map(Some)
}

/// Any canonical item as JSON for a person: maps by their keys, bytes in hexadecimal.
pub fn to_json(bytes: &[u8]) -> Result<serde_json::Value, Error> {
    check_canonical(bytes)?;
    json_item(&mut Decoder::new(bytes))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "minicbor names every width of a number apart")]
fn json_item(d: &mut Decoder<'_>) -> Result<serde_json::Value, Error> {
    use serde_json::{Map, Value, json};
    Ok(match d.datatype()? {
        Type::Null | Type::Undefined => {
            d.skip()?;
            Value::Null
        }
        Type::Bool => json!(d.bool()?),
        Type::Bytes => json!(format!("h'{}'", crate::ids::to_hex(d.bytes()?))),
        Type::String => json!(d.str()?),
        Type::Array => {
            let count = d.array()?.unwrap_or(0);
            Value::Array((0..count).map(|_| json_item(d)).collect::<Result<_, _>>()?)
        }
        Type::Map => {
            let mut map = Map::new();
            for _ in 0..d.map()?.unwrap_or(0) {
                let key = json_item(d)?;
                let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                map.insert(key, json_item(d)?);
            }
            Value::Object(map)
        }
        // What is left after the canonical check are whole numbers and unassigned simple values.
        _ => d.int().map(|number| json!(i128::from(number)))?,
    })
}

/// Byte strings inside derived messages: `#[cbor(with = "crate::cbor::blob")]`.
pub mod blob {
    use minicbor::decode::Error;
    use minicbor::encode::{self, Write};
    use minicbor::{Decoder, Encoder};

    pub fn encode<C, W: Write>(
        bytes: &[u8],
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        encoder.bytes(bytes)?.ok()
    }

    pub fn decode<C>(decoder: &mut Decoder<'_>, _: &mut C) -> Result<Vec<u8>, Error> {
        decoder.bytes().map(<[u8]>::to_vec)
    }

    /// Where a key may be left out, it stands for no bytes.
    #[must_use]
    pub fn nil() -> Option<Vec<u8>> {
        Some(Vec::new())
    }

    #[must_use]
    pub fn is_nil(bytes: &[u8]) -> bool {
        bytes.is_empty()
    }
}

/// Lists of byte strings: `#[cbor(with = "crate::cbor::blobs")]`.
pub mod blobs {
    use minicbor::decode::Error;
    use minicbor::encode::{self, Write};
    use minicbor::{Decoder, Encoder};

    pub fn encode<C, W: Write>(
        list: &[Vec<u8>],
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        encoder.array(list.len() as u64)?;
        for bytes in list {
            encoder.bytes(bytes)?;
        }
        Ok(())
    }

    pub fn decode<C>(decoder: &mut Decoder<'_>, _: &mut C) -> Result<Vec<Vec<u8>>, Error> {
        let count = decoder.array()?.ok_or_else(|| Error::message("indefinite lengths are not used"))?;
        (0..count).map(|_| decoder.bytes().map(<[u8]>::to_vec)).collect()
    }
}

/// Lists of canonical items as byte strings, laid out by column where they are many: `#[cbor(with =
/// "crate::cbor::many")]`. They read back as the very bytes they were.
pub mod many {
    use minicbor::data::Type;
    use minicbor::decode::Error;
    use minicbor::encode::{self, Write};
    use minicbor::{Decoder, Encoder};

    use crate::exchange::INFLATED_LIMIT;
    use crate::shred;

    /// Fewer than this gain nothing by it.
    const LEAST: usize = 6;

    /// The columns, where the items are many and all of them are canonical.
    #[must_use]
    pub fn laid_out(list: &[Vec<u8>]) -> Option<Vec<u8>> {
        let slices: Vec<&[u8]> = list.iter().map(Vec::as_slice).collect();
        if slices.len() < LEAST { None } else { shred::shred(&slices) }
    }

    pub fn encode<C, W: Write>(
        list: &[Vec<u8>],
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        match laid_out(list) {
            Some(columns) => encoder.bytes(&columns)?.ok(),
            None => super::blobs::encode(list, encoder, context),
        }
    }

    pub fn decode<C>(decoder: &mut Decoder<'_>, context: &mut C) -> Result<Vec<Vec<u8>>, Error> {
        if decoder.datatype()? != Type::Bytes {
            return super::blobs::decode(decoder, context);
        }
        shred::unshred(decoder.bytes()?, INFLATED_LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_canonical_is_refused() {
        for (bytes, why) in [
            (&[0x18, 0x17][..], "a long number"),
            (&[0x19, 0x00, 0xff], "a long number"),
            (&[0x9f, 0x01, 0xff], "indefinite"),
            (&[0xa2, 0x01, 0x00, 0x00, 0x00], "unsorted"),
            (&[0xa2, 0x01, 0x00, 0x01, 0x00], "twice"),
            (&[0x01, 0x01], "two items"),
            (&[0x43, 0x01], "cut short"),
            (&[0xf9, 0x00, 0x00], "float"),
            (&[0xc1, 0x00], "tag"),
        ] {
            assert!(check_canonical(bytes).is_err(), "{why}");
        }
        assert!(check_canonical(&[0xa2, 0x00, 0x01, 0x01, 0x82, 0x01, 0xf6]).is_ok());
    }

    #[test]
    fn a_message_nested_two_hundred_thousand_deep_is_refused_at_once() {
        assert!(check_canonical(&vec![0x81; 200_000]).is_err());
        assert!(check_canonical(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
    }
}
