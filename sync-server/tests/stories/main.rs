//! Stories: real devices and a real server in one process, with named people and a seeded disorder between them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a story that cannot go on stops where it is"
)]

mod addresses;
mod areas;
mod assets;
mod disorder;
mod fleet;
mod maps;
mod open;
mod people;
mod world;
