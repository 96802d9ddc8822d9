//! What a record, a form, a place and a deadline are, and how copies of them merge.
//!
//! Pure: no clock, no file, no socket, no database, no random source. Time and ids come in as arguments.
#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]
#![cfg_attr(not(test), forbid(clippy::string_slice))]

pub mod area_pack;
pub mod areas;
pub mod assets;
pub mod cbor;
pub mod chain;
pub mod change;
pub mod exchange;
pub mod features;
pub mod field;
pub mod form;
pub mod gazetteer;
pub mod grid;
pub mod hex;
pub mod ids;
pub mod mend;
pub mod nearby;
pub mod phone;
pub mod planted;
pub mod problem;
pub mod record;
pub mod redact;
pub mod redot;
pub mod rows;
pub mod same;
mod shred;
pub mod sign;
pub mod small_numbers;
pub mod time;
pub mod value;
