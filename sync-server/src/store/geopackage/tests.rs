//! Files made here as GDAL and QGIS make them.

use kerbside_core::areas::bring::bring;
use kerbside_core::areas::{AreaKind, AreaSet};
use kerbside_core::features::columns::Columns;

use super::*;

const SCHEMA: &str = "
    CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT,
        organization_coordsys_id INTEGER, definition TEXT, description TEXT);
    CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT, identifier TEXT, srs_id INTEGER);
    CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER,
        z INTEGER, m INTEGER);
    INSERT INTO gpkg_spatial_ref_sys VALUES ('OSGB36', 27700, 'EPSG', 27700, '', ''),
        ('WGS 84', 1, 'EPSG', 4326, '', ''), ('Web', 3857, 'EPSG', 3857, '', '');
    CREATE TABLE \"wards 24\" (fid INTEGER PRIMARY KEY, geom BLOB, WD24CD TEXT, WD24NM TEXT, hectares REAL);
    INSERT INTO gpkg_contents VALUES ('wards 24', 'features', 'wards', 27700);
    INSERT INTO gpkg_geometry_columns VALUES ('wards 24', 'geom', 'MULTIPOLYGON', 27700, 0, 0);";

/// A square of 300 metres with this corner, as a cell of a geometry column.
fn square(east: f64, north: f64) -> Vec<u8> {
    let mut cell = vec![b'G', b'P', 0, 1, 0x34, 0x6C, 0, 0];
    cell.extend([1, 6, 0, 0, 0, 1, 0, 0, 0, 1, 3, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0]);
    for (x, y) in [(0.0, 0.0), (300.0, 0.0), (300.0, 300.0), (0.0, 300.0), (0.0, 0.0)] {
        cell.extend(f64::to_le_bytes(east + x));
        cell.extend(f64::to_le_bytes(north + y));
    }
    cell
}

fn file(more: &str) -> Vec<u8> {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    connection
        .execute(
            "INSERT INTO \"wards 24\" (geom, WD24CD, WD24NM, hectares) VALUES (?1, 'E05012904', 'Mancroft', 9.5), (NULL, 'E05012905', 'Nelson', 1)",
            [square(623_000.0, 308_400.0)],
        )
        .unwrap();
    connection.execute_batch(more).unwrap();
    connection.serialize("main").unwrap().to_vec()
}

#[test]
fn wards_on_the_grid_are_brought_in_by_the_names_that_statistics_give_them() {
    let read = read(&file(""), None).unwrap();
    assert_eq!((read.frame, read.features.len()), (Frame::Grid, 2));
    let brought = bring(read, &Columns::default()).unwrap();
    assert_eq!((brought.code.as_str(), brought.name.as_deref()), ("WD24CD", Some("WD24NM")));
    assert_eq!(brought.flawed.iter().map(|flawed| &flawed.flaw).collect::<Vec<_>>(), [&Flaw::NoGeometry]);
    let set = AreaSet::of("wards", AreaKind::Ward, "", brought.areas);
    let there: Vec<_> = set.at(52.6286, 1.2963).map(|area| area.name.as_str()).collect();
    assert_eq!(there, ["Mancroft"], "Norwich Castle");
}

#[test]
fn of_several_layers_one_is_named() {
    let more = "CREATE TABLE sites (geom BLOB, code TEXT);
        INSERT INTO gpkg_contents VALUES ('sites', 'features', 'sites', 1);
        INSERT INTO gpkg_geometry_columns VALUES ('sites', 'geom', 'POLYGON', 1, 0, 0);";
    let file = file(more);
    let unnamed = read(&file, None).unwrap_err();
    assert!(unnamed.detail.contains("sites, wards 24"), "{}", unnamed.detail);
    assert_eq!(read(&file, Some("sites")).unwrap().frame, Frame::Degrees);
    assert!(read(&file, Some("zones")).is_err());
}

#[test]
fn what_is_no_geopackage_and_other_coordinates_are_refused() {
    for bytes in [b"".as_slice(), b"SQLite format 3\0", b"PK\x03\x04 a workbook", &[0; 4_096]] {
        assert_eq!(read(bytes, None).unwrap_err().code, Code::NotUnderstood);
    }
    let whole = file("");
    for cut in [100, 1_000, whole.len() / 2] {
        let fault = read(&whole[..cut], None).unwrap_err();
        assert_eq!(fault.code, Code::NotUnderstood, "{cut}");
    }
    let web = file("UPDATE gpkg_geometry_columns SET srs_id = 3857");
    assert!(read(&web, None).unwrap_err().detail.contains("3857"));
}

#[test]
fn a_layer_that_never_ends_is_given_up() {
    let more = "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
        SELECT i AS code, NULL AS geom FROM n WHERE i < 0;
        INSERT INTO gpkg_contents VALUES ('endless', 'features', '', 1);
        INSERT INTO gpkg_geometry_columns VALUES ('endless', 'geom', 'POLYGON', 1, 0, 0);";
    assert!(read(&file(more), Some("endless")).unwrap_err().detail.contains("interrupted"));
}

#[test]
fn a_file_that_was_left_in_write_ahead_mode_is_read_as_it_stands() {
    let mut bytes = file("");
    bytes[18..20].fill(2);
    assert_eq!(read(&bytes, None).unwrap().features.len(), 2);
}
