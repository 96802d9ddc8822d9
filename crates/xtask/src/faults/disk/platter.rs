//! A disk as it may be after the power was cut: everything up to its sync, and of the rest whatever chance leaves. Built from
//! the calls that a program made, and laid out as an ordinary folder.
//!
//! Bytes wait for the sync of their file; names wait for the sync of their folder, and those of one folder get there in
//! their order. A write whose sync failed is never there, whatever is synced later.

use super::Chance;
use super::calls::{Call, Kind};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

type Node = usize;

/// What of the unsynced is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    All,
    None,
    /// Any part of it: names up to somewhere, writes here and there, torn at a sector or a page.
    Some,
}

#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Size(usize),
}

#[derive(Clone, Debug)]
struct Pending {
    change: Change,
    sync_failed: bool,
}

#[derive(Clone, Debug, Default)]
struct File {
    durable: Vec<u8>,
    pending: Vec<Pending>,
}

#[derive(Clone, Debug)]
enum Thing {
    Folder,
    File(File),
}

#[derive(Clone, Debug)]
enum Naming {
    Add(PathBuf, Node),
    Remove(PathBuf, Node),
    /// Moved within one folder: both at once.
    Move(PathBuf, PathBuf, Node),
    /// Moved to another folder, and gone from here only where it is there.
    Leave(PathBuf, PathBuf, Node),
}

#[derive(Clone, Debug)]
pub struct Platter {
    root: PathBuf,
    things: Vec<Thing>,
    inodes: BTreeMap<u64, Node>,
    /// As the running program sees them.
    names: BTreeMap<PathBuf, Node>,
    durable_names: BTreeMap<PathBuf, Node>,
    pending_names: BTreeMap<PathBuf, Vec<Naming>>,
}

impl Platter {
    /// A folder as it lies there, all of it long on the disk.
    pub fn of(root: &Path) -> Result<Self> {
        let mut platter = Platter {
            root: root.to_path_buf(),
            things: Vec::new(),
            inodes: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending_names: BTreeMap::new(),
        };
        platter.scan(root)?;
        platter.durable_names = platter.names.clone();
        Ok(platter)
    }

    fn scan(&mut self, path: &Path) -> Result<()> {
        let about = path.metadata().with_context(|| format!("Could not look at {}", path.display()))?;
        let thing = if about.is_dir() {
            Thing::Folder
        } else {
            let durable =
                std::fs::read(path).with_context(|| format!("Could not read {}", path.display()))?;
            Thing::File(File { durable, pending: Vec::new() })
        };
        let node = self.add(thing);
        self.inodes.insert(about.ino(), node);
        self.names.insert(path.to_path_buf(), node);
        if about.is_dir() {
            for entry in path.read_dir().context("Could not list a folder")? {
                self.scan(&entry.context("Could not list a folder")?.path())?;
            }
        }
        Ok(())
    }

    fn add(&mut self, thing: Thing) -> Node {
        self.things.push(thing);
        self.things.len() - 1
    }

    pub fn take(&mut self, call: &Call) -> Result<()> {
        if call.failed {
            if call.kind == Kind::Sync
                && let Some(file) = self.file(call.file)
            {
                file.pending.iter_mut().for_each(|pending| pending.sync_failed = true);
            }
            return Ok(());
        }
        match call.kind {
            Kind::Create => {
                let node = self.add(Thing::File(File::default()));
                self.inodes.insert(call.file, node);
                self.name(call.path.clone(), node);
            }
            Kind::Mkdir => {
                let node = self.add(Thing::Folder);
                self.name(call.path.clone(), node);
            }
            Kind::Write => {
                ensure!(call.bytes.len() as u64 == call.size, "A write was recorded without its bytes");
                let at = usize::try_from(call.offset).context("A place in a file")?;
                self.change(call, Change::Write { at, bytes: call.bytes.clone() })?;
            }
            Kind::Truncate => {
                let size = usize::try_from(call.size).context("A file's size")?;
                self.change(call, Change::Size(size))?;
            }
            Kind::Sync => self.sync(call),
            Kind::Unlink | Kind::Rmdir => {
                let node = self.names.remove(&call.path).context("What is taken away was there")?;
                self.wait(&call.path, Naming::Remove(call.path.clone(), node));
            }
            Kind::Rename => self.rename(&call.path, &call.to)?,
            Kind::Print => {}
        }
        Ok(())
    }

