//! The unit of work, durability, authorisation and audit: one officer's act on one record, all or nothing.
//!
//! Written once as canonical bytes, and hashed, chained, stored and forwarded as those bytes, never encoded again.

mod context;

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::cbor;
use crate::field::FieldKey;
use crate::ids::{Actor, Cid, Dot, OfficerId, RecordId, RowId, Sha256};
use crate::time::Moment;
use crate::value::{TEXT_LIMIT, Value};

pub use context::{CONTEXT_LIMIT, Context};

/// The version this code writes.
pub const VERSION: u32 = 1;
/// The largest change, in bytes.
pub const CHANGE_LIMIT: usize = 64 * 1024;
/// The most edits in one change.
pub const EDIT_LIMIT: usize = 256;
/// The most members one edit adds or removes.
pub const MEMBER_LIMIT: usize = 64;
const FORM_KEY_LIMIT: usize = 64;

/// One officer's act on one record.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Change {
    #[n(0)]
    pub version: u32,
    /// Survives re-dotting, so that nothing arrives twice.
    #[n(1)]
    pub cid: Cid,
    #[n(2)]
    pub record: RecordId,
    #[n(3)]
    pub actor: Actor,
    #[n(4)]
    pub counter: u64,
    #[n(5)]
    pub officer: OfficerId,
    #[n(6)]
    pub at: Moment,
    #[n(7)]
    pub form: String,
    #[n(8)]
    pub form_version: u32,
    #[n(9)]
    pub edits: Vec<Edit>,
    /// The dot it had before, when it was given another.
    #[n(10)]
    pub was: Option<Dot>,
}

/// A member of a set.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Member {
    Row(RowId),
    Photo(Sha256),
    Text(String),
    Opaque { tag: u64, bytes: Vec<u8> },
}

/// What a photo was when it was taken. None of it is needed to show or merge it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Encode, Decode)]
#[cbor(map)]
pub struct PhotoFacts {
    #[n(0)]
    pub bytes: u64,
    /// Image type, such as `image/jpeg`.
    #[n(1)]
    pub kind: String,
    #[n(2)]
    pub width: Option<u32>,
    #[n(3)]
    pub height: Option<u32>,
    /// When the camera says it was taken, milliseconds since 1970.
    #[n(4)]
    pub taken_at: Option<i64>,
    #[n(5)]
    pub lat_e7: Option<i32>,
    #[n(6)]
    pub lon_e7: Option<i32>,
    #[n(7)]
    pub accuracy_cm: Option<u32>,
    /// 0 viewfinder, facts from our own ports · 1 the device's camera · 2 chosen from the gallery
    /// · 3 a recording or a document.
    #[n(8)]
    pub source: u8,
    /// EXIF orientation 1 to 8.
    #[n(9)]
    pub orientation: Option<u8>,
    /// Make and model as the camera names itself.
    #[n(10)]
    pub camera: Option<String>,
    /// What a file that is no photo was called.
    #[n(11)]
    pub name: Option<String>,
}

/// One thing done to one field of the record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Edit {
    /// The record begins. First edit of its first change.
    Create,
    Put {
        field: FieldKey,
        context: Context,
        value: Value,
    },
    SetAdd {
        field: FieldKey,
        members: Vec<Member>,
    },
    SetRemove {
        field: FieldKey,
        context: Context,
        members: Vec<Member>,
    },
    /// Names a photo: this is the add.
    Attach {
        field: FieldKey,
        photo: Sha256,
        facts: PhotoFacts,
    },
    Note {
        kind: String,
        text: String,
    },
    Seal {
        manifest: Sha256,
        signature: Vec<u8>,
    },
    /// An edit a newer app made: kept and passed on as it came.
    Unknown {
        tag: u64,
        bytes: Vec<u8>,
    },
}

impl Change {
    #[must_use]
    pub fn dot(&self) -> Dot {
        Dot { actor: self.actor, counter: self.counter }
    }

    /// Whether another change is the same act, perhaps under another dot.
    #[must_use]
    pub fn is_same_act(&self, other: &Self) -> bool {
        self.cid == other.cid && self.record == other.record && self.at == other.at
    }

    #[must_use]
    pub fn creates(&self) -> bool {
        self.edits.first() == Some(&Edit::Create)
    }

