//! What the server says: a signed receipt for what it holds, and the next page of what others wrote.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::Item;
use crate::cbor;
use crate::ids::{Actor, DeviceId, Dot, Epoch, RecordId, ServerId, Sha256};
use crate::sign::{SHOWN, Signed};

/// Server to device.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Reply {
    /// A signed [`Receipt`]. Without one, HTTP 200 is no success. Where the device has shown that it holds this very
    /// receipt, part of a hash over it and the push stands for it.
    #[n(0)]
    pub receipt: Signed,
    /// The highest counter the server holds of this actor.
    #[n(1)]
    pub hwm: u64,
    /// The server holds other bytes under a dot that was pushed: the actor has to be retired.
    #[n(2)]
    pub fork: bool,
    #[cbor(n(3), with = "super::item::many")]
    pub items: Vec<Item>,
    /// Empty where it is the one that was sent.
    #[cbor(n(4), with = "cbor::blob")]
    pub cursor: Vec<u8>,
    #[n(5)]
    pub more: bool,
    #[n(6)]
    pub paging: Paging,
    #[n(7)]
    pub offers: Vec<Offer>,
    /// The oldest app that will still be fully served.
    #[n(8)]
    pub minimum_app: String,
    /// For the next request's proof.
    #[cbor(n(9), with = "cbor::blob")]
    pub nonce: Vec<u8>,
    /// The server's clock, milliseconds since 1970.
    #[n(10)]
    pub now_ms: i64,
    /// Why nothing goes down any more, as a code: what this device sends is still received, for someone to decide on.
    #[n(14)]
    pub stopped: Option<String>,
}

/// Where a reply stands in a filling of the device from nothing.
///
/// From the first page to the last every record in scope is entered; what was held before and did not come again has left.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Paging {
    #[default]
    #[n(0)]
    Log,
    /// The first page.
    #[n(1)]
    First,
    #[n(2)]
    Middle,
    #[n(3)]
    Last,
    /// First and last at once.
    #[n(4)]
    Whole,
}

/// A document the device should hold, read by `GET /v1/packs/{name}/{version}`. A reply lists all of them, or none where
/// the device has shown that it holds them.
///
/// `form.<key>` is a form with its lists inside; `council` is `{key, name, teams: [{key, name, service, forms}],
/// people: {officer: name}, officer: {id, name, role, teams}}`, where the teams are those whose records come here.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Offer {
    #[n(0)]
    pub name: String,
    #[n(1)]
    pub version: u32,
    #[n(2)]
    pub sha256: Sha256,
    #[n(3)]
    pub bytes: u64,
}

/// Names a set of offers by eight bytes, from name and version of each.
#[must_use]
pub fn offers_mark<'a>(offers: impl IntoIterator<Item = (&'a str, u32)>) -> [u8; 8] {
    let mut named: Vec<String> =
        offers.into_iter().map(|(name, version)| format!("{name}\0{version}\n")).collect();
    named.sort_unstable();
    let [a, b, c, d, e, f, g, h, ..] = Sha256::of(named.concat().as_bytes()).0;
    [a, b, c, d, e, f, g, h]
}

/// What the server holds of one actor, signed.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    #[n(0)]
    pub server: ServerId,
    #[n(1)]
    pub council: String,
    #[n(2)]
    pub device: DeviceId,
    #[n(3)]
    pub actor: Actor,
    /// Everything up to here is on the server's disk.
    #[n(4)]
    pub through: u64,
    /// The chain value at `through`.
    #[n(5)]
    pub chain: Sha256,
    /// Every verdict above `acked` that is not plain acceptance.
    #[n(6)]
    pub verdicts: Vec<(u64, Verdict)>,
    #[n(7)]
    pub epoch: Epoch,
    /// How far each actor of this device is received and in a backup.
    #[n(8)]
    pub marks: Vec<Mark>,
    /// Reserved for the audit's checkpoint.
    #[cbor(n(9), with = "cbor::blob")]
    pub checkpoint: Vec<u8>,
    /// The [`tag`](super::Push::tag) of the push this answers.
    #[n(10)]
    pub answers: Option<u32>,
    /// When the newest backup that was read back was made.
    #[n(11)]
    pub backup_ms: Option<i64>,
    /// Of the photos asked about, those that are in a backup.
    #[cbor(n(12), skip_if = "Vec::is_empty")]
    pub safe_photos: Vec<Sha256>,
    /// Of the held dots asked about, those that are held no longer, with what is not plain acceptance.
    #[cbor(n(13), skip_if = "Vec::is_empty")]
    pub settled: Vec<Settled>,
    /// What whoever declined a change said of it, in their own words: of the refused ones among `verdicts`.
    #[cbor(n(14), skip_if = "Vec::is_empty")]
    pub said: Vec<(u64, String)>,
}