    fn file(&mut self, inode: u64) -> Option<&mut File> {
        let node = *self.inodes.get(&inode)?;
        match self.things.get_mut(node) {
            Some(Thing::File(file)) => Some(file),
            Some(Thing::Folder) | None => None,
        }
    }

    fn change(&mut self, call: &Call, change: Change) -> Result<()> {
        let file = self.file(call.file);
        let file = file.with_context(|| format!("{} was written and never made", call.path.display()))?;
        file.pending.push(Pending { change, sync_failed: false });
        Ok(())
    }

    fn name(&mut self, path: PathBuf, node: Node) {
        self.names.insert(path.clone(), node);
        self.wait(&path.clone(), Naming::Add(path, node));
    }

    fn wait(&mut self, path: &Path, naming: Naming) {
        let folder = path.parent().unwrap_or(path).to_path_buf();
        self.pending_names.entry(folder).or_default().push(naming);
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        let node = self.names.remove(from).context("What is renamed was there")?;
        ensure!(matches!(self.things.get(node), Some(Thing::File(_))), "A folder was renamed");
        self.names.insert(to.to_path_buf(), node);
        let (from, to) = (from.to_path_buf(), to.to_path_buf());
        if from.parent() == to.parent() {
            self.wait(&from.clone(), Naming::Move(from, to, node));
        } else {
            self.wait(&to.clone(), Naming::Add(to.clone(), node));
            self.wait(&from.clone(), Naming::Leave(from, to, node));
        }
        Ok(())
    }

    fn sync(&mut self, call: &Call) {
        if let Some(file) = self.file(call.file) {
            for Pending { change, sync_failed } in std::mem::take(&mut file.pending) {
                if !sync_failed {
                    change.apply(&mut file.durable);
                }
            }
        } else if let Some(pending) = self.pending_names.remove(&call.path) {
            let mut names = std::mem::take(&mut self.durable_names);
            settle(&mut names, pending.into_iter());
            self.durable_names = names;
        }
    }

    /// Lays out what is left after a cut now. What is shared memory in a file, SQLite makes anew after a restart.
    pub fn lay_out(
        &self,
        target: &Path,
        (names_left, bytes_left): (Left, Left),
        chance: &mut Chance,
    ) -> Result<()> {
        let mut names = self.durable_names.clone();
        let pending = self.pending_names.values().flat_map(|pending| {
            let kept = match names_left {
                Left::All => pending.len(),
                Left::None => 0,
                Left::Some => chance.below(pending.len() + 1),
            };
            pending.iter().take(kept).cloned().collect::<Vec<_>>()
        });
        settle(&mut names, pending);
        let mut made = vec![self.root.clone()];
        crate::field::empty(target)?;
        for (path, node) in &names {
            let place =
                target.join(path.strip_prefix(&self.root).context("Everything lies below one folder")?);
            let is_held = path == &self.root
                || path.parent().is_some_and(|folder| made.iter().any(|there| there == folder));
            if !is_held || path.to_string_lossy().ends_with("-shm") {
                continue;
            }
            match self.things.get(*node) {
                Some(Thing::File(file)) => {
                    std::fs::write(&place, file.left(bytes_left, chance))
                        .context("Could not lay out a file")?;
                }
                Some(Thing::Folder) | None => {
                    std::fs::create_dir_all(&place).context("Could not lay out a folder")?;
                    made.push(path.clone());
                }
            }
        }
        Ok(())
    }
}

