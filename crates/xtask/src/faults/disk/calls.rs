//! What the library between wrote down: every call that changed something below a program's folder, in order, and every
//! line that it printed.

use super::between::Point;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// As in `between.c`.
const OF_THE_RULE: u32 = 1 << 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A file that was not there before.
    Create,
    Write,
    Truncate,
    Sync,
    Rename,
    Unlink,
    Mkdir,
    Rmdir,
    Print,
}

impl Kind {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Create, "create"),
        (Self::Write, "write"),
        (Self::Truncate, "truncate"),
        (Self::Sync, "sync"),
        (Self::Rename, "rename"),
        (Self::Unlink, "unlink"),
        (Self::Mkdir, "mkdir"),
        (Self::Rmdir, "rmdir"),
        (Self::Print, "print"),
    ];

    fn numbered(number: u32) -> Option<Self> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(at).map(|(kind, _)| *kind)
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

#[derive(Clone, Debug)]
pub struct Call {
    pub at_ns: u64,
    pub kind: Kind,
    pub path: PathBuf,
    /// Where a rename went.
    pub to: PathBuf,
    pub file: u64,
    pub offset: u64,
    pub size: u64,
    pub bytes: Vec<u8>,
    /// For whatever reason, such as a file that was not there to be taken away.
    pub failed: bool,
    /// Because the rule had it fail.
    pub is_fault: bool,
    pub site: u64,
}

/// The record of one folder, which several runs of a program may have added to.
pub fn calls(log: &Path) -> Result<Vec<Call>> {
    let bytes = std::fs::read(log).with_context(|| format!("Could not read {}", log.display()))?;
    let mut rest = Rest(&bytes);
    let mut calls = Vec::new();
    while !rest.0.is_empty() {
        calls.push(rest.call().context("The record of calls is cut short")?);
    }
    Ok(calls)
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(taken)
    }

    fn long(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn short(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn path(&mut self, size: u32) -> Option<PathBuf> {
        Some(PathBuf::from(std::str::from_utf8(self.take(size as usize)?).ok()?))
    }

    fn call(&mut self) -> Option<Call> {
        let [at_ns, file, offset, size, site] =
            [self.long()?, self.long()?, self.long()?, self.long()?, self.long()?];
        let [path, to, stack, data] = [self.short()?, self.short()?, self.short()?, self.short()?];
        let (kind, failed) = (Kind::numbered(self.short()?)?, self.short()?);
        let (path, to) = (self.path(path)?, self.path(to)?);
        self.take(stack as usize * 8)?;
        let bytes = self.take(data as usize)?.to_vec();
        let (failed, is_fault) = (failed != 0, failed & OF_THE_RULE != 0);
        Some(Call { at_ns, kind, path, to, file, offset, size, bytes, failed, is_fault, site })
    }
}

/// One place in the program from which one kind of file is changed.
#[derive(Clone, Debug)]
pub struct Site {
    pub site: u64,
    pub kind: Kind,
    pub label: String,
    pub count: usize,
}

impl Site {
    pub fn point(&self, nth: usize) -> Point {
        Point { site: self.site, nth, label: self.label.clone() }
    }
}

/// The call sites of a run, in the order in which they were first reached.
pub fn sites(calls: &[Call], root: &Path) -> Vec<Site> {
    let mut found: Vec<Site> = Vec::new();
    let mut places: BTreeMap<u64, usize> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.kind != Kind::Print) {
        let place = *places.entry(call.site).or_insert(found.len());
        match found.get_mut(place) {
            Some(site) => site.count += 1,
            None => found.push(Site {
                site: call.site,
                kind: call.kind,
                label: format!(
                    "{} of {}",
                    call.kind.name(),
                    plain(call.path.strip_prefix(root).unwrap_or(&call.path))
                ),
                count: 1,
            }),
        }
    }
    found
}

/// A path without the hashes in it.
fn plain(path: &Path) -> String {
    let name = |part: &str| {
        let digits = part.chars().filter(char::is_ascii_hexdigit).count();
        if 16 <= digits { "HASH".to_owned() } else { part.to_owned() }
    };
    let parts: Vec<String> = path.iter().map(|part| name(&part.to_string_lossy())).collect();
    if parts.is_empty() { "the folder".to_owned() } else { parts.join("/") }
}

/// What the program printed until then, as JSON lines.
pub fn printed(calls: &[Call], until_ns: u64) -> Result<Vec<serde_json::Value>> {
    let before = calls.iter().filter(|call| call.kind == Kind::Print && call.at_ns <= until_ns);
    let bytes: Vec<u8> = before.flat_map(|call| call.bytes.clone()).collect();
    let text = String::from_utf8(bytes).context("A program prints text")?;
    if !text.is_empty() && !text.ends_with('\n') {
        bail!("A line was printed in pieces: {text}");
    }
    text.lines().map(|line| serde_json::from_str(line).with_context(|| format!("Not JSON: {line}"))).collect()
}
