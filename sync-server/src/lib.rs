//! The sync server: what devices exchange with, and what the back office's console asks.

pub mod auth;
pub mod clock;
pub mod store;
