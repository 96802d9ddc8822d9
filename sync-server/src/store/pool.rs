//! A handful of connections for the handlers: `db.run(|store| …).await` takes one off the async threads.
//!
//! Several readers and one writer at a time on SQLite; PostgreSQL arranges its own.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use tokio::sync::Semaphore;

use super::chance::Chance;
use super::connection::Connection;
use super::{Store, dialect, migrate};

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
                Connection::sqlite(sqlite, writer)
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
}

impl Db {
    pub fn open(place: Place, connections: usize) -> Result<Self> {
        let first = place.open()?;
        let shared = Shared {
            place,
            idle: Mutex::new(vec![]),
            turns: Arc::new(Semaphore::new(connections)),
            writer: Arc::new(Mutex::new(())),
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
        let turn = Arc::clone(&self.shared.turns).acquire_owned().await?;
        let shared = Arc::clone(&self.shared);
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let mut store = shared.take()?;
            let outcome = work(&mut store);
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
        let connection = self.place.connect(Some(Arc::clone(&self.writer)))?;
        Ok(Store::over(connection, Chance::System))
    }

    /// A connection that died or was left inside a transaction is dropped, not reused.
    fn put_back(&self, store: Store) {
        if store.is_sound() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(store);
        }
    }
}
