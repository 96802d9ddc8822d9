//! Bytes by column: every part of a record goes to a named stream, so that a page of records compresses field by field.

use std::collections::BTreeMap;

use minicbor::{Decode, Decoder, Encode};

use super::pack::Unreadable;
use crate::cbor;

/// Streams being written.
#[derive(Debug, Default)]
pub struct Writer(BTreeMap<String, Vec<u8>>);

impl Writer {
    pub fn put<T: Encode<()>>(&mut self, stream: &str, value: &T) {
        let bytes = match self.0.get_mut(stream) {
            Some(bytes) => bytes,
            None => self.0.entry(stream.to_owned()).or_default(),
        };
        minicbor::encode(value, bytes).expect("writing CBOR to memory cannot fail");
    }

    /// A map from stream name to bytes, shorter names first as canonical CBOR orders them.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        let mut streams: Vec<(String, Vec<u8>)> = self.0.into_iter().collect();
        streams.sort_by(|(one, _), (other, _)| (one.len(), one).cmp(&(other.len(), other)));
        let mut encoder = minicbor::Encoder::new(Vec::new());
        let written = encoder.map(streams.len() as u64).and_then(|encoder| {
            streams.iter().try_fold(encoder, |encoder, (name, bytes)| encoder.str(name)?.bytes(bytes))
        });
        written.expect("writing CBOR to memory cannot fail");
        encoder.into_writer()
    }
}

/// Streams being read.
#[derive(Debug)]
pub struct Reader<'b>(BTreeMap<&'b str, Decoder<'b>>);

impl<'b> Reader<'b> {
    pub fn open(bytes: &'b [u8]) -> Result<Self, Unreadable> {
        cbor::check_canonical(bytes)?;
        let mut decoder = Decoder::new(bytes);
        let mut streams = BTreeMap::new();
        for stream in decoder.map_iter::<&str, &minicbor::bytes::ByteSlice>()? {
            let (name, bytes) = stream?;
            streams.insert(name, Decoder::new(bytes));
        }
        Ok(Self(streams))
    }

    pub fn take<T: Decode<'b, ()>>(&mut self, stream: &str) -> Result<T, Unreadable> {
        Ok(self.0.get_mut(stream).ok_or(Unreadable)?.decode()?)
    }

    /// Nothing may be left over.
    pub fn finish(self) -> Result<(), Unreadable> {
        let spent = self.0.values().all(|decoder| decoder.position() == decoder.input().len());
        if spent { Ok(()) } else { Err(Unreadable) }
    }
}
