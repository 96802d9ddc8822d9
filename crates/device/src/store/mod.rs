//! The database of one vault, and the only folder of this crate that contains
//! SQL. Encrypted by SQLCipher on a handheld; in memory and plain in the
//! simulator. One function is one query; `transact` makes several one act.

mod blocks;
mod captures;
mod changes;
mod drafts;
mod gazetteer;
mod gone;
mod outcomes;
mod pages;
mod photos;
mod progress;
mod proofs;
mod records;
mod repairs;
#[cfg(test)]
mod rotting;
mod said;
mod salvage;
mod spots;
mod thrift;

pub use blocks::{BLOCK_RECORDS, BlockPacker, SettledRow};
pub use captures::PendingCapture;
pub use changes::{ChangeState, OwnChange};
pub use drafts::{DraftRow, Seen};
pub use gazetteer::Gazetteers;
pub use outcomes::OutcomeRow;
pub use photos::{PhotoRow, UploadRow, UploadState};
pub use progress::Progress;
pub use proofs::Returning;
pub use records::RecordRow;
pub use repairs::{About, RepairKind, RepairRow};
pub use salvage::Healed;
pub use spots::Spot;

use crate::files::{self, sync_folder};
use crate::keys::VaultKey;
use anyhow::{Context, Result, bail};
use data_encoding::HEXLOWER;
use kerbside_core::planted;
use kerbside_core::problem::{Code, Problem};
use rusqlite::{Connection, backup::Backup, config::DbConfig};
use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// In the order of their numbers, which the database keeps as its `user_version`.
const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("001_first.sql")),
    (2, include_str!("002_drafts.sql")),
    (3, include_str!("003_restore.sql")),
    (5, include_str!("005_repair.sql")),
    (6, include_str!("006_blocks.sql")),
    (7, include_str!("007_people.sql")),
    (8, include_str!("008_gone.sql")),
    (9, include_str!("009_said.sql")),
    (10, include_str!("010_left_blocks.sql")),
    (11, include_str!("011_captures.sql")),
    (12, include_str!("012_spots.sql")),
];

/// More than there are different ones, so that none is compiled twice.
const STATEMENTS: usize = 192;

pub struct Store {
    connection: Connection,
    /// None in memory.
    file: Option<PathBuf>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Store")
    }
}

impl Store {
    pub fn open(file: &Path, key: &VaultKey) -> Result<Self> {
        let connection = Connection::open(file).context("Open the vault's database")?;
        give_key(&connection, key)?;
        let store = Self { connection, file: Some(file.to_owned()) };
        store.prepare().context("Open the vault's database with its key").map_err(named)?;
        if let Some(folder) = file.parent() {
            // The log's file is made by now. SQLite asks its folder to keep the name, and takes no notice of a refusal.
            sync_folder(folder).map_err(files::named)?;
        }
        Ok(store)
    }

    pub fn in_memory() -> Result<Self> {
        thread_local!(static EMPTY: OnceCell<Store> = const { OnceCell::new() });
        // A simulator opens a hundred thousand of them: the tables are made once a thread.
        EMPTY.with(|empty| match empty.get() {
            Some(made) => made.copy_in_memory(),
            None => {
                let made = Connection::open_in_memory().context("Open a database in memory")?;
                empty.get_or_init(|| Self { connection: made, file: None }).prepare()?;
                Self::in_memory()
            }
        })
    }

    /// The same rows in another database in memory, as a restored or cloned phone has them.
    pub fn copy_in_memory(&self) -> Result<Self> {
        let mut copy = Connection::open_in_memory().context("Open a database in memory")?;
        Backup::new(&self.connection, &mut copy)
            .and_then(|backup| backup.run_to_completion(1000, Duration::ZERO, None))
            .context("Copy the database")?;
        Self::of_memory(copy)
    }

    #[cfg_attr(not(kerbside_sim), expect(unused_mut, reason = "only a simulation listens to a connection"))]
    fn of_memory(mut connection: Connection) -> Result<Self> {
        #[cfg(kerbside_sim)]
        let_it_die(&mut connection)?;
        let store = Self { connection, file: None };
        store.prepare()?;
        Ok(store)
    }

