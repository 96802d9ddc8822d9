//! A handful of connections for the handlers: `db.run(|store| …).await` takes one off the async threads.
//!
//! Several readers and one writer at a time on SQLite; PostgreSQL arranges its own.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::sync::Semaphore;

use super::chance::Chance;
use super::connection::Connection;
use super::packs::CouncilShelf;
use super::{Store, dialect, migrate};
use crate::clock;

/// Where the database is.
#[derive(Clone)]
pub enum Place {
    File(PathBuf),
    Postgres(Box<postgres::Config>),
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

impl Place {
    pub fn postgres(url: &str) -> Result<Self> {
        let config = postgres::Config::from_str(url).context("Reading the database address")?;
        Ok(Self::Postgres(Box::new(config)))
    }

    /// One connection with an up-to-date schema.
    pub fn open(&self) -> Result<Store> {
        let mut connection = self.connect(None)?;
        migrate::run(&mut connection).context("Migrating")?;
        Ok(Store::over(connection, Chance::System))
    }

    /// One connection to whatever is there, as it is.
    pub fn open_bare(&self) -> Result<Store> {
        Ok(Store::over(self.connect(None)?, Chance::System))
    }

    /// The migrations that would run, without running them.
    pub fn migrations_due(&self) -> Result<Vec<String>> {
        migrate::due(&mut self.connect(None)?)
    }

    pub fn migrate(&self) -> Result<Vec<String>> {
        migrate::run(&mut self.connect(None)?)
    }

    pub(super) fn connect(&self, writer: Option<Arc<Mutex<()>>>) -> Result<Connection> {
        let mut connection = match self {
            Self::File(path) => {
                let sqlite = rusqlite::Connection::open(path).context("Opening the database file")?;
                Connection::sqlite(sqlite, writer)?
            }
            Self::Postgres(config) => {
                let client = config.connect(postgres::NoTls).context("Reaching PostgreSQL")?;
                Connection::postgres(client)
            }
        };
        dialect::make_durable(&mut connection)?;
        if let Self::File(path) = self {
            // Reading makes the log's file. SQLite asks its folder to keep the name, and takes no notice of a refusal.
            dialect::schema_version(&mut connection)?;
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            std::fs::File::open(folder)
                .and_then(|folder| folder.sync_all())
                .context("Making the database's folder durable")?;
        }
        Ok(connection)
    }
}

/// The pool. Clones share it.
#[derive(Debug, Clone)]
pub struct Db {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    place: Place,
    idle: Mutex<Vec<Store>>,
    turns: Arc<Semaphore>,
    writer: Arc<Mutex<()>>,
    councils: Arc<Mutex<CouncilShelf>>,
    connections: u64,
    /// How many wait for a connection or have one.
    here: AtomicU64,
    /// How long one has it, of late.
    each_us: AtomicU64,
}

/// The longest that anyone should have to wait for a connection.
const LONGEST_WAIT_US: u64 = 300_000;
/// What the next ones are taken to need at the least: at nine o'clock those that were quick a minute ago are no measure.
const EACH_LEAST_US: u64 = 10_000;

impl Db {
    pub fn open(place: Place, connections: usize) -> Result<Self> {
        let first = place.open()?;
        let shared = Shared {
            place,
            idle: Mutex::new(vec![]),
            turns: Arc::new(Semaphore::new(connections)),
            writer: Arc::new(Mutex::new(())),
            councils: Arc::default(),
            connections: connections.max(1) as u64,
            here: AtomicU64::new(0),
            each_us: AtomicU64::new(0),
        };
        drop(first);
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Runs blocking work on a connection of its own, off the async threads.
    pub async fn run<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&mut Store) -> Result<T> + Send + 'static,
    {
        let here = Here::comes(&self.shared);
        let turn = Arc::clone(&self.shared.turns).acquire_owned().await?;
        let shared = Arc::clone(&self.shared);
        let done = tokio::task::spawn_blocking(move || {
            let _both = (turn, here);
            let mut store = shared.take()?;
            let began = clock::tick();
            let outcome = work(&mut store);
            shared.took(began.elapsed());
            shared.put_back(store);
            outcome
        });
        match done.await {
            Ok(outcome) => outcome,
            Err(fault) if fault.is_panic() => std::panic::resume_unwind(fault.into_panic()),
            Err(fault) => bail!("Database work was cut short: {fault}"),
        }
    }
}

impl Db {
    /// Whether one more would have to wait too long. Whoever can come again later is asked to.
    pub fn is_crowded(&self) -> bool {
        let here = self.shared.here.load(Ordering::Relaxed);
        let each_us = self.shared.each_us.load(Ordering::Relaxed).max(EACH_LEAST_US);
        LONGEST_WAIT_US < here.saturating_mul(each_us) / self.shared.connections
    }
}

/// One that waits for a connection or has one.
struct Here(Arc<Shared>);

impl Here {
    fn comes(shared: &Arc<Shared>) -> Self {
        shared.here.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(shared))
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.0.here.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Shared {
    /// PostgreSQL's client may not be closed on an async thread, where the last handle is often let go.
    fn drop(&mut self) {
        let idle = std::mem::take(self.idle.get_mut().unwrap_or_else(PoisonError::into_inner));
        if std::thread::spawn(move || drop(idle)).join().is_err() {
            tracing::error!("Closing the database connections failed");
        }
    }
}

impl Shared {
    fn take(&self) -> Result<Store> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(store) = idle {
            return Ok(store);
        }
        let mut connection = self.place.connect(Some(Arc::clone(&self.writer)))?;
        connection.councils = Arc::clone(&self.councils);
        Ok(Store::over(connection, Chance::System))
    }

    fn took(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let before = self.each_us.load(Ordering::Relaxed);
        self.each_us.store((before.saturating_mul(15).saturating_add(us)) / 16, Ordering::Relaxed);
    }

    /// A connection that died or was left inside a transaction is dropped, not reused.
    fn put_back(&self, store: Store) {
        if store.is_sound() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(store);
        }
    }
}
