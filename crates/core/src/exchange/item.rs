//! One entry of the server's log, as a device receives it: `[seq, kind, received ms, flags, body]`.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::cbor;
use crate::ids::{Dot, RecordId};

/// What happened at one number of the log, or a page of records as they stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// Somebody's change, as first written. The office's reference comes with a record's first change.
    Change { seq: u64, received_ms: i64, bytes: Vec<u8>, reference: Option<String> },
    /// The device's own change, which it showed it holds.
    Echo { seq: u64, received_ms: i64, dot: Dot, reference: Option<String> },
    /// Records as they stand: each replaces what the device had confirmed.
    Enter { seq: u64, page: Vec<u8> },
    /// The record is no longer in the device's scope.
    Leave { seq: u64, record: RecordId },
    /// The record is gone for good.
    Purge { seq: u64, record: RecordId },
    /// What a newer server sends, redactions among it: the device has to be brought up to date before it reads on.
    Unknown { seq: u64, kind: u64 },
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct ChangeBody {
    #[cbor(n(0), with = "cbor::blob")]
    bytes: Vec<u8>,
    #[n(1)]
    reference: Option<String>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct EchoBody {
    #[n(0)]
    dot: Dot,
    #[n(1)]
    reference: Option<String>,
}

impl Item {
    #[must_use]
    pub fn seq(&self) -> u64 {
        match self {
            Self::Change { seq, .. }
            | Self::Echo { seq, .. }
            | Self::Enter { seq, .. }
            | Self::Leave { seq, .. }
            | Self::Purge { seq, .. }
            | Self::Unknown { seq, .. } => *seq,
        }
    }
}

fn open<W: Write>(
    e: &mut Encoder<W>,
    seq: u64,
    kind: u8,
    received_ms: i64,
) -> Result<(), EncodeError<W::Error>> {
    e.array(5)?.u64(seq)?.u8(kind)?.i64(received_ms)?.u8(0)?.ok()
}

impl<C> Encode<C> for Item {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, c: &mut C) -> Result<(), EncodeError<W::Error>> {
        match self {
            Self::Change { seq, received_ms, bytes, reference } => {
                open(e, *seq, 0, *received_ms)?;
                ChangeBody { bytes: bytes.clone(), reference: reference.clone() }.encode(e, c)
            }
            Self::Echo { seq, received_ms, dot, reference } => {
                open(e, *seq, 1, *received_ms)?;
                EchoBody { dot: *dot, reference: reference.clone() }.encode(e, c)
            }
            Self::Enter { seq, page } => {
                open(e, *seq, 2, 0)?;
                e.bytes(page)?.ok()
            }
            Self::Leave { seq, record } => {
                open(e, *seq, 3, 0)?;
                record.encode(e, c)
            }
            Self::Purge { seq, record } => {
                open(e, *seq, 5, 0)?;
                record.encode(e, c)
            }
            Self::Unknown { seq, kind } => e.array(5)?.u64(*seq)?.u64(*kind)?.u8(0)?.u8(0)?.null()?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Item {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        cbor::open_array(d, 5)?;
        let seq = d.u64()?;
        let kind = d.u64()?;
        let received_ms = d.i64()?;
        d.u64()?;
        Ok(match kind {
            0 => {
                let ChangeBody { bytes, reference } = d.decode()?;
                Self::Change { seq, received_ms, bytes, reference }
            }
            1 => {
                let EchoBody { dot, reference } = d.decode()?;
                Self::Echo { seq, received_ms, dot, reference }
            }
            2 => Self::Enter { seq, page: d.bytes()?.to_vec() },
            3 => Self::Leave { seq, record: d.decode()? },
            5 => Self::Purge { seq, record: d.decode()? },
            kind => {
                d.skip()?;
                Self::Unknown { seq, kind }
            }
        })
    }
}

/// Items, laid out by column where they are many.
pub(super) mod many {
    use minicbor::data::Type;
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decode, Decoder, Encode, Encoder};

    use super::Item;
    use crate::cbor;

    pub fn encode<C, W: Write>(
        items: &[Item],
        e: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        let written: Vec<Vec<u8>> = items.iter().map(cbor::encode).collect();
        match cbor::many::laid_out(&written) {
            Some(columns) => e.bytes(&columns)?.ok(),
            None => items.encode(e, context),
        }
    }

    pub fn decode<C>(d: &mut Decoder<'_>, context: &mut C) -> Result<Vec<Item>, DecodeError> {
        if d.datatype()? != Type::Bytes {
            return Vec::decode(d, context);
        }
        let items = cbor::many::decode(d, context)?;
        items.iter().map(|item| cbor::decode(item)).collect()
    }
}
