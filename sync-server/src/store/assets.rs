//! The sets of assets that the council looks after: what stands of each, on offer to the devices of the teams it is for.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use kerbside_core::assets::find::{AssetMark, AssetsFound, AssetsInView, Spot, ViewBounds, in_view, nearest};
use kerbside_core::assets::{ASSETS_PACK, AT_IT_M, AssetFact, AssetSet, SET_LIMIT};
use kerbside_core::exchange::{Offer, ZSTD_LEVEL};
use kerbside_core::form::Localised;
use kerbside_core::ids::Sha256;
use kerbside_core::nearby::around;
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::people::Officer;
use super::trays::{Filter, TrayLine, may_read};
use crate::values;

/// Sets that were read once, each in the version that stands.
#[derive(Debug, Default)]
pub(super) struct AssetShelf {
    read: BTreeMap<String, (u32, Arc<AssetSet>)>,
}

/// A set that stands, under the version it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutAssets {
    pub version: u32,
    /// Whether it was not there before.
    pub is_new: bool,
    /// Bytes that each device fetches.
    pub bytes: usize,
}

/// An asset as the office sees it.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct AssetCase {
    pub asset: AssetMark,
    /// What its set is called.
    pub title: Localised,
    pub attribution: String,
    pub facts: Vec<AssetFact>,
    /// Those at it, the newest first.
    pub cases: Vec<TrayLine>,
}

/// More than anybody reads of one lamp.
const MOST_CASES: u32 = 50;

impl AssetShelf {
    /// Every set that stands, by key.
    pub(super) fn standing(&mut self, tx: &mut Connection) -> Result<Vec<(Arc<AssetSet>, u32)>> {
        let rows =
            tx.query("SELECT key, version FROM asset_set WHERE removed_at IS NULL ORDER BY key", &[])?;
        let mut sets = Vec::new();
        for row in rows {
            let (key, version) = (row.text(0)?, row.u32(1)?);
            let known = self.read.get(&key).filter(|(read, _)| *read == version);
            let set = match known {
                Some((_, set)) => Arc::clone(set),
                None => {
                    let row = tx.one("SELECT body FROM asset_set WHERE key = $1", values![&key])?;
                    let set = Arc::new(unpack(&row.blob(0)?)?);
                    self.read.insert(key, (version, Arc::clone(&set)));
                    set
                }
            };
            sets.push((set, version));
        }
        Ok(sets)
    }
}

/// A set as it travels: compressed once, for every device.
pub fn pack(set: &AssetSet) -> Result<Vec<u8>> {
    let body = set.to_json()?;
    if SET_LIMIT < body.len() {
        let detail = format!(
            "{} bytes, where {SET_LIMIT} are the most: take fewer facts, or make several sets",
            body.len()
        );
        return Err(Problem::new(Code::TooLarge, detail).into());
    }
    zstd::bulk::compress(&body, ZSTD_LEVEL).context("Compressing a set of assets")
}

fn unpack(body: &[u8]) -> Result<AssetSet> {
    let plain = zstd::bulk::decompress(body, SET_LIMIT).context("Inflating a stored set of assets")?;
    AssetSet::parse(&plain).context("Reading a stored set of assets")
}

impl Store {
    /// Puts a set on offer in place of the one with its key. The same assets are the same version, whoever they are for.
    pub fn put_asset_set(&mut self, now_ms: i64, set: &AssetSet, teams: &[String]) -> Result<PutAssets> {
        let body = pack(set)?;
        let bytes = body.len();
        let known = self.teams()?;
        if let Some(unknown) = teams.iter().find(|team| known.iter().all(|known| known.key != **team)) {
            return Err(Problem::new(Code::Malformed, format!("there is no team {unknown}")).into());
        }
        let teams = serde_json::to_string(teams)?;
        let shelf = &mut self.assets;
        self.connection.transaction(|tx| {
            let stands = shelf.standing(tx)?.into_iter().find(|(stands, _)| stands.key == set.key);
            let same = stands.filter(|(stands, _)| **stands == *set);
            let revised = "UPDATE council SET revision = revision + 1 WHERE id = 1";
            if let Some((_, version)) = same {
                let moved = "UPDATE asset_set SET teams = $1 WHERE key = $2 AND teams <> $1";
                if 0 < tx.execute(moved, values![&teams, &set.key])? {
                    tx.execute(revised, &[])?;
                }
                return Ok(PutAssets { version, is_new: false, bytes });
            }
            let row = tx.one(
                "INSERT INTO asset_set (key, version, teams, sha256, body, imported_at) VALUES ($1, 1, $2, $3, $4, $5) \
                 ON CONFLICT (key) DO UPDATE SET version = asset_set.version + 1, teams = excluded.teams, \
                 sha256 = excluded.sha256, body = excluded.body, imported_at = excluded.imported_at, removed_at = NULL \
                 RETURNING version",
                values![&set.key, &teams, Sha256::of(&body), body, now_ms],
            )?;
            tx.execute(revised, &[])?;
            Ok(PutAssets { version: row.u32(0)?, is_new: true, bytes })
        })
    }

