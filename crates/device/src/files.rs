//! Writing a file so that a power cut leaves either the old one or the new
//! one: temporary file, fsync, rename, fsync of the folder.

use anyhow::{Context, Result};
use kerbside_core::problem::{Code, Problem};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

pub fn write_durably(path: &Path, bytes: &[u8]) -> Result<()> {
    try_write(path, bytes).map_err(named)
}

/// What the disk did, said so that a person can do something about it.
pub fn named(cause: anyhow::Error) -> anyhow::Error {
    let code = match cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => Code::DiskFull,
        Some(_) => Code::StorageFault,
        None => return cause,
    };
    let detail = format!("{cause:#}");
    cause.context(Problem::new(code, detail))
}

fn try_write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().context("A file needs a folder")?;
    let name = path.file_name().context("A file needs a name")?;
    let temporary = folder.join(format!(".{}.part", name.to_string_lossy()));
    if let Err(cause) = fill(&temporary, bytes) {
        if let Err(left) = fs::remove_file(&temporary) {
            tracing::debug!(%left, "A temporary file stays behind");
        }
        return Err(cause);
    }
    fs::rename(&temporary, path).context("Rename the temporary file")?;
    sync_folder(folder)
}

fn fill(temporary: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = open_private(temporary).context("Open the temporary file")?;
    file.write_all(bytes).context("Write the temporary file")?;
    file.sync_all().context("Sync the temporary file")
}

pub fn make_private_folder(folder: &Path) -> Result<()> {
    try_make(folder).map_err(named)
}

fn try_make(folder: &Path) -> Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(folder).context("Make the folder")?;
    // A folder is there after a power cut only once the one above it says so.
    for above in missing.iter().filter_map(|made| made.parent()).filter(|above| above.is_dir()) {
        sync_folder(above)?;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .context("Close the folder to other users")?;
    }
    Ok(())
}

fn open_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|opened| opened.sync_all()).context("Sync the folder")
}

#[cfg(not(unix))]
pub fn sync_folder(_folder: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(kind: ErrorKind) -> Code {
        let cause = anyhow::Error::from(std::io::Error::from(kind)).context("Write the temporary file");
        named(cause).downcast_ref::<Problem>().unwrap().code
    }

    #[test]
    fn a_disk_without_room_and_one_that_fails_have_their_words() {
        assert_eq!(code(ErrorKind::StorageFull), Code::DiskFull);
        assert_eq!(code(ErrorKind::Other), Code::StorageFault);
        assert!(named(anyhow::anyhow!("something else")).downcast_ref::<Problem>().is_none());
    }

    #[test]
    fn a_folder_is_made_with_those_above_it_and_again() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b/c");
        make_private_folder(&deep).unwrap();
        make_private_folder(&deep).unwrap();
        write_durably(&deep.join("file"), b"kept").unwrap();
        assert_eq!(fs::read(deep.join("file")).unwrap(), b"kept");
    }
}
