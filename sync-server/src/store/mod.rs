//! The server's memory: the only folder of this crate with SQL in it or the name of a database driver.
//!
//! One function is one unit of work in one transaction; the time is always an argument. A `Store` is one
//! connection, used synchronously; `Db` is a pool of them for the handlers.

mod areas;
mod assets;
mod case_index;
mod cases;
mod chance;
mod compare;
mod conflicts;
mod connection;
mod counts;
mod covers;
mod cut;
mod cutting;
mod devices;
mod dialect;
mod drafts;
mod exchange;
mod faults;
mod features;
mod finding;
mod forms;
pub mod gazetteer;
pub(crate) mod geopackage;
mod gone;
mod ground;
mod held;
mod history;
mod hotspots;
mod identity;
mod joining;
mod judge;
mod keys;
mod live;
mod lives;
mod losses;
mod maps;
mod mending;
mod migrate;
mod office;
mod packs;
mod people;
mod photo_index;
mod photo_pack;
mod photos;
mod pool;
mod portable;
mod pull;
mod purging;
mod records;
mod redacting;
mod returning;
mod review;
mod reviewing;
#[cfg(kerbside_sim)]
mod rot;
mod rows;
mod same;
mod sessions;
mod taking;
#[cfg(test)]
mod tests;
mod trays;
mod trust;
mod value;
mod verify;

use std::cell::OnceCell;

use anyhow::{Context, Result};

pub use areas::PutAreas;
pub use assets::{AssetCase, PutAssets, pack as pack_assets};
pub use cases::{Case, Happening, PhotoFact, PhotoSource, TimelineLine};
pub use chance::Chance;
pub use compare::{Repair, RepairLine};
pub use conflicts::{Origin, TwoAnswersLine, TwoAnswersPage};
pub use connection::Connection;
pub use counts::Counts;
pub use covers::{Cover, Covering, PackTaken, Shown};
pub use cutting::{Cut, LeftWhole};
pub use devices::{CODE_LASTS_MS, Device, DeviceCode, DeviceLine, Enrolled};
pub use dialect::{is_disk_failing, is_disk_full};
pub use drafts::{Brought, FormDraft};
pub use features::{Feature, FeaturePage, FeatureWish, GeoPackage, Reach, Taker, Within};
pub use finding::{FoundPhoto, PhotoMark, PhotoPage, PhotoWish, PlaceWish};
pub use forms::{FormLine, FormState, FormVersion, Publication};
pub use gone::Gone;
pub use ground::{CaseMark, MapPage};
pub use held::HeldChange;
pub use history::{Kept, State};
pub use hotspots::{HotArea, HotHex, HotspotWish, Hotspots};
pub use identity::Identity;
pub use keys::KeyLine;
pub use live::Poke;
pub use lives::Raised;
pub use maps::{NewMap, PutMap};
pub use mending::Mended;
pub use migrate::newest as newest_schema;
pub use office::{Faulty, OfficeEdit};
pub use people::{CouncilFile, Officer, OfficerFile, Role, TeamFile};
pub use photo_pack::{PackedPhoto, PhotoPack};
pub use photos::{PHOTO_LIMIT, PhotoAsked, Upload};
pub use pool::{Db, Place};
pub use redacting::{Keep, Wish};
pub use review::Why as ReviewWhy;
pub use reviewing::{ReviewEdit, ReviewEditKind, ReviewItem, ReviewPage};
pub use same::{Joined, SameCase, SameOffer, SamePhoto, Sameness};
pub use sessions::{Lasting, Session, Tried};
pub use trays::{Tray, TrayLine, TrayPage};
pub use trust::{DeviceTrust, LossReceipt, Period, Trust, TrustLine, TrustPage};
pub use value::{Row, Sql};
pub use verify::Verified;

use connection::Driver;

/// One connection to the server's database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    chance: Chance,
    forms: packs::FormShelf,
    areas: areas::AreaShelf,
    assets: assets::AssetShelf,
}

impl Store {
    fn over(connection: Connection, chance: Chance) -> Self {
        Self {
            connection,
            chance,
            forms: packs::FormShelf::default(),
            areas: areas::AreaShelf::default(),
            assets: assets::AssetShelf::default(),
        }
    }

    /// A server's whole database in memory, whose every random byte follows from `seed`.
    pub fn in_memory(seed: u64) -> Result<Self> {
        thread_local!(static EMPTY: OnceCell<Store> = const { OnceCell::new() });
        let chance = Chance::Seeded { seed, drawn: 0 };
        // A simulator opens thousands of them: the tables are made once a thread.
        EMPTY.with(|empty| match empty.get() {
            Some(made) => Ok(Self { chance, ..made.copy()? }),
            None => {
                let sqlite = rusqlite::Connection::open_in_memory()?;
                let mut connection = Connection::sqlite(sqlite, None)?;
                dialect::make_durable(&mut connection)?;
                migrate::run(&mut connection)?;
                let made = empty.get_or_init(|| Self::over(connection, chance.clone()));
                Ok(Self { chance, ..made.copy()? })
            }
        })
    }

    /// The bytes of a SQLite database as they are now: what a simulated backup holds.
    pub fn copy(&self) -> Result<Self> {
        let mut sqlite = rusqlite::Connection::open_in_memory()?;
        copy_sqlite(self.connection.driver(), &mut sqlite)?;
        let mut connection = Connection::sqlite(sqlite, None)?;
        dialect::make_durable(&mut connection)?;
        Ok(Self::over(connection, self.chance.clone()))
    }

    /// Makes this database what `backup` was. Random bytes go on from where they are, as a real server's would.
    pub fn become_copy_of(&mut self, backup: &Self) -> Result<()> {
        match self.connection.driver_mut() {
            Driver::Sqlite(sqlite) => copy_sqlite(backup.connection.driver(), sqlite),
            Driver::Postgres(_) => anyhow::bail!("Only a SQLite database is copied in one piece"),
        }
    }

    /// What a process that died and was started again has: what was committed, and nothing else.
    pub fn open_again(&mut self) {
        self.forms = packs::FormShelf::default();
        self.areas = areas::AreaShelf::default();
        self.assets = assets::AssetShelf::default();
    }

    fn is_sound(&self) -> bool {
        self.connection.is_sound()
    }

    /// A write that is really committed, for `/readyz`.
    pub fn beat(&mut self, now_ms: i64) -> Result<()> {
        self.connection.transaction(|tx| {
            tx.execute("UPDATE heartbeat SET at = $1 WHERE id = 1", crate::values![now_ms]).map(|_| ())
        })
    }
}

fn copy_sqlite(from: &Driver, to: &mut rusqlite::Connection) -> Result<()> {
    match from {
        Driver::Sqlite(sqlite) => {
            let backup = rusqlite::backup::Backup::new(sqlite, to)?;
            backup.run_to_completion(1_000, std::time::Duration::ZERO, None).context("Copying the database")
        }
        Driver::Postgres(_) => anyhow::bail!("Only a SQLite database is copied in one piece"),
    }
}