    /// The photos this change names.
    pub fn photos(&self) -> impl Iterator<Item = (&FieldKey, Sha256, &PhotoFacts)> {
        self.edits.iter().filter_map(|edit| {
            if let Edit::Attach { field, photo, facts } = edit { Some((field, *photo, facts)) } else { None }
        })
    }

    /// Whether the change keeps to the limits and to the rules of one change: at most one Put and one add per field.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let mut puts = std::collections::BTreeSet::new();
        let mut adds = std::collections::BTreeSet::new();
        self.version == VERSION
            && 0 < self.counter
            && (1..=EDIT_LIMIT).contains(&self.edits.len())
            && (1..=FORM_KEY_LIMIT).contains(&self.form.len())
            && self.edits.iter().skip(1).all(|edit| *edit != Edit::Create)
            && self.edits.iter().all(|edit| match edit {
                Edit::Put { field, .. } => puts.insert(field),
                Edit::SetAdd { field, .. } => adds.insert(field),
                Edit::Create
                | Edit::SetRemove { .. }
                | Edit::Attach { .. }
                | Edit::Note { .. }
                | Edit::Seal { .. }
                | Edit::Unknown { .. } => true,
            })
            && self.edits.iter().all(Edit::is_well_formed)
    }
}

impl Edit {
    fn is_well_formed(&self) -> bool {
        match self {
            Self::Create | Self::Seal { .. } | Self::Unknown { .. } => true,
            Self::Put { field, context, value } => {
                field.is_well_formed() && context.is_well_formed() && value.is_well_formed()
            }
            Self::SetAdd { field, members } => field.is_well_formed() && members_fit(members),
            Self::SetRemove { field, context, members } => {
                field.is_well_formed() && context.is_well_formed() && members_fit(members)
            }
            Self::Attach { field, facts, .. } => field.is_well_formed() && facts.is_well_formed(),
            Self::Note { kind, text } => kind.len() <= FORM_KEY_LIMIT && text.len() <= TEXT_LIMIT,
        }
    }

    /// What this edit says its author had seen.
    #[must_use]
    pub fn context(&self) -> Option<&Context> {
        match self {
            Self::Put { context, .. } | Self::SetRemove { context, .. } => Some(context),
            Self::Create
            | Self::SetAdd { .. }
            | Self::Attach { .. }
            | Self::Note { .. }
            | Self::Seal { .. }
            | Self::Unknown { .. } => None,
        }
    }
}

impl PhotoFacts {
    fn is_well_formed(&self) -> bool {
        self.kind.len() <= 64
            && self.name.as_ref().is_none_or(|name| name.len() <= 256)
            && self.camera.as_ref().is_none_or(|camera| camera.len() <= 128)
            && (self.lat_e7, self.lon_e7) != (Some(0), Some(0))
    }
}

fn members_fit(members: &[Member]) -> bool {
    (1..=MEMBER_LIMIT).contains(&members.len())
        && members.iter().all(|member| match member {
            Member::Row(_) | Member::Photo(_) => true,
            Member::Text(text) => text.len() <= 128,
            Member::Opaque { bytes, .. } => bytes.len() <= 128,
        })
}

/// A change as it was first written, and the hash that names those bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeBytes {
    bytes: Vec<u8>,
    hash: Sha256,
}

impl ChangeBytes {
    /// Writes a change for the first and only time.
    #[must_use]
    pub fn write(change: &Change) -> Self {
        Self::received(cbor::encode(change))
    }

    /// Takes bytes as they came, read or not.
    #[must_use]
    pub fn received(bytes: Vec<u8>) -> Self {
        let hash = Sha256::of(&bytes);
        Self { bytes, hash }
    }

