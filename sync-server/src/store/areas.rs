//! The sets of areas that the council works by: every version for good, and the newest of each on offer to every device.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use kerbside_core::areas::route::AreaOfRecord;
use kerbside_core::areas::{AREAS_PACK, Area, AreaSet, collection};
use kerbside_core::exchange::Offer;
use kerbside_core::ids::Sha256;

use super::Store;
use super::connection::Connection;
use super::packs::read_pack;
use crate::values;

/// Sets that were read once: a version never changes.
#[derive(Debug, Default)]
pub(super) struct AreaShelf {
    read: BTreeMap<(String, u32), Arc<AreaSet>>,
}

/// A set that stands, under the version it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutAreas {
    pub version: u32,
    /// Whether it was not there before.
    pub is_new: bool,
}

impl AreaShelf {
    pub(super) fn find(
        &mut self,
        tx: &mut Connection,
        key: &str,
        version: u32,
    ) -> Result<Option<Arc<AreaSet>>> {
        let name = (key.to_owned(), version);
        if let Some(set) = self.read.get(&name) {
            return Ok(Some(Arc::clone(set)));
        }
        let Some(body) = read_pack(tx, &format!("{AREAS_PACK}{key}"), version)? else { return Ok(None) };
        let set = Arc::new(AreaSet::parse(&body).context("Reading a stored set of areas")?);
        self.read.insert(name, Arc::clone(&set));
        Ok(Some(set))
    }

    /// The newest of each set, by key.
    pub(super) fn newest(&mut self, tx: &mut Connection) -> Result<Vec<(Arc<AreaSet>, u32)>> {
        let mut sets = Vec::new();
        for (key, version) in newest(tx)? {
            sets.extend(self.find(tx, &key, version)?.map(|set| (set, version)));
        }
        Ok(sets)
    }

    /// Says what the areas of a record are called, by the boundaries that it names.
    pub(super) fn name(&mut self, tx: &mut Connection, areas: &mut [AreaOfRecord]) -> Result<()> {
        for area in areas {
            let Some(set) = self.find(tx, &area.set, area.version)? else { continue };
            area.kind = Some(set.kind);
            area.name = set.area(&area.code).map(|found| found.name.clone());
        }
        Ok(())
    }

    /// The area with this code as its boundaries are now; of several sets that have it, in the first.
    pub(super) fn area(&mut self, tx: &mut Connection, code: &str) -> Result<Option<Area>> {
        Ok(self.newest(tx)?.iter().find_map(|(set, _)| set.area(code).cloned()))
    }
}

impl Store {
    /// Puts a set on offer. The same areas as the newest version has are that version; others are the next.
    pub fn put_area_set(&mut self, set: &AreaSet) -> Result<PutAreas> {
        let body = set.to_json();
        let sha256 = Sha256::of(&body);
        let name = format!("{AREAS_PACK}{}", set.key);
        self.connection.transaction(|tx| {
            let before = tx.find(
                "SELECT version, sha256 FROM pack WHERE name = $1 ORDER BY version DESC LIMIT 1",
                values![&name],
            )?;
            let newest =
                before.map(|row| Ok::<_, anyhow::Error>((row.u32(0)?, row.bytes(1)?))).transpose()?;
            let version = match newest {
                Some((version, there)) if Sha256(there) == sha256 => {
                    return Ok(PutAreas { version, is_new: false });
                }
                Some((version, _)) => version + 1,
                None => 1,
            };
            tx.execute(
                "INSERT INTO pack (name, version, sha256, body) VALUES ($1, $2, $3, $4)",
                values![&name, version, sha256, body],
            )?;
            // The outlines of a council that was loaded before sets had keys.
            tx.execute("DELETE FROM pack WHERE name = 'areas'", &[])?;
            tx.execute("UPDATE council SET revision = revision + 1 WHERE id = 1", &[])?;
            Ok(PutAreas { version, is_new: true })
        })
    }

    /// The newest of each set with its version, by key.
    pub fn area_sets(&mut self) -> Result<Vec<(Arc<AreaSet>, u32)>> {
        self.areas.newest(&mut self.connection)
    }

    /// The areas of all sets as one GeoJSON document.
    pub fn areas(&mut self) -> Result<Vec<u8>> {
        let sets = self.area_sets()?;
        Ok(collection(sets.iter().map(|(set, version)| (&**set, *version))))
    }
}

/// The newest version of each set, by key.
fn newest(tx: &mut Connection) -> Result<Vec<(String, u32)>> {
    let rows = tx.query(
        "SELECT name, MAX(version) FROM pack WHERE name LIKE 'areas.%' GROUP BY name ORDER BY name",
        &[],
    )?;
    let key = |name: String| name.strip_prefix(AREAS_PACK).map(str::to_owned).unwrap_or_default();
    rows.iter().map(|row| Ok((key(row.text(0)?), row.u32(1)?))).collect()
}

/// The sets as devices are offered them.
pub(super) fn offers(tx: &mut Connection) -> Result<Vec<Offer>> {
    let rows = tx.query(
        "SELECT p.name, p.version, p.sha256, LENGTH(p.body) FROM pack p WHERE p.name LIKE 'areas.%' \
         AND p.version = (SELECT MAX(n.version) FROM pack n WHERE n.name = p.name) ORDER BY p.name",
        &[],
    )?;
    let offer = |row: &super::value::Row| {
        let bytes = u64::try_from(row.int(3)?)?;
        Ok(Offer { name: row.text(0)?, version: row.u32(1)?, sha256: Sha256(row.bytes(2)?), bytes })
    };
    rows.iter().map(offer).collect()
}
