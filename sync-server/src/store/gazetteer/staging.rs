//! Where the pieces of a file lie until they are put together: on the disk, in a file of its own that goes by itself, so
//! that a gazetteer of any size takes the same memory.

use anyhow::{Context, Result};
use kerbside_core::cbor;
use kerbside_core::gazetteer::source::{Piece, Property, Written};
use kerbside_core::gazetteer::{Address, Block, Standing};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row};

const TABLES: &str = "
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -65536;
CREATE TABLE property (uprn INTEGER PRIMARY KEY, line INTEGER, standing INTEGER, lat INTEGER, lon INTEGER, postcode TEXT,
  class TEXT, organisation TEXT) STRICT;
CREATE TABLE written (uprn INTEGER PRIMARY KEY, line INTEGER, rank INTEGER, standing INTEGER, unit TEXT, unit_number TEXT,
  name TEXT, number TEXT, usrn INTEGER, postcode TEXT, town TEXT) STRICT;
CREATE TABLE street (usrn INTEGER PRIMARY KEY, rank INTEGER, street TEXT, locality TEXT, town TEXT) STRICT;
CREATE TABLE organisation (uprn INTEGER PRIMARY KEY, name TEXT) STRICT;
CREATE TABLE class (uprn INTEGER PRIMARY KEY, code TEXT) STRICT;
CREATE TABLE postal (uprn INTEGER PRIMARY KEY, postcode TEXT, town TEXT) STRICT;
CREATE TABLE whole (uprn INTEGER PRIMARY KEY, line INTEGER, body BLOB) STRICT;
";

/// The pieces of one file.
#[derive(Debug)]
pub struct Staging {
    sqlite: Connection,
}

impl Staging {
    pub fn new() -> Result<Self> {
        let sqlite = Connection::open("").context("Making room for the file's rows")?;
        sqlite.set_prepared_statement_cache_capacity(32);
        sqlite.execute_batch(TABLES).context("Making room for the file's rows")?;
        sqlite.execute_batch("BEGIN").context("Making room for the file's rows")?;
        Ok(Self { sqlite })
    }

    /// Keeps a piece. Where there was one of the same property, the line that one stands in: this one is not kept.
    pub fn put(&mut self, line: u64, piece: &Piece) -> Result<Option<u64>> {
        let (sql, values) = statement(line, piece);
        let kept = self.sqlite.prepare_cached(sql)?.execute(rusqlite::params_from_iter(values))?;
        if 0 < kept {
            return Ok(None);
        }
        self.first_line(piece)
    }

    fn first_line(&self, piece: &Piece) -> Result<Option<u64>> {
        let (sql, uprn) = match piece {
            Piece::Property(property) => ("SELECT line FROM property WHERE uprn = ?1", property.uprn),
            Piece::Whole(address) => ("SELECT line FROM whole WHERE uprn = ?1", address.uprn),
            // Of several of these the best is kept, which loses nothing that would be shown.
            Piece::Written(_) | Piece::Street { .. } | Piece::Organisation { .. } => return Ok(None),
            Piece::Class { .. } | Piece::Postal { .. } => return Ok(None),
        };
        let line: Option<i64> =
            self.sqlite.prepare_cached(sql)?.query_row([signed(uprn)], |row| row.get(0)).optional()?;
        Ok(line.map(i64::cast_unsigned))
    }