    fn prepare(&self) -> Result<()> {
        self.connection.busy_timeout(Duration::from_secs(5)).context("Set the time to wait")?;
        self.connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))
            .context("Set WAL")?;
        self.connection.pragma_update(None, "synchronous", "FULL").context("Set synchronous")?;
        self.connection.pragma_update(None, "fullfsync", true).context("Set fullfsync")?;
        self.connection.pragma_update(None, "foreign_keys", true).context("Set foreign keys")?;
        // What is deleted or written over leaves nothing of itself behind, not even for whoever has the key.
        self.connection
            .pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))
            .context("Set what becomes of deleted rows")?;
        // Without it a statement with a bound LIMIT is parsed and planned anew each time it is run.
        self.connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .context("Let plans stand whatever is bound")?;
        self.connection.set_prepared_statement_cache_capacity(STATEMENTS);
        self.migrate()
    }

    fn migrate(&self) -> Result<()> {
        let version: i64 = self
            .connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .context("Read the schema version")?;
        if MIGRATIONS.last().is_some_and(|(newest, _)| *newest < version) {
            bail!("This vault was written by a newer version");
        }
        for (number, sql) in MIGRATIONS.iter().filter(|(number, _)| version < *number) {
            self.transact(|store| {
                store.connection.execute_batch(sql).context("Run a migration")?;
                store
                    .connection
                    .pragma_update(None, "user_version", number)
                    .context("Write the schema version")
            })?;
        }
        Ok(())
    }

    /// All of it or none of it, on disk when this returns.
    pub fn transact<T>(&self, act: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let done = self.try_transact(act).map_err(named);
        if done.as_ref().is_err_and(is_damage) {
            self.mark_damaged();
        }
        done
    }

    /// Leaves word beside the database that it has to be mended before it is opened again.
    pub fn mark_damaged(&self) {
        if let Some(file) = &self.file
            && let Err(cause) = std::fs::write(damage_mark(file), b"")
        {
            tracing::error!(%cause, "That the vault is damaged could not be written down");
        }
    }

    fn try_transact<T>(&self, act: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        self.connection.execute_batch("BEGIN IMMEDIATE").context("Begin a transaction")?;
        match act(self) {
            Ok(done) => {
                if planted::crashes_here() {
                    self.roll_back();
                    bail!("The process died before a commit");
                }
                if let Err(cause) = self.connection.execute_batch("COMMIT") {
                    self.roll_back();
                    return Err(cause).context("Commit a transaction");
                }
                if planted::crashes_here() {
                    bail!("The process died after a commit");
                }
                Ok(done)
            }
            Err(cause) => {
                self.roll_back();
                Err(cause)
            }
        }
    }

    fn roll_back(&self) {
        if self.connection.is_autocommit() {
            return;
        }
        if let Err(cause) = self.connection.execute_batch("ROLLBACK") {
            tracing::error!(%cause, "A transaction could not be rolled back");
        }
    }

    /// What SQLite and SQLCipher find wrong, page by page. Empty when all is well.
    pub fn damage(&self) -> Vec<String> {
        let mut found = Vec::new();
        // The cipher's check reads the file alone. A page that was half written home when the device died would be
        // taken for damage, though the log beside it has the whole of it.
        let written_home = self
            .connection
            .pragma_update_and_check(None, "wal_checkpoint", "FULL", |row| row.get::<_, i64>(0));
        match written_home {
            Ok(0) => {}
            Ok(_) => found.push("wal_checkpoint: another process reads".to_owned()),
            Err(cause) => found.push(format!("wal_checkpoint: {cause}")),
        }
        for pragma in ["integrity_check", "cipher_integrity_check", "foreign_key_check"] {
            let checked = self.connection.pragma_query(None, pragma, |row| {
                let line: String = row.get::<_, String>(0)?;
                if line != "ok" {
                    found.push(format!("{pragma}: {line}"));
                }
                Ok(())
            });
            if let Err(cause) = checked {
                found.push(format!("{pragma}: {cause}"));
            }
        }
        found
    }

    /// A file beside the database's own; none in memory.
    #[must_use]
    pub fn beside(&self, name: &str) -> Option<PathBuf> {
        self.file.as_ref().map(|file| file.with_file_name(name))
    }

    /// How large the database is on the disk.
    pub fn size(&self) -> Result<u64> {
        let pages: i64 = self.connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        Ok(from_row(pages).saturating_mul(pages::PAGE as u64))
    }

    pub fn note_in_journal(&self, at_ms: i64, kind: &str, detail: &str) -> Result<()> {
        self.connection
            .prepare_cached("INSERT INTO journal (at_ms, kind, detail) VALUES (?1, ?2, ?3)")?
            .execute((at_ms, kind, detail))
            .context("Write the journal")?;
        Ok(())
    }

    pub fn journal(&self) -> Result<Vec<(i64, String, String)>> {
        self.connection
            .prepare_cached("SELECT at_ms, kind, detail FROM journal ORDER BY rowid")?
            .query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()
            .context("Read the journal")
    }

    pub fn put_pack(&self, name: &str, version: u32, body: &[u8]) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO pack (name, version, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name, version) DO UPDATE SET body = excluded.body, offered = 1",
            )?
            .execute((name, version, body))
            .context("Keep a pack")?;
        Ok(())
    }

    pub fn delete_packs(&self, name: &str) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM pack WHERE name = ?1")?
            .execute([name])
            .context("Drop a pack")?;
        Ok(())
    }

    /// Old versions stay for the records written by them, and are not offered for new ones.
    pub fn offer_packs(&self, offered: &[(String, u32)]) -> Result<()> {
        self.connection.execute("UPDATE pack SET offered = 0", ()).context("Withdraw packs")?;
        let mut offer =
            self.connection.prepare_cached("UPDATE pack SET offered = 1 WHERE name = ?1 AND version = ?2")?;
        for (name, version) in offered {
            offer.execute((name, version)).context("Offer a pack")?;
        }
        Ok(())
    }

    pub fn pack(&self, name: &str, version: u32) -> Result<Option<Vec<u8>>> {
        use rusqlite::OptionalExtension;
        self.connection
            .prepare_cached("SELECT body FROM pack WHERE name = ?1 AND version = ?2")?
            .query_row((name, version), |row| row.get(0))
            .optional()
            .context("Read a pack")
    }

    /// Name and version of every pack held, and whether it is offered.
    pub fn packs(&self) -> Result<Vec<(String, u32, bool)>> {
        self.connection
            .prepare_cached("SELECT name, version, offered FROM pack ORDER BY name, version")?
            .query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()
            .context("List packs")
    }
}

