//! The names of things: small newtypes, so that a record can never be taken for a device.
//!
//! Byte ids travel as CBOR byte strings and read as text everywhere a person or JSON meets them.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

/// Why a piece of text is not the id it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of this kind")
    }
}

impl std::error::Error for NotAnId {}

/// Lower-case hexadecimal of any bytes.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// Exactly `N` bytes from `2 N` hexadecimal digits.
pub fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], NotAnId> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return Err(NotAnId);
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| NotAnId)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| NotAnId)?;
    }
    Ok(bytes)
}

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $len:literal, $show:expr, $read:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, TS)]
        #[ts(export, type = "string")]
        pub struct $name(pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&$show(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                $read(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                encoder: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(
                decoder: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                let bytes = decoder.bytes()?;
                bytes
                    .try_into()
                    .map(Self)
                    .map_err(|_| minicbor::decode::Error::message(concat!(stringify!($name), " has another length")))
            }
        }
    };
}

fn show_uuid(bytes: &[u8; 16]) -> String {
    uuid::Uuid::from_bytes(*bytes).hyphenated().to_string()
}

fn read_uuid(text: &str) -> Result<[u8; 16], NotAnId> {
    uuid::Uuid::try_parse(text).map(uuid::Uuid::into_bytes).map_err(|_| NotAnId)
}

fn show_hex<const N: usize>(bytes: &[u8; N]) -> String {
    to_hex(bytes)
}

byte_id!(
    /// One record, named where it was made: a version 7 UUID.
    RecordId, 16, show_uuid, read_uuid
);
byte_id!(
    /// One enrolled handheld.
    DeviceId, 16, show_uuid, read_uuid
);
byte_id!(
    /// One server, for as long as it keeps its key.
    ServerId, 16, show_uuid, read_uuid
);
byte_id!(
    /// One life of a server's database: a restore begins another.
    Epoch, 16, show_uuid, read_uuid
);
byte_id!(
    /// One row of a repeat, the same for ever, whoever writes in it.
    RowId, 8, show_hex, from_hex
);
byte_id!(
    /// One act of saving: the same when the change is given another dot.
    Cid, 8, show_hex, from_hex
);
byte_id!(
    /// What bytes are: of a photo, of a change, of a link in a chain.
    Sha256, 32, show_hex, from_hex
);

impl RecordId {
    /// A version 7 UUID from the time and ten random bytes, both given by the caller.
    #[must_use]
    pub fn new(wall_ms: u64, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(wall_ms, &random).into_uuid().into_bytes())
    }
}

impl Sha256 {
    /// The hash of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self(sha2::Sha256::digest(bytes).into())
    }
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, Encode, Decode, TS)]
        #[serde(transparent)]
        #[cbor(transparent)]
        #[ts(export, type = "number")]
        pub struct $name(#[n(0)] pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

number_id!(
    /// Who numbers changes: one (device, officer, incarnation), or one (office user, epoch). Allotted by the server, never reused.
    Actor
);
number_id!(
    /// The person signed in.
    OfficerId
);

/// One change's place in the world: the actor and its count over all records, from 1 with no gap.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, Encode, Decode, TS,
)]
#[cbor(array)]
#[ts(export)]
pub struct Dot {
    #[n(0)]
    pub actor: Actor,
    #[n(1)]
    #[ts(type = "number")]
    pub counter: u64,
}

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.actor, self.counter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_shown() {
        let record = RecordId::new(1_773_652_364_000, [7; 10]);
        assert_eq!(record.to_string().parse(), Ok(record));
        let row = RowId([1, 2, 3, 4, 5, 6, 7, 255]);
        assert_eq!(row.to_string(), "01020304050607ff");
        assert_eq!(row.to_string().parse(), Ok(row));
        assert_eq!("01020304050607f".parse::<RowId>(), Err(NotAnId));
        assert_eq!("01020304050607fé".parse::<RowId>(), Err(NotAnId));
    }

    #[test]
    fn a_record_id_is_a_version_seven_uuid() {
        assert!(RecordId::new(1_773_652_364_000, [0; 10]).to_string().starts_with("019cf5"));
        assert_eq!(RecordId::new(1, [0; 10]).to_string().as_bytes()[14], b'7');
    }
}
