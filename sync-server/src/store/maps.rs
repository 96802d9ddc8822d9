//! Which area packs there are, and whose devices are offered which.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use kerbside_core::area_pack::{AreaPack, Reach};
use kerbside_core::ids::Sha256;

use super::Store;
use super::connection::Connection;
use super::people::Officer;
use super::value::Row;
use crate::maps::Found;
use crate::values;

/// What a pack is kept as.
#[derive(Debug)]
pub struct NewMap<'a> {
    pub key: &'a str,
    pub name: &'a str,
    /// Only for officers who work in one of these; for everyone where there are none.
    pub areas: &'a [String],
    pub found: &'a Found,
}

/// A pack that was put on offer, and files that nothing names any more.
#[derive(Debug)]
pub struct PutMap {
    pub pack: AreaPack,
    pub left_over: Vec<Sha256>,
}

const COLUMNS: &str =
    "key, version, name, sha256, bytes, west, south, east, north, min_zoom, max_zoom, areas";

impl Store {
    /// Puts a map on offer in place of the one with this key. The one before is kept, because a backup may be
    /// copying it; older ones are not.
    pub fn put_map(&mut self, now_ms: i64, map: &NewMap<'_>) -> Result<PutMap> {
        self.connection.transaction(|tx| {
            let newest = all(tx)?.into_iter().rfind(|(pack, _)| pack.key == map.key);
            let version = match newest {
                Some((pack, areas)) if is_same(&pack, &areas, map) => {
                    return Ok(PutMap { pack, left_over: Vec::new() });
                }
                Some((pack, _)) => pack.version + 1,
                None => 1,
            };
            insert(tx, version, now_ms, map)?;
            let left_over = drop_below(tx, map.key, version.saturating_sub(1))?;
            tx.execute("UPDATE council SET revision = revision + 1 WHERE id = 1", &[])?;
            let pack = find(tx, map.key, version)?.context("A map that was put is there")?;
            Ok(PutMap { pack, left_over })
        })
    }

    /// Takes a map from every device, if there is one with this key. Returns the files that nothing names any more.
    pub fn withdraw_map(&mut self, key: &str) -> Result<Option<Vec<Sha256>>> {
        self.connection.transaction(|tx| {
            if tx.find("SELECT 1 FROM area_pack WHERE key = $1 LIMIT 1", values![key])?.is_none() {
                return Ok(None);
            }
            let left_over = drop_below(tx, key, u32::MAX)?;
            tx.execute("UPDATE council SET revision = revision + 1 WHERE id = 1", &[])?;
            Ok(Some(left_over))
        })
    }

    /// The newest of each map that this officer's areas give them.
    pub fn maps(&mut self, officer: &Officer) -> Result<Vec<AreaPack>> {
        maps_for(&mut self.connection, officer)
    }

    /// One version of a map, where the officer may have it.
    pub fn map(&mut self, officer: &Officer, key: &str, version: u32) -> Result<Option<AreaPack>> {
        Ok(all(&mut self.connection)?
            .into_iter()
            .find(|(pack, areas)| {
                (pack.key.as_str(), pack.version) == (key, version) && is_for(areas, officer)
            })
            .map(|(pack, _)| pack))
    }

    /// The files a backup has to hold, with their sizes.
    pub fn map_files(&mut self) -> Result<Vec<(Sha256, i64)>> {
        let files = all(&mut self.connection)?.into_iter().map(|(pack, _)| (pack.sha256, pack.bytes));
        let files: BTreeSet<_> = files.collect();
        files.into_iter().map(|(sha256, bytes)| Ok((sha256, i64::try_from(bytes)?))).collect()
    }
}

pub(super) fn maps_for(tx: &mut Connection, officer: &Officer) -> Result<Vec<AreaPack>> {
    let mut newest: Vec<AreaPack> = Vec::new();
    // By key and rising version, so that the last of a key is its newest; whether it is for the officer, that one says.
    for (pack, areas) in all(tx)? {
        newest.retain(|other| other.key != pack.key);
        if is_for(&areas, officer) {
            newest.push(pack);
        }
    }
    Ok(newest)
}

fn is_for(areas: &[String], officer: &Officer) -> bool {
    areas.is_empty() || officer.areas.is_empty() || areas.iter().any(|area| officer.areas.contains(area))
}

fn is_same(pack: &AreaPack, areas: &[String], map: &NewMap<'_>) -> bool {
    pack.sha256 == map.found.sha256 && pack.name == map.name && areas == map.areas
}

fn insert(tx: &mut Connection, version: u32, now_ms: i64, map: &NewMap<'_>) -> Result<()> {
    let NewMap { key, name, areas, found } = map;
    let Reach { west, south, east, north, min_zoom, max_zoom } = found.header.reach;
    tx.execute(
        "INSERT INTO area_pack (key, version, name, sha256, bytes, west, south, east, north, min_zoom, max_zoom, \
         areas, imported_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        values![
            *key,
            version,
            *name,
            found.sha256,
            i64::try_from(found.bytes)?,
            placed(west),
            placed(south),
            placed(east),
            placed(north),
            i64::from(min_zoom),
            i64::from(max_zoom),
            serde_json::to_string(areas)?,
            now_ms
        ],
    )
    .map(|_| ())
}

/// Degrees in ten-millionths, as the file itself has them.
fn placed(degrees: f64) -> i64 {
    (degrees * 1e7).round() as i64
}

fn drop_below(tx: &mut Connection, key: &str, version: u32) -> Result<Vec<Sha256>> {
    let was: BTreeSet<Sha256> = all(tx)?.into_iter().map(|(pack, _)| pack.sha256).collect();
    tx.execute("DELETE FROM area_pack WHERE key = $1 AND version < $2", values![key, version])?;
    let is: BTreeSet<Sha256> = all(tx)?.into_iter().map(|(pack, _)| pack.sha256).collect();
    Ok(was.difference(&is).copied().collect())
}

fn find(tx: &mut Connection, key: &str, version: u32) -> Result<Option<AreaPack>> {
    Ok(all(tx)?.into_iter().map(|(pack, _)| pack).find(|pack| pack.key == key && pack.version == version))
}

/// Every one by key and version, with the areas it is for. There are a handful.
fn all(tx: &mut Connection) -> Result<Vec<(AreaPack, Vec<String>)>> {
    let rows = tx.query(&format!("SELECT {COLUMNS} FROM area_pack ORDER BY key, version"), &[])?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<(AreaPack, Vec<String>)> {
    let degrees = |column: usize| row.int(column).map(|placed| placed as f64 / 1e7);
    let zoom = |column: usize| row.int(column).and_then(|zoom| Ok(u8::try_from(zoom)?));
    let pack = AreaPack {
        key: row.text(0)?,
        version: row.u32(1)?,
        name: row.text(2)?,
        sha256: Sha256(row.bytes(3)?),
        bytes: u64::try_from(row.int(4)?)?,
        reach: Reach {
            west: degrees(5)?,
            south: degrees(6)?,
            east: degrees(7)?,
            north: degrees(8)?,
            min_zoom: zoom(9)?,
            max_zoom: zoom(10)?,
        },
    };
    Ok((pack, serde_json::from_str(&row.text(11)?).context("Reading whose map it is")?))
}
