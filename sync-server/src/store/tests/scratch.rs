//! Scratch databases for tests: a SQLite file, and a database of a PostgreSQL that the tests start themselves.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::super::Place;

/// One test's own database.
pub(crate) struct Scratch {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    _folder: Option<tempfile::TempDir>,
}

/// An empty database of each kind.
pub(crate) fn both() -> Vec<Scratch> {
    vec![sqlite(), postgres()]
}

impl Scratch {
    /// Of the same kind, where the files are not looked at.
    pub(crate) fn elsewhere(name: &'static str) -> Self {
        Self { name, place: Place::File(PathBuf::from("/nowhere/kerbside.db")), _folder: None }
    }
}

pub(crate) fn sqlite() -> Scratch {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::File(folder.path().join("kerbside.db"));
    Scratch { name: "SQLite", place, _folder: Some(folder) }
}

fn postgres() -> Scratch {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut client = POSTGRES.connect("postgres");
    client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    let place = Place::postgres(&POSTGRES.url(&name)).unwrap();
    Scratch { name: "PostgreSQL", place, _folder: None }
}

/// A PostgreSQL that lives as long as this process: it is stopped when our end of a pipe closes.
struct Server {
    folder: PathBuf,
    _watch: Child,
}

static POSTGRES: LazyLock<Server> = LazyLock::new(Server::start);

impl Server {
    fn start() -> Self {
        let bin = binaries().expect("PostgreSQL is needed for these tests: apt-get install postgresql");
        let folder = tempfile::Builder::new().prefix("kerbside-pg-").tempdir().unwrap().keep();
        let data = folder.join("data");
        let as_user = unprivileged(&folder);
        let script = format!(
            "cd {folder} && {as_user} {bin}/initdb -D {data} -U postgres -A trust -E UTF8 -k --no-sync >{folder}/initdb.log 2>&1 \
             && {{ {as_user} {bin}/postgres -D {data} -k {folder} -c listen_addresses= -c max_connections=200 \
             >{folder}/server.log 2>&1 & read line; kill -INT $!; wait; rm -rf {folder}; }}",
            folder = folder.display(),
            bin = bin.display(),
            data = data.display(),
        );
        let watch = Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("PostgreSQL could not be started");
        let server = Self { folder, _watch: watch };
        server.wait();
        server
    }

    fn wait(&self) {
        let config: postgres::Config = self.url("postgres").parse().unwrap();
        for _ in 0..600 {
            if config.connect(postgres::NoTls).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
        writeln!(std::io::stderr(), "{log}").unwrap();
        panic!("PostgreSQL did not answer within a minute");
    }

    fn url(&self, database: &str) -> String {
        format!("host={} user=postgres dbname={database}", self.folder.display())
    }

    fn connect(&self, database: &str) -> postgres::Client {
        let config: postgres::Config = self.url(database).parse().unwrap();
        config.connect(postgres::NoTls).unwrap()
    }
}

fn binaries() -> Option<PathBuf> {
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().collect();
    versions.sort_by_key(std::fs::DirEntry::file_name);
    versions.iter().rev().map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists())
}

/// PostgreSQL refuses to run as root: then the folder and the processes belong to `nobody`.
fn unprivileged(folder: &Path) -> String {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout.trim_ascii() != b"0" {
        return String::new();
    }
    let given = Command::new("chown").arg("nobody:nogroup").arg(folder).status().unwrap();
    assert!(given.success());
    "setpriv --reuid=nobody --regid=nogroup --clear-groups".to_owned()
}