/// What became of a dot that was held.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(array)]
pub struct Settled {
    #[n(0)]
    pub dot: Dot,
    /// None where it was accepted.
    #[n(1)]
    pub verdict: Option<Verdict>,
}

impl Receipt {
    /// Names what the receipt says, whichever push it answers.
    #[must_use]
    pub fn mark(&self) -> Sha256 {
        Sha256::of(&cbor::encode(&Self { answers: None, ..self.clone() }))
    }

    /// What stands for this receipt in the answer to this push, where the device holds it.
    #[must_use]
    pub fn shown(&self, push: &super::Push) -> Vec<u8> {
        let said = [self.mark().0.as_slice(), &push.tag().to_be_bytes()].concat();
        Sha256::of(&said).0.into_iter().take(SHOWN).collect()
    }
}

/// How far an actor's changes have come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(array)]
pub struct Mark {
    #[n(0)]
    pub actor: Actor,
    #[n(1)]
    pub through: u64,
    /// Nothing above this counter is in a backup that was read back.
    #[n(2)]
    pub backed_up_through: u64,
}

/// What became of a change that was not plainly accepted. All of them are on the server's disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Accepted, and someone in the office should look.
    Flagged(String),
    /// Kept until a change it builds on arrives.
    Held,
    /// The same act is there under this dot.
    Duplicate(Dot),
    /// Not taken into the record, by this code.
    Refused(String),
    /// Neither the server nor the device has its bytes any more.
    Missing,
    /// A verdict a newer server gives.
    Unknown(u64),
}

impl<C> Encode<C> for Verdict {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, c: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.array(2)?;
        match self {
            Self::Flagged(code) => e.u8(0)?.str(code)?.ok(),
            Self::Held => e.u8(1)?.null()?.ok(),
            Self::Duplicate(dot) => {
                e.u8(2)?;
                dot.encode(e, c)
            }
            Self::Refused(code) => e.u8(3)?.str(code)?.ok(),
            Self::Missing => e.u8(4)?.null()?.ok(),
            Self::Unknown(tag) => e.u64(*tag)?.null()?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Verdict {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Ok(match cbor::open_pair(d)? {
            0 => Self::Flagged(d.str()?.to_owned()),
            1 => d.null().map(|()| Self::Held)?,
            2 => Self::Duplicate(d.decode()?),
            3 => Self::Refused(d.str()?.to_owned()),
            4 => d.null().map(|()| Self::Missing)?,
            tag => {
                d.skip()?;
                Self::Unknown(tag)
            }
        })
    }
}

/// What the server holds of one photo, signed.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct PhotoReceipt {
    #[n(0)]
    pub server: ServerId,
    #[n(1)]
    pub council: String,
    #[n(2)]
    pub device: DeviceId,
    #[n(3)]
    pub record: RecordId,
    #[n(4)]
    pub sha256: Sha256,
    #[n(5)]
    pub bytes: u64,
    #[n(6)]
    pub state: PhotoState,
    #[n(7)]
    pub epoch: Epoch,
    #[n(8)]
    pub backed_up: bool,
}

/// What became of a photo's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(index_only)]
pub enum PhotoState {
    #[n(0)]
    Complete,
    #[n(1)]
    Purged,
    #[n(2)]
    Refused,
}
