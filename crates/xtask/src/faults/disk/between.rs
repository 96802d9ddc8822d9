//! The small library that stands between a program and its C library (`between.c`): what it is asked for, and what it wrote
//! down. It is compiled where it is used, so no program of ours has anything of it inside.

use crate::program::{read, target};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

const SOURCE: &str = include_str!("between.c");

/// What happens at the chosen call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Kill,
    /// Half of a write is written, and then the program is killed.
    Tear,
    Full,
    Eio,
    FullEver,
    EioEver,
}

impl Action {
    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Tear => "tear",
            Self::Full => "full",
            Self::Eio => "eio",
            Self::FullEver => "full-ever",
            Self::EioEver => "eio-ever",
        }
    }
}

/// The n-th call at a call site. The 0th is the start of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    pub site: u64,
    pub nth: usize,
    pub label: String,
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub point: Point,
    pub action: Action,
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Point { site, nth, label } = &self.point;
        write!(f, "{} at number {nth} of {label} ({site:x})", self.action.name())
    }
}

/// One program's disk.
#[derive(Clone, Debug)]
pub struct Between {
    library: PathBuf,
    root: PathBuf,
    pub log: PathBuf,
    pub well: PathBuf,
    pub with_bytes: bool,
    pub rule: Option<Rule>,
}

impl Between {
    /// Everything below `root` is watched.
    pub fn of(root: &Path) -> Result<Self> {
        let library = compiled()?;
        let (log, well) = (root.with_extension("calls"), root.with_extension("well"));
        for old in [&log, &well] {
            if old.exists() {
                std::fs::remove_file(old).context("Could not clear an old record")?;
            }
        }
        Ok(Between { library, root: root.to_path_buf(), log, well, with_bytes: false, rule: None })
    }

    pub fn ruled(mut self, rule: Option<&Rule>) -> Self {
        self.rule = rule.cloned();
        self
    }

    pub fn with_bytes(mut self) -> Self {
        self.with_bytes = true;
        self
    }

    pub fn put(&self, program: &mut Command) {
        program.env("LD_PRELOAD", &self.library).env("KF_ROOT", &self.root).env("KF_LOG", &self.log);
        program.env("KF_WELL", &self.well);
        if self.with_bytes {
            program.env("KF_DATA", "1");
        }
        if let Some(Rule { point, action }) = &self.rule {
            program.env("KF_RULE", format!("{:x}:{}:{}", point.site, point.nth, action.name()));
        }
    }

    /// From now on nothing fails any more.
    pub fn heal(&self) -> Result<()> {
        std::fs::write(&self.well, "").context("Could not say that the disk is well")
    }
}

fn compiled() -> Result<PathBuf> {
    static TURN: Mutex<()> = Mutex::new(());
    let _one_at_a_time = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = target().join("between");
    let (source, library) = (folder.join("between.c"), folder.join("between.so"));
    let is_same = std::fs::read_to_string(&source).is_ok_and(|text| text == SOURCE);
    if is_same && library.exists() {
        return Ok(library);
    }
    std::fs::create_dir_all(&folder).context("Could not make a folder for the library")?;
    let fresh = folder.join(format!("between-{}.c", std::process::id()));
    std::fs::write(&fresh, SOURCE).context("Could not write the library's source")?;
    let made = fresh.with_extension("so");
    read(Command::new("cc").args(["-shared", "-fPIC", "-O2", "-Wall", "-o"]).arg(&made).arg(&fresh))?;
    std::fs::rename(&made, &library).context("Could not put the library in its place")?;
    std::fs::rename(&fresh, &source).context("Could not keep the library's source")?;
    Ok(library)
}
