//! The sync server: what devices exchange with, and what the back office's console asks.
//!
//! The store is synchronous and told the time, so that the simulator and the routes call the same functions.

pub mod auth;
pub mod backup;
mod bringing;
pub mod cli;
pub mod clock;
pub mod config;
pub mod council;
pub mod journal;
pub mod ledger;
pub mod live;
pub mod maps;
pub mod metrics;
pub mod open;
pub mod photos;
pub mod routes;
pub mod serve;
pub mod store;
pub mod workbook;
