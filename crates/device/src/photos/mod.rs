//! Photographs: hashed at once, kept as they came, shown as small copies.

mod captures;
mod facts;
mod keep;
mod picture;
mod sealed;
mod sniff;

pub use captures::Orphan;
pub use facts::photo_facts;
pub use keep::{Kept, PhotoSize};
pub use picture::{Copies, Look, MOST_BYTES, make_copies};
pub(crate) use picture::{LEAST_EDGE, MOST_EDGE};
pub(crate) use sealed::mend_sealed;
pub use sealed::{BlobStore, HEADER, part_of, seal_photo, unseal_part, unseal_photo};
pub use sniff::media_type;

use kerbside_core::value::Place;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How a photo came to us, which says how far its own facts can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum PhotoFrom {
    /// The in-page camera: video resolution, facts from our own ports.
    Viewfinder,
    /// The phone's own camera.
    Camera,
    Gallery,
    /// A recording or a document, chosen on the device.
    File,
}

/// How a photo or a file came, where it was taken by our own ports, and what it was called.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    pub from: PhotoFrom,
    pub fix: Option<Place>,
    pub name: Option<String>,
}

impl From<PhotoFrom> for Origin {
    fn from(from: PhotoFrom) -> Self {
        Self { from, fix: None, name: None }
    }
}

impl PhotoFrom {
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Viewfinder => 0,
            Self::Camera => 1,
            Self::Gallery => 2,
            Self::File => 3,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    pub(crate) use super::facts::tests::with_exif;
    pub(crate) use super::picture::tests::two_halves;
}