/// In a simulation every row that is written is a place to die, and nothing is committed after that.
#[cfg(kerbside_sim)]
fn let_it_die(connection: &mut Connection) -> Result<()> {
    fn writes(_: rusqlite::hooks::Action, _: &str, _: &str, _: i64) {
        planted::count_write();
    }
    connection.update_hook(Some(writes)).context("Listen to the writes")?;
    connection.commit_hook(Some(planted::is_dead)).context("Listen to the commits")
}

/// What a person can do something about, said so: no room, a disk that fails, or a file that does not read back as written.
pub fn named(cause: anyhow::Error) -> anyhow::Error {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseCorrupt, DiskFull, NotADatabase, PermissionDenied, ReadOnly, SystemIoFailure,
    };
    if cause.downcast_ref::<Problem>().is_some() {
        return cause;
    }
    let code = match cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code) {
        Some(DiskFull) => Code::DiskFull,
        Some(DatabaseCorrupt | NotADatabase) => Code::VaultDamaged,
        Some(SystemIoFailure | CannotOpen | ReadOnly | PermissionDenied) => Code::StorageFault,
        _ => return cause,
    };
    let detail = format!("{cause:#}");
    cause.context(Problem::new(code, detail))
}

fn give_key(connection: &Connection, key: &VaultKey) -> Result<()> {
    let raw = Zeroizing::new(format!("x'{}'", HEXLOWER.encode(key.as_slice())));
    connection.pragma_update(None, "key", raw.as_str()).context("Give the database its key")?;
    connection.pragma_update(None, "cipher_memory_security", "OFF").context("Set the cipher")?;
    connection.pragma_update(None, "cipher_log_level", "NONE").context("Quieten the cipher")
}

