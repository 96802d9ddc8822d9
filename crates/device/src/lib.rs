//! The handheld without its screen: the vault, drafts, photos, the outbox and
//! the exchange. The app's commands, the `kerbside` command and the simulator
//! all call what is here.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]
#![cfg_attr(not(test), forbid(clippy::string_slice))]

mod areas;
mod around;
mod assets;
pub mod clock;
mod compare;
mod device;
mod drafts;
mod exchange;
mod files;
mod forms;
mod gazetteer;
pub mod keys;
mod maps;
pub mod net;
pub mod photos;
pub mod random;
mod same;
mod save;
mod settle;
mod shift;
mod show;
mod store;
mod thrift;
mod vault;
mod verify;
mod waiting;
mod ways;

pub use around::{Around, RecordMark};
pub use assets::AssetSheet;
pub use compare::Comparison;
pub use device::{Device, Enrolment, Status};
pub use drafts::{
    Answered, Compared, Draft, DraftMove, Nearby, NearbyReport, NewPhoto, ParkedAnswer, PhotoLine,
};
pub use exchange::{Applied, Budget};
pub use forms::{COUNCIL_PACK, CouncilNames, FORM_PACK, FormTile, OfficerName, TeamName};
pub use gazetteer::GAZETTEER_PACK;
pub use maps::{MapHere, MapName, Shelf};
pub use net::{
    Comparing, LookedAfter, MapsFetched, SyncReport, VaultAccess, fetch_maps, sync, sync_comparing,
};
pub use same::{ClosedFor, OfSame, SameRecord};
pub use save::{Faults, Saved};
pub use settle::{Choice, Outcome, RecordLeave};
pub use shift::{DraftLine, Shift};
pub use show::{Filter, RecordLine, WorkState};
pub use store::{ChangeState, OwnChange, RepairKind, RepairRow, UploadRow, UploadState};
pub use thrift::{DataUse, Network, Over, PhotoRules};
pub use vault::{Identity, Vault};
#[cfg(kerbside_sim)]
pub use verify::Rot;
pub use verify::{Repaired, Verified};
pub use waiting::{SendingPhoto, Strip, StripState, Waiting, WaitingItem, Why};
pub use ways::{Notice, NoticeKind, RefusedAnswer, Way};
