//! Photographs: hashed at once, kept as they came, shown as small copies.

mod facts;
mod keep;
mod picture;
mod sealed;

pub use facts::{photo_facts, read_exif};
pub use keep::{Kept, PhotoSize};
pub use picture::{Copies, MOST_BYTES, PictureFormat, make_copies, orientation_of};
pub use sealed::{BlobStore, HEADER, part_of, seal_photo, unseal_part, unseal_photo};

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
}

impl PhotoFrom {
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Viewfinder => 0,
            Self::Camera => 1,
            Self::Gallery => 2,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    pub(crate) use super::facts::tests::with_exif;
    pub(crate) use super::picture::tests::two_halves;
}