    /// Every address in the order of UPRNs, or why none comes of a property; by the line it stands in.
    pub fn each(
        &self,
        mut take: impl FnMut(u64, std::result::Result<Address, &'static str>) -> Result<()>,
    ) -> Result<()> {
        let mut whole = self.sqlite.prepare_cached("SELECT line, body FROM whole ORDER BY uprn")?;
        let mut rows = whole.query(())?;
        while let Some(row) = rows.next()? {
            let body: Vec<u8> = row.get(1)?;
            let address =
                cbor::decode(&body).map_err(|fault| anyhow::anyhow!("A row kept badly: {fault}"))?;
            take(row.get::<_, i64>(0)?.cast_unsigned(), Ok(address))?;
        }
        let mut joined = self.sqlite.prepare_cached(include_str!("joined.sql"))?;
        let mut rows = joined.query(())?;
        while let Some(row) = rows.next()? {
            take(row.get::<_, i64>("line")?.cast_unsigned(), put_together(row)?)?;
        }
        let mut strays = self.sqlite.prepare_cached(
            "SELECT w.line FROM written w WHERE NOT EXISTS (SELECT 1 FROM property p WHERE p.uprn = w.uprn) ORDER BY w.uprn",
        )?;
        let mut rows = strays.query(())?;
        while let Some(row) = rows.next()? {
            take(row.get::<_, i64>(0)?.cast_unsigned(), Err("its property is not in the file"))?;
        }
        Ok(())
    }
}

fn put_together(row: &Row<'_>) -> Result<std::result::Result<Address, &'static str>> {
    let Some(usrn) = row.get::<_, Option<u32>>("usrn")? else {
        return Ok(Err("no address of it is in the file"));
    };
    let Some(street) = row.get::<_, Option<String>>("street")? else {
        return Ok(Err("the street of its address is not in the file"));
    };
    let standing = |column: &str| -> Result<Option<Standing>> { Ok(Standing::of(row.get::<_, u8>(column)?)) };
    let (Some(own), Some(written)) = (standing("standing")?, standing("written_standing")?) else {
        return Ok(Err("a status nobody knows"));
    };
    Ok(Ok(Address {
        uprn: row.get::<_, i64>("uprn")?.cast_unsigned(),
        unit: row.get("unit")?,
        unit_number: row.get("unit_number")?,
        number: row.get("number")?,
        block: Block {
            usrn: Some(usrn),
            organisation: row.get("organisation")?,
            name: row.get("name")?,
            street,
            locality: row.get("locality")?,
            town: row.get("town")?,
            postcode: row.get("postcode")?,
        },
        class: row.get("class")?,
        standing: own.max(written),
        lat_e7: row.get("lat")?,
        lon_e7: row.get("lon")?,
    }))
}

fn signed(number: u64) -> i64 {
    number.cast_signed()
}

fn statement(line: u64, piece: &Piece) -> (&'static str, Vec<Value>) {
    let int = |number: i64| Value::Integer(number);
    let text = |text: &String| Value::Text(text.clone());
    let line = int(signed(line));
    match piece {
        Piece::Property(Property { uprn, standing, lat_e7, lon_e7, postcode, class, organisation }) => (
            "INSERT INTO property (uprn, line, standing, lat, lon, postcode, class, organisation) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
            vec![
                int(signed(*uprn)),
                line,
                int(standing.number().into()),
                int((*lat_e7).into()),
                int((*lon_e7).into()),
                text(postcode),
                text(class),
                text(organisation),
            ],
        ),
        Piece::Written(Written {
            uprn,
            rank,
            standing,
            unit,
            unit_number,
            name,
            number,
            usrn,
            postcode,
            town,
        }) => (
            "INSERT INTO written (uprn, line, rank, standing, unit, unit_number, name, number, usrn, postcode, town) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (uprn) DO UPDATE SET line = excluded.line, \
             rank = excluded.rank, standing = excluded.standing, unit = excluded.unit, unit_number = excluded.unit_number, \
             name = excluded.name, number = excluded.number, usrn = excluded.usrn, postcode = excluded.postcode, \
             town = excluded.town WHERE excluded.rank < written.rank",
            vec![
                int(signed(*uprn)),
                line,
                int((*rank).into()),
                int(standing.number().into()),
                text(unit),
                text(unit_number),
                text(name),
                text(number),
                int((*usrn).into()),
                text(postcode),
                text(town),
            ],
        ),
        Piece::Street { usrn, rank, street, locality, town } => (
            "INSERT INTO street (usrn, rank, street, locality, town) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (usrn) DO UPDATE SET rank = excluded.rank, street = excluded.street, \
             locality = excluded.locality, town = excluded.town WHERE excluded.rank < street.rank",
            vec![int((*usrn).into()), int((*rank).into()), text(street), text(locality), text(town)],
        ),
        Piece::Organisation { uprn, name } => (
            "INSERT INTO organisation (uprn, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            vec![int(signed(*uprn)), text(name)],
        ),
        Piece::Class { uprn, code } => (
            "INSERT INTO class (uprn, code) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            vec![int(signed(*uprn)), text(code)],
        ),
        Piece::Postal { uprn, postcode, town } => (
            "INSERT INTO postal (uprn, postcode, town) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            vec![int(signed(*uprn)), text(postcode), text(town)],
        ),
        Piece::Whole(address) => (
            "INSERT INTO whole (uprn, line, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            vec![int(signed(address.uprn)), line, Value::Blob(cbor::encode(&**address))],
        ),
    }
}
