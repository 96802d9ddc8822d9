//! A GeoPackage of cases (OGC 12-128r17): a SQLite file that any program for maps opens.

use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::{Connection, params};

use super::Feature;
use crate::clock::rfc3339_ms;
use crate::open::Crs;

/// "GPKG" as a number, and version 1.3.
const APPLICATION: i32 = 0x4750_4b47;
const VERSION: i32 = 10_300;

const TABLES: &str = include_str!("geopackage.sql");

/// A file that is being filled; it is one only once it is finished.
#[derive(Debug)]
pub struct GeoPackage {
    file: Connection,
    crs: Crs,
    bounds: Option<[f64; 4]>,
}

impl GeoPackage {
    /// In a file that is empty or not there.
    pub fn begin(path: &Path, crs: Crs) -> Result<Self> {
        let file = Connection::open(path).context("Making a GeoPackage")?;
        // Nobody has it before it is finished, and a new one is made where it never is.
        file.pragma_update(None, "journal_mode", "OFF")?;
        file.pragma_update(None, "synchronous", "OFF")?;
        file.pragma_update(None, "application_id", APPLICATION)?;
        file.pragma_update(None, "user_version", VERSION)?;
        file.execute_batch(TABLES).context("Making the tables of a GeoPackage")?;
        file.execute_batch("BEGIN")?;
        Ok(Self { file, crs, bounds: None })
    }

    pub fn add(&mut self, feature: &Feature) -> Result<()> {
        let at = self.crs.of(feature);
        if let Some((x, y)) = at {
            let [west, south, east, north] = self.bounds.unwrap_or([x, y, x, y]);
            self.bounds = Some([west.min(x), south.min(y), east.max(x), north.max(y)]);
        }
        let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let mut insert = self.file.prepare_cached(
            "INSERT INTO cases (geom, record, case_ref, service_code, category, service, lgsl, status, reported_at, \
             received_at, closed_at, ward_cd, usrn, answers, summary) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?;
        insert.execute(params![
            at.map(|(x, y)| point(self.srs(), x, y)),
            feature.record.to_string(),
            filled(&feature.reference),
            feature.form,
            feature.title,
            filled(&feature.service),
            feature.lgsl,
            filled(&feature.status),
            rfc3339_ms(feature.reported_at),
            rfc3339_ms(feature.received_at),
            feature.closed_at.map(rfc3339_ms),
            filled(&feature.area),
            feature.usrn,
            serde_json::to_string(&feature.answers)?,
            feature.summary,
        ])?;
        Ok(())
    }

    /// Says what is in it, and closes it.
    pub fn finish(self, now_ms: i64) -> Result<()> {
        let srs = self.srs();
        let [west, south, east, north] = self.bounds.map_or([None; 4], |bounds| bounds.map(Some));
        self.file.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, min_x, min_y, \
             max_x, max_y, srs_id) VALUES ('cases', 'features', 'Cases', 'Cases of Kerbside', ?1, ?2, ?3, ?4, ?5, ?6)",
            params![rfc3339_ms(now_ms), west, south, east, north, srs],
        )?;
        self.file.execute(
            "INSERT INTO gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id, z, m) \
             VALUES ('cases', 'geom', 'POINT', ?1, 0, 0)",
            params![srs],
        )?;
        self.file.execute_batch("COMMIT").context("Finishing a GeoPackage")?;
        self.file.close().map_err(|(_, fault)| fault).context("Closing a GeoPackage")
    }

    fn srs(&self) -> i32 {
        match self.crs {
            Crs::Degrees => 4_326,
            Crs::Grid => 27_700,
        }
    }
}

/// The header of a geometry without an envelope, little-endian, and a point in well-known binary.
fn point(srs: i32, x: f64, y: f64) -> Vec<u8> {
    let mut blob = vec![b'G', b'P', 0, 1];
    blob.extend(srs.to_le_bytes());
    blob.push(1);
    blob.extend(1_u32.to_le_bytes());
    blob.extend(x.to_le_bytes());
    blob.extend(y.to_le_bytes());
    blob
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_written_byte_for_byte_as_the_standard_has_it() {
        let hex: String =
            point(27_700, 622_890.43, 308_503.97).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "47500001346c00000101000000c3f528dc5402234114ae47e15fd41241");
    }
}