    /// Takes a set from the office and from every device. False where none with this key stands.
    pub fn remove_asset_set(&mut self, now_ms: i64, key: &str) -> Result<bool> {
        self.assets.read.remove(key);
        self.connection.transaction(|tx| {
            let removed = tx.execute(
                "UPDATE asset_set SET removed_at = $1, body = $2, teams = '[]' WHERE key = $3 AND removed_at IS NULL",
                values![now_ms, Vec::<u8>::new(), key],
            )?;
            tx.execute("UPDATE council SET revision = revision + 1 WHERE id = 1", &[])?;
            Ok(0 < removed)
        })
    }

    /// Every set that stands with its version, by key.
    pub fn asset_sets(&mut self) -> Result<Vec<(Arc<AssetSet>, u32)>> {
        self.assets.standing(&mut self.connection)
    }

    pub fn assets_in_view(&mut self, bounds: &ViewBounds) -> Result<AssetsInView> {
        Ok(in_view(&self.standing_assets()?, bounds))
    }

    pub fn find_assets(&mut self, from: Option<Spot>, sought: &str, most: usize) -> Result<AssetsFound> {
        Ok(nearest(&self.standing_assets()?, from, sought, most))
    }

    pub fn asset(&mut self, officer: &Officer, set: &str, code: &str) -> Result<Option<AssetCase>> {
        may_read(officer)?;
        let set = self.standing_assets()?.into_iter().find(|standing| standing.key == set);
        let Some((set, asset)) = set.as_ref().and_then(|set| Some((set, set.find(code)?))) else {
            return Ok(None);
        };
        let there = Filter::At(around(asset.point(), AT_IT_M));
        Ok(Some(AssetCase {
            asset: AssetMark::of(set, asset),
            title: set.title.clone(),
            attribution: set.attribution.clone(),
            facts: set.facts_of(asset),
            cases: self.page(officer, &there, None, MOST_CASES)?.records,
        }))
    }

    fn standing_assets(&mut self) -> Result<Vec<Arc<AssetSet>>> {
        Ok(self.asset_sets()?.into_iter().map(|(set, _)| set).collect())
    }
}

/// One version of a set as a device fetches it, where its officer is of a team that it is for.
pub(super) fn read(
    tx: &mut Connection,
    key: &str,
    version: u32,
    officer: &Officer,
) -> Result<Option<Vec<u8>>> {
    let found = tx.find(
        "SELECT body, teams FROM asset_set WHERE key = $1 AND version = $2 AND removed_at IS NULL",
        values![key, version],
    )?;
    let Some(row) = found else { return Ok(None) };
    is_for(&row.text(1)?, officer)?.then(|| row.blob(0)).transpose()
}

pub(super) fn offers(tx: &mut Connection, officer: &Officer) -> Result<Vec<Offer>> {
    let rows = tx.query(
        "SELECT key, version, sha256, LENGTH(body), teams FROM asset_set WHERE removed_at IS NULL ORDER BY key",
        &[],
    )?;
    let mut offers = Vec::new();
    for row in rows {
        if is_for(&row.text(4)?, officer)? {
            let bytes = u64::try_from(row.int(3)?)?;
            let name = format!("{ASSETS_PACK}{}", row.text(0)?);
            offers.push(Offer { name, version: row.u32(1)?, sha256: Sha256(row.bytes(2)?), bytes });
        }
    }
    Ok(offers)
}

fn is_for(teams: &str, officer: &Officer) -> Result<bool> {
    let teams: Vec<String> = serde_json::from_str(teams).context("Reading whose a set of assets is")?;
    Ok(teams.is_empty() || teams.iter().any(|team| officer.teams.contains(team)))
}
