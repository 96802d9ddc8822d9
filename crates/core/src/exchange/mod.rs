//! The exchange between a device and its server: what each says, in one round trip that is safe to repeat.
//!
//! Sans-I/O. The device makes a [`Push`], the server answers with a [`Reply`]; HTTP is only a pipe between them.

mod compare;
mod enrol;
mod item;
mod proof;
mod push;
mod reply;

#[cfg(test)]
mod wire;

pub use compare::{Bucket, Buckets, Compared, DIGEST_VERSION, Difference, Differences, LIST_LIMIT, Question};
pub use enrol::{Allotted, Enrol, Enrolled, Offered, Retire, Retired, UnlockRequest, Unlocked};
pub use item::Item;
pub use proof::{DEVICE_HEADER, NONCE_HEADER, RequestProof, SIGNATURE_HEADER};
pub use push::{Asks, ClockReading, Head, Lost, Push, Wants};
pub use reply::{
    Mark, Offer, Paging, PhotoReceipt, PhotoState, Receipt, Reply, Settled, Verdict, offers_mark,
};

/// The protocol these messages belong to; sent as `Kerbside-Protocol`.
pub const PROTOCOL: u32 = 1;
/// How hard bodies are compressed: pages and changes are laid out by column, so there is little to work through.
pub const ZSTD_LEVEL: i32 = 3;
/// The most a message may hold once inflated.
pub const INFLATED_LIMIT: usize = 4 * 1024 * 1024;
/// The most changes in one push.
pub const PUSH_LIMIT: usize = 500;
/// The most items in one reply.
pub const ITEM_LIMIT: u32 = 500;
/// The longest cursor.
pub const CURSOR_LIMIT: usize = 256;
/// The most hashes in one question about photos.
pub const HASH_LIMIT: usize = 500;
/// The most dots a device offers when it gives up an actor: more than anyone has ever had unsent.
pub const OFFER_LIMIT: usize = 50_000;
