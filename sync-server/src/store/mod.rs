//! The server's memory: the only folder of this crate with SQL in it or the name of a database driver.
//!
//! One function is one unit of work in one transaction; the time is always an argument. A `Store` is one
//! connection, used synchronously; `Db` is a pool of them for the handlers.

mod cases;
mod chance;
mod connection;
mod counts;
mod devices;
mod dialect;
mod drafts;
mod exchange;
mod faults;
mod forms;
mod history;
mod identity;
mod judge;
mod live;
mod migrate;
mod office;
mod packs;
mod people;
mod photos;
mod pool;
mod pull;
mod records;
mod sessions;
mod taking;
#[cfg(test)]
mod tests;
mod trays;
mod value;
mod verify;

use anyhow::{Context, Result};

pub use cases::{Case, Happening, TimelineLine};
pub use chance::Chance;
pub use connection::Connection;
pub use counts::Counts;
pub use devices::{CODE_LASTS_MS, Device, DeviceCode, DeviceLine, Enrolled};
pub use dialect::is_disk_full;
pub use drafts::{Brought, FormDraft};
pub use forms::{FormLine, FormState, FormVersion, Publication};
pub use history::{Kept, State};
pub use identity::Identity;
pub use live::Poke;
pub use migrate::newest as newest_schema;
pub use office::{Faulty, OfficeEdit};
pub use people::{CouncilFile, Officer, OfficerFile, Role, TeamFile};
pub use photos::{PHOTO_LIMIT, PhotoAsked, Upload};
pub use pool::{Db, Place};
pub use sessions::{Lasting, Session, Tried};
pub use trays::{Tray, TrayLine, TrayPage};
pub use value::{Row, Sql};
pub use verify::{Digest, Verified};

use connection::Driver;

/// One connection to the server's database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    chance: Chance,
    forms: packs::FormShelf,
}

impl Store {
    fn over(connection: Connection, chance: Chance) -> Self {
        Self { connection, chance, forms: packs::FormShelf::default() }
    }

    /// A server's whole database in memory, whose every random byte follows from `seed`.
    pub fn in_memory(seed: u64) -> Result<Self> {
        let sqlite = rusqlite::Connection::open_in_memory()?;
        let mut connection = Connection::sqlite(sqlite, None);
        dialect::make_durable(&mut connection)?;
        migrate::run(&mut connection)?;
        Ok(Self::over(connection, Chance::Seeded { seed, drawn: 0 }))
    }

    /// The bytes of a SQLite database as they are now: what a simulated backup holds.
    pub fn copy(&self) -> Result<Self> {
        let mut sqlite = rusqlite::Connection::open_in_memory()?;
        copy_sqlite(self.connection.driver(), &mut sqlite)?;
        let mut connection = Connection::sqlite(sqlite, None);
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