    /// Reads the change, refusing what is not canonical, too large or against the rules of a change.
    pub fn read(&self) -> Result<Change, DecodeError> {
        if CHANGE_LIMIT < self.bytes.len() {
            return Err(DecodeError::message("a change over its limit"));
        }
        let change: Change = cbor::decode(&self.bytes)?;
        if change.is_well_formed() {
            Ok(change)
        } else {
            Err(DecodeError::message("a change against its own rules"))
        }
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    #[must_use]
    pub fn hash(&self) -> Sha256 {
        self.hash
    }
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct PutBody {
    #[n(0)]
    field: String,
    #[n(1)]
    row: Option<RowId>,
    #[n(2)]
    context: Context,
    #[n(3)]
    value: Value,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct SetBody {
    #[n(0)]
    field: String,
    #[n(1)]
    row: Option<RowId>,
    #[n(2)]
    context: Option<Context>,
    #[n(3)]
    members: Vec<Member>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct AttachBody {
    #[n(0)]
    field: String,
    #[n(1)]
    row: Option<RowId>,
    #[n(2)]
    photo: Sha256,
    #[n(3)]
    facts: PhotoFacts,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct NoteBody {
    #[n(0)]
    kind: String,
    #[n(1)]
    text: String,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct SealBody {
    #[n(0)]
    manifest: Sha256,
    #[cbor(n(1), with = "cbor::blob")]
    signature: Vec<u8>,
}

fn pair<W: Write, C, T: Encode<C>>(
    e: &mut Encoder<W>,
    tag: u64,
    body: &T,
    context: &mut C,
) -> Result<(), EncodeError<W::Error>> {
    e.array(2)?.u64(tag)?;
    body.encode(e, context)
}

impl<C> Encode<C> for Edit {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, c: &mut C) -> Result<(), EncodeError<W::Error>> {
        match self.clone() {
            Self::Create => e.array(2)?.u8(0)?.null()?.ok(),
            Self::Put { field: FieldKey { path: field, row }, context, value } => {
                pair(e, 1, &PutBody { field, row, context, value }, c)
            }
            Self::SetAdd { field: FieldKey { path: field, row }, members } => {
                pair(e, 2, &SetBody { field, row, context: None, members }, c)
            }
            Self::SetRemove { field: FieldKey { path: field, row }, context, members } => {
                pair(e, 3, &SetBody { field, row, context: Some(context), members }, c)
            }
            Self::Attach { field: FieldKey { path: field, row }, photo, facts } => {
                pair(e, 4, &AttachBody { field, row, photo, facts }, c)
            }
            Self::Note { kind, text } => pair(e, 5, &NoteBody { kind, text }, c),
            Self::Seal { manifest, signature } => pair(e, 6, &SealBody { manifest, signature }, c),
            Self::Unknown { tag, bytes } => {
                e.array(2)?.u64(tag)?;
                e.writer_mut().write_all(&bytes).map_err(EncodeError::write)
            }
        }
    }
}

impl<'b, C> Decode<'b, C> for Edit {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Ok(match cbor::open_pair(d)? {
            0 => d.null().map(|()| Self::Create)?,
            1 => {
                let PutBody { field, row, context, value } = d.decode()?;
                Self::Put { field: FieldKey { path: field, row }, context, value }
            }
            2 => {
                let SetBody { field, row, members, context: _ } = d.decode()?;
                Self::SetAdd { field: FieldKey { path: field, row }, members }
            }
            3 => {
                let SetBody { field, row, context, members } = d.decode()?;
                let context = context.ok_or_else(|| DecodeError::message("a removal without its context"))?;
                Self::SetRemove { field: FieldKey { path: field, row }, context, members }
            }
            4 => {
                let AttachBody { field, row, photo, facts } = d.decode()?;
                Self::Attach { field: FieldKey { path: field, row }, photo, facts }
            }
            5 => {
                let NoteBody { kind, text } = d.decode()?;
                Self::Note { kind, text }
            }
            6 => {
                let SealBody { manifest, signature } = d.decode()?;
                Self::Seal { manifest, signature }
            }
            tag => Self::Unknown { tag, bytes: cbor::raw_item(d)?.to_vec() },
        })
    }
}

impl<C> Encode<C> for Member {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, c: &mut C) -> Result<(), EncodeError<W::Error>> {
        match self {
            Self::Row(row) => pair(e, 0, row, c),
            Self::Photo(photo) => pair(e, 1, photo, c),
            Self::Text(text) => pair(e, 2, text, c),
            Self::Opaque { tag, bytes } => {
                e.array(2)?.u64(*tag)?;
                e.writer_mut().write_all(bytes).map_err(EncodeError::write)
            }
        }
    }
}

impl<'b, C> Decode<'b, C> for Member {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Ok(match cbor::open_pair(d)? {
            0 => Self::Row(d.decode()?),
            1 => Self::Photo(d.decode()?),
            2 => Self::Text(d.decode()?),
            tag => Self::Opaque { tag, bytes: cbor::raw_item(d)?.to_vec() },
        })
    }
}

#[cfg(test)]
pub mod tests;
