//! A `GeoPackage` read as features. The file is a stranger's: it is opened in memory and only read, its schema is not trusted,
//! and what it may make the database do is bounded.

use std::collections::BTreeMap;

use kerbside_core::features::flaw::Flaw;
use kerbside_core::features::{Feature, FileOfFeatures, Frame, wkb};
use kerbside_core::problem::{Code, Problem};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

/// More than a feature's outline and all that is said of it.
const LONGEST_VALUE: i32 = 64 * 1024 * 1024;
const LONGEST_STATEMENT: i32 = 64 * 1024;
const MOST_COLUMNS: i32 = 500;
const MOST_ROWS: u32 = 50_001;
/// What is said of a feature and longer than this is no code, no name and no fact.
const LONGEST_TEXT: usize = 1_000;
/// How often a thousand steps of the database are allowed: a few seconds.
const MOST_THOUSANDS: u32 = 50_000;

struct Layer {
    table: String,
    geometry: String,
    frame: Frame,
}

/// The features of the one layer there is, or of the one that is named.
pub fn read(bytes: &[u8], layer: Option<&str>) -> Result<FileOfFeatures, Problem> {
    let connection = open(bytes).map_err(|cause| not(&cause))?;
    let layer = find_layer(&connection, layer)?;
    let features = features(&connection, &layer).map_err(|cause| not(&cause))?;
    Ok(FileOfFeatures { attribution: String::new(), frame: layer.frame, features })
}

fn not(cause: &rusqlite::Error) -> Problem {
    Problem::new(Code::NotUnderstood, format!("not a GeoPackage: {cause}"))
}

fn open(bytes: &[u8]) -> rusqlite::Result<Connection> {
    let mut bytes = bytes.to_vec();
    // A write-ahead log would lie in another file, which did not come: what is in this one is read as it stands.
    if let Some(modes) = bytes.get_mut(18..20) {
        modes.fill(1);
    }
    let mut connection = Connection::open_in_memory()?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, LONGEST_STATEMENT),
        (Limit::SQLITE_LIMIT_COLUMN, MOST_COLUMNS),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    ] {
        connection.set_limit(limit, most)?;
    }
    let mut thousands = 0;
    connection.progress_handler(
        1_000,
        Some(move || {
            thousands += 1;
            MOST_THOUSANDS < thousands
        }),
    )?;
    connection.deserialize_read_exact("main", bytes.as_slice(), bytes.len(), true)?;
    Ok(connection)
}

fn find_layer(connection: &Connection, wanted: Option<&str>) -> Result<Layer, Problem> {
    let mut layers = layers(connection).map_err(|cause| not(&cause))?;
    let names: Vec<String> = layers.iter().map(|(table, ..)| table.clone()).collect();
    let at = match wanted {
        Some(wanted) => names.iter().position(|name| name == wanted),
        None if names.len() == 1 => Some(0),
        None => None,
    };
    let Some(at) = at else {
        let there = names.join(", ");
        return Err(Problem::new(
            Code::NotUnderstood,
            format!("its layers are {there}: say which by --layer"),
        ));
    };
    let (table, geometry, system) = layers.swap_remove(at);
    let frame = Frame::of_code(&system).ok_or_else(|| {
        let detail = format!("coordinates in {system}: WGS 84 or the British National Grid is wanted");
        Problem::new(Code::NotUnderstood, detail)
    })?;
    Ok(Layer { table, geometry, frame })
}

/// Table, geometry column and coordinate system of each layer.
fn layers(connection: &Connection) -> rusqlite::Result<Vec<(String, String, String)>> {
    let mut read = connection.prepare(
        "SELECT g.table_name, g.column_name, CAST(s.organization_coordsys_id AS TEXT)
         FROM gpkg_geometry_columns g JOIN gpkg_contents c ON c.table_name = g.table_name
         JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id
         WHERE c.data_type = 'features' ORDER BY g.table_name LIMIT 100",
    )?;
    read.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

fn features(connection: &Connection, layer: &Layer) -> rusqlite::Result<Vec<Feature>> {
    let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1) WHERE name <> ?2")?;
    let names: Vec<String> =
        columns.query_map((&layer.table, &layer.geometry), |row| row.get(0))?.collect::<Result<_, _>>()?;
    let listed: Vec<String> =
        std::iter::once(&layer.geometry).chain(&names).map(|name| quoted(name)).collect();
    let mut read = connection.prepare(&format!(
        "SELECT {} FROM {} LIMIT {MOST_ROWS}",
        listed.join(", "),
        quoted(&layer.table)
    ))?;
    let mut rows = read.query(())?;
    let mut features = Vec::new();
    while let Some(row) = rows.next()? {
        features.push(feature(row, &names)?);
    }
    Ok(features)
}

fn feature(row: &Row<'_>, names: &[String]) -> rusqlite::Result<Feature> {
    let shape = match row.get_ref(0)? {
        ValueRef::Blob(cell) => wkb::read_cell(cell),
        ValueRef::Null => Err(Flaw::NoGeometry),
        ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) => Err(Flaw::Unreadable),
    };
    let mut said = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        let text = match row.get_ref(at + 1)? {
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => number.to_string(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).trim().to_owned(),
            ValueRef::Null | ValueRef::Blob(_) => continue,
        };
        if !text.is_empty() && text.len() <= LONGEST_TEXT {
            said.insert(name.clone(), text);
        }
    }
    Ok(Feature { said, shape })
}

/// A name that a stranger gave, as part of a statement.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
