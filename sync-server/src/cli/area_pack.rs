//! `import area-pack`: the map of an area, from a file of the council's own.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use kerbside_core::area_pack::is_key;
use kerbside_core::ids::Sha256;
use kerbside_core::problem::{Code, Problem};
use serde_json::json;

use super::print;
use crate::clock::now_ms;
use crate::config::Home;
use crate::maps::{Maps, look_at};
use crate::store::{NewMap, Store};

#[derive(Debug, Args)]
pub struct AreaPackFile {
    /// Vector tiles in one file (.pmtiles, version 3).
    #[arg(required_unless_present = "withdraw")]
    pub(crate) file: Option<PathBuf>,
    /// Small letters, digits and hyphens; the file's own name otherwise. A map with the same key is replaced.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// What people call it; what the file calls itself otherwise.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Only for officers who work in one of these areas; for everyone otherwise.
    #[arg(long)]
    pub(crate) area: Vec<String>,
    /// Take the map with this key from every device instead.
    #[arg(long, conflicts_with = "file")]
    pub(crate) withdraw: Option<String>,
}

pub fn run(data: &Home, store: &mut Store, wanted: &AreaPackFile) -> Result<()> {
    let maps = Maps::at(&data.maps()?);
    if let Some(key) = &wanted.withdraw {
        let left_over = store.withdraw_map(key)?;
        let left_over = left_over.ok_or_else(|| Problem::new(Code::NotFound, "no map has this key"))?;
        clear(&maps, &left_over)?;
        return print(&json!({"key": key, "state": "withdrawn"}));
    }
    let file = wanted.file.as_deref().context("A file to import")?;
    let found = look_at(file)?;
    let key = wanted.key.clone().unwrap_or_else(|| key_of(file));
    if !is_key(&key) {
        return Err(Problem::new(
            Code::NotUnderstood,
            "a key has small letters, digits and hyphens: say --key",
        )
        .into());
    }
    let name = wanted.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| found.name.clone());
    maps.keep(file, found.sha256)?;
    let new = NewMap {
        key: &key,
        name: if name.is_empty() { &key } else { &name },
        areas: &wanted.area,
        found: &found,
    };
    let put = store.put_map(now_ms(), &new)?;
    clear(&maps, &put.left_over)?;
    print(&put.pack)
}

fn clear(maps: &Maps, left_over: &[Sha256]) -> Result<()> {
    left_over.iter().try_for_each(|sha256| maps.remove(*sha256))
}

fn key_of(file: &Path) -> String {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    stem.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}
