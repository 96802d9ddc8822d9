//! Where and when cases are, and how they stand: what maps, searches around a place, exports and counts read. It repeats
//! what records say, and is written with them.

use anyhow::Result;
use kerbside_core::field::{AREA, FieldKey, STATUS};
use kerbside_core::grid;
use kerbside_core::ids::RecordId;
use kerbside_core::record::Record;
use kerbside_core::record::view::text_of;
use kerbside_core::value::{Point, Value};

use super::connection::Connection;
use super::value::Sql;
use crate::values;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    form: String,
    /// When it was seen, as its officer's corrected clock said.
    at: i64,
    status: String,
    withdrawn: bool,
    area: String,
    place: Option<Point>,
}

/// The entry of a record as it is now.
pub(super) fn of(state: &Record) -> Entry {
    let text = |field| text_of(state.provisional(&FieldKey::new(field))).unwrap_or_default();
    Entry {
        form: state.form().to_owned(),
        at: state.created().map_or(0, |stamp| stamp.at_ms),
        status: text(STATUS),
        withdrawn: state.is_withdrawn(),
        area: text(AREA),
        place: place_of(state),
    }
}

/// Where a record is: the first of its answers that is a place, and of two the one that lists go by.
pub(super) fn place_of(state: &Record) -> Option<Point> {
    state.registers().filter(|(field, _)| !field.is_system()).find_map(|(_, register)| {
        let Value::Place(place) = register.provisional()?.value else { return None };
        Some(Point { lat_e7: place.lat_e7, lon_e7: place.lon_e7 })
    })
}

/// Whether what stands in the index is what the record says.
pub(super) fn is_right(tx: &mut Connection, record: RecordId, state: &Record) -> Result<bool> {
    let found = tx.find(
        "SELECT form, at, status, withdrawn, area, lat, lon, easting, northing FROM case_index WHERE record = $1",
        values![record],
    )?;
    Ok(found.is_some_and(|row| row.values() == columns(of(state))))
}

/// Brings the index up to what the record says now.
pub(super) fn write(tx: &mut Connection, record: RecordId, state: &Record) -> Result<()> {
    if is_right(tx, record, state)? {
        return Ok(());
    }
    let mut values = vec![Sql::from(record)];
    values.extend(columns(of(state)));
    tx.execute(
        "INSERT INTO case_index (record, form, at, status, withdrawn, area, lat, lon, easting, northing) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (record) DO UPDATE SET form = excluded.form, \
         at = excluded.at, status = excluded.status, withdrawn = excluded.withdrawn, area = excluded.area, \
         lat = excluded.lat, lon = excluded.lon, easting = excluded.easting, northing = excluded.northing",
        &values,
    )
    .map(|_| ())
}

fn columns(entry: Entry) -> [Sql; 9] {
    let Entry { form, at, status, withdrawn, area, place } = entry;
    let grid = place.and_then(grid::to_grid).map(grid::GridPoint::centimetres);
    [
        Sql::from(form),
        Sql::from(at),
        Sql::from(status),
        Sql::from(withdrawn),
        Sql::from(area),
        Sql::from(place.map(|point| i64::from(point.lat_e7))),
        Sql::from(place.map(|point| i64::from(point.lon_e7))),
        Sql::from(grid.map(|(easting, _)| easting)),
        Sql::from(grid.map(|(_, northing)| northing)),
    ]
}
