//! The network half: an HTTP pipe for what the vault says and hears.

mod client;

pub use client::build_client;