fn settle(names: &mut BTreeMap<PathBuf, Node>, pending: impl Iterator<Item = Naming>) {
    let mut leaving = Vec::new();
    for naming in pending {
        match naming {
            Naming::Add(path, node) => {
                names.insert(path, node);
            }
            Naming::Remove(path, node) => {
                if names.get(&path) == Some(&node) {
                    names.remove(&path);
                }
            }
            Naming::Move(from, to, node) => {
                if names.get(&from) == Some(&node) {
                    names.remove(&from);
                }
                names.insert(to, node);
            }
            Naming::Leave(from, to, node) => leaving.push((from, to, node)),
        }
    }
    for (from, to, node) in leaving {
        if names.get(&to) == Some(&node) && names.get(&from) == Some(&node) {
            names.remove(&from);
        }
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Size(size) => bytes.resize(*size, 0),
            Self::Write { at, bytes: written } => {
                let end = at + written.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                if let Some(place) = bytes.get_mut(*at..end) {
                    place.copy_from_slice(written);
                }
            }
        }
    }

    /// Some sectors or pages of a write, as a disk may have got to them in any order.
    fn torn(&self, chance: &mut Chance) -> Vec<Self> {
        let Self::Write { at, bytes } = self else { return vec![self.clone()] };
        let unit = if chance.below(2) == 0 { 512 } else { 4096 };
        let mut pieces = Vec::new();
        let mut from = 0;
        while from < bytes.len() {
            let to = ((at + from) / unit * unit + unit - at).min(bytes.len());
            if chance.below(2) == 0 {
                let piece = bytes.get(from..to).unwrap_or_default().to_vec();
                pieces.push(Self::Write { at: at + from, bytes: piece });
            }
            from = to;
        }
        pieces
    }
}

impl File {
    fn left(&self, left: Left, chance: &mut Chance) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for Pending { change, sync_failed: _ } in &self.pending {
            match (left, chance.below(3)) {
                (Left::All, _) | (Left::Some, 0) => change.apply(&mut bytes),
                (Left::Some, 1) => change.torn(chance).iter().for_each(|piece| piece.apply(&mut bytes)),
                (Left::None | Left::Some, _) => {}
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(kind: Kind, path: &Path, file: u64, bytes: &[u8]) -> Call {
        let (size, bytes) = (bytes.len() as u64, bytes.to_vec());
        Call {
            at_ns: 0,
            kind,
            path: path.to_path_buf(),
            to: PathBuf::new(),
            file,
            offset: 0,
            size,
            bytes,
            failed: false,
            is_fault: false,
            site: 0,
        }
    }

    fn left(platter: &Platter, left: (Left, Left), name: &str) -> Option<Vec<u8>> {
        let target = std::env::temp_dir().join(format!("kerbside-platter-{}", std::process::id()));
        platter.lay_out(&target, left, &mut Chance::of(1)).unwrap();
        let found = std::fs::read(target.join(name)).ok();
        std::fs::remove_dir_all(target).unwrap();
        found
    }

    #[test]
    fn a_file_is_there_once_its_folder_is_synced_and_whole_once_it_is_itself() {
        let root = std::env::temp_dir().join(format!("kerbside-platter-root-{}", std::process::id()));
        crate::field::empty(&root).unwrap();
        let mut platter = Platter::of(&root).unwrap();
        let (part, whole) = (root.join(".a.part"), root.join("a"));
        platter.take(&call(Kind::Create, &part, 7, b"")).unwrap();
        platter.take(&call(Kind::Write, &part, 7, b"photo")).unwrap();
        let renamed = Call { to: whole.clone(), ..call(Kind::Rename, &part, 0, b"") };
        platter.take(&renamed).unwrap();
        let hasty = platter.clone();
        assert_eq!(left(&platter, (Left::None, Left::None), "a"), None);
        assert_eq!(left(&platter, (Left::All, Left::None), "a").unwrap(), b"", "its bytes were not synced");
        platter.take(&call(Kind::Sync, &whole, 7, b"")).unwrap();
        assert_eq!(left(&platter, (Left::None, Left::None), "a"), None, "its name was not synced");
        platter.take(&call(Kind::Sync, &root, 0, b"")).unwrap();
        assert_eq!(left(&platter, (Left::None, Left::None), "a").unwrap(), b"photo");
        let mut failing = hasty;
        failing.take(&Call { failed: true, ..call(Kind::Sync, &whole, 7, b"") }).unwrap();
        failing.take(&call(Kind::Sync, &whole, 7, b"")).unwrap();
        failing.take(&call(Kind::Sync, &root, 0, b"")).unwrap();
        assert_eq!(
            left(&failing, (Left::None, Left::None), "a").unwrap(),
            b"",
            "a later sync says nothing of it"
        );
        std::fs::remove_dir_all(root).unwrap();
    }
}
