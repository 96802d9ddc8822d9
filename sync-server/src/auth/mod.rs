//! Who is asking, and whether they may: passwords, sessions, devices' proofs and the one table of leave.

mod authorise;
pub mod code;
pub mod password;
pub mod proof;
pub mod session;

pub use authorise::{Action, Leave, Target, authorise, may};
