//! What the page may ask: each command is one line over the device, done on the desk's own thread.

#![expect(
    clippy::let_underscore_must_use,
    reason = "tauri's own #[command] expands to one for every async command"
)]

pub mod addresses;
pub mod assets;
pub mod captures;
pub mod door;
pub mod drafts;
pub mod maps;
pub mod photos;
pub mod records;
pub mod thrift;

use crate::failure::Failure;

/// What a command answers with.
pub type Answer<T> = Result<T, Failure>;
