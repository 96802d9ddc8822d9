//! Where a server keeps its things and how it is reached.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::backup::MAPS;
use crate::ledger::{LEDGER, Ledger};
use crate::store::Place;

/// What every command needs to find the server's data.
#[derive(Args, Clone)]
pub struct Home {
    /// The folder of the database and the photos.
    #[arg(long, global = true, env = "KERBSIDE_DATA", default_value = "kerbside-data")]
    pub data: PathBuf,
    /// A PostgreSQL database in place of the folder's own.
    #[arg(long, global = true, env = "KERBSIDE_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// The ledger of what was taken out for good, on another disk than the data, if you can: without it a lost disk
    /// forgets what was taken out since the last backup. In the data folder, if not said.
    #[arg(long, global = true, env = "KERBSIDE_LEDGER")]
    pub ledger: Option<PathBuf>,
}

impl std::fmt::Debug for Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The database's address may hold a password.
        write!(f, "Home {{ data: {} }}", self.data.display())
    }
}

impl Home {
    pub fn place(&self) -> Result<Place> {
        match &self.database {
            Some(url) => Place::postgres(url),
            None => {
                make_private_folder(&self.data)?;
                Ok(Place::File(self.data.join("kerbside.db")))
            }
        }
    }

    pub fn ledger(&self) -> Ledger {
        Ledger::at(&self.ledger.clone().unwrap_or_else(|| self.data.join(LEDGER)))
    }

    /// For files on their way to somebody. What an earlier run left in it is of no use to anybody.
    pub fn scratch(&self) -> Result<PathBuf> {
        make_private_folder(&self.data)?;
        let folder = self.data.join("leaving");
        if folder.is_dir() {
            std::fs::remove_dir_all(&folder).context("Clearing the folder of files that were leaving")?;
        }
        make_private_folder(&folder)?;
        Ok(folder)
    }

    pub fn maps(&self) -> Result<PathBuf> {
        make_private_folder(&self.data)?;
        Ok(self.data.join(MAPS))
    }

    pub fn photos(&self) -> Result<PathBuf> {
        make_private_folder(&self.data)?;
        Ok(self.data.join("photos"))
    }
}

/// Evidence and keys lie in it: nobody else on the machine may look.
fn make_private_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    std::fs::create_dir_all(folder).context("Making the data folder")?;
    // A folder is there after a power cut only once the one above it says so.
    for above in missing.iter().filter_map(|made| made.parent()).filter(|above| above.is_dir()) {
        std::fs::File::open(above)
            .and_then(|above| above.sync_all())
            .context("Making the data folder durable")?;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
            .context("Keeping others out of the data folder")?;
    }
    Ok(())
}

/// How `serve` is reached.
#[derive(Debug, Args, Clone)]
pub struct Listen {
    /// Address and port; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8480")]
    pub bind: SocketAddr,
    /// Certificate chain, PEM.
    #[arg(long, requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its key, PEM.
    #[arg(long, requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

impl Listen {
    /// Certificate and key, which anything but this very machine needs.
    pub fn tls(&self) -> Result<Option<(PathBuf, PathBuf)>> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Ok(Some((certificate.clone(), key.clone()))),
            (None, None) if self.bind.ip().is_loopback() => Ok(None),
            (None, None) => bail!("Plain HTTP is served on loopback only: give --tls-cert and --tls-key"),
            (Some(_), None) | (None, Some(_)) => bail!("--tls-cert and --tls-key go together"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(bind: &str, tls: bool) -> Listen {
        let pem = tls.then(|| PathBuf::from("x.pem"));
        Listen { bind: bind.parse().unwrap(), tls_cert: pem.clone(), tls_key: pem }
    }

    #[test]
    fn plain_http_never_leaves_the_machine() {
        assert!(listen("127.0.0.1:0", false).tls().unwrap().is_none());
        assert!(listen("[::1]:0", false).tls().unwrap().is_none());
        assert!(listen("0.0.0.0:8480", false).tls().is_err());
        assert!(listen("10.1.2.3:8480", false).tls().is_err());
        assert!(listen("0.0.0.0:8480", true).tls().unwrap().is_some());
    }
}