fn is_damage(cause: &anyhow::Error) -> bool {
    cause.downcast_ref::<Problem>().is_some_and(|problem| problem.code == Code::VaultDamaged)
}

/// Where it is written that a database is damaged.
#[must_use]
pub fn damage_mark(file: &Path) -> PathBuf {
    file.with_extension("damaged")
}

/// Counters fit 53 bits by the protocol's own rule, so neither way loses anything.
fn to_row(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn from_row(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_nothing_to_whoever_lacks_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vault.db");
        let store = Store::open(&file, &Zeroizing::new([1; 32])).unwrap();
        store.note_in_journal(1, "test", "a telling sentence").unwrap();
        assert!(store.damage().is_empty());
        drop(store);
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.starts_with(b"SQLite format"));
        assert!(!bytes.windows(7).any(|seen| seen == b"telling"));
        assert!(Store::open(&file, &Zeroizing::new([2; 32])).is_err());
        let again = Store::open(&file, &Zeroizing::new([1; 32])).unwrap();
        assert_eq!(again.journal().unwrap().len(), 1);
    }

    #[test]
    fn every_commit_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("vault.db"), &Zeroizing::new([1; 32])).unwrap();
        let read = |name: &str| {
            store
                .connection
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .unwrap()
        };
        assert_eq!(read("journal_mode"), rusqlite::types::Value::Text("wal".into()));
        assert_eq!(read("synchronous"), rusqlite::types::Value::Integer(2));
        assert_eq!(read("foreign_keys"), rusqlite::types::Value::Integer(1));
    }

    #[test]
    fn a_statement_with_a_bound_limit_is_planned_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("vault.db"), &Zeroizing::new([1; 32])).unwrap();
        let mut statement = store.connection.prepare("SELECT id FROM record LIMIT ?1").unwrap();
        for most in 1..4 {
            assert!(!statement.exists([most]).unwrap());
        }
        assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
    }

    #[test]
    fn a_page_that_was_half_written_home_is_no_damage() {
        let folder = tempfile::tempdir().unwrap();
        let (file, log) = (folder.path().join("vault.db"), folder.path().join("vault.db-wal"));
        let store = Store::open(&file, &Zeroizing::new([1; 32])).unwrap();
        let home = || {
            store.connection.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(())).unwrap();
        };
        home();
        store.note_in_journal(1, "test", "a sentence").unwrap();
        let frame = std::fs::read(log).unwrap();
        let page = usize::try_from(u32::from_be_bytes(frame[32..36].try_into().unwrap())).unwrap();
        let tear = || {
            let mut torn = std::fs::read(&file).unwrap();
            torn[page * 4096 - 2048..page * 4096].fill(7);
            std::fs::write(&file, torn).unwrap();
        };
        tear();
        assert_eq!(store.damage(), Vec::<String>::new(), "the log has the whole page");
        home();
        tear();
        assert_ne!(store.damage(), Vec::<String>::new(), "now nothing has");
    }

    #[test]
    fn an_act_that_fails_half_way_leaves_nothing() {
        let store = Store::in_memory().unwrap();
        let failed: Result<()> = store.transact(|store| {
            store.note_in_journal(1, "half", "")?;
            bail!("the power went")
        });
        assert!(failed.is_err());
        assert!(store.journal().unwrap().is_empty());
        assert!(store.copy_in_memory().unwrap().journal().unwrap().is_empty());
    }
}
