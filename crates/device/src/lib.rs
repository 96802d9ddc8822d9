//! The handheld without its screen: the vault, drafts, photos, the outbox and
//! the exchange. The app's commands, the `kerbside` command and the simulator
//! all call what is here.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]
#![cfg_attr(not(test), forbid(clippy::string_slice))]

pub mod clock;
mod drafts;
mod files;
mod forms;
pub mod keys;
pub mod net;
pub mod photos;
pub mod random;
mod save;
mod store;
mod vault;

pub use drafts::{Draft, NewPhoto, PhotoLine};
pub use forms::{COUNCIL_PACK, CouncilNames, FORM_PACK, FormTile};
pub use save::{Faults, Saved};
pub use vault::{Identity, Opened, Vault};
