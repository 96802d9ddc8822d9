//! The device's half of the exchange, without a network: `outgoing` makes a
//! push, `incoming` takes the reply, and a fork is answered by `retired`.
//! Plain functions on the vault, which the HTTP pipe and the simulator both call.

mod gone;
mod incoming;
mod items;
mod leaving;
mod outgoing;
mod photos;
mod retire;
mod returning;
mod settled;
#[cfg(test)]
mod settled_tests;
#[cfg(test)]
pub(crate) mod tests;

pub use incoming::Applied;
pub use outgoing::Budget;
