//! The network half: an HTTP pipe for what the vault says and hears.

mod answer;
mod backoff;
mod client;
mod compare;
mod enrol;
mod gazetteer;
mod maps;
mod pace;
mod photos;
mod pipe;
mod sync;

pub use client::build_client;
pub(crate) use enrol::{enrol, unlock_share};
pub use maps::{MapsFetched, fetch_maps};
pub use pipe::Refused;
pub use sync::{Comparing, LookedAfter, SyncReport, VaultAccess, sync, sync_comparing};
